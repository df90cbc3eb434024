# Keys that nothing in the scenario would read, orders that mean nothing, and times that do not fit.
$ gable run --set 'tiers=[{"name": "ssd", "bytes": 1e10}, {"name": "dram", "bytes": 1e10}]'
! gable: tier 'dram' in host memory stands below tier 'ssd' on a drive, and tiers stand fastest first
!   where: --set tiers (tiers.1)
!   expected: host memory before drives
? 2
$ gable run --set 'tiers=[{"name": "remote", "bytes": 1e10}, {"name": "dram", "bytes": 1e10}]'
! gable: tier 'dram' stands behind the store that all replicas share, and tiers stand fastest first
!   where: --set tiers (tiers.1)
!   expected: the tier of kind "remote" last
? 2
$ gable run --set policy.prefetch=never --set 'tiers=[{"name": "dram", "bytes": 1e10, "layerwise": true}]'
! gable: policy.prefetch "never" loads nothing, so 'layerwise' would be read by nothing
!   where: --set tiers (tiers.0.layerwise)
!   expected: false, or a prefetch policy that loads
? 2
$ gable run --set trace.limit=2 --set 'tiers=[{"name": "dram", "bytes": 0}, {"name": "remote"}]' --json | grep -c by_tier
1
$ gable run --set 'slo=[{"ttft_ms": 3}, {"class": 1, "ttft_ms": 5}]'
! gable: slo.0 fits every request that this entry is for, and the first that fits counts, so it would be read by nothing
!   where: --set slo (slo.1)
!   expected: entries for a class or a tenant first, the one for all others last
? 2
$ gable run --set 'slo=[{"class": 1, "ttft_ms": 3}, {"tenant": 2, "ttft_ms": 4}, {"class": 1, "tenant": 2, "ttft_ms": 5}]'
! gable: slo.0 fits every request that this entry is for, and the first that fits counts, so it would be read by nothing
!   where: --set slo (slo.2)
!   expected: entries for a class or a tenant first, the one for all others last
? 2
$ gable run --set 'cluster={"pools": [{"name": "a"}, {"name": "a"}]}'
! gable: two pools are called 'a'
!   where: --set cluster (cluster.pools.1)
!   expected: a "name" of its own for each
? 2
$ gable run --set 'trace={"generate": {"requests": 5, "sessions": {"compact_to": 5}}}'
! gable: without compact_at nothing is compacted, so 'compact_to' would be read by nothing
!   where: --set trace (trace.generate.sessions.compact_to)
!   expected: 0, or compact_at
? 2
$ gable run --set 'trace={"generate": {"requests": 5, "shared_prefix": {"zipf": 1}}}'
! gable: there is one group, so 'zipf' would be read by nothing
!   where: --set trace (trace.generate.shared_prefix.zipf)
!   expected: 0, or several groups
? 2
# Simulated time ends where it cannot be counted.
$ gable run --set 'policy.admit={"use": "token_bucket", "rate_s": 3e-9, "then": "wait"}' --set trace.limit=50
! gable: simulated time does not fit: a request would leave the front end later than 1e+09 s
!   where: after 1e+09 s of simulated time
!   expected: rates, bandwidths and pauses that end sooner, or an earlier run.stop_s
? 2
$ gable run --set 'policy.admit={"use": "token_bucket", "rate_s": 1e-9, "burst": 1e-9, "then": "wait"}' --set trace.limit=5
! gable: simulated time does not fit: a request would leave the front end later than 1e+09 s
!   where: after 1e+09 s of simulated time
!   expected: rates, bandwidths and pauses that end sooner, or an earlier run.stop_s
? 2
# A prompt larger than the burst leaves the bucket in debt: at 100 tokens a second 1,000 tokens are 10 s, whatever the burst.
$ printf '{"timestamp": %d, "input_length": 1000, "output_length": 1}\n' 0 0 0 > three.jsonl
$ gable run --set trace.file=three.jsonl --set 'policy.admit={"use": "token_bucket", "rate_s": 100, "burst": 10, "count": "prompt", "then": "wait"}' --json | grep -o '"duration_s": [0-9][0-9]'
"duration_s": 20
# "-" is standard output.
$ gable trace convert three.jsonl --to vidur -o -; ls -- -
arrived_at,num_prefill_tokens,num_decode_tokens
0,1000,1
0,1000,1
0,1000,1
! ls: cannot access '-': No such file or directory
? 2
$ gable run --set trace.limit=2 --db s.db > first; gable report --db s.db -o - | head -c 15; ls -- -
<!DOCTYPE html>
! ls: cannot access '-': No such file or directory
? 2
$ gable report --db s.db --json -o -
! gable: --json and the page cannot both go to standard output
!   expected: --json together with -o FILE
? 2
$ gable sql --db s.db 'SELECT id FROM request'
! gable: SQL: no such column: id
!   where: query:1:8
!   expected: a column (texts are written in single quotes); `PRAGMA table_info(TABLE)` lists them
? 2
$ gable sql --db s.db 'SELECT nam FROM run'
! gable: SQL: no such column: nam
!   where: query:1:8
!   expected: a column (texts are written in single quotes); `PRAGMA table_info(TABLE)` lists them
!   nearest: name
? 2
$ gable schema scenario | grep -c '"remote"'
1
$ gable run --set run.seed=9007199254740992
! gable: 'seed' is out of range: 9007199254740992
!   where: --set run.seed
!   expected: an integer from 0 to 9007199254740991
? 2
# An engine does not start with sequences longer than its model's context, unless the positions are scaled.
$ gable run --set engine.max_model_len=1000000
! gable: engine.max_model_len 1000000 is beyond the context of llama-3.1-8b
!   where: --set engine.max_model_len
!   expected: at most 131072, or engine.long_context true where positions are scaled
? 2
$ gable run --set engine.long_context=true
! gable: max_model_len is within the context of llama-3.1-8b, 131072 tokens, so engine.long_context would be read by nothing
!   where: --set engine.long_context
!   expected: false
? 2
$ gable run --set engine.long_context=true --set engine.max_model_len=1000000 --set trace.limit=2 --json | grep -c '"completed": 2'
1
