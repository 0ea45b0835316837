# SPDX-License-Identifier: Apache-2.0
# The verdict of an earlier gate does not outlive one that ends without a verdict; what is no verdict of ours does.
quiet="--set null:run_noise=0.001 --set null:drift=0 --set null:outliers=0 --set null:token_noise=0.001 --set null:watts_noise=0.001"
there() { for f in check.xml check.json out/check.json; do [ -e $f ] && echo "$f is there" || echo "$f is gone"; done; }
"$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 $quiet --out out --json check.json --junit check.xml >/dev/null 2>&1 || echo "exit $?"
there
cp check.xml was.xml
cp check.json was.json
again() { cp was.xml check.xml; cp was.json check.json; cp was.json out/check.json; }
printf '#!/bin/sh\n[ "$1" = --version ] && exec "$EFFBENCH" "$@"\nexit 1\n' >broken
chmod +x broken
export EFFBENCH
"$EFFBENCH" check "$SRC/configs/null.ini" --cand-bin ./broken --out out --json check.json --junit check.xml >/dev/null 2>&1 || echo "exit $?"
there
again
"$EFFBENCH" check --base nowhere --cand elsewhere --out out --json check.json --junit check.xml >/dev/null 2>&1 || echo "exit $?"
there
# Nor does it where the command line is not understood, whatever stands before the file's name.
for bad in --fast "--metrics luck" --seed "--ignore= --limit"; do
    again
    there
    "$EFFBENCH" check "$SRC/configs/null.ini" $bad --out out --json=check.json --junit check.xml >/dev/null 2>&1 || echo "exit $?"
    there
done
# Nor where it is refused before the gate has a look at it; of two files that are named, neither.
refused() {
    again
    there
    rc=0
    "$EFFBENCH" "$@" >/dev/null 2>err || rc=$?
    echo "exit $rc: $(head -n 1 err)"
    there
}
for bad in "--seed 1 --seed 2" "--format json --format md" "--color pink" "--debug nowhere" "--sysroot nowhere" --format=; do
    refused check "$SRC/configs/null.ini" --out out $bad --json=check.json --junit check.xml
done
refused --format json check "$SRC/configs/null.ini" --cand "" --out out --json=check.json --junit check.xml
refused check "$SRC/configs/null.ini" --out out --json=check.json --json other.json --junit check.xml
again
"$EFFBENCH" check "$SRC/configs/null.ini" --out out --json=check.json --junit check.xml --help >/dev/null || echo "exit $?"
there
# Nor where it is cancelled: no verdict, no line of a history.
for signal in INT TERM; do
    again
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 --out $signal --history h.jsonl --json check.json --junit check.xml >/dev/null 2>err &
    pid=$!
    while [ ! -e $signal/pair-001-base.log ]; do sleep 0.02; kill -0 $pid; done
    kill -$signal $pid
    rc=0
    wait $pid || rc=$?
    echo "$signal: exit $rc: $(head -n 1 err)"
    there
    [ ! -s h.jsonl ] && [ ! -e $signal/check.json ] || echo "$signal left something"
done
echo mine >check.xml
"$EFFBENCH" check nowhere.ini --fast --junit check.xml >/dev/null 2>&1 || echo "exit $?"
cat check.xml
"$EFFBENCH" check nowhere.ini --junit check.xml >/dev/null 2>&1 || echo "exit $?"
cat check.xml
