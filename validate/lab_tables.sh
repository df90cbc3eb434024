#!/bin/sh
# lab_tables.sh [RECORDING...] - rewrites the tables of validate/LAB.md from what `gable lab` prints now. `make lab` makes the recordings.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
gable=${BUILD:-$root/build}/gable
[ $# -gt 0 ] || { echo "lab: no recordings; make lab makes them" >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export COLUMNS=200
"$gable" lab fit -o "$tmp/processes.json" >"$tmp/fit"
cmp -s "$tmp/processes.json" "$root/validate/attention/processes.json" || echo "lab: validate/attention/processes.json is not what gable lab fit gives now" >&2
for f; do
    for p in gpt-j-6b cerebras-gpt-6.7b mpt-7b; do
        "$gable" lab rank "$f" --process $p
        echo
    done
done >"$tmp/rank"
"$gable" lab mass --recorded "$1" --budgets 0.1 >"$tmp/mass"
awk -v dir="$tmp" '
    /^<!-- gable lab [a-z]+: begin -->/ { print; print "```"; f = dir "/" $4; sub(/:$/, "", f); while ((getline line < f) > 0) print line; print "```"; skip = 1; next }
    /^<!-- gable lab [a-z]+: end -->/ { skip = 0 }
    !skip' "$root/validate/LAB.md" >"$tmp/page"
cp "$tmp/page" "$root/validate/LAB.md"
