# A disk that ends, and a signal in the middle: nothing half-written stays.
(
    trap '' XFSZ # writing past the limit is an error then, as on a full disk
    ulimit -f 200
    "$EFFBENCH" model make --shape tiny-llama --type f32 -o big.gguf || echo "exit $?"
)
ls
"$EFFBENCH" model make --shape smollm2-360m --type f32 -o slow.gguf 2>/dev/null &
while kill -0 $! 2>/dev/null && ! ls slow.gguf.tmp.* >/dev/null 2>&1; do :; done
kill -TERM $! || { echo "could not be interrupted" >&2; exit 1; }
wait $! || echo "exit $?"
ls
