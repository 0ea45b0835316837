# The same machine by another boundary: psys alone counts, for it holds the packages and the memory.
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0 '123456789\n' $INTEL
zone intel-rapl:0:0 dram '2000000\n' $DRAM
zone intel-rapl:1 psys '5000000\n' $PSYS
zone intel-rapl:2 package-1 '223456789\n' $INTEL
EFFBENCH_SYSROOT=$ROOT "$EFFBENCH" probes --quick --boundary platform | sed -n '/^energy/,$p'
