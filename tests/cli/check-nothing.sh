# SPDX-License-Identifier: Apache-2.0
# Where nothing that was asked for can be gated, no pair is run before it is said: one trial of each side shows it.
mkdir tmp
export TMPDIR="$PWD/tmp" EFFBENCH
cat >counted <<'END'
#!/bin/sh
[ "$1" = run ] && echo trial >>trials
exec "$EFFBENCH" "$@"
END
chmod +x counted
gate() {
    rc=0
    rm -f trials
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 --base-bin ./counted --cand-bin ./counted --json check.json --junit check.xml "$@" >out 2>err || rc=$?
    "$TESTBIN/check_json" "$SRC/docs/check.schema.json" check.json
    if command -v xmllint >/dev/null; then xmllint --noout --schema "$SRC/tests/fixtures/junit.xsd" check.xml 2>xml.err || cat xml.err; fi
    echo "$*: exit $rc after $(wc -l <trials) trials"
    sed -n '1,/^$/p' out
    grep -o '^pairs  *[0-9]* counted, [0-9]* spoilt' out
    grep '^  output digest' out
}
gate --metrics instructions
gate --metrics instructions --strict
gate --metrics j_per_tok --set null:grade=sampled
gate --metrics ttft_p99_ns,itl_p99_ns --history h.jsonl
wc -l <h.jsonl
"$TESTBIN/check_json" "$SRC/docs/history.schema.json" h.jsonl
# What is compared exactly is compared all the same, and what can be gated is.
gate --metrics instructions --cand-set null:output=1
gate --metrics instructions,itl_ns --set null:run_noise=0.001 --set null:drift=0 --set null:outliers=0 --set null:token_noise=0.001
