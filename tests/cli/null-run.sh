# The null engine through the whole house: without noise the figures are those of the script, and a run can be told from a measurement.
quiet="--set null:run_noise=0 --set null:drift=0 --set null:session_noise=0 --set null:outliers=0 --set null:token_noise=0 --set null:watts_noise=0"
"$EFFBENCH" run "$SRC/configs/null.ini" $quiet --set run:trials=3 --out r >table 2>err
grep -q 'simulated by engine = null' table
grep -q 'engine null' table
value() { tr -d ' \n\t' <r/run.json | grep -o "\"$1\":{\"value\":[^,]*" | sed 's/.*://' | head -n 1; }
near() { awk -v got="$1" -v want="$2" -v by="$3" 'BEGIN { d = got / want - 1; exit !(got != "" && d < by && d > -by) }' || { echo "$4: $1, not $2"; exit 1; }; }
near "$(value ttft_ns)" 64e6 1e-9 ttft
near "$(value tpot_ns)" 12e6 1e-9 tpot
# 64 ms x 24 W + 31 x 12 ms x 18 W, over 32 tokens; the counter has an update each millisecond.
near "$(value j_per_tok)" 0.25725 0.005 j_per_tok
near "$(value idle_power_w)" 6 0.001 idle
# The same seed gives the same run; another session another.
for k in a b c; do
    "$EFFBENCH" run "$SRC/configs/null.ini" --set null:seed=$([ $k = c ] && echo 2 || echo 1) --out $k >/dev/null 2>&1
done
cmp a/tokens.csv b/tokens.csv
cmp a/power.csv b/power.csv
! cmp -s a/tokens.csv c/tokens.csv
# What the script says of its counter is what the run says of its joules.
"$EFFBENCH" run "$SRC/configs/null.ini" --set null:grade=sampled --require-energy counter --out e >/dev/null 2>err && exit 1
grep -q "required" err
"$EFFBENCH" run "$SRC/configs/null.ini" --set null:grade=none --out f >table 2>&1
grep -q 'no counter' table f/run.json
"$EFFBENCH" run "$SRC/configs/null.ini" --set null:counter_gap_at=2 --set run:trials=4 --out g >table 2>&1
grep -q 'script' table
