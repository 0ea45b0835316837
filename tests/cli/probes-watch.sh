# SPDX-License-Identifier: Apache-2.0
# Live watts of counters that a writer advances: 150 + 12 W in the total, psys apart, a package that counts nothing; then
# Ctrl-C, the end of the source, and a machine on which nothing measures.
"$TESTBIN/rapl_writer" "$PWD/root" 0 intel-rapl:0,package-0,150,262143328850,262143000000 \
    intel-rapl:0:0,dram,12,65712999613,0 intel-rapl:1,psys,40,4294967295000000,0 \
    intel-rapl:2,package-1,0,262143328850,5 >writer.out &
writer=$!
trap 'kill $writer 2>/dev/null || true; wait $writer 2>/dev/null || true' EXIT
while ! grep -q ready writer.out; do sleep 0.05; done

near() {  # near FILE NAME WATTS N: each of N lines of NAME is within 5 %
    awk -v name="$2" -v want="$3" -v n="$4" '$0 ~ name { seen++; if ($3 < want * 0.95 || $3 > want * 1.05) { print; bad = 1 } } END { exit bad || seen != n }' "$1"
}
"$EFFBENCH" probes --sysroot root --watch --count 3 >out
[ "$(wc -l <out)" = 15 ]
near out 'intel-rapl:0  *package-0' 150 3
near out 'intel-rapl:0:0  *dram' 12 3
near out 'intel-rapl:1  *psys' 40 3
near out 'total .boundary compute. = package-0 . dram-0, without package-1' 162 3
[ "$(grep -c -- '- W .* package-1: does not move' out)" = 3 ]
"$EFFBENCH" probes --sysroot root --watch --count 2 --interval 400ms --boundary platform >out
near out 'total .boundary platform. = psys' 40 2
"$EFFBENCH" probes --sysroot root --watch --count 1 --format json >out
grep -q '"total":{"boundary":"compute","power_w":1[56][0-9]' out

# Ctrl-C is how one ends it.
"$EFFBENCH" probes --sysroot root --watch --quick --interval 100ms >out &
watch=$!
while ! grep -q total out; do sleep 0.05; done
kill -INT $watch 2>/dev/null || true
kill -TERM $watch 2>/dev/null || true # a shell starts its background jobs with SIGINT ignored
rc=0
wait $watch || rc=$?
[ $rc = 0 ] || [ $rc = 143 ]

# A source that vanishes is said to be gone.
"$EFFBENCH" probes --sysroot root --watch --quick --count 12 --interval 250ms >out &
watch=$!
while ! grep -q total out; do sleep 0.05; done
kill $writer
rm -r root/sys/class/powercap/intel-rapl:0
wait $watch
grep -q 'package-0: the source is gone' out
grep -q -- '- W .*total (boundary compute): a part of it is not known' out

# What is there and cannot be read is no meter, and beside one it has its reason.
mkdir -p refused/sys/class/powercap/intel-rapl:0
echo package-0 >refused/sys/class/powercap/intel-rapl:0/name
echo garbage >refused/sys/class/powercap/intel-rapl:0/energy_uj
rc=0
"$EFFBENCH" probes --sysroot refused --watch --count 1 2>err || rc=$?
[ $rc = 5 ]
grep -q 'nothing here measures power' err
mkdir -p refused/sys/class/powercap/intel-rapl:1
echo package-1 >refused/sys/class/powercap/intel-rapl:1/name
echo 5 >refused/sys/class/powercap/intel-rapl:1/energy_uj
"$EFFBENCH" probes --sysroot refused --watch --quick --count 1 --interval 100ms >out
grep -q -- '- W    none *powercap/intel-rapl:0  package-0: cannot be read: is empty or holds no number$' out

mkdir none
rc=0
"$EFFBENCH" probes --sysroot none --watch --count 1 2>err || rc=$?
[ $rc = 5 ]
grep -q 'nothing here measures power' err
