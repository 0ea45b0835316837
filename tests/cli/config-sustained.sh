# What a sustained workload takes and what it refuses, and what only it takes.
cat >base.ini <<INI
[model tiny]
model = shape:tiny-llama
INI
try() {  # try TEXT: the errors of a workload with these lines
    { cat base.ini; printf '[workload w]\n'; printf "$1"; } >c.ini
    printf "\n> $1"
    "$EFFBENCH" run c.ini --dry-run 2>&1 >out | grep -v '^ ' || grep '^plan\|^ *1 \|duration \|window ' out
}
try 'kind = sustained\nduration = 20s\n' | sed 's/^plan [0-9a-f]*/plan DIGEST/; s/[0-9]* threads*$/N threads/'
try 'kind = sustained\nduration = 1min\nwindow = 10s\n' | sed 's/^plan [0-9a-f]*/plan DIGEST/; s/[0-9]* threads*$/N threads/'
try 'kind = sustained\nduration = 1min\nwindow = 11s\n'
try 'kind = sustained\nduration = 0\n'
try 'kind = sustained\nduration = 25h\n'
try 'kind = sustained\nduration = 30\n'
try 'kind = sustained\ndepth = 0, 128\n'
try 'kind = dense\nduration = 1min\n'
try 'kind = dense\nwindow = 1s\n'
