# SPDX-License-Identifier: Apache-2.0
# The lines `offer` and the inputs of --explain have everything that an offer states, each figure in the currency that
# it is written in and with its unit; what it does not state is not there.
cat >p.ini <<'INI'
[cost]
usd_per_kwh = 0.1, 0.2, 0.3
tariff_source = bill
tariff_date = 2026-11-20
currency = EUR
usd_rate = 1.1
usd_rate_source = bank
usd_rate_date = 2026-11-20
[cost us]
price_usd = 100
price_source = shop
price_date = 2026-11-20
years = 1
utilisation = 50%
currency = USD
residual = 10%
interest = 4%, 5%, 6%
pue = 1.5
idle_w = 40
battery_wh = 50
opex_usd_year = 10
opex_source = a guess
opex_date = 2026-11-20
[cost t]
usd_per_mtok_output = 0.4
usd_per_mtok_input = 0.1
usd_per_mtok_source = list
usd_per_mtok_date = 2026-11-20
[cost r]
usd_per_hour = 0.4
usd_per_hour_source = list
usd_per_hour_date = 2026-11-20
years = 1
utilisation = 50%
pue = 1.5
intensity_g_per_kwh = 400
intensity_source = grid
intensity_date = 2026-11-20
rest_of_system_w = 2, 3, 5
INI
cost() { "$EFFBENCH" cost "$SRC/tests/fixtures/runs/stored" --prices p.ini "$@"; }
cost | sed -n '/^offer/,/^range/p' | sed '/^offer     config/,$d'
cost --explain | sed -n '/^dense q4_0.*, \(us\|t\|r\) (/,/^  goodput\|^  usd_per_mtok  *=/p' | grep -v '^  goodput\|^  usd_per_mtok  *='
