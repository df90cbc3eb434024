#!/bin/sh
# kill_sweep.sh KILLS - kills a sweep with SIGKILL, KILLS times, at instants spread over its whole life, and goes on with
# --resume: the store opens clean each time, keeps every run it ever showed, holds none twice, and in the end holds what an
# undisturbed sweep wrote. Rounds alternate between a store in WAL and a shard with its rollback journal. Prints one line.
# The leak checker's tracer cannot look into a process that was killed under it, and says so.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
set -u
kills=$1
cat >kill.json <<'EOF'
{"gable": "sweep/1", "scenario": {"name": "k", "trace": {"generate": {"requests": 12, "arrival": {"use": "poisson", "rate_s": 8},
 "input": {"use": "fixed", "tokens": 200}, "output": {"use": "fixed", "tokens": 20}}}},
 "grid": {"engine.max_num_seqs": [1, 2, 4, 8], "run.seed": [1, 2, 3, 4, 5]}}
EOF
fail() { echo "kill $n in round $round: $*"; exit 1; }
# Everything but what a clock or a host says.
content() {
    gable sql "SELECT id, name, scenario_hash, seed, cards, json_remove(result, '\$.sim') AS result FROM run ORDER BY id" --db "$1" --csv &&
        gable sql "SELECT run, serial, status, arrival_ns, first_token_ns, finish_ns FROM request ORDER BY run, serial" --db "$1" --csv &&
        gable sql "SELECT * FROM sweep_point ORDER BY sweep, point" --db "$1" --csv &&
        gable sql "SELECT * FROM sweep" --db "$1" --csv
}
start=$(date +%s%N)
gable sweep kill.json --db whole.db >/dev/null || exit 1
took=$(($(date +%s%N) - start))
content whole.db >want

round=0 n=0 alive=0
: >before
# Seconds until each kill, up to what a whole sweep took: some hit the start, most the writing.
for wait_s in $(awk -v n="$kills" -v ns="$took" 'BEGIN { srand(7); for (i = 0; i < 4 * n; i++) printf "%.4f ", (0.05 + 0.75 * rand()) * ns / 1e9 }'); do
    shard=
    [ $((round % 2)) = 1 ] && shard='--shard 1/1'
    # shellcheck disable=SC2086
    gable sweep kill.json --db part.db --resume -j 2 $shard >/dev/null 2>late &
    pid=$!
    sleep "$wait_s"
    kill -9 $pid 2>/dev/null
    # A sweep that had ended by itself counts for nothing; kill would still find what is left of it.
    wait $pid 2>/dev/null
    [ $? = 137 ] && alive=$((alive + 1))
    [ -s late ] && fail "$(cat late)"
    n=$((n + 1))
    if [ -s part.db ] && gable sql 'SELECT id FROM run ORDER BY id' --db part.db --csv >now 2>err; then
        [ "$(gable sql 'PRAGMA integrity_check' --db part.db --csv | tail -n 1)" = ok ] || fail "the store is damaged"
    elif [ ! -s part.db ] || grep -q 'the store is empty' err; then
        : >now
    else
        fail "$(cat err)"
    fi
    sort now >sorted
    [ -z "$(comm -23 before sorted)" ] || fail "lost runs $(comm -23 before sorted | tr '\n' ' ')"
    cp sorted before
    [ $alive = "$kills" ] && break
    # A round ends when nothing is left to do: the next one starts from nothing.
    if [ "$(wc -l <now)" -gt 20 ]; then
        content part.db >got
        cmp -s want got || fail "the finished store differs"
        rm -f part.db*
        round=$((round + 1))
        : >before
    fi
done
gable sweep kill.json --db part.db --resume >/dev/null || fail "cannot be finished"
content part.db >got
cmp -s want got || fail "the resumed store differs"
[ $alive = "$kills" ] || fail "only $alive of $n came before the sweep had ended"
echo "$alive of $n sweeps killed, in $((round + 1)) stores" >&2
echo "$alive kills; stores clean, nothing lost, nothing twice, $([ $round -ge 2 ] && echo 'several rounds' || echo "$round rounds")"
