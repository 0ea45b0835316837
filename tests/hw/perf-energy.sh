# SPDX-License-Identifier: Apache-2.0
# Package energy of a load as effbench prints it, against `perf stat -e power/energy-pkg/` over the same windows: two ways
# to the same counters of the processor.
#   HW_SECONDS=20 HW_MODEL=shape:smollm2-135m: the load. Tolerance: 1 %, what docs/metrics.md has two sources of one piece
#   disagree by before it is said; where both are right they differ by less than 0.1 %.
skip() {
    echo "$*" >&2
    exit 77
}
tolerance=1
seconds=${HW_SECONDS:-20}
export LC_ALL=C
command -v perf >/dev/null || skip "no perf (Debian: linux-perf)"
perf stat -a -x, -e power/energy-pkg/ true >probe.out 2>&1 ||
    skip "perf stat -a -e power/energy-pkg/: $(grep -m1 -o 'Cannot find PMU[^.]*\|[Pp]ermission[^.]*\|not supported' probe.out || sed -n 1p probe.out) (needs RAPL and root, or perf_event_paranoid <= 0)"
if grep -q '<not' probe.out; then skip "perf stat -a -e power/energy-pkg/: $(grep -o '<not [a-z]*>' probe.out | sed -n 1p)"; fi

cat >c.ini <<INI
[run]
trials = 3
threads = ${HW_THREADS:-0}
idle = 0
cold_start = no
[model load]
model = ${HW_MODEL:-shape:smollm2-135m}
[workload load]
kind = sustained
prompt = 32
output = 128
duration = ${seconds}s
[probes]
boundary = compute
INI
# perf counts from before the run until after it, in steps of 100 ms; `stamp` says when each step was over.
perf stat -a -I 100 -x, --log-fd 3 -e power/energy-pkg/ -- sh -c '
    rc=0
    "$EFFBENCH" run c.ini --require-energy counter --format csv --out run >run.csv 2>run.err || rc=$?
    echo $rc >run.rc' 3>&1 >/dev/null | "$TESTBIN/stamp" >steps
rc=$(cat run.rc)
[ "$rc" != 5 ] || skip "effbench has no energy counter here: $(grep -m1 error run.err)"
[ "$rc" = 0 ] || { cat run.err; exit 1; }

sed -n 's/.*"trial":\([1-9][0-9]*\),.*"t_start_ns":"\([0-9]*\)","t_end_ns":"\([0-9]*\)".*/\1 \2 \3/p' run/trials.jsonl >windows
row=$(awk -F, '$10 == "energy_package_j" { print $11, $16; exit }' run.csv)
source=$(sed -n 's/^[^,]*,.*,energy_package_j,.*,counter,[a-z]*,[^,]*,[^,]*,\([^,]*\),.*/\1/p' run.csv | sed -n 1p)
ours=${row% *} grade=${row#* }
[ "$grade" = counter ] || skip "effbench has no package energy here (grade $grade)"

# The first column is when the line came: the earliest one tells when perf began, to a millisecond or two.
awk -F'[ ,]+' '
    FILENAME == "steps" {
        if ($3 !~ /^[0-9.]+$/) next
        begin = $1 / 1e9 - $2
        if (!n || begin < at0) at0 = begin
        n++
        t[n] = $2
        j[n] = j[n - 1] + $3
        next
    }
    function energy(at, i) {
        at -= at0
        for (i = 1; i < n && t[i] < at; i++)
            ;
        return j[i - 1] + (j[i] - j[i - 1]) * (at - t[i - 1]) / (t[i] - t[i - 1])
    }
    { printf "%.9g\n", energy($3 / 1e9) - energy($2 / 1e9) }
' steps windows | sort -g >theirs
[ "$(wc -l <theirs)" = 3 ]
awk -v ours="$ours" -v theirs="$(sed -n 2p theirs)" -v s="$seconds" -v tolerance=$tolerance -v source="$source" 'BEGIN {
    if (!(theirs > 0)) { print "perf counted nothing"; exit 1 }
    off = (ours / theirs - 1) * 100
    printf "package energy of %s s of load, median of 3: effbench %.6g J (%s), perf stat %.6g J: %+.3f %%, tolerance %g %%\n",
        s, ours, source, theirs, off, tolerance
    if (source ~ /perf/) print "both through perf: this judges the arithmetic, not the counter"
    exit !(off <= tolerance && off >= -tolerance)
}'
