# SPDX-License-Identifier: Apache-2.0
# A stored profile whose truth is known: a package counter updated each millisecond, read five times as often, while
# prefill qkv drew 20 W, decode qkv 30 W, experts 60 W and scan 90 W in spans of 0.1 to 0.9 ms; per operator 2e9 cycles, 3e9
# instructions (on half of a counter's time) and 1e6 misses of the last-level cache, of the scan none were counted.
cp -r "$SRC/tests/fixtures/runs/profile" r
chmod -R u+w r
"$EFFBENCH" report r --plots >out 2>err
"$EFFBENCH" report r --plots >again 2>err
cmp out again
# Power within 0.5 % of the truth, the sum of the joules within 1 % of what the counter gave, 14.9 J.
awk -F, 'BEGIN { w["prefill,qkv"] = 20; w["decode,qkv"] = 30; w["decode,expert"] = 60; w["decode,scan"] = 90 }
    NR > 1 { k = $2 "," $3; if ($15 < w[k] * 0.995 || $15 > w[k] * 1.005 || $16 != "counter") { print k, $15; exit 1 } sum += $13; n++ }
    END { if (n != 4 || sum < 14.75 || sum > 15.05) { print n, sum; exit 1 } }' r/profile.csv
# Metrics are exact: 3e9 / 2e9, and 64e-9 * 1e6 / time_s; where nothing was counted there is none, and no 0.
awk -F, 'NR > 1 { n = split($20, m, /[;=]/)
        if ($3 == "scan" ? $20 != "" : (n != 4 || m[1] != "ipc" || m[2] != "1.5" || m[3] != "llc_gb_s" ||
            m[4] / (0.064 / $5) < 0.999999 || m[4] / (0.064 / $5) > 1.000001)) { print; exit 1 } }' r/profile.csv
grep -c '"ipc":[[:space:]]*1.5,*$' r/run.json
grep -q ' ipc ' out
tr -s ' \n' ' ' <out | grep -q 'scaled up.*: instructions (50 %), llc-misses (25 %)'
[ "$(grep -c '1\.50' out)" = 3 ]
"$EFFBENCH" report r --format md >md
grep -q '^| decode | scan |.* - | - |$' md
grep -q '^| decode | expert |.* 1.50 | 0\.[0-9]* |$' md
if command -v gnuplot >/dev/null; then
    for word in 'GB/s read' '200 GFLOP/s' FLOP/byte prefill decode expert scan; do grep -q "$word" r/plots/roofline.svg; done
    for word in qkv expert scan 'time' 'joules (counter)'; do grep -q "$word" r/plots/operators.svg; done
fi
# Texts that a journal may leave out are not needed to show it.
sed -i 's/"type":"f16"/"type":null/; s/"kv":"f16"/"kv":null/; s/"source":"shape:tiny"/"source":null/; s/"reason":""/"reason":null/' r/trials.jsonl
"$EFFBENCH" report r --format md >nulls
grep -q '^## By operator: m -$' nulls
