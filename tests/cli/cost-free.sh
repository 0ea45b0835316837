# SPDX-License-Identifier: Apache-2.0
# What costs nothing: free, and no number of tokens per dollar; two such offers cost the same.
r=$SRC/tests/fixtures/runs/stored
cat >free.ini <<'INI'
[cost gift]
usd_per_hour = 0
usd_per_hour_source = x
usd_per_hour_date = 2026-11-20
[cost lent]
usd_per_hour = 0
usd_per_hour_source = y
usd_per_hour_date = 2026-11-20
INI
"$EFFBENCH" cost "$r" --prices free.ini >out
grep '^  dense f16.*\(gift\|lent\)\|^cheapest' out
"$EFFBENCH" cost "$r" --prices free.ini --format json >free.json
"$TESTBIN/check_json" "$SRC/docs/cost.schema.json" free.json
grep '"tok_per_usd"\|"note"' free.json | tr -d '\t' | head -n 4
"$EFFBENCH" compare "$r" --by price --prices free.ini | grep '^  \(gift\|lent\)' | head -n 2
