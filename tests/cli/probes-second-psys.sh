# SPDX-License-Identifier: Apache-2.0
# Two zones named psys: one counts, never both. The first that reads and moves is taken, and each says why it is or is not.
. "$SRC/tests/fixtures/sysfs.sh"
. "$SRC/tests/fixtures/run.sh"
one() { "$EFFBENCH" probes --quick --boundary platform --sysroot "$ROOT" | grep 'zones\|rapl:\|mmio\|^total\|^not'; }
zone intel-rapl:0 package-0 '123456789\n' $INTEL
zone intel-rapl:1 psys '5000000\n' $PSYS
zone intel-rapl:2 psys '6000000\n' $PSYS
zone intel-rapl-mmio:0 package-0 '123456780\n' $INTEL
one
# The first cannot be read, and neither can the package that the memory-mapped copy repeats.
for id in 0 1; do
    rm "$ROOT/sys/devices/virtual/powercap/intel-rapl/intel-rapl:$id/energy_uj"
    mkdir "$ROOT/sys/devices/virtual/powercap/intel-rapl/intel-rapl:$id/energy_uj"
done
one
"$EFFBENCH" probes --quick --sysroot "$ROOT" | grep '^  powercap/\|^total\|^not'

# The first is readable and dead: the look finds it, and without the look the trials do.
counters "$PWD/live" intel-rapl:0,package-0,0,262143328850,0 intel-rapl:1,psys,0,262143328850,0 \
    intel-rapl:2,psys,50,262143328850,0 intel-rapl-mmio:0,package-0,30,262143328850,0
"$EFFBENCH" probes --sysroot live --boundary platform | grep 'counter  \|^total\|^not'
"$EFFBENCH" probes --sysroot live | grep 'counter  \|^total\|^not'
{
    tiny trials=1 idle=0
    dense prompt=64 output="$(tokens 400 100)" batch=4
    printf '[probes]\nboundary = platform\n'
} >c.ini
"$EFFBENCH" run c.ini --sysroot live --set probes:calibrate=off --out off >off.out 2>off.err
tr -s '\n ' ' ' <off.out | grep -o 'powercap/intel-rapl:1 never moved[^.]*place' | sed 's/in [0-9.]* s//'
watts=$(awk -F, '$3 == "window" { print $5 / 1 }' off/energy.csv)
windows off | awk -v j="$watts" '{ w = j / ($3 - $2) * 1e9; if (!(w > 20 && w < 80)) { print "W: " w; exit 1 } }'
