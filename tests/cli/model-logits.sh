# Logits as CSV: a row per token, a column per entry; one at a time, in chunks and at once agree, and
# threads change nothing.
compare() { # the largest difference of two files of numbers
    paste -d, "$1" "$2" | awk -F, -v limit="$3" '
        { n = NF / 2; for (i = 1; i <= n; i++) { d = $i - $(i + n); if (d < 0) d = -d; if (d > max) max = d } }
        END { print (NR == 7 && max <= limit) ? "agree" : "differ by " max " in " NR " rows" }'
}
for shape in tiny-llama tiny-qwen3moe tiny-mamba tiny-mamba2; do
    "$EFFBENCH" model make --shape $shape --type q4_k -o m.gguf >/dev/null
    logits() { "$EFFBENCH" model logits m.gguf --tokens 1,2,3,511,0,77,77 "$@"; }
    logits >all
    echo "$shape: $(awk -F, 'END { print NR " rows, " NF " columns" }' all)"
    logits --mode decode >decode
    compare all decode 3e-5
    logits --chunk 3 >chunks
    compare all chunks 3e-5
    logits --threads 3 >threads
    logits --threads 1 | cmp - threads
    logits --kv f16 >half
    compare all half 0.1 # activations of 8 bits round the difference up
done
