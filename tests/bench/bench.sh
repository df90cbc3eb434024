#!/bin/sh
# bench.sh - speed and memory of the parts, then of workload W (w.json: 100,000 chat requests, about 1,000 tokens in
# and 210 out, llama-3.1-8b on one a100-80-sxm). Prints; asserts nothing: a time belongs to a machine and its
# neighbours. Instruction counts do not, so they are what two versions are compared by: `perf stat` where the kernel
# lends its counters, else callgrind on a smaller amount of the same work.
#
# RUNS=N  repetitions of W, of which the fastest counts (default 3)
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
cd "$root" || exit 1
export LC_ALL=C
# A build folder outside the tree cannot find the cards by its place.
case $build in "$root"/*) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

if perf stat -x, -e instructions:u true 2>&1 | grep -qE '^[0-9]+,'; then counter=perf
elif command -v valgrind >/dev/null 2>&1; then counter=callgrind
else counter=none; fi

instructions() { # COMMAND...: user-space instructions that it took, or nothing
    case $counter in
    perf) perf stat -x, -e instructions:u -o "$tmp/perf" "$@" >"$tmp/counted" 2>/dev/null && awk -F, '/instructions/ { print $1 }' "$tmp/perf" ;;
    callgrind)
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" >"$tmp/counted" 2>"$tmp/callgrind" &&
            awk '/Collected *:/ { print $NF }' "$tmp/callgrind"
        ;;
    esac
}

echo "parts"
for b in heap lines quantile cost evict; do
    [ -x "$build/tests/bench/bench_$b" ] && "$build/tests/bench/bench_$b" | sed 's/^/  /'
done
case $counter in none) ;; *)
    echo "instructions of the parts at 1 % of that work ($counter)"
    for b in heap lines quantile cost evict; do
        n=$(GABLE_BENCH_SHARE=0.01 instructions "$build/tests/bench/bench_$b")
        printf '  %-26s %14s\n' "$b" "${n:-failed}"
    done ;;
esac

echo "a trace of a million rows with three prefix ids each"
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "{\"timestamp\": %d, \"input_length\": %d, \"output_length\": %d, \"hash_ids\": [%d, %d, %d]}\n", i * 10, 1025 + i % 500, 100 + i % 37, i % 1000, i + 5000, i + 20000000 }' >"$tmp/rows.jsonl"
for how in "info --prefix off" "info" "convert --to vidur"; do
    start=$(date +%s%N)
    "$build/gable" trace ${how%% *} "$tmp/rows.jsonl" ${how#"${how%% *}"} >"$tmp/rows" 2>&1 || echo "  failed"
    awk -v how="$how" -v ns=$(($(date +%s%N) - start)) 'BEGIN { printf "  %-26s %8.2f M rows/s\n", "trace " how, 1e9 / ns }'
done
rm -f "$tmp/rows" "$tmp/rows.jsonl"

w() { # NAME ARGUMENTS...: the fastest of RUNS runs of W
    name=$1 best=
    shift
    for _ in $(seq "${RUNS:-3}"); do
        rm -f "$tmp"/w.db*
        start=$(date +%s%N)
        "$build/gable" run tests/bench/w.json --json "$@" >"$tmp/json" || return 1
        ns=$(($(date +%s%N) - start))
        if [ -z "$best" ] || [ $ns -lt "$best" ]; then best=$ns; cp "$tmp/json" "$tmp/best"; fi
    done
    awk -v name=w -v all=1 -f tests/golden/flatten.awk "$tmp/best" | awk -v what="$name" -v ns="$best" '
        { v[$2] = $3 }
        END {
            s = ns / 1e9
            tokens = v["throughput.output_tok_s"] * v["duration_s"]
            printf "  %-26s %8.3f s (simulation %.3f s) %8.1f MiB  %d requests, %d steps (%d fast), %.0f output tokens\n", what, s,
                v["sim.wall_s"], v["sim.peak_rss_mib"], v["requests.completed"], v["sim.steps"], v["sim.steps_fast"], tokens
            printf "  %-26s %8.2f M steps/s %8.1f M sequence-steps/s %8.2f M events/s\n", "", v["sim.steps"] / s / 1e6,
                tokens / s / 1e6, v["sim.events"] / s / 1e6
        }'
}
echo "workload W"
w "--requests none" --requests none
w "--requests all --db" --requests all --db "$tmp/w.db"
w "--exact" --requests none --exact
if [ $counter != none ]; then
    n=$(instructions "$build/gable" run tests/bench/w.json --requests none --json --set trace.generate.requests=2000)
    tokens=$(awk -v name=w -f tests/golden/flatten.awk "$tmp/counted" |
        awk '{ v[$2] = $3 } END { printf "%.0f", v["throughput.output_tok_s"] * v["duration_s"] }')
    printf '  %-26s %14s instructions for 2,000 requests, %s a sequence-step (%s)\n' "" "${n:-failed}" \
        "$(awk -v n="${n:-0}" -v t="$tokens" 'BEGIN { printf "%.1f", t ? n / t : 0 }')" "$counter"
fi
