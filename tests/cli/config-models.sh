# Sources and types of models are looked at before anything runs.
cat > t.ini <<'END'
[model a]
model = shape:tiny-lama
[model b]
model = shape:tiny-llama
type = f16, q8_1, nonsense
[model c]
model = file:missing.gguf
[model d]
model = file:.
[model e]
model = dir/x.gguf
[workload w]
kind = quantized
model = b
reference = f17
END
"$EFFBENCH" run t.ini
