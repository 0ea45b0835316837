# SPDX-License-Identifier: Apache-2.0
# Metric groups of the user's own: every error of a file at once, before anything runs; a good one joins the built-in ones,
# and its metrics are in the result, so that the folder can be reported without the file.
cat >c.ini <<'INI'
[run]
idle = 0
[model a]
model = shape:tiny-llama
type = f32
[workload w]
kind = dense
model = a
prompt = 20
output = 8
[probes]
metric_groups = mine.txt
INI
cat >mine.txt <<'TXT'
group mine = Work per byte
metric work [flop/B] = flop / bytes
metric odd [-] = flop / / bytes
metric lost [-] = nonsuch / 2
TXT
"$EFFBENCH" profile c.ini --out r && exit 1 || [ $? = 2 ]
[ ! -e r ]
"$EFFBENCH" run c.ini --set probes:metric_groups=nothing.txt --dry-run && exit 1 || [ $? = 2 ]
sed -i '/odd\|lost/d' mine.txt
mkdir -p nothing
"$EFFBENCH" profile c.ini --sysroot nothing --trials 2 --out r >out 2>err
rm mine.txt
"$EFFBENCH" report r >again
cmp out again
grep -q 'work$' out
grep -o '"work":[^,}]*' r/run.json | sort -u | wc -l | grep -qv '^[01]$'
# The metric is what its two variables in the same row are.
awk -F, 'NR > 1 && $7 > 0 { split($20, m, "="); if (m[1] != "work" || m[2] / ($8 / $7) > 1.0001 || m[2] / ($8 / $7) < 0.9999) { print; exit 1 } n++ }
    END { exit !n }' r/profile.csv
"$EFFBENCH" help groups | grep -q "ipc \[-\] = instructions / cycles"
