# Two sockets with memory; psys sits between the packages, and an index beyond 9 is hexadecimal.
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0 '123456789\n' $INTEL
zone intel-rapl:0:0 dram '2000000\n' $DRAM
zone intel-rapl:1 psys '5000000\n' $PSYS
zone intel-rapl:a package-1 '223456789\n' $INTEL
zone intel-rapl:a:0 dram '3000000\n' $DRAM
proc
"$EFFBENCH" probes --quick --sysroot "$ROOT"
