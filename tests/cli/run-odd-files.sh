# SPDX-License-Identifier: Apache-2.0
# Something else under the name of a run's file - a pipe that nobody writes to, a folder, a device - is waited for by nothing:
# one line for the folder, and `compare` goes on with the others.
"$EFFBENCH" run "$SRC/configs/null.ini" --set run:trials=4 --progress never --out good >log 2>&1 || { cat log; exit 1; }
cp -r good other
bad() { echo "$*"; cat out err; exit 1; }
# The limit is for slow machines: what waits for a pipe waits for ever.
for file in trials.jsonl run.json tokens.csv requests.csv power.csv energy.csv config.ini; do
    for odd in pipe folder device; do
        rm -rf run
        cp -r good run
        rm run/$file
        case $odd in
        pipe) mkfifo run/$file ;;
        folder) mkdir run/$file ;;
        device) ln -s /dev/zero run/$file ;;
        esac
        for command in "report run" "cost run" "compare good run other" "check --base run --cand good" "check --base good --cand run"; do
            rc=0
            timeout 60 "$EFFBENCH" $command >out 2>err || rc=$?
            [ $rc -lt 124 ] || bad "$command, $file a $odd: exit $rc"
            case $command in
            compare*) grep -q '^Relative to good' out || bad "$command, $file a $odd: nothing compared" ;;
            *) [ $rc = 0 ] || [ $rc -ge 3 ] || [ "$(grep -c 'error: ' err)" = 1 ] || bad "$command, $file a $odd: exit $rc without one line" ;;
            esac
            case $file:$command in
            trials.jsonl:compare* | tokens.csv:compare*)
                [ "$(grep -c 'run is passed over: ' err)" = 1 ] || bad "$command, $file a $odd: not one line" ;;
            trials.jsonl:* | tokens.csv:*) [ $rc = 2 ] && grep -q "run" err || bad "$command, $file a $odd: exit $rc" ;;
            esac
        done
    done
done
