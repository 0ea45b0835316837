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
"$EFFBENCH" check calm.ini --ignore levels 2>&1 | head -n 1
