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
echo mine >check.xml
"$EFFBENCH" check nowhere.ini --fast --junit check.xml >/dev/null 2>&1 || echo "exit $?"
cat check.xml
"$EFFBENCH" check nowhere.ini --junit check.xml >/dev/null 2>&1 || echo "exit $?"
cat check.xml
