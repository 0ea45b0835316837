# SPDX-License-Identifier: Apache-2.0
# See check-logits-isas-dense.sh.
. "$SRC/tests/reference/logits_lib.sh"
ISAS=$(usable_isas)
for arch in olmoe qwen2moe qwen3moe; do
    TYPES=${SLOW:+f32 f16 q4_0 q4_k} SEEDS=9 check_logits moe $arch
done
TYPES="f16 q8_0 q4_0" SEEDS=10 check_logits moe llama --experts 12 --experts-used 3 --expert-ffn 96
