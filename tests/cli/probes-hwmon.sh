# amd_energy with two sockets and its cores, a board's INA226 of unknown purpose; then a counter that may not be read and
# a rail that is switched off.
. "$SRC/tests/fixtures/sysfs.sh"
chip 0 amd_energy platform/amd_energy.0
for i in 1 2 3 4; do
    put sys/class/hwmon/hwmon0/energy${i}_label "Ecore00$((i - 1))\n"
    put sys/class/hwmon/hwmon0/energy${i}_input "1000$i\n"
done
put sys/class/hwmon/hwmon0/energy5_label 'Esocket0\n'
put sys/class/hwmon/hwmon0/energy5_input '9007199254740993'
put sys/class/hwmon/hwmon0/energy6_label 'Esocket1\n'
put sys/class/hwmon/hwmon0/energy6_input '2000000\n'
chip 7 ina226 i2c-1/1-0044
put sys/class/hwmon/hwmon7/power1_input '1250000\n'
energy
rm "$ROOT/sys/class/hwmon/hwmon0"
ina3221 2 40
rail 2 1 VDD_IN 5000 1000
rail 2 2 VDD_SOC 0 0
put sys/class/hwmon/hwmon2/in2_enable '0\n'
"$EFFBENCH" probes --sysroot "$ROOT" | sed -n '/^  hwmon  *partial/,/^  stated/p'
