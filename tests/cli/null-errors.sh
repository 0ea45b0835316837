# A script without its engine, and what a script does not have.
sed "/^#/d" "$SRC/configs/null.ini" >n.ini
"$EFFBENCH" run n.ini --set run:engine=native --dry-run || echo $?
"$EFFBENCH" run n.ini --set probes:sources=powercap --dry-run || echo $?
"$EFFBENCH" run n.ini --set null:outliers=2 --set null:grade=good --set null:decode_stp=1ms --dry-run || echo $?
