# SPDX-License-Identifier: Apache-2.0
# A meter that prints known watts: the energy of each trial is watts x its window, and its grade is what the config says.
. "$SRC/tests/fixtures/run.sh"
mkdir root
cat >meter <<'END'
#!/bin/sh
echo $$ >>pids
while :; do echo "$(date +%s.%N) 40"; sleep 0.04; done
END
chmod +x meter
{
    tiny trials=3 idle=0
    dense prompt=64 output="$(tokens 1500 400)" batch=4
    printf '[probes]\nmeter = ./meter\n'
} >c.ini
# Of each trial that has its joules, and at least one does: they are watts x its window, to 5 % or, where a window holds few
# lines, to twice their half-width.
check() {  # check DIR GRADE
    grep -q ",energy_j,.*,$2," "$1.csv"
    windows "$1" >windows
    awk -F '[, ]' 'NR == FNR { seconds[$1] = ($3 - $2) / 1e9; next }
        $3 == "window" && $5 != "" { n++; w = $5 / seconds[$1]; off = w > 40 ? w - 40 : 40 - w
            if (off > 2 && off * seconds[$1] > 2 * $6) { print "trial " $1 ": " w " W, wanted 40"; exit 1 } }
        END { if (!n) { print "no joules"; exit 1 } }' windows "$1/energy.csv"
}
"$EFFBENCH" run c.ini --sysroot root --set probes:boundary=platform --out platform --format csv >platform.csv 2>/dev/null
check platform sampled
"$EFFBENCH" run c.ini --sysroot root --set probes:boundary=wall --set probes:meter_grade=wall --require-energy wall --out wall --format csv >wall.csv 2>/dev/null
check wall wall
# Power that was sampled is no counter.
rc=0
"$EFFBENCH" run c.ini --sysroot root --set probes:boundary=platform --require-energy counter --out no >/dev/null 2>err || rc=$?
[ $rc = 5 ]
grep -q "energy of grade 'counter' is required and only 'sampled' is to be had" err
[ ! -e no/trials.jsonl ]
rc=0
"$EFFBENCH" run c.ini --sysroot root --set probes:meter_grade=counter --set probes:meter_format=watts --out no >/dev/null 2>err || rc=$?
[ $rc = 2 ]
grep -q 'watts that are sampled are no counter' err
# In a boundary that it is not of it counts nothing, and that is said.
"$EFFBENCH" run c.ini --sysroot root --set workload:a:output=8 --out elsewhere 2>/dev/null | tr -s '\n ' ' ' >text
grep -q "meter: its sampled joules are not those of boundary 'compute': \[probes\] boundary = platform counts them" text
"$EFFBENCH" report elsewhere --format csv | awk -F, '$10 == "energy_j" && $11 != "" { exit 1 }'
# Nothing of the meter is left behind (what its shell leaves is reaped by the system, a little later).
[ "$(wc -l <pids)" -ge 3 ]
while read -r pid; do
    tries=0
    while kill -0 "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { echo "meter $pid was left running"; exit 1; }
        sleep 0.1
    done
done <pids
