# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits dense qwen3
TYPES="f32 q8_0" SEEDS=3 check_logits dense qwen3 --head-dim 32 --tied
