# SPDX-License-Identifier: Apache-2.0
# run.json, several of them, and `probes --format json` as docs/*.schema.json say, for runs of every kind.
fits() { "$TESTBIN/check_json" "$SRC/docs/$1.schema.json" "$2" && echo "$2: fits $1"; }
for r in mixed profile stored; do
    cp -r "$SRC/tests/fixtures/runs/$r" .
    chmod -R u+w $r
    "$EFFBENCH" report $r --format json >$r.json
    fits run $r.json
done
# Several runs are one document, in which each is named; one that cannot be read is missing there.
"$EFFBENCH" report mixed nowhere stored --format json >several.json 2>several.err || echo "exit $?"
cat several.err
fits runs several.json
grep -o '"run":"[a-z]*"' several.json
fits runs mixed.json 2>&1 | head -n 1
sed 's/"complete":/"completed":/' several.json >several-wrong.json
fits runs several-wrong.json 2>&1 || :
"$EFFBENCH" import llama-bench "$SRC/tests/fixtures/llama-bench/bench.json" --out imported >/dev/null 2>&1
fits run imported/run.json
cat >c.ini <<INI
[run]
engine = null
trials = 1
idle = 0
cold_start = no
[model m]
model = shape:tiny-llama
[workload curve]
kind = load
mode = curve
level = 10s
batch = 8
prompt = 128
output = 32
[workload hold]
kind = sustained
prompt = 16
output = 64
duration = 10s
window = 1s
INI
"$EFFBENCH" run c.ini --out r >/dev/null 2>err || { cat err; exit 1; }
fits run r/run.json
grep -q '"load_result"' r/run.json
grep -q '"sustained"' r/run.json
mkdir -p root
"$EFFBENCH" probes --quick --format json --sysroot root >bare.json
fits probes bare.json
. "$SRC/tests/fixtures/sysfs.sh"
zone intel-rapl:0 package-0 '9000001\n' $INTEL
zone intel-rapl:0:2 dram '7\n' $DRAM
zone intel-rapl:1 psys '8000000\n' $PSYS
"$EFFBENCH" probes --quick --format json --sysroot "$ROOT" >rapl.json
fits probes rapl.json
# What is not in the schema is told.
sed 's/"complete":/"completed":/' r/run.json >wrong.json
"$TESTBIN/check_json" "$SRC/docs/run.schema.json" wrong.json 2>&1 || :
