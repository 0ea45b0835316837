# SPDX-License-Identifier: Apache-2.0
# A context beyond what the model was trained for is run, and said: in the dry run, when the run begins, in run.json and in
# every report of it. One within it is not.
cat >c.ini <<'INI'
[run]
trials = 1
idle = 0
cold_start = no
[model tiny]
model = shape:tiny-llama
type = f32
[model state]
model = shape:tiny-mamba
type = f32
[workload long]
kind = dense
model = tiny
prompt = 1, 2
output = 1
depth = 2046
[workload state]
kind = ssm
model = state
prompt = 2047
output = 1
INI
# 2046 + 1 + 1 is all that it was trained for, 2046 + 2 + 1 is one too many.
said="model 'tiny' was trained for a context of 2048 tokens, and 1 case goes beyond it, up to 2049 (tiny/f32/long/p2-n1-b1-d2046): "
"$EFFBENCH" run c.ini --dry-run >out
grep -qF "  warning: $said" out || { cat out; exit 1; }
[ "$(grep -c 'was trained for' out)" = 1 ]
"$EFFBENCH" run c.ini --out r --progress never >table 2>err
grep -qF "$said" err || { cat err; exit 1; }
grep -qF "$said" r/run.json
"$EFFBENCH" report r | cmp - table
for form in term md html; do "$EFFBENCH" report r --format $form | tr -s ' \n' '  ' | grep -q 'was trained for a context of 2048 tokens' || echo "not in $form"; done
# A file says it in its head.
"$EFFBENCH" model make --shape tiny-llama --type f32 -o m.gguf >/dev/null 2>&1
"$EFFBENCH" run c.ini --dry-run --set model:tiny:model=file:m.gguf --set workload:long:prompt=4 | grep -c 'up to 2051'
# The null engine has no model to ask.
[ "$("$EFFBENCH" run c.ini --dry-run --set run:engine=null | grep -c 'was trained for')" = 0 ]
