# SPDX-License-Identifier: Apache-2.0
# A meter that falls silent without ending: what it had said last is not taken for what is drawn since.
. "$SRC/tests/fixtures/meter.sh"
meter <<'END'
sleep 1000
END
run --require-energy counter --set probes:meter_timeout=200ms
[ $rc = 5 ] || fail "exit $rc"
grep -q 'meter: no usable line for [0-9.]* ms' err || fail 'no reason'
meter <<'END'
while :; do echo '--- 40 W ---'; sleep 0.01; done
END
run --require-energy sampled --set probes:meter_timeout=500ms
[ $rc = 5 ] || fail "exit $rc"
grep -q "meter: no usable line for [0-9.]* ms ([0-9]* refused: line [0-9]*, '--- 40 W ---', has more than a time stamp and a value)" err || fail 'no reason'

meter <<'END'
until grep -q '"record":"trial"' r/trials.jsonl 2>/dev/null; do echo 40; sleep 0.02; done
exec sleep 1000
END
run
[ $rc = 0 ] || fail "exit $rc"
joules >j
awk 'NR == 1 && $2 <= 0 { exit 1 } NR > 1 && $2 != "" { exit 1 } END { exit NR != 3 }' j || { cat j; fail 'joules'; }
grep -q 'meter: no line for [0-9.]* s' text || fail 'no reason'
grep -q 'meter/energy: .* readings failed: its command has stalled' text || fail 'not said of the trial'
grep -q ',missing' r/power.csv || fail 'not missing'

# Silent for the second trial: the third has its joules again.
meter <<'END'
say() { while ! [ "$(grep -c '"record":"trial"' r/trials.jsonl 2>/dev/null)" -ge "$1" ]; do [ "$2" = no ] || echo 40; sleep 0.02; done; }
say 1
say 2 no
while :; do echo 40; sleep 0.02; done
END
run --set run:pause=1500ms
[ $rc = 0 ] || fail "exit $rc"
joules >j
awk 'NR != 2 && $2 <= 0 { exit 1 } NR == 2 && $2 != "" { exit 1 } END { exit NR != 3 }' j || { cat j; fail 'joules'; }
grep -q 'meter: no reading for [0-9.]* s: what was drawn then is not known' text || fail 'no reason'
