# SPDX-License-Identifier: Apache-2.0
# A trial whose machine throttled, slept, was stolen from or shared spoils its pair: too many of them, and the gate is
# invalid; ignored, they count. The candidate is a program that writes such a warning into its trials.
mkdir tmp
export TMPDIR="$PWD/tmp"
cat >disturbed <<'END'
#!/bin/sh
prev=
for arg; do [ "$prev" = --out ] && dir=$arg; prev=$arg; done
"$EFFBENCH" "$@" || exit $?
sed -i "/\"record\":\"trial\"/s/\"warnings\":\[\]/\"warnings\":[\"$WARNING\"]/" "$dir/trials.jsonl"
END
chmod +x disturbed
quiet="--set null:run_noise=0.001 --set null:drift=0 --set null:outliers=0 --set null:token_noise=0.001 --set null:watts_noise=0.001"
gate() {
    export WARNING="$1" EFFBENCH
    shift
    rc=0
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 --cand-bin ./disturbed --json check.json $quiet "$@" >out 2>&1 || rc=$?
    "$TESTBIN/check_json" "$SRC/docs/check.schema.json" check.json
    echo "$WARNING: exit $rc, $(grep -o '"spoilt_pairs":[^,]*' check.json | tr -d '\t') ${*:-}"
}
gate "the CPU throttled (counted over all CPUs: 3): cool it or lower its power limit"
grep -o 'pairs were spoilt.*' out | head -n 1
gate "the CPU throttled (counted over all CPUs: 3): cool it or lower its power limit" --ignore throttle
gate "the frequency governor changed from 'performance' to 'powersave'"
gate "the machine was suspended during the trial"
gate "pages were swapped (7): the model does not fit in memory"
gate "other processes used 80 % of a CPU"
gate "other processes used 80 % of a CPU" --ignore steal
gate "other processes used 30 % of a CPU"
gate "the hypervisor stole 12.0 % of a CPU"
gate "the hypervisor stole 12.0 % of a CPU" --ignore load,steal
# A gap has the words of the counter that had it, whether the pairs are run now or two folders are compared.
"$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 $quiet --metrics j_per_tok --cand-set null:counter_gap_at=3 | sed -n '/^spoilt by/,/^note/p'
"$EFFBENCH" run "$SRC/configs/null.ini" --set run:trials=1 --set run:trials_max=1 --out whole >/dev/null 2>&1
"$EFFBENCH" run "$SRC/configs/null.ini" --set run:trials=1 --set run:trials_max=1 --set null:counter_gap_at=0 --out gap >/dev/null 2>&1
"$EFFBENCH" check --base gap --cand whole --metrics j_per_tok | sed -n '1,/^$/p'
# So where the config requires that energy: the run that lacks it ends with exit 5, and its pair is spoilt like any other. One that
# never had it is no gate.
required() {
    rc=0
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 $quiet --set run:require_energy=counter "$@" >out 2>err || rc=$?
    echo "exit $rc"
    sed -n '1p; s/^pairs  *\([0-9]* counted, [0-9]* spoilt\).*/\1/p; /^spoilt by/p' out
    sed "s|$SRC/||" err
}
required --cand-set null:counter_gap_at=5
required --cand-set null:counter_gap_at=1000001
required --cand-set null:grade=sampled
