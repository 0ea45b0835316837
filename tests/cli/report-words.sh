# SPDX-License-Identifier: Apache-2.0
# What a report leaves out where it does not apply: tables without a figure, the legend of ± without one, options that play no part;
# and what it says of a load that is not kept up with and of where to go on.
. "$SRC/tests/fixtures/run.sh"
{
    scripted trials=3
    printf '[null]\ngrade = none\n'
    dense prompt=128 output=32
    served s rate=20 requests=40 output=32
} >c.ini
"$EFFBENCH" run c.ini --out r >table 2>err || { cat err; exit 1; }
tail -n 2 err
grep -c "does not keep up" r/report.md r/report.html
grep -c 'rates; invalid in 3 of 3 trials' r/report.md
if grep 'Performance per\|^±' table; then exit 1; fi
grep -c 'no prices given' table
if grep -E 'workload a.(rate|requests|arrivals|duration|reference)|probes.meter_|\| cost\.' r/report.md; then exit 1; fi
grep -o 'workload s.rate | 20 | c.ini:[0-9]*' r/report.md
grep -c '"applies":"no"' r/trials.jsonl
"$EFFBENCH" report r 2>/dev/null | cmp - table
