#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gate on the reference engine, on this machine: GATES (20) times nothing changed, and half as many with a handicap of
# 10 % on the candidate. Prints the verdicts, their counts and the median time of a gate. Wants a machine that does nothing else; IGNORE=load,steal
# lets it run on one that does. Usage: tests/bench/gate-real.sh [PROGRAM]
set -eu
program=${1:-./effbench} gates=${GATES:-20} ignore=${IGNORE:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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
gate() {  # gate KIND NUMBER ARGUMENT...
    kind=$1 number=$2 rc=0
    shift 2
    "$program" check "$work/real.ini" --seed "$number" ${ignore:+--ignore "$ignore"} --json "$work/$kind.json" "$@" >"$work/out" 2>&1 || rc=$?
    seconds=$(sed -n 's/^	"seconds":	\([0-9.]*\),$/\1/p' "$work/$kind.json")
    pairs=$(sed -n 's/^	"pairs":	\([0-9]*\),$/\1/p' "$work/$kind.json")
    echo "$kind $number: exit $rc, $pairs pairs, $seconds s: $(sed -n 's/^	"because":	"\(.*\)",$/\1/p' "$work/$kind.json")"
    echo "$rc $seconds" >>"$work/$kind.all"
}
i=0
while [ $((i = i + 1)) -le "$gates" ]; do
    gate same $i
    [ $((i % 2)) = 1 ] || gate slower $i --cand-set workload:chat:handicap=0.1
done
for kind in same slower; do
    [ -f "$work/$kind.all" ] || continue
    awk -v kind=$kind '{ n[$1]++; all++ } END { printf "%s: %d gates, %d fail, %d pass, %d inconclusive, %d invalid\n", kind, all, n[3], n[0], n[4], n[5] }' "$work/$kind.all"
done
cat "$work"/*.all | awk '{ print $2 }' | sort -n | awk '{ t[NR] = $1 } END { printf "median gate: %.0f s\n", t[int((NR + 1) / 2)] }'
