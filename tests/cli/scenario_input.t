# Scenarios that read well and cannot run: unknown names, machines that do not fit.
$ gable run --set model=llama-3.1-8
$ gable run --set cluster.hardware=h100
$ gable run --set engine.runtime=vlm
$ gable run --set policy.schedule=chunkd
$ gable run --set policy.evict=lru_tai
$ gable run --set policy.schedule.use=chunked --set policy.schedule.token_budge=5
$ gable run --set cluster.tp=3
$ gable run --set cluster.tp=0
$ gable run --set model=llama-3.1-70b
$ gable run --set model=llama-3.1-70b --json
$ gable run --set cluster.hardware=a100-80-sxm --set engine.weights=fp8
$ gable run --set engine.weights=bf17
$ gable run --set engine.kv_blocks=0
$ gable run --set engine.memory_utilization=1.5
$ gable run --set engine.block_size=0
$ gable run --set cluster.replicas=0
$ gable run --set trace.file=nowhere.jsonl
$ gable run --set trace.rate_scale=0
$ gable run --set trace.format=moncake
$ printf '{"trace": {"generate": {"requests": 10, "arrival": {"use": "poison", "rate_s": 5}}}}' > g.json; gable run g.json
$ printf '{"trace": {"generate": {"requests": 0}}}' > g.json; gable run g.json
$ printf '{"trace": {"generate": {"requests": 10, "input": {"use": "uniform", "low": 9, "high": 3}}}}' > g.json; gable run g.json
$ printf '{"model": "./config.json"}' > m.json; printf '{"architectures": ["X"]}' > config.json; gable run m.json
