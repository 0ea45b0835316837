# SPDX-License-Identifier: Apache-2.0
# A side's program that is no effbench: a line that names it and what it did, soon, and nothing left behind.
mkdir tmp folder
export TMPDIR="$PWD/tmp" EFFBENCH
script() {  # script NAME LINE...
    name=$1
    shift
    { echo '#!/bin/sh'; printf '%s\n' "$@"; } >"$name"
    chmod +x "$name"
}
script ends 'exit 0'
script fails 'echo "what is that?" >&2' 'exit 3'
script talks 'echo "one thing"' 'echo and another'
script garbage "printf '\\001\\377\\000\\033[31mred\\n'"
script floods 'while :; do echo y; done'
script hangs 'sleep 600'
script dies 'kill -SEGV $$'
script forgets '[ $1 = run ] || exec "$EFFBENCH" "$@"'
script lies 'if [ $1 = run ]; then mkdir -p "$7"; echo x >"$7/trials.jsonl"; else exec "$EFFBENCH" "$@"; fi'
script wrapped 'exec "$EFFBENCH" "$@"'
script silent '[ $1 = run ] || exit 1' 'exec "$EFFBENCH" "$@"'
script breaks 'kill -INT $PPID' 'sleep 600'
script stops '[ $1 = run ] || exec "$EFFBENCH" "$@"' 'sleep 600 &' 'kill -TERM $PPID' 'wait'
script floods-log '[ $1 = run ] || exec "$EFFBENCH" "$@"' 'head -c 1100000 /dev/zero | tr "\\0" y >&2' 'exit 1'
script hides-log '[ $1 = run ] || exec "$EFFBENCH" "$@"' 'rm -f "$7.log"' 'exit 1'
script killed '[ $1 = run ] || exec "$EFFBENCH" "$@"' 'kill -KILL $$'
script refuses '[ $1 = run ] || exec "$EFFBENCH" "$@"' 'echo "effbench: error: the meter went away" >&2' 'exit 5'
echo "just text" >text
printf '\177ELF and no more' >broken
chmod +x broken
quiet="--set null:run_noise=0.001 --set null:drift=0 --set null:outliers=0 --set null:token_noise=0.001 --set null:watts_noise=0.001"
try() {
    echo "== $*"
    rc=0
    "$EFFBENCH" check "$SRC/configs/null.ini" --seed 1 $quiet "$@" >out 2>err || rc=$?
    sed "s,$SRC,SRC,;s,$TMPDIR,TMP,;s,effbench-check-[[:alnum:]]*,TRIALS," err
    echo "exit $rc$(head -n 1 out | sed 's/^/, /')"
}
for program in ./ends ./fails ./talks ./garbage ./floods ./hangs ./dies ./forgets ./lies ./folder ./text ./broken text nothing-here ./nothing-here; do
    try --cand-bin $program
done
try --base-bin ./ends --cand-bin ./talks
try --cand-bin ./wrapped
try --base-bin ./silent
try --cand-bin ./floods-log
try --cand-bin ./hides-log
try --cand-bin ./killed
try --cand-bin ./refuses --out kept
TMPDIR=$PWD/nowhere try --cand-bin ./wrapped 2>&1 | sed 's/effbench-check-[[:alnum:]]*/TRIALS/'
# A signal while a program is asked, and while it runs.
try --cand-bin ./breaks
try --cand-bin ./stops
[ -z "$(ls tmp)" ]
