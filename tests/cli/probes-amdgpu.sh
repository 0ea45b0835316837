# Two AMD GPUs, a partition of the first, and the processor's own beside its package; then a card that sleeps.
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0 '1000000\n' $AMD
amdgpu 0 3 0000:03:00.0
put sys/class/hwmon/hwmon3/energy1_input '9007199254740993\n'
put sys/class/hwmon/hwmon3/power1_average '250000000\n'
mkdir -p "$ROOT/sys/class/drm/card1"
ln -s ../../../devices/pci/0000:03:00.0 "$ROOT/sys/class/drm/card1/device"
amdgpu 2 4 0000:43:00.0
put sys/class/hwmon/hwmon4/power1_input '101000001\n'
amdgpu 3 5 0000:c1:00.0
put sys/class/hwmon/hwmon5/in1_label 'vddnb\n'
put sys/class/hwmon/hwmon5/power1_average '15000000\n'
energy
put sys/devices/pci/0000:43:00.0/power/runtime_status 'suspended\n'
"$EFFBENCH" probes --sysroot "$ROOT" | sed -n '/^  amdgpu /,/^  battery/p'
