# SPDX-License-Identifier: Apache-2.0
# Eleven offers: the break-even points that matter, how many pairs are left out, all of them in JSON; and made-up prices
# are marked beside every figure that is made of them.
"$EFFBENCH" run "$SRC/configs/null.ini" --set null:run_noise=0 --set null:drift=0 --set null:session_noise=0 \
    --set null:outliers=0 --set null:token_noise=0 --set null:watts_noise=0 --out r >/dev/null 2>&1
{
    printf '[cost]\nusd_per_kwh = 0.2\ntariff_source = bill\ntariff_date = 2026-11-20\nutilisation = 30%%\n'
    for i in 1 2 3 4 5 6 7; do
        printf '[cost board%s]\nprice_usd = %s\nprice_source = shop\nprice_date = 2026-11-20\n' $i $((70 + 30 * i))
        printf 'years = 4\nrest_of_system_w = 3\n'
    done
    for i in 1 2 3 4; do
        printf '[cost rent%s]\nusd_per_hour = 0.0%s\nusd_per_hour_source = list\nusd_per_hour_date = 2026-11-20\n' $i $i
    done
    printf 'demonstration = yes\n'
} >many.ini
"$EFFBENCH" cost r --prices many.ini >out
grep -v '^offer\|^          demo\|^effbench\|^  *2026\|^  *watts\|^  *usd_per_kwh\|^  *\(the \)*system, as' out | sed '/^What moves/,/^$/d'
"$EFFBENCH" cost r --prices many.ini --format md | grep '| rent[34]\|| board1, rent[34]'
"$EFFBENCH" cost r --prices many.ini --format csv | cut -d, -f 2,13
"$EFFBENCH" cost r --prices many.ini --format json >cost.json
"$TESTBIN/check_json" "$SRC/docs/cost.schema.json" cost.json
echo "$(grep -c cheaper_below cost.json) pairs, $(grep -c '"changes_cheapest":.*true' cost.json) where the cheapest changes"
# A comparison marks them too.
"$EFFBENCH" compare r --by price --prices many.ini | grep '^  rent4\|^  board1 \|demonstration'
"$EFFBENCH" compare r --by price --prices many.ini --format csv | grep 'rent4.*usd_per_mtok\|rent4.*j_per_tok' | sed 's/,[0-9].*,/ ... /'
