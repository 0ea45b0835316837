# SPDX-License-Identifier: Apache-2.0
# Live watts of counters that a writer advances: 150 + 12 W in the total, psys apart, a package that counts nothing; then
# Ctrl-C, the end of the source, and a machine on which nothing measures.
. "$SRC/tests/fixtures/run.sh"
counters "$PWD/root" intel-rapl:0,package-0,150,262143328850,262143000000 \
    intel-rapl:0:0,dram,12,65712999613,0 intel-rapl:1,psys,40,4294967295000000,0 \
    intel-rapl:2,package-1,0,262143328850,5

fail() { echo "$*"; cat out writer.out; exit 1; }
# near NAME WATTS N: N lines of NAME, on average within 10 % (the writer may get its CPU late), none of them 0
near() {
    awk -v name="$1" -v want="$2" -v n="$3" '$0 ~ name { seen++; sum += $3; if ($3 !~ /^[0-9]/ || $3 <= 0) bad = 1 }
        END { mean = seen ? sum / seen : 0; exit bad || seen != n || mean < want * 0.9 || mean > want * 1.1 }' out
}
# A machine that is busy elsewhere may starve the writer for longer than a counter can stand still: that gets two more tries.
thrice() { "$@" || "$@" || "$@" || fail "$*"; }
compute() {
    "$EFFBENCH" probes --sysroot root --watch --count 3 >out
    [ "$(wc -l <out)" = 15 ] && near 'intel-rapl:0  *package-0' 150 3 && near 'intel-rapl:0:0  *dram' 12 3 &&
        near 'intel-rapl:1  *psys' 40 3 && near 'total .boundary compute. = package-0 . dram-0, without package-1' 162 3 &&
        [ "$(grep -c -- '- W .* package-1: does not move' out)" = 3 ]
}
platform() {
    "$EFFBENCH" probes --sysroot root --watch --count 2 --interval 400ms --boundary platform >out
    near 'total .boundary platform. = psys' 40 2
}
json() {
    "$EFFBENCH" probes --sysroot root --watch --count 1 --format json >out
    "$TESTBIN/check_json" "$SRC/docs/watch.schema.json" out || exit 1
    grep -q '"total":{"boundary":"compute","power_w":1[4-7][0-9]' out
}
thrice compute
thrice platform
thrice json

# A counter that goes and then stands: no power that sinks to 0, but the reason. Stopped when it was shown with one.
for format in term json; do
    : >out # a job in the background may be late to do it
    "$EFFBENCH" probes --sysroot root --watch --quick --interval 100ms --format $format >>out &
    watch=$!
    tries=0
    until grep -q '1[0-9][0-9]\.[0-9] W  +.* package-0$\|"powercap/intel-rapl:0","power_w":1[0-9][0-9]' out; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail 'no watts'
        sleep 0.05
    done
    kill -STOP $writer
    until grep -q 'package-0: stalled: the counter stands still$\|"reason":"stalled: the counter stands still"' out; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || fail 'not stalled'
        sleep 0.05
    done
    kill -TERM $watch
    wait $watch || true
    kill -CONT $writer
    ! grep -q ' 0.00 W .*package-0$\|"powercap/intel-rapl:0","power_w":0[,.}]0*[,}]' out || fail 'zero watts'
    ! grep -q 'stalled.*total (boundary compute) = ' out || fail 'a total without it'
done

# Ctrl-C is how one ends it.
: >out
"$EFFBENCH" probes --sysroot root --watch --quick --interval 100ms >>out &
watch=$!
while ! grep -q total out; do sleep 0.05; done
kill -INT $watch 2>/dev/null || true
kill -TERM $watch 2>/dev/null || true # a shell starts its background jobs with SIGINT ignored
rc=0
wait $watch || rc=$?
[ $rc = 0 ] || [ $rc = 143 ]

# A source that vanishes is said to be gone.
: >out
"$EFFBENCH" probes --sysroot root --watch --quick --count 12 --interval 250ms >>out &
watch=$!
while ! grep -q total out; do sleep 0.05; done
kill $writer
rm -r root/sys/class/powercap/intel-rapl:0
wait $watch
grep -q 'package-0: the source is gone' out || fail 'not gone'
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
