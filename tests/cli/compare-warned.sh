# SPDX-License-Identifier: Apache-2.0
# What the reports of the runs that are in a row warn of is said by the comparison too, in the report's words; of many runs it is a
# line, whole in the JSON. A run.json that is cut off is said to be damaged.
make_run="$TESTBIN/make_run"
both="case=tiny/f16/dense/16/16/1/1 case=tiny/q8_0/dense/16/16/1/1"
"$make_run" calm $both
"$make_run" busy seed=2 speed=1.2 foreign=116 warning="made-0 has gone: no such device" $both
"$make_run" other seed=3 foreign=40 case=tiny/f16/dense/99/16/1/1
report() { # the warnings of its report
    "$EFFBENCH" report "$1" | awk '/^warning / { on = 1; print; next } /^[^ ]/ { on = 0 } on'
}
warnings() { # in lines that are whole
    "$EFFBENCH" compare "$@" --format md 2>&1 | sed -n 's/^- warning: //p'
}
echo "the report of 'busy'"
report busy
echo "and the comparison, by form"
"$EFFBENCH" compare calm busy other | awk '/^warning / { on = 1; print; next } /^[^ ]/ { on = 0 } on'
warnings calm busy other
for form in html json; do
    "$EFFBENCH" compare calm busy other --format $form | grep -c 'busy: other processes used 116 to 117 \(%\|&#37;\) of a CPU, in 2 trials'
done
echo "cases that are in no row"
"$make_run" part seed=4 foreign=7 case=tiny/f16/dense/99/16/1/1 case=tiny/f16/dense/16/16/1/1
warnings calm part
echo "many runs"
many=
for i in 1 2 3 4 5 6 7 8 9; do
    "$make_run" m$i seed=$i foreign=${i}0 warning="made-$i is worn" case=tiny/f16/dense/16/16/1/1
    many="$many m$i"
done
"$make_run" odd seed=10 warning="nobody looked" case=tiny/f16/dense/16/16/1/1
warnings $many odd
warnings m1 m2 m3
"$EFFBENCH" compare $many odd --format json >many.json
"$TESTBIN/check_json" "$SRC/docs/compare.schema.json" many.json && grep -o '"m[1-9]: other processes used' many.json | wc -l
echo "damaged, and not there"
for d in cut lost bare; do cp -r calm $d; "$EFFBENCH" report $d >/dev/null; done
head -c 500 lost/run.json >cut/run.json
echo '[]' >bare/run.json
rm lost/run.json
warnings m1 cut lost bare
"$EFFBENCH" compare m1 cut >/dev/null && echo "exit 0"
