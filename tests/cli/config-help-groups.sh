# SPDX-License-Identifier: Apache-2.0
# The metric groups, their formulas and variables; in a tree of files nothing is counted, and each event says why.
mkdir tree
"$EFFBENCH" help groups --sysroot tree
# On the machine itself every event of the groups has a line as well, whatever it says.
"$EFFBENCH" help groups >here
for event in cycles instructions task-clock llc-misses memory-stalls; do grep -q "^  $event  *\(yes, as\|no: \)" here; done
[ "$("$EFFBENCH" help group 2>&1 | grep -c "did you mean 'effbench help groups'")" = 1 ]
