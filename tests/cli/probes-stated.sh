# Watts that a config states make an estimate, of the boundary that it names.
mkdir root
cat >demo.ini <<END
[model tiny]
model = shape:tiny-llama
[workload dense]
kind = dense
model = tiny
[probes]
sources = stated, process
stated_load_w = 15
stated_idle_w = 4.5
stated_source = a guess
stated_date = 2026-01-31
END
"$EFFBENCH" probes --quick demo.ini --sysroot root
echo
"$EFFBENCH" probes --quick demo.ini --sysroot root --set probes:boundary=wall | sed -n '/^energy/,$p'
# Scripted watts are shown as a run has them; there is nothing to watch.
echo
"$EFFBENCH" probes "$SRC/configs/null.ini"
"$EFFBENCH" probes "$SRC/configs/null.ini" --watch --count 1 || echo "exit $?"
