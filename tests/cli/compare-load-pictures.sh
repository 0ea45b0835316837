# SPDX-License-Identifier: Apache-2.0
# Load curves are drawn over each other on the page, each once however many prices it has; what is no curve has none.
command -v gnuplot >/dev/null || { echo "gnuplot is not installed" >&2; exit 77; }
. "$SRC/tests/fixtures/run.sh"
{
    scripted trials=6
    served server rate="1, 3" requests=50 output=16
} >c.ini
"$EFFBENCH" run c.ini --out a >/dev/null 2>err || { cat err; exit 1; }
"$EFFBENCH" run c.ini --set null:seed=2 --out b >/dev/null 2>err || { cat err; exit 1; }
sed -e 's/mode = server/mode = curve/; s/^rate = .*/level = 10s/; /^requests/d' -e 's/trials = 6/trials = 2/' c.ini >curve.ini
for seed in 1 2; do "$EFFBENCH" run curve.ini --set null:seed=$seed --out curve$seed >/dev/null 2>err || { cat err; exit 1; }; done
pictures() {
    "$EFFBENCH" compare "$@" --format html >page 2>err || { cat err; exit 1; }
    grep -o 'Load curves<small>[^<]*' page || echo "no load curves"
}
pictures a b
pictures curve1 curve2
sed -n '/<figcaption>Load curves/,/<\/figure>/p' page >figure
for text in curve1 curve2 tok/s W tok/J; do grep -c ">$text<" figure; done
pictures curve1 --by price --prices "$SRC/configs/prices/demonstration.ini"
sed -n '/<figcaption>Load curves/,/<\/figure>/p' page | grep -c '>\(board\|rented\|tokens\)<'
