# Bytes that are no text, lines without end, a grid that explodes, errors without end.
try() { "$EFFBENCH" run "$@" 2>err || echo "exit $?" >>err; head -n 5 err | cut -c 1-120 >&2; tail -n 2 err | cut -c 1-120 >&2; }
printf '[run]\nname = a\0b\n' > nul.ini
try nul.ini
printf '[run]\nname = \377\376\nout = \033[31mred\n' > bytes.ini
try bytes.ini
{ printf '[run]\nname = '; head -c 5000 /dev/zero | tr '\0' x; echo; } > line.ini
try line.ini
list=1; i=2; while [ $i -le 40 ]; do list="$list, $i"; i=$((i + 1)); done
printf '[model m]\nmodel = shape:tiny-llama\n[workload w]\nkind = dense\nprompt = %s\noutput = %s\n' "$list" "$list" > grid.ini
try grid.ini
i=0; while [ $i -lt 300 ]; do echo junk; i=$((i + 1)); done > many.ini
try many.ini
