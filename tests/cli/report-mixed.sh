# SPDX-License-Identifier: Apache-2.0
# One table with energies of three kinds: the counters of two cases are whole, a third case's memory counter vanished, and
# the fourth one's counters all did. Each row says which kind it is, the kinds are explained, none is ranked with another.
cp -r "$SRC/tests/fixtures/runs/mixed" r
chmod -R u+w r
"$EFFBENCH" report r
"$EFFBENCH" report r --format md | sed -n '1,/^## How/p'
"$EFFBENCH" report r --format csv >csv
head -n 1 csv | cut -d, -f 10,16,19-
grep -e ',j_per_tok,' -e ',net_j_per_tok,' -e ',energy_dram_j,' csv | cut -d, -f 4,10,16,19-
head -n 8 r/energy.csv
# Every energy in run.json carries where it comes from, how much of the boundary that is, and what its error is made of.
for field in grade source domains coverage halfwidth budget sensor_class largest; do
    echo "$field $(grep -c "\"$field\":" r/run.json)"
done
