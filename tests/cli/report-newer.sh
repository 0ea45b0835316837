# SPDX-License-Identifier: Apache-2.0
# A run.json of a newer schema beside raw files that can be read: the table comes from them, and says so; what the newer
# program made stays as it is, under a resumed run as well. Newer raw files, and a schema that is none, are as ever.
"$EFFBENCH" run "$SRC/configs/null.ini" --set run:trials=2 --out r >first.out 2>/dev/null
try() { "$EFFBENCH" "$@" >out 2>err && echo "exit 0" || echo "exit $?"; sed 's/^/    /' err; }
cp -r r newer
sed -i 's|effbench.run/1|effbench.run/12|' newer/run.json
echo 'a,newer,file' >newer/energy.csv
cp -r newer kept
try report newer
cmp first.out out
diff -r kept newer
try report newer/ --format json
cmp r/run.json out
"$EFFBENCH" run --resume newer 2>err >out || echo "exit $?"
grep -c "warning.*effbench.run/12.*left as it is" err
cmp first.out out
cmp kept/run.json newer/run.json
cmp kept/energy.csv newer/energy.csv
try compare r newer
for form in cost check; do
    echo "$form"
    [ $form = check ] || try cost newer --prices "$SRC/configs/prices/demonstration.ini"
    [ $form = cost ] || try check --base r --cand newer
    diff -r kept newer
done
rm newer/run.json
try compare r newer
try report newer
cmp r/run.json newer/run.json
echo "nothing but its run.json"
mkdir alone
cp kept/run.json alone
try compare r alone
try report alone
try cost alone
try check --base r --cand alone
cmp kept/run.json alone/run.json
echo "raw files are newer too"
sed -i 's|effbench.journal/1|effbench.journal/2|' kept/trials.jsonl
cp kept/run.json before.json
try report kept
cmp before.json kept/run.json
echo "newer, however large"
for schema in 123456789 20261122000000 999999999999999999; do
    cp -r r odd
    sed -i "s|effbench.run/1|effbench.run/$schema|" odd/run.json
    "$EFFBENCH" report odd >/dev/null 2>err
    grep -o 'has schema effbench.run/[0-9]*, and this program knows effbench.run/1: it is left as it is' err
    grep -c "effbench.run/$schema" odd/run.json
    rm -r odd
done
echo "older, no number, too large a one, another name: damage, made again"
for schema in run/0 run/2x run/ run/99999999999999999999 runs/2; do
    cp -r r odd
    sed -i "s|effbench.run/1|effbench.$schema|" odd/run.json
    try report odd
    cmp r/run.json odd/run.json
    rm -r odd
done
