# SPDX-License-Identifier: Apache-2.0
# The checks on real hardware, here on a tree of counters that a writer advances, with a perf that counts by the clock:
# they pass where figures agree, fail where perf is off by 5 %, and skip with the reason where something is missing.
nice -n -10 "$TESTBIN/rapl_writer" "$PWD/root" 0 intel-rapl:0,package-0,100,262143328850,262143000000 \
    intel-rapl:1,package-1,60,262143328850,1000 intel-rapl:0:0,dram,7,65712999613,0 >rapl.out 2>rapl.err &
rapl=$!
trap 'kill $rapl 2>/dev/null || true; wait 2>/dev/null || true' EXIT
while ! grep -q ready rapl.out; do sleep 0.05; done
export EFFBENCH_SYSROOT="$PWD/root" HW_SECONDS=${SLOW:+4} HW_MODEL=shape:tiny-llama HW_THREADS=1

# perf stat of packages that draw $FAKE_W together: a line per step of 100 ms while the command runs.
mkdir bin
cat >bin/perf <<'SH'
#!/bin/sh
case "$*" in
*-I*) ;;
*) echo "${FAKE_PROBE:-1.23,Joules,power/energy-pkg/,1000,100.00,,}" >&2; exit ${FAKE_RC:-0} ;;
esac
while [ "$1" != -- ]; do shift; done
shift
start=$(date +%s%N)
"$@" 3>&- &
child=$!
last=$start
while kill -0 $child 2>/dev/null; do
    sleep 0.1
    now=$(date +%s%N)
    awk -v from=$last -v to=$now -v start=$start -v w="$FAKE_W" 'BEGIN {
        printf "%16.9f,%.6f,Joules,power/energy-pkg/,%d,100.00,,\n", (to - start) / 1e9, w * (to - from) / 1e9, to - from }' >&3
    last=$now
done
SH
chmod +x bin/perf
check() {  # check NAME SCRIPT: its exit status
    rc=0
    mkdir "$1"
    (cd "$1" && PATH="$OLDPWD/bin:$PATH" sh -eu "$SRC/tests/hw/$2") >$1.out 2>$1.err || rc=$?
    echo $rc
}
says() {  # says PATTERN FILE
    grep -q -- "$1" $2 || { echo "$2 does not say $1:"; cat $2; exit 1; }
}
export FAKE_W=160
HW_SECONDS=${HW_SECONDS:-2}
[ "$(check agrees perf-energy.sh)" = 0 ] || { cat agrees.out agrees.err; exit 1; }
says '^package energy of [24] s of load, median of 3: effbench [36][0-9.]* J (powercap), perf stat [36][0-9.]* J: [+-]0\.[0-9]* %, tolerance 1 %$' agrees.out
HW_SECONDS=1
FAKE_W=168
[ "$(check above perf-energy.sh)" = 1 ]
says ': -\([2-9]\|[1-9][0-9]\)\.[0-9]* %, tolerance 1 %' above.out
FAKE_W=152
[ "$(check below perf-energy.sh)" = 1 ]
says ': +\([2-9]\|[1-9][0-9]\)\.[0-9]* %, tolerance 1 %' below.out
# perf that may not count, or has nothing to
FAKE_RC=129 FAKE_PROBE="event syntax error: Cannot find PMU \`power'. Missing kernel support?"
export FAKE_RC FAKE_PROBE
[ "$(check no-pmu perf-energy.sh)" = 77 ]
says "Cannot find PMU \`power' (needs RAPL and root" no-pmu.err
FAKE_RC=0 FAKE_PROBE='<not supported>,Joules,power/energy-pkg/,0,100.00,,'
[ "$(check not-supported perf-energy.sh)" = 77 ]
says 'power/energy-pkg/: <not supported>' not-supported.err
unset FAKE_RC FAKE_PROBE
# effbench that has no counter
mkdir empty
EFFBENCH_SYSROOT=$PWD/empty
[ "$(check no-counter perf-energy.sh)" = 77 ]
says "effbench has no energy counter here: .*required" no-counter.err
# The meter: set, and agreeing with 240 W for a machine whose processors draw 167; then one that shows less than they do.
EFFBENCH_SYSROOT=$PWD/root
unset METER_CMD
[ "$(check no-meter wall-meter.sh)" = 77 ]
says 'METER_CMD is not set' no-meter.err
ratio() {  # ratio NAME LEAST MOST: 240 / 167 = 1.44 and 120 / 167 = 0.72, as far as a loaded machine's clock lets a second tell
    awk -v least=$2 -v most=$3 -F' = ' '/platform \/ compute/ { n++; if ($2 < least || $2 > most) exit bad = 1 } END {
        if (bad || n != 1) { print FILENAME ": " $0; exit 1 }
    }' $1.out
}
METER_CMD='while :; do echo 240; sleep 0.05; done'
export METER_CMD
[ "$(check meter wall-meter.sh)" = 0 ] || { cat meter.out meter.err; exit 1; }
ratio meter 1.3 1.6
says '^judged: ' meter.out
METER_CMD='while :; do echo 120; sleep 0.05; done'
[ "$(check wrong-meter wall-meter.sh)" = 1 ]
ratio wrong-meter 0.6 0.85
# The real thing, wherever this runs: figures and verdicts, or the reason why there are none.
unset EFFBENCH_SYSROOT METER_CMD
"$SRC/tests/hw/run" >real || [ $? = 1 ]
[ "$(grep -c '^PASS \|^FAIL \|^SKIP [a-z-]*: ..' real)" = 2 ]
says '^SKIP wall-meter: no external meter' real
