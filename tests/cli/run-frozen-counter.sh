# SPDX-License-Identifier: Apache-2.0
# A counter that freezes in the midst of a run while another one goes on: the windows from there on have no energy, not the
# half of it; nothing is said to be complete. A package that cannot be read at all is named as lacking in every sum.
. "$SRC/tests/fixtures/run.sh"
counters "$PWD/root" intel-rapl:0,package-0,30,262143328850,1000
counters "$PWD/root" intel-rapl:1,package-1,40,262143328850,1000
{
    tiny trials=3 idle=0 pause=300ms
    dense prompt=64 output="$(tokens 1500 300)" batch=4
} >c.ini
# The second writer is stopped as soon as the first trial is in the journal.
( until grep -qs '"record":"trial"' r/trials.jsonl; do sleep 0.02; done; kill -STOP $writer ) &
stopper=$!
rc=0
"$EFFBENCH" run c.ini --sysroot root --out r >out 2>err || rc=$?
wait $stopper
kill -CONT $writer
[ $rc = 0 ]
awk -F, '$3 == "window" { if ($1 == 1 && $5 == "") { print "trial 1 has none"; exit 1 } if ($1 == 3 && $5 != "") { print "trial 3: " $5; exit 1 } n++ } END { exit n != 3 }' r/energy.csv
tr -s '\n ' ' ' <out | grep -q 'trial 3 has no energy'

mkdir -p gone/sys/class/powercap/intel-rapl:0
cp root/sys/class/powercap/intel-rapl:0/* gone/sys/class/powercap/intel-rapl:0/
mkdir -p gone/sys/class/powercap/intel-rapl:1/energy_uj
echo package-1 >gone/sys/class/powercap/intel-rapl:1/name
"$EFFBENCH" probes --sysroot gone --quick >probes.out
grep -q 'not measured: package-1, dram' probes.out
