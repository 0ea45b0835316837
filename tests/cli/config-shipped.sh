# Each config that comes with the program resolves, and opens with the question it answers.
for c in "$SRC"/configs/*.ini; do
    head -n 1 "$c" | grep -q '^# Question: ' || { echo "$c opens with no question"; exit 1; }
    "$EFFBENCH" run "$c" --dry-run >out || { echo "$c does not resolve"; exit 1; }
    printf '%s: ' "$(basename "$c")"
    grep -o '[0-9]* cases* x .* trials*' out
done
