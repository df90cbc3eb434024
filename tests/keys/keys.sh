#!/bin/sh
# keys.sh - every flag of every command and every key of sweeps, plans and baselines is read, or refused by its name (keys.py).
# Keys of scenarios, parameters of policies and cards: tests/unit/test_keys.c. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import sqlite3' 2>/dev/null || { echo "1..0 # SKIP no python3"; echo "ok 1 - flags # SKIP no python3"; exit 0; }
unset XDG_CACHE_HOME
exec "$python" "$root/tests/keys/keys.py" "$build/gable"
