# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits moe qwen2moe
TYPES="f32 q5_0" SEEDS=3 check_logits moe qwen2moe --shared-ffn 160
