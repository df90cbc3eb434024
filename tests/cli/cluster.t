# Clusters: prompts computed in one pool and decoded in another.
$ gable run --set trace.limit=50 --set 'cluster={"pools":[{"name":"p","role":"prefill"},{"name":"d","role":"decode","tp":2}]}' --json > pd.json
$ grep -A6 '"network": {' pd.json
* "network": {
* "transfers": *
* "bytes": *
* "reused_tokens": *
* "wait_ms": *
* "wire_ms": *
* }*
$ gable run --set 'cluster={"pools":[{"name":"d","role":"decode"}]}'
! gable: no pool hands requests to the decode pools
!   where: --set cluster (cluster.pools.0.role)
!   expected: a pool with role "prefill" beside it
? 2
$ gable run --set 'cluster={"pools":[{"name":"p","role":"prefill"}]}'
! gable: no pool decodes what the prefill pools compute
!   where: --set cluster (cluster.pools.0.role)
!   expected: a pool with role "decode" or "both" beside it
? 2
$ gable run --set cluster.kv_transfer=layerwise
! gable: no KV moves between replicas, so 'kv_transfer' would be read by nothing
!   where: --set cluster.kv_transfer
!   expected: "after"
? 2
# The study: with the same arrivals, too few prefill replicas cost the first token, too few decode replicas the others.
$ gable sweep $ROOT/reports/studies/pd_ratio.json --db pd.db > /dev/null
$ gable sql "SELECT (SELECT ttft_p50_ms FROM summary ORDER BY run LIMIT 1) > 10 * min(ttft_p50_ms) AS prompts_wait, (SELECT tpot_p50_ms FROM summary ORDER BY run DESC LIMIT 1) > 4 * min(tpot_p50_ms) AS tokens_wait FROM summary" --db pd.db --csv
prompts_wait,tokens_wait
1,1
# Who is let in, and who does not wait for ever: counted in requests, which still add up.
$ gable run --set 'policy.admit={"use":"token_bucket","rate_s":0.4,"burst":5}' --json > shed.json
$ gable run --set 'client={"timeout_s":5,"retries":1}' --json > retry.json
$ grep -A8 '"requests": {' retry.json
* "requests": {
* "injected": 2049,
* "completed": *
* "rejected": 0,
* "unfinished": *
* "cancelled": 0,
* "timed_out": *
* "retried": *
* },
$ gable run --set client.retries=2
! gable: without timeout_s nobody gives up, so 'retries' would be read by nothing
!   where: --set client.retries
!   expected: 0
? 2
# A store that all replicas share.
$ gable run --set trace.limit=200 --set cluster.replicas=2 --set 'tiers=[{"name":"remote","bytes":1e12}]' --json > shared.json
$ grep -A7 '"name": "remote"' shared.json | grep -v tokens
        "name": "remote",
        "capacity_blocks": 476837,
        "peak_blocks": 129923,
        "blocks": 129923,
        "loaded_blocks": 28172,
        "inserted_blocks": 129923,
        "evicted_blocks": 0,
$ gable run --set 'tiers=[{"name":"remote","bytes":1e12}]' --set policy.prefix=off
! gable: policy.prefix "off" looks up no prefixes, so the shared store would be read by nothing
!   where: --set tiers (tiers.0)
!   expected: "bytes": 0, or policy.prefix "block" or "radix"
? 2
$ gable run --set 'tiers=[{"name":"remote","bytes":1000}]'
! gable: store 'remote' holds not even one KV block of 2097152 bytes
!   where: tiers
!   expected: at least 2097152 bytes, or 0 for no such store
? 2
# Bounds by class and tenant; the first that fits a request counts.
$ gable run --set 'trace={"generate":{"requests":200,"tenants":2,"priorities":2,"arrival":{"use":"poisson","rate_s":8}}}' --set 'slo=[{"class":0,"ttft_ms":100},{"tenant":1,"preset":"llama3.1-8b"},{"ttft_ms":2000,"tpot_ms":null}]' --json --db class.db > class.json
$ grep by_class class.json
* "by_class": [{"class":0,"injected":95,*},{"tenant":1,"injected":54,*},{"injected":51,*}]
$ gable report --db class.db -o class.html > /dev/null
$ gable run --set 'slo=[]'
! gable: a list of SLOs must not be empty
!   where: --set slo
!   expected: [{"class": 0, "ttft_ms": 200}, {"ttft_ms": 1000}]
? 2
$ gable run --set 'slo=[{"class":"gold"}]'
! gable: 'class' is "gold"
!   where: --set slo (slo.0.class)
!   expected: an integer
? 2
