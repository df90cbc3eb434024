# Scenarios that read well and cannot run: unknown names, machines that do not fit.
$ gable run --set model=llama-3.1-8
! gable: unknown llm "llama-3.1-8"
!   where: --set model
!   expected: a card's name (gable list llm) or the path of a file
!   nearest: llama-3.1-8b
? 2
$ gable run --set cluster.hardware=h100
! gable: unknown hardware "h100"
!   where: --set cluster.hardware
!   expected: a card's name (gable list hardware) or the path of a file
? 2
$ gable run --set engine.runtime=vlm
! gable: unknown runtime "vlm"
!   where: --set engine.runtime
!   expected: a card's name (gable list runtime) or the path of a file
!   nearest: vllm
? 2
$ gable run --set policy.schedule=chunkd
! gable: unknown schedule policy 'chunkd'
!   where: --set policy.schedule
!   expected: *chunked, *
!   nearest: chunked
? 2
$ gable run --set policy.evict=lru_tai
! gable: unknown evict policy 'lru_tai'
!   where: --set policy.evict
!   expected: *lru, lru_tail*
!   nearest: lru_tail
? 2
$ gable run --set policy.schedule.use=chunked --set policy.schedule.token_budge=5
! gable: unknown key 'token_budge'
!   where: --set policy.schedule.token_budge
!   expected: one of token_budget, reserve, watermark, use, plugin
!   nearest: token_budget
? 2
$ gable run --set cluster.tp=3
! gable: tp 3 does not divide 32 attention heads
!   where: --set cluster.tp
!   expected: one of 1, 2, 4, 8, 16, 32
? 2
$ gable run --set cluster.tp=0
! gable: 'tp' is out of range: 0
!   where: --set cluster.tp
!   expected: an integer from 1 to 1024 (GPUs)
? 2
$ gable run --set model=llama-3.1-70b
! gable: llama-3.1-70b does not fit: * GB of weights a GPU (bf16, tp 1) and * GB of reserve leave no KV block in the * GB that h100-sxm gives
!   where: model 'llama-3.1-70b' on pool 'all'
!   expected: a larger tp, fewer bits a weight, or a GPU with more memory (memory_utilization is 0.9)
? 2
$ gable run --set model=llama-3.1-70b --json 2> /dev/null
? 2
$ gable run --set engine.weights=bf17
! gable: unknown format or precision of weights 'bf17'
!   where: --set engine.weights
!   expected: bf16, fp16, fp8, int8, int4, fp4 or auto; or a precision card or one of its settings (gable list cards)
!   nearest: bf16
? 2
$ gable run --set engine.kv_blocks=0
! gable: 'kv_blocks' is out of range: 0
!   where: --set engine.kv_blocks
!   expected: an integer from 1 to 2147483648 (blocks), or null
? 2
$ gable run --set engine.memory_utilization=1.5
! gable: 'memory_utilization' is out of range: 1.5
!   where: --set engine.memory_utilization
!   expected: a number from 0.01 to 1 (share)
? 2
$ gable run --set engine.block_size=0
! gable: 'block_size' is out of range: 0
!   where: --set engine.block_size
!   expected: an integer from 1 to 65536 (tokens)
? 2
$ gable run --set cluster.replicas=0
! gable: 'replicas' is out of range: 0
!   where: --set cluster.replicas
!   expected: an integer from 1 to 4096
? 2
$ gable run --set trace.file=nowhere.jsonl
! gable: cannot open the file: No such file or directory
!   where: nowhere.jsonl
!   expected: a readable file, or - for standard input
? 2
$ gable run --set trace.rate_scale=0
! gable: 'rate_scale' is out of range: 0
!   where: --set trace.rate_scale
!   expected: a number from 1e-06 to 1000000
? 2
$ gable run --set trace.format=moncake
! gable: unknown trace format "moncake"
!   where: --set trace.format
!   expected: one of: bailian, aiperf, weka, llmservingsim, mooncake, azure, burstgpt, vidur, splitwise, servegen, trace_v2, otel, bench_serve, tracelab (left out, it is told from the content)
!   nearest: mooncake
? 2
$ printf '{"trace": {"generate": {"requests": 10, "arrival": {"use": "poison", "rate_s": 5}}}}' > g.json; gable run g.json
! gable: unknown arrival process "poison"
!   where: g.json:1:60 (trace.generate.arrival.use)
!   expected: one of: poisson, deterministic, gamma, weibull, bursts, curve, rows, closed_loop
!   nearest: poisson
? 2
$ printf '{"trace": {"generate": {"requests": 0}}}' > g.json; gable run g.json
! gable: 'requests' is out of range: 0
!   where: g.json:1:37 (trace.generate.requests)
!   expected: an integer from 1 to 1000000000000 (requests)
? 2
$ printf '{"trace": {"generate": {"requests": 10, "input": {"use": "uniform", "low": 9, "high": 3}}}}' > g.json; gable run g.json
! gable: low 9 is above high 3
!   where: g.json:1:50 (trace.generate.input)
!   expected: low <= high
? 2
$ printf '{"model": "./config.json"}' > m.json; printf '{"architectures": ["X"]}' > config.json; gable run m.json
! gable: the key "model_type" is missing
!   where: ././config.json:1:1
!   expected: a card ("gable": "llm/1") or a Hugging Face config.json
? 2
$ gable run --set policy.kvmem=contiguous
! gable: with policy.kvmem "contiguous" requests share no blocks, and policy.prefix is "block"
!   where: --set policy.kvmem
!   expected: policy.prefix "off"
? 2
$ gable run --set run.belady=true --set policy.prefix=chunk
! gable: with policy.prefix "chunk" there are no leading runs of blocks to bound
!   where: --set run.belady
!   expected: false, or a prefix policy that matches prefixes
? 2
$ gable run --set 'policy.evict={"use":"ttl","ttl_s":0}'
! gable: 'ttl_s' is out of range: 0
!   where: --set policy.evict (policy.evict.ttl_s)
!   expected: a number from 0.001 to 1000000000 (s)
? 2
$ gable run --set 'policy.prefix={"use":"chunk","recompute":1.5}'
! gable: 'recompute' is out of range: 1.5
!   where: --set policy.prefix (policy.prefix.recompute)
!   expected: a number from 0 to 1 (share)
? 2
