# SPDX-License-Identifier: Apache-2.0
# Limits given to all: goodput counts again what the requests kept, and costs go by it.
make_run="$TESTBIN/make_run"
own="cost:price_usd=200 cost:years=4 cost:utilisation=0.3 cost:usd_per_kwh=0.25 cost:rest_of_system_w=3"
"$make_run" even requests=8 noise=0 $own
"$make_run" uneven requests=8 noise=0 slow=4 seed=2 $own
figures() { "$EFFBENCH" compare even uneven "$@" --format csv | grep 'f16.*\(goodput\|usd_per_mtok\)' | cut -d, -f 2,5,6; }
echo "no limits"; figures
printf '[slo]\ntpot = 50ms\n' >tpot.ini
printf '[slo]\nttft = 1ms\n' >none.ini
echo "a limit that one request in four breaks: 6 of 8 requests in the same time"; figures --slo tpot.ini
echo "a limit that nobody keeps: no cost"; figures --slo none.ini
"$EFFBENCH" compare even uneven --slo tpot.ini | grep '^limits'
# The run that was made with these limits counts the same.
"$make_run" own requests=8 noise=0 slow=4 seed=2 $own slo:tpot=50ms
"$EFFBENCH" report own --format csv | grep 'f16.*\(goodput_tok_s\|usd_per_mtok\)' | cut -d, -f 10,11
echo "limits that differ are said"
"$EFFBENCH" compare even own | grep -A1 '^warning'
