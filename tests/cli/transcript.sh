#!/bin/sh
# transcript.sh FILE.t... - runs what a transcript types and compares what comes back.
#
# A transcript:
#     # a comment; blank lines between blocks are free
#     $ gable trace info nowhere.csv      one command, run by sh
#     > continued                          lines that continue the command (here documents, long pipes)
#     a line of standard output
#     took * ms                            * stands for any run of characters
#     ...                                  any number of lines, none too
#     ! a line of standard error           in their own order, wherever they stand in the block
#     ? 2                                  the exit status; 0 where there is no such line
# What is meant literally is escaped with a backslash: \* and \\ anywhere, and \# \$ \> \! \? \... at a line's start.
# Blank lines at the end of a block or of an output do not count.
#     #needs PATH                          skip the file where PATH (from the repository root, or absolute) is absent
#
# Commands of one file share a fresh folder and run in order. `gable` is the one just built; $ROOT is the repository;
# standard input is empty; LC_ALL=C, TZ=UTC, TERM=dumb, COLUMNS=100. In outputs the repository reads $ROOT, the
# folder $TMP. Prints TAP, one test a command, with the difference under a failure.
# UPDATE=1 rewrites the blocks that differ and leaves those that match as they are, stars and all.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$ROOT/build}
case $build in /*) ;; *) build=$ROOT/$build ;; esac
export ROOT BUILD="$build" LC_ALL=C TZ=UTC TERM=dumb COLUMNS=100 PATH="$build:$PATH"
# A build folder outside the tree cannot find the cards by its place.
case $build in "$ROOT"/build) ;; *) export GABLE_DATA="${GABLE_DATA:-$ROOT}" ;; esac
here=$ROOT/tests/cli
status=0
base=0

for file in "$@"; do
    case $file in /*) ;; *) file=$PWD/$file ;; esac
    need=$(sed -n 's/^#needs  *//p' "$file" | while read -r p; do case $p in /*) at=$p ;; *) at=$ROOT/$p ;; esac; [ -e "$at" ] || echo "$p"; done | head -n 1)
    if [ -n "$need" ]; then
        base=$((base + 1))
        echo "ok $base - $(basename "$file") # SKIP $need is absent"
        continue
    fi
    work=$(mktemp -d) && mkdir "$work/tmp" "$work/blocks" || exit 1
    awk -v to="$work/blocks" -f "$here/split.awk" "$file"
    n=0
    while [ -f "$work/blocks/$((n + 1)).cmd" ]; do
        n=$((n + 1))
        b=$work/blocks/$n
        (cd "$work/tmp" && HOME=$work/tmp exec timeout -k 5 "${COMMAND_TIMEOUT_S:-120}" sh "$b.cmd" </dev/null >"$b.rawout" 2>"$b.rawerr")
        code=$?
        for s in out err; do
            sed -e "s|$work/tmp|\$TMP|g" -e "s|$ROOT|\$ROOT|g" "$b.raw$s" >"$b.$s"
        done
        # printf below: the echo of some shells would act on backslashes in a command.
        what=$(head -n 1 "$b.cmd" | cut -c 1-100)
        if awk -v code="$code" -v b="$b" -f "$here/match.awk" >"$b.diff"; then
            printf '%s\n' "ok $((base + n)) - $what"
        else
            printf '%s\n' "not ok $((base + n)) - $what"
            echo "# $file:$(cat "$b.line")"
            sed 's/^/#   /' "$b.diff"
            [ -n "${UPDATE:-}" ] || status=1
            echo "$code" >"$b.update"
        fi
    done
    if [ $n = 0 ]; then
        n=1
        echo "not ok $((base + 1)) - $(basename "$file") has no command"
        status=1
    elif [ -n "${UPDATE:-}" ] && ls "$work"/blocks/*.update >/dev/null 2>&1; then
        awk -v from="$work/blocks" -f "$here/update.awk" "$file" >"$work/new" && cat "$work/new" >"$file" && echo "# rewrote $file"
    fi
    base=$((base + n))
    rm -rf "$work"
done
echo "1..$base"
exit $status
