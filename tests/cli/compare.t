# compare: two scenarios on the same seeds.
$ printf '{"name": "slots", "trace": {"generate": {"requests": 240, "arrival": {"use": "poisson", "rate_s": 34}, "input": {"use": "fixed", "tokens": 60}, "output": {"use": "geometric", "mean": 80}}}, "engine": {"max_num_seqs": 20}, "policy": {"prefix": "off"}}' > a.json; sed 's/: 20}/: 16}/; s/slots/fewer/' a.json > b.json; gable compare a.json b.json
A  a.json: slots
B  b.json: fewer
...
10 seeds, 1 to 10

metric * A * B * B - A * % * 95 % from * to * effect * p (Holm) * by
-*
ttft_ms.mean * +* seeds
...
request by request (first seed), end to end: B is faster for * %, slower for * %
$ gable compare a.json b.json --metric ttft_ms.mean --metric kv.preemptions --json | sed 's/[0-9.e+-]*[0-9],$/N,/'
[
  {
    "metric": "ttft_ms.mean",
    "a": N,
    "b": N,
    "difference": N,
    "low": N,
    "high": N,
    "p": N,
    "p_adjusted": N,
    "relative": N,
    "effect": N,
    "method": "seeds",
    "n": N,
    "requests_lower": N,
    "requests_higher": *
  },
  {
    "metric": "kv.preemptions",
    "a": N,
    "b": N,
    "difference": N,
    "low": N,
    "high": N,
    "p": N,
    "p_adjusted": N,
    "relative": null,
    "effect": null,
    "method": "exact",
    "n": N,
    "requests_lower": null,
    "requests_higher": null
  }
]
# A scenario against itself differs by nothing.
$ gable compare a.json a.json --replications 3 --json | grep -e '"difference"' -e '"p"' | sort | uniq -c | tr -s ' '
 13 "difference": 0,
 13 "p": 1,
# The same bytes for any -j, and on other seeds other numbers.
$ gable compare a.json b.json -j 1 > 1; gable compare a.json b.json -j 3 > 3; cmp 1 3; gable compare a.json b.json --seed 50 | grep seeds,
10 seeds, 50 to 59
# A replayed trace: paired by request, or certain.
$ gable compare /dev/stdin $ROOT/reports/studies/stall_free.json < a.json > /dev/null; printf '{"trace": {"limit": 400}}' > c.json; printf '{"trace": {"limit": 400}, "policy": {"schedule": "prefill_first"}}' > d.json; gable compare c.json d.json --replications 2 -m tpot_ms.mean -m tpot_ms.p99 -m throughput.output_tok_s --json | grep method
    "method": "requests",
    "method": "requests",
    "method": "exact",
# Runs of a store stand for their scenarios.
$ gable run a.json --db r.db > /dev/null; gable run b.json --db r.db > /dev/null; gable compare 1 2 --db r.db --json > stored; gable compare a.json b.json --json | cmp - stored; gable sql 'SELECT count(*) AS runs FROM run' --db r.db --csv
runs
2
$ gable compare 1 3 --db r.db
! gable: the store has no run 3
!   where: r.db
!   expected: a number up to 2; `gable sql 'select run, name from summary' --db r.db` lists them
? 2
$ gable compare 1 2
! gable: run 1 of which store?
!   expected: --db FILE beside the number of a run, or a scenario file (./1 for one of that name)
? 2
$ gable compare a.json b.json --metric ttft_ms.p98
! gable: unknown metric 'ttft_ms.p98'
!   where: --metric
!   expected: a number of `gable run --json` outside sim, such as ttft_ms.p99 or throughput.output_tok_s
!   nearest: ttft_ms.p9*
? 2
$ gable compare a.json
! gable: gable compare lacks an operand
!   expected: gable compare A B [flags]
? 2
$ gable compare a.json nowhere.json
! gable: cannot open the file: No such file or directory
!   where: nowhere.json
!   expected: a readable file, or - for standard input
? 2
$ gable compare - - < a.json
! gable: A and B cannot both be standard input
!   expected: a file for one of them
? 2
