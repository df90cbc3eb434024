#!/bin/sh
# run.sh [ITEM...] - runs tests and counts them.
#
# Without items: everything (unit programs, fuzz corpora, laws, transcripts, goldens, README examples, install, Python, clusters).
# An item is any program that prints TAP ("ok N - what", "not ok N - what", "... # SKIP why") and exits non-zero
# when something failed: a cmocka program, a script, or FILE.t, which goes through tests/cli/transcript.sh.
# Prints one line an item as it ends, then the output of those that failed, then, last, "N passed, N failed, N skipped".
# A crash, a hang (TEST_TIMEOUT_S, default 240) and a program that ran no test are failures.
#
# Environment: BUILD (default build), JOBS (default: cores), TEST_TIMEOUT_S.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
export BUILD="$build" LC_ALL=C TZ=UTC CMOCKA_MESSAGE_OUTPUT=TAP
# A build folder outside the tree cannot find the cards by its place.
case $build in "$root"/build) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0:detect_leaks=1:allocator_may_return_null=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
self=$root/tests/run.sh

# One item: its log goes to DIR/NAME.log, its counts to DIR/NAME.n.
if [ "${1-}" = --one ]; then
    dir=$2 item=$3
    name=$(printf '%s' "${item#"$build"/}" | sed 's|^\./||; s|^tests/||')
    out=$dir/$(printf '%s' "$name" | tr / _)
    start=$(date +%s%N)
    case $item in
    *.t) set -- sh tests/cli/transcript.sh "$item" ;;
    *.sh) set -- sh "$item" ;;
    */replay_*) set -- "$item" "tests/fuzz/corpus/${item##*/replay_}" ;;
    *) set -- "$item" ;;
    esac
    timeout -k 5 "${TEST_TIMEOUT_S:-240}" "$@" </dev/null >"$out.log" 2>&1
    code=$?
    ms=$((($(date +%s%N) - start) / 1000000))
    awk -v code=$code -v name="$name" -v ms=$ms -v counts="$out.n" '
        /^(not )?ok [0-9]+.*# [Ss][Kk][Ii][Pp]/ { skipped++; why = $0; sub(/.*# [Ss][Kk][Ii][Pp] */, "", why); next }
        /^ok [0-9]+/ { passed++ }
        /^not ok [0-9]+/ { failed++ }
        END {
            note = ""
            if (code == 124 || code == 137) note = "hung"
            else if (code > 128) note = "died of signal " code - 128
            else if (code != 0 && !failed) note = "exit " code
            else if (code == 0 && failed) note = "exit 0 with failures"
            else if (passed + failed + skipped == 0) note = "ran no test"
            # Every note is a failure of its own but the last but one, whose failures are counted already.
            if (note != "" && !(code == 0 && failed)) failed++
            if (note == "" && skipped) note = "skipped: " why
            printf "%d %d %d\n", passed, failed, skipped > counts
            printf "%-4s %-40s %4d passed %3d failed %3d skipped %7.2f s%s\n", failed ? "FAIL" : "ok",
                name, passed, failed, skipped, ms / 1000, note == "" ? "" : "  (" note ")"
        }' "$out.log"
    exit 0
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ $# -gt 0 ]; then
    printf '%s\n' "$@"
else
    # The slow ones first, so that both cores are busy to the end.
    for f in tests/page/page.sh tests/keys/keys.sh tests/fault/fault.sh tests/slurm/slurm.sh tests/cluster/kubernetes.sh tests/python/python.sh tests/golden/golden.sh tests/install/install.sh tests/readme/readme.sh tests/readme/policy.sh tests/plugin/plugin.sh tests/harness/harness.sh tests/evict/peers.sh tests/probe/probe.sh tests/probe/probe_fake.sh tests/probe/probe_nvcc.sh tests/polish/polish.sh tests/lab/record.sh tests/lab/reference.sh tests/law/*_law.sh; do
        [ -f "$f" ] && printf '%s\n' "$f"
    done
    # Only programs whose source is there: an old build folder may hold more.
    for f in tests/unit/test_*.c; do [ -f "$f" ] && printf '%s\n' "$build/${f%.c}"; done
    for f in tests/fuzz/fuzz_*.c; do [ -f "$f" ] && printf '%s\n' "$build/tests/fuzz/replay_$(basename "${f#tests/fuzz/fuzz_}" .c)"; done
    for f in tests/cli/*.t; do [ -f "$f" ] && printf '%s\n' "$f"; done
fi >"$dir/items"

tr '\n' '\0' <"$dir/items" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" sh "$self" --one "$dir"

for n in "$dir"/*.n; do
    [ -f "$n" ] || continue
    read -r _ failed _ <"$n"
    [ "$failed" = 0 ] && continue
    log=${n%.n}.log
    echo "---- $(basename "$log" .log)"
    if [ "$(wc -l <"$log")" -le 120 ]; then cat "$log"; else
        grep -n -A 12 -m 10 '^not ok' "$log" | head -n 60
        echo "  ... the end of $(wc -l <"$log") lines:"
        tail -n 60 "$log"
    fi
done

# An item that left no counts (its runner was killed) has failed, too.
items=$(wc -l <"$dir/items")
cat "$dir"/*.n 2>/dev/null | awk -v items="$items" '
    { passed += $1; failed += $2; skipped += $3; seen++ }
    END {
        failed += items - seen
        printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
        exit failed || !passed
    }'
