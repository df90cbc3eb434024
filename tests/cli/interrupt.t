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
! gable: interrupted: no result
? 130
$ ls out.jsonl* 2> /dev/null
? 2
# Whoever waits for its input ends as cleanly: by its own exit, not by the signal, of which a shell would say the same number.
$ mkfifo pipe; for c in "calibrate pipe -o card.json --db c.db" "model ./pipe" "trace info pipe" "trace hits pipe" "trace mrc pipe" "trace convert pipe -o x.jsonl" "run pipe" "sweep pipe --db s.db" "compare pipe pipe" "gate pipe" "baseline pipe -o b.json" "slurm pipe -o job"; do timeout --preserve-status -s INT 0.5 gable $c; [ $? = 130 ] || echo "$c"; done 2>&1 | sort | uniq -c; ls
     12 gable: interrupted: no result
long.json
pipe
r.db
short.json
$ timeout --preserve-status -s TERM 0.5 gable calibrate pipe
! gable: terminated: no result
? 143
# A pipe can be read only once: whoever runs a trace many times says so instead of waiting for a writer.
$ mkfifo once; printf '{"trace": {"file": "once", "format": "mooncake"}}' > piped.json; printf '{"gable": "plan/1", "scenario": "piped.json", "slo": {"ttft_ms": 500}}' > plan.json; printf '{"gable": "sweep/1", "scenario": "piped.json", "grid": {"engine.max_num_seqs": [1, 2]}}' > sweep.json; for c in 'plan plan.json' 'sweep sweep.json' 'baseline piped.json' 'sens piped.json' 'run piped.json --replications 2'; do timeout 20 gable $c --progress off; done
! gable: a trace from a pipe can be read only once
!   where: *
!   expected: the name of a file, for more than one run
! gable: a trace from a pipe can be read only once
!   where: *
!   expected: the name of a file, for more than one run
! gable: a trace from a pipe can be read only once
!   where: *
!   expected: the name of a file, for more than one run
! gable: a trace from a pipe can be read only once
!   where: *
!   expected: the name of a file, for more than one run
! gable: a trace from a pipe can be read only once
!   where: *
!   expected: the name of a file, for more than one run
? 2
$ (gzip -dc $ROOT/traces/samples/chat.jsonl.gz | head -n 40 > once &); timeout 20 gable run piped.json --db piped.db | tail -n 1
run 1 kept in piped.db
