# SPDX-License-Identifier: Apache-2.0
# A rent by the hour against a price per token: neither depends on the utilisation, so that they never change places,
# in whichever order the file has them, and whichever of them the ranges make the cheaper one.
r=$SRC/tests/fixtures/runs/stored
rent() { printf '[cost rent]\nusd_per_hour = %s\nusd_per_hour_source = x\nusd_per_hour_date = 2026-11-20\n' "$1"; }
tokens() { printf '[cost tokens]\nusd_per_mtok_output = %s\nusd_per_mtok_source = y\nusd_per_mtok_date = 2026-11-20\n' "$1"; }
flat() {
    echo "== rent $1, tokens $2"
    { rent "$1"; tokens "$2"; } >rent-first.ini
    { tokens "$2"; rent "$1"; } >tokens-first.ini
    for first in rent tokens; do
        "$EFFBENCH" cost "$r" --prices $first-first.ini | grep '^left out\|never$\|%-never' | sed "s/^/$first first: /"
        "$EFFBENCH" cost "$r" --prices $first-first.ini --format json >cost.json
        "$TESTBIN/check_json" "$SRC/docs/cost.schema.json" cost.json
        grep '"verdict"\|"utilisation_\|"cheaper_' cost.json | tr -d '\t' | sort | uniq -c >$first.txt
    done
    cmp rent.txt tokens.txt
    grep -v '[0-9]\.' rent.txt
}
flat 0.30 0.60
flat 3000 0.60
flat '0.01, 0.30, 900' '0.5, 60, 1000'
