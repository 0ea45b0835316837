# SPDX-License-Identifier: Apache-2.0
# What is not known of a cost is said to be so: an owned machine's watts, no trial, a load that was not kept up
# with; prices at different utilisations say so, and tokens that are bought drain no battery.
. "$SRC/tests/fixtures/run.sh"
prices=$SRC/configs/prices/demonstration.ini
stored=$SRC/tests/fixtures/runs/stored
words() { sed -n '/^\(warning\|no price\|invalid\|cheapest\|left out\|price\|speed\)/,$p' | sed -n '/^offer/q;p'; }
echo "an owned machine whose watts are not all known"
cp -r "$stored" dark
chmod -R u+w dark
sed -i 's/"key":"rest_of_system_w","value":"3"/"key":"rest_of_system_w","value":""/; s/"grade":"estimate"/"grade":"counter"/' dark/trials.jsonl
sed '/^rest_of_system_w/d' "$prices" >norest.ini
"$EFFBENCH" cost dark --prices norest.ini >out
words <out
sed -n '/^Break-even/,/^$/p' out
"$EFFBENCH" cost dark --prices norest.ini --format json >dark.json
"$TESTBIN/check_json" "$SRC/docs/cost.schema.json" dark.json
grep -o '"verdict":.*"' dark.json | tr '\t' ' '
echo "such a machine alone"
printf '[cost a]\nprice_usd = 200\nprice_source = x\nprice_date = 2026-11-20\nyears = 4\nutilisation = 30%%\nusd_per_kwh = 0.2\n' >a.ini
printf 'tariff_source = x\ntariff_date = 2026-11-20\n' >>a.ini
"$EFFBENCH" cost dark --prices a.ini 2>&1 >/dev/null || echo "exit $?"
echo "utilisations that differ"
sed 's/^utilisation = .*/utilisation = 50%/' "$prices" >half.ini
"$EFFBENCH" cost "$stored" --prices half.ini >out
words <out
grep '^  dense f16.*%' out | head -n 4
echo "no trial"
cp -r "$stored" none
chmod -R u+w none
sed -i -e '/"record":"trial"/d' -e '/"record":"end"/d' none/trials.jsonl
"$EFFBENCH" cost none 2>&1 >/dev/null || echo "exit $?"
"$EFFBENCH" cost none --prices "$prices" >out
words <out
for form in term md csv json; do
    "$EFFBENCH" cost none --prices "$prices" --explain --format $form | grep -iw 'inf\|nan\|infinity' || echo "no number out of bounds"
done
echo "bought tokens and a battery"
sed 's/^\[cost\].*/&\nbattery_wh = 50/; /^battery_wh = 50$/d' "$prices" >all.ini
"$EFFBENCH" cost "$stored" --prices all.ini --format csv | awk -F, 'NR > 1 && NR < 5 { print $2, ($10 == "" ? "no charge" : "a charge") }'
echo "a load that was not kept up with"
{
    scripted trials=1
    served server rate="2, 20" requests=100 output=32
    noiseless
} >load.ini
"$EFFBENCH" run load.ini --out load >/dev/null 2>err || cat err
"$EFFBENCH" cost load --prices "$prices" >out
words <out
echo "one trial"
{
    scripted trials=1
    printf '[workload w]\nkind = dense\nprompt = 64\noutput = 32\n'
    noiseless
} >one.ini
"$EFFBENCH" run one.ini --out one >/dev/null 2>&1
"$EFFBENCH" cost one --prices "$prices" | tr -s '\n ' ' ' | grep -o 'trials a single one[^;]*;'
printf '[cost t]\nusd_per_mtok_output = 1\nusd_per_mtok_source = x\nusd_per_mtok_date = 2026-11-20\n' >tokens.ini
"$EFFBENCH" cost one --prices tokens.ini | grep 'a single one' || echo "bought tokens have no rate"
