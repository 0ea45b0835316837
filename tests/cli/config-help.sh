# Help comes from the tables; what does not exist is named with the nearest that does.
"$EFFBENCH"
"$EFFBENCH" help run.trials
"$EFFBENCH" help workload.kind
"$EFFBENCH" help slo
"$EFFBENCH" help exit
"$EFFBENCH" help config
[ "$("$EFFBENCH")" = "$("$EFFBENCH" --help)" ]
[ "$("$EFFBENCH")" = "$("$EFFBENCH" help)" ]
[ "$("$EFFBENCH" help probes)" = "$("$EFFBENCH" probes --help)" ]
[ "$("$EFFBENCH" | wc -l)" -le 30 ]
for topic in run.trails trials runs metrix nothing.x run.zzzzzz; do "$EFFBENCH" help $topic || echo "exit $?" >&2; done
