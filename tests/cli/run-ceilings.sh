# SPDX-License-Identifier: Apache-2.0
# The machine's ceilings are measured once and kept; the result says when, and whether they were kept. A damaged file is
# measured anew with a warning.
. "$SRC/tests/fixtures/run.sh"
export XDG_CACHE_HOME=$PWD/cache
{
    tiny trials=1 idle=0
    dense prompt=16 output=8
    printf '[probes]\ncalibrate = off\n'
} >c.ini
mkdir root
run() {
    name=$1
    shift
    "$EFFBENCH" run c.ini --sysroot root --out "$name" "$@" >"$name.out" 2>"$name.err"
    "$EFFBENCH" report "$name" --format json >"$name.json"
}
fact() { tr -d ' \n\t' <"$1.json" | grep -o "\"$2\":\"[^\"]*\"" | head -1; }
run first
[ "$(fact first ceiling_cached)" = '"ceiling_cached":"no"' ]
ls cache/effbench/ceilings-*.json >/dev/null
run second
[ "$(fact second ceiling_cached)" = '"ceiling_cached":"yes"' ]
for key in read_bandwidth_bytes_s flop_s ceiling_measured_utc; do
    [ -n "$(fact first $key)" ]
    [ "$(fact first $key)" = "$(fact second $key)" ]
done
run off --set run:ceilings=off
[ -z "$(fact off ceiling_measured_utc)$(fact off flop_s)" ]
"$EFFBENCH" report off --format csv | grep 'bw_frac' | grep -q 'not measured'
echo '{' >"$(ls cache/effbench/ceilings-*.json)"
run damaged
[ "$(fact damaged ceiling_cached)" = '"ceiling_cached":"no"' ]
grep -q 'ceilings kept in' damaged.json
