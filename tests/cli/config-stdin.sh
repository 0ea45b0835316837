# SPDX-License-Identifier: Apache-2.0
# A config from a pipe is read once and kept whole in the result folder; [run] out names that folder.
printf '[model m]\nmodel = shape:tiny-llama\n[workload w]\nkind = dense\nprompt = 4\noutput = 2\n[run]\ntrials = 1\nidle = 0\ncold_start = no\n' > ok.ini
cat ok.ini | "$EFFBENCH" run - --out r >/dev/null 2>&1
cmp ok.ini r/config.ini
"$EFFBENCH" run ok.ini --set run:out=made/here >/dev/null 2>&1
ls made/here/trials.jsonl
cat ok.ini | "$EFFBENCH" run /dev/stdin --set run:out=made/here 2>&1 || echo "exit $?"
"$EFFBENCH" run --resume made/here --set run:trials=2 2>&1 || echo "exit $?"
(cat ok.ini; echo '[run') | "$EFFBENCH" run - --dry-run 2>&1 || echo "exit $?"
