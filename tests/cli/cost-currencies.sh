# SPDX-License-Identifier: Apache-2.0
# Every price is turned into dollars by the rate of the section that it stands in; a price whose rate nobody states is
# refused.
run=$SRC/tests/fixtures/runs/stored
own() { printf 'price_usd = %s\nprice_source = shop\nprice_date = 2026-11-20\nyears = 4\nutilisation = 50%%\n' "$1"; }
tariff() { printf 'usd_per_kwh = %s\ntariff_source = bill\ntariff_date = 2026-11-20\n' "$1"; }
rate() { printf 'currency = %s\nusd_rate = %s\nusd_rate_source = bank %s\nusd_rate_date = 2026-11-20\n' "$1" "$2" "$1"; }
# inputs FILE: what each offer pays, in dollars, and by which rates
inputs() {
    "$EFFBENCH" cost "$run" --prices "$1" --format json >cost.json
    "$TESTBIN/check_json" "$SRC/docs/cost.schema.json" cost.json
    "$EFFBENCH" cost "$run" --prices "$1" --explain |
        sed -n '/^dense q4_0 16+12 b1, config/q; s/^dense q4_0 16+12 b1, \([a-z]*\) .*/\1/p; /^ssm/,$d
            /^What moves/,/^$/d; /^  \(price_usd\|usd_per_kwh\|[a-z_]*usd_rate\|.*prices .*written\) /p' | awk '/^[a-z]/ { on = 1 } on'
}
try() { "$EFFBENCH" cost "$run" --prices "$1" 2>&1 >/dev/null && echo "no error" || echo "exit $?"; }

echo "a shared tariff in dollars, an offer in euros"
{ echo '[cost]'; tariff 0.2; echo '[cost eu]'; own 100; rate EUR 1.1; echo '[cost us]'; own 100; } >a.ini
inputs a.ini
echo "a shared tariff in euros, offers in dollars, in euros at another rate, in yen, in the shared ones"
{
    echo '[cost]'; tariff '0.1, 0.2, 0.3'; rate EUR '1.0, 1.1, 1.2'
    echo '[cost us]'; own 100; echo 'currency = USD'
    echo '[cost eu]'; own 100; rate EUR 1.5
    echo '[cost jp]'; own 10000; rate JPY 0.01
    echo '[cost as]'; own 100
} >b.ini
inputs b.ini
echo "a shared tariff in euros, whose rate an offer states"
{ echo '[cost]'; tariff 0.2; echo 'currency = EUR'; echo '[cost eu]'; own 100; rate EUR 1.1; } >c.ini
inputs c.ini
echo "no rate for yen: not that of the euro"
{ echo '[cost]'; tariff 0.2; rate EUR 1.1; echo '[cost jp]'; own 10000; echo 'currency = JPY'; } >d.ini
try d.ini
echo "no rate for the shared tariff"
{ echo '[cost]'; tariff 0.2; echo 'currency = EUR'; echo '[cost us]'; own 100; echo 'currency = USD'; } >e.ini
try e.ini
echo "a shared rate of no currency, and one without its day"
{ echo '[cost]'; tariff 0.2; rate EUR 1.1 | sed 1d; echo '[cost jp]'; own 10000; rate JPY 0.01; } >f.ini
try f.ini
{ echo '[cost]'; tariff 0.2; rate EUR 1.1 | sed '$d'; echo '[cost jp]'; own 10000; rate JPY 0.01; } >g.ini
try g.ini
echo "a rate without source and day of its own: not those of another currency's"
{ echo '[cost]'; tariff 0.2; rate EUR 1.1; echo '[cost jp]'; own 10000; rate JPY 0.01 | sed '$d'; } >h.ini
try h.ini
