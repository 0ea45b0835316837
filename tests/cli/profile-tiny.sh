# SPDX-License-Identifier: Apache-2.0
# A profile of tiny models without and with an energy counter: the spans cover the trials, the sums agree, joules are refused in
# words or split at the writer's watts; it is resumed, and reported again.
. "$SRC/tests/fixtures/run.sh"
cat >c.ini <<'INI'
[run]
idle = 100ms
[model a]
model = shape:tiny-mixtral
type = f32
[model b]
model = shape:tiny-mamba
type = q8_0
[workload moe]
kind = moe
model = a
prompt = 40
output = 16
batch = 2
[workload ssm]
kind = ssm
model = b
prompt = 40
output = 16
INI
mkdir -p nothing
"$EFFBENCH" profile c.ini --sysroot nothing --trials 3 --out r >out 2>err
grep -q '^By operator: a f32' out
tr -s ' \n' ' ' <out | grep -q 'not split by operator: nothing measures the energy'
[ "$(tr -s ' \n' ' ' <out | grep -o 'not counted by operator' | wc -l)" = 1 ]
grep -q 'router' out
grep -q 'scan' out
"$EFFBENCH" report r >again
cmp out again
# Nothing counts events in a rooted tree, so all three rounds measure time: the spans are in order, each after the one before.
awk -F, 'NR > 1 { if ($1 == t && $5 < end) { print "overlap in line " NR; exit 1 } t = $1; end = $5 + $6; seen[$1] = 1 }
    END { exit !(seen[1] && seen[2] && seen[3] && seen[4] && seen[5] && seen[6]) }' r/spans.csv
# The rows of profile.csv add up to the trials' windows, and time_s is the mean of what spans.csv has.
awk -F, 'NR == FNR { if (FNR > 1) sum[$2 "," $3] += $6 / 1e9; next }
    FNR > 1 { frac[$1] += $6; time[$3 "," $2] += $5 * 3 }
    END { for (c in frac) if (frac[c] < 0.999999 || frac[c] > 1.000001) { print c, frac[c]; exit 1 }
          for (k in sum) if (sum[k] < time[k] * 0.999999 || sum[k] > time[k] * 1.000001) { print k, sum[k], time[k]; exit 1 } }' r/spans.csv r/profile.csv
# Its plots, where gnuplot draws: operators by name under the roofs; shares of time, and no joules where there are none.
if command -v gnuplot >/dev/null; then
    for word in expert scan FLOP/byte prefill decode '</svg>'; do grep -q "$word" r/plots/roofline.svg; done
    for word in router scan outside ', time' '</svg>'; do grep -q "$word" r/plots/operators.svg; done
    ! grep -q 'joules (' r/plots/operators.svg
fi
# A trial that is gone is made again.
lines=$(grep -n '"record":"trial"' r/trials.jsonl | sed -n 4p | cut -d: -f1)
head -n $((lines - 1)) r/trials.jsonl >cut && mv cut r/trials.jsonl
"$EFFBENCH" profile --resume r --sysroot nothing >third 2>err3
[ "$(grep -c '"record":"trial"' r/trials.jsonl)" = 6 ]
grep -q '^By operator: b q8_0' third
# With a counter: the operators' joules add up to what the trials' windows used: nothing is left out or counted twice. (How close
# each is to the truth is shown on a tape, where no writer has to wait for a processor: test_op_split.)
counters "$PWD/root" intel-rapl:0,package-0,80,262143328850,1000
"$EFFBENCH" profile c.ini --sysroot root --set run:threads=1 --set workload:moe:output=600 --set workload:ssm:output=3000 --out e >eout 2>eerr
awk -F, 'NR == FNR { if (FNR > 1 && $3 == "window") { sum[$2] += $5; off[$2] += $6; n[$2]++ } next }
    FNR > 1 && $13 != "" { j[$1] += $13; pm[$1] += $14 } FNR > 1 && $18 != "" && !seen[$1 $17]++ { j[$1] += $18; pm[$1] += $21 }
    END { for (c in j) { key = c; gsub(/"/, "", key); mean = sum[key] / n[key]; most = mean * 0.15 + off[key] / n[key] + pm[c]
              if (j[c] < mean - most || j[c] > mean + most) { print c, j[c], mean, most; exit 1 } } }' e/energy.csv e/profile.csv
tr -s ' \n' ' ' <eout | grep -q 'the operators.* sum is\|are not split by operator'
# What a profile needs it says.
"$EFFBENCH" profile 2>err5 && exit 1 || [ $? = 2 ]
grep -q 'which config' err5
"$EFFBENCH" profile c.ini --trials none 2>err6 && exit 1 || [ $? = 2 ]
grep -q -- '--trials is a number' err6
