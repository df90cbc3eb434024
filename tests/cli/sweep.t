# Sweeps: many runs, one store, the same bytes however the work was divided.
$ cat > sweep.json <<'EOF'
> {"gable": "sweep/1",
>  "scenario": {"name": "small", "trace": {"generate": {"requests": 60, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "fixed", "tokens": 200}, "output": {"use": "fixed", "tokens": 20}}}},
>  "list": [{"cluster.hardware": "h100-sxm"}, {"cluster.hardware": "l4", "policy.schedule": "prefill_first"}],
>  "grid": {"engine.max_num_seqs": [2, 64], "run.seed": [1, 2]}}
> EOF
$ gable sweep sweep.json -j 1 --rank point
\#  hardware  schedule       max_num_seqs  seed  TTFT p50 ms   p99 ms  TPOT p50 ms  p99 ms  goodput req/s  output tok/s  USD/Mtok
*
1  h100-sxm  -                         2     1  *
2  h100-sxm  -                         2     2  *
3  h100-sxm  -                        64     1  *
4  h100-sxm  -                        64     2  *
5  l4        prefill_first             2     1  *
6  l4        prefill_first             2     2  *
7  l4        prefill_first            64     1  *
8  l4        prefill_first            64     2  *

8 points: 8 simulated in * s
$ ls *.db 2> /dev/null
? 2
# A point's numbers are those of gable run.
$ gable sweep sweep.json --json > all.json; gable run sweep.json 2>&1 | head -n 1
gable: unknown key 'scenario'
$ sed -n 2p sweep.json | sed 's/^ "scenario": //;s/,$//' > base.json; gable run base.json --json --set cluster.hardware=l4 --set policy.schedule=prefill_first --set engine.max_num_seqs=2 --set run.seed=2 | tr -d ' \n' | sed 's/"sim":.*//' > run.txt; sed -n 7p all.json | sed 's/.*"run":null,"vary":{[^}]*},/{/; s/"sim":.*//' | tr -d '\n' > point.txt; cmp run.txt point.txt
$ sed -n 7p all.json | cut -c 1-153
{"point":5,"rank":*,"run":null,"vary":{"cluster.hardware":"l4","policy.schedule":"prefill_first","engine.max_num_seqs":2,"run.seed":2},"scenario":*
# The same content for any -j and any number of shards; what a clock says is left out.
$ cat > content.sh <<'EOF'
> gable sql "SELECT id, name, scenario, scenario_hash, cards, seed, version, json_remove(result, '\$.sim') AS result FROM run ORDER BY id" --db $1 --csv
> gable sql "SELECT * FROM run_param ORDER BY 1, 2" --db $1 --csv
> gable sql "SELECT * FROM metric WHERE name || stat NOT IN ('simwall_s', 'simpeak_rss_mib') ORDER BY 1, 2, 3" --db $1 --csv
> gable sql "SELECT * FROM request ORDER BY 1, 2" --db $1 --csv
> gable sql "SELECT * FROM timeline ORDER BY 1, 2, 3" --db $1 --csv
> gable sql "SELECT * FROM sweep" --db $1 --csv
> gable sql "SELECT * FROM sweep_point ORDER BY 1, 2" --db $1 --csv
> EOF
$ gable sweep sweep.json -j 1 --db one.db | tail -n 1; sh content.sh one.db > one.txt; wc -l < one.txt
sweep 1 kept in one.db
*
$ for j in 2 3 8; do gable sweep sweep.json -j $j --db j$j.db > /dev/null; sh content.sh j$j.db | cmp - one.txt; done
$ gable sql "SELECT run, point, vary FROM sweep_summary WHERE run < 3" --db one.db --csv
run,point,vary
1,0,"{""cluster.hardware"":""h100-sxm"",""engine.max_num_seqs"":2,""run.seed"":1}"
2,1,"{""cluster.hardware"":""h100-sxm"",""engine.max_num_seqs"":2,""run.seed"":2}"
# --resume: on no store, on a finished one, on a part; a run of gable run counts as well.
$ gable sweep sweep.json --db r.db --resume | tail -n 2
8 points: 8 simulated in * s, 0 were in the store
sweep 1 kept in r.db
$ gable sweep sweep.json --db r.db --resume | tail -n 2; sh content.sh r.db | cmp - one.txt
8 points: 0 simulated in * s, 8 were in the store
sweep 1 kept in r.db
$ gable sweep sweep.json --db p.db --shard 1/3 > /dev/null; gable sweep sweep.json --db p.db --resume | tail -n 2; sh content.sh p.db | cmp - one.txt
8 points: 5 simulated in * s, 3 were in the store
sweep 1 kept in p.db
$ gable run base.json --set cluster.hardware=h100-sxm --set engine.max_num_seqs=2 --db plain.db > /dev/null; gable sweep sweep.json --db plain.db --resume | tail -n 2; gable sql "SELECT count(*) AS runs, count(DISTINCT scenario_hash) AS different FROM run" --db plain.db --csv
8 points: 7 simulated in * s, 1 were in the store
sweep 1 kept in plain.db
runs,different
8,8
# Another value in the grid: only the new points run. Without --resume everything does.
$ sed 's/"run.seed": \[1, 2\]/"run.seed": [1, 2, 3]/' sweep.json > more.json; gable sweep more.json --db r.db --resume | tail -n 2
12 points: 4 simulated in * s, 8 were in the store
sweep 2 kept in r.db
$ gable sweep sweep.json --db r.db | tail -n 2; gable sql "SELECT count(*) AS runs, max(id) AS last FROM run" --db r.db --csv
runs,last
12,20
! gable: the store holds 8 of these points already, as sweep 1
!   where: r.db
!   expected: --resume, which does what is missing, or another store: the same runs twice would count twice
# A run of its own takes the number above those that sweeps have reserved.
$ gable sweep sweep.json --db res.db --shard 1/8 > /dev/null; gable run base.json --db res.db | tail -n 1
run 9 kept in res.db
# A hypercube: one sample in each stratum, the same draws each time, whatever else varies.
$ printf '{"gable": "sweep/1", "scenario": {"trace": {"limit": 5}}, "latin": {"samples": 4, "seed": 3, "keys": {"engine.max_num_seqs": {"low": 1, "high": 8, "integer": true}, "slo.ttft_ms": {"low": 1, "high": 10000, "scale": "log"}}}}' > latin.json; gable sweep latin.json --json | sed -n 's/.*"vary":{"engine.max_num_seqs":\([0-9]*\),"slo.ttft_ms":\([0-9.]*\)}.*/\1 \2/p' > lhs.txt; awk '{ a[int(($1 - 1) / 2)]++; b[int(log($2) / log(10))]++ } END { for (i = 0; i < 4; i++) print a[i], b[i] }' lhs.txt
1 1
1 1
1 1
1 1
$ printf '{"gable": "sweep/1", "scenario": {"trace": {"limit": 5}}, "latin": {"samples": 4, "seed": 3, "keys": {"slo.tpot_ms": {"low": 1, "high": 8}, "slo.ttft_ms": {"low": 1, "high": 10000, "scale": "log"}}}}' > latin2.json; gable sweep latin2.json --json | sed -n 's/.*"slo.ttft_ms":\([0-9.]*\)}.*/\1/p' > lhs2.txt; cut -d ' ' -f 2 lhs.txt | cmp - lhs2.txt
# A scenario by its path; points that are the same scenario run once.
$ cp base.json scenario.json; printf '{"gable": "sweep/1", "scenario": "scenario.json", "grid": {"run.seed": [1, 1.0, 2, 1]}}' > path.json; gable sweep path.json | tail -n 1
2 points: 2 simulated in * s; 2 left out that equal another
$ gable sweep path.json --set cluster.tp=2 --seed 3
! gable: the sweep varies run.seed in its grid, so another value of run.seed would be read by nothing
!   where: --set run.seed
!   expected: a key that the sweep does not vary
? 2
# A bad point is found before anything runs, and nothing is written.
$ printf '{"gable": "sweep/1",\n "grid": {"run.seed": [1, 2], "engine.max_num_seqs": [4, 0]}}' > bad.json; gable sweep bad.json --db bad.db
! gable: 'max_num_seqs' is out of range: 0
!   where: bad.json:2:58 (grid.engine.max_num_seqs.1), at the point run.seed=1, engine.max_num_seqs=0
!   expected: an integer from 1 to 1048576 (sequences)
? 2
$ ls bad.db* 2> /dev/null
? 2
$ printf '{"gable": "sweep/1", "grid": {"cluster.tp": [1, 3]}}' > bad.json; gable sweep bad.json
! gable: tp 3 does not divide 32 attention heads
!   where: bad.json:1:49 (grid.cluster.tp.1), at the point cluster.tp=3
!   expected: one of 1, 2, 4, 8*
? 2
$ printf '{"gable": "sweep/1", "grid": {"run.seeds": [1]}}' > bad.json; gable sweep bad.json
! gable: unknown key 'seeds'
!   where: bad.json:1:45 (grid.run.seeds.0), at the point run.seeds=1
!   expected: one of seed, warmup_s, stop_s, belady
!   nearest: seed
? 2
$ printf '{"gable": "sweep/1", "scenario": {"engine": {"block": 1}}, "grid": {"run.seed": [1]}}' > bad.json; gable sweep bad.json
! gable: unknown key 'block'
!   where: bad.json:1:46 (engine.block), at the point run.seed=1
! ...
? 2
$ printf '{"gable": "sweep/1", "gird": {"run.seed": [1]}}' > bad.json; gable sweep bad.json
! gable: unknown key 'gird'
!   where: bad.json:1:22 (gird)
!   expected: one of gable, scenario, grid, list, latin
!   nearest: grid
? 2
$ printf '{"gable": "sweep/1"}' > bad.json; gable sweep bad.json
! gable: the sweep varies nothing
!   where: bad.json:1:1
!   expected: "grid": {"engine.max_num_seqs": [64, 128]}, "list" or "latin"
? 2
$ printf '{"gable": "sweep/1", "list": [{"run": {"seed": 1}}], "grid": {"run.seed": [1]}}' > bad.json; gable sweep bad.json
! gable: 'run.seed' and 'run' of list set the same thing
!   where: bad.json:1:63 (grid.run.seed)
!   expected: each key in one part of the sweep, and none inside another
? 2
$ printf '{"gable": "sweep/1", "grid": {"run.seed": []}}' > bad.json; gable sweep bad.json
! gable: 'run.seed' is empty
!   where: bad.json:1:43 (grid.run.seed)
!   expected: a list of values, like [64, 128]
? 2
$ printf '{"gable": "sweep/1", "grid": {"trace.file": ["-"]}}' > bad.json; gable sweep bad.json
! gable: the points of a sweep cannot share standard input
!   where: bad.json:1:46 (grid.trace.file.0), at the point trace.file="-"
!   expected: the trace's file
? 2
$ awk 'BEGIN { printf "{\"gable\": \"sweep/1\", \"grid\": {"; for (k = 0; k < 4; k++) { printf "%s\"k%d\": [0", k ? ", " : "", k; for (i = 1; i < 100; i++) printf ",%d", i; printf "]" } print "}}" }' > big.json; gable sweep big.json
! gable: the sweep has more than 1000000 points
!   where: big.json
!   expected: fewer values, or a "latin" part, which samples the space
? 2
$ gable run base.json --set gable=sweep/1
! gable: this is a 'sweep/1' document
!   where: --set gable
!   expected: "scenario/1"
? 2
# What is found only while a trace is read names its point.
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n2023-11-16 18:15:40.68,374,44\n' > back.csv; printf '{"gable": "sweep/1", "scenario": {"trace": {"file": "back.csv"}}, "grid": {"run.seed": [7]}}' > back.json; gable sweep back.json --db back.db
! gable: arrival times decrease by 6 s
!   where: *back.csv:3, at the point run.seed=7
!   expected: rows in order of arrival
? 2
$ ls back.db* 2> /dev/null
? 2
$ gable sweep sweep.json --resume
! gable: --resume has no store to look into
!   expected: --resume together with --db FILE
? 2
$ gable sweep sweep.json --requests all
! gable: --requests all has no store to keep them in
!   expected: --requests all together with --db FILE
? 2
$ for s in 3/2 -1/2 1 1/0 a/b; do gable sweep sweep.json --shard=$s 2>&1 | head -n 1; done
gable: there is no shard 3/2
gable: there is no shard -1/2
gable: there is no shard 1
gable: there is no shard 1/0
gable: there is no shard a/b
# No progress line in a pipe; one where it is asked for.
$ gable sweep sweep.json --top 1 2> err > /dev/null; cat err
# Interrupted: what is done is kept, the rest follows.
$ printf '{"gable": "sweep/1", "scenario": {"trace": {"generate": {"arrival": {"use": "poisson", "rate_s": 3}}}}, "grid": {"trace.generate.requests": [20, 30, 900000000, 40]}}' > long.json; timeout --preserve-status -s INT 2 gable sweep long.json -j 2 --db i.db
! gable: interrupted: 3 of 4 points are in the store, --resume does the others
? 130
$ timeout --preserve-status -s TERM 2 gable sweep long.json -j 2 --db i.db --resume
! gable: terminated: 3 of 4 points are in the store, --resume does the others
? 143
$ gable sql "SELECT group_concat(id) AS runs FROM (SELECT id FROM run ORDER BY id)" --db i.db --csv
runs
"1,2,4"
$ timeout --preserve-status -s INT 1 gable sweep long.json -j 2
! gable: interrupted: no result; with --db and --resume the points that are done would be kept
? 130
# A worker that is killed is an error of its point; the others stay.
$ gable sweep long.json -j 2 --db w.db > out 2> err & sleep 1.5; for p in $(cat /proc/$!/task/$!/children); do kill -9 $p; done; wait $!; echo $?; cat out err
1
gable: a worker process was killed by signal 9 (Killed)
  where: the point trace.generate.requests=900000000
  expected: memory for 2 runs at once, or a smaller -j
$ gable sql "SELECT group_concat(id) AS runs FROM (SELECT id FROM run ORDER BY id)" --db w.db --csv
runs
"1,2,4"
# Two sweeps into one store at once wait for each other; each has its own numbers.
$ gable sweep sweep.json --db both.db > /dev/null & gable sweep more.json --db both.db > /dev/null; wait; gable sql "SELECT points, (SELECT count(*) FROM sweep_point AS p JOIN run AS r ON r.id = p.run AND r.id = s.first_run + p.point WHERE p.sweep = s.id) AS runs FROM sweep AS s ORDER BY points" --db both.db --csv
points,runs
8,8
12,12
# Two that resume the same one share it: nothing twice.
$ gable sweep sweep.json --db same.db --resume > /dev/null & gable sweep sweep.json --db same.db --resume > /dev/null; wait; sh content.sh same.db | cmp - one.txt
# Stores that cannot be written to.
$ cp one.db ro.db; chmod 444 ro.db; drop=; [ "$(id -u)" = 0 ] && drop='setpriv --bounding-set -dac_override'; $drop gable sweep sweep.json --db ro.db
! gable: cannot write the store: it is read-only
!   where: ro.db
!   expected: a file this user may write to
? 2
$ mkdir rodir; chmod 555 rodir; drop=; [ "$(id -u)" = 0 ] && drop='setpriv --bounding-set -dac_override'; $drop gable sweep sweep.json --db rodir/r.db
! gable: cannot open the store: its folder is read-only
!   where: rodir/r.db
!   expected: a folder this user may write to
? 2
# A full disk: what was committed before stays, and --resume goes on when there is room.
$ trap '' XFSZ; ulimit -f 600; gable sweep sweep.json --db full.db
! gable: cannot write the store: *
!   where: full.db, at the point *
!   expected: *
? 2
$ gable sql "SELECT count(*) BETWEEN 1 AND 7 AS some FROM run" --db full.db --csv; gable sql "PRAGMA integrity_check" --db full.db --csv
some
1
integrity_check
ok
$ gable sweep sweep.json --db full.db --resume | tail -n 1; sh content.sh full.db | cmp - one.txt
sweep 1 kept in full.db
# No room for what workers hand over.
$ trap '' XFSZ; ulimit -f 8; gable sweep sweep.json --db none.db
! gable: cannot write to a temporary file: File too large
!   where: the point *
!   expected: room in $TMPDIR or /tmp for the rows of the run
? 2
$ ls none.db* 2> /dev/null
? 2
# The clock says nothing about order: runs are numbered by their points.
$ gable sql "SELECT count(*) AS wrong FROM sweep_point AS p JOIN sweep AS s ON s.id = p.sweep WHERE p.run <> s.first_run + p.point" --db one.db --csv
wrong
0
