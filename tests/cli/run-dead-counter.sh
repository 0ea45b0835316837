# SPDX-License-Identifier: Apache-2.0
# Counters that exist and never move, as under a hypervisor: absent, not 0 J. What the config states takes their place,
# as an estimate and with a warning; and where a counter is required, no trial is run.
. "$SRC/tests/fixtures/sysfs.sh"
. "$SRC/tests/fixtures/run.sh"
proc
zone intel-rapl:0 package-0 '0\n' $INTEL
zone intel-rapl:0:0 dram '0\n' $DRAM
{
    tiny trials=1 idle=100ms
    dense prompt=16 output=32
    printf '[probes]\n'
    keys stated_load_w=15 stated_idle_w=5 'stated_source=a guess' stated_date=2026-01-31
} >c.ini
"$EFFBENCH" run c.ini --sysroot "$ROOT" --out estimate >out 2>/dev/null
"$EFFBENCH" report estimate --format csv | grep -q ',energy_j,.*,estimate,'
tr -s '\n ' ' ' <out >text
grep -q 'powercap/intel-rapl:0 does not move: stood still for more than 0.25 s: .* left out' text
grep -q 'powercap/intel-rapl:0:0 does not move.* left out' text
grep -q 'the energy is that of stated 15 W load, 5 W idle (estimate), grade estimate' text
grep -q '"live":[[:space:]]*"dead"' estimate/run.json
grep -q '"note":[[:space:]]*"does not move: stood still for more than 0.25 s"' estimate/run.json
# Without stated watts: no joules, and the same warnings.
sed '/^stated/d' c.ini >none.ini
"$EFFBENCH" run none.ini --sysroot "$ROOT" --out none >out 2>/dev/null
grep -q 'nothing else measures' out
if "$EFFBENCH" report none --format csv | grep -q ',energy_j,[^,]*[0-9]'; then echo 'joules of a dead counter'; exit 1; fi
# Required and not to be had: known before the first trial.
rc=0
"$EFFBENCH" run c.ini --sysroot "$ROOT" --require-energy counter --out required >/dev/null 2>err || rc=$?
[ $rc = 5 ]
grep -q "energy of grade 'counter' is required and only 'estimate' is to be had" err
grep -q 'powercap/intel-rapl:0 does not move' err
[ ! -e required/trials.jsonl ]
# Without the look the trials tell it.
"$EFFBENCH" run c.ini --sysroot "$ROOT" --set probes:calibrate=off --set workload:a:output=256 --set run:trials=8 --out off >out 2>/dev/null
grep -q '"live":[[:space:]]*"unknown"' off/run.json
