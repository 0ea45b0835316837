# SPDX-License-Identifier: Apache-2.0
# Far enough that attention goes over several blocks and spans of the cache, and states have been multiplied many times.
. "$SRC/tests/reference/logits_lib.sh"
TOKENS=$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "%s%d", i ? "," : "", (i * 131 + i * i) % 323 }')
TYPES=f32
SEEDS=1 check_logits dense llama --head-dim 80 --heads 6 --kv-heads 2
SEEDS=2 check_logits dense qwen2
SEEDS=3 check_logits ssm mamba --hidden 96 --d-inner 192 --dt-rank 16
SEEDS=4 check_logits ssm mamba2
