# SPDX-License-Identifier: Apache-2.0
# A run that was killed, with a failed trial and one that computed something else: each is said once, in every form.
cp -r "$SRC/tests/fixtures/runs/stored" r
chmod -R u+w r
sed -i -e '/"record":"end"/d' r/trials.jsonl
last=$(grep -n '"record":"trial"' r/trials.jsonl | tail -n 1 | cut -d: -f1)
sed -i "${last}s/\"error\":null/\"error\":\"no luck\"/" r/trials.jsonl
first=$(grep -n '"record":"trial"' r/trials.jsonl | head -n 1 | cut -d: -f1)
sed -i "${first}s/\"digest\":\"[0-9a-f]*\"/\"digest\":\"0123456789abcdef\"/" r/trials.jsonl
for form in term md; do
    "$EFFBENCH" report r --format $form >out
    tr -s '\n ' ' ' <out | grep -o 'did not end\|no luck\|not give the same\|trials\? failed' | sort | uniq -c | tr -s ' '
done
# One in which no trial finished says so, in one line, alone and beside another; the other keeps its figures.
cp -r "$SRC/tests/fixtures/runs/stored" s
cp -r s none
chmod -R u+w s none
sed -i -e '/"record":"trial"/d' -e '/"record":"end"/d' none/trials.jsonl
"$EFFBENCH" report none 2>/dev/null | tr -s '\n ' ' ' | grep -o 'the run did not end[^;]*;'
"$EFFBENCH" report none 2>/dev/null >out
grep -A 1 '^energy\|^trials' out | tr -s '\n ' ' ' | grep -o 'energy no trial ended\|trials none ended'
tr -s '\n ' ' ' <out | grep -i 'no energy source\|a single one' || echo "nothing of a source or a single trial"
"$EFFBENCH" report none --format html 2>/dev/null | grep -o '<li>no [a-z ]*</li>'
"$EFFBENCH" compare s r none 2>/dev/null | grep 'did not end'
"$EFFBENCH" cost none 2>&1 >/dev/null || echo "exit $?"
