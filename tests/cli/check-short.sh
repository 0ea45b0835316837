# SPDX-License-Identifier: Apache-2.0
# What others took of the CPU in a trial of less than 0.2 s is not known, and a gate of such trials says so.
cat >tiny.ini <<'END'
[run]
trials = 4
trials_max = 4
idle = 0
cold_start = no
ceilings = off
threads = 1
[probes]
calibrate = off
[model m]
model = shape:tiny-llama
type = f32
[workload chat]
kind = dense
prompt = 4
output = 4
END
for side in a b; do
    "$EFFBENCH" run tiny.ini --raw --progress never --out $side >log 2>&1 || { cat log; exit 1; }
    "$EFFBENCH" run "$SRC/configs/null.ini" --raw --progress never --out null-$side >log 2>&1 || { cat log; exit 1; }
done
note() {  # note EXPECTED ARGUMENT...
    expected=$1
    shift
    "$EFFBENCH" check "$@" --json check.json >out 2>err || [ $? -ge 3 ]
    n=$(grep -c 'trials of less than 0.2 s: whether other processes' check.json || :)
    [ "$n" = "$expected" ] || { echo "check $*: $n notes, not $expected"; cat out err; exit 1; }
    ! grep ' $' out
}
note 1 --base a --cand b
grep -q '^note .*trials of less than 0.2 s' out
note 1 --base a --cand b --ignore steal
note 0 --base a --cand b --ignore load,steal
note 0 --base null-a --cand null-b
