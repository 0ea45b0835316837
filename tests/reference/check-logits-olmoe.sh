# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits moe olmoe
TYPES="f32 q4_0" SEEDS=3 check_logits moe olmoe --experts 64 --experts-used 8
