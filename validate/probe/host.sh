#!/bin/sh
# host.sh FOLDER - measures this host's CPU with all its cores (a quarter of an hour on a quiet machine; OMP_NUM_THREADS=1 measures one
# core by its CPU time, on a busy machine, too), fits a card, predicts what was kept out, and rewrites the tables of
# validate/README.md. FOLDER keeps sheet.json, rows.jsonl, host.json, fit.txt, layers.txt; a rows.jsonl that is there is used again.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
[ $# = 1 ] || { echo "usage: sh validate/probe/host.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
[ -s "$1/rows.jsonl" ] || {
    "$build/gable-probe-host" --card >"$1/sheet.json"
    "$build/gable-probe-host" --json-header >"$1/rows.part"
    mv "$1/rows.part" "$1/rows.jsonl"
}
COLUMNS=200 "$build/gable" calibrate "$1/rows.jsonl" --hardware "$1/sheet.json" --source "gable-probe-host" -o "$1/host.json" >"$1/fit.txt"
COLUMNS=200 "$build/gable" validate layers "$1/rows.jsonl" --hardware "$1/host.json" >"$1/layers.txt"
{
    echo '```'
    sed -n 's/.*"device": *"\([^"]*\)", *"driver": *"\([^"]*\)", *"date": *"\([^"]*\)".*/\1; \2; \3/p' "$1/rows.jsonl" | head -n 1
    awk '/^group +of /{p = 1} /^card written/{p = 0} p' "$1/fit.txt"
    cat "$1/layers.txt"
    echo '```'
} >"$1/table.txt"
awk -v table="$1/table.txt" '
    /^<!-- host.sh: begin -->/ { print; while ((getline line < table) > 0) print line; skip = 1; next }
    /^<!-- host.sh: end -->/ { skip = 0 }
    !skip' "$root/validate/README.md" >"$1/README.part"
mv "$1/README.part" "$root/validate/README.md"
cat "$1/table.txt"
