# SPDX-License-Identifier: Apache-2.0
# kill -9 in the middle; --resume ends the run with every trial once, and the finished ones as they were. Then a changed plan is refused.
cat >c.ini <<'INI'
[run]
threads = 1
trials = 8
idle = 100ms
pause = 100ms
cold_start = no
[model tiny]
model = shape:tiny-llama
type = f32, q8_0
[workload a]
kind = dense
prompt = 32
output = 32
INI
trials() { cat r/trials.jsonl 2>/dev/null | grep -c '"record":"trial"' || true; }
"$EFFBENCH" run c.ini --out r --set workload:a:output=48 >/dev/null 2>&1 &
pid=$!
while [ "$(trials)" -lt 5 ]; do sleep 0.02; kill -0 $pid; done
kill -9 $pid
wait $pid 2>/dev/null || true
size=$(grep -b '"record":"trial"' r/trials.jsonl | tail -n1 | cut -d: -f1)   # all before the last line is surely whole
head -c "$size" r/trials.jsonl >before
[ "$(trials)" -lt 16 ]
"$EFFBENCH" report r --format json | grep -q '"complete":[[:space:]]*false'
# (the note, which changes nothing that is measured, is not the setting that is named)
if "$EFFBENCH" run --resume r --set run:name=other --set run:seed=5 >/dev/null 2>err; then echo "changed plan taken"; exit 1; else rc=$?; fi
[ $rc = 1 ]
grep -q "plan.*seed was" err
"$EFFBENCH" run --resume r >out 2>err
head -c "$size" r/trials.jsonl | cmp - before
# 2 cases x 8 rounds, each once.
[ "$(grep '"record":"trial"' r/trials.jsonl | grep -o '"case":[^,]*,\|"round":[0-9]*' | paste -sd' \n' | sort | uniq | wc -l)" = 16 ]
[ "$(trials)" = 16 ]
"$EFFBENCH" report r >again
cmp out again
# A complete run has nothing left to do: it says so, shows the same, and its raw files stay as they are.
cp r/trials.jsonl before
"$EFFBENCH" run --resume r >third 2>err
grep -q "complete; nothing is measured again" err
cmp third again
cmp before r/trials.jsonl
