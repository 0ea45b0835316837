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
echo "== a single trial marks nothing, of two cases nor of one"
"$make_run" one trials=1 $two/2
"$make_run" lone trials=1 case=tiny/f16/dense/16/16/1/1
for r in one lone; do
    "$EFFBENCH" report $r 2>/dev/null | sed -n '2,4p; /^  tiny/p'
done
echo "== of its joules is shown what the counters leave, as run.json has it, and what may be nothing is said to be"
"$EFFBENCH" report one | sed -n '/^±/,/^prices/p'
"$EFFBENCH" report one --format csv | grep -c ',tok/J,counter,range,.*,0\.'
"$make_run" idle trials=1 noise=0 watts=40 idle=39.98 case=tiny/f16/dense/16/16/1/1
"$EFFBENCH" report idle | sed -n '/^Energy/,/^$/p; /may be nothing/p'
echo "== nor is a lone row of llama-bench marked"
row='"model_type": "m 1B Q8_0", "n_prompt": 512, "n_gen": 0, "n_threads": 2'
echo "{$row, \"samples_ns\": [1000000000]}" >once.jsonl
echo "{$row, \"avg_ns\": 1000000000}" >mean.jsonl
for r in once mean; do
    "$EFFBENCH" import llama-bench $r.jsonl --out $r 2>/dev/null | sed -n '/^With/p; /^  m/p'
done
echo "== who leads within noise is not bold, as it is not in the tables"
for r in near clear few; do
    "$EFFBENCH" report $r --format md | sed -n '/^With/p; /^\*\*Bold/p'
done
echo "== the leader's word to a rival is of those two, whoever is the reference"
"$make_run" slow speed=0.5
"$make_run" lead noise=0.0005 seed=2
"$make_run" rival noise=0.0005 seed=3 speed=0.99
"$EFFBENCH" compare slow lead rival | sed -n '/^  speed/,/^$/p'
