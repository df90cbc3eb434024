#!/bin/sh
# analyze.sh FILE.c... - clang-tidy (.clang-tidy says which checks) and cppcheck, both at zero warnings.
set -u
bad=0
# One process a file: clang-tidy 14 carries analyzer state from file to file and then sees faults that are not there.
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} sh -c '
    name=$(basename "$1" .c | tr - _)
    case $1 in policies/*) words= ;; *) words="-include tests/law/analyze.h -DANALYZING_$name" ;; esac
    clang-tidy --quiet "$1" -- -std=c11 -D_DEFAULT_SOURCE -I. -DGBL_VERSION=\"x\" $words 2>/dev/null' tidy {} || bad=1
cppcheck --quiet --std=c11 --language=c --platform=unix64 -j "$(nproc)" -I. --enable=warning,performance,portability \
    --inline-suppr --suppress=missingIncludeSystem -D__GNUC__=12 -DGBL_VERSION='"x"' --error-exitcode=1 "$@" || bad=1
exit $bad
