# gable why: where the time went.
$ printf '{"name": "small", "trace": {"generate": {"requests": 40, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "fixed", "tokens": 200}, "output": {"use": "fixed", "tokens": 20}}}}' > s.json; gable run s.json --db r.db --requests all | tail -n 1; gable run s.json --db r.db --requests none | tail -n 1
run 1 kept in r.db
run 2 kept in r.db
$ gable why 1 --db r.db | head -n 2
small: where the time of 40 completed requests went
typical: the middle tenth by end-to-end latency (4); tail: the slowest hundredth (1)
# A store and a simulation say the same but for the run's number.
$ gable why 1 --db r.db --json | grep -v '"run"' > a; gable why --scenario s.json --json | grep -v '"run"' | cmp - a
$ gable why 1 7 --db r.db --json | grep -v '"run"' > a; gable why --scenario s.json 7 --json | grep -v '"run"' | cmp - a
# The parts of each request add up to its latency.
$ gable sql 'SELECT count(*) AS requests, sum(t = finish_ns - arrival_ns) AS exact FROM (SELECT p.run, p.serial, sum(ns) AS t, finish_ns, arrival_ns FROM request_part p JOIN request r USING (run, serial) GROUP BY p.run, p.serial)' --db r.db --csv
requests,exact
40,40
$ gable sql 'SELECT run, abs(sum(share) - 1) < 1e-9 AS whole FROM time_went GROUP BY run' --db r.db --csv
run,whole
1,1
$ gable why --db r.db
! gable: run 2 keeps no requests
!   where: r.db
!   expected: a run made with --requests all or --requests sample
? 2
$ gable why 9 --db r.db
! gable: there is no run 9
!   where: r.db
!   expected: a run from 1 to 2
? 2
$ gable why 1 40 --db r.db
! gable: no completed request 40 is known
!   where: small
!   expected: the serial of one of its 40 completed requests, from 0
? 2
$ gable why s.json
! gable: s.json is not the number of a run
!   expected: a whole number from 1: gable sql 'SELECT id, name FROM run'; a scenario's file goes to --scenario
? 2
$ gable why --db r.db --scenario s.json
! gable: --db reads a run that is over, so there is no scenario to choose or change
!   expected: --db, or --scenario, --set and --seed
? 2
# Without a store, the shipped default.
$ gable why | head -n 1
chat on one H100: where the time of 2049 completed requests went
