# SPDX-License-Identifier: Apache-2.0
# What cannot be compared: one clear line for each folder, and the rest goes on.
make_run="$TESTBIN/make_run"
"$make_run" a
"$make_run" b seed=2 speed=1.1
"$make_run" other case=tiny/f16/dense/99/16/1/1
try() { "$EFFBENCH" compare "$@" >out 2>err && echo "exit 0" || echo "exit $?"; sed 's/^/    /' err; head -n 1 out | sed 's/^/    > /'; }
echo "damaged, truncated, foreign, newer, older, empty, absent; the rest goes on"
for d in truncated-lines truncated-rows foreign-json newer newer-journal garbage empty; do cp -r a $d; done
head -c 3000 a/trials.jsonl >truncated-lines/trials.jsonl
head -c 200 a/tokens.csv >truncated-rows/tokens.csv
echo '{"something": "else"}' >foreign-json/trials.jsonl
"$EFFBENCH" report newer >/dev/null
sed -i 's|effbench.run/1|effbench.run/7|' newer/run.json
sed -i 's|effbench.journal/1|effbench.journal/7|' newer-journal/trials.jsonl
for i in 1 2 3 4 5 6 7 8; do printf '\377\000\221{"\016\n\302'; done >garbage/trials.jsonl
rm empty/*
mkdir src && echo 'int main(void) { return 0; }' >src/main.c
try a ./a truncated-lines truncated-rows foreign-json newer newer-journal garbage empty nowhere a/trials.jsonl src b
for level in -100 0 1 null; do
    cp -r a level$level
    "$EFFBENCH" report level$level >/dev/null
    # (as a program of before the digest of its own text wrote it)
    sed -i "s/\"interval_level\":.*/\"interval_level\": $level,/; s/\"own_digest\"/\"no_digest\"/" level$level/run.json
done
try level-100 level0 level1 levelnull
echo "a run.json that is not of its raw files is made again in memory, a damaged one too"
for d in stale broken; do cp -r a $d; "$EFFBENCH" report $d >/dev/null; done
cp b/trials.jsonl b/tokens.csv b/requests.csv b/power.csv stale/
echo '{"schema": "effbench.run/1", "cases": [{' >broken/run.json
"$EFFBENCH" compare b stale broken --format csv | grep 'f16.*goodput' | cut -d, -f 2,6
echo "no common work"
try a other
try a b --by model
try other
echo "all damaged"
try empty nowhere
echo "unknown reference, dimension, format, option"
try a b --reference c
try a b --by machin
try a b --format excel
try a b --what
try a b --slo
try
echo "an unknown price file, negative tariff, mixed currencies, offers for nobody"
try a b --prices nowhere.ini
printf '[cost x]\nusd_per_hour = 1\nusd_per_hour_source = y\nusd_per_hour_date = 2026-01-01\nusd_per_kwh = -1\n' >bad.ini
try a b --prices bad.ini
printf '[cost x]\nusd_per_hour = 1\nusd_per_hour_source = y\nusd_per_hour_date = 2026-01-01\n[cost y]\ncurrency = EUR\nusd_per_hour = 1\nusd_per_hour_source = y\nusd_per_hour_date = 2026-01-01\n' >eur.ini
try a b --prices eur.ini
sed 's/currency = EUR//' eur.ini >two.ini
try a b --prices two.ini
echo "limits"
try a b --slo nowhere.ini
printf '[slo]\nttft = 2\nwhat = 3\n[cost]\n' >slo.ini
try a b --slo slo.ini
: >none.ini
try a b --slo none.ini
echo "what is missing is named, once"
try a b --slo two.ini
printf '[slo]\nttft = 2s\n' >limits.ini
try a b --prices limits.ini
printf '[run]\ntrials = 7\n[cost]\nusd_per_hour = 1\n[model m]\n' >config.ini
try a b --slo config.ini
printf '[sol]\nttft = 2s\n' >typo.ini
try a b --slo typo.ini

echo "by price, without a price and with one"
tiny_run() { { scripted trials=1; dense prompt=16 output=8; cat; } >"$1.ini"; "$EFFBENCH" run "$1.ini" --out "$1" --progress never >/dev/null; }
. "$SRC/tests/fixtures/run.sh"
tiny_run free </dev/null
try free --by price
printf '[cost]\nusd_per_hour = 1\nusd_per_hour_source = y\nusd_per_hour_date = 2026-01-01\n' | tiny_run rented
try rented --by price
