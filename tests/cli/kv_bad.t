# Bad input for the KV cache: what is refused, and what is put right and counted.

# Ids that a chain has already: a chain of chained hashes cannot hold one twice, so it is known up to there.
$ printf '{"timestamp":0,"input_length":1536,"output_length":4,"hash_ids":[7,8,7]}\n{"timestamp":5000,"input_length":1536,"output_length":4,"hash_ids":[7,8,7]}\n' > repeat.jsonl; gable trace info repeat.jsonl | sed -n '/^prefixes/,$p'
prefixes: 4 blocks, 2 different; an unbounded cache finds 1,024 tokens, 33.3 % of the input
repairs: 2 chains cut before an id that they have already
$ gable trace hits repeat.jsonl --evict s3fifo --blocks 2 | tail -n 3
blocks                   2      4  50.00 %
tokens               1,024  3,072  33.33 %
requests with a hit      1      2  50.00 %
$ gable run --set trace.file=repeat.jsonl --set engine.kv_blocks=200 --json | grep -E '"(completed|hit_tokens)"' | head -n 2
    "completed": 2,
    "hit_tokens": 1024,

# A chain shorter than its length says is known as far as it goes; a longer one is cut.
$ printf '{"timestamp":0,"input_length":1536,"output_length":4,"hash_ids":[7,8]}\n{"timestamp":9,"input_length":1000,"output_length":4,"hash_ids":[7,8,9,10]}\n' > short.jsonl; gable trace info short.jsonl | sed -n '/^prefixes/,$p'
prefixes: 4 blocks, 2 different; an unbounded cache finds 1,000 tokens, 39.4 % of the input
repairs: 1 chains shorter than their prompt kept, 1 chains longer than their prompt cut
$ gable run --set trace.file=short.jsonl --json | grep '"completed"' | head -n 1
    "completed": 2,

# Sessions with cycles, or without their parents.
$ printf '{"chat_id":1,"parent_chat_id":2,"timestamp":1,"input_length":16,"output_length":5,"hash_ids":[1]}\n{"chat_id":2,"parent_chat_id":1,"timestamp":2,"input_length":16,"output_length":5,"hash_ids":[1]}\n' > cycle.jsonl; gable trace info cycle.jsonl | sed -n '/^repairs/p'
repairs: 1 turns start alone: their parent is not above them in the trace
$ gable run --set trace.file=cycle.jsonl --json | grep '"completed"' | head -n 1
    "completed": 2,
$ printf '{"chat_id":1,"parent_chat_id":77,"timestamp":1,"input_length":16,"output_length":5,"hash_ids":[1]}\n' > orphan.jsonl; gable trace info orphan.jsonl | sed -n '/^repairs/p'
repairs: 1 turns start alone: their parent is not above them in the trace
$ gable run --set trace.file=orphan.jsonl | sed -n '/^trace/,/^requests/p'
trace       1 turns start alone: their parent is not above them in the trace
requests    1 injected = 1 completed + 0 rejected + 0 unfinished, 0.0 s simulated
$ printf '{"chat_id":1,"parent_chat_id":-1,"timestamp":5,"input_length":16,"output_length":5,"hash_ids":[1]}\n{"chat_id":1,"parent_chat_id":-1,"timestamp":6,"input_length":32,"output_length":5,"hash_ids":[1,2]}\n' > twice.jsonl; gable trace info twice.jsonl
! gable: chat_id 1 is there twice
!   where: twice.jsonl:2
!   expected: one row a chat_id
? 2
$ printf '{"session_id":"a","arrival_time_ns":5,"sub_requests":[{"input_toks":10,"output_toks":2,"tool_duration_ns":1}]}\n{"session_id":"a","arrival_time_ns":9,"sub_requests":[{"input_toks":10,"output_toks":2,"tool_duration_ns":1}]}\n' > again.jsonl; gable trace info again.jsonl
! gable: the session is there twice
!   where: again.jsonl:2
!   expected: one line a session_id, with all its sub_requests
? 2
$ printf '{"id":"s","block_size":64,"requests":[{"t":0,"type":"subagent","agent_id":"a","requests":[]}]}\n' > hollow.jsonl; gable run --set trace.file=hollow.jsonl
! gable: the trace has no request
!   where: hollow.jsonl
!   expected: at least one row with an input and an output of one token or more
? 2

# Time that goes backwards inside a session.
$ printf '{"id":"s","block_size":64,"hash_id_scope":"local","requests":[{"t":5,"type":"n","in":128,"out":4,"hash_ids":[1,2],"api_time":1,"think_time":0},{"t":3,"type":"n","in":192,"out":4,"hash_ids":[1,2,3],"api_time":1,"think_time":0}]}\n' > back.jsonl; gable trace info back.jsonl | sed -n '/^repairs/p'
repairs: 1 turns set to the time of the turn before them, which they were said to precede
$ gable run --set trace.file=back.jsonl --set trace.replay=open | sed -n '/^trace/,/^requests/p'
trace       1 turns set to the time of the turn before them, which they were said to precede
requests    2 injected = 2 completed + 0 rejected + 0 unfinished, 0.0 s simulated
$ sed 's/"think_time":0}]/"think_time":-1}]/' back.jsonl > think.jsonl; gable run --set trace.file=think.jsonl
! gable: think_time is negative: -1
!   where: think.jsonl:1:224
!   expected: s, from 0 to 9e9
? 2
$ printf '{"chat_id":1,"parent_chat_id":-1,"timestamp":5,"input_length":16,"output_length":5,"hash_ids":[1]}\n{"chat_id":2,"parent_chat_id":1,"timestamp":2,"input_length":32,"output_length":5,"hash_ids":[1,2]}\n' > chat.jsonl; gable trace info chat.jsonl
! gable: arrival times decrease by 3 s
!   where: chat.jsonl:2
!   expected: rows in order of arrival
? 2
$ printf '{"session_id":"a","timestamp":5000,"input_length":10,"output_length":1}\n{"session_id":"a","timestamp":4000,"input_length":10,"output_length":1}\n' > turns.jsonl; gable trace info turns.jsonl
! gable: arrival times decrease by 1 s
!   where: turns.jsonl:2
!   expected: rows in order of arrival
? 2
$ printf '{"session_id":"a","timestamp":5000,"input_length":10,"output_length":1}\n{"session_id":"a","delay":-4,"input_length":10,"output_length":1}\n' > delay.jsonl; gable trace info delay.jsonl
! gable: delay is negative: -4
!   where: delay.jsonl:2:27
!   expected: ms, from 0 to 9e12
? 2
$ printf '{"session_id":"a","arrival_time_ns":-5,"sub_requests":[{"input_toks":10,"output_toks":2,"tool_duration_ns":1}]}\n' > early.jsonl; gable trace info early.jsonl
! gable: arrival_time_ns is negative: -5
!   where: early.jsonl:1:37
!   expected: ns, from 0 to 9e18
? 2
$ printf '{"session_id":"a","arrival_time_ns":5,"sub_requests":[{"input_toks":10,"output_toks":2,"tool_duration_ns":-1}]}\n' > tool.jsonl; gable trace info tool.jsonl
! gable: tool_duration_ns is negative: -1
!   where: tool.jsonl:1:107
!   expected: ns, from 0 to 9e18
? 2

# A tier smaller than one block; capacities that overflow.
$ gable run --set 'tiers=[{"name":"dram","bytes":2097151}]'
! gable: tier 'dram' of 2097151 bytes holds not even one KV block of 2097152 bytes
!   where: tiers
!   expected: at least 2097152 bytes, or 0 for no such tier
? 2
$ gable run --set 'tiers=[{"name":"remote","bytes":100}]'
! gable: store 'remote' holds not even one KV block of 2097152 bytes
!   where: tiers
!   expected: at least 2097152 bytes, or 0 for no such store
? 2
$ gable run --set 'tiers=[{"name":"dram","bytes":2097152}]' --set trace.limit=5 --json | grep '"completed"' | head -n 1
    "completed": 5,
$ gable run --set 'tiers=[{"name":"dram","bytes":-1}]'
! gable: 'bytes' is out of range: -1
!   where: --set tiers (tiers.0.bytes)
!   expected: a number from 0 to 1e+18 (bytes)
? 2
$ gable run --set 'tiers=[{"name":"dram","bytes":1e19}]'
! gable: 'bytes' is out of range: 1e19
!   where: --set tiers (tiers.0.bytes)
!   expected: a number from 0 to 1e+18 (bytes)
? 2
$ gable run --set 'tiers=[{"name":"dram","bytes":1e400}]'
! gable: number 1e400 is out of range
!   where: --set tiers
!   expected: a number of at most 1.797e308 in size
? 2
$ gable run --set 'tiers=[{"name":"dram","bytes":1e18},{"name":"ssd","bytes":1e18}]'
! gable: a KV pool of 953674345020 blocks, tiers included, is more than the prefix index can number
!   expected: at most 536870911 blocks a replica, or policy.prefix "off"
? 2
$ gable run --set engine.kv_blocks=0
! gable: 'kv_blocks' is out of range: 0
!   where: --set engine.kv_blocks
!   expected: an integer from 1 to 2147483648 (blocks), or null
? 2
$ gable run --set engine.kv_blocks=9e18
! gable: 'kv_blocks' is out of range: 9e18
!   where: --set engine.kv_blocks
!   expected: an integer from 1 to 2147483648 (blocks), or null
? 2
$ gable run --set engine.kv_blocks=2000000000
! gable: a KV pool of 2000000000 blocks, tiers included, is more than the prefix index can number
!   expected: at most 536870911 blocks a replica, or policy.prefix "off"
? 2
$ gable trace hits repeat.jsonl --blocks 0
! gable: cannot use --blocks 0
!   where: --blocks
!   expected: a whole number from 1 to 2147483647, or inf
? 2
$ gable trace hits repeat.jsonl --blocks 99999999999
! gable: cannot use --blocks 99999999999
!   where: --blocks
!   expected: a whole number from 1 to 2147483647, or inf
? 2

# A pool too small for any request turns all of them away, and says so.
$ gable run --set engine.kv_blocks=1 --set trace.limit=9 | sed -n '/^requests/p;/^throughput/,/^goodput/p;s/   cost.*//;/^energy/p'
requests    9 injected = 0 completed + 9 rejected + 0 unfinished, 0.0 s simulated
throughput  - requests/s   - input tokens/s   - output tokens/s (- a GPU)
goodput     - requests/s   0.0 % of the requests meet the SLO (TTFT <= 500 ms, TPOT <= 30 ms)
energy      0.000 kWh   - J a token

# A time to live of nothing.
$ gable run --set policy.evict.use=ttl --set policy.evict.ttl_s=0
! gable: 'ttl_s' is out of range: 0
!   where: --set policy.evict.ttl_s
!   expected: a number from 0.001 to 1000000000 (s)
? 2
$ gable run --set 'tiers=[{"name":"dram","bytes":1e9,"evict":{"use":"ttl","ttl_s":0}}]'
! gable: 'ttl_s' is out of range: 0
!   where: --set tiers (tiers.0.evict.ttl_s)
!   expected: a number from 0.001 to 1000000000 (s)
? 2
$ gable run --set policy.evict.use=pin_until --set policy.evict.pin_s=0
! gable: 'pin_s' is out of range: 0
!   where: --set policy.evict.pin_s
!   expected: a number from 0.001 to 1000000000 (s)
? 2
$ gable trace hits repeat.jsonl --evict 'ttl{ttl_s=0}'
! gable: 'ttl_s' is out of range: 0
!   where: --evict ttl_s
!   expected: a number from 0.001 to 1000000000 (s)
? 2

# What looks for chunks does not look below HBM.
$ gable run --set policy.prefix=chunk --set 'tiers=[{"name":"dram","bytes":1e9}]'
! gable: policy.prefix "chunk" looks for chunks in HBM alone, so a tier would be read by nothing
!   where: --set tiers (tiers.0)
!   expected: "bytes": 0, or policy.prefix "block" or "radix"
? 2
