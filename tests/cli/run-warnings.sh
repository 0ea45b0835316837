# SPDX-License-Identifier: Apache-2.0
# What a run says of itself is in its raw files from the beginning: killed or interrupted it says so still, and gone on with too;
# what a source said as it fell silent is kept of an interrupted run.
. "$SRC/tests/fixtures/meter.sh"
trials() { cat r/trials.jsonl 2>/dev/null | grep -c '"record":"trial"'; }
# until MANY trials are there of the run that is going on
reach() { while [ "$(trials)" -lt "$1" ]; do sleep 0.02; kill -0 $pid || fail 'ended early'; done; }
# said WORDS: in the report, the same in run.json, each once
said() {
    "$EFFBENCH" report r >out 2>err || fail 'no report'
    tr -s '\n ' ' ' <out >text
    for words; do
        grep -qF -- "$words" text || fail "lost: $words"
        [ "$("$EFFBENCH" report r --format json | grep -cF -- "$words")" = 1 ] || fail "not once in json: $words"
    done
}
lacks="counters was asked for and is"
silent="meter: the command ended with exit status 4: flat battery"
meter <<'END'
until [ -e dead ]; do echo 40; sleep 0.02; done
echo 'flat battery' >&2
exit 4
END
start() { "$EFFBENCH" run "$@" --sysroot root >out 2>err & pid=$!; }
start c.ini --out r --set run:trials=8 --set run:pause=200ms --set probes:sources=meter,process,counters
reach 2
kill -9 $pid
wait $pid 2>/dev/null && fail 'not killed'
said "$lacks"
start --resume r
reach 4
: >dead
reach 6
kill -INT $pid
wait $pid && fail 'not interrupted'
said "$lacks" "$silent"
rm dead
"$EFFBENCH" run --resume r --sysroot root >out 2>err || fail 'not gone on with'
[ "$(trials)" = 8 ]
cp out first
said "$lacks" "$silent"
cmp first out
