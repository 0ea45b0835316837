# The list of shapes and types; each tiny one can be made in each type and read back.
"$EFFBENCH" model shapes
for shape in $("$EFFBENCH" model shapes | sed -n 's/^  \(tiny-[a-z0-9]*\).*/\1/p'); do
    for type in f32 bf16 q4_k_m; do
        "$EFFBENCH" model make --shape "$shape" --type $type -o m.gguf
    done
done
ls
