# SPDX-License-Identifier: Apache-2.0
# llama-bench's output becomes a folder: marked as imported, without joules, reported as any other; a file that is not
# what it should be leaves no folder behind.
cp "$SRC/tests/fixtures/llama-bench/"* .
"$EFFBENCH" import llama-bench "bench.json" --out json >table 2>said
tail -n 1 said
cat table
"$EFFBENCH" report json | cmp - table
grep -o '"grade":[ \t]*"[a-z]*"' json/run.json | tr -d ' \t' | sort -u
"$EFFBENCH" report json --format llama-bench-md
"$EFFBENCH" import llama-bench - --out csv --format csv <"bench.csv" 2>/dev/null | grep -E ',(prefill_tok_s|decode_tok_s|throughput_tok_s|ttft_ns|j_per_tok),' | cut -d, -f 1-11,14-18
"$EFFBENCH" report csv --format html | grep -c 'imported from llama-bench'
try() { "$EFFBENCH" import "$@" && return; echo "exit $?" >&2; }
try
try llama-bench
try llama.cpp "bench.json"
try llama-bench "bench.json" "bench.csv"
try llama-bench nowhere.json --out bad
try llama-bench "bench.json" --out json
try llama-bench "bench.json" --output x
printf 'a,b\n1,2\n' >odd.csv
try llama-bench odd.csv --out bad
printf '| model | size |\n| --- | --- |\n| a | 1 |\n' >table.md
try llama-bench table.md --out bad
printf 'CREATE TABLE IF NOT EXISTS llama_bench (\n' >table.sql
try llama-bench table.sql --out bad
try llama-bench "bench.json" --ou bad
head -c 700 "bench.json" >cut.json
try llama-bench cut.json --out bad
sed '0,/"n_prompt": */s//"n_prompt": x/' bench.json >spoilt.json
try llama-bench spoilt.json --out bad
{ cat bench.json; printf x; } >more.json # its last byte is wrong: it does not end too early
try llama-bench more.json --out bad
printf '{"a": 1}\n{"a" 2}\n' >spoilt.jsonl
try llama-bench spoilt.jsonl --out bad
printf 'a,b\n1,2,3\n' >wide.csv
try llama-bench wide.csv --out bad
[ ! -e bad ]
# Rows that effbench wrote itself have joules; they are not taken over, and the report says why.
"$EFFBENCH" run "$SRC/configs/null.ini" --out own >/dev/null 2>&1
"$EFFBENCH" report own --format llama-bench-json >own.json
"$EFFBENCH" report own --format llama-bench-csv >own.csv
for form in json csv; do
    "$EFFBENCH" import llama-bench own.$form --out own-$form 2>/dev/null | sed -n '/^energy/,/^[^e ]/p' | sed '$d'
done
