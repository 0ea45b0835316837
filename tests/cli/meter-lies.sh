# SPDX-License-Identifier: Apache-2.0
# A meter whose clock is wrong: its lines' times of arrival are used instead, and that is said. Readings that cannot be
# are refused, and named.
. "$SRC/tests/fixtures/meter.sh"
check() {  # check WATTS TEXT
    [ $rc = 0 ] || fail "exit $rc"
    grep -q "$2" text || fail "not said: $2"
    near "$1"
}
meter <<'END'
t=1000000000
while :; do echo "$t 40"; t=$((t + 7)); sleep 0.02; done
END
run
check 40 "meter: its time stamps run at [0-9.]* times the rate of this machine's clock: the times at which its lines come are used instead"
meter <<'END'
t=1000000000
while :; do echo "$t 40"; t=$((t - 1)); sleep 0.02; done
END
run
check 40 'meter: its time stamps step back by 1 s'
meter <<'END'
while :; do echo '17 40'; sleep 0.02; done
END
run
check 40 'meter: its time stamps run at 0 times the rate'
# Right in rate: nothing is to be said.
meter <<'END'
while :; do echo "$(date +%Y-%m-%dT%H:%M:%S.%NZ) 40 W"; sleep 0.02; done
END
run
[ $rc = 0 ] || fail "exit $rc"
if grep -q 'warning meter' text; then fail 'said'; fi
check 40 'source meter'
# Between good lines: hostile ones.
meter <<'END'
while :; do
    echo '40 W'
    printf -- '-40\nnan\ninf\n1e300\n40 40 40\n\000\n# a comment\n\n'
    head -c 5000 /dev/zero | tr '\0' 9
    printf '\n40\r\n'
    sleep 0.02
done
END
run
check 40 'meter: [0-9]* of [0-9]* lines refused: line [0-9]*, '
# Joules that only grow, and joules that go back.
meter <<'END'
s=$(date +%s)
while :; do awk -v n="$(date +%s.%N)" -v s="$s" 'BEGIN { printf "%.3f J\n", 5000 + (n - s) * 40 }'; sleep 0.02; done
END
run --set probes:meter_format=joules --require-energy counter
check 40 'source meter'
meter <<'END'
while :; do echo 5000; sleep 0.02; echo 5001; sleep 0.02; done
END
run --set probes:meter_format=joules
[ $rc = 0 ] || fail "exit $rc"
joules >j
awk '$2 != "" { exit 1 }' j || { cat j; fail 'joules'; }
grep -q 'meter: its energy went back by 1 J' text || fail 'no reason'
