# SPDX-License-Identifier: Apache-2.0
# A power management chip that answers a command: power of the rails with a current and a voltage. Then one that answers
# no such thing, and one that fails in the middle.
. "$SRC/tests/fixtures/meter.sh"
sed -i '/^meter/d' c.ini
echo 'pmic_command = ./pmic' >>c.ini
pmic() { { echo '#!/bin/sh'; cat; } >pmic.new; chmod +x pmic.new; mv pmic.new pmic; }
pmic <<'END'
cat <<'RAILS'
   3V3_SYS_A current(1)=2.00000000A
  VDD_CORE_A current(7)=3.00000000A
   3V3_SYS_V volt(9)=3.30000000V
  VDD_CORE_V volt(15)=0.80000000V
     EXT5V_V volt(24)=5.15014500V
RAILS
END
"$EFFBENCH" probes c.ini --sysroot root >out
tr -s '\n ' ' ' <out >text
grep -q 'pmic/rails 2 rails system - - sampled yes' text || fail 'not counted'
grep -q 'without the 5 V outputs and without EXT5V' text || fail 'not said what it leaves out'
run --set workload:a:output=1500 --require-energy sampled
[ $rc = 0 ] || fail "exit $rc"
near 9
grep -q 'source pmic' text || fail 'no source'

pmic <<'END'
echo 'error=1 error_msg="Command not registered"'
END
run --require-energy sampled
[ $rc = 5 ] || fail "exit $rc"
grep -q 'pmic: the command prints no rails of a power management chip ([0-9]* refused: line [0-9]*, ' err || fail 'no reason'
printf '#!/bin/sh\necho "VCHI initialization failed" >&2\nexit 255\n' >pmic
run --require-energy sampled
[ $rc = 5 ] || fail "exit $rc"
grep -q 'pmic: the command ended with exit status 255: VCHI initialization failed' err || fail 'no reason'
sed -i '/^pmic_command/d' c.ini
run --require-energy sampled
[ $rc = 5 ] || fail "exit $rc"
"$EFFBENCH" probes c.ini --sysroot root --quick | tr -s '\n ' ' ' | grep -q 'pmic no device vcgencmd speaks of the machine itself, not of a rooted tree' || fail 'asked the machine'
