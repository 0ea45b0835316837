# SPDX-License-Identifier: Apache-2.0
# A sweep over batches is answered by what company is worth, in whatever order they stand; two batches are no sweep.
. "$SRC/tests/fixtures/run.sh"
config() {
    cat <<INI
[run]
engine = null
trials = 7
idle = 0
cold_start = no
[model m]
model = shape:tiny-llama
[workload w]
kind = dense
prompt = 16
output = 16
batch = $1
INI
    noiseless
}
config "1, 16, 4" >c.ini
config "1, 4" >two.ini
"$EFFBENCH" run c.ini --out r 2>err | grep -A 1 '^Batch' || { cat err; exit 1; }
"$EFFBENCH" report r --format html | grep -o 'Batch 1 to [0-9]*, <strong>m f16</strong>'
"$EFFBENCH" run two.ini --out two 2>err >two.txt || { cat err; exit 1; }
grep -c '^With' two.txt
if grep '^Batch' two.txt; then exit 1; fi
