# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits ssm mamba --dt-rank 32
TYPES="f32 q8_0" SEEDS=3 check_logits ssm mamba --hidden 80 --d-inner 160 --dt-rank 5
TYPES="f32 q4_0" SEEDS=4 check_logits ssm mamba --dt-rank 4 --d-conv 3 --d-state 8
