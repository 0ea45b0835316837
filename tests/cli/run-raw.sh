# SPDX-License-Identifier: Apache-2.0
# --raw: nothing on stdout and no report beside the raw files, where they are on stderr; so when a run is gone on with, too.
. "$SRC/tests/fixtures/run.sh"
scripted trials=2 >c.ini
dense prompt=16 output=8 >>c.ini
raw() {  # raw OPTION...: and what came of it
    "$EFFBENCH" run "$@" --raw --progress never >out 2>err || echo "exit $?"
    [ ! -s out ] || cat out
    sed -E 's/-[0-9]{8}-[0-9]{6}/-DATE/' err
}
raw c.ini --out r
ls r
echo "no name given"
raw c.ini
echo "complete"
raw --resume r
raw --resume r --format json
echo "gone on with"
grep -v '"record":"end"' r/trials.jsonl | sed '$d' >cut
cp cut r/trials.jsonl
raw --resume r
ls r
[ "$(grep -c '"record":"trial"' r/trials.jsonl)" = 2 ]
echo "weaker than required"
printf '[null]\ngrade = none\n' >>c.ini
raw c.ini --out weak
raw --resume weak --require-energy counter
