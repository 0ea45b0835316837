# What is missing, unknown or at odds, in one line each.
cfg=n.ini
cp "$SRC/configs/null.ini" n.ini
mkdir folder other third
try() { echo "== check $*"; "$EFFBENCH" check "$@" >/dev/null || echo "exit $?"; }
{
    try
    try --base n.ini
    try n.ini m.ini
    try missing.ini
    try folder
    try folder other
    try folder other third
    try n.ini folder
    try folder n.ini
    try n.ini shape:a
    try shape:a shape:b
    try --cand folder
    try --base shape:a
    try --base folder --cand n.ini
    try --base shape:a --cand folder
    try - --cand n.ini
    try n.ini --cand folder
    try --base folder --cand folder
    try n.ini --limit median=5%:2%
    try n.ini --limit mode=1%:2%
    try n.ini --limit median
    try n.ini --ignore weather
    try n.ini --metrics ttft_ns,luck
    try n.ini --energy-grade good
    try n.ini --seed x
    try n.ini --progress loud
    try n.ini --format pdf
    try n.ini --out
    try n.ini --fast
    try n.ini --cand-set null:slower=x --base-set null:watt=1
    try n.ini --set run:trials=3 --cand-set run:trials=5 --cand-set run:trails=1
    cp n.ini two.ini
    printf '[model other]\nmodel = shape:tiny-llama\n' >>two.ini
    try two.ini --base shape:a --cand shape:b
    printf '[run]\n[model m]\nmodel = shape:tiny-llama\n[workload w]\nkind = dense\n' >real.ini
    try real.ini --cand shape:none
    try --base results/base --cand folder
    try --base folder --cand results/cand
    try n.ini --cand shape:smollm2-135m --base-bin ./nothing-here
    try --base shape:a --cand shape:b
    "$EFFBENCH" run n.ini --set run:trials=1 --out old >/dev/null 2>&1
    mkdir -p taken/pair-001-base
    try n.ini --out taken
    try n.ini --out old
    try --base old --cand old --out old
    try --base old --cand old --out taken
    [ ! -e old/check.json ] && [ ! -e taken/check.json ] && [ ! -e old/warm-000-base ] || echo "written to"
    try n.ini --out n.ini/below
    try --base old --cand old --out n.ini/below
    try --base old --cand old --json nowhere/check.json
    try --base old --cand old --history nowhere/h.jsonl
    try --base old --cand n.ini
} 2>&1 | sed 's/of [0-9]* metrics/of N metrics/'
