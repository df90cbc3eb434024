# Ctrl-C and SIGTERM in the middle: 130 and 143, a message, nothing half-written.
$ printf '{"trace": {"generate": {"requests": 900000000, "arrival": {"use": "poisson", "rate_s": 3}}}}' > long.json; timeout --preserve-status -s INT 2 gable run long.json
! gable: interrupted: no result
? 130
$ timeout --preserve-status -s TERM 2 gable run long.json --db r.db
! gable: terminated: nothing was stored
? 143
$ ls r.db* 2> /dev/null
? 2
$ printf '{"trace": {"generate": {"requests": 20, "arrival": {"use": "poisson", "rate_s": 3}}}}' > short.json; gable run short.json --db r.db | tail -n 1
run 1 kept in r.db
$ timeout --preserve-status -s INT 2 gable run long.json --db r.db
! gable: interrupted: nothing was stored
? 130
$ sh -c 'timeout -s KILL 2 gable run long.json --db r.db; echo $?' 2> /dev/null
137
$ gable sql 'SELECT count(*) AS runs FROM run' --db r.db --csv
runs
1
$ timeout --preserve-status -s INT 1 gable trace generate --requests 900000000 -o out.jsonl
? 130
$ ls out.jsonl* 2> /dev/null
? 2
