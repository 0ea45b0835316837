# docs/config.md and docs/effbench.1 are what the program says about itself.
"$EFFBENCH" help --format md | diff "$SRC/docs/config.md" -
"$EFFBENCH" help --format man | diff "$SRC/docs/effbench.1" -
# The page is plain roff: a formatter has nothing to say about it, and every command is in it.
if command -v groff >/dev/null; then
    groff -man -ww -z -Kutf8 "$SRC/docs/effbench.1" 2>&1 || groff -man -ww -z "$SRC/docs/effbench.1" 2>&1
fi
for c in $("$EFFBENCH" | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do grep -qx ".SS $c" "$SRC/docs/effbench.1" || echo "no $c"; done
