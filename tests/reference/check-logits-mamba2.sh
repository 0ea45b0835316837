# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits ssm mamba2
TYPES="f32 q8_0" SEEDS=3 check_logits ssm mamba2 --groups 4
TYPES="f32 q4_0" SEEDS=4 check_logits ssm mamba2 --d-inner 192 --groups 1
