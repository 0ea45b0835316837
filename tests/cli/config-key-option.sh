# SPDX-License-Identifier: Apache-2.0
# An option that there is not, of the name of a key of a config: the hint has it as --set takes it, and that works.
try() { "$EFFBENCH" "$@" >out 2>err && echo "exit 0" || echo "exit $?"; sed 's/^/    /' err; [ ! -s out ] || cat out; }
config=$SRC/configs/null.ini
try run --trials 3 "$config"
try run "$config" --trials=3
try run --max-time 2s "$config"
try run --type f16 "$config"
try run --threads "$config" # no value of it
try run --sources 'a b' "$config"
try run --kv
try run --trails 3 "$config"
try run --seed 7 "$config"
try run --output 64 "$config"
try run --dryrun "$config" # nearly an option
try run --formt md "$config"
try run --type --dry-run "$config"
try run --model m.gguf --frob x
try run --frobnicate 3 "$config"
try run --trials=$(printf '\033[31m;x') "$config"
try check --trials 4 --base "$config" --cand "$config"
try profile "$config" --idle 0
try probes --rate 50
set -- $("$EFFBENCH" run --trials 3 "$config" 2>&1 | sed -n 's/^hint: .*: --set //p')
"$EFFBENCH" run "$config" --set "$1" --dry-run | grep -c 'trials.*3'
