# SPDX-License-Identifier: Apache-2.0
# Every line of trials.jsonl fits its schema: of a run on the null engine, of a stored one, of a load curve's, of an import.
cp -r "$SRC/tests/fixtures/runs/stored" stored
"$EFFBENCH" run "$SRC/configs/null.ini" --set run:trials=2 --out null >/dev/null 2>&1
"$EFFBENCH" import llama-bench "$SRC/tests/fixtures/llama-bench/bench.json" --out import >/dev/null 2>&1
for run in stored null import; do
    n=0
    while IFS= read -r line; do
        printf '%s\n' "$line" | "$TESTBIN/check_json" "$SRC/docs/journal.schema.json" - || echo "$run: $line" | cut -c 1-200
        n=$((n + 1))
    done <$run/trials.jsonl
    [ "$n" -gt 2 ] || echo "$run has $n lines"
done
# A field that is misspelt does not.
! sed -n '1s/"boundary"/"bounds"/p' null/trials.jsonl | "$TESTBIN/check_json" "$SRC/docs/journal.schema.json" - 2>/dev/null
