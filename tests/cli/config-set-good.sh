# --set changes a key, adds a key and a section, and shows as the origin; the last one of a key wins.
cat > t.ini <<'END'
[run]
trials = 4
[model smol]
model = shape:tiny-llama
[workload chat]
kind = dense
threads = 1
END
"$EFFBENCH" run t.ini --dry-run --set run:trials=3 --set model:smol:type=f16,Q8_0 --set 'run:name="a, b"' \
    --set slo:ttft=1s --set run:seed=2 --set run:seed=3 >out
grep -E '\] (trials|name|seed|ttft|type|kind) ' out | tr -s ' '
grep -E '^ +[0-9]+  ' out | tr -s ' '
