# A laptop as JSON: core and uncore are inside the package, and the mmio interface repeats it.
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0 '9000001\n' $INTEL
zone intel-rapl:0:0 core '5\n' $INTEL
zone intel-rapl:0:1 uncore '6\n' $INTEL
zone intel-rapl:0:2 dram '7\n' $DRAM
zone intel-rapl:1 psys '8000000\n' $PSYS
zone intel-rapl-mmio:0 package-0 '9000001\n' $INTEL
"$EFFBENCH" probes --quick --format json --sysroot "$ROOT"
