# A copy computes what a file made in that type computes; what it must not do, it says.
"$EFFBENCH" model make --shape tiny-qwen3 --type f32 -o f32.gguf
"$EFFBENCH" model make --shape tiny-qwen3 --type q4_k_m -o made.gguf
"$EFFBENCH" model quantize f32.gguf copy.gguf --type q4_k_m
for f in made copy; do "$EFFBENCH" model logits $f.gguf --tokens 5,6,7 >$f.csv; done
cmp made.csv copy.csv
"$EFFBENCH" model quantize copy.gguf again.gguf --type q8_0 || echo "exit $?"
"$EFFBENCH" model quantize f32.gguf f32.gguf --type q8_0 || echo "exit $?"
"$EFFBENCH" model quantize made.csv x.gguf --type q8_0 || echo "exit $?"
ls
# A model takes the place of a model, and that is said; of an empty file too; a file of another kind stays as it is.
"$EFFBENCH" model make --shape tiny-qwen3 --type f16 -o copy.gguf
"$EFFBENCH" model quantize f32.gguf copy.gguf --type q8_0
echo 'my notes' >notes.txt
"$EFFBENCH" model make --shape tiny-qwen3 -o notes.txt || echo "exit $?"
"$EFFBENCH" model quantize f32.gguf notes.txt --type q8_0 || echo "exit $?"
cat notes.txt
: >empty
"$EFFBENCH" model make --shape tiny-qwen3 --type q8_0 -o empty
