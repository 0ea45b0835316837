# What concerns the file as a whole: nothing in it, not there, no file, too large.
try() { "$EFFBENCH" run "$@" || echo "exit $?" >&2; }
: > empty.ini
try empty.ini
printf '[model m]\nmodel = shape:tiny-llama\n' > half.ini
try half.ini
try missing.ini
mkdir dir.ini
try dir.ini
head -c 1100000 /dev/zero | tr '\0' '\n' > huge.ini
try huge.ini
head -c 3000000 /dev/zero > larger.ini
try larger.ini
