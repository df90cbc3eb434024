#!/bin/sh
# fuzz.sh - every target for FUZZ_S seconds, from its corpus. New inputs stay in $BUILD/found/TARGET; one that crashes
# is written there and ends the run: mend the fault, then add the file to tests/fuzz/corpus/TARGET, where `make test`
# replays it for ever.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
export GABLE_DATA="${GABLE_DATA:-$root}" ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}"
# The words that documents and cards are made of, which no fuzzer would guess.
mkdir -p "$BUILD/found"
grep -rohaE '"[A-Za-z_][A-Za-z_0-9.-]*"' tests/fuzz/corpus models/cards policies/cards reports/studies | sort -u | sed 's/"/\\"/g; s/.*/"&"/' >"$BUILD/found/words.dict"
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "${source#tests/fuzz/fuzz_}" .c)
    found=$BUILD/found/$name
    mkdir -p "$found"
    echo "fuzz: $name for $FUZZ_S s"
    log=$BUILD/found/$name.log
    "$BUILD/tests/fuzz/fuzz_$name" -max_total_time="$FUZZ_S" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -dict="$BUILD/found/words.dict" -print_final_stats=1 \
        -artifact_prefix="$found/" "$found" "tests/fuzz/corpus/$name" </dev/null >"$log" 2>&1 || {
        tail -n 40 "$log"
        echo "fuzz: $name FAILED; the input lies in $found" >&2
        exit 1
    }
    grep -E 'number_of_executed_units|new_units_added' "$log" | sed 's/^stat::/  /'
done
