# SPDX-License-Identifier: Apache-2.0
# Files as editors of other systems leave them: CR LF and a BOM are read, other encodings are named once and not misread.
cat >plain.ini <<'INI'
[run]
engine = null
trials = 1
[model m]
model = shape:tiny-llama
[workload w]
kind = dense
prompt = 4
output = 2
INI
sed 's/$/\r/' plain.ini >crlf.ini
(printf '\357\273\277' && cat plain.ini) >bom.ini
sed 's/ = /\t=\t/' plain.ini >tabs.ini
for config in crlf bom tabs; do
    "$EFFBENCH" run $config.ini --dry-run | grep -c 'm/f16/w'
done
(printf '\377\376' && sed 's/./&\n/g' plain.ini | tr '\n' '\000') >utf16.ini
printf '[run]\nengine = null\n[model caf\351]\nmodel = shape:tiny-llama\n[workload w]\nkind = dense\n' >latin1.ini
sed 's/model m/model été/; s/workload w/workload 対話/' plain.ini >names.ini
for config in utf16 latin1 names; do
    "$EFFBENCH" run $config.ini || echo "exit $?" >&2
done
