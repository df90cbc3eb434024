#!/bin/sh
# tables.sh [DATA] - rewrites the engine tables of validate/README.md from what `gable validate engine` prints now.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
gable=${BUILD:-$root/build}/gable
data=${1:-$root/../shared/data}
[ -d "$data" ] || { echo "tables: no measurements at $data" >&2; exit 2; }
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
COLUMNS=200 "$gable" validate engine --data "$data" >"$tmp"
awk -v table="$tmp" '
    /^<!-- gable validate engine: begin -->/ { print; print "```"; while ((getline line < table) > 0) print line; print "```"; skip = 1; next }
    /^<!-- gable validate engine: end -->/ { skip = 0 }
    !skip' "$root/validate/README.md" >"$tmp.md"
mv "$tmp.md" "$root/validate/README.md"
