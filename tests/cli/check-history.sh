# The history: appended to, never rewritten; a reason accepts a fail; another machine is refused; it blocks when asked.
mkdir tmp
export TMPDIR="$PWD/tmp"
gate() {
    rc=0
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 --history h.jsonl --json check.json --set null:run_noise=0.001 --set null:drift=0 \
        --set null:outliers=0 --set null:token_noise=0.001 --set null:watts_noise=0.001 "$@" >out 2>err || rc=$?
    "$TESTBIN/check_json" "$SRC/docs/check.schema.json" check.json || [ $rc = 5 ]
    tail -n 1 h.jsonl | "$TESTBIN/check_json" "$SRC/docs/history.schema.json" - || [ $rc = 5 ]
    echo "exit $rc, $(wc -l <h.jsonl) lines, $(tail -n 1 h.jsonl | grep -o '"verdict":"[a-z]*"'), accepted $(tail -n 1 h.jsonl | grep -o '"accepted":[a-z]*' | cut -d: -f2)"
}
gate
cp h.jsonl first
gate --block
sed -n '/^note *--block/,/needs/p' out
cp first h.jsonl
gate --cand-set null:output=1
gate --cand-set null:output=1 --accept --reason "the sampler draws otherwise now"
[ "$(head -n 1 h.jsonl)" = "$(cat first)" ]
grep -q '^history .*against the median of 1 accepted gate' out
grep -q '^accepted .*the sampler draws otherwise now' out
sed 's/"fingerprint":"[0-9a-f]*"/"fingerprint":"0123"/' first >h.jsonl
gate
grep -h 'error:' err | sed 's/[0-9a-f]\{32\} here/F here/'
for i in 1 2 3 4 5 6; do cat first; done >h.jsonl
printf '{"schema":"effbench.hist' >>h.jsonl
gate --set null:slower=0.2
gate --set null:slower=0.2 --block
grep -q "worse by .* than the history's level of" out
! grep -q 'had no say' out
# A damaged line has its number, and what to do about it: of a history, and of a file that never was one.
{ cat first; echo '{"schema":"effbench.history/1",'; cat first; } >torn.jsonl
echo 'not a line' >other.jsonl
sed 's/"value":[0-9.]*/"value":0/' first >nothing.jsonl
for file in torn other nothing; do
    cp $file.jsonl before
    rc=0
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 --history $file.jsonl >out 2>err || rc=$?
    echo "exit $rc, $(wc -c <out) bytes said"
    cat err
    cmp before $file.jsonl
done
# What cannot be appended is an error after the verdict, which may have taken an hour, and not instead of it.
mkdir gone
cat >removes <<'END'
#!/bin/sh
[ "$1" = run ] && rm -rf gone
exec "$EFFBENCH" "$@"
END
chmod +x removes
export EFFBENCH
rc=0
"$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 --cand-bin ./removes --history gone/h.jsonl >out 2>err || rc=$?
echo "exit $rc, $(head -n 1 out)"
grep 'error:' err
# A place that is no place is refused before the pairs.
mkfifo fifo
for option in --history --json --junit; do
    for place in nowhere/file . ./fifo; do
        rc=0
        "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 $option $place >out 2>err || rc=$?
        echo "$option $place: exit $rc, $(wc -c <out) bytes said"
        cat err
    done
done
printf '{"my":"settings"}' >mine.json
rc=0
"$EFFBENCH" check "$SRC/configs/null.ini" --history mine.json >out 2>err || rc=$?
echo "exit $rc"
head -n 1 err
[ "$(cat mine.json)" = '{"my":"settings"}' ]
