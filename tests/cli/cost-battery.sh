# SPDX-License-Identifier: Apache-2.0
# Tokens per charge of the battery that the machine has, where the config states none; mice have batteries of their own.
. "$SRC/tests/fixtures/sysfs.sh"
supply BAT0 Battery
put sys/class/power_supply/BAT0/energy_full '40000000\n'
supply BAT1 Battery
put sys/class/power_supply/BAT1/charge_full '1000000\n'
put sys/class/power_supply/BAT1/voltage_min_design '10000000\n'
supply hidpp_battery_0 Battery
put sys/class/power_supply/hidpp_battery_0/scope 'Device\n'
put sys/class/power_supply/hidpp_battery_0/energy_full '900000000\n'
cat >c.ini <<INI
[run]
engine = null
trials = 1
idle = 0
cold_start = no
[model m]
model = shape:tiny-llama
[workload chat]
kind = dense
prompt = 16
output = 16
[cost]
usd_per_hour = 1
usd_per_hour_source = x
usd_per_hour_date = 2026-01-01
rest_of_system_w = 10
INI
charge() {
    "$EFFBENCH" run c.ini --sysroot "$ROOT" --out "$@" >/dev/null 2>err || { cat err; exit 1; }
    grep -o '"battery_wh":.*' $1/run.json | tr '\t' ' '
    "$EFFBENCH" cost $1 --explain | grep -E '^  (battery_wh|tok_per_charge)' | sed 's/ x 3600 .*//'
}
charge found
charge stated --set cost:battery_wh=99
rm "$ROOT/sys/class/power_supply/BAT1/charge_full"
charge unknown
