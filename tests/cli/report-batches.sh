# SPDX-License-Identifier: Apache-2.0
# A sweep over batches is answered by what company is worth, in whatever order they stand; two batches are no sweep.
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
[null]
run_noise = 0
drift = 0
session_noise = 0
outliers = 0
token_noise = 0
watts_noise = 0
INI
}
config "1, 16, 4" >c.ini
config "1, 4" >two.ini
"$EFFBENCH" run c.ini --out r 2>err | grep -A 1 '^Batch' || { cat err; exit 1; }
"$EFFBENCH" report r --format html | grep -o 'Batch 1 to [0-9]*, <strong>m f16</strong>'
"$EFFBENCH" run two.ini --out two 2>err >two.txt || { cat err; exit 1; }
grep -c '^With' two.txt
grep -c '^Batch' two.txt || true
