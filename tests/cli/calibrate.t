# gable calibrate: a card from measurements, and what it refuses. Nothing is written where it refuses.
$ awk 'BEGIN { print "dtype,m,n,k,latency_us"; for (n = 4096; n <= 20480; n += 2048) for (k = 4096; k <= 16384; k += 2048) for (m = 1; m <= 4096; m *= 4) printf "bf16,%d,%d,%d,%.4f\n", m, n, k, 4 + 1.15 * n * k * 2 / 3.35e6 + 2 * m * n * k / 700e6 }' > gemm.csv
$ gable calibrate gemm.csv --hardware h200-sxm --date 2026-01-02 -o mine.json | grep -E 'shapes|gemm +(e_c|e_m|16 bits)|written'
h200-sxm from 441 rows, * shapes of kernels used
gemm *e_c *
gemm *e_m *
gemm *16 bits *fitted *
gemm *16 bits *hold-out *
card written: mine.json
$ grep -cE '"(date|covariance|scatter|hold_out)"' mine.json
4
$ gable calibrate gemm.csv --hardware h200-sxm --date 2026-01-02 -o again.json > /dev/null; cmp mine.json again.json && echo the same
the same
# The card is a card: it explains itself, models a step, runs.
$ gable model llama-3.1-8b --hardware ./mine.json --batch 8 --context 1000 | grep -E 'calibration|95'
llama-3.1-8b on h200-sxm x 1, runtime vllm (transferred calibration)
  prefill * ms for one prompt of 1000 tokens; 95 %: * to *
  decode * ms a step of 8 sequences, bound by *; 95 %: * to *
$ gable calibrate gemm.csv --hardware ./mine.json --json | grep -E '"(hardware|rows_read)"'
  "hardware": "h200-sxm",
  "rows_read": 441,
# Through a store and back: the same rows, the same fit.
$ gable calibrate gemm.csv --hardware h200-sxm --db kept.db | tail -n 1
* measurements kept in kept.db
$ gable calibrate kept.db --hardware h200-sxm --source 'measured: gemm.csv' --date 2026-01-02 -o stored.json | head -n 1
h200-sxm from * rows, * shapes of kernels used
$ cmp mine.json stored.json && echo the same
the same
# ---- refused ----
$ gable calibrate
! gable: *
...
! *
? 2
$ gable calibrate nowhere.csv -o none.json
! gable: cannot open the file: No such file or directory
!   where: nowhere.csv
!   expected: a readable file, or - for standard input
? 2
$ printf 'dtype,m,n,k,latency_us\nbf16,1,4096,4096,10\nbf16,1,4096,4096,25\n' > against.csv; gable calibrate against.csv -o none.json
! gable: two rows contradict each other: the same gemm takes 10 us and 25 us
!   where: against.csv:2 and against.csv:3, {"m": 1, "n": 4096, "k": 4096, "copies": 6, "dtype": "bfloat16"}
!   expected: repetitions within a factor of 2; remove the wrong row
? 2
$ printf 'dtype,m,n,k,latency_us\nbf16,1,4096,4096,10\nbf16,2,4096,4096,fast\n' > word.csv; gable calibrate word.csv -o none.json
! gable: column "latency_us" holds "fast"
!   where: word.csv:3
!   expected: a time above 0, in microseconds
? 2
$ head -n 6 gemm.csv > few.csv; gable calibrate few.csv -o none.json
! gable: too few points: *
!   where: gemm (16 bits): * rows to fit on, * kept out
!   expected: at least *
? 2
$ awk 'BEGIN { print "num_gpus,message_bytes,latency_us"; for (i = 1; i < 90; i++) print 2 "," 1000 * i * i "," 5 + i * i / 200 }' > one.csv; gable calibrate one.csv -o none.json
! gable: the fit is singular: these rows cannot tell e2
!   where: all_reduce (below 8 MB): * rows to fit on, * kept out
!   expected: rows of more shapes: small and large, bound by compute and by memory
? 2
$ awk -F, 'NR > 1 { $5 /= 1000 } { print $1 "," $2 "," $3 "," $4 "," $5 }' gemm.csv > ms.csv; gable calibrate ms.csv --hardware h200-sxm -o none.json
! gable: * of 441 shapes are faster than the data sheet's peak of h200-sxm
!   where: ms.csv:2: * us, at peak * us
!   expected: microseconds, measured on the GPU of the card: wrong card or wrong unit?
? 2
$ gable calibrate gemm.csv --where system=h100 -o none.json
! gable: no file has the column of --where system=h100
!   expected: a column of at least one file
? 2
$ gable calibrate gemm.csv --date yesterday -o none.json
! gable: --date yesterday is no date
!   expected: YYYY-MM-DD
? 2
$ gable calibrate gemm.csv --hardware h100-sxn -o none.json
! gable: unknown hardware "h100-sxn"
!   expected: a card's name (gable list hardware) or the path of a file
!   nearest: h100-sxm
? 2
$ ls none.json
! ls: *
? 2
# ---- validate kernels, intervals of a run ----
$ gable validate kernels --data nowhere
skipped: there is no folder of measurements at nowhere; --data DIR or $GABLE_MEASUREMENTS names it
$ gable run --set trace.limit=50 --intervals 50 | grep -E '^(95|ttft_ms.p50)'
95 % intervals of the calibration (50 draws; host and front-end times are not drawn)
ttft_ms.p50 * * *
$ gable run --set trace.limit=50 --intervals 50 --json > a.json; gable run --set trace.limit=50 --intervals 50 --json > b.json; grep -v -E 'wall_s|peak_rss' a.json > a; grep -v -E 'wall_s|peak_rss' b.json | cmp a - && echo the same
the same
$ gable run --intervals 50 --replications 3
! gable: --intervals and --replications are two questions
!   expected: draws of the calibration, or of the seed
? 2
# ---- rows of a probe ----
$ awk 'BEGIN { f = "{\"probe\": \"copy\", \"shape\": {\"elements\": %d}, \"bytes\": %d, \"median_us\": %.4f, \"low_us\": %.4f, \"high_us\": %.4f, \"repetitions\": 20, \"device\": \"NVIDIA H200\", \"driver\": \"580\"}\n"; for (b = 65536; b < 2e9; b *= 1.3) { t = 3 + b / 4.1e6; printf f, b / 8, b, t, t * 0.99, t * 1.01 } }' > rows.jsonl
$ gable calibrate --probe cuda --rows rows.jsonl --db kept.db -o copies.json | grep -E 'from|left out|small|written|kept'
h200-sxm from 40 rows, * shapes of kernels used
  left out *  copies that stay in L2 (2 MB to 2 x L2)
small *t0_us *
small *e_m *
small *copies on the device *fitted *
small *copies on the device *hold-out *
card written: copies.json
40 measurements kept in kept.db
$ gable calibrate rows.jsonl --hardware h200-sxm | head -n 1
h200-sxm from 40 rows, * shapes of kernels used
$ sed 's/NVIDIA H200/Some Card/' rows.jsonl > some.jsonl; gable calibrate --probe cuda --rows some.jsonl
! gable: no card is named after the device "Some Card"
!   expected: --hardware CARD: its data sheet, as a card's name (gable list hardware) or the path of a file
? 2
$ gable calibrate --probe cuda --rows gemm.csv
! gable: *
!   where: gemm.csv:1:1
! *
? 2
$ sed '7s/median_us/medium_us/' rows.jsonl > word.jsonl; gable calibrate word.jsonl
! gable: unknown key 'medium_us'
!   where: word.jsonl:7:*
! *
!   nearest: median_us
? 2
$ gable calibrate --rows rows.jsonl
! gable: --program, --rows and --quick belong to a probe
!   expected: --probe cuda, cpu or opencl beside them
? 2
$ gable calibrate --probe cuda --rows rows.jsonl --quick
! gable: --rows reads what was measured, --program and --quick measure
!   expected: one of the two
? 2
$ gable calibrate --probe cuda --program ./nowhere
! gable: there is no such program
!   where: ./nowhere
!   expected: gable-probe (make cuda builds it where nvcc is) or gable-probe-host (make), or --program FILE
? 2
$ printf '#!/bin/sh\necho "gable-probe: no GPU here" >&2\nexit 2\n' > none.sh; chmod +x none.sh; gable calibrate --probe cuda --program ./none.sh
! gable-probe: no GPU here
! gable: ./none.sh ended with 2
!   expected: exit 0 and rows on its standard output; what it said stands above
? 2
$ gable calibrate --probe cpu --rows rows.jsonl
! gable: rows of a host that is not this one, perhaps
!   expected: --hardware CARD (gable-probe-host --card prints the host's)
? 2
$ gable calibrate --probe opencl --program ./nowhere
! gable: there is no such program
!   where: ./nowhere
!   expected: gable-probe (make cuda builds it where nvcc is) or gable-probe-host (make), or --program FILE
? 2
$ gable calibrate --probe cpu --program /bin/false
! gable: /bin/false ended with 1
!   expected: exit 0 and rows on its standard output; what it said stands above
? 1
$ sed '1!d; s/"copy", "shape": {[^}]*}, "bytes": [0-9]*/"decode", "shape": {"batch_size": 1, "kv_len": 64, "num_heads": 64, "num_kv_heads": 1, "head_dim": 128}/' rows.jsonl > one.jsonl; gable calibrate one.jsonl -o none.json
! gable: nothing is fitted: too few shapes of kernels are used, 1 of 1 rows
!   expected: *
? 2
$ ls none.json
! *
? 2
$ sed 's/"driver"/"backend": "cuda", "driver"/' rows.jsonl > backend.jsonl; gable calibrate --probe cpu --rows backend.jsonl --hardware h200-sxm
! gable: rows of backend "cuda" for --probe cpu
!   expected: --probe cuda, or rows that it measured
? 2
$ printf '#!/bin/sh\necho $$ > probe.pid\nexec sleep 60\n' > slow.sh; chmod +x slow.sh; gable calibrate --probe cuda --program ./slow.sh & while [ ! -s probe.pid ]; do sleep 0.05; done; kill -9 $!; n=0; while kill -0 "$(cat probe.pid)" 2> none && [ $n -lt 200 ]; do sleep 0.05; n=$((n + 1)); done; kill -0 "$(cat probe.pid)" 2> none || echo it ended, too
it ended, too
$ sed '2,4s/"driver"/"throttle": ["power"], "driver"/' rows.jsonl > hot.jsonl; gable calibrate hot.jsonl --hardware h200-sxm | grep throttled
  throttled       3  measured while the device held its clocks down, used like the rest
