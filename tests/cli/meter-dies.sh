# SPDX-License-Identifier: Apache-2.0
# A meter that ends: before the first line, and between two trials. No joules where there are none, the cause named.
. "$SRC/tests/fixtures/meter.sh"
meter <<'END'
echo 'no such plug: kitchen' >&2
exit 3
END
run
[ $rc = 0 ] || fail "exit $rc"
grep -q 'meter was asked for and is no device: the command ended with exit status 3: no such plug: kitchen; try it by hand: ./meter' text || fail 'no reason'
[ -z "$(value energy_j)" ] || fail 'joules of nothing'
run --require-energy counter
[ $rc = 5 ] || fail "exit $rc"
grep -q "energy of grade 'counter' is required and only 'none' is to be had for boundary 'platform': meter: the command ended with exit status 3: no such plug: kitchen" err || fail 'no reason'
grep -q '^hint: try it by hand: ./meter; ' err || fail 'no next step'
[ ! -e r/trials.jsonl ] || fail 'it ran'
"$EFFBENCH" probes c.ini --sysroot root --quick >out
tr -s '\n ' ' ' <out | grep -q 'meter no device the command ended with exit status 3: no such plug: kitchen -> try it by hand' || fail 'no reason'

printf '#!/bin/sh\nexec ./missing\n' >meter
run --require-energy sampled
[ $rc = 5 ] || fail "exit $rc"
grep -q 'meter: the command ended with exit status 127: .*missing' err || fail 'no reason'

meter <<'END'
kill -9 $$
END
run --require-energy sampled
[ $rc = 5 ] || fail "exit $rc"
grep -Eq 'meter: the command (was ended by signal 9 \(Killed\)|ended with exit status 137)' err || fail 'no reason'

# The first trial has its joules, the others have none, and none of them has 0.
meter <<'END'
until grep -q '"record":"trial"' r/trials.jsonl 2>/dev/null; do echo 40; sleep 0.02; done
echo 'battery of the clamp is flat' >&2
exit 4
END
run --require-energy sampled
[ $rc = 0 ] || fail "exit $rc"
joules >j
awk 'NR == 1 && $2 <= 0 { exit 1 } NR > 1 && $2 != "" { exit 1 } END { exit NR != 3 }' j || { cat j; fail 'joules'; }
grep -q 'trial 2 has no energy' text && grep -q 'trial 3 has no energy' text || fail 'not said'
grep -q 'meter: the command ended with exit status 4: battery of the clamp is flat.*; try it by hand: ./meter' text || fail 'no reason'
grep -q 'meter/energy has gone: its command has ended' text || fail 'not said of the trial'
grep -q ',gone' r/power.csv || fail 'not gone'
