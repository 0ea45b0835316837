# SPDX-License-Identifier: Apache-2.0
# A load that is not kept up with spoils its pair, whichever side it is on: latencies of a queue that only grows are no
# measurement. Ignored, they count; two folders are treated alike.
. "$SRC/tests/fixtures/run.sh"
mkdir tmp
export TMPDIR="$PWD/tmp"
load() {
    scripted trials=6
    served w rate="$1" requests=200 output=32
    noiseless
}
load 3 >calm.ini
load 200 >flooded.ini
gate() {
    rc=0
    "$EFFBENCH" check --seed 1 --json check.json --metrics itl_ns "$@" >out 2>&1 || rc=$?
    "$TESTBIN/check_json" "$SRC/docs/check.schema.json" check.json
    echo "exit $rc, $(grep -o '"spoilt_pairs":[^,]*' check.json | tr -d '\t')"
    tr -s ' \n' ' ' <out | grep -o 'invalid [0-9]* of.*' | sed 's/level base .*/level/'
}
echo "kept up with"
gate calm.ini
echo "not kept up with"
gate flooded.ini
echo "ignored"
gate flooded.ini --ignore level
echo "one side"
gate calm.ini --base-set null:decode_step=400ms
gate calm.ini --cand-set null:decode_step=400ms
echo "folders"
"$EFFBENCH" run flooded.ini --out r >/dev/null 2>&1
cp -r r s
gate --base r --cand s
gate --base r --cand s --ignore level
# The maximum that a curve has found is where it just does not fall behind: no trouble. A level below it, or a rate that was asked
# for, is one, with the advice that fits.
{
    scripted trials=1
    printf '[workload curve]\nkind = load\nmode = curve\nlevel = 30s\nbatch = 8\nprompt = 128\noutput = 32\n'
    noiseless
} >curve.ini
behind() {
    "$EFFBENCH" run curve.ini --out c "$@" >/dev/null 2>&1
    awk -F, 'NR > 1 && $12 == "no" { printf " %s %%", $4 } END { print " missed" }' c/load.csv
    rm -r c
}
echo "the maximum found"
behind --set run:seed=11
gate curve.ini --set run:seed=11
echo "a level below it"
behind --set run:seed=4
gate curve.ini --set run:seed=4
echo "a curve up to a rate"
behind --set run:seed=11 --set workload:curve:rate=5
gate curve.ini --set run:seed=11 --set workload:curve:rate=5
"$EFFBENCH" check calm.ini --ignore levels 2>&1 | head -n 1
