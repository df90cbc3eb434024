# The store: what --db keeps, and the stores that cannot be.
$ printf '{"name": "small", "trace": {"generate": {"requests": 40, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "fixed", "tokens": 200}, "output": {"use": "fixed", "tokens": 20}}}}' > s.json; gable run s.json --db r.db --requests all | tail -n 1
run 1 kept in r.db
$ gable run s.json --db r.db --requests none --json | grep -A 3 '"injected"'
    "injected": 40,
    "completed": 40,
    "rejected": 0,
    "unfinished": 0
$ gable run s.json --db r.db --seed 7 --set policy.schedule=prefill_first | tail -n 1
run 3 kept in r.db
$ gable sql 'SELECT r.id, r.name, r.seed, count(q.serial) AS requests FROM run r LEFT JOIN request q ON q.run = r.id GROUP BY r.id' --db r.db
id  name   seed  requests
--  -----  ----  --------
 1  small     1        40
 2  small     1         0
 3  small     7        40
$ gable sql 'SELECT run, value FROM run_param WHERE key = '"'policy.schedule.use'" --db r.db --csv
run,value
1,"""chunked"""
2,"""chunked"""
3,"""prefill_first"""
$ gable sql 'SELECT count(*) > 20 AS metrics FROM metric WHERE run = 1' --db r.db --json
[
{"metrics":1}
]
$ gable sql 'SELECT cards FROM run WHERE id = 1' --db r.db --csv
cards
"{""hardware:h100-sxm"":""*"",""llm:llama-3.1-8b"":""*"",""runtime:vllm"":""*""}"
$ gable sql 'SELECT count(*) > 0 AS samples FROM timeline WHERE run = 1' --db r.db --csv
samples
1
$ gable sql "SELECT json_extract(result, '\$.requests.completed') AS completed FROM run" --db r.db --csv
completed
40
40
40
$ gable sql "SELECT a.scenario_hash = b.scenario_hash AS same FROM run a, run b WHERE a.id = 1 AND b.id = 2" --db r.db --csv
same
1
# Pools: each replica fills its own blocks, which add up to the run's.
$ printf '{"trace": {"limit": 300, "rate_scale": 3}, "cluster": {"pools": [{"name": "big", "hardware": "h100-sxm", "replicas": 2}, {"name": "small", "hardware": "l40s"}]}}' > p.json; gable run p.json --db p.db | tail -n 1
run 1 kept in p.db
$ gable sql "SELECT hardware, replicas, tp, sum(blocks) = peak.capacity AS whole, max(share) > 0.99 AND max(share) <= 1 AS small_is_full, min(share) < 0.7 AS large_has_room FROM summary, (SELECT replica, max(share) AS share FROM occupancy GROUP BY replica) AS o JOIN (SELECT replica, max(capacity_blocks) AS blocks FROM timeline GROUP BY replica) AS t USING (replica), (SELECT json_extract(result, '\$.kv.capacity_blocks') AS capacity FROM run) AS peak" --db p.db --csv
hardware,replicas,tp,whole,small_is_full,large_has_room
"h100-sxm,l40s",3,1,1,1,1
$ gable sql 'DELETE FROM run' --db r.db
! gable: SQL: a statement may only read (not authorized)
!   where: query
!   expected: SELECT, WITH, VALUES, EXPLAIN or a PRAGMA that tells, like table_info(run)
? 2
$ gable sql 'SELECT * FROM runs' --db r.db
! gable: SQL: no such table: runs
!   where: query:1:15
!   expected: a table or view: run, run_param, metric, request, timeline, step, sens, note, claim, profile, measurement; summary, latest, newest, request_ms, request_part, time_went, load_10s, occupancy, operator, metric_wide
!   nearest: run
? 2
$ gable sql 'SELECT 1' --db nowhere.db
! gable: cannot open the store: there is no such file
!   where: nowhere.db
!   expected: a store written by `gable run --db nowhere.db`
? 2
$ gable sql 'SELECT 1' --json --csv
! gable: --json and --csv exclude each other
!   expected: one of them, or none for a table
? 2
$ gable export 1 --db r.db | head -n 1
run,serial,session,turn,tenant,replica,status,input,output,cached,preemptions,arrival_ns,scheduled_ns,first_token_ns,finish_ns,queue_ms,ttft_ms,tpot_ms,e2el_ms
$ gable export 1 --db r.db --json | wc -l
40
$ gable export 2 --db r.db
! gable: run 2 keeps no requests
!   where: r.db
!   expected: a run made with --requests all or --requests sample
? 2
$ gable export 99 --db r.db
! gable: there is no run 99
!   where: r.db
!   expected: a run from 1 to 3
? 2
$ gable export one --db r.db
! gable: one is not the number of a run
!   expected: a whole number from 1: gable sql 'SELECT id, name FROM run' --db r.db
? 2
# Without --db nothing is written.
$ mkdir clean && cd clean && gable run ../s.json > /dev/null && ls
$ gable run s.json --db nofolder/r.db
! gable: cannot open the store: its folder does not exist
!   where: nofolder/r.db
!   expected: an existing folder in place of nofolder
? 2
$ gable run s.json --db .
! gable: cannot open the store: this is a folder
!   where: .
!   expected: the name of a file
? 2
$ printf 'this is not a store, it is a text file of some length' > text.db; gable run s.json --db text.db
! gable: cannot open the store: this is no SQLite file
!   where: text.db
!   expected: a store written by `gable run --db`, or a new name
? 2
$ cat text.db
this is not a store, it is a text file of some length
# Read-only: as root the permission bits count only without the capability.
$ cp r.db ro.db; chmod 444 ro.db; drop=; [ "$(id -u)" = 0 ] && drop='setpriv --bounding-set -dac_override'; $drop gable run s.json --db ro.db
! gable: cannot write the store: it is read-only
!   where: ro.db
!   expected: a file this user may write to
? 2
$ mkdir rodir; chmod 555 rodir; drop=; [ "$(id -u)" = 0 ] && drop='setpriv --bounding-set -dac_override'; $drop gable run s.json --db rodir/r.db
! gable: cannot open the store: its folder is read-only
!   where: rodir/r.db
!   expected: a folder this user may write to
? 2
# A full disk, as a limit on the file's size: the earlier runs stay, the new one leaves nothing.
$ cp r.db full.db; trap '' XFSZ; ulimit -f 190; gable run s.json --db full.db --requests all
! gable: cannot write the store: *
!   where: full.db
!   expected: *
? 2
$ gable sql 'SELECT count(*) AS runs FROM run' --db full.db --csv
runs
3
$ trap '' XFSZ; ulimit -f 190; gable run s.json --db new.db
! gable: cannot write the store: *
!   where: new.db
!   expected: *
? 2
$ ls new.db* 2> /dev/null
? 2
# Neither is there room for the rows that wait for the end.
$ trap '' XFSZ; ulimit -f 8; gable run s.json --db new.db
! gable: cannot write to a temporary file: File too large
!   expected: room in $TMPDIR or /tmp for the rows of the run
? 2
$ gable run s.json > /dev/full
! gable: cannot write to standard output: No space left on device
? 1
$ gable run s.json --json > /dev/full
! gable: cannot write to standard output: No space left on device
? 1
$ gable list policies >&-
! gable: cannot write to standard output: Bad file descriptor
? 1
$ gable list policies | true
