# Shards of a sweep into one store.
$ cat > sweep.json <<'EOF'
> {"gable": "sweep/1",
>  "scenario": {"trace": {"generate": {"requests": 30, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "fixed", "tokens": 200}, "output": {"use": "fixed", "tokens": 20}}}},
>  "grid": {"engine.max_num_seqs": [2, 4, 64], "run.seed": [1, 2]}}
> EOF
$ cat > content.sh <<'EOF'
> gable sql "SELECT id, name, scenario, scenario_hash, cards, seed, version, json_remove(result, '\$.sim') AS result FROM run ORDER BY id" --db $1 --csv
> gable sql "SELECT * FROM run_param ORDER BY 1, 2" --db $1 --csv
> gable sql "SELECT * FROM metric WHERE name || stat NOT IN ('simwall_s', 'simpeak_rss_mib') ORDER BY 1, 2, 3" --db $1 --csv
> gable sql "SELECT * FROM request ORDER BY 1, 2" --db $1 --csv
> gable sql "SELECT * FROM timeline ORDER BY 1, 2, 3" --db $1 --csv
> gable sql "SELECT * FROM sweep" --db $1 --csv
> gable sql "SELECT * FROM sweep_point ORDER BY 1, 2" --db $1 --csv
> EOF
$ gable sweep sweep.json --db one.db > /dev/null; sh content.sh one.db > one.txt; for k in 1 2 3 4; do gable sweep sweep.json --shard $k/4 --db s$k.db | tail -n 2; done
2 points of 6 in shard 1/4: 2 simulated in * s
sweep 1 kept in s1.db
*
sweep 1 kept in s2.db
*
sweep 1 kept in s3.db
*
sweep 1 kept in s4.db
# A shard's store belongs to one process; another one waits ten seconds for it, then says so.
$ printf '{"gable": "sweep/1", "scenario": {"trace": {"generate": {"arrival": {"use": "poisson", "rate_s": 3}}}}, "grid": {"trace.generate.requests": [20, 900000000]}}' > long.json; gable sweep long.json --shard 1/1 --db l.db > /dev/null 2>&1 & pid=$!; sleep 1; gable sweep long.json --shard 1/1 --db l.db; code=$?; kill -9 $pid; exit $code
! gable: waiting for $TMP/l.db: another program has locked it
! gable: cannot *: another program has locked it
!   where: l.db
!   expected: a store that is free within 10 s: wait for the other program, or name another file
? 2
# A shard's store needs no shared memory: a rollback journal.
$ gable sql "PRAGMA journal_mode" --db s1.db --csv | tail -n 1; gable sql "PRAGMA journal_mode" --db one.db --csv | tail -n 1
delete
wal
$ gable merge all.db s3.db s1.db s4.db s2.db; sh content.sh all.db | cmp - one.txt
6 runs merged, 0 were there; 6 of 6 points in all.db as sweep 1
# Once more changes nothing.
$ gable merge all.db s3.db s1.db s4.db s2.db; sh content.sh all.db | cmp - one.txt
0 runs merged, 6 were there; 6 of 6 points in all.db as sweep 1
# Some now, some later; k may count from 0.
$ for k in 0 1 2; do gable sweep sweep.json --shard $k/3 --db t$k.db > /dev/null; done; gable merge late.db t1.db; gable merge late.db t2.db t0.db t1.db; sh content.sh late.db | cmp - one.txt
2 runs merged, 0 were there; 2 of 6 points in late.db as sweep 1
missing: 4 points, the first is point 0
4 runs merged, 2 were there; 6 of 6 points in late.db as sweep 1
# More shards than points: an empty one is a shard, too.
$ gable sweep sweep.json --shard 9/10 --db e.db | tail -n 2; gable merge all.db e.db --json
0 points of 6 in shard 9/10: 0 simulated in * s
sweep 1 kept in e.db
{
  "sweep": 1,
  "points": 6,
  "merged": 0,
  "there": 0,
  "missing": 0
}
# After other runs, the sweep's follow them.
$ gable run --set trace.limit=5 --db mixed.db > /dev/null; gable merge mixed.db s1.db s2.db s3.db s4.db; gable sql "SELECT group_concat(id) AS runs FROM (SELECT id FROM run ORDER BY id)" --db mixed.db --csv
6 runs merged, 0 were there; 6 of 6 points in mixed.db as sweep 1
runs
"1,2,3,4,5,6,7"
# What does not belong together is told apart by name.
$ gable sweep sweep.json --set cluster.tp=2 --shard 1/4 --db other.db > /dev/null; gable merge x.db s1.db s2.db other.db
! gable: these are different sweeps: of 6 points (*) and of 6 points (*)
!   where: s1.db and other.db
!   expected: shards of one sweep, with the same --set and --seed
? 2
$ gable merge other.db s1.db
! gable: these are different sweeps: of 6 points (*) and of 6 points (*)
!   where: other.db and s1.db
!   expected: shards of one sweep, with the same --set and --seed
? 2
$ mkdir -p data/models; cp -r $ROOT/models/cards data/models/; sed -i 's/"value": 700/"value": 650/' data/models/cards/hardware/h100-sxm.json; GABLE_DATA=$PWD/data gable sweep sweep.json --shard 2/4 --db card.db > /dev/null; gable merge x.db s1.db card.db
! gable: hardware:h100-sxm is not the same in both: * and *
!   where: s1.db and card.db
!   expected: shards that were simulated with the same cards and traces
? 2
$ gable sweep sweep.json --requests none --shard 2/4 --db none.db > /dev/null; gable merge x.db s1.db none.db
! gable: one keeps requests "sample", the other "none"
!   where: s1.db and none.db
!   expected: shards with the same --requests
? 2
$ gable merge x.db s1.db mixed.db s9.db
! gable: cannot open the store: there is no such file
!   where: s9.db
!   expected: a store written by `gable run --db s9.db`
? 2
$ gable run --set trace.limit=5 --db plain.db > /dev/null; gable merge x.db s1.db plain.db
! gable: the store holds no sweep
!   where: plain.db
!   expected: a store that `gable sweep --shard k/N --db` wrote
? 2
$ gable merge s1.db s2.db s1.db
! gable: the store to write is among those to read
!   where: s1.db
!   expected: another name in front: gable merge OUT.db IN.db...
? 2
$ printf 'no store at all, just text' > text.db; gable merge x.db s1.db text.db
! gable: cannot open the store: this is no SQLite file
!   where: text.db
!   expected: *
? 2
$ gable merge x.db
! gable: gable merge lacks an operand
!   expected: gable merge OUT.db IN.db... [flags]
? 2
$ ls x.db* 2> /dev/null
? 2
# All or nothing: a full disk leaves the store as it was.
$ trap '' XFSZ; cp late.db full.db; ulimit -f 60; gable merge new.db s1.db s2.db s3.db s4.db
! gable: cannot write the store: *
!   where: new.db
!   expected: *
? 2
$ ls new.db* 2> /dev/null
? 2
# Slurm: the script, and its tasks done by hand.
$ gable slurm sweep.json --tasks 3 --time 00:20:00 -j 2 -o job
\# 6 points in 3 tasks; when they are done, or some of them:
\#   '*/gable' merge '$TMP/job'/merged.db '$TMP/job'/shard-\*.db
sbatch '$TMP/job/sweep.sbatch'
$ grep -v GABLE_DATA job/sweep.sbatch
\#!/bin/sh
\#SBATCH --job-name=gable-sweep
\#SBATCH --array=1-3
\#SBATCH --ntasks=1
\#SBATCH --cpus-per-task=2
\#SBATCH --time=00:20:00
\#SBATCH --output="$TMP/job/shard-%a.log"
\#SBATCH --requeue
\#SBATCH --open-mode=append

exec '*/gable' sweep '$TMP/sweep.json' \\
  --requests sample -j 2 --top 5 \\
  --shard "$SLURM_ARRAY_TASK_ID/3" --resume --db '$TMP/job'/shard-"$SLURM_ARRAY_TASK_ID".db
$ for k in 1 2 3 2; do SLURM_ARRAY_TASK_ID=$k sh job/sweep.sbatch > /dev/null || echo failed; done; gable merge job/merged.db job/shard-*.db; sh content.sh job/merged.db | cmp - one.txt
6 runs merged, 0 were there; 6 of 6 points in job/merged.db as sweep 1
$ gable slurm sweep.json --tasks 900 --seed 4 -o job
! gable: the sweep varies run.seed in its grid, so another value of run.seed would be read by nothing
!   where: --set run.seed
!   expected: a key that the sweep does not vary
? 2
$ gable slurm sweep.json --time '1:00; rm' -o job
! gable: Slurm does not take --time 1:00; rm
!   where: --time
!   expected: letters, digits and any of _-:.,
? 2
$ gable slurm sweep.json
! gable: gable slurm lacks -o
!   expected: -o DIR, a folder for the script and the shards
? 2
$ gable slurm - -o job
! gable: the tasks cannot read a sweep from standard input
!   expected: the name of a file that all nodes see
? 2
$ gable slurm sweep.json -o no/where
! gable: cannot make the folder no/where: No such file or directory
!   where: -o
!   expected: a folder whose parent is there and may be written to
? 2
