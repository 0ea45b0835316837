# SPDX-License-Identifier: Apache-2.0
# What an external meter of the whole system shows beside the processor's counters, in the same windows and over an idle
# baseline. METER_CMD is the command ([probes] meter, docs/energy-sources.md); METER_FORMAT watts (default) or joules;
# METER_CLASS its own error (default 2 %), which is the tolerance.
#   Judged: the whole draws no less than a part of it. Not judged: how much more, which is the rest of the machine and the
#   losses of its power supply, and nobody knows these beforehand.
skip() {
    echo "$*" >&2
    exit 77
}
[ -n "${METER_CMD:-}" ] || skip "no external meter: METER_CMD is not set"
seconds=${HW_SECONDS:-60}
class=${METER_CLASS:-2%}
export LC_ALL=C
printf '%s\n' "$METER_CMD" >meter.sh
cat >c.ini <<INI
[run]
trials = 1
idle = $((seconds / 2 + 1))s
threads = ${HW_THREADS:-0}
cold_start = no
[model load]
model = ${HW_MODEL:-shape:smollm2-135m}
[workload load]
kind = sustained
prompt = 32
output = 128
duration = ${seconds}s
[probes]
boundary = wall
meter = "exec sh meter.sh"
meter_format = ${METER_FORMAT:-watts}
meter_grade = wall
meter_class = $class
INI
rc=0
"$EFFBENCH" run c.ini --require-energy wall --format csv --out run >run.csv 2>run.err || rc=$?
[ "$rc" != 5 ] || skip "the meter gives no energy: $(grep -m1 error run.err)"
[ "$rc" = 0 ] || { cat run.err; exit 1; }
metric() {
    awk -F, -v m="$1" '$10 == m { print $11; exit }' run.csv
}
awk -v wall="$(metric energy_j)" -v package="$(metric energy_package_j)" -v dram="$(metric energy_dram_j)" \
    -v gpu="$(metric energy_gpu_j)" -v idle="$(metric idle_power_w)" -v load="$(metric power_w)" -v class="$class" 'BEGIN {
    tolerance = class ~ /%$/ ? class + 0 : 100 * class
    printf "wall meter: %.6g J, %.4g W under load, %.4g W idle\n", wall, load, idle
    if (package == "") { print "no counter of the processor to set it against"; exit 77 }
    compute = package + dram + gpu
    printf "compute (package %.6g + dram %s + gpu %s J): %.6g J; platform / compute = %.4f\n", package,
        dram == "" ? "unknown" : dram, gpu == "" ? "unknown" : gpu, compute, wall / compute
    printf "judged: the ratio is at least 1 - %g %% (METER_CLASS); not judged: by how much it is above 1\n", tolerance
    exit !(wall >= compute * (1 - tolerance / 100))
}' || { rc=$?; [ $rc != 77 ] || skip "no energy counter of the processor"; exit $rc; }
