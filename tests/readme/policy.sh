#!/bin/sh
# policy.sh - README's walk-through of a new policy, done as written: its C block becomes the one new file in a copy of the
# tree, which is built, and the new policy runs, explains itself and conserves what the engine asserts. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/tree"
(cd "$root" && tar cf - Makefile LICENSE base models traces policies sim reports validate lib cli tests/deps.sh 2>/dev/null) | (cd "$tmp/tree" && tar xf -)
cp -a "$build" "$tmp/tree/build"
awk '/^```c$/ { on = 1; text = ""; next } /^```/ { if (on && text ~ /GBL_EXPORT/) printf "%s", text; on = 0 } on { text = text $0 "\n" }' "$root/README.md" >"$tmp/tree/policies/schedule/short_first.c"

n=0 failed=0
check() { # NAME COMMAND...
    n=$((n + 1))
    name=$1
    shift
    if "$@" >"$tmp/out" 2>&1; then echo "ok $n - $name"; else
        failed=1
        echo "not ok $n - $name"
        tail -n 15 "$tmp/out" | sed 's/^/#   /'
    fi
}
gable="env GABLE_DATA=$tmp/tree $tmp/tree/build/gable"
check "a tree with one new file builds" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$tmp/tree" BUILD=build
check "the new policy runs" $gable run --set policy.schedule=short_first
check "its parameter is read" $gable run --set 'policy.schedule={"use": "short_first", "longest": 4000}'
check "it explains itself" sh -c "$gable explain short_first | grep -q 'nothing shorter'"
check "it gives the same bytes with --exact" sh -c "
    for x in '' --exact; do $gable run --set policy.schedule=short_first --json \$x | sed '/\"sim\"/,\$d' | md5sum; done | uniq | wc -l | grep -qx 1"
echo "1..$n"
exit $failed
