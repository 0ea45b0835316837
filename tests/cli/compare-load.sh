# SPDX-License-Identifier: Apache-2.0
# Two loads of one model are two works: each is compared with its own.
. "$SRC/tests/fixtures/run.sh"
{
    scripted trials=6
    served server rate="1, 3" requests=50 output=16
} >c.ini
"$EFFBENCH" run c.ini --out a >/dev/null 2>err || { cat err; exit 1; }
"$EFFBENCH" run c.ini --set null:seed=2 --out b >/dev/null 2>err || { cat err; exit 1; }
"$EFFBENCH" compare a b >out.txt 2>err || { cat err; exit 1; }
grep -o 'server poisson [13]/s' out.txt | sort | uniq -c | awk '{ print $2, $3, $4, ($1 > 0) }'
if grep -q 'twice\|more than once' out.txt err; then cat out.txt err; exit 1; fi
