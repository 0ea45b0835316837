# SPDX-License-Identifier: Apache-2.0
# Prices that do not count, and runs that cannot be priced: each with its place, its cause and what to do.
cp -r "$SRC/tests/fixtures/runs/stored" r
chmod -R u+w r
try() { "$EFFBENCH" cost "$@" >out 2>err && echo "no error: $*" || echo "exit $?"; sed 's/^/    /' err; }
echo "an unknown price file"
try r --prices nowhere.ini
echo "undated, without a source, negative, twice priced"
cat >bad.ini <<'END'
[cost board]
price_usd = 200
price_source = "a shop"
years = 4
utilisation = 30%
usd_per_kwh = -0.2
tariff_source = "a bill"
tariff_date = 2026-11-20
opex_usd_year = 10

[cost both]
price_usd = 1
price_source = x
price_date = 2026-11-20
years = 4, 3, 5
utilisation = 0,3
usd_per_hour = 2
usd_per_hour_date = 2026-11-20
usd_per_mtok_output = 3
price_eur = 4

[cost nothing]
pue = 1.5
[prices]
END
try r --prices bad.ini
echo "from the future"
printf '[cost a]\nusd_per_hour = 1\nusd_per_hour_source = x\nusd_per_hour_date = 2999-01-01\n' >future.ini
try r --prices future.ini
sed "s/2999-01-01/$(date -u +%Y-%m-%d)/" future.ini >today.ini
try r --prices today.ini
"$EFFBENCH" run "$SRC/configs/null.ini" --set probes:stated_load_w=5 --set probes:stated_source=x --set probes:stated_date=2999-01-01 --dry-run 2>&1 >/dev/null || echo "exit $?"
echo "mixed currencies"
cat >eur.ini <<'END'
[cost eu]
currency = EUR
usd_per_hour = 2
usd_per_hour_source = x
usd_per_hour_date = 2026-11-20
[cost us]
currency = USD
usd_rate = 1.1
usd_rate_source = x
usd_rate_date = 2026-11-20
usd_per_hour = 2
usd_per_hour_source = x
usd_per_hour_date = 2026-11-20
[cost odd]
currency = euro
usd_per_hour = 2
usd_per_hour_source = x
usd_per_hour_date = 2026-11-20
END
try r --prices eur.ini
echo "a shared value that is wrong is wrong once"
printf '[cost]\nusd_per_kwh = 0.2\n[cost a]\nusd_per_mtok_output = 1\nusd_per_mtok_source = x\nusd_per_mtok_date = 2026-01-01\n[cost b]\nusd_per_mtok_output = 1\nusd_per_mtok_source = x\nusd_per_mtok_date = 2026-01-01\n' >shared.ini
try r --prices shared.ini
echo "nothing in it"
: >empty.ini
try r --prices empty.ini
echo "boundary compute alone"
sed 's/"key":"rest_of_system_w","value":"3"/"key":"rest_of_system_w","value":""/; s/"grade":"estimate"/"grade":"counter"/' "$SRC/tests/fixtures/runs/stored/trials.jsonl" >r/trials.jsonl
try r
echo "no prices"
sed 's/"key":"price_usd","value":"200"/"key":"price_usd","value":""/' "$SRC/tests/fixtures/runs/stored/trials.jsonl" >r/trials.jsonl
try r
echo "usage"
try
try r r
try nowhere
try r --prices
try r --what
try r --format html
echo "a file of another kind is one error"
printf '\n{\n"schema": "effbench.run/1",\n"cases": [\n]\n}\n' >run.json
try r --prices run.json
printf '<html>\n<p>\n' >page.html
try r --prices page.html
