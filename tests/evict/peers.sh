#!/bin/sh
# Eviction policies against libCacheSim's (PyPI libcachesim, a test's tool only): the same blocks found on Zipf draws, on loops
# mixed with scans, and on the block ids of a real trace where it lies beside the repository. No difference is documented,
# so every count must be equal. Skipped where Python or the package cannot be had.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
case $build in "$root"/*) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
skip() {
    echo "ok 1 - the peers' counts # SKIP $1"
    exit 0
}
venv=$build/peers
if ! "$venv/bin/python" -c 'import libcachesim' 2>/dev/null; then
    command -v python3 >/dev/null 2>&1 || skip "python3 is absent"
    rm -rf "$venv"
    python3 -m venv "$venv" >/dev/null 2>&1 || skip "python3 has no venv"
    timeout 100 "$venv/bin/pip" install -q --retries 0 --timeout 10 libcachesim==0.3.5 >/dev/null 2>&1 || skip "libcachesim cannot be installed"
    "$venv/bin/python" -c 'import libcachesim' 2>/dev/null || skip "libcachesim does not load"
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$venv/bin/python" "$root/tests/evict/peers.py" "$build/gable" "$tmp" "$root/../shared/traces/mooncake_conversation_trace.jsonl.gz"
