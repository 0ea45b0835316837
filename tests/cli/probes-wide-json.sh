# Counters beyond 2^53 are printed digit by digit; a range of all 64 bits too.
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0 '9007199254740993\n' 9007199254740995
zone intel-rapl:1 package-1 '18446744073709551614\n' 18446744073709551615
"$EFFBENCH" probes --quick --format json --sysroot "$ROOT" | grep -E '"(zone|max_range_uj|value)"'
