# SPDX-License-Identifier: Apache-2.0
# What a report leaves out where it does not apply: tables without a figure, the legend of ± without one, options that play no part;
# and what it says of a load that is not kept up with and of where to go on.
{
    printf '[run]\nengine = null\ntrials = 3\nidle = 0\ncold_start = no\n[null]\ngrade = none\n'
    printf '[model m]\nmodel = shape:tiny-llama\n'
    printf '[workload d]\nkind = dense\nprompt = 128\noutput = 32\n'
    printf '[workload s]\nkind = load\nmode = server\nrate = 20\nrequests = 40\nbatch = 8\nprompt = 128\noutput = 32\n'
} >c.ini
"$EFFBENCH" run c.ini --out r >table 2>err || { cat err; exit 1; }
tail -n 2 err
grep -c "does not keep up" r/report.md r/report.html
grep -c 'rates; invalid in 3 of 3 trials' r/report.md
grep -c 'Performance per\|^±' table || true
grep -c 'no prices given' table
grep -E 'workload d.(rate|requests|arrivals|duration|reference)|probes.meter_|\| cost\.' r/report.md || true
grep -o 'workload s.rate | 20 | c.ini:[0-9]*' r/report.md
grep -c '"applies":"no"' r/trials.jsonl
"$EFFBENCH" report r 2>/dev/null | cmp - table
