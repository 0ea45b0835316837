# SPDX-License-Identifier: Apache-2.0
# Into a log: where the trials begin, a plain line; with `never` none, with `always` one for
# each trial. None of it on stdout.
cat >c.ini <<'INI'
[run]
engine = null
trials = 2
idle = 0
[model a]
model = shape:tiny-llama
type = f16, q8_0
[workload w]
kind = dense
prompt = 8
output = 8
INI
run() { "$EFFBENCH" run c.ini --out "$@" >"$1.out" 2>"$1.err"; }
shown() { grep -E '^(model|opening|idle|looking|\[)' "$1" || echo none; }
run auto
run never --progress never
run always --progress always
shown auto.err
echo '> never'
shown never.err
echo '> always'
shown always.err | grep '^\[' | sed 's/  [0-9.-]* *tok.*//'
for name in auto never always; do
    ! grep -q '^\[1/' $name.out || echo "progress in $name's table"
done
