# BOM, CRLF, comments, quotes and escapes are read as they are meant.
printf '\357\273\277; head\r\n[run]  # c\r\n name="a, \\"b\\" # c" ; d\r\nout = x#y;z\r\n[ model  m ]\r\nmodel = shape:tiny-llama\r\n[workload w]\r\nkind=dense' > t.ini
"$EFFBENCH" run t.ini --dry-run | grep -E '\] (name|out) ' | tr -s ' '
