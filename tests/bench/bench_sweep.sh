#!/bin/sh
# bench_sweep.sh - a sweep of 16 runs of 20,000 requests with one worker and with more: the time of each and what more of
# them gain. Each is done RUNS times (default 3) in turn, the fastest counts. GABLE: the program; JOBS: workers (default 2).
set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat >"$tmp/sweep.json" <<'EOF'
{"gable": "sweep/1", "scenario": {"trace": {"generate": {"requests": 20000, "arrival": {"use": "poisson", "rate_s": 8},
 "input": {"use": "lognormal", "mu": 6, "sigma": 1}, "output": {"use": "lognormal", "mu": 5, "sigma": 1}}}},
 "grid": {"policy.schedule": ["chunked", "prefill_first"], "run.seed": [1, 2, 3, 4, 5, 6, 7, 8]}}
EOF
more=${JOBS:-2}
one_ns= more_ns=
timed() { # WORKERS BEST: the lesser of BEST and one more try, in ns
    rm -f "$tmp"/s.db*
    start=$(date +%s%N)
    "${GABLE:-build/gable}" sweep "$tmp/sweep.json" -j "$1" --db "$tmp/s.db" >/dev/null || exit 1
    ns=$(($(date +%s%N) - start))
    [ -n "$2" ] && [ "$2" -lt $ns ] && ns=$2
    echo $ns
}
for _ in $(seq "${RUNS:-3}"); do
    one_ns=$(timed 1 "$one_ns") || exit 1
    more_ns=$(timed "$more" "$more_ns") || exit 1
done
awk -v one="$one_ns" -v more="$more_ns" -v jobs="$more" 'BEGIN {
    printf "  %-26s %8.3f s with 1 worker, %.3f s with %d: %.2f times as fast\n", "sweep of 16 runs", one / 1e9, more / 1e9, jobs, one / more }'
