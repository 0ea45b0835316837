# SPDX-License-Identifier: Apache-2.0
# What is well written but too large, too small, empty or no name: said as that, and what follows it is read on.
try() { "$EFFBENCH" "$@" </dev/null >/dev/null || echo "exit $?" >&2; }
cat > t.ini <<'END'
[run]
trials = 99999999999999999999999
seed = 9007199254740993
idle = -1s
pause = 1e400s
target = 1e999
name = a/b
[run]
max_time = -5
[model m]
model = file:
type = f16,, q9_0,
[model n]
model = shape:
[workload w]
kind = dense
prompt = 0,, x
output = ,
END
try run t.ini
try run t.ini --require-energy gold
mkdir dir
try run dir
: > file
printf '[model m]\nmodel = shape:tiny-llama\n[workload w]\nkind = dense\nprompt = 4\noutput = 2\n[run]\ntrials = 1\nidle = 0\ncold_start = no\n' > ok.ini
try run ok.ini --out file
try run ok.ini --set run:out=file/below
