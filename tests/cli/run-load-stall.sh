# SPDX-License-Identifier: Apache-2.0
# The whole program is stopped for a second while a server's requests arrive: they are still due when they were, and the
# stall shows in the tail of the latencies, in requests.csv and in the table.
. "$SRC/tests/fixtures/run.sh"
{
    tiny trials=1 idle=0
    printf '[workload server]\n'
    keys kind=load mode=server rate=100 requests=500 batch=8 prompt=8 output=4
} >c.ini
"$EFFBENCH" run c.ini --out calm >/dev/null 2>err || { cat err; exit 1; }
"$EFFBENCH" run c.ini --progress always --out stalled >out.txt 2>err &
run=$!
trap 'kill -CONT $run 2>/dev/null || true; kill $run 2>/dev/null || true' EXIT
while kill -0 $run 2>/dev/null && ! grep -q 'trial 1 of' err; do sleep 0.05; done
sleep 1
kill -STOP $run
sleep 1.1
kill -CONT $run
wait $run || { cat err; exit 1; }
trap - EXIT
gaps() { awk -F, 'NR > 1 { if (last) print $3 - last; last = $3 }' "$1/requests.csv"; }
gaps calm >a
gaps stalled >b
cmp a b
awk -F, 'FNR == 1 { next }
    FILENAME ~ /requests/ { due[$2] = $3; ok += $NF == "ok"; next }
    $3 == 0 { ttft = ($6 - due[$2]) / 1e9; late += ttft > 0.5; most = ttft > most ? ttft : most }
    END { if (ok != 500 || most < 0.9 || late < 20) { print ok " answered, " late " late, " most " s at most"; exit 1 } }' \
    stalled/requests.csv stalled/tokens.csv
sed -n '/"ttft_p99_ns":.*{/,/}/s/.*"value":[[:space:]]*\([0-9.]*\).*/\1/p' stalled/run.json | sed -n 1p >p99
awk '{ exit !($1 > 0.6e9) }' p99
