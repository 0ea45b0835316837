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
