# gable claims: published beside simulated.
$ export XDG_CACHE_HOME=$PWD/cache; gable claims challenges | head -n 4
 #  key         quantity                                                     published  simulated  unit    ratio  tolerance  runtime  verdict
--  ----------  -----------------------------------------------------------  ---------  ---------  -----  ------  ---------  -------  ----------
 1  challenges  closed form: KV at 100K, Yi-34B                                  22.8\*      22.89  GiB     1.004        3 %  ideal    reproduced
 2  challenges  closed form: KV at 50K, Yi-34B                                     11\*      11.44  GiB      1.04        5 %  ideal    reproduced
# The keys of a row.
$ export XDG_CACHE_HOME=$PWD/cache; gable claims challenges --json | head -n 16
[
  {
    "key": "challenges",
    "quantity": "closed form: KV at 100K, Yi-34B",
    "published": 22.8,
    "simulated": 22.88818359375,
    "recalled": true,
    "computed": false,
    "unit": "GiB",
    "ratio": 1.003867701480263,
    "tolerance": 0.03,
    "within": "relative",
    "runtime": "ideal",
    "verdict": "reproduced",
    "reason": "",
    "source": "body (R: recalled, not verified)"
# A verdict changes only with what is simulated or with what a card says: look at the reasons then, too.
$ export XDG_CACHE_HOME=$PWD/cache; gable claims bca challenges ft_static orca sarathi vllm --db all.db | grep -A 2 '^\*'; gable sql 'select key, count(*) as rows, sum(verdict = '"'reproduced'"') as reproduced, sum(verdict = '"'direction'"') as direction, sum(verdict = '"'not'"') as "not" from claim group by key' --db all.db
\* recalled, not verified against the publication
...
key         rows  reproduced  direction  not
----------  ----  ----------  ---------  ---
bca           11           4          1    6
challenges    14          11          0    3
ft_static     14           9          1    4
orca           4           1          1    2
sarathi       24          12          5    7
vllm           9           5          2    2
# Whatever lies outside its tolerance says why, and what is recalled says so where it is kept.
$ gable sql "select count(*) as without from claim where verdict <> 'reproduced' and (reason = '' or reason like '%no cause found%')" --db all.db --csv; gable sql "select key, count(*) as recalled from claim where source like '%recalled, not verified%' group by key" --db all.db --csv
without
0
key,recalled
challenges,14
orca,3
vllm,8
# A file of one's own; a second call simulates nothing.
$ cat > mine.json <<'END'
> {"gable": "claims/1", "key": "mine", "scenarios": {"s": {"trace": {"generate": {"requests": 20, "input": {"use": "fixed", "tokens": 99}, "output": {"use": "fixed", "tokens": 9}}}, "model": "opt-1.3b"}},
>  "claims": [{"quantity": "requests done", "published": 25, "unit": "requests", "source": "nowhere", "runtime": "vllm",
>    "tolerance": 0.1, "reason": "twenty were asked for", "measure": {"run": "s", "metric": "requests.completed"}},
>   {"quantity": "how good", "source": "nowhere", "rule": "quality", "reason": "a matter of taste"}]}
> END
$ export XDG_CACHE_HOME=$PWD/cache; gable claims mine.json --progress off
\#  key   quantity       published  simulated  unit      ratio  tolerance  runtime  verdict
-  ----  -------------  ---------  ---------  --------  -----  ---------  -------  -------
1  mine  requests done         25         20  requests    0.8       10 %  vllm     not
2  mine  how good               -          -  -             -          -  -        quality

1  twenty were asked for (nowhere)
2  a matter of taste (nowhere)

2 claims: 0 reproduced, 0 in direction, 1 not, 1 of quality; 1 simulations, 0 of them from the cache
$ export XDG_CACHE_HOME=$PWD/cache; gable claims mine.json | tail -n 1; gable claims mine.json --fresh | tail -n 1
2 claims: * 1 simulations, 1 of them from the cache
2 claims: * 1 simulations, 0 of them from the cache
# --set changes every scenario; the store keeps the newest answer of a key.
$ export XDG_CACHE_HOME=$PWD/cache; gable claims mine.json --db r.db > /dev/null; gable claims mine.json --db r.db --set trace.generate.requests=24 -j 1 > /dev/null; gable sql "select key, quantity, published, simulated, verdict from claim" --db r.db --csv
key,quantity,published,simulated,verdict
mine,requests done,25,24,reproduced
mine,how good,,,quality
# A value that was computed and not measured is counted apart.
$ sed 's/"source": "nowhere", "runtime": "vllm",/"source": "definition", "runtime": "vllm", "computed": true,/; s/25/20/' mine.json > sums.json; XDG_CACHE_HOME=$PWD/cache gable claims sums.json --progress off
\#  key   quantity       published  simulated  unit      ratio  tolerance  runtime  verdict
-  ----  -------------  ---------  ---------  --------  -----  ---------  -------  -----------
1  mine  requests done         20         20  requests      1       10 %  vllm     reproduced=
2  mine  how good               -          -  -             -          -  -        quality
= the value follows from a definition or formula and was not measured: it checks this program alone

1  twenty were asked for (definition)
2  a matter of taste (nowhere)

2 claims: 1 reproduced (0 of published values, 1 of computed ones), 0 in direction, 0 not, 1 of quality; 1 simulations, 1 of them from the cache
$ XDG_CACHE_HOME=$PWD/cache gable claims sums.json --json | grep -c '"computed": true'
1
$ gable claims sarati
! gable: unknown claims "sarati"
!   where: KEY
!   expected: a file of reports/claims without .json, or the path of a claim file
!   nearest: sarathi
? 2
$ gable claims nowhere.json
! gable: cannot open the file: No such file or directory
!   where: nowhere.json
!   expected: a readable file, or - for standard input
? 2
$ sed 's/requests.completed/requests.complete/' mine.json > typo.json; XDG_CACHE_HOME=$PWD/cache gable claims typo.json
! gable: a run has no number "requests.complete"
!   where: typo.json:3:* (claims.0.measure.metric)
!   expected: a path in the object of gable run --json, as itl_ms.p99
!   nearest: completed
? 2
$ printf '{"gable": "plan/1", "scenario": {}}' > plan.json; gable claims plan.json
! gable: this is no claim file
!   where: plan.json:1:11 (gable)
!   expected: "gable": "claims/1"
? 2
# Systems made of several policies: what they are made of; and that what was reproduced is still.
$ gable explain memserve | sed -n '1,2p;4,5p'
claims/memserve - MemServe: Context Caching for Disaggregated LLM Serving with Elastic Memory Pool
source: arXiv 2406.17565; no public code; the abstract has no numbers, all values are from a third party's reading (S)
made of
cluster.pools with roles prefill and decode, cluster.kv_transfer, kv_transfer_reuse; policy.prefix; tiers of kind remote; route/prompt_tree, route/session_sticky, route/least_requests
$ gable explain claims/continuum | head -n 1
claims/continuum - Continuum: Efficient and Robust Multi-Turn LLM Agent Scheduling with KV Cache Time-to-Live
$ gable explain claims/nothing
! gable: nothing is called claims/nothing
!   expected: a name that `gable list` prints, or KIND/NAME
? 2
$ export XDG_CACHE_HOME=$PWD/cache; for k in vattention scbench succinct_paging sglang_radix cachegen; do echo $k; gable claims $k --progress off | tail -n 1; done
vattention
12 claims: 8 reproduced (2 of published values, 6 of computed ones), 0 in direction, 4 not, 0 of quality; 75 simulations, 0 of them from the cache
scbench
12 claims: 10 reproduced (0 of published values, 10 of computed ones), 0 in direction, 1 not, 1 of quality; 13 simulations, 0 of them from the cache
succinct_paging
11 claims: 11 reproduced (4 of published values, 7 of computed ones), 0 in direction, 0 not, 0 of quality; 0 simulations, 0 of them from the cache
sglang_radix
5 claims: 3 reproduced, 2 in direction, 0 not, 0 of quality; 6 simulations, 0 of them from the cache
cachegen
9 claims: 6 reproduced (4 of published values, 2 of computed ones), 2 in direction, 0 not, 1 of quality; 33 simulations, 0 of them from the cache
