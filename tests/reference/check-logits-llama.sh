# SPDX-License-Identifier: Apache-2.0
. "$SRC/tests/reference/logits_lib.sh"
check_logits dense llama
TYPES="f32 q8_0 q4_k" SEEDS=3 check_logits dense llama --tied --rope-freqs --head-dim 32
TYPES="f32 q4_0" SEEDS=4 check_logits dense llama --heads 4 --kv-heads 4 --ffn 172 --v2
TYPES="f32 q8_0" SEEDS=5 check_logits dense llama --hidden 96 --heads 6 --kv-heads 2 --layers 3
TYPES="q4_k" SEEDS="6 7 8" check_logits dense llama --mixed
