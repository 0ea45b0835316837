# SPDX-License-Identifier: Apache-2.0
# GPUs through a stand-in for NVIDIA's library: boards with an energy counter and without, what none of them offers, a
# board that is lost in the middle of a run.
. "$SRC/tests/fixtures/meter.sh"
sed -i '/^meter/d; s/^boundary.*/boundary = compute/' c.ini
echo 'sources = nvml' >>c.ini
# Windows of several of the 100 ms that a reading of NVML is taken to be old at most: in a window of one of them the mean power
# is not known to the 3 % that are asked below.
sed -i "s/^output.*/output = $(tokens 3000 500)/" c.ini
export LD_LIBRARY_PATH="$TESTBIN/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FAKE_NVML="$PWD/boards"
nvml() { cat >boards.new; mv boards.new boards; }
run() { rc=0; rm -rf r; "$EFFBENCH" run c.ini --out r "$@" >out 2>err || rc=$?; tr -s '\n ' ' ' <out >text; }
near() { awk -v w="$(value power_w)" -v want="$1" 'BEGIN { exit !(w > want * 0.97 && w < want * 1.03) }' || fail "power $(value power_w), wanted $1"; }

nvml <<'END'
init ok
count ok 2
name:0 ok NVIDIA Board One
name:1 ok NVIDIA Board Two
pci:0 ok 00000000:41:00.0
pci:1 ok 00000000:C1:00.0
energy:0 watts 100
energy:1 watts 60
END
run --require-energy counter
[ $rc = 0 ] || fail "exit $rc"
near 160
grep -q 'energy boundary compute = NVIDIA Board One + NVIDIA Board Two' text || fail 'not both'
grep -q '00000000:c1:00.0\|00000000:C1:00.0' r/run.json || fail 'no address'

# Power where there is no energy; a board that has neither is named.
nvml <<'END'
init ok
count ok 2
name:0 ok NVIDIA Board One
name:1 ok NVIDIA Board Two
power:0 ok 75000
END
run
[ $rc = 0 ] || fail "exit $rc"
near 75
grep -q 'nvml measures a part only: GPU 1 NVIDIA Board Two: energy and power: the board does not offer it (NOT_SUPPORTED)' text || fail 'not named'
grep -q 'energy boundary compute = NVIDIA Board One; source nvml, coverage without package, dram, NVIDIA Board Two;' text || fail 'the sum looks whole'
lacks() {  # lacks GRADE TEXT: what is required is not to be had of the whole, and no trial is run
    run --require-energy "$1"
    [ $rc = 5 ] || fail "exit $rc"
    grep -q "energy of grade '$1' is required and $2" err || fail "not said: $2"
    [ ! -e r/trials.jsonl ] || fail 'a trial was run'
}
two="nvml/1 (NVIDIA Board Two) cannot be read: energy and power: the board does not offer it (NOT_SUPPORTED)"
lacks sampled "boundary 'compute' has parts that are there and not measured: $two\$"
lacks counter "only 'sampled' is to be had for boundary 'compute': nvml: GPU 1 NVIDIA Board Two: energy and power: the board does not offer it (NOT_SUPPORTED)"
run --require-energy estimate
[ $rc = 0 ] || fail "exit $rc"

# One counts, the other does not: neither whole nor silent. Two of one name are told apart.
some() { nvml <<END
init ok
count ok 3
name:0 ok NVIDIA Board
name:2 ok NVIDIA Board
energy:0 watts 75
handle:1 fails 4
energy:2 fails 15
END
}
some
run
[ $rc = 0 ] || fail "exit $rc"
near 75
grep -q 'energy boundary compute = NVIDIA Board; source nvml, coverage without package, dram, GPU 1, NVIDIA Board (nvml/2);' text || fail 'the sum looks whole'
"$EFFBENCH" report r --format json | tr -s ' \n\t' ' ' >json
grep -q '"missing": "package, dram, GPU 1, NVIDIA Board (nvml/2)"' json || fail 'missing'
grep -q '"name": "nvml/1".*"grade": "none".*"note": "cannot be read: nvmlDeviceGetHandleByIndex: no permission (NO_PERMISSION)"' json || fail 'no channel'
! grep -q '^[^,]*,nvml/[12],' r/power.csv || fail 'rows of what cannot be read'
lacks counter "boundary 'compute' has parts that are there and not measured: nvml/1 (GPU 1) cannot be read: nvmlDeviceGetHandleByIndex: no permission (NO_PERMISSION); nvml/2 (NVIDIA Board) cannot be read: energy: the board has fallen off the bus (GPU_IS_LOST)\$"
"$EFFBENCH" probes c.ini --quick >out
grep -q '^  nvml/1  *GPU 1  *gpu .* none  *no: cannot be read$' out || fail 'not listed'
grep -q '^not measured: package, dram, GPU 1, NVIDIA Board (nvml/2)$' out || fail 'not named by probes'

reason() {  # reason LINES TEXT: what is said where nothing can be measured
    echo "$1" | nvml
    run --require-energy counter
    [ $rc = 5 ] || fail "exit $rc"
    grep -q "only 'none' is to be had for boundary 'compute': nvml: $2" err || fail "not said: $2"
}
reason 'init fails 9' 'nvmlInit: the kernel driver is not loaded (DRIVER_NOT_LOADED)'
reason 'init fails 18' 'nvmlInit: library and kernel driver are of different versions'
reason 'init ok
count ok 0' 'the library finds no board'
reason 'init ok
count ok 1' 'GPU 0: energy and power: the board does not offer it (NOT_SUPPORTED)'
reason 'init ok
count ok 1
handle:0 fails 4' 'GPU 0: nvmlDeviceGetHandleByIndex: no permission (NO_PERMISSION)'
reason 'init ok
count ok 1
energy:0 fails 15' 'GPU 0: energy: the board has fallen off the bus (GPU_IS_LOST)'
# A counter that never moves is no counter.
printf 'init ok\ncount ok 1\nenergy:0 ok 5000\n' | nvml
run --require-energy counter
[ $rc = 5 ] || fail "exit $rc"
grep -q 'nvml/0 does not move' err || fail 'not dead'

# Lost between two trials; then reset between two (the driver was loaded anew).
lose() { until grep -q '"record":"trial"' r/trials.jsonl 2>/dev/null; do sleep 0.02; done; nvml; }
healthy() { printf 'init ok\ncount ok 1\nname:0 ok NVIDIA Board One\nenergy:0 watts 100\n' | nvml; }
healthy
rm -rf r
printf 'init ok\ncount ok 1\nenergy:0 fails 15\n' | lose &
run --require-energy counter
wait
[ $rc = 0 ] || fail "exit $rc"
joules >j
awk 'NR == 1 && $2 <= 0 { exit 1 } NR > 1 && $2 != "" { exit 1 } END { exit NR != 3 }' j || { cat j; fail 'joules'; }
grep -q 'nvml: GPU 0 NVIDIA Board One: the board has fallen off the bus (GPU_IS_LOST)' text || fail 'no reason'
grep -q 'nvml/0 has gone: the board has fallen off the bus' text || fail 'not said of the trial'
healthy
rm -rf r
printf 'init ok\ncount ok 1\nenergy:0 watts 0.001\n' | lose &
run
wait
[ $rc = 0 ] || fail "exit $rc"
joules >j
awk '$2 != "" && $2 < 0 || $2 > 100000 { exit 1 } END { exit NR != 3 }' j || { cat j; fail 'joules'; }

# Another machine's tree is not asked about this machine's boards.
"$EFFBENCH" probes c.ini --sysroot root --quick | tr -s '\n ' ' ' | grep -q 'nvml no device the library speaks of the machine itself, not of a rooted tree' || fail 'asked the machine'
