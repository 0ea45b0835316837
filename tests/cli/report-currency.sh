# SPDX-License-Identifier: Apache-2.0
# Prices of a config in another currency stand in the notes as they were written, with the rate that made dollars of them.
. "$SRC/tests/fixtures/run.sh"
{
    scripted trials=2
    dense prompt=16 output=8
    printf '[cost]\n'
    keys currency=EUR 'usd_rate=1.05, 1.1, 1.15' usd_rate_source=bank usd_rate_date=2026-11-02 'price_usd=400, 500, 600' \
        price_source=shop price_date=2026-11-02 years=4 utilisation=50% usd_per_kwh=0.25 tariff_source=bill tariff_date=2026-11-03
} >c.ini
"$EFFBENCH" run c.ini --out r --progress never >out
grep -A 1 '^prices ' out
