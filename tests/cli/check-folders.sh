# SPDX-License-Identifier: Apache-2.0
# Two result folders: no pairs, but the same verdicts; spoilt trials are left out, and too many of them are invalid.
make_run="$TESTBIN/make_run"
of="print=here trials=16 noise=0.002 case=tiny/q8_0/dense/64/16/1/1"
"$make_run" a $of
"$make_run" b $of seed=2
"$make_run" slow $of seed=3 speed=0.9
"$make_run" hungry $of seed=4 watts=44
"$make_run" fast $of seed=9 speed=2
"$make_run" few print=here trials=3 case=tiny/q8_0/dense/64/16/1/1
"$make_run" elsewhere $of print=1234
"$make_run" sampled $of grade=sampled
"$make_run" wall $of boundary=wall
warn='the CPU throttled (counted over all CPUs: 3): cool it or lower its power limit'
spoil() {  # spoil DIR NUMBER: the first NUMBER trials throttled
    cp -r b "$1"
    awk -v n="$2" -v w="$warn" '/"record":"trial"/ && n-- > 0 { sub(/"warnings":\[\]/, "\"warnings\":[\"" w "\"]") } { print }' b/trials.jsonl >"$1/trials.jsonl"
}
spoil some 3
spoil most 9
check() {
    rc=0
    "$EFFBENCH" check --base "$1" --cand "$2" --json check.json --junit check.xml ${3:-} ${4:-} >out 2>err || rc=$?
    "$TESTBIN/check_json" "$SRC/docs/check.schema.json" check.json
    if command -v xmllint >/dev/null; then xmllint --noout --schema "$SRC/tests/fixtures/junit.xsd" check.xml 2>xml.err || cat xml.err; fi
    echo "$*: exit $rc, $(head -n 1 out)"
    sed -n '2s/[0-9.]* %/N %/g; 2p' out
    grep '^spoilt by' out || :
}
check a b
check a slow
check a hungry
check a fast
check few b
check a elsewhere
check a sampled
check a wall
check a some
check most b
check most b --ignore throttle
# A case goes with the one of its id; by its place only where neither has a partner.
two() { "$make_run" $1 print=here trials=12 noise=0.002 case=$2/q8_0/dense/64/16/1/1 case=$3/q8_0/dense/64/16/1/$4; }
two xy x y 1
two yz y z 1
two vw v w 1
for c in yz vw; do
    "$EFFBENCH" check --base xy --cand $c --out kept/$c >out || echo "exit $?"
    grep '^[a-z]*/q8_0' out
    sed -n '/^note  *[0-9]/,/^note *sim/p' out
    "$TESTBIN/check_json" "$SRC/docs/check.schema.json" kept/$c/check.json
done
"$EFFBENCH" check --base a --cand nowhere >/dev/null || echo "exit $?"
"$EFFBENCH" check --base a --cand n.ini >/dev/null || echo "exit $?"
mkdir empty
"$EFFBENCH" check --base a --cand empty >/dev/null || echo "exit $?"
