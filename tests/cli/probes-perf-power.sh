# The perf PMU `power` of two sockets: alone; beside powercap, which counts before it; and without permission, with the
# exact remedy.
. "$SRC/tests/fixtures/sysfs.sh"
power_pmu 0,28
cpu 0 0
cpu 28 1
power_event energy-pkg 0x02 0=4294967296000 28=8589934592000
power_event energy-ram 0x03 0=429496729600 28=858993459200
power_event energy-psys 0x05 0=1 28=1
"$EFFBENCH" probes --quick --sysroot "$ROOT" | sed -n '/^energy/,$p'
"$EFFBENCH" probes --quick --sysroot "$ROOT" --format json |
    grep -E '"(name|value)":.("perf_power/|[0-9])'
zone intel-rapl:0 package-0 '1000000\n' $INTEL
zone intel-rapl:1 package-1 '1000000\n' $INTEL
"$EFFBENCH" probes --quick --sysroot "$ROOT" | sed -n '/^total/,$p'
mkdir -p "$ROOT/proc/sys/kernel"
echo 2 >"$ROOT/proc/sys/kernel/perf_event_paranoid"
for count in "$ROOT"/perf/17/*; do echo '!EACCES' >"$count"; done
"$EFFBENCH" probes --quick --sysroot "$ROOT" | sed -n '/perf_power/,/stated/p'
