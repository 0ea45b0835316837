# SPDX-License-Identifier: Apache-2.0
# The page in a real browser, driven through WebDriver: it opens without a word on the console, nothing is loaded, its
# pictures are there and have a size, a header sorts its table by mouse and by keyboard, and no page is wider than its
# window. With SHOTS=DIR, screenshots stay there.
for tool in chromium chromedriver curl gnuplot; do
    command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 77; }
done
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export HOME="$PWD"
: >driver.log
chromedriver --port=0 >driver.log 2>&1 &
driver=$!
session=
finish() {
    [ -z "$session" ] || curl -s -m 20 -X DELETE "$at" >/dev/null || true
    kill $driver 2>/dev/null || true
}
trap finish EXIT
for _ in $(seq 300); do
    port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' driver.log)
    [ -z "$port" ] || break
    sleep 0.1
done
[ -n "$port" ] || { cat driver.log >&2; exit 1; }
post() { curl -s -m 120 -H 'Content-Type: application/json' -d "$2" "$at$1"; }
value() { sed 's/^{"value"://; s/}$//'; }
fail() { echo "$*" >&2; exit 1; }

at=http://127.0.0.1:$port/session
open() {  # open SCHEME: a browser that prefers light or dark
    at=http://127.0.0.1:$port/session
    args='"--headless=new","--no-sandbox","--disable-gpu","--disable-dev-shm-usage","--hide-scrollbars"'
    [ "$1" = light ] || args="$args,\"--blink-settings=preferredColorScheme=0\""
    answer=$(post '' '{"capabilities":{"alwaysMatch":{"browserName":"chrome","goog:loggingPrefs":{"browser":"ALL"},
        "goog:chromeOptions":{"binary":"'"$(command -v chromium)"'","args":['"$args"']}}}}')
    session=$(printf %s "$answer" | sed -n 's/.*"sessionId":"\([0-9a-f]*\)".*/\1/p')
    [ -n "$session" ] || { echo "no browser here: $(printf %s "$answer" | head -c 200)" >&2; exit 77; }
    at=$at/$session
}
js() { post /execute/sync '{"script":"'"$1"'","args":[]}' | value; }
want() {  # want WHAT EXPECTED SCRIPT
    got=$(js "$3")
    [ "$got" = "$2" ] || fail "$page, $1: $got, wanted $2"
}

visit() {  # visit PAGE CASES PICTURES
    page=$1
    post /url '{"url":"file://'"$PWD/$page"'"}' >/dev/null
    log=$(post /se/log '{"type":"browser"}' | value)
    [ "$log" = "[]" ] || fail "$page, console: $log"
    want "what was loaded" 0 "return performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length"
    want "pictures" "$3" "return document.querySelectorAll('figure svg').length"
    want "pictures without a size or a name" 0 "return [...document.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().height < 40 || !s.getAttribute('aria-label') || !s.querySelector('path')).length"
    want "ids that are not unique" 0 "const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.length - new Set(ids).size"
    want "links without a target" 0 "return [...document.querySelectorAll('a[href^=\\\\x22#\\\\x22]')].filter(a => !document.getElementById(a.hash.slice(1))).length"
    want "scripts" 1 "return document.scripts.length"
    want "rows of the first table" "$2" "return document.querySelector('table').querySelectorAll('tbody tr:not(.group)').length"
    want "heads without a scope" 0 "return document.querySelectorAll('th:not([scope])').length"
}
widths() {  # widths SCHEME: no page scrolls sideways; what a table or picture holds is told from what is cut
    for w in 390 1280 1920; do
        post /goog/cdp/execute '{"cmd":"Emulation.setDeviceMetricsOverride","params":{"width":'$w',"height":1200,
            "deviceScaleFactor":1,"mobile":false}}' >/dev/null
        want "width of the window" $w "return window.innerWidth"
        want "width beyond the window at $w px" 0 "return Math.max(0, document.documentElement.scrollWidth - window.innerWidth)"
        want "words of pictures that leave them at $w px" "[]" "return [...document.querySelectorAll('figure svg')].flatMap(s => { const b = s.getBoundingClientRect(); return [...s.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect(); return r.width && (r.left < b.left - 2 || r.right > b.right + 2 || r.top < b.top - 2 || r.bottom > b.bottom + 2); }).map(t => t.textContent); })"
        want "wide tables without a shade at $w px" 0 "return [...document.querySelectorAll('.box')].filter(b => b.scrollWidth > b.clientWidth && !getComputedStyle(b).backgroundImage.includes('gradient')).length"
        want "names of rows that are cut or scroll away at $w px" 0 "return [...document.querySelectorAll('.box tbody tr:not(.group) > th')].filter(t => t.offsetWidth && (t.scrollWidth > t.clientWidth || getComputedStyle(t).position !== 'sticky')).length"
        want "heads without a name at $w px" 0 "return [...document.querySelectorAll('.box')].filter(b => b.offsetWidth).filter(b => { const h = b.querySelector('thead th'); return !h.offsetWidth || !h.textContent; }).length"
        want "rows of one name that nothing tells apart at $w px" 0 "return [...document.querySelectorAll('#speed tbody, #energy tbody')].reduce((n, t) => { const names = [...t.querySelectorAll('tr:not(.group)')].map(r => [...r.cells].filter((c, i) => c.offsetWidth && (i === 0 || c.matches('.also'))).map(c => c.innerText.trim()).join(' ')); return n + names.length - new Set(names).size; }, 0)"
        [ -z "${SHOTS:-}" ] || curl -s "$at/screenshot" | sed 's/.*"value":"//; s/".*//' | base64 -d >"$SHOTS/${page%.html}-$w-$1.png"
    done
}
paper() {  # paper: no table is wider than the sheet across, nothing that is folded up is printed
    post /goog/cdp/execute '{"cmd":"Emulation.setEmulatedMedia","params":{"media":"print"}}' >/dev/null
    post /goog/cdp/execute '{"cmd":"Emulation.setDeviceMetricsOverride","params":{"width":1016,"height":1200,
        "deviceScaleFactor":1,"mobile":false}}' >/dev/null
    want "tables wider than the sheet" 0 "return [...document.querySelectorAll('section > .box')].filter(b => b.scrollWidth > 1016).length"
    want "folded up on paper" 0 "return [...document.querySelectorAll('details:not([open])')].filter(d => d.offsetHeight).length"
    [ -z "${SHOTS:-}" ] || curl -s "$at/screenshot" | sed 's/.*"value":"//; s/".*//' | base64 -d >"$SHOTS/${page%.html}-paper.png"
    post /goog/cdp/execute '{"cmd":"Emulation.setEmulatedMedia","params":{"media":""}}' >/dev/null
}
# The head and the values of a column, as the page has them; "up" and "down" say how they are ordered.
column="const t = document.querySelector('#speed table'), h = [...t.querySelectorAll('th')].find(h => h.textContent.startsWith('TTFT')), at = [...h.parentElement.cells].indexOf(h), v = () => [...t.querySelectorAll('tbody tr:not(.group)')].map(r => +r.cells[at].dataset.v), up = () => v().every((x, i, a) => !i || a[i - 1] <= x), down = () => v().every((x, i, a) => !i || a[i - 1] >= x)"

for run in stored mixed profile; do
    cp -r "$SRC/tests/fixtures/runs/$run" .
    chmod -R u+w $run
    "$EFFBENCH" report $run --format html >$run.html
done
# Six machines, made up, one of them with another kind of meter.
for m in 1 2 3 4 5; do
    "$TESTBIN/make_run" box-$m seed=$m speed=$m watts=$((10 * m * m)) cost:price_usd=$((200 * m)) cost:years=4 \
        cost:utilisation=0.3 cost:usd_per_kwh=0.25 cost:rest_of_system_w=3 cpu="<b>CPU</b> $m"
done
"$TESTBIN/make_run" plug seed=6 boundary=wall grade=wall channel=meter
"$EFFBENCH" compare box-* plug --format html >six.html
# A load curve, of the null engine.
printf '%s\n' '[run]' engine=null trials=1 idle=0 cold_start=no '[model m]' model=shape:tiny-llama '[workload curve]' kind=load \
    mode=curve level=1min batch=4 prompt=64 output=16 >load.ini
"$EFFBENCH" run load.ini --out load >/dev/null 2>load.err || { cat load.err >&2; exit 1; }
"$EFFBENCH" report load --format html >load.html
open light
visit stored.html 3 7
widths light
want "order before: neither up nor down" false "$column; return up() || down()"
want "sorted by a click" true "$column; h.querySelector('button').click(); return h.getAttribute('aria-sort') === 'ascending' && up() && !down()"
button=$(post /element '{"using":"css selector","value":"#speed th[aria-sort] button"}' | sed 's/.*"\([^"]*\)"}}$/\1/')
post "/element/$button/value" '{"text":"\ue007"}' >/dev/null
want "sorted by the Enter key" true "$column; return h.getAttribute('aria-sort') === 'descending' && down() && !up()"
post "/element/$button/value" '{"text":" "}' >/dev/null
want "back in order by the space bar" true "$column; return !h.hasAttribute('aria-sort') && !t.classList.contains('sorted') && !up() && !down()"
want "source of a figure, by a tap" true "const c = document.querySelector('#speed td[title]'); c.click(); return c.closest('section').querySelector('.from').textContent === c.title && c.title.includes('ttft_ns')"
visit mixed.html 4 10
widths light
visit profile.html 1 7
widths light
visit six.html 6 4
widths light
paper
visit load.html 1 6
widths light
visit six.html 6 4
want "answer and flags" true "return [...document.querySelectorAll('.answer p')].every(p => p.querySelector('strong') && p.querySelector('.work')) && document.querySelectorAll('.flags .warn').length > 0"
want "names as text" 0 "return document.querySelectorAll('td b, tbody b').length"
curl -s -m 20 -X DELETE "$at" >/dev/null
open dark
visit stored.html 3 7
want "dark" true "return matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.body).backgroundColor === 'rgb(21, 24, 27)'"
widths dark
visit six.html 6 4
widths dark
