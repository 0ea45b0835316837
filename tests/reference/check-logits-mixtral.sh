# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits moe llama --experts 8 --experts-used 2
TYPES="f32 q8_0" SEEDS=3 check_logits moe llama --experts 12 --experts-used 3 --expert-ffn 96
