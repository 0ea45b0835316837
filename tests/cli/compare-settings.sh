# SPDX-License-Identifier: Apache-2.0
# What was not the same in runs of the same work is said, in words of bounded length and all of it in JSON.
ini() {
    printf '[run]\nengine = null\ntrials = 2\nidle = 1s\n%s\n[model m]\nmodel = shape:smollm2-135m\n' "$1"
    printf '[workload chat]\nkind = dense\nprompt = 16\noutput = 8\n%s\n[null]\n%s\n' "$2" "$3"
}
script=$(for key in idle_w prefill_w decode_w; do echo "$key = 33"; done
    for key in run_noise drift drift_memory session_noise outliers outlier_size token_noise watts_noise; do
        echo "$key = 0.123456789012345678901234567890123456789"
    done)
ini "" "threads = 2" "" >a.ini
ini "affinity = yes" "threads = 1
temperature = 0.7" "" >b.ini
ini "" "threads = 2" "$script" >c.ini
for r in a b c; do "$EFFBENCH" run $r.ini --out $r >/dev/null 2>&1; done
"$EFFBENCH" compare a b c | sed -n '/^settings/,/^words/p' | sed '$d'
"$EFFBENCH" compare a b c --format json >all.json
"$TESTBIN/check_json" "$SRC/docs/compare.schema.json" all.json && echo "fits the schema"
sed -n '/settings_that_differ/,/warnings/p' all.json | tr -d '\n\t' | grep -o '"section":"[a-z ]*","key":"[a-z_]*"' | sort | uniq -c
echo "nothing"
cp -r a twin
"$EFFBENCH" compare a twin | sed -n '/^settings/p; /same run/p'
echo "a copy is no other run, but one that was made alike is"
cp -r a raw
rm raw/run.json # nor is it one without its derived files
"$EFFBENCH" compare a raw c | grep -c 'a and raw are the same run: their raw files are the same'
if "$EFFBENCH" compare a b c | grep 'same run'; then exit 1; fi
echo "of the machine"
for r in a twin; do
    set_to=$([ $r = a ] && echo performance || echo powersave)
    rm $r/run.json
    sed -i "s/{\"key\":\"governor\",\"value\":\"[^\"]*\"}/{\"key\":\"governor\",\"value\":\"$set_to\"}/" $r/trials.jsonl
done
"$EFFBENCH" compare a twin | sed -n '/^settings/p'
