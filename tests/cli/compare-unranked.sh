# SPDX-License-Identifier: Apache-2.0
# What has no cost, or none but at its own utilisation, has no part in the ranking over utilisations, and is named there; what
# lies between the best and another are the ranges of their own prices; what is free is said to be so.
make_run="$TESTBIN/make_run"
one="case=tiny/q8_0/dense/64/17/1/1"
own="cost:rest_of_system_w=10 cost:usd_per_kwh=0.2 cost:years=4"
"$make_run" late $one cost:usd_per_hour=0.001
"$make_run" own seed=3 $one cost:price_usd=200 cost:utilisation=0.5 $own
"$make_run" busy seed=5 speed=1.5 idle=0 $one cost:price_usd=50 cost:utilisation=1 $own
"$make_run" rent seed=7 speed=1.2 $one cost:usd_per_hour=0.01
answer() { # what is said of dollars, in one line
    "$EFFBENCH" compare "$@" | awk 'BEGIN { RS = "" } { gsub(/[ \n]+/, " ") } match($0, /(most )?tokens per dollar: .*/) { print substr($0, RSTART) }'
}
echo "a trial of 'late' has no token within the limit, though their median has"
printf '[slo]\nttft = 80.7ms\n' >slo.ini
answer late own --slo slo.ini
"$EFFBENCH" compare late own --slo slo.ini --format csv | awk -F, '$3 == "late" && $5 ~ /^(goodput_tok_s|usd_per_mtok)$/ { print $5, ($6 > 0) }'
"$EFFBENCH" compare late own --slo slo.ini --format json | tr -d '\t\n' | grep -o '"cheapest":\[[^]]*\]\|"flat":[^,]*'
"$EFFBENCH" compare late own --slo slo.ini --format md | grep '^- not known: usd'
"$EFFBENCH" compare late own --slo slo.ini --format csv | awk -F, '$3 == "late" && $5 ~ /^(tok_per_usd|gco2e_per_mtok)$/ { print $5 ":" $18 "," $19 }'
echo "without idle watts"
answer own busy rent
echo "ranges of others, and of the two"
price() { printf '[cost %s]\nusd_per_hour = %s\nusd_per_hour_source = x\nusd_per_hour_date = 2026-01-01\n' "$1" "$2"; }
"$make_run" x1 noise=0.05 $one
"$make_run" x2 seed=9 noise=0.05 $one
"$make_run" x3 seed=11 $one
{ price x1 0.0100; price x2 0.0100; price x3 "0.02, 0.03, 0.04"; } >others.ini
answer x1 x2 x3 --prices others.ini
answer x3 x1 x2 --prices others.ini
{ price x1 0.0100; price x2 "0.0090, 0.0101, 0.0110"; price x3 0.0300; } >own.ini
answer x3 x1 x2 --prices own.ini
echo "free"
{ price a 0.01; price b 0; } >free.ini
answer own --by price --prices free.ini
