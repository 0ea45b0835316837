# SPDX-License-Identifier: Apache-2.0
# No energy source: the run goes on, joules are `none` and never 0; asked for with --require-energy it is exit 5.
. "$SRC/tests/fixtures/run.sh"
mkdir root
{
    tiny trials=2 idle=0
    dense prompt=16 output=8
} >c.ini
"$EFFBENCH" run c.ini --sysroot root --out r >out 2>err
[ "$(grep -c 'effbench probes' out)" -ge 1 ]
"$EFFBENCH" report r --format csv | awk -F, '$10 == "energy_j" || $10 == "j_per_tok" || $10 == "tok_per_j" { if ($11 != "" || $16 != "none") { print; exit 1 } n++ } END { exit n != 3 }'
if "$EFFBENCH" run c.ini --sysroot root --out r2 --require-energy counter >out 2>err; then exit 1; else rc=$?; fi
[ $rc = 5 ]
grep -q "counter" err
# Only what could have joules is named as the reason that there are none, and no reason is cut in the middle.
grep -q "powercap: " err
! grep -q "papi: \|process: \|counters: \|thermal: " err
long=$(printf '%0200d' 0)
"$EFFBENCH" run c.ini --sysroot root --out r3 --require-energy counter --set "probes:meter=echo $long >&2; exit 3" >out 2>err || [ $? = 5 ]
grep -q '^effbench: error: .*: meter: .*; [.][.][.]$' err
[ ! -e r2/trials.jsonl ]
