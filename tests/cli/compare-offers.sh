# SPDX-License-Identifier: Apache-2.0
# Of several offers a run takes the longest name that its folder begins with, and one that bears none is told; prompts
# alone are compared by their prefill; trials without a good token are counted in a ratio.
make_run="$TESTBIN/make_run"
one="case=tiny/f16/dense/64/16/1/1"
for r in edge-20260101-000000 edge-big-20260101-000000 other-20260101-000000; do "$make_run" $r $one; done
printf '[cost edge]\nusd_per_hour = 1\n[cost edge-big]\nusd_per_hour = 8\n[cost]\nusd_per_hour_source = x\nusd_per_hour_date = 2026-01-01\n' >p.ini
"$EFFBENCH" compare edge-* other-* --prices p.ini --format csv | grep usd_per_mtok | cut -d, -f 2,6,18
"$EFFBENCH" compare edge-* other-* --prices p.ini | grep -A 1 'no offer'
sed 's/edge/edg/; s/edg-big/big/' p.ini >near.ini
"$EFFBENCH" compare edge-* other-* --prices near.ini || echo "exit $?"
row() { echo "{\"model_type\": \"m 1B Q8_0\", \"n_prompt\": 512, \"n_gen\": 0, \"n_threads\": 2, \"samples_ns\": [$1, $1, $1, $1, $1, $1]}"; }
row 1000000000 >fast.jsonl
row 2000000000 >slow.jsonl
for r in fast slow; do "$EFFBENCH" import llama-bench $r.jsonl --out $r >/dev/null 2>&1; done
"$EFFBENCH" compare fast slow | sed -n '3,13p'
