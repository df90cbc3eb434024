#!/bin/sh
# golden.sh [write] - exact numbers of trace x cluster x policy, kept in numbers.txt.
#
# cases.txt has one case a line: NAME: ARGUMENTS of gable (with --json added). Each is run from the repository's root
# and flattened to lines "NAME key value"; everything counts but the scenario's echo, the version and what the clock
# says (sim.wall_s, sim.peak_rss_mib). The check prints TAP, one test a case, and the lines that differ.
# `write` (make golden) rewrites numbers.txt; nothing else does.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
cd "$root" || exit 1
export LC_ALL=C TZ=UTC
# A build folder outside the tree cannot find the cards by its place.
case $build in "$root"/*) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
gable=$build/gable
cases=tests/golden/cases.txt numbers=tests/golden/numbers.txt
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

one() { # NAME ARGUMENTS: its lines; gable's exit status where it failed
    eval "\"\$gable\" $2 --json" >"$tmp/json" 2>"$tmp/err" </dev/null || {
        echo "$1 exit $?"
        sed "s|^|$1 error |" "$tmp/err"
        return
    }
    awk -v name="$1" -f tests/golden/flatten.awk "$tmp/json"
}

mode=${1:-check} n=0 failed=0
: >"$tmp/all"
while IFS= read -r line; do
    case $line in '' | '#'*) continue ;; esac
    name=${line%%:*} args=${line#*:}
    n=$((n + 1))
    one "$name" "$args" >"$tmp/got"
    cat "$tmp/got" >>"$tmp/all"
    [ "$mode" = check ] || continue
    awk -v name="$name" '$1 == name' "$numbers" >"$tmp/want" 2>/dev/null
    if [ -s "$tmp/want" ] && cmp -s "$tmp/want" "$tmp/got"; then
        echo "ok $n - $name"
    else
        failed=1
        echo "not ok $n - $name"
        [ -s "$tmp/want" ] || echo "#   no numbers in $numbers: \`make golden\`"
        diff "$tmp/want" "$tmp/got" | grep '^[<>]' | head -n 20 | sed 's/^</#   was:/; s/^>/#   is: /'
    fi
done <"$cases"

if [ "$mode" = write ]; then
    grep -E '^[^ ]+ (exit|error) ' "$tmp/all" >&2 && { echo "golden: a case failed; nothing written" >&2; exit 1; }
    cat "$tmp/all" >"$numbers"
    echo "golden: $n cases, $(wc -l <"$numbers") numbers in $numbers"
    exit 0
fi
# A number whose case is gone would never be checked again.
n=$((n + 1))
cut -d' ' -f1 "$numbers" 2>/dev/null | uniq | sort -u >"$tmp/have"
sed -n '/^#/d; s/:.*//p' "$cases" | sort -u >"$tmp/named"
if comm -23 "$tmp/have" "$tmp/named" | grep . >"$tmp/gone"; then
    failed=1
    echo "not ok $n - numbers without a case"
    sed 's/^/#   /' "$tmp/gone"
else
    echo "ok $n - every number has its case"
fi
echo "1..$n"
exit $failed
