# Traces that are no good, and some that are. Semantic errors carry their line, too.
$ gable trace info nowhere.csv
$ : > empty.jsonl; gable trace info empty.jsonl
$ head -c 300 /bin/sh > binary; gable trace info binary
$ printf '{"timestamp": 0, "input_length": 10}\n' > noout.jsonl; gable trace info noout.jsonl --json | head -n 2
$ printf '{"timestamp": 0, "output_length": 10}\n' > noin.jsonl; gable trace info noin.jsonl
$ printf '{"timestamp": 5, "input_length": 10, "output_length": 2}\n{"timestamp": 4, "input_length": 10, "output_length": 2}\n' > back.jsonl; gable trace info back.jsonl
$ printf '{"timestamp": -5, "input_length": 10, "output_length": 2}\n' > neg.jsonl; gable trace info neg.jsonl
$ printf '{"timestamp": 0, "input_length": -10, "output_length": 2}\n' > neglen.jsonl; gable trace info neglen.jsonl
$ printf '{"timestamp": 0, "input_length": 1e400, "output_length": 2}\n' > inf.jsonl; gable trace info inf.jsonl
$ printf '{"timestamp": NaN, "input_length": 1, "output_length": 2}\n' > nan.jsonl; gable trace info nan.jsonl
$ printf '{"timestamp": 0, "input_length": 99999999999999999999, "output_length": 2}\n' > big.jsonl; gable trace info big.jsonl
$ printf '{"timestamp": 0, "timestamp": 0, "input_length": 1, "output_length": 2}\n' > dup.jsonl; gable trace info dup.jsonl
$ printf '{"timestamp": 0, "input_length": 10, "outp' > cut.jsonl; gable trace info cut.jsonl
$ printf '{"timestamp": 0, "input_length": 10, "output_length": 2}\n{"timestamp": 1, "input_length": 0, "output_length": 2}\n{"timestamp": 2, "input_length": 3, "output_length": 0}\n' > zero.jsonl; gable trace info zero.jsonl
$ gable run --set trace.file=zero.jsonl --json | grep -A 4 '"requests"'
$ gable run --set trace.file=back.jsonl
$ printf 'TIMESTAMP,ContextTokens\n2023-11-16 18:17:03.9799600,10\n' > column.csv; gable trace info column.csv
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,10,5\n2023-11-16 18:17:03.0799600,10,5\n' > back.csv; gable trace info back.csv
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,10,5\n' > date.csv; gable trace info date.csv
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,10\n' > short.csv; gable trace info short.csv
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,ten,5\n' > word.csv; gable trace info word.csv
$ printf 'a,b,c\n1,2,3\n' > other.csv; gable trace info other.csv
$ gable trace info zero.jsonl --format burstgpt
$ gable trace info zero.jsonl --format azur
$ gable trace generate --requests 40 --rate 5 -o t.jsonl && wc -l < t.jsonl
$ gzip -k t.jsonl && head -c 200 t.jsonl.gz > cut.jsonl.gz && gable trace info cut.jsonl.gz
$ gable trace info t.jsonl.gz
$ gable trace info - < t.jsonl --json | head -n 3
$ gable trace hits t.jsonl --evict lru --blocks 10
$ printf '{"timestamp": 0, "input_length": 1024, "output_length": 2, "hash_ids": [1, 2]}\n{"timestamp": 9, "input_length": 1536, "output_length": 2, "hash_ids": [1, 2, 3]}\n{"timestamp": 12, "input_length": 600, "output_length": 2, "hash_ids": [1, 7]}\n' > ids.jsonl; gable trace hits ids.jsonl --json
$ gable trace hits ids.jsonl --blocks 2
$ gable trace hits ids.jsonl --blocks 0
$ gable trace hits ids.jsonl --blocks ten
$ gable trace hits ids.jsonl --evict lruu
$ gable trace hits ids.jsonl --evict 'lru{x=1}'
$ gable trace hits ids.jsonl --evict 'lru{x'
$ gable trace generate --rate 0
$ gable trace generate --requests 3 --arrival deterministic --rate 2 --input 'fixed{tokens=7}'
$ gable trace generate --requests 3 --arrival poison
$ gable trace generate --requests 3 --input 'uniform{low=9,high=3}'
$ gable trace generate --requests 3 --input 'unifrom{low=1,high=3}'
$ gable trace generate --requests 3 --arrival 'closed_loop{concurrency=2}'
$ gable trace generate --set run.seed=2
$ gable trace generate --json
$ gable trace generate -o x.jsonl.gz
$ gable trace generate -o nofolder/x.jsonl
$ gable trace convert ids.jsonl --to azure
$ gable trace convert zero.jsonl -o z.csv --to azure --json
$ gable trace convert back.jsonl -o back.out; ls back.out*
