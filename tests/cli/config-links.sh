# SPDX-License-Identifier: Apache-2.0
# What README.md and docs/ point at is there: files, headings of them, and every config, script and page that is named.
cd "$SRC"
broken() { echo "$*"; }
# As GitHub makes them: small letters, signs left out, blanks to dashes.
anchors() { sed -n '/^```/,/^```/d; s/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9_-]//g'; }
for page in README.md docs/*.md; do
    sed '/^```/,/^```/d; s/](\|src="\|srcset="/\n@/g' "$page" | sed -nE 's/^@([^)" ]+)[)"].*/\1/p' >"$OLDPWD/links"
    while read -r link; do
        case $link in http*) continue ;; esac
        file=${link%%#*} at=${link#"${link%%#*}"}
        to=$page
        [ -z "$file" ] || to=$(dirname "$page")/$file
        [ -e "$to" ] || { broken "$page: $link"; continue; }
        [ -z "$at" ] || anchors "$to" | grep -qxF -- "${at#?}" || broken "$page: $link: no such heading"
    done <"$OLDPWD/links"
    grep -oE '\b(configs|docs|harness|tests|probes|reports|workloads)/[A-Za-z0-9_./-]+\.(ini|md|rules|sh|c|h|json)\b' "$page" | sort -u | while read -r file; do
        [ -e "$file" ] || broken "$page: $file"
    done
    # Every command that is named is one.
    { sed 's/[`/]effbench /\n@/g' "$page"; sed -n '/^```/,/^```/s/^effbench /@/p' "$page"; } | sed -nE 's/^@([a-z-]+).*/\1/p' |
        sort -u | while read -r command; do
        "$EFFBENCH" help "$command" >/dev/null 2>&1 || broken "$page: effbench $command"
    done
    cat "$OLDPWD/links" >>"$OLDPWD/all"
done
[ "$(grep -c . "$OLDPWD/all")" -ge 20 ]
