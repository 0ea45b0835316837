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
