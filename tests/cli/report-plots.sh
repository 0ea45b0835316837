# SPDX-License-Identifier: Apache-2.0
# --plots makes report.md and the plots again; without gnuplot it says so and goes on.
cp -r "$SRC/tests/fixtures/runs/stored" r
chmod -R u+w r
mkdir bin
PATH="$PWD/bin" "$EFFBENCH" report r --plots >first
/bin/ls r
command -v gnuplot >/dev/null || { echo "gnuplot is not installed" >&2; exit 77; }
rm r/report.md
"$EFFBENCH" report r --plots >second
cmp first second
ls r r/plots
"$EFFBENCH" report r --format md | cmp - r/report.md
