# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits moe qwen3moe
TYPES="f32 q6_k" SEEDS=3 check_logits moe qwen3moe --head-dim 32
