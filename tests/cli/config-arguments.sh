# SPDX-License-Identifier: Apache-2.0
# Command lines that say nothing, or two things: an empty argument, an option without its value, one given twice; folders that are
# none. One line, what to do next, exit 2, and nothing is begun.
try() { "$EFFBENCH" "$@" </dev/null >out 2>err && echo "exit 0" || echo "exit $?"; sed 's/^/    /' err; [ ! -s out ] || head -n 1 out | sed 's/^plan [0-9a-f]*/plan/'; }
null=$SRC/configs/null.ini
cp "$null" null.ini
: >file
mkdir folder
echo "== empty"
unset CONFIG
try "${CONFIG:-}"
try run "${CONFIG:-}"
try run null.ini --out "${CONFIG:-}"
try run null.ini --out=
for command in profile report compare check cost probes import model help; do try $command ''; done
for option in --format --color --sysroot --debug; do try $option= help; done
echo "== without its value"
for option in --out --resume --set --progress --require-energy; do
    try run null.ini $option
    try profile null.ini $option
done
try profile null.ini --trials
for option in --by --reference --slo --prices; do try compare a b $option; done
try probes --boundary
try model make --shape
try import llama-bench file --out
echo "== twice"
try run null.ini --out a --out=b
try run null.ini --progress never --progress always
try profile null.ini --trials 2 --trials 3
try compare a b --by machine --by type
try cost a --prices x --prices y
try check null.ini --cand b --cand c
try probes --boundary wall --boundary compute
try model make --shape a --shape b -o c
try help --format md --format man
try --color never help --color always
try run null.ini --out a --out a --dry-run # the same, which does no harm
try run null.ini --set run:trials=2 --set run:trials=3 --dry-run
try run --out a --resume b
echo "== of profile, by its own name"
try profile null.ini --frobnicate
try profile null.ini --out
try profile null.ini null.ini
echo "== no folder of a run"
for dir in nowhere file folder; do
    try run --resume $dir
    try report $dir
done
try run null.ini --out file
try run null.ini --out file/x
try import llama-bench nowhere
echo "== an option's help"
try help --resume
try help --frobnicate
try help --tokens
ls
