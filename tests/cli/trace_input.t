# Traces that are no good, and some that are. Semantic errors carry their line, too.
$ gable trace info nowhere.csv
! gable: cannot open the file: No such file or directory
!   where: nowhere.csv
!   expected: a readable file, or - for standard input
? 2
$ : > empty.jsonl; gable trace info empty.jsonl
! gable: the trace is empty
!   where: empty.jsonl
!   expected: at least one request
? 2
$ head -c 300 /bin/sh > binary; gable trace info binary
! gable: binary data: a NUL byte in the line
!   where: binary:1
!   expected: a text file, plain or packed with gzip or zstd
? 2
$ printf '{"timestamp": 0, "input_length": 10}\n' > noout.jsonl; gable trace info noout.jsonl
! gable: missing key "output_length"
!   where: noout.jsonl:1
!   expected: timestamp (ms), input_length, output_length (tokens), and hash_ids where known
? 2
$ printf '{"timestamp": 0, "output_length": 10}\n' > noin.jsonl; gable trace info noin.jsonl
! gable: missing key "input_length"
!   where: noin.jsonl:1
!   expected: timestamp (ms), input_length, output_length (tokens), and hash_ids where known
? 2
$ printf '{"timestamp": 5, "input_length": 10, "output_length": 2}\n{"timestamp": 4, "input_length": 10, "output_length": 2}\n' > back.jsonl; gable trace info back.jsonl
! gable: arrival times decrease by 0.001 s
!   where: back.jsonl:2
!   expected: rows in order of arrival
? 2
$ printf '{"timestamp": -5, "input_length": 10, "output_length": 2}\n' > neg.jsonl; gable trace info neg.jsonl
! gable: timestamp is negative: -5
!   where: neg.jsonl:1:15
!   expected: ms, from 0 to 9e12
? 2
$ printf '{"timestamp": 0, "input_length": -10, "output_length": 2}\n' > neglen.jsonl; gable trace info neglen.jsonl
! gable: input_length is negative: -10
!   where: neglen.jsonl:1:34
!   expected: tokens, a whole number from 0 to 1000000000
? 2
$ printf '{"timestamp": 0, "input_length": 1e400, "output_length": 2}\n' > inf.jsonl; gable trace info inf.jsonl
! gable: number 1e400 is out of range
!   where: inf.jsonl:1:34
!   expected: a number of at most 1.797e308 in size
? 2
$ printf '{"timestamp": NaN, "input_length": 1, "output_length": 2}\n' > nan.jsonl; gable trace info nan.jsonl
! gable: unknown word 'NaN'
!   where: nan.jsonl:1:15
!   expected: a value: a number, a "string", true, false, null, [ or {
? 2
$ printf '{"timestamp": 0, "input_length": 99999999999999999999, "output_length": 2}\n' > big.jsonl; gable trace info big.jsonl
! gable: input_length is too large: 99999999999999999999
!   where: big.jsonl:1:34
!   expected: tokens, a whole number from 0 to 1000000000
? 2
$ printf '{"timestamp": 0, "timestamp": 0, "input_length": 1, "output_length": 2}\n' > dup.jsonl; gable trace info dup.jsonl
! gable: key "timestamp" twice in one row
!   where: dup.jsonl:1:19
? 2
$ printf '{"timestamp": 0, "input_length": 10, "outp' > cut.jsonl; gable trace info cut.jsonl
! gable: a string without its closing quote
!   where: cut.jsonl:1:38
!   expected: a closing quote
? 2
$ printf '{"timestamp": 0, "input_length": 10, "output_length": 2}\n{"timestamp": 1, "input_length": 0, "output_length": 2}\n{"timestamp": 2, "input_length": 3, "output_length": 0}\n' > zero.jsonl; gable trace info zero.jsonl
1 requests (mooncake) over 0 s, - a second, 0 sessions
tokens  min  p50  mean  p99  max  sum
------  ---  ---  ----  ---  ---  ---
input    10   10  10.0   10   10   10
output    2    2   2.0    2    2    2
arrivals: CV of the gaps -; variance / mean of counts in windows of 1 s: -, 10 s: -, 60 s: -, 300 s: - (Poisson: 1)
prefixes: the trace has no block ids
repairs: 1 rows without input dropped, 1 rows without output dropped
$ gable run --set trace.file=zero.jsonl --json | grep -A 3 '"injected"'
    "injected": 1,
    "completed": 1,
    "rejected": 0,
    "unfinished": 0
$ gable run --set trace.file=back.jsonl
! gable: arrival times decrease by 0.001 s
!   where: back.jsonl:2
!   expected: rows in order of arrival
? 2
$ printf 'TIMESTAMP,ContextTokens\n2023-11-16 18:17:03.9799600,10\n' > column.csv; gable trace info column.csv
! gable: missing column "GeneratedTokens"
!   where: column.csv:1
!   expected: a header with TIMESTAMP, ContextTokens, GeneratedTokens, in any order
? 2
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,10,5\n2023-11-16 18:17:03.0799600,10,5\n' > back.csv; gable trace info back.csv
! gable: arrival times decrease by 0.9 s
!   where: back.csv:3
!   expected: rows in order of arrival
? 2
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,10,5\n' > date.csv; gable trace info date.csv
! gable: TIMESTAMP is not a time: yesterday
!   where: date.csv:2:1
!   expected: a time like 2023-11-16 18:15:46.6805900, with or without Z or +00:00
? 2
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,10\n' > short.csv; gable trace info short.csv
! gable: row has 2 fields, the header 3
!   where: short.csv:2
? 2
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,ten,5\n' > word.csv; gable trace info word.csv
! gable: ContextTokens is not a number: ten
!   where: word.csv:2:29
!   expected: tokens, a whole number from 0 to 1000000000
? 2
$ printf 'a,b,c\n1,2,3\n' > other.csv; gable trace info other.csv
! gable: not a trace in a known format
!   where: other.csv:1
!   expected: mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`
? 2
$ gable trace info zero.jsonl --format burstgpt
! gable: missing column "Timestamp"
!   where: zero.jsonl:1
!   expected: a header with Timestamp, Request tokens, Response tokens, in any order
? 2
$ gable trace info zero.jsonl --format azur
! gable: unknown trace format "azur"
!   expected: one of: *mooncake, azure* (left out, it is told from the content)
!   nearest: azure
? 2
$ gable trace generate --requests 40 --rate 5 -o t.jsonl && wc -l < t.jsonl
40
$ gzip -k t.jsonl && head -c 200 t.jsonl.gz > cut.jsonl.gz && gable trace info cut.jsonl.gz
! gable: truncated gzip archive
!   where: cut.jsonl.gz
!   expected: a whole archive: it ends in the middle
? 2
$ gable trace info t.jsonl.gz
40 requests (mooncake) over 7.08955 s, 5.501 a second, 0 sessions
tokens  min  p50   mean  p99  max     sum
------  ---  ---  -----  ---  ---  ------
input   803  891  900.2  994  994  36,008
output  128  128  128.0  128  128   5,120
arrivals: CV of the gaps 1.036; variance / mean of counts in windows of 1 s: 1.685, 10 s: -, 60 s: -, 300 s: - (Poisson: 1)
prefixes: the trace has no block ids
repairs: none
$ gable trace info - < t.jsonl --json | head -n 3
{
  "format": "mooncake",
  "rows": 40,
$ gable trace hits t.jsonl --evict lru --blocks 10
! gable: the trace carries no prefix-block ids, so there is nothing to hit
!   expected: a trace with hash_ids, such as Mooncake JSONL
? 2
$ printf '{"timestamp": 0, "input_length": 1024, "output_length": 2, "hash_ids": [1, 2]}\n{"timestamp": 9, "input_length": 1536, "output_length": 2, "hash_ids": [1, 2, 3]}\n{"timestamp": 12, "input_length": 600, "output_length": 2, "hash_ids": [1, 7]}\n' > ids.jsonl; gable trace hits ids.jsonl --json
{
  "policy": "lru",
  "capacity_blocks": null,
  "hit_blocks": 3,
  "found_blocks": 3,
  "total_blocks": 7,
  "hit_tokens": 1536,
  "total_tokens": 3160,
  "hit_ratio": 0.4860759493670886,
  "requests": 3,
  "requests_any_hit": 2,
  "evicted_blocks": 0
}
$ gable trace hits ids.jsonl --blocks 2
lru, 2 blocks, 3 evicted
prefix reuse           hit     of    share
-------------------  -----  -----  -------
blocks                   2      7  28.57 %
tokens               1,024  3,160  32.41 %
requests with a hit      1      3  33.33 %
$ gable trace hits ids.jsonl --blocks 0
! gable: cannot use --blocks 0
!   where: --blocks
!   expected: a whole number from 1 to 2147483647, or inf
? 2
$ gable trace hits ids.jsonl --blocks ten
! gable: cannot use --blocks ten
!   where: --blocks
!   expected: a whole number from 1 to 2147483647, or inf
? 2
$ gable trace hits ids.jsonl --evict lruu
! gable: unknown evict policy 'lruu'
!   where: --evict
!   expected: *lru, lru_tail*
!   nearest: lru
? 2
$ gable trace hits ids.jsonl --evict 'lru{x=1}'
! gable: unknown key 'x'
!   where: --evict x
!   expected: one of use, plugin
? 2
$ gable trace hits ids.jsonl --evict 'lru{x'
! gable: cannot read 'lru{x'
!   where: --evict
!   expected: a name, or name{key=value,...}
? 2
$ gable trace generate --rate 0
! gable: 'rate' is out of range: 0
!   where: --rate
!   expected: a number from 1e-09 to 1000000000 (1/s)
? 2
$ gable trace generate --requests 3 --arrival deterministic --rate 2 --input 'fixed{tokens=7}'
{"timestamp": 0, "input_length": 7, "output_length": 128}
{"timestamp": 500, "input_length": 7, "output_length": 128}
{"timestamp": 1000, "input_length": 7, "output_length": 128}
$ gable trace generate --requests 3 --arrival poison
! gable: unknown arrival process "poison"
!   where: --arrival use
!   expected: one of: poisson, deterministic, gamma, weibull, bursts, curve, rows, closed_loop
!   nearest: poisson
? 2
$ gable trace generate --requests 3 --input 'uniform{low=9,high=3}'
! gable: low 9 is above high 3
!   where: --input
!   expected: low <= high
? 2
$ gable trace generate --requests 3 --input 'unifrom{low=1,high=3}'
! gable: unknown length distribution "unifrom"
!   where: --input use
!   expected: one of: fixed, uniform, lognormal, geometric, histogram, file
!   nearest: uniform
? 2
$ gable trace generate --requests 3 --arrival 'closed_loop{concurrency=2}'
! gable: a closed loop has no arrival times before it is run
!   expected: open arrivals, such as poisson, gamma, bursts or curve
? 2
$ gable trace generate --set run.seed=2
! gable: --set run.seed=2 is not read: there is no scenario
!   expected: --set together with --from SCENARIO.json
? 2
$ gable trace generate --json
! gable: --json and the trace cannot both go to standard output
!   expected: --json together with -o FILE
? 2
# Packed by the name of the file; read packed from anywhere.
$ gable trace generate --requests 200 -o x.jsonl.gz; gable trace convert x.jsonl.gz --to vidur -o x.csv.zst; gable trace generate --requests 200 > plain.jsonl; gzip -dc x.jsonl.gz | cmp - plain.jsonl; od -An -tx1 -N4 x.jsonl.gz; od -An -tx1 -N4 x.csv.zst
 1f 8b 08 00
 28 b5 2f fd
$ gable trace convert - -o y.jsonl < x.csv.zst; cmp y.jsonl plain.jsonl; gable trace shape x.csv.zst --merge x.jsonl.gz --until 10 -o z.azure.gz --to azure; ls z.azure*
z.azure.gz
z.azure.gz.shape.json
$ gable trace convert x.jsonl.gz -o nofolder/x.gz
! gable: cannot write the file: No such file or directory
!   where: nofolder/x.gz
!   expected: a file in an existing folder this user may write to
? 2
# What was dropped is shown and kept with the run.
$ printf '{"timestamp": 0, "input_length": 10, "output_length": 5}\n{"timestamp": 5, "input_length": 0, "output_length": 5}\n{"timestamp": 5, "input_length": 7, "output_length": 0}\n' > gaps.jsonl; gable run --set trace.file=gaps.jsonl --db d.db | grep '^trace'; gable sql "select name, stat, value from metric where name = 'repairs' and value > 0" --db d.db
trace       1 rows without input dropped
trace       1 rows without output dropped
name     stat         value
-------  -----------  -----
repairs  zero_input       1
repairs  zero_output      1
$ gable trace generate -o nofolder/x.jsonl
! gable: cannot write the file: No such file or directory
!   where: nofolder/x.jsonl
!   expected: a file in an existing folder this user may write to
? 2
$ gable trace convert ids.jsonl --to azure
TIMESTAMP,ContextTokens,GeneratedTokens
2000-01-01 00:00:00.0000000,1024,2
2000-01-01 00:00:00.0090000,1536,2
2000-01-01 00:00:00.0120000,600,2
! gable: warning: prefix ids of 3 requests left out: azure has no place for them
$ gable trace convert zero.jsonl -o z.csv --to azure --json
{
  "rows": 1,
  "repairs": {
    "zero_input": 1,
    "zero_output": 1,
    "ids_short": 0,
    "ids_long": 0,
    "no_output": 0,
    "ids_twice": 0,
    "no_parent": 0,
    "time_back": 0,
    "failed": 0,
    "foreign": 0,
    "no_time": 0,
    "batched": 0,
    "images": 0
  }
}
$ gable trace convert back.jsonl -o back.out
! gable: arrival times decrease by 0.001 s
!   where: back.jsonl:2
!   expected: rows in order of arrival
? 2
$ ls back.out* 2> /dev/null
? 2
# What a row says and gable has no place for is counted.
$ printf 'request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n0,2,0,0.0,1,10,5\n1,2,0,1.0,4,10,5\n' > batch.csv; gable trace info batch.csv | grep repairs
repairs: 1 batches of requests taken as one request
$ printf 'TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2024-10-15T12:00:00.269Z,0,770,491\n2024-10-15T12:00:05.819Z,1,949,126\n' > images.csv; gable trace info images.csv | grep repairs
repairs: 1 requests whose images are not read
