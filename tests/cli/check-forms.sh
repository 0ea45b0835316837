# SPDX-License-Identifier: Apache-2.0
# What the forms of a gate say: of a metric that is shown and not gated, of a gate that is invalid and has no figures,
# and where the summary for GitHub went.
make_run="$TESTBIN/make_run"
of="print=here trials=16 noise=0.002 case=tiny/q8_0/dense/64/16/1/1"
"$make_run" a $of
"$make_run" slow $of seed=3 speed=0.9
"$make_run" elsewhere print=1234 trials=16 noise=0.002 case=tiny/q8_0/dense/64/16/1/1
"$make_run" weak print=here trials=16 noise=0.002 case=tiny/q8_0/dense/64/16/1/1 grade=sampled
mkdir empty
cp -r a most
awk '/"record":"trial"/ && n++ < 9 { sub(/"warnings":\[\]/, "\"warnings\":[\"other processes used 80 % of a CPU\"]") } { print }' a/trials.jsonl >most/trials.jsonl
unset GITHUB_STEP_SUMMARY
check() {
    echo "== check $*"
    rc=0
    "$EFFBENCH" check --seed 1 --junit check.xml "$@" || rc=$?
    if [ ! -e check.xml ]; then
        echo 'no check.xml'
    elif command -v xmllint >/dev/null; then
        xmllint --noout --schema "$SRC/tests/fixtures/junit.xsd" check.xml 2>xml.err || cat xml.err
    fi
    echo "exit $rc"
}
{
    check --base a --cand slow --metrics ttft_ns --format junit
    for format in term md junit github; do check --base a --cand elsewhere --format $format; done
    check --base a --cand most
    check --base a --cand slow --metrics instructions | sed -n 1,4p
    check --base weak --cand weak --metrics j_per_tok | sed -n 1,4p
    check --base a --cand slow --metrics ttft_ns --format github
    check --base a --cand nowhere.ini --format github
    check --base a --cand empty --format github
    sed 's/^output = .*/outptu = 3/' "$SRC/configs/null.ini" >typo.ini
    check typo.ini --format github
    export GITHUB_STEP_SUMMARY=summary.md
    check --base a --cand slow --metrics ttft_ns --format github
    echo "== the summary"
    cat summary.md
    GITHUB_STEP_SUMMARY=nowhere/summary.md
    check --base a --cand slow --metrics ttft_ns --format github
} 2>&1
