# Errors of --set point into its text; several of them are several errors.
cat > t.ini <<'END'
[model smol]
model = shape:tiny-llama
[workload chat]
kind = dense
END
"$EFFBENCH" run t.ini --dry-run --set run.trials=3 --set workload:chatt:batch=2 --set "cost:pue=1.2 # x" \
    --set 'run:name="a' --set run:=3 --set workload:batch=2 --set run:trials=x --set rum:trials=1 --set trials=3 \
    --set run:trials --set run:trials=5,6 --set model:smol:type=f16,,q8_0 --set run:smol:trials=3
