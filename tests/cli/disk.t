# Disks without room, folders that may not be written to, stores that somebody else has locked, clocks that were set back.
$ printf '{"trace": {"limit": 20}}' > small.json; printf '{"gable": "sweep/1", "scenario": "small.json", "grid": {"engine.max_num_seqs": [4, 8]}}' > sweep.json; gable run small.json --db r.db > /dev/null; for k in 1 2; do gable sweep sweep.json --shard $k/2 --db s$k.db > /dev/null; done; gable baseline small.json --replications 10 -o base.json; gable trace generate --requests 3000 -o t.jsonl; ls
base.json
r.db
s1.db
s2.db
small.json
sweep.json
t.jsonl
! gable: warning: the seed changes nothing in 'small': its 10 runs are equal, and the gate will take any difference for certain
$ sh $ROOT/tests/cli/full_disk.sh; rm -rf full
15 commands, 0 of them wrong
$ mkdir ro; chmod 555 ro; drop=; [ "$(id -u)" = 0 ] && drop='setpriv --bounding-set -dac_override'; for c in "report --db r.db -o" "export --db r.db -o" "baseline small.json --replications 10 -o" "trace generate -o" "gate base.json --junit" "slurm sweep.json -o"; do $drop gable $c ro/x > out 2> err; echo "$c: $? $(wc -c < out) $(wc -l < err) $(ls ro)"; done
report --db r.db -o: 2 0 3 
export --db r.db -o: 2 0 3 
baseline small.json --replications 10 -o: 2 0 3 
trace generate -o: 2 0 3 
gate base.json --junit: 2 0 3 
slurm sweep.json -o: 2 0 3 
$ TMPDIR=nowhere gable trace generate -o n.jsonl
! gable: cannot make a temporary file: No such file or directory
!   where: nowhere/gable-*
!   expected: a folder in $TMPDIR, or /tmp, that this user may write to
? 2
# A writer that holds the store makes others wait, and they say so; then they give up.
$ printf '.timeout 100\nBEGIN IMMEDIATE;\n.shell gable run small.json --db r.db; echo exit $?\nROLLBACK;\n' > hold.sql; sqlite3 r.db < hold.sql
exit 2
! gable: waiting for $TMP/r.db: another program has locked it
! gable: cannot write the store: another program has locked it
!   where: r.db
!   expected: a store that is free within 10 s: wait for the other program, or name another file
# The clock only labels runs: one that goes back, as far as its start, changes nothing else.
$ gable run small.json --db clock.db > /dev/null; sqlite3 clock.db "UPDATE run SET started_utc = '2099-01-01T00:00:00Z'"; gable run small.json --db clock.db | tail -n 1; gable sweep sweep.json --db clock.db --resume | tail -n 2 | sed 's/in [0-9.]* s/in * s/'; gable sql 'SELECT id, started_utc > 2050 AS later FROM run' --db clock.db --csv; gable report --db clock.db -o clock.html > /dev/null && gable export --db clock.db | wc -l
run 2 kept in clock.db
2 points: 2 simulated in \* s, 0 were in the store
sweep 1 kept in clock.db
id,later
1,1
2,0
3,0
4,0
21
# Two sweeps into one store at once wait for each other: each keeps its own points, nothing is lost, and a run on top finds room.
$ for k in 1 2; do printf '{"gable": "sweep/1", "scenario": {"name": "s%s", "trace": {"generate": {"requests": 20, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "fixed", "tokens": 200}, "output": {"use": "fixed", "tokens": 20}}}}, "grid": {"engine.max_num_seqs": [1, 2, 4], "run.seed": [1, 2, 3, 4, 5]}}' $k > both$k.json; done; (gable sweep both1.json --db both.db --progress off > out1 2> err1; echo $? > rc1) & (gable sweep both2.json --db both.db --progress off > out2 2> err2; echo $? > rc2) & wait; cat rc1 rc2; gable run small.json --db both.db > /dev/null; gable sql "SELECT name, count(*) AS runs FROM run WHERE name IN ('s1', 's2') GROUP BY name" --db both.db --csv; gable sql "SELECT count(DISTINCT run) AS points, count(DISTINCT sweep) AS sweeps FROM sweep_point" --db both.db --csv; gable sql 'PRAGMA integrity_check' --db both.db --csv | tail -n 1
0
0
name,runs
s1,15
s2,15
points,sweeps
30,2
ok
