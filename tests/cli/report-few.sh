# SPDX-License-Identifier: Apache-2.0
# Nobody is the fastest of three trials, nor by less than what counts as the same; a comparison of the two says the same.
make_run="$TESTBIN/make_run"
two="case=tiny/f16/dense/16/16/1/1 case=tiny/q8_0/dense/16/16/1"
"$make_run" few trials=3 $two/2
"$make_run" near noise=0.0005 $two/1.01
"$make_run" clear $two/1.1
for r in few near clear; do
    echo "== $r"
    "$EFFBENCH" report $r 2>/dev/null >out
    sed -n '2,4p; /^  tiny/p' out
    "$EFFBENCH" compare $r --by type | sed -n '/^  q8_0/p; /^  f16/p; /^  [a-z ]*: /,/^$/p'
done
echo "== joules of small models are in one unit in both"
"$make_run" small watts=2 $two/1.1
"$EFFBENCH" report small 2>/dev/null | sed -n '/^Energy/,/^$/p' | cut -c 1-60
"$EFFBENCH" compare small --by type | sed -n '4,7p'
