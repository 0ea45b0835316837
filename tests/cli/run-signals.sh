# SPDX-License-Identifier: Apache-2.0
# SIGINT and SIGTERM end after writing what is finished: 130 and 143.
cat >c.ini <<'INI'
[run]
trials = 100
idle = 0
pause = 50ms
cold_start = no
[model tiny]
model = shape:tiny-mamba
type = f32
[workload a]
kind = ssm
prompt = 16
output = 16
INI
for case in INT:130 TERM:143; do
    signal=${case%:*} want=${case#*:}
    "$EFFBENCH" run c.ini --out r-$signal >out 2>err &
    pid=$!
    while [ "$(cat r-$signal/trials.jsonl 2>/dev/null | grep -c '"record":"trial"' || true)" -lt 3 ]; do sleep 0.02; kill -0 $pid; done
    kill -$signal $pid
    if wait $pid; then exit 1; else rc=$?; fi
    [ $rc = $want ]
    grep -q 'resume' err
    grep -q "interrupted" err
    "$EFFBENCH" report r-$signal >/dev/null
done
