# Every mistake: one line, a hint, exit 2.
mkdir root
try() { "$EFFBENCH" probes --quick --sysroot root "$@" || echo "exit $?"; }
try --boundary chip
try --boundary
try --format yaml
try --frobnicate
try one.ini two.ini
try nosuch.ini
try --set probes:rate=5
try --watch --count 0
try --watch --interval soon
try --count 3
