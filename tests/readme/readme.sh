#!/bin/sh
# readme.sh [FILE] - every command that README.md shows is run and must end with 0.
#
# Taken are lines that start with "$ gable", "$ build/gable" or "$ make" in fenced blocks marked sh (```sh), with their
# continuation lines (a backslash at the end). They run in order in one temporary folder in which the repository's
# top-level files and folders are linked, so that relative paths work and results stay out of the tree.
# make: `make`, `make help` and `make demo` run for real, with OUT= in that folder; other targets would install, repeat
# this test or take long: they are run dry (make -n), so their names are checked. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
file=${1:-$root/README.md}
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
export BUILD="$build" PATH="$build:$PATH" LC_ALL=C TZ=UTC TERM=dumb
# A build folder outside the tree cannot find the cards by its place.
case $build in "$root"/*) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
[ -f "$file" ] || { echo "ok 1 - examples # SKIP there is no $(basename "$file")"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

awk '
    /^ *```/ { block = !block && $0 ~ /^ *```sh *$/ ? 1 : 0; more = 0; next }
    !block { next }
    more { sub(/^ *(> )?/, ""); }
    !more && !/^ *\$ (build\/|\.\/build\/)?(gable|make)( |$)/ { next }
    !more { sub(/^ *\$ /, ""); command = "" }
    { more = sub(/\\$/, ""); command = command $0; if (!more) print command }' "$file" >"$tmp/commands"

mkdir "$tmp/work"
for f in "$root"/*; do
    case ${f##*/} in build | results.db* | report.html) ;; *) ln -s "$f" "$tmp/work/" ;; esac
done
ln -s "$build" "$tmp/work/build"
cd "$tmp/work" || exit 1

n=0 failed=0
while IFS= read -r command; do
    n=$((n + 1))
    case $command in
    make | 'make help' | 'make demo') run="$command OUT='$tmp/work' BUILD='$build'" ;;
    make*) run="$command -n BUILD='$build'" ;;
    *) run=$command ;;
    esac
    # make must see the repository itself: with -C, and without the flags of a make above.
    case $run in make*) run="env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C '$root' ${run#make}" ;; esac
    if timeout -k 5 "${COMMAND_TIMEOUT_S:-300}" sh -c "$run" </dev/null >"$tmp/out" 2>&1; then
        printf '%s\n' "ok $n - $command"
    else
        code=$?
        failed=1
        printf '%s\n' "not ok $n - $command"
        echo "#   exit $code"
        tail -n 15 "$tmp/out" | sed 's/^/#   /'
    fi
done <"$tmp/commands"
if [ $n = 0 ]; then
    echo "not ok 1 - $(basename "$file") shows no command"
    n=1 failed=1
fi
echo "1..$n"
exit $failed
