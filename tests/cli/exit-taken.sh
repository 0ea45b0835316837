# SPDX-License-Identifier: Apache-2.0
# An output folder that holds a run, or the trials of a gate, is the same mistake in every command: exit 2, what is there
# stays as it is, and the hint says what to do.
cp "$SRC/configs/null.ini" n.ini
cp "$SRC/tests/fixtures/llama-bench/bench.json" b.json
"$EFFBENCH" run n.ini --out taken --set run:trials=1 >/dev/null 2>&1
mkdir begun
cp n.ini begun/config.ini
before=$(cat taken/* 2>/dev/null | cksum)
taken() {
    rc=0
    "$EFFBENCH" "$@" >out 2>err || rc=$?
    echo "$1: exit $rc"
    cat out err
}
taken run n.ini --out taken
taken run n.ini --out begun
taken profile n.ini --out taken
taken import llama-bench b.json --out taken
mkdir -p gate/pair-001-base
taken check n.ini --out gate
[ "$before" = "$(cat taken/* 2>/dev/null | cksum)" ] || echo 'the run that was there is another now'
"$EFFBENCH" help exit | grep '^ *2 ' -A 1
