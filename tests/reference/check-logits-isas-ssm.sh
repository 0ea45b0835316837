# SPDX-License-Identifier: Apache-2.0
# See check-logits-isas-dense.sh.
. "$SRC/tests/reference/logits_lib.sh"
ISAS=$(usable_isas)
for arch in mamba mamba2; do
    TYPES=${SLOW:+f32 f16 q4_0 q4_k} SEEDS=9 check_logits ssm $arch
done
for rank in 4 5 16 32; do
    TYPES="f16 q8_0 q4_0" SEEDS=10 check_logits ssm mamba --hidden 80 --d-inner 160 --dt-rank $rank
done
