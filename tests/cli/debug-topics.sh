# SPDX-License-Identifier: Apache-2.0
# --debug: text on stderr by topic, none of it on stdout; a topic that there is not is an error.
cp -r "$SRC/tests/fixtures/runs/stored" r
chmod -R u+w r
"$EFFBENCH" report r >plain 2>/dev/null
"$EFFBENCH" --debug metrics report r >out 2>err
cmp plain out
grep -c '^debug: metrics: trial ' err
"$EFFBENCH" --debug plan report r 2>&1 >out | grep -c '^debug: metrics' || true
"$EFFBENCH" --debug plan,metric help || echo "exit $?"
"$EFFBENCH" --debug '' help || echo "exit $?"
