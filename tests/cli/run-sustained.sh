# SPDX-License-Identifier: Apache-2.0
# A sustained run on a tree whose temperature and frequency change while it goes on: the point where the machine
# throttles is found within one window of the change, with its reason; on a steady tree none is found; without a thermal
# source it is unknown. The course has the writer's watts, degrees and hertz.
. "$SRC/tests/fixtures/run.sh"
counters "$PWD/root" intel-rapl:0,package-0,40,262143328850,262143000000
heat=
trap 'kill $writer $heat 2>/dev/null || true; wait 2>/dev/null || true' EXIT
mkdir -p root/sys/class/thermal/thermal_zone0
echo x86_pkg_temp >root/sys/class/thermal/thermal_zone0/type
echo passive >root/sys/class/thermal/thermal_zone0/trip_point_0_type
echo 95000 >root/sys/class/thermal/thermal_zone0/trip_point_0_temp
cpus=sys/devices/system/cpu

{
    tiny trials=1 idle=0
    printf '[workload hold]\n'
    keys kind=sustained prompt=16 output=64 duration=10s window=1s
    printf '[probes]\nsources = powercap, thermal\n'
} >c.ini
# held NAME FILE=...: a run while heat_writer writes the files; their change comes 4 s after the trial began.
held() {
    name=$1
    shift
    : >heat.out
    DELAY_S=4 "$TESTBIN/heat_writer" "$PWD/root" 300 "$@" >heat.out &
    heat=$!
    while ! grep -q ready heat.out; do sleep 0.05; done
    "$EFFBENCH" run c.ini --sysroot root --progress always --out "$name" $more >$name.txt 2>$name.err &
    run=$!
    while kill -0 $run 2>/dev/null && ! grep -q 'trial 1 of' $name.err; do sleep 0.05; done
    kill -USR1 $heat
    wait $run || { cat $name.err; exit 1; }
    kill $heat
    wait $heat || true
    heat=
    tr -s '\n ' ' ' <$name.txt >text
}
field() {  # field KEY: of the first trial in run.json
    sed -n "/\"sustained\":.*\[{/,\$p" $name/run.json | sed -n "s/^[[:space:]]*\"$1\":[[:space:]]*\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" | sed -n 1p
}

more=
held hot sys/class/thermal/thermal_zone0/temp=61000~300:96500:1 $cpus/cpu0/cpufreq/scaling_cur_freq=3200000~20000:1900000 \
    $cpus/cpu1/cpufreq/scaling_cur_freq=3200000~20000:1900000 \
    $cpus/cpu0/thermal_throttle/core_throttle_count=7:9 $cpus/cpu0/thermal_throttle/package_throttle_count=2
[ "$(field throttled)" = yes ]
began=$(sed -n 's/.*"trial":1,.*"t_start_ns":"\([0-9]*\)".*/\1/p' hot/trials.jsonl)
awk -v at="$(field at_s)" -v began="$began" -v change="$(sed -n 's/^change //p' heat.out)" 'BEGIN {
    wanted = (change - began) / 1e9
    if (at - wanted > 1 || wanted - at > 1) { print "throttles at " at " s, changed at " wanted " s"; exit 1 }
}'
awk -v s="$(field throttled_s)" -v at="$(field at_s)" 'BEGIN { exit !(s > 3 && s < 10.7 - at) }' # to the end
grep -q 'sustained tiny f32, trial 1, .* s: throttles from .* s on, .* the frequency fell to as low as [56][0-9] % of its start, the throttle counters went up, the temperature reached the trip point' text
grep -q 'throttled$' hot.txt
grep -q '^## Over time: tiny f32, trial 1$' hot/report.md
# The course: rows of a second, the writer's figures before and after, the counter's two steps in one window.
awk -F, 'NR > 1 {
    n++
    tokens += $6
    if ($5 < 0.9 || $5 > 1.7) bad = "length " $5
    if (!($7 > 0 && $8 > 0) || $9 != "decode") bad = "speed " $0
    # A writer that had to wait for a CPU makes a window less certain, and that is what the half-width says.
    off = $12 > 40 ? $12 - 40 : 40 - $12
    if ((off > 2 && off > 2 * $11) || $13 != "counter" || !($11 > 0)) bad = "power " $0
    certain += $11 < 2
    if ($19 $20 $21 != "\"powercap\"\"package-0\"\"without dram\"") bad = "from " $0
    if ($15 != 95) bad = "trip point " $15
    if (NR == 2 && ($14 < 60 || $14 > 62 || $16 < 3.15e9 || $16 > 3.25e9)) bad = "start " $0
    last = $0
    counted += $17
    onset += $18 == "yes"
}
END {
    split(last, f, ",")
    if (n < 9 || n > 12) bad = n " windows"
    if (certain < n / 2) bad = certain " of " n " windows are certain to 2 W"
    if (f[14] < 96 || f[14] > 97 || f[16] < 1.85e9 || f[16] > 1.95e9 || f[18] != "yes") bad = "end " last
    if (counted != 2) bad = "counted " counted
    if (bad) { print bad; exit 1 }
    print tokens > "tokens"
}' hot/sustained.csv
awk -v want="$(awk 'NR > 1' hot/tokens.csv | wc -l)" '{ exit !($1 - want < 1 && want - $1 < 1) }' tokens
# Derived: made again from the raw files, equal to the byte.
cp hot/sustained.csv before.csv
rm hot/sustained.csv
"$EFFBENCH" report hot >report.txt
cmp before.csv hot/sustained.csv
cmp hot.txt report.txt

more='--set workload:hold:duration=5s --set workload:hold:window=500ms'
held steady sys/class/thermal/thermal_zone0/temp=71000~2000 $cpus/cpu0/cpufreq/scaling_cur_freq=3200000~60000 \
    $cpus/cpu1/cpufreq/scaling_cur_freq=3200000~60000 $cpus/cpu0/thermal_throttle/core_throttle_count=9
[ "$(field throttled)" = no ]
[ "$(field at_s)" = null ]
grep -q 'does not throttle: the frequency stayed within .* % of its start, the throttle counters stood still' text
if grep -q ',yes,"' steady/sustained.csv; then echo 'a throttled window on a steady tree'; exit 1; fi

rm -r root/sys/class/thermal root/$cpus
"$EFFBENCH" run c.ini --sysroot root --set workload:hold:duration=1s --set workload:hold:window=0 --out none 2>/dev/null |
    tr -s '\n ' ' ' >text
name=none
[ "$(field throttled)" = unknown ]
grep -q 'whether it throttles is unknown: no temperature, no frequency and no throttle counter' text
