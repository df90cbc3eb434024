#!/bin/sh
# fault.sh - nth-failure injection over whole runs: see fault.py. A part of the failures by default, in well under a minute;
# with CHECK=1 every write, and hundreds of the allocations of each command. Under a sanitizer, which owns malloc, allocations
# fail by the hook of base/mem.h.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
skip() { echo "ok 1 - failures injected into whole runs # SKIP $*"; echo 1..1; exit 0; }
command -v python3 >/dev/null || skip "no python3"
case $(uname -s)-$(uname -m) in Linux-x86_64 | Linux-aarch64) ;; *) skip "$(uname -sm): inject.c knows other registers" ;; esac
python3 -c 'import sqlite3' 2>/dev/null || skip "python3 without sqlite3"

lib=$BUILD/tests/fault/inject.so
mkdir -p "${lib%/*}"
alloc=alloc only=
if ldd "$BUILD/gable" | grep -q libasan; then
    alloc=house only=-DHOUSE_ONLY
    export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"
fi
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -O1 -shared -fPIC $only -o "$lib" "$root/tests/fault/inject.c"
code=0
LD_PRELOAD=$lib FAULT=write:0 "$BUILD/gable" --version >/dev/null 2>&1 || code=$?
[ $code -ne 77 ] || skip "no seccomp filters"
if [ "${CHECK:-0}" = 1 ]; then most_alloc=120 most_write=0; else most_alloc=16 most_write=24; fi
{
    FAULT_MOST=$most_alloc python3 "$root/tests/fault/fault.py" "$BUILD/gable" "$lib" $alloc || code=1
    FAULT_MOST=$most_write python3 "$root/tests/fault/fault.py" "$BUILD/gable" "$lib" write || code=1
    echo "exit $code"
} | awk '/^1\.\./ { next } /^exit / { code = $2; next } /^(not )?ok/ { sub(/ok [0-9]+/, "ok " ++n) } { print; fflush() } END { print "1.." n; exit code }'
