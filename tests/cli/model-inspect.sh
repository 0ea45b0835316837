# What a file holds, for people and for programs.
"$EFFBENCH" model make --shape tiny-qwen2moe --type q4_k_m -o moe.gguf --seed 9
"$EFFBENCH" model inspect moe.gguf --tensors
"$EFFBENCH" model make --shape tiny-mamba2 --type q8_0 -o ssm.gguf
"$EFFBENCH" model inspect ssm.gguf --format term
"$EFFBENCH" model make --shape tiny-llama --type f16 -o dense.gguf
"$EFFBENCH" model inspect dense.gguf --format json
