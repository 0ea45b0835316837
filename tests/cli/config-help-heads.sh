# SPDX-License-Identifier: Apache-2.0
# `effbench help` knows every head of a column and every label under the tables that a report, a comparison, a cost, a gate, a load
# and a survey of the sources print.
. "$SRC/tests/fixtures/run.sh"
null="$SRC/configs/null.ini" prices="$SRC/configs/prices/demonstration.ini"
{
    scripted trials=2
    dense prompt=64 output=16
    served s rate=20 requests=40 output=32
    served c mode=curve level=2s output=16 | grep -v 'mode = server'
    printf '[workload u]\nkind = sustained\n'
    keys duration=4s window=1s prompt=64 output=16
} >load.ini
{
    "$EFFBENCH" run "$null" --out a --format md
    "$EFFBENCH" run "$null" --out b --set null:slower=0.1 --set model:script:type=f16,q8_0 --format md
    "$EFFBENCH" run load.ini --out l --format md
    "$EFFBENCH" compare a b --format md
    "$EFFBENCH" cost a --prices "$prices" --format md
} >md 2>err || { cat err; exit 1; }
{
    "$EFFBENCH" report a b l
    "$EFFBENCH" compare a b
    "$EFFBENCH" compare a --prices "$prices"
    "$EFFBENCH" cost a --prices "$prices"
    "$EFFBENCH" check "$null" --cand-set null:slower=0.05 || [ $? = 3 ]
    "$EFFBENCH" check --base a --cand b || [ $? = 3 ]
} >text 2>err || { cat err; exit 1; }
# A column's head with its unit, from the line above the one of dashes; a label at the beginning of a line, ten columns wide.
awk '/^\| *-/ { n = split(head, h, " *[|] *"); for (i = 2; i < n; i++) if (h[i] != "") print h[i] } { head = $0 }' md >heads
grep -oE '^[a-z$*~≠±][a-z$/*~ ]{0,8} +[^ |]' text | grep -E '^.{10,11}$' | sed -E 's/ +[^ ]$//' >labels
[ "$(sort -u heads | wc -l)" -ge 25 ] && [ "$(sort -u labels | wc -l)" -ge 15 ]
"$EFFBENCH" help words | sed -nE 's/^([^ ].*[^)])$/\1/p; s/^([^ ].*)  \((.*)\)$/\1, \2/p' | tr -s ',' '\n' | sed 's/^ *//' >known
"$EFFBENCH" help | sed -nE 's/^  ([a-z]+) .*/\1/p' >>known
"$EFFBENCH" help config | sed -nE 's/^  \[([a-z]+).*/\1/p' >>known
echo words >>known
printf '%s\n' fact option value from why >>known # (words of every day)
# (a unit may follow; what follows it says where it is from)
sort -u heads labels | awk 'NR == FNR { known[tolower($0)] = 1; next }
    { words = tolower($0); while (!(words in known) && sub(/ [^ ]*$/, "", words)); if (!(words in known)) print "unknown: " $0 }' known -
