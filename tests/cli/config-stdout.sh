# Output that cannot be written is a failure; a reader that has seen enough is not.
[ -w /dev/full ] || { echo "there is no /dev/full here" >&2; exit 77; }
"$EFFBENCH" help > /dev/full || echo "exit $?" >&2
"$EFFBENCH" help >&- || echo "exit $?" >&2
mkfifo pipe
exec 3<>pipe 4>pipe 3<&-    # a writing end whose only reader is gone
"$EFFBENCH" help >&4 || echo "closed pipe: exit $?" >&2
(echo shell >&4) 2>/dev/null && echo "the pipe still has a reader: nothing was tested" >&2
:
