#!/bin/sh
# A real model's attention end to end: record 1,024 tokens, compare kept sets with reference.py's, rank the methods.
# Skipped where Python or the packages cannot be had.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
case $build in "$root"/*) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
skip() {
    echo "ok 1 - a real model's attention # SKIP $1"
    exit 0
}
text=/usr/share/common-licenses/GPL-3
[ -f "$text" ] || skip "no $text to read"
why=$(BUILD="$build" sh "$root/validate/recorder.sh" 2>&1) || skip "$why"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$build/recorder/bin/python" "$root/validate/record_attention.py" "$tmp/real.attn" --text "$text" --tokens 1024 --score 64 \
    --cache "$build/recorder" >"$tmp/said" 2>"$tmp/err" || {
    echo "not ok 1 - records"
    sed 's/^/# /' "$tmp/err"
    exit 1
}
# A forward pass that is wrong anywhere guesses among 262,144 tokens: its perplexity is thousands.
p=$(sed -n 's/^perplexity.*: //p' "$tmp/said")
awk -v p="$p" 'BEGIN { ok = p > 2 && p < 60; print (ok ? "ok" : "not ok") " 1 - the forward pass reads English: perplexity " p; exit !ok }' || exit 1
python3 "$root/tests/lab/reference.py" "$build/gable" "$tmp" "$tmp/real.attn" | sed -n '/a real model/p' >"$tmp/sets"
[ "$(grep -c '^ok' "$tmp/sets")" = 5 ] && echo "ok 2 - five methods keep what other implementations keep" || {
    echo "not ok 2 - kept sets"
    sed 's/^/# /' "$tmp/sets"
    exit 1
}
"$build/gable" lab rank "$tmp/real.attn" --json >"$tmp/rank" &&
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert d["all"]["methods"] == 13; low = d["all"]["low"]; print(("ok" if low > 0 else "not ok") + " 3 - the process ranks the methods as the model does: Spearman %.2f, at least %.2f" % (d["all"]["spearman"], low)); sys.exit(low <= 0)' "$tmp/rank" || exit 1
echo "1..3"
