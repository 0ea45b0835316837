# SPDX-License-Identifier: Apache-2.0
# Loads on the reference engine: the same requests in every mode give the same tokens; a server's requests are scheduled
# at the rate; a curve has its levels, and its overall is what its rows say.
cat >c.ini <<INI
[run]
threads = 1
trials = 1
idle = 0
cold_start = no
[model tiny]
model = shape:tiny-llama
type = q8_0
[workload one]
kind = load
mode = single
requests = 60
prompt = 8
output = 4
[workload all]
kind = load
mode = offline
requests = 60
batch = 4
prompt = 8
output = 4
[workload server]
kind = load
mode = server
rate = 50
requests = 60
batch = 4
prompt = 8
output = 4
[workload users]
kind = load
mode = closed
users = 6
requests = 60
batch = 4
prompt = 8
output = 4
[slo]
e2e = 1h
[probes]
sources = stated
stated_load_w = 20
stated_idle_w = 5
stated_source = made up
stated_date = 2026-11-21
INI
"$EFFBENCH" run c.ini --out modes >modes.txt 2>err || { cat err; exit 1; }
digests=$(sed -n 's/.*"record":"trial".*"digest":"\([0-9a-f]*\)".*/\1/p' modes/trials.jsonl | sort -u)
[ ${#digests} = 16 ] || { echo "digests differ: $digests"; exit 1; }
awk -F, 'NR > 1 { n[$1]++; if (!($3 >= 0 && $4 >= $3)) bad = $0; at[$1, n[$1]] = $3; ok += $NF == "ok" }
END {
    for (t = 1; t <= 4; t++) if (n[t] != 60) bad = "trial " t " has " n[t]
    if (ok != 240) bad = ok " are ok"
    for (i = 2; i <= 60; i++) {
        if (at[2, i] != at[2, 1]) bad = "offline " i
        if (at[1, i] <= at[1, i - 1] || at[3, i] < at[3, i - 1]) bad = "order " i
    }
    s = (at[3, 60] - at[3, 1]) / 1e9
    if (s < 0.6 || s > 2.2) bad = "59 gaps of a fiftieth take " s " s"
    if (bad) { print bad; exit 1 }
}' modes/requests.csv
grep -q '^Load$' modes.txt
tr -s ' \n' ' ' <modes.txt | grep -q 'n too small for p99 (60 of 459)'
# A trial's schedule is its own, and the same when it is run again.
"$EFFBENCH" run c.ini --set workload:server:arrivals=even --set run:trials=1 --out even >/dev/null 2>&1
awk -F, 'NR > 1 && $1 == 3 { if (last && ($3 - last < 19999990 || $3 - last > 20000010)) { print $3 - last; exit 1 } last = $3 }' even/requests.csv
gaps() { awk -F, 'NR > 1 && $1 == 3 { if (last) print $3 - last; last = $3 }' "$1/requests.csv"; }
"$EFFBENCH" run c.ini --out again >/dev/null 2>&1
gaps modes >a
gaps again >b
cmp a b

sed '/^\[workload one\]/,/^\[slo\]/{/^\[slo\]/!d}' c.ini >curve.ini
cat >>curve.ini <<INI
[workload curve]
kind = load
mode = curve
level = 1s
batch = 4
prompt = 8
output = 4
INI
"$EFFBENCH" run curve.ini --out curve >curve.txt 2>err || { cat err; exit 1; }
grep -q '^Load curve: tiny q8_0$' curve.txt
awk -F, 'NR > 1 {
    n++
    if ($4 != 110 - 10 * n) bad = $0
    tok_s += $14
    w += $18
    if ($4 == 0 && ($6 != 0 || $12 != "yes" || $14 != 0)) bad = $0
    if ($4 > 0 && ($12 == "yes") != ($11 >= 0.98 && $11 <= 1.02)) bad = $0
    if ($13 < 1 || $13 > 2.2) bad = "length " $0
    if ($18 < 4 || $18 > 45) bad = "watts " $0
}
END {
    if (n != 11) bad = n " levels"
    if (bad) { print bad; exit 1 }
    printf "%.9g\n", tok_s / w
}' curve/load.csv >overall || { cat overall; exit 1; }
sed -n '/"overall_tok_per_j"/,/}/s/.*"value":[[:space:]]*\([0-9.]*\).*/\1/p' curve/run.json >said
awk 'NR == FNR { a = $1; next } { exit !(a / $1 > 0.999999 && a / $1 < 1.000001) }' overall said
# Derived: made again from the raw files, equal to the byte.
cp curve/load.csv before.csv
rm curve/load.csv
"$EFFBENCH" report curve >report.txt 2>err
cmp before.csv curve/load.csv
cmp curve.txt report.txt
grep -q '^## Load curve: tiny q8_0$' curve/report.md
