# gable plan: rates, fleets, and what cannot be.
$ printf '{"gable": "plan/1", "name": "rate", "scenario": {"trace": {"generate": {"requests": 300, "arrival": {"use": "poisson", "rate_s": 5}, "input": {"use": "uniform", "low": 400, "high": 800}, "output": {"use": "fixed", "tokens": 64}}}}, "slo": {"ttft_ms": 500, "tpot_ms": 30, "attain": 0.95}, "find": "rate"}' > rate.json
$ gable plan rate.json | head -n 2
rate: ttft_ms <= 500, tpot_ms <= 30 for 95 % of the requests
FEASIBLE: * requests/s are sustained, in steps of 2.5 %
$ gable plan rate.json --json > a.json; gable plan rate.json --json -j 1 | cmp - a.json && grep -E '"(verdict|find|rule)"' a.json
  "verdict": "feasible",
  "find": "rate",
  "rule": "slo",
# A run of the answer's scenario says the same, and --db keeps it.
$ gable plan rate.json --db p.db > /dev/null; gable sql 'SELECT name, slo_attainment >= 0.93 AS good FROM summary' --db p.db
name              good
----------------  ----
chat on one H100     1
# An SLO that no rate meets: exit 4, the constraint, and an SLO that would hold.
$ gable plan rate.json --set slo.ttft_ms=1 > /dev/null
$ sed 's/"ttft_ms": 500/"ttft_ms": 3/' rate.json > hard.json; gable plan hard.json > hard.txt
! gable: infeasible: nothing among the choices holds the SLO
? 4
$ sed -n 2,3p hard.txt
INFEASIBLE: no rate meets the SLO
binding     ttft_ms (*): * of the requests meet the SLO, 95.00 % are wanted; 100.00 % are over ttft_ms
$ gable plan hard.json --json 2> /dev/null | grep -E '"(verdict|best|constraint)"'
  "verdict": "infeasible",
  "best": null,
    "constraint": "ttft_ms",
# The cheapest fleet; what was pruned, and why.
$ sed 's/"find": "rate"/"find": "fleet", "replications": 1, "choices": {"model": ["llama-3.1-8b", "llama-3.1-405b"], "cluster.tp": [1, 3], "cluster.replicas": [1, 2, 3, 4, 5, 6, 7, 8]}/; s/"rate_s": 5/"rate_s": 60/' rate.json > fleet.json; gable plan fleet.json | grep -E '^(FEASIBLE|best|pruned|      .*(fit|divide))'
FEASIBLE: the cheapest fleet
best        model llama-3.1-8b, tp 1, replicas *: * GPUs, * USD/h, * USD a million output tokens
pruned      model llama-3.1-8b, tp 1: * no cheaper than the best
            model llama-3.1-8b, tp 3: cannot run: tp 3 does not divide 32 attention heads
            model llama-3.1-405b, tp 1: cannot run: llama-3.1-405b does not fit: *
            model llama-3.1-405b, tp 3: cannot run: tp 3 does not divide 128 attention heads
$ gable plan fleet.json --json | grep -A 5 '"choices": {' | head -n 4 > a; gable plan fleet.json --json --exhaustive | grep -A 5 '"choices": {' | head -n 4 | cmp - a
# What is no plan.
$ gable plan
! gable: gable plan lacks an operand
!   expected: gable plan PLAN.json [flags]
? 2
$ echo '{"gable": "plan/1", "find": "cheapest"}' > bad.json; gable plan bad.json
! gable: *
!   where: bad.json:1:* (find)
!   expected: *rate*fleet*
? 2
$ echo '{"choices": {"slo.ttft_ms": [1, 2]}}' > bad.json; gable plan bad.json
! gable: 'slo.ttft_ms' is no choice: it belongs to the question
!   where: bad.json:1:* (choices.slo.ttft_ms)
!   expected: a key of the model, cluster, engine or policy, like cluster.hardware or engine.max_num_seqs
? 2
$ echo '{"choices": {"cluster.hardware": ["h100-sxm", "h100-smx"]}}' > bad.json; gable plan bad.json
! gable: unknown hardware "h100-smx"
!   where: *
!   expected: *
!   nearest: h100-sxm
? 2
$ echo '{"slo": {"ttft_p98_ms": 5}}' > bad.json; gable plan bad.json
! gable: unknown key 'ttft_p98_ms'
!   where: bad.json:1:* (slo)
!   expected: one of preset, ttft_ms, tpot_ms, itl_ms, e2el_ms, attain; or SERIES_STAT_ms such as ttft_p99_ms
? 2

# Combinations that cannot run (70B on one L40S, a tp that does not divide) are left out and said so, whatever names the model.
$ cat > misfit.json <<'END'
> {"gable":"plan/1","scenario":{"model":"llama-3.1-70b","trace":{"generate":{"requests":100,"arrival":{"use":"poisson","rate_s":2},"input":{"use":"fixed","tokens":500},"output":{"use":"fixed","tokens":50}}}},
>  "slo":{"ttft_ms":2000,"tpot_ms":100,"attain":0.9},"find":"fleet","choices":{"cluster.hardware":["l40s","h100-sxm"],"cluster.tp":[1,3,4],"cluster.replicas":[1,2,3,4]}}
> END
$ gable plan misfit.json > misfit.txt; sed -n 2p misfit.txt; grep -c ': cannot run' misfit.txt
FEASIBLE: the cheapest fleet
4

# A mix of kinds: the best is brute force's, and the counts add up to the grid.
$ cat > mix.json <<'END'
> {"gable":"plan/1","scenario":{"trace":{"generate":{"requests":150,"arrival":{"use":"poisson","rate_s":25},"input":{"use":"uniform","low":400,"high":1200},"output":{"use":"fixed","tokens":80}}}},
>  "slo":{"ttft_ms":400,"tpot_ms":30,"attain":0.95},"find":"fleet","replications":1,"mix":{"hardware":["l40s"],"pools":[{"hardware":"h100-sxm","replicas":[0,1,2]}],"most_replicas":4}}
> END
$ gable plan mix.json > mix.txt; grep -E '^(FEASIBLE|best|runs)' mix.txt
FEASIBLE: the cheapest fleet
best        * x h100-sxm: * GPUs, * USD/h, * USD a million output tokens
runs        * of the grid's 14 configurations
$ gable plan mix.json --json | grep -A 6 '"choices": {' | head -n 5 > a; gable plan mix.json --json --exhaustive | grep -A 6 '"choices": {' | head -n 5 | cmp - a
# No drawing in a pipe.
$ grep -c '# best' mix.txt
0
? 1
# What a rate was judged on; what cannot fit says so.
$ gable plan rate.json | grep -A 1 '^judged'
judged on   1200 requests, 4 times the trace: on a short one no queue has time to grow;
            * requests/s*
$ echo '{"scenario": {"model": "llama-3.1-70b", "cluster": {"hardware": "l40s"}}, "find": "rate"}' > big.json; gable plan big.json | sed -n 2,3p
INFEASIBLE: no rate meets the SLO
binding     memory: cannot run: llama-3.1-70b does not fit: *
! gable: infeasible: nothing among the choices holds the SLO
$ echo '{"find": "fleet", "mix": {"hardware": ["l40s", "l40z"]}}' > bad.json; gable plan bad.json
! gable: unknown hardware "l40z"
!   where: bad.json:1:* (mix.hardware.1)
!   expected: *
!   nearest: l40s
? 2
# One card without a price: GPUs are compared, known dollars part equals, and the order of the choices changes nothing.
$ for o in '"h100-sxm", "rtx-a6000", "l40s"' '"rtx-a6000", "l40s", "h100-sxm"'; do printf '{"name": "mixed", "scenario": {"model": "llama-3.2-1b", "trace": {"generate": {"requests": 40, "arrival": {"use": "poisson", "rate_s": 1}, "input": {"use": "fixed", "tokens": 400}, "output": {"use": "fixed", "tokens": 32}}}}, "find": "fleet", "slo": {"ttft_ms": 3000, "tpot_ms": 200, "attain": 0.9}, "replications": 1, "choices": {"cluster.hardware": [%s], "cluster.replicas": [1, 2]}}' "$o" > mixed.json; gable plan mixed.json | grep -E '^(FEASIBLE|best|no price)|no fewer|no cheaper'; done
FEASIBLE: the smallest fleet
best        hardware l40s, replicas 1: 1 GPUs, * USD/h, * USD a million output tokens
no price    rtx-a6000: so GPUs are compared, whatever their kind; with usd_h in a card of one's own, dollars are
            1 run, 5 no fewer GPUs than the best
pruned      hardware h100-sxm: 2 no fewer GPUs than the best
            hardware rtx-a6000: 2 no fewer GPUs than the best
            hardware l40s: 1 no fewer GPUs than the best
FEASIBLE: the smallest fleet
best        hardware l40s, replicas 1: 1 GPUs, * USD/h, * USD a million output tokens
no price    rtx-a6000: so GPUs are compared, whatever their kind; with usd_h in a card of one's own, dollars are
            1 run, 5 no fewer GPUs than the best
pruned      hardware rtx-a6000: 2 no fewer GPUs than the best
            hardware l40s: 1 no fewer GPUs than the best
            hardware h100-sxm: 2 no fewer GPUs than the best
# Run through, the frontier compares GPUs a token for all of them, and says "-" where dollars are unknown.
$ gable plan mixed.json --exhaustive | grep -E '^(frontier|hardware)' > front; grep -c 'fewer GPUs a token' front; grep -c nan front
1
0
? 1
$ sed 's/"l40s", "h100-sxm"/"t4"/' mixed.json > none.json; gable plan none.json --exhaustive | grep -E '^(no price|hardware)'
no price    rtx-a6000, t4: so GPUs are compared, whatever their kind; with usd_h in a card of one's own, dollars are
hardware rtx-a6000, replicas 1 * -  * holds
hardware rtx-a6000, replicas 2 * -  * holds
$ sed 's/"find"/"minimize": "usd", "find"/' mixed.json > usd.json; gable plan usd.json
! gable: rtx-a6000, among the choices, has no price (usd_h)
!   where: usd.json:1:* (minimize)
!   expected: "gpus", or cards with prices
? 2
$ gable list hardware | grep -E '^t4 '
t4 * -  datasheet
