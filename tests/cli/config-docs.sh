# docs/config.md is what the program says about itself.
"$EFFBENCH" help --format md | diff "$SRC/docs/config.md" -
