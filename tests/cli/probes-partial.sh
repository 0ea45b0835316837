# Empty, garbage, no file, a folder in its place, a link that leads out: each is named, the rest still counts (a
# value without its newline is good).
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0 '123456789' $AMD
zone intel-rapl:1 package-1 '' $AMD
zone intel-rapl:2 package-2 'garbage\n' $AMD
zone intel-rapl:3 package-3 '1\n' $AMD
zone intel-rapl:4 package-4 '1\n' $AMD
zone intel-rapl:5 package-5 '1\n' $AMD
dir=$ROOT/sys/devices/virtual/powercap/intel-rapl
rm "$dir/intel-rapl:3/energy_uj"
rm "$dir/intel-rapl:4/energy_uj"
mkdir "$dir/intel-rapl:4/energy_uj"
echo 77 >outside
rm "$dir/intel-rapl:5/energy_uj"
ln -s "$PWD/outside" "$dir/intel-rapl:5/energy_uj"
"$EFFBENCH" probes --quick --sysroot "$ROOT"
