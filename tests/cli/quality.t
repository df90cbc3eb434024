Quality held fixed: choices of compression are ruled out by what their authors published
$ printf '{"gable": "plan/1", "name": "held", "find": "rate", "quality": {"task": "LongBench"}, "scenario": {"model": "llama-2-7b", "cluster": {"hardware": "a100-80-sxm"}, "policy": {"prefix": "off"}, "trace": {"generate": {"requests": 40, "arrival": {"use": "poisson", "rate_s": 5}, "input": {"use": "fixed", "tokens": 2000}, "output": {"use": "fixed", "tokens": 50}}}}, "slo": {"ttft_ms": 2000, "tpot_ms": 40, "attain": 0.9}, "choices": {"policy.compress": [[], "kivi-2bit", "kivi-4bit", "fp8_kv", "snapkv{cap=3000},kivi-4bit"]}}' > q.json
$ gable plan q.json | grep -E '^(best|quality|pruned|   .*quality:)'
best        compress kivi-4bit: 1 GPUs, *
quality     kivi-4bit loses 0.023 % of LongBench avg(15) (Mistral-7B-Instruct-v0.2); at most 1 % of LongBench
pruned      compress kivi-2bit: quality: kivi-2bit loses 2.5 % of LongBench avg(15) (Mistral-7B-Instruct-v0.2), above the 1 % that are held
            compress fp8_kv: quality: fp8_kv has no published quality of LongBench at these settings
            compress snapkv{cap=3000},kivi-4bit: quality: snapkv loses 2 % of LongBench avg(16) (LongChat-7b-32k, between two published budgets); kivi-4bit loses 0.023 % of LongBench avg(15) (Mistral-7B-Instruct-v0.2); not validated in combination, above the 1 % that are held
$ gable plan q.json --json | grep -A 6 '"quality": {'
  "quality": {
    "task": "LongBench",
    "most_loss": 0.01,
    "loss": 0.0002296*,
    "interpolated": false,
    "combined": false,
    "says": "kivi-4bit loses 0.023 % of LongBench avg(15) (Mistral-7B-Instruct-v0.2)"
$ sed 's/"task": "LongBench"/"task": "LongBench", "most_loss": 0.03/' q.json > q3.json; gable plan q3.json | grep -E '^(quality|pruned|   .*quality:)'
quality     kivi-2bit loses 2.5 % of LongBench avg(15) (Mistral-7B-Instruct-v0.2); at most 3 % of LongBench
pruned      compress fp8_kv: quality: fp8_kv has no published quality of LongBench at these settings
$ sed 's/"choices": .*/"choices": {"policy.compress": ["fp8_kv"]}}/' q.json > q4.json; gable plan q4.json | grep binding
binding     quality: fp8_kv has no published quality of LongBench at these settings
! gable: infeasible: nothing among the choices holds the SLO
$ sed 's/{"task": "LongBench"}/{"task": "LongBanch"}/' q.json > bad.json; gable plan bad.json
! gable: unknown quality task "LongBanch"
!   where: quality.task
!   expected: a benchmark or quantity that cards publish, such as LongBench
!   nearest: LongBench
? 2
$ sed 's/{"task": "LongBench"}/{"most_loss": 2}/' q.json > bad.json; gable plan bad.json
! gable: 'most_loss' is out of range: 2
!   where: bad.json:1:78 (quality.most_loss)
!   expected: a number from 0 to 1 (share)
? 2
$ printf '{"model": "llama-2-7b", "trace": {"limit": 60}}' > a.json; printf '{"model": "llama-2-7b", "trace": {"limit": 60}, "policy": {"compress": ["kivi-2bit"]}}' > b.json; gable compare a.json b.json --replications 2 --metric kv.peak_blocks | grep -E '^(A|B|   quality)'
A  a.json: chat on one H100
B  b.json: chat on one H100
   quality: kivi-2bit loses 2.5 % of LongBench avg(15) (Mistral-7B-Instruct-v0.2)
$ gable compare a.json b.json --most-loss 0.01
! gable: B: kivi-2bit loses 2.5 % of LongBench avg(15) (Mistral-7B-Instruct-v0.2)
!   expected: compression that loses at most 1 % by published rows (--most-loss)
? 2
$ gable compare a.json b.json --most-loss 0.03 --task LongBench --replications 2 --metric kv.peak_blocks --json | grep -c metric
1
$ gable compare a.json b.json --task LongBanch
! gable: unknown quality task "LongBanch"
!   where: --task
!   expected: a benchmark or quantity that cards publish, such as LongBench
!   nearest: LongBench
? 2
