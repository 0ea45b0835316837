# SPDX-License-Identifier: Apache-2.0
# Runs with figures known beforehand: twice as fast, 2 % more watts per token's speed, another grade, another boundary;
# what differs by machine, type, model and price; JSON that fits its schema.
make_run="$TESTBIN/make_run"
own="cost:price_usd=200 cost:years=4 cost:utilisation=0.3 cost:usd_per_kwh=0.25 cost:rest_of_system_w=3"
"$make_run" edge-1 $own
"$make_run" box-1 speed=2 watts=100 idle=30 seed=2 sockets=2 cost:price_usd=900 cost:years=4 cost:utilisation=0.3 \
    cost:usd_per_kwh=0.25 cost:rest_of_system_w=10
"$make_run" wall-1 speed=1.2 watts=50 seed=3 boundary=wall grade=wall channel=meter cost:usd_per_hour=0.02 \
    case=tiny/f16/dense/16/16/1/1 case=tiny/f16/dense/64/16/1/1
"$make_run" few-1 trials=3 speed=1.5 seed=4 idle=0 case=tiny/f16/dense/16/16/1/1 digest=ff00ff00ff00ff00
echo "== by machine"
"$EFFBENCH" compare edge-1/ box-1 wall-1 few-1
echo "== against another reference"
"$EFFBENCH" compare edge-1 box-1 --reference ./box-1/ --format csv | grep -c reference
"$EFFBENCH" compare edge-1 box-1 --reference box-1 | sed -n '/^Relative/,/^  edge/p'
echo "== one run, by type"
"$EFFBENCH" compare box-1
echo "== by model"
"$make_run" two case=small/q8_0/dense/16/16/1/4 case=large/q8_0/moe/16/16/1/1 case=state/q8_0/ssm/16/16/1/2
"$EFFBENCH" compare two
echo "== by price"
"$EFFBENCH" compare edge-1 --by price --prices "$SRC/configs/prices/demonstration.ini"
echo "== markdown"
"$EFFBENCH" compare edge-1 box-1 --format md | head -n 20
"$EFFBENCH" compare edge-1 box-1 --format md | sed -n '/^- marks/p'
echo "== csv"
"$EFFBENCH" compare edge-1 box-1 --format csv | cut -d, -f 1-5,12-17 | grep 'f16.*\(goodput\|j_per_tok\|usd_per\)'
for by in machine model type price; do
    runs="edge-1 box-1 wall-1 few-1"
    [ $by = model ] && runs=two
    [ $by = price ] && runs="$runs --prices $SRC/configs/prices/demonstration.ini"
    "$EFFBENCH" compare $runs --by $by --format json >$by.json
    "$TESTBIN/check_json" "$SRC/docs/compare.schema.json" $by.json && echo "$by: fits the schema"
done
# A price file in which each run finds the offer that bears its name.
cat >both.ini <<'END'
[cost]
usd_per_hour_source = "made up"
usd_per_hour_date = 2026-11-20
[cost edge]
usd_per_hour = 0.36
[cost box]
usd_per_hour = 1.44
END
"$EFFBENCH" compare edge-1 box-1 --prices both.ini --format csv | grep 'f16.*usd_per_mtok' | cut -d, -f 2,6,9,13
