# What a load takes by its mode, what it refuses, and what only it takes.
cat >base.ini <<INI
[model tiny]
model = shape:tiny-llama
INI
try() {  # try TEXT: the errors of a workload with these lines, or its cases
    { cat base.ini; printf '[workload w]\n'; printf "$1"; } >c.ini
    printf "\n> $1"
    "$EFFBENCH" run c.ini --dry-run 2>&1 >out | grep -v '^ ' || grep '^plan\|^ *[0-9]*  *tiny' out |
        sed 's/^plan [0-9a-f]*/plan DIGEST/; s/[0-9]* threads*$/N threads/'
}
try 'kind = load\nmode = single\n'
try 'kind = load\nmode = offline\nbatch = 1, 8\nrequests = 50\n'
try 'kind = load\nmode = server\nrate = 0.5, 2, 10\nbatch = 8\n'
try 'kind = load\nmode = closed\nusers = 1, 4\nbatch = 4\n'
try 'kind = load\n'
try 'kind = load\nmode = poisson\n'
try 'kind = load\nmode = single, offline\n'
try 'kind = load\nmode = server\n'
try 'kind = load\nmode = server\nrate = 0\n'
try 'kind = load\nmode = server\nrate = -3\n'
try 'kind = load\nmode = server\nrate = 2 per second\n'
try 'kind = load\nmode = server\nrate = 2\nusers = 3\n'
try 'kind = load\nmode = closed\n'
try 'kind = load\nmode = closed\nusers = 0\n'
try 'kind = load\nmode = offline\nrate = 2\n'
try 'kind = load\nmode = offline\narrivals = even\n'
try 'kind = load\nmode = server\nrate = 2\narrivals = random\n'
try 'kind = load\nmode = single\nbatch = 4\n'
try 'kind = load\nmode = offline\ndepth = 128\n'
try 'kind = load\nmode = offline\nrequests = 0\n'
try 'kind = load\nmode = offline\nrequests = 1000000\noutput = 512\n'
try 'kind = dense\nmode = single\nrequests = 5\nrate = 1\n'
try 'kind = load\nmode = curve\nbatch = 4\n'
try 'kind = load\nmode = curve\nrate = 5\nlevel = 10s\narrivals = even\n'
try 'kind = load\nmode = curve\nlevel = 0\n'
try 'kind = load\nmode = curve\nlevel = 10\n'
try 'kind = load\nmode = curve\nrequests = 10\n'
try 'kind = load\nmode = server\nrate = 2\nlevel = 10s\n'
