# SPDX-License-Identifier: Apache-2.0
# Idle watts above those under load, stated or at the end of their range, are named with their place; of a machine that never
# idles they are asked for by nobody.
r=$SRC/tests/fixtures/runs/stored
cat >idle.ini <<'INI'
[cost]
price_usd = 100
price_source = shop
price_date = 2026-11-20
years = 4
usd_per_kwh = 0.2
tariff_source = bill
tariff_date = 2026-11-20
[cost hot]
utilisation = 50%
idle_w = 40
[cost edge]
utilisation = 50%
idle_w = 5, 6, 30
[cost busy]
utilisation = 100%
idle_w = 40
[cost fine]
utilisation = 50%
idle_w = 5
INI
"$EFFBENCH" cost "$r" --prices idle.ini | sed -n '/^warning/,/^[a-z]* *\(hot\|price\|cheapest\)/p' | sed '/^cheapest/d'
