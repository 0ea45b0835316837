# SPDX-License-Identifier: Apache-2.0
# Every instruction set that is usable here, every type; where that is slow, one of each arithmetic.
. "$SRC/tests/reference/logits_lib.sh"
ISAS=$(usable_isas)
echo "under" $ISAS
for arch in llama qwen2 qwen3; do
    TYPES=${SLOW:+f32 f16 q4_0 q4_k} SEEDS=9 check_logits dense $arch
done
TYPES="f16 q8_0 q4_0" SEEDS=10 check_logits dense llama --hidden 96 --heads 6 --kv-heads 2 --ffn 172
