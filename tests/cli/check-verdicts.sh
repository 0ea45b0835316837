# Each verdict, with its exit status, in each form; on the null engine, whose noise goes by the number of the trial.
valid() {  # valid NAME: NAME.json fits its schema, NAME.xml its form, and the counts are those of the tests
    "$TESTBIN/check_json" "$SRC/docs/check.schema.json" "$1.json"
    if command -v xmllint >/dev/null; then xmllint --noout --schema "$SRC/tests/fixtures/junit.xsd" "$1.xml" 2>xml.err || { cat xml.err; exit 1; }; fi
    for what in failure error skipped; do
        case $what in skipped) key=skipped ;; *) key=${what}s ;; esac
        n=$(grep -c "<$what " "$1.xml" || :)
        grep -q "<testsuites .*$key=\"$n\"" "$1.xml" || { echo "$1.xml: not $n $key"; exit 1; }
    done
    n=$(grep -c '<testcase ' "$1.xml")
    grep -q "<testsuites .* tests=\"$n\"" "$1.xml"
}
gate() {  # gate NAME STATUS VERDICT ARGUMENT...
    name=$1 status=$2 verdict=$3 rc=0
    shift 3
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 --json $name.json --junit $name.xml "$@" >$name.out 2>$name.err || rc=$?
    [ $rc = $status ] || { echo "$name: exit $rc, not $status"; cat $name.out $name.err; exit 1; }
    grep -q "\"verdict\":	\"$verdict\"," $name.json || { echo "$name: not $verdict"; exit 1; }
    [ "$(head -n 1 $name.out)" = $verdict ] || { echo "$name prints another verdict"; exit 1; }
    valid $name
    echo "$name: $verdict"
}
mkdir tmp
export TMPDIR="$PWD/tmp"
quiet="--set null:run_noise=0.001 --set null:drift=0 --set null:outliers=0 --set null:token_noise=0.001 --set null:watts_noise=0.001"
gate same 0 pass $quiet
gate slower 3 fail $quiet --cand-set null:slower=0.05
gate hungrier 3 fail $quiet --cand-set null:hungrier=0.05
# 1 % is certain here, and within the margin; and a gate that is asked for less lets more pass.
gate little 0 pass $quiet --cand-set null:slower=0.01
gate tolerant 0 pass $quiet --cand-set null:slower=0.05 --limit median=10%:20%
gate output 3 fail $quiet --cand-set null:output=1
gate bytes 3 fail $quiet --cand-set null:model_bytes=501MB
gate seeds 0 pass $quiet --base-set run:seed=7 # another prompt, another output: nothing to compare exactly
gate grades 5 invalid $quiet --cand-set null:grade=sampled
gate boundaries 5 invalid $quiet --base-set probes:boundary=platform
grep -q '^  j_per_tok .*fail$' hungrier.out
grep -q 'power +[45].[0-9] % x time [-+]0.[0-9] %: the machine draws more power' hungrier.out
grep -q 'x time +[45].[0-9] %: it takes longer, at the same power' slower.out
grep -q 'time by phase: prefill +[45].[0-9] %, decode +[45].[0-9] %' slower.out
[ -z "$(ls tmp)" ] # trials are not left behind
