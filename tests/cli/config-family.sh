# SPDX-License-Identifier: Apache-2.0
# A kind that does not fit its model is found when the config is read; a workload that names no model takes those that fit.
cat >a.ini <<'INI'
[model a]
model = shape:tiny-llama
[model b]
model = shape:tiny-mamba
[workload x]
kind = ssm
model = b, a
[workload y]
kind = dense
[workload z]
kind = moe
INI
"$EFFBENCH" run a.ini --dry-run || echo "exit $?"
sed -e 's/= b, a/= b/' -e 's/= moe/= quantized/' a.ini >b.ini
"$EFFBENCH" run b.ini --dry-run --set run:threads=1 | grep '^ *[0-9]  '
