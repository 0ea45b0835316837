# Every error of a config at once: place, line, caret, hint.
cat > t.ini <<'END'
key = outside
[run
threads = 4
[runn]
trials = 3
[run]
trials = 7x
repetitons = 3
trials = 8
idle = 5
seed = 1, 2
temperature
pause =
kv = f8
threads = 0.5
target = 150%
affinity = maybe
[run]
trials = 9
[model]
model = shape:tiny-llama
[model a b]
[model smol]
model = tiny-llama
[model two]
type = f16, , q8_0
[model smol]
[model junk] x
[workload chat]
kind = quantised
model = smoll
prompt = 0, 99999999
output : 3
batch = 4, 4
top_k = 40
[workload none]
	model = two   # a tab before, and no kind
[cost]
price_date = 2026-02-30
threads = 4
usd_per_kwh = 1e
battery_wh = "unclosed
tariff_source = "a" b
END
"$EFFBENCH" run t.ini
