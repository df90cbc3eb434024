# Ctrl-C and SIGTERM in the middle: 130 and 143, a message, nothing half-written.
$ printf '{"trace": {"generate": {"requests": 900000000, "arrival": {"use": "poisson", "rate_s": 3}}}}' > long.json; timeout --preserve-status -s INT 2 gable run long.json
$ timeout --preserve-status -s TERM 2 gable run long.json --db r.db; ls r.db*
$ printf '{"trace": {"generate": {"requests": 20, "arrival": {"use": "poisson", "rate_s": 3}}}}' > short.json; gable run short.json --db r.db | tail -n 1
$ timeout --preserve-status -s INT 2 gable run long.json --db r.db
$ timeout -s KILL 2 gable run long.json --db r.db
$ gable sql 'SELECT count(*) AS runs FROM run' --db r.db --csv
$ timeout --preserve-status -s INT 1 gable trace generate --requests 900000000 -o out.jsonl; ls out.jsonl*
