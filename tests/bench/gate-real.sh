#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gate on the reference engine, on this machine: AA times (20) nothing changed, and SLOW times (10) a candidate with a
# handicap of 10 %, turn about; a line for each gate as it ends, the counts and the median time of a gate at the end, and exit
# 0 when at most one of 20 A/A gates fails and two are invalid, nine of ten slower ones are found, and the median gate takes
# 3 minutes at most. On two quiet cores a gate takes 15 to 60 s.
#
#   tests/bench/gate-real.sh [AA [SLOW]]
#
# EFFBENCH   the program (./effbench)
# KEEP       a file that each gate's line is kept in: begun anew with the same one, the gates that are in it are not run again
# FIRST      seed of the first gate (1)
# IGNORE     such as load,steal: let pairs count in spite of it. Wants a machine that does nothing else: without IGNORE one that
#            does makes gates invalid.
set -eu
program=${EFFBENCH:-./effbench} aa=${1:-20} slow=${2:-10} first=${FIRST:-1} ignore=${IGNORE:-} keep=${KEEP:-}
for n in "$aa" "$slow" "$first"; do
    case $n in *[!0-9]* | '') echo "usage: tests/bench/gate-real.sh [AA [SLOW]]: two counts of gates, not '$n'" >&2; exit 2 ;; esac
done
[ -x "$program" ] || { echo "gate-real.sh: there is no program '$program'; make, or name one with EFFBENCH" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ -n "$keep" ] || keep=$work/kept
touch "$keep"
cat >"$work/real.ini" <<'INI'
[run]
threads = 1
[model m]
model = shape:smollm2-135m
type = q8_0
[workload chat]
kind = dense
prompt = 32
output = 24
INI
began=$(date +%s) done=0 all=$((aa + slow))
field() { sed -n "s/^	\"$1\":	\"\{0,1\}\(.*[^\"]\)\"\{0,1\},\$/\1/p" "$work/check.json"; }
gate() {  # gate KIND SEED ARGUMENT...
    kind=$1 seed=$2 rc=0
    shift 2
    done=$((done + 1))
    if grep -q "^$kind $seed " "$keep"; then
        return
    fi
    rm -f "$work/check.json"
    "$program" check "$work/real.ini" --seed "$seed" ${ignore:+--ignore "$ignore"} --json "$work/check.json" "$@" >"$work/out" 2>&1 || rc=$?
    if ! [ -f "$work/check.json" ]; then
        echo "gate-real.sh: $kind $seed ended with status $rc and no verdict:" >&2
        cat "$work/out" >&2
        exit 1
    fi
    printf '%s %s %s %s %.1f %s\n' "$kind" "$seed" "$(field verdict)" "$(field pairs)" "$(field seconds)" "$(field because)" >>"$keep"
    tail -n 1 "$keep" | awk -v i=$done -v all=$all -v s=$(($(date +%s) - began)) '{
        printf "%d of %d, after %d s: %s seed %s: %s, %s pairs, %.0f s:", i, all, s, $1, $2, $3, $4, $5
        for (k = 6; k <= NF; k++) printf " %s", $k
        print "" }'
}
i=0 s=0
while [ $i -lt "$aa" ] || [ $s -lt "$slow" ]; do
    if [ $i -lt "$aa" ]; then
        gate same $((first + i))
        i=$((i + 1))
    fi
    if [ $s -lt "$slow" ] && [ $((s * aa)) -lt $((i * slow)) ] || [ $i -ge "$aa" ] && [ $s -lt "$slow" ]; then
        gate slower $((first + s)) --cand-set workload:chat:handicap=0.1
        s=$((s + 1))
    fi
done
awk -v aa="$aa" -v slow="$slow" -v first="$first" '
    $1 == "same" && $2 >= first && $2 < first + aa || $1 == "slower" && $2 >= first && $2 < first + slow {
        n[$1]++; of[$1 " " $3]++; t[++m] = $5; sum += $5
    }
    function judged(name, what, good) { printf "%s: %s: %s\n", name, what, good ? "ok" : "NOT OK"; bad = bad || !good }
    function counts(kind) {
        return sprintf("%d gates: %d fail, %d pass, %d inconclusive, %d invalid", n[kind], of[kind " fail"], of[kind " pass"],
                       of[kind " inconclusive"], of[kind " invalid"])
    }
    END {
        for (i = 2; i <= m; i++)
            for (k = i; k > 1 && t[k - 1] > t[k]; k--) { x = t[k]; t[k] = t[k - 1]; t[k - 1] = x }
        if (n["same"]) judged("nothing changed", counts("same"), of["same fail"] <= n["same"] / 20 && of["same invalid"] <= n["same"] / 10)
        if (n["slower"]) judged("+10 %", counts("slower"), of["slower fail"] >= 0.9 * n["slower"])
        if (m) judged("median gate", sprintf("%.0f s (%.0f s in all)", m % 2 ? t[(m + 1) / 2] : (t[m / 2] + t[m / 2 + 1]) / 2, sum), \
                      (m % 2 ? t[(m + 1) / 2] : (t[m / 2] + t[m / 2 + 1]) / 2) <= 180)
        exit bad
    }' "$keep"
