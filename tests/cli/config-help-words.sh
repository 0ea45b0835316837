# SPDX-License-Identifier: Apache-2.0
# Words that the tables use, and parts of a command's help. Case does not count; what is not there gets the nearest.
for word in grade power peak 'of read' demo gCO2e/Mtok tok/charge 'MB read' completed invalid overall r '~' ± ≠ KLD goodput ttft tpot_p50 'KV CACHE' 'tok/$' counter inconclusive verdict digest unmatched outside tornado 'good tok/s' 'on the front' kind=load 'spoilt pair' break-even 'at the dearest' bounds ratio 'not gated' offer CRF fingerprint; do "$EFFBENCH" help "$word"; done
# Several words without quotes are one, as long as the first is no command.
"$EFFBENCH" help good tok/s
"$EFFBENCH" help on the front
"$EFFBENCH" help model quantize
"$EFFBENCH" help model logits
"$EFFBENCH" help run --out
[ "$("$EFFBENCH" help words | grep -c '^[^ ]')" -ge 30 ]
# Every metric that a word refers to is one.
"$EFFBENCH" help words | tr ' \n' '  ' | grep -oE '[a-z0-9_]+_(ns|tok_s|j|bytes|frac|nats|agree|per_tok|per_j|per_usd|per_mtok)\b' |
    sort -u | while read -r metric; do "$EFFBENCH" help "$metric" >/dev/null; done
for words in 'gradd' 'godput' 'zzzzzzzz' 'model qantize' 'foo bar' 'inconclusiv' 'spoild pair' 'x' 'model make now'; do
    "$EFFBENCH" help $words || echo "exit $?" >&2
done
