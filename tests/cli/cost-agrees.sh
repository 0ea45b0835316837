# SPDX-License-Identifier: Apache-2.0
# A run's report, `cost` and `compare` print one figure for one thing: money, tokens per dollar and carbon of a case by an
# offer are the medians of the trials' own, whoever prints them.
cp -r "$SRC/tests/fixtures/runs/stored" r
chmod -R u+w r
prices=$SRC/configs/prices/demonstration.ini
"$EFFBENCH" cost r --prices "$prices" --format csv | awk -F, 'NR > 1 { u[$1 "," $2] = $4; t[$1 "," $2] = $7; c[$1 "," $2] = $8 }
    END { for (k in u) { print k, "usd_per_mtok", u[k]; print k, "tok_per_usd", t[k]; if (c[k] != "") print k, "gco2e_per_mtok", c[k] } }' |
    sort >cost.txt
"$EFFBENCH" compare r --by price --prices "$prices" --format csv |
    awk -F, '$5 ~ /^(usd_per_mtok|tok_per_usd|gco2e_per_mtok)$/ && $6 != "" { print $4 "," $2, $5, $6 }' | sort >compare.txt
agree() { # agree A B: two lists of key, metric, value
    paste -d' ' "$1" "$2" | awk '{ d = $3 / $6 - 1; if ($1 != $4 || $2 != $5 || d > 1e-12 || d < -1e-12) { print "not the same:", $0; bad = 1 } }
        END { if (!bad) print NR, "figures agree" }'
}
agree cost.txt compare.txt
"$EFFBENCH" report r --format csv | awk -F, '$10 ~ /^(usd_per_mtok|tok_per_usd|tok_per_charge)$/ && $11 != "" { print $1 ",config", $10, $11 }' | sort >report.txt
grep ',config ' cost.txt >config.txt
agree report.txt config.txt
# The sum has the medians of its inputs, and says where the figure is another.
"$EFFBENCH" cost r --prices "$prices" --explain | sed -n '/^dense f16.*, board (/,/^  tok_per_charge/p' | grep -A1 '^  \(usd_per_mtok\|gco2e_per_mtok\|tok_per_charge\) *='
# The intervals of a row are of its trials; those of its ratios hold the ranges of prices, where any enter.
"$EFFBENCH" compare r --by price --prices "$prices" --format json >compare.json
"$TESTBIN/check_json" "$SRC/docs/compare.schema.json" compare.json
grep -c '"price_ranges":.*true' compare.json
