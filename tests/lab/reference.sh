#!/bin/sh
# Five of the lab's methods against other implementations (reference.py), on recordings made there.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
case $build in "$root"/*) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
command -v python3 >/dev/null 2>&1 || { echo "ok 1 - reference implementations # SKIP python3 is absent"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 "$root/tests/lab/reference.py" "$build/gable" "$tmp"
