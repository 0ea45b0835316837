# SPDX-License-Identifier: Apache-2.0
# What goes wrong around a run, each with what to do next: files that may not grow, a folder in use, a format that is none,
# an interrupt before there is anything to go on with.
try() { "$EFFBENCH" "$@" </dev/null >out || echo "exit $?" >&2; }
cat >null.ini <<'INI'
[run]
engine = null
trials = 60
[model m]
model = shape:tiny-llama
[workload w]
kind = dense
prompt = 64
output = 32
INI
(
    ulimit -f 80 # of 512 or 1024 bytes: enough to begin with, too little to end with
    try run null.ini --raw --progress never --out limited
)
flock limited/trials.jsonl "$EFFBENCH" run --resume limited >out || echo "exit $?" >&2
"$EFFBENCH" run --resume limited >out 2>err # (what a limit cut off is gone on with)
grep -q "60 trials each" out
try run null.ini --format xml
try run null.ini --format cvs
: >file
try run null.ini --out file
# Interrupted before the first trial: no energy is known, which is not for want of a source.
"$EFFBENCH" run null.ini --out idle --set run:engine=native --set run:idle=60s --set run:cold_start=no \
    --set probes:stated_load_w=15 --set probes:stated_source=x --set probes:stated_date=2026-01-31 >out 2>err &
pid=$!
while ! grep -q '"header"' idle/trials.jsonl 2>/dev/null; do kill -0 $pid; sleep 0.02; done
kill -INT $pid
wait $pid || echo "exit $?" >&2
grep -q 'nothing was measured' out
! grep -q 'No energy source' out
# Interrupted while the probes wait for a meter that says nothing: there is no folder yet.
for signal in INT TERM; do
    "$EFFBENCH" run null.ini --out early --set run:engine=native --set probes:meter='touch begun; sleep 60' \
        --set probes:sources=meter >out 2>err &
    pid=$!
    while ! [ -e begun ]; do kill -0 $pid; sleep 0.02; done
    rm begun
    kill -$signal $pid
    wait $pid || echo "exit $?"
    cat err
    ! [ -e early ]
done >&2
