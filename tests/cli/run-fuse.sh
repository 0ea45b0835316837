# SPDX-License-Identifier: Apache-2.0
# The unmodified program on live counters: a FUSE file system over /sys/class, in a mount namespace of its own, computes
# each zone's energy from CLOCK_MONOTONIC and a known profile at the moment of the read. Two packages with DRAM, updates
# every 0.976 ms with jitter. The truth is the same profile integrated in awk over the windows of the raw rows; energy and
# J/token agree with it to 0.5 %. One package of a square wave, so that prefill and decode differ, agrees in each phase.
# A counter that wraps every 2 ms gives no number.
skip() {
    echo "$*" >&2
    exit 77
}
[ "$(id -u)" = 0 ] || skip "mounting over /sys/class needs root"
[ -x "$TESTBIN/fuse_counters" ] || skip "tests/fixtures/fuse_counters.c was not built: no libfuse3 (Debian: libfuse3-dev)"
[ -c /dev/fuse ] || skip "no /dev/fuse on this machine"
command -v unshare >/dev/null || skip "no unshare (util-linux)"
unshare -m true 2>/dev/null || skip "no mount namespace may be made here (CAP_SYS_ADMIN)"

cat >with-counters.sh <<'SH'
# with-counters.sh ZONES COMMAND...: COMMAND with a FUSE file system of ZONES over /sys/class. 77: it cannot be mounted.
zones=$1
shift
nice -n -10 "$TESTBIN/fuse_counters" /sys/class $zones >fuse.out 2>fuse.err &
fuse=$!
end() { kill $fuse 2>/dev/null || true; wait $fuse 2>/dev/null || true; }
trap end EXIT
trap 'exit 143' TERM
while ! grep -q ready fuse.out; do
    kill -0 $fuse 2>/dev/null || exit 77
    sleep 0.05
done
"$@"
SH
# Ends within 4 minutes whatever happens; the namespace's last process takes the mount with it.
counted() {
    unset EFFBENCH_SYSROOT
    timeout -k 10 240 unshare -m sh -eu with-counters.sh "$@"
}
counted intel-rapl:0,package-0,watts=1 test -r /sys/class/powercap/intel-rapl:0/energy_uj ||
    skip "cannot mount a FUSE file system over /sys/class here: $(tail -n1 fuse.err)"

. "$SRC/tests/fixtures/run.sh"
{
    tiny trials=3 idle=0
    dense prompt="$(tokens 1200 400)" output="$(tokens 1000 200)" batch=4
    printf '[probes]\nsources = powercap\n'
} >c.ini

# The energy of both packages and their DRAM from clock reading 0 to t, each written down here once more.
cat >truth.awk <<'AWK'
function square(t, s) { t -= s * int(t / s); return t < s / 2 ? t : s - t }
function energy(t) {
    return watts * t + square_w * square(t, 0.5) + ramp * (t > mounted ? (t - mounted) ^ 2 / 2 : 0)
}
FILENAME == "fuse.out" { mounted = $2; next }
FILENAME == "windows" { from[$1] = $2; to[$1] = $3; next }
FNR == 1 { next }
{
    trial = $1
    if ($4 == "prefill" && $6 > middle[trial]) middle[trial] = $6
    tokens[trial]++
    firsts[trial] += $3 == 0
}
END {
    for (t in from) {
        a = energy(from[t] / 1e9); b = energy(middle[t] / 1e9); c = energy(to[t] / 1e9)
        print "energy_j", c - a
        print "j_per_tok", (c - a) / tokens[t]
        print "j_per_prompt_tok", (b - a) / (firsts[t] * prompt)
        print "j_per_decode_tok", (c - b) / (tokens[t] - firsts[t])
        off = (c - a) * (middle[t] - from[t]) / (to[t] - from[t]) / (b - a) - 1
        print "share_of_time", off < 0 ? -off : off
    }
}
AWK
median() {  # median METRIC: of the three trials, from truth.out
    grep "^$1 " truth.out | cut -d' ' -f2 | sort -g | sed -n 2p
}
value() {  # value METRIC CSV
    awk -F, -v m="$1" '$10 == m { print $11; exit }' "$2"
}
within() {  # within PERCENT WHAT GOT WANTED
    awk -v p="$1" -v what="$2" -v got="$3" -v want="$4" 'BEGIN {
        off = got == "" ? 999 : (got / want - 1) * 100
        printf "%-18s %12.6g J, truth %12.6g J: %+.3f %%\n", what, got, want, off
        exit !(off < p && off > -p) }'
}
run() {  # run NAME ZONES AWK-PROFILE...
    name=$1 zones=$2
    shift 2
    counted "$zones" "$EFFBENCH" run c.ini --require-energy counter --out "$name" --format csv >$name.csv 2>$name.err
    sed -n 's/.*"trial":\([1-9][0-9]*\),.*"t_start_ns":"\([0-9]*\)","t_end_ns":"\([0-9]*\)".*/\1,\2,\3/p' $name/trials.jsonl >windows
    [ "$(wc -l <windows)" = 3 ]
    awk -F'[, ]' "$@" -v prompt="$(sed -n 's/^prompt = //p' c.ini)" -f truth.awk fuse.out windows $name/tokens.csv >truth.out
    grep -q ',energy_j,.*,counter,' $name.csv
}
times='period=976,jitter=20'

echo "constant: 62.5 + 41.25 + 4.125 + 3.5 W"
run constant "intel-rapl:0,package-0,watts=62.5,start=1e9,$times intel-rapl:0:0,dram,watts=4.125,range=65712999613,unit=15.3,$times \
    intel-rapl:1,package-1,watts=41.25,$times intel-rapl:1:0,dram,watts=3.5,range=65712999613,unit=15.3,$times" \
    -v watts=111.375
within 0.5 energy_j "$(value energy_j constant.csv)" "$(median energy_j)"
within 0.5 j_per_tok "$(value j_per_tok constant.csv)" "$(median j_per_tok)"
within 0.5 power "$(value power_w constant.csv)" 111.375

echo "package-0 between 90 and 30 W twice a second, package-1 rising by 20 W each second"
run wave "intel-rapl:0,package-0,watts=60,square=30:0.5,$times intel-rapl:0:0,dram,watts=5,range=65712999613,unit=15.3,$times \
    intel-rapl:1,package-1,watts=20,ramp=20,$times intel-rapl:1:0,dram,watts=5,range=65712999613,unit=15.3,$times" \
    -v watts=90 -v square_w=30 -v ramp=20
within 0.5 energy_j "$(value energy_j wave.csv)" "$(median energy_j)"
within 0.5 j_per_tok "$(value j_per_tok wave.csv)" "$(median j_per_tok)"
within 1 j_per_prompt_tok "$(value j_per_prompt_tok wave.csv)" "$(median j_per_prompt_tok)"
within 1 j_per_decode_tok "$(value j_per_decode_tok wave.csv)" "$(median j_per_decode_tok)"
# Time alone does not give that: the prefill's share of the window is further off in one trial at least.
awk '$1 == "share_of_time" { printf "share of time      off by %.3f %%\n", $2 * 100; if ($2 > 0.01) far = 1 } END { exit !far }' truth.out

echo "a counter that wraps every 2 ms"
fast=intel-rapl:0,package-0,watts=1000,unit=1,range=2000000,$times
counted $fast "$EFFBENCH" run c.ini --set run:trials=1 --out fast --format csv >fast.csv
rc=0
counted $fast "$EFFBENCH" run c.ini --set run:trials=1 --require-energy counter --out refused >refused.csv 2>refused.err || rc=$?
[ $rc = 5 ] || { echo "exit $rc"; cat refused.csv refused.err; exit 1; }
grep -q ambiguous refused.err
[ -z "$(value energy_j fast.csv)" ]
[ -z "$(value j_per_tok fast.csv)" ]
awk -F, '$10 == "energy_j"' fast.csv
