# SPDX-License-Identifier: Apache-2.0
# Counters that fail, before a run and in its middle: no joules that are 0 or made up, exit 5 where a counter is required,
# and the cause on stderr.
. "$SRC/tests/fixtures/sysfs.sh"
. "$SRC/tests/fixtures/run.sh"
{
    tiny trials=4 idle=0
    dense prompt=16 output=256
} >c.ini
runs=0
# refused CAUSE OPTION...: the run ends with 5 and names the cause on stderr
refused() {
    cause=$1 rc=0 runs=$((runs + 1))
    shift
    $as "$EFFBENCH" run c.ini --sysroot "$ROOT" --require-energy counter --out r$runs "$@" >out 2>err || rc=$?
    [ $rc = 5 ] || { echo "$cause: exit $rc"; cat err; exit 1; }
    grep -q -- "$cause" err || { echo "no '$cause' in:"; cat err; exit 1; }
    [ ! -e r$runs/trials.jsonl ]
}
as=
counter=$ROOT/sys/class/powercap/intel-rapl:0/energy_uj
zone intel-rapl:0 package-0 '5000000\n' $INTEL
for text in '' 'garbage\n' '12 apples\n' '-5\n' '99999999999999999999999\n'; do
    printf -- "$text" >"$counter"
    refused 'intel-rapl:0/energy_uj: is empty or holds no number: the driver does not deliver'
done
rm "$counter"
refused 'intel-rapl:0/energy_uj: No such file or directory: the zone has no energy counter'
printf '5\n' >"$counter"
chmod 000 "$counter"
# Root reads it all the same, unless it does without what makes it do so.
drop='setpriv --bounding-set=-dac_override,-dac_read_search'
[ "$(id -u)" != 0 ] || as=$drop
if [ -z "$as" ] || { $as true 2>/dev/null && ! $as cat "$counter" 2>/dev/null; }; then
    refused 'intel-rapl:0/energy_uj: Permission denied (mode 0000; only root may read it since CVE-2020-8694)'
fi
as=
rm -r "$ROOT/sys"
power_pmu 0
for errno in EACCES:'Permission denied (kernel.perf_event_paranoid' EINVAL:'on CPU 0' EIO:'Input/output error' ENODEV:'its CPU is offline'; do
    power_event energy-pkg 0x02 "0=!${errno%%:*}"
    refused "power/energy-pkg on CPU 0: .*\|${errno#*:}"
    grep -q -- "${errno#*:}" err
done
rm -r "$ROOT/sys" "$ROOT/perf"
amdgpu 0 3 0000:03:00.0
put sys/class/hwmon/hwmon3/power1_average 'garbage\n'
refused 'amdgpu: 1 of 1 boards cannot be read: card0 (0000:03:00.0): power1_average is empty or holds no number'
supply BAT0 Battery
put sys/class/power_supply/BAT0/status 'Charging\n'
put sys/class/power_supply/BAT0/power_now '9000000\n'
refused "BAT0/status is 'Charging'" --set probes:boundary=platform
rm -r "$ROOT"

# Some of it reads: the sum of that is not the energy of the boundary.
parts="boundary 'compute' has parts that are there and not measured"
zone intel-rapl:0 package-0 '5000000\n' $INTEL
zone intel-rapl:1 package-1 'garbage\n' $INTEL
refused "$parts: powercap/intel-rapl:1 (package-1) cannot be read: is empty or holds no number\$"
rm -r "$ROOT"
zone intel-rapl:0 package-0 '5000000\n' $INTEL
chip 4 i915 pci/0000:03:00.0 'PCI_SLOT_NAME=0000:03:00.0'
put sys/class/hwmon/hwmon4/energy1_input '\n'
refused "$parts: hwmon/i915@0000:03:00.0/energy1 (energy1) cannot be read: energy1_input is empty or holds no number\$"
"$EFFBENCH" probes --sysroot "$ROOT" --quick | grep -q '^not measured: dram, energy1$'
# The processor does not read and the GPU does; another source of the same package stands for it.
put sys/class/hwmon/hwmon4/energy1_input '7000000\n'
echo garbage >"$counter"
refused "$parts: powercap/intel-rapl:0 (package-0) cannot be read"
"$EFFBENCH" run c.ini --sysroot "$ROOT" --out rest >out 2>/dev/null
tr -s '\n ' ' ' <out >text
grep -q 'powercap/intel-rapl:0 (package-0) cannot be read: is empty or holds no number; its part of the energy is missing' text
cpu 0 0
power_pmu 0
power_event energy-pkg 0x02 0=4294967296
"$EFFBENCH" probes --sysroot "$ROOT" --quick | grep -q '^total (boundary compute) = package-0 + energy1, grade counter$'
"$EFFBENCH" probes --sysroot "$ROOT" --quick | grep -q '^not measured: dram$'
rm -r "$ROOT"

# In the middle, of which the pauses between the trials leave enough: the run is whole but for its joules.
middle() {  # middle CAUSE COMMAND
    runs=$((runs + 1)) rc=0
    counters "$ROOT" intel-rapl:0,package-0,50,262143328850,262143000000 intel-rapl:0:0,dram,5,65712999613,0
    "$EFFBENCH" run c.ini --sysroot "$ROOT" --require-energy counter --set run:pause=500ms --out r$runs >out 2>err &
    run=$!
    while kill -0 $run && ! [ -s r$runs/trials.jsonl ]; do sleep 0.02; done
    stop_counters
    eval "$2"
    wait $run || rc=$?
    [ $rc = 5 ] || { echo "$1: exit $rc"; cat err; exit 1; }
    grep -q -- "$1" err || { echo "no '$1' in:"; cat err; exit 1; }
    "$EFFBENCH" report r$runs --format csv | awk -F, '$10 == "energy_j" || $10 == "j_per_tok" { n++; if ($11 != "" || $16 != "none") { print; bad = 1 } }
        $10 == "throughput_tok_s" { tokens = $11 } END { exit bad || n != 2 || tokens <= 0 }'
    rm -r "$ROOT"
}
middle 'cause: .*powercap/intel-rapl:0 has gone: No such file or directory' 'rm -r "$ROOT/sys/class/powercap/intel-rapl:0"'
middle 'cause: .*powercap/intel-rapl:0: .* readings failed: is empty or holds no number' 'echo garbage >"$counter"'
middle 'cause: .*powercap/intel-rapl:0: .* readings failed: is empty or holds no number' ': >"$counter"'
