# SPDX-License-Identifier: Apache-2.0
# What a stored run costs: the sum with its numbers, the offers of a price file, JSON that fits its schema, and the sum of
# --explain computed once more from the medians in the report's own CSV.
cp -r "$SRC/tests/fixtures/runs/stored" r
chmod -R u+w r
prices=$SRC/configs/prices/demonstration.ini
"$EFFBENCH" cost r --prices "$prices"
"$EFFBENCH" cost r --explain | sed -n '/^dense q4_0.*machine)/,/interval/p'
"$EFFBENCH" cost r --prices "$prices" --format csv | cut -d, -f 1-3,11-
"$EFFBENCH" cost r --prices "$prices" --format md --explain | sed -n '1,8p;/^## dense f16.*rented/,/usd_per_mtok/p'
"$EFFBENCH" cost r --prices "$prices" --format json >cost.json
"$TESTBIN/check_json" "$SRC/docs/cost.schema.json" cost.json
"$EFFBENCH" cost r --format json >own.json
"$TESTBIN/check_json" "$SRC/docs/cost.schema.json" own.json
# price 200, 4 years, no interest, utilisation 0.3, 0.25 USD/kWh, 3 W besides
"$EFFBENCH" report r --format csv >m.csv
"$EFFBENCH" cost r --format csv | awk -F, 'NR > 1 { print $1 }' >cases
"$EFFBENCH" cost r --explain | sed -n 's/^  usd_per_mtok  *= .* = \([^ ]*\) USD.*/\1/p' | paste -d' ' cases - >got
awk -F, '$10 == "goodput_tok_s" { g[$1] = $11 } $10 == "power_w" { p[$1] = $11 } $10 == "idle_power_w" { i[$1] = $11; id[++n] = $1 }
    END { for (k = 1; k <= n; k++) { c = id[k]
          kwh = (0.3 * (p[c] + 3) + 0.7 * (i[c] + 3)) * 8.76
          print c, (50 + kwh * 0.25) / (g[c] * 31536000 * 0.3) * 1000000 } }' m.csv | sort >want
sort got | paste -d' ' - want | awk '{ d = $2 / $4 - 1; if (d > 0.001 || d < -0.001 || $1 != $3) { print "not the same:", $0; exit 1 } }
    END { print NR, "costs agree with an independent sum" }'
