# run --replications: intervals over seeds, stability, and the same bytes whatever the number of threads.
$ printf '{"name": "slots", "trace": {"generate": {"requests": 240, "arrival": {"use": "poisson", "rate_s": 34}, "input": {"use": "fixed", "tokens": 60}, "output": {"use": "geometric", "mean": 80}}}, "engine": {"max_num_seqs": 20}, "policy": {"prefix": "off"}}' > slots.json; gable run slots.json --replications 10 | head -n 8
slots
10 replications, seeds 1 to 10
stable      the queue does not grow in the second half of the arrivals

metric * mean * 95 % from * to * +- %
-*
ttft_ms.mean                 *
ttft_ms.p50                  *
$ for j in 1 2 7; do gable run slots.json --replications 6 --json -j $j | grep -v -e wall_s -e peak_rss > $j; done; cmp 1 2 && cmp 1 7 && grep -A 9 '"replications"' 1
  "replications": {
    "n": 6,
    "seeds": [
      1,
      2,
      3,
      4,
      5,
      6
    ],
$ gable run slots.json --replications 6 --json > all; gable run slots.json --json | grep -v -e wall_s -e peak_rss -e '^}' > one; grep -v -e wall_s -e peak_rss all | head -n "$(wc -l < one)" | sed '$s/,$//' | diff - one && tail -n 1 all
}
$ gable run slots.json --replications 3 --seed 40 --json | grep -A 5 '"throughput.request_s"\|"stable"' | grep -c -e '"low": [0-9]' -e '"stable": true'
2
# One run: batch means of its requests, for the means of latencies.
$ gable run slots.json --replications 1 --set trace.generate.requests=2000 | grep -e seed -e ttft
1 replication, seed 1
ttft_ms.mean *
ttft_ms.p50 * - * - * -
ttft_ms.p99 * - * - * -
# More than the slots can take.
$ gable run slots.json --replications 5 --set trace.generate.arrival.rate_s=60 | sed -n 2,3p
5 replications, seeds 1 to 5
unstable    the queue still grows: * % of the later arrivals stay unserved (p *); the numbers below hang on the length of the run
$ gable run slots.json --replications 5 --set trace.generate.arrival.rate_s=60 --json | grep '"stable"'
    "stable": false,
$ gable run slots.json --replications 5 --set trace.generate.requests=30 | sed -n 3p
stable?     too few requests to tell whether the queue grows
# A replayed trace: seeds change nothing, and the page says so.
$ gable run --replications 2 --set trace.limit=300 | sed -n 4p
same        the seed changes nothing here: intervals are those of the requests of one run, in batches
$ gable run slots.json --replications 5 --warmup auto | sed -n 3p
warm-up     the first * s are left out (MSER-5*)
# Every run is kept, in the order of the seeds.
$ gable run slots.json --replications 4 --db r.db --requests none -j 3 > /dev/null; gable sql 'SELECT id, seed FROM run ORDER BY id' --db r.db --csv
id,seed
1,1
2,2
3,3
4,4
$ gable run - --replications 2 < slots.json | sed -n 2p
2 replications, seeds 1 to 2
$ gable run slots.json --replications 0
! gable: 'replications' is out of range: 0
!   where: --replications
!   expected: an integer from 1 to 10000, or null
? 2
$ gable run slots.json --warmup auto
! gable: --warmup auto needs runs to look at
!   expected: --warmup auto together with --replications N
? 2
$ gable run --set trace.file=- --replications 2 < slots.json
! gable: a trace from standard input can be read only once
!   where: --set trace.file
!   expected: the name of a file, for more than one run
? 2
$ gable run slots.json --replications 4 --set engine.max_num_seqs=0
! gable: 'max_num_seqs' is out of range: 0
!   where: --set engine.max_num_seqs
!   expected: an integer from 1 to 1048576 (sequences)
? 2
$ gable run slots.json --replications 4 --db nofolder/r.db
! gable: cannot open the store: its folder does not exist
!   where: nofolder/r.db
!   expected: an existing folder in place of nofolder
? 2
$ timeout --preserve-status -s INT 1 gable run slots.json --replications 10000 --set trace.generate.requests=100000 -j 2
! gable: interrupted: no result
? 130
