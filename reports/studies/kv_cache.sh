#!/bin/sh
# kv_cache.sh - the study of KV_CACHE.md: eviction policies against DRAM size and time to live, on chats and on coding agents.
#
#   sh reports/studies/kv_cache.sh                writes the tables and charts of KV_CACHE.md anew, and kv_cache.html into $OUT
#   sh reports/studies/kv_cache.sh --samples      the same on the shipped sample and on generated sessions, all into $OUT
#
# Environment: GABLE, the program (build/gable); OUT, where the store and the report go (build/kv_cache); TRACES, a folder with the
# published traces as mooncake_conversation_trace.jsonl.gz (kvcache-ai/Mooncake, conversation_trace.jsonl) and
# kvct_dev_rle.jsonl.gz (WEKA kv-cache-tester, coding-agent sessions); LIMIT, the requests of a sample.
# Charts need gnuplot; without it the tables are written alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
gable=${GABLE:-build/gable} out=${OUT:-build/kv_cache} traces=${TRACES:-../shared/traces} page=$here
chat=$traces/mooncake_conversation_trace.jsonl.gz agents=$traces/kvct_dev_rle.jsonl.gz
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ "${1:-}" = --samples ]; then
    page=$out
    cp "$here/KV_CACHE.md" "$page/"
elif [ ! -r "$chat" ] || [ ! -r "$agents" ]; then
    echo "kv_cache.sh: skipped: TRACES needs conversation_trace of kvcache-ai/Mooncake and the coding-agent sessions of WEKA's kv-cache-tester (names: see its head)"
    exit 0
fi

# ---- the runs: what is in the store is not run again ----

sweep() { # name, then what changes
    name=$1
    shift
    "$gable" sweep "$here/kv_$name.json" --db "$out/kv_cache.db" --requests none --resume --progress off "$@" > "$out/$name.txt"
}
for axis in size ttl; do
    if [ "$page" = "$out" ]; then
        sweep "chat_$axis" --set "trace.limit=${LIMIT:-400}"
        sweep "agents_$axis" --set "trace.generate.requests=${LIMIT:-400}"
    else
        sweep "chat_$axis" --set "trace={\"file\":\"$chat\",\"limit\":4000}"
        # The first 4,000 chats and 800 calls of agents, 32 sessions at a time: minutes instead of hours.
        sweep "agents_$axis" --set "trace={\"file\":\"$agents\",\"limit\":800,\"concurrency\":32}"
    fi
done
"$gable" report --db "$out/kv_cache.db" -o "$out/kv_cache.html" > "$out/report.txt"

# ---- the numbers ----

# usd: GPUs at the card's price and DRAM at 0.00367 USD a GB and hour, what 16 GiB more cost at AWS (r7i.xlarge less m7i.xlarge,
# list prices of 2024, recalled).
points() {
    echo "WITH point AS (SELECT json_extract(scenario, '\$.policy.evict.use') AS policy,
  json_extract(scenario, '\$.tiers[0].bytes') / 1e9 AS gb, json_extract(scenario, '\$.tiers[0].evict.ttl_s') AS ttl_s,
  json_extract(result, '\$.kv.hit_ratio') AS hit, json_extract(result, '\$.kv.belady_on_this_order.reached') AS reached,
  json_extract(result, '\$.ttft_ms.mean') / 1000 AS ttft, json_extract(result, '\$.ttft_ms.p99') / 1000 AS ttft99,
  json_extract(result, '\$.goodput.slo_attainment') AS good, json_extract(result, '\$.goodput.request_s') AS good_s,
  json_extract(result, '\$.cost.usd') AS gpu_usd, json_extract(result, '\$.duration_s') AS s, run FROM
  (SELECT max(id) AS run, scenario, result FROM run WHERE name = '$1' GROUP BY scenario_hash)),
numbers AS (SELECT *, gpu_usd + coalesce(gb, 0) * 0.00367 * s / 3600 AS usd FROM point)"
}
rows() { # sweep, axis: policy, place, label, hits %, share of Belady %, mean and p99 TTFT s, good %, USD a 1,000 good requests
    "$gable" sql "$(points "$1") SELECT policy, dense_rank() OVER (ORDER BY $2), CAST(coalesce($2, 0) AS INTEGER), round(100 * hit, 1), round(100 * reached, 1),
        round(ttft, 3), round(ttft99, 2), round(100 * good, 1), round(1000 * usd / (good_s * s), 3) FROM numbers ORDER BY min(run) OVER (PARTITION BY policy), $2" \
        --csv --db "$out/kv_cache.db" > "$out/$1.csv"
}
for name in chat agents; do
    rows "${name}_size" gb
    rows "${name}_ttl" ttl_s
done

# ---- tables: what stands between <!-- NAME --> and <!-- end --> in the page ----

table() { # sweep, word for the axis
    awk -F, -v axis="$2" '
        NR == 1 { print "| policy | " axis " | hits, % of tokens | of Belady, % | mean TTFT, s | P99 TTFT, s | in SLO, % | USD a 1,000 good |"
                  print "|---|---:|---:|---:|---:|---:|---:|---:|"; next }
        { printf "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", $1, $3, $4, $5, $6, $7, $8, $9 == "" ? "-" : $9 }' "$out/$1.csv" > "$out/$1.md"
}
api() { # trace, its name: what an API would ask for all of it
    "$gable" trace hits "$1" --price claude-sonnet-4 --json > "$out/api.json"
    sed -n 's/.*"usd": *\([0-9.]*\).*/\1/p' "$out/api.json" | xargs printf '| %s | %.0f | %.0f | %.0f |\n' "$2"
}
for name in chat agents; do
    table "${name}_size" "DRAM, GB"
    table "${name}_ttl" "TTL, s"
done
if [ "$page" != "$out" ]; then
    { echo '| trace | nothing cached, USD | 5 minutes, USD | 1 hour, USD |'; echo '|---|---:|---:|---:|'
      api "$chat" 'chats (12,031 requests)'; } > "$out/api.md"
fi
awk -v dir="$out" '
    /^<!-- end -->$/ { skip = 0 }
    !skip { print }
    /^<!-- [a-z_]+ -->$/ && !/end/ { file = dir "/" $2 ".md"
        if ((getline line < file) > 0) { skip = 1; print line; while ((getline line < file) > 0) print line } }
' "$page/KV_CACHE.md" > "$out/page.md"
mv "$out/page.md" "$page/KV_CACHE.md"

# ---- charts ----

command -v gnuplot > /dev/null || { echo "kv_cache.sh: no gnuplot, so no charts"; exit 0; }
chart() { # sweep, title, axis
    policies=$(tail -n +2 "$out/$1.csv" | cut -d, -f1 | uniq | tr '\n' ' ')
    tics=$(tail -n +2 "$out/$1.csv" | awk -F, '!seen[$2]++ { printf "%s\"%s\" %d", sep, $3, $2; sep = ", " }')
    gnuplot <<EOF
set terminal svg size 1050,340 font 'sans-serif,11' background rgb 'white'
set output '$page/kv_$1.svg'
set datafile separator ','
set grid ytics lc rgb '#dddddd'
set xlabel '$3'
set xtics ($tics)
set xrange [0.8:*]
set offsets 0, 0.2, 0, 0
set multiplot layout 1,3 title '$2'
panel = 'plot for [p in "$policies"] "$out/$1.csv" every ::1 using (strcol(1) eq p ? column(2) : NaN):c with linespoints pt 7 ps 0.5 title p noenhanced'
set key bottom right samplen 2
set ylabel 'prompt tokens found, %'
set yrange [0:100]
c = 4
@panel
unset key
set yrange [0:*]
set ylabel 'mean TTFT, s'
c = 6
@panel
set ylabel 'USD a 1,000 good requests'
c = 9
@panel
EOF
}
chart chat_size 'Chats: DRAM size' 'DRAM of the replica, GB'
chart chat_ttl 'Chats, 1,024 GB: time to live in DRAM' 'time to live, s'
chart agents_size 'Coding agents: DRAM size' 'DRAM of the replica, GB'
chart agents_ttl 'Coding agents, 256 GB: time to live in DRAM' 'time to live, s'
