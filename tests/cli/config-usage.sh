# A wrong command line: one line, a hint, exit 2, nothing on stdout.
try() { "$EFFBENCH" "$@" || echo "exit $?" >&2; }
try rum
try --bogus
try --color=sometimes run x
try --sysroot
try --sysroot nowhere probes
try help a b
try help --format json
try run
