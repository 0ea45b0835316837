# SPDX-License-Identifier: Apache-2.0
# Two sockets with DRAM, psys between them by index, an mmio copy of package-0 and a stranger: counters that a writer
# advances at known watts, wrapping every two seconds. compute = 150 + 120 + 12 + 9 W; platform = psys alone.
. "$SRC/tests/fixtures/run.sh"
counters "$PWD/root" \
    intel-rapl:0,package-0,150,300000000,299000000 intel-rapl:0:0,core,100,300000000,0 intel-rapl:0:1,dram,12,65712999613,0 \
    intel-rapl:1,psys,400,4294967295000000,0 intel-rapl:2,package-1,120,300000000,150000000 intel-rapl:2:0,dram,9,65712999613,65712000000 \
    intel-rapl-mmio:0,package-0,150,300000000,299000000 intel-rapl:3,mystery,77,300000000,0
{
    tiny trials=3 idle=1s
    dense prompt=64 output="$(tokens 3000 400)" batch=4
} >c.ini
value() {  # value METRIC CSV
    awk -F, -v m="$1" '$10 == m { print $11; exit }' "$2"
}
for boundary in compute platform; do
    "$EFFBENCH" run c.ini --sysroot root --set probes:boundary=$boundary --out $boundary --format csv >$boundary.csv 2>/dev/null
done
# The energy of each trial that has one against watts x its window, whose ends are in the journal: to 1 %, or to its own half-width
# where that is wider: the updates at the ends of a window of a tenth of a second are a hundredth of it. So too the mean power.
check() {  # check FOLDER WATTS
    windows "$1" >windows
    awk -v w="$(value power_w "$1.csv")" -v want="$2" '
        function off(x, truth, half) { return (x < truth ? truth - x : x - truth) > (half > truth * 0.01 ? half : truth * 0.01) }
        FNR == NR { s[$1] = ($3 - $2) / 1e9; next }
        { split($0, f, ",") }
        f[3] == "window" && f[5] != "" {
            n++
            half += f[6] / s[f[1]]
            if (off(f[5], want * s[f[1]], f[6]) || f[6] > f[5] / 2) { print "trial " f[1] ": " f[5] " J +-" f[6] ", wanted " want * s[f[1]]; exit bad = 1 }
        }
        END {
            if (bad || !n) exit 1
            if (off(w, want, half / n)) { print "power " w " +-" half / n ", wanted " want; exit 1 }
        }' windows "$1/energy.csv"
}
check compute 291
check platform 400
grep -q ',power_w,.*,counter,' compute.csv
# The package counter did wrap inside a measured window.
awk -F, '$2 == "powercap/intel-rapl:2" { if ($1 == trial && $5 < last) wraps++; trial = $1; last = $5 } END { exit wraps < 1 }' compute/power.csv
