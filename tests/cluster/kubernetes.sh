#!/bin/sh
# kubernetes.sh - the two Jobs of reports/CLUSTER.md: read as YAML, checked, and their command lines run as they stand, the way pods
# would, with JOB_COMPLETION_INDEX set; one pod is killed in the middle and started again. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
case $build in "$root"/build) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import yaml' 2>/dev/null || { echo "ok 1 - Indexed Jobs # SKIP no python3-yaml"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
PATH=$build:$PATH "$python" "$root/tests/cluster/pods.py" "$root/reports/CLUSTER.md" "$tmp"
