# SPDX-License-Identifier: Apache-2.0
# A counter that freezes in the midst of a run while another one goes on: the windows from there on have no energy, not the
# half of it; nothing is said to be complete. A package that cannot be read at all is named as lacking in every sum.
"$TESTBIN/rapl_writer" "$PWD/root" 0 intel-rapl:0,package-0,30,262143328850,1000 >a.out &
a=$!
while ! grep -q ready a.out; do sleep 0.05; done
"$TESTBIN/rapl_writer" "$PWD/root" 0 intel-rapl:1,package-1,40,262143328850,1000 >b.out &
b=$!
trap 'kill $a $b 2>/dev/null || true; wait $a $b 2>/dev/null || true' EXIT
while ! grep -q ready b.out; do sleep 0.05; done
output=${SLOW:+300}
cat >c.ini <<INI
[run]
trials = 3
idle = 0
pause = 300ms
cold_start = no
[model tiny]
model = shape:tiny-llama
type = f32
[workload a]
kind = dense
prompt = 64
output = ${output:-1500}
batch = 4
INI
# The second writer is stopped as soon as the first trial is in the journal.
( until grep -qs '"record":"trial"' r/trials.jsonl; do sleep 0.02; done; kill -STOP $b ) &
stopper=$!
rc=0
"$EFFBENCH" run c.ini --sysroot root --out r >out 2>err || rc=$?
wait $stopper
kill -CONT $b
[ $rc = 0 ]
awk -F, '$3 == "window" { if ($1 == 1 && $5 == "") { print "trial 1 has none"; exit 1 } if ($1 == 3 && $5 != "") { print "trial 3: " $5; exit 1 } n++ } END { exit n != 3 }' r/energy.csv
tr -s '\n ' ' ' <out | grep -q 'trial 3 has no energy'

mkdir -p gone/sys/class/powercap/intel-rapl:0
cp root/sys/class/powercap/intel-rapl:0/* gone/sys/class/powercap/intel-rapl:0/
mkdir -p gone/sys/class/powercap/intel-rapl:1/energy_uj
echo package-1 >gone/sys/class/powercap/intel-rapl:1/name
"$EFFBENCH" probes --sysroot gone --quick >probes.out
grep -q 'not measured: package-1, dram' probes.out
