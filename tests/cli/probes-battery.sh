# Batteries with and without power_now: each, their sum, and why there is none on the charger.
. "$SRC/tests/fixtures/sysfs.sh"
supply AC Mains
put sys/class/power_supply/AC/online '0\n'
supply BAT0 Battery
put sys/class/power_supply/BAT0/status 'Discharging\n'
put sys/class/power_supply/BAT0/power_now '12345678\n'
energy --boundary platform
rm "$ROOT/sys/class/power_supply/BAT0/power_now"
put sys/class/power_supply/BAT0/current_now '-1234567\n'
put sys/class/power_supply/BAT0/voltage_now '11876543'
supply BAT1 Battery
put sys/class/power_supply/BAT1/status 'Discharging\n'
put sys/class/power_supply/BAT1/power_now '5000000\n'
energy --boundary platform
says() {
    "$EFFBENCH" probes --sysroot "$ROOT" | sed -n '/^  battery /,/^  meter/{/^  meter/d;p}'
}
put sys/class/power_supply/AC/online '1\n'
says
put sys/class/power_supply/AC/online '0\n'
put sys/class/power_supply/BAT1/status 'Charging\n'
says
put sys/class/power_supply/BAT1/status 'Discharging\n'
rm "$ROOT/sys/class/power_supply/BAT1/power_now"
says
