# Eviction without an engine: what each policy finds, the curve of one pass, what is refused.
$ cat > gen.awk <<'END'
> BEGIN { for (i = 0; i < 300; i++) { n = 1 + (i * 7) % 5; s = ""; for (k = 0; k < n; k++) s = s (k ? "," : "") ((i * i) % 23) * 10 + k
>     printf "{\"timestamp\": %d, \"input_length\": %d, \"output_length\": 1, \"hash_ids\": [%s]}\n", i * 2000, n * 512, s } }
> END
$ awk -f gen.awk > t.jsonl; for p in none fifo random clock lfu lru lru_tail leaf_lru session 'ttl{ttl_s=20}' twoq arc s3fifo sieve gdsf lec advice 'advice{bit=phase,error=0.1}' 'belady{bypass=false}' belady; do gable trace hits t.jsonl --blocks 20 --evict "$p" --json | awk -F'[:,]' -v p="$p" '/"hit_blocks"/ {print p $2}'; done
$ gable trace hits t.jsonl --blocks 20 --evict random --seed 2 --json > a; gable trace hits t.jsonl --blocks 20 --evict random --seed 2 --json | cmp - a
$ gable trace hits t.jsonl --blocks 20 --evict 'ttl{ttl_s=0}'
$ gable trace hits t.jsonl --blocks 20 --evict 'advice{bit=page}'
$ gable trace mrc t.jsonl --blocks 10,20,40,inf
$ gable trace mrc t.jsonl --blocks 20 --json | head -n 18
$ gable trace mrc t.jsonl --blocks 20,,4
$ gable trace mrc t.jsonl --sample 0
$ gable trace mrc t.jsonl --sample 0.5 --blocks 20,inf | head -n 5
$ gable trace mrc t.jsonl --evict fifo
$ gable run --set policy.evict=belady
$ gable run --set policy.evict=advice --json
$ gable explain evict/s3fifo
