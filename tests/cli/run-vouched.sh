# SPDX-License-Identifier: Apache-2.0
# run.json is tied to the rows that it was made of: a figure changed by hand, a changed row, a folder put together from two
# are named, by report and by compare, and everything is computed from the raw files again.
run() { "$EFFBENCH" run "$SRC/configs/null.ini" --set run:trials=6 --out "$@" >/dev/null 2>&1; }
run a
run b --set null:seed=2
cp a/run.json first.json
"$EFFBENCH" report a >/dev/null 2>err
[ ! -s err ] || cat err
cmp first.json a/run.json
"$TESTBIN/check_json" "$SRC/docs/run.schema.json" a/run.json
said() {  # said FILE: the sentence without its line breaks
    tr -s ' \n' '  ' <"$1" | grep -o "[^ ]* is not of the raw files beside it: [^;]*\|run.json of [a-z]* is not of the raw files beside it: [^;]*" || echo nothing
}
doubt() {  # doubt DIR WHAT
    echo "$2"
    "$EFFBENCH" compare b "$1" >out 2>err || cat err
    said out
    cp -r "$1" "$1.reported"
    "$EFFBENCH" report "$1.reported" >table 2>err || :
    said err
    "$EFFBENCH" report "$1.reported" >again 2>err # what it made is tied to what is there
    cmp table again
    said err
    rm -r "$1.reported"
}
doubt a 'as it was'
cp -r a figure
sed 's/\("value":.*\)1/\12/' a/run.json >figure/run.json
cmp -s a/run.json figure/run.json && exit 1
doubt figure 'a figure'
cmp -s first.json figure/run.json && exit 1
"$EFFBENCH" report figure >/dev/null 2>&1
cmp first.json figure/run.json
cp -r a row
sed '20s/,decode,\(.*\),[0-9]\([0-9][0-9]*\),/,decode,\1,1\2,/;20s/,1\([0-9]*,[0-9.]*,[0-9.]*,counter\)/,2\1/' a/tokens.csv >row/tokens.csv
[ "$(wc -c <a/tokens.csv)" = "$(wc -c <row/tokens.csv)" ]
cmp -s a/tokens.csv row/tokens.csv && exit 1
doubt row 'a row'
cp -r a mixed
cp b/run.json mixed/run.json
doubt mixed "another run's"
cp -r a short
head -c 100 a/power.csv >short/power.csv
"$EFFBENCH" compare a b short 2>&1 >/dev/null | grep -c '^effbench: short is passed over'
# What was written before there were such digests is taken by what it has.
cp -r a old
sed '/"digests":/,/}/d; /"own_digest"/d; s/\("op_counters.csv":.*\)/\1/' a/run.json | tr -d '\n' | sed 's/},[ \t]*},[ \t]*"engine"/}},"engine"/' >old/run.json
"$EFFBENCH" compare b old >out
said out
# A pipe in its place is not waited for.
cp -r a pipe
rm pipe/run.json
mkfifo pipe/run.json
timeout 60 "$EFFBENCH" report pipe >/dev/null 2>&1
cmp first.json pipe/run.json
