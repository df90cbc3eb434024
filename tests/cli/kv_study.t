# The study of the KV cache, cut down to the shipped sample and to generated sessions; and without the published traces.
$ TRACES=nowhere OUT=real GABLE=gable sh $ROOT/reports/studies/kv_cache.sh
kv_cache.sh: skipped: TRACES needs conversation_trace of kvcache-ai/Mooncake and the coding-agent sessions of WEKA's kv-cache-tester (names: see its head)
$ LIMIT=40 OUT=$PWD/cut GABLE=gable sh $ROOT/reports/studies/kv_cache.sh --samples > out.txt; grep -v gnuplot out.txt; ls cut/*.csv | wc -l
4
$ for f in chat_size chat_ttl agents_size agents_ttl; do echo "$f $(sed -n 2,99p cut/$f.csv | cut -d, -f1 | uniq | wc -l) policies, $(sed -n 2,99p cut/$f.csv | wc -l) points"; done
chat_size 6 policies, 36 points
chat_ttl 6 policies, 12 points
agents_size 6 policies, 36 points
agents_ttl 6 policies, 12 points
$ for f in chat_size chat_ttl agents_size agents_ttl; do echo "$f $(sed -n "/<!-- $f -->/,/<!-- end -->/p" cut/KV_CACHE.md | grep -c '^| `')"; done
chat_size 36
chat_ttl 12
agents_size 36
agents_ttl 12
# More DRAM never finds less under LRU, and nobody finds more than Belady did.
$ awk -F, '$1 == "lru_tail" { if ($4 < was) print "less at", $3; was = $4; n++ } END { print n }' cut/agents_size.csv
6
$ awk -F, 'NR > 1 && $5 > 100 { print }' cut/*.csv
# Run again, nothing is simulated.
$ LIMIT=40 OUT=$PWD/cut GABLE=gable sh $ROOT/reports/studies/kv_cache.sh --samples > out.txt; grep -h simulated cut/*.txt
36 points: 0 simulated in * s, 36 were in the store
12 points: 0 simulated in * s, 12 were in the store
36 points: 0 simulated in * s, 36 were in the store
12 points: 0 simulated in * s, 12 were in the store
