# SPDX-License-Identifier: Apache-2.0
# Forms for other programs: SQL that SQLite takes, and llama-bench's columns with joules.
cp -r "$SRC/tests/fixtures/runs/mixed" "$SRC/tests/fixtures/runs/stored" .
chmod -R u+w mixed stored
"$EFFBENCH" report mixed --format llama-bench-md
"$EFFBENCH" report stored --format llama-bench-csv | cut -d, -f 3,5-7,10-12,22-
"$EFFBENCH" report mixed --format llama-bench-json >json
grep -c '"samples_ts"' json
# Several runs in one document: one head, every row says whose it is, one array.
"$EFFBENCH" report mixed stored ./mixed --format csv | awk -F, '{ n[$NF]++ } END { for (k in n) print k, n[k] }' | sort
"$EFFBENCH" report mixed --format csv | awk -F, 'NR == 2 { print $1, $NF }'
"$EFFBENCH" report stored mixed --format llama-bench-csv | cut -d, -f 3 | sort | uniq -c | tr -s ' '
"$EFFBENCH" report mixed stored --format llama-bench-json >json
echo '{"type": "array", "minItems": 9, "items": {"type": "object", "required": ["samples_ts"]}}' >array.json
"$TESTBIN/check_json" array.json json && grep -c '"samples_ts"' json
"$EFFBENCH" report mixed stored --format llama-bench-csv | awk -F, 'NR == 1 { print $NF; next } { n[$NF]++ } END { for (k in n) print k, n[k] }' | sort
for r in mixed stored; do grep -c "\"run\":.*\"$r\"" json; done
"$EFFBENCH" report mixed stored --format llama-bench-md | cut -d '|' -f 2,7,11-
"$EFFBENCH" report mixed stored --format html >page && echo "two runs made a page" || echo "html of two folders: exit $?"
cat page
sed -i "s/\"model\":\"small\"/\"model\":\"it's; -- 'small\"/" mixed/trials.jsonl
"$EFFBENCH" report mixed stored --format sql >sql 2>names
cat names
grep '^--' sql
command -v sqlite3 >/dev/null || { echo "sqlite3 is not installed" >&2; exit 77; }
sqlite3 -bail db <sql
sqlite3 db "SELECT config, complete, boundary, count(*) FROM runs JOIN cases USING (run) GROUP BY run ORDER BY run;
    SELECT model, type, grade, round(value, 6), n, source, coverage FROM metrics JOIN cases USING (run, case_no)
        WHERE metric = 'j_per_tok' ORDER BY run, case_no;
    SELECT count(*) FROM metrics WHERE value IS NULL AND note IS NULL AND metric = 'j_per_tok';
    SELECT part, count(*), sum(energy_j) > 0 FROM energies GROUP BY part ORDER BY part;
    PRAGMA foreign_key_check; PRAGMA integrity_check;"
sqlite3 -bail db <sql 2>/dev/null && echo "the same run twice" || echo "the same run is taken once"
