# KV tiers below HBM: what they tell, and what is refused.
$ gable run --set trace.limit=150 --set engine.kv_blocks=1500 --set 'tiers=[{"name": "dram", "bytes": 4e9}, {"name": "ssd", "bytes": 1e11}]' | sed -n '/^KV/,/^ssd/p'
KV cache    1500 blocks   peak 100.0 %   mean 40.3 %   prefix hits 22.2 %   preemptions 25   evicted 58043
found again 13422 of 60408 blocks by 130 of 131 requests   saves 5.8 s of prefill
            mean TTFT 1871.9 ms and 44.6 % good with a hit, 287.4 ms and 100.0 % without
dram        1907 blocks   peak 100.0 %   prefix hits 1.3 %   loaded 2.8 GB   written 119.7 GB   evicted 55180
ssd         47683 blocks   peak 97.6 %   prefix hits 13.8 %   loaded 17.4 GB   written 97.5 GB   evicted 0   260.04 drive writes a day, 0.0 years to its endurance
$ gable run --set 'tiers=[{"name": "dram", "bytes": 1000}]'
! gable: tier 'dram' of 1000 bytes holds not even one KV block of 2097152 bytes
!   where: tiers
!   expected: at least 2097152 bytes, or 0 for no such tier
? 2
$ gable run --set 'tiers=[{"name": "dram", "bytes": 1e18}]'
! gable: a KV pool of 476837186817 blocks, tiers included, is more than the prefix index can number
!   expected: at most 536870911 blocks a replica, or policy.prefix "off"
? 2
$ gable run --set 'tiers=[{"name": "disk", "bytes": 1e9}]'
! gable: tier 'disk' does not say what it is
!   where: --set tiers (tiers.0)
!   expected: "kind": "dram", "ssd" or "remote"
? 2
$ gable run --set 'tiers=[{"name": "dram", "bytes": 1e9, "iops": 5}]'
! gable: 'iops' says something of an ssd, and tier 'dram' is none
!   where: --set tiers (tiers.0.iops)
!   expected: the key left out, or "kind": "ssd"
? 2
$ gable run --set 'tiers=[{"name": "dram", "bytes": 1e9, "evict": "belady"}]'
! gable: evict policy 'belady' needs to know the accesses to come, and in a timed run they follow from what it evicts
!   where: --set tiers (tiers.0.evict)
!   expected: a policy that keeps blocks and needs no oracle, such as lru
? 2
$ gable run --set 'tiers=[{"name": "dram", "bytes": 1e9, "evict": "none"}]'
! gable: evict policy 'none' keeps nothing, so tier 'dram' would hold nothing
!   where: --set tiers (tiers.0.evict)
!   expected: a policy that keeps blocks and needs no oracle, such as lru
? 2
$ gable run --set 'tiers=[{"name": "dram", "bytes": 1e9}, {"name": "dram", "bytes": 1e9}]'
! gable: two tiers are called 'dram'
!   where: --set tiers (tiers.1)
!   expected: a name of its own for each
? 2
$ gable run --set 'tiers=[{"name": "dram", "byte": 1e9}]'
! gable: unknown key 'byte'
!   where: --set tiers (tiers.0.byte)
!   expected: one of name, kind, bytes, evict, write, promote, layerwise, piece_bytes, bandwidth_GB_s, latency_us, iops, drive_writes_day, warranty_years
!   nearest: bytes
? 2
$ gable run --set 'tiers={"name": "dram"}'
! gable: 'tiers' must be an array
!   where: --set tiers
!   expected: [{"name": "dram", "bytes": 64e9}]
? 2
$ gable run --set 'tiers=[3]'
! gable: this element must be an object
!   where: --set tiers (tiers.0)
!   expected: {"name": "dram", "bytes": 64e9}
? 2
$ gable run --set policy.prefetch=queue
! gable: without tiers there is nothing to load, so policy.prefetch would be read by nothing
!   where: --set policy.prefetch
!   expected: "off", or tiers with bytes
? 2
$ gable run --set policy.prefix=off --set 'tiers=[{"name": "dram", "bytes": 1e9}]'
! gable: with policy.prefix "off" nothing is cached, so a tier would be read by nothing
!   where: --set tiers (tiers.0)
!   expected: "bytes": 0, or a prefix policy that caches
? 2
$ gable run --set policy.prefix=chunk --set 'tiers=[{"name": "dram", "bytes": 1e9}]'
! gable: policy.prefix "chunk" looks for chunks in HBM alone, so a tier would be read by nothing
!   where: --set tiers (tiers.0)
!   expected: "bytes": 0, or policy.prefix "block" or "radix"
? 2
$ gable schema scenario | grep -c drive_writes_day
1
$ gable explain prefetch/cost
prefetch/cost - Loads as many of the blocks found as make loading them and computing the rest soonest done.
source: CacheGen's load-or-recompute choice (arXiv 2310.07240); Cake (arXiv 2410.03065)

parameters
    load_weight  REAL  1  0..1000000  A second of loading counts as this many seconds of computing; above 1 spares the links.

in a scenario: "policy": {"prefetch": {"use": "cost", "load_weight": 1}}
$ gable run --set 'tiers=[{"name": "a b", "kind": "dram", "bytes": 1e9}]'
! gable: a tier below HBM cannot be called 'a b'
!   where: --set tiers (tiers.0)
!   expected: another name of up to 24 letters, digits, - and _, such as "dram"
? 2
$ gable run --set trace.limit=150 --set engine.kv_blocks=1500 --set 'tiers=[{"name": "dram", "bytes": 4e9}]' --db tiers.db >tiers.txt && gable sql "select stat, value > 0 from metric where stat like 'by_tier.%.written_bytes'" --db tiers.db
stat                        value > 0
--------------------------  ---------
by_tier.dram.written_bytes          1
