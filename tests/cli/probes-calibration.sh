# SPDX-License-Identifier: Apache-2.0
# What a look at the counters finds: a tree in which nothing moves, and one in which some do.
. "$SRC/tests/fixtures/sysfs.sh"
. "$SRC/tests/fixtures/run.sh"
zone intel-rapl:0 package-0 '9000001\n' $INTEL
zone intel-rapl:0:0 dram '7\n' $DRAM
mask() { sed -E 's/  +[0-9.]+ [num]s  / (cost)  /; s/^(calibration) .*/\1/'; }
"$EFFBENCH" probes --sysroot "$ROOT" | sed -n '/^energy/,$p' | mask
"$EFFBENCH" probes --sysroot "$ROOT" --format json | grep '"live"\|"note"'

counters "$PWD/live" intel-rapl:0,package-0,60,262143328850,0 intel-rapl:1,package-1,0,262143328850,0
"$EFFBENCH" probes --sysroot live | sed -n '/^energy/,$p' >out
grep -q 'package-1 .* no: does not move' out
grep -q 'intel-rapl:1 .* does not move: stood still for more than 0.25 s' out
grep -q '^total (boundary compute) = package-0, grade counter' out
# The writer writes each 0.5 ms and takes its time: more than the stated 1 ms is what a loaded machine does to it.
"$EFFBENCH" probes --sysroot live --format json >json
awk '/"name":.*intel-rapl:0"/ { here = 1 } here && /"read_ns"/ { r = $2 + 0 } here && /"live"/ { live = $2; exit } END { exit !(r > 0 && live ~ /moves/) }' json
