# SPDX-License-Identifier: Apache-2.0
# Tests of llama-bench beside cases of ours: a prompt, or output tokens after one, are matched with the phases of our cases
# where parameters, type, lengths, depth and batch are the same; where nothing is, it is said what would be.
make_run="$TESTBIN/make_run"
"$make_run" ours case=tiny/q8_0/dense/64/17/1/1
row() {
    printf '{"model_type": "llama ?B Q8_0", "model_filename": "t.gguf", "model_n_params": %s, "n_prompt": %s, "n_gen": %s, "n_depth": %s, ' "$1" "$2" "$3" "$4"
    printf '"n_threads": 2, "type_k": "f16", "type_v": "f16", "samples_ns": [%s, %s, %s, %s, %s, %s, %s]}\n' "$5" "$5" "$5" "$5" "$5" "$5" "$5"
}
import() { "$EFFBENCH" import llama-bench $1.jsonl --out $1 >/dev/null 2>&1; }
{ row 1000000 64 0 0 64000000; row 1000000 0 16 64 320000000; row 1000000 0 16 0 160000000; } >theirs.jsonl
import theirs
"$EFFBENCH" compare theirs ours | sed '/^front/,$d'
"$EFFBENCH" compare theirs ours | sed -n '/^settings/,/^$/p' | grep -A 2 '^unmatched\|^settings'
"$EFFBENCH" compare theirs ours --format json >json
"$TESTBIN/check_json" "$SRC/docs/compare.schema.json" json && echo "fits the schema"
echo "cases of ours are compared whole"
"$make_run" again seed=3 case=tiny/q8_0/dense/64/17/1/1
"$EFFBENCH" compare theirs ours again --format csv | cut -d, -f 1-4 | sort -u
"$EFFBENCH" compare ours again --format csv | cut -d, -f 1-4 | sort -u
echo "two cases of ours that are the same work by their phases"
"$make_run" both case=tiny/q8_0/dense/64/17/1/1 case=tiny/q8_0/quantized/64/17/1/1.2
"$EFFBENCH" compare theirs both | grep '^  both\|fastest'
echo "other parameters, other lengths"
for other in "2000000 64 0 0" "1000000 63 0 0" "1000000 0 17 64" "1000000 64 16 0"; do
    row $other 64000000 >other.jsonl
    rm -rf other
    import other
    "$EFFBENCH" compare other ours || echo "exit $?"
done
# What we wrote ourselves comes back as the phases that it was of.
"$EFFBENCH" report ours --format llama-bench-json >back.jsonl
import back
"$EFFBENCH" compare ours back --format csv | awk -F, '$5 ~ /^(prefill|decode)_tok_s$/ && $6 != "" { print $1 "," $2, $5, $9, $13 }'
