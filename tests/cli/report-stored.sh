# SPDX-License-Identifier: Apache-2.0
# The report of raw files that were stored once: the same figures and the same words, in every form; run.json is made
# where it is missing or wrong, and a folder in which it cannot be made is still read.
cp -r "$SRC/tests/fixtures/runs/stored" r
chmod -R u+w r
"$EFFBENCH" report r
cp r/run.json first.json
"$EFFBENCH" report r --format json | cmp - first.json
echo '{}' >r/run.json
"$EFFBENCH" report r --format csv >csv
cmp r/run.json first.json
grep -c , csv
cut -d, -f 1-10,14-18 csv | grep ',j_per_tok,'
rm r/run.json
mkdir r/run.json
"$EFFBENCH" report r --format md >md
rmdir r/run.json
cat md
"$EFFBENCH" report r nowhere r | grep '^# ' || echo "none"
