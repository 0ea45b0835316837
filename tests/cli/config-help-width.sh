# SPDX-License-Identifier: Apache-2.0
# No line of any help page is over 100 columns: pages of commands, sections, keys, metrics, words. Columns are characters:
# bytes of UTF-8 that go on one are none.
page() {
    "$EFFBENCH" help "$@" >page.txt
    [ -s page.txt ] || echo "help $* says nothing"
    LC_ALL=C tr -d '\200-\277' <page.txt | LC_ALL=C awk -v page="help $*" 'length($0) > 100 { print page ": " length($0) ": " $0 }'
}
page
commands=$("$EFFBENCH" | sed -n '/^usage/,/^start/s/^  \([a-z-]*\)  .*/\1/p')
sections=$(sed -n 's/^## \[\([a-z]*\).*/\1/p' "$SRC/docs/config.md")
set -- $commands
[ $# -ge 10 ] || echo "only $# commands: $*"
for topic in $commands $sections config metrics groups words exit first-token; do page "$topic"; done
sed -n 's/^## \[\([a-z]*\).*/in \1/p; s/^| `\([a-z0-9_]*\)` |.*/\1/p' "$SRC/docs/config.md" >keys.txt
n=0
while read -r key of; do
    if [ "$key" = in ]; then
        section=$of
    else
        page "$section.$key"
        n=$((n + 1))
    fi
done <keys.txt
[ "$n" -gt 60 ] || echo "only $n keys"
