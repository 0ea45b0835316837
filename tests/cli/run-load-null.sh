# SPDX-License-Identifier: Apache-2.0
# Loads on the null engine's virtual clock: minutes of arrivals in a moment, the same each time. Every level that it can
# keep up with is valid; a rate beyond what it can do is not; a p99 of 100 requests is refused.
. "$SRC/tests/fixtures/run.sh"
{
    scripted trials=1
    served server rate="2, 20" requests=100 output=32
    served enough rate=2 requests=500 output=32
    printf '[workload curve]\nkind = load\nmode = curve\nlevel = 10min\nbatch = 8\nprompt = 128\noutput = 32\n'
    printf '[slo]\nttft = 1s\n'
    noiseless
} >c.ini
"$EFFBENCH" run c.ini --out r >out.txt 2>err || { cat err; exit 1; }
sed -n '/^Load$/,/^energy/p' out.txt | sed '$d'
tr -s '\n ' ' ' <out.txt | grep -o 'load m f16[^=]*p99 ([0-9]* of 459)' | sed 's/load m/\nload m/g' | grep .
awk -F, 'NR > 1 { print $1, $6, $7, $12 }' r/load.csv
# A name of ordinary length is never cut: what tells the cases apart stands in its middle.
sed -e '/^.workload curve/,/^output/d' -e 's/^\[model m\]/[model a-dense-model]/' c.ini >named.ini
"$EFFBENCH" run named.ini --out named 2>err | sed -n '/^Load$/,/^$/p' >table
[ "$(grep -c '^  a-dense-model f16 (\(server\|enough\)) 128+32 b8 ' table)" = 3 ]
