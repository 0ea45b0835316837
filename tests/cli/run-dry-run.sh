# SPDX-License-Identifier: Apache-2.0
# A dry run speaks for the run: of a meter whose command does not work, of energy that is required and not to be had (exit
# 5), of the time that max_time allows. And misspelt options and commands are answered with the nearest.
mkdir root
cat >c.ini <<'INI'
[run]
trials = 10
max_time = 250s
idle = 0
pause = 0
[model tiny]
model = shape:tiny-llama
type = f32
[workload hold]
kind = sustained
prompt = 16
output = 64
duration = 100s
window = 10s
[probes]
boundary = wall
meter_grade = wall
meter = ./meter
INI
fail() { cat out err; echo "$*"; exit 1; }
dry() {  # `out` is with its lines in one again
    rc=0
    "$EFFBENCH" run c.ini --sysroot root --dry-run "$@" >wrapped 2>err || rc=$?
    sed -e ':a' -e '$!N' -e 's/\n   \{8,\}/ /' -e 'ta' -e P -e D wrapped >out
}
dry
[ $rc = 0 ] || fail "exit $rc"
grep -q '^  meter  *no device  .*not found' out || fail 'the meter is no meter'
grep -q '^energy of boundary wall: none, the run would print no joules$' out || fail 'joules'
grep -q 'about 5.0 min without the making of models (max_time ends it after 3 of 10 rounds)$' out || fail 'max_time'
dry --require-energy wall
[ $rc = 5 ] || fail "exit $rc"
grep -q "energy of grade 'wall' is required and only 'none' is to be had for boundary 'wall': meter: .*not found" err || fail 'no reason'
grep -q '^estimate: ' out || fail 'the rest is not said'
printf '#!/bin/sh\nwhile :; do echo 42; sleep 0.02; done\n' >meter
chmod +x meter
dry --require-energy wall --set run:max_time=1h
[ $rc = 0 ] || fail "exit $rc"
grep -q '^  meter  *ok$' out || fail 'the meter is one'
grep -q '^energy of boundary wall: wall meter, grade wall$' out || fail 'no joules'
grep -q 'about 17 min without the making of models$' out || fail 'time'
dry --require-energy wall --set probes:boundary=compute --set 'probes:sources=meter, process'
[ $rc = 5 ] || fail "exit $rc"
grep -q '^  powercap  *off  *not in \[probes\] sources$' out || fail 'sources'
[ ! -e results ] || fail 'a dry run leaves something behind'

# One of a thing is not several of it.
dry --set run:trials=1 --set workload:hold:threads=1
grep -qx 'plan [0-9a-f]*: 1 case x 1 trial' out && grep -q ' 1 thread$' out || fail 'one'
dry --set run:trials=1 --set 'workload:hold:prompt=8, 16' --set workload:hold:threads=2
grep -qx 'plan [0-9a-f]*: 2 cases x 1 trial, interleaved' out && grep -q ' 2 threads$' out || fail 'two'

# The plan first, what it takes next, the options last; none of a kind, a mode or a meter that is not there.
dry
grep -nE '^(plan|probes|estimate|options)' out | cut -d: -f2 | cut -c1-4 | tr '\n' ' ' | grep -qx 'plan prob esti opti ' || fail 'order'
sed -n '/^options/,$p' out >options
shown() { grep -q "^  \[$1\] $2 " options; }
for key in kind prompt output duration window; do shown 'workload hold' $key || fail "no $key"; done
for key in depth eval_tokens reference top_k top_p mode requests arrivals level; do
    ! shown 'workload hold' $key || fail "$key is of no use here"
done
shown probes meter_format || fail 'meter_format'
! grep -q '^  \[cost\]' options || fail 'cost without a price'
dry --set workload:hold:kind=load --set workload:hold:mode=closed --set workload:hold:users=2 \
    --set probes:meter_grade=auto 2>/dev/null || :
[ $rc = 2 ] || fail 'duration of a load'
sed -e '/duration/d;/window/d;/^meter/d;s/sustained/load/' c.ini >load.ini
printf '[cost]\nbattery_wh = 50\n' >>load.ini
"$EFFBENCH" run load.ini --sysroot root --dry-run --set workload:hold:mode=closed --set workload:hold:users=2 \
    --set workload:hold:temperature=0.7 >out
sed -n '/^options/,$p' out >options
for key in mode users requests top_k top_p temperature; do shown 'workload hold' $key || fail "no $key"; done
for key in rate arrivals level duration window depth; do
    ! shown 'workload hold' $key || fail "$key is of no use here"
done
! shown probes meter_format || fail 'a meter that is not there'
shown cost currency || fail 'cost'

near() {  # near WORD ARGUMENT...
    word=$1 rc=0
    shift
    "$EFFBENCH" "$@" >out 2>err || rc=$?
    [ $rc = 2 ] && grep -q "^hint: did you mean '$word'?" err || fail "$*"
}
near --dry-run run c.ini --dryrun
near --out run c.ini --ouput=x
near --require-energy run c.ini --require-enrgy counter
near --format report --formt=csv x
near --watch probes --wacth
near --plots report x --plot
near --prices cost --price x
near --progress profile c.ini --prgress never
near --sysroot --sysrot root probes
near 'effbench probes' prob
near 'effbench help run' help rnu
"$EFFBENCH" model maek >out 2>err && fail 'model maek' || grep -q "did you mean 'make'" err || fail 'model maek'
"$EFFBENCH" --zzz >out 2>err && fail '--zzz' || grep -q '^hint: effbench help$' err || fail '--zzz'
