# Dies are packages of their own; zones of unknown name are listed and not counted.
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0-die-0 '1\n' $INTEL
zone intel-rapl:1 package-0-die-1 '2\n' $INTEL
zone intel-rapl:2 psys-1 '3\n' $PSYS
zone intel-rapl:3 'npu' '4\n' $INTEL
zone dtpm:0 package-9 '5\n' $INTEL
"$EFFBENCH" probes --quick --sysroot "$ROOT" | sed -n '/^energy/,$p'
