# gable sens: what the metrics hang on.
$ printf '{"name": "lone", "trace": {"generate": {"requests": 20, "arrival": {"use": "deterministic", "rate_s": 0.01}, "input": {"use": "fixed", "tokens": 64}, "output": {"use": "fixed", "tokens": 500}}}, "engine": {"runtime": "ideal"}}' > s.json
$ gable sens s.json | head -n 1
lone: 25 runs, each input 10 % up and down
$ gable sens s.json | grep -E '^(nvlink|ssd) ' | head -n 2
nvlink * not used
ssd * not used
# The longest bar comes first.
$ gable sens s.json --metric tpot_ms.p50 | grep -A 1 '^tpot_ms.p50'
tpot_ms.p50, % a % of the input
hbm_bandwidth  ##############################|                                *
$ gable sens s.json --json > a.json; gable sens s.json --json -j 1 | cmp - a.json && grep -c '"input":' a.json
12
$ gable sens s.json --sobol 32 --json | grep -c '"sobol": {'
12
$ gable sens s.json --set cluster.tp=3
! gable: tp 3 does not divide 32 attention heads
!   where: *
!   expected: *
? 2
$ gable sens nothing.json
! gable: *
!   where: nothing.json
!   expected: *
? 2
$ gable sens s.json --db s.db > /dev/null; gable sql 'SELECT name FROM summary' --db s.db --csv
name
lone
$ gable sens s.json --sobol 4
! gable: Sobol indices of 4 samples say nothing: they scatter by about 0.5
!   where: --sobol
!   expected: 32 samples or more (hundreds for shares below 0.1), or 0 for none
? 2
