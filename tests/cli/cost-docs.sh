# SPDX-License-Identifier: Apache-2.0
# The commands of docs/cost.md about two runs do what stands there, and print the lines that stand under them.
section() { sed -n '/^## Two runs/,/^## A worked/p' "$SRC/docs/cost.md"; }
effbench() { "$EFFBENCH" "$@"; }
cp -r "$SRC/configs" configs
section | sed -n '/^```sh$/,/^```$/p' | grep '^effbench ' >commands
wc -l <commands
. ./commands >out 2>err || { cat err; exit 1; }
section | sed -n '/^```text$/,/^```$/p' | grep -v '^```' | while IFS= read -r line; do
    if grep -qxF -- "$line" out; then echo "there: $line"; else echo "not printed: $line"; fi
done
# What a rent has in it is no input of its own, and where no machine's making is known its years are not asked for.
sed -n '/, cloud (rented/,/interval/p' out | grep -c 'usd_per_kwh\|nan' || :
sed -n '/, cloud (rented/,/interval/p' out | grep -c 'gco2e_per_mtok = (1.2 x [0-9.]* x 400) / '
# The break-even of one run's machine, which is no answer about two, and says so.
grep -o 'board, cloud  *[0-9.]* %' out
grep -c 'this run.s own speed' out
