# vLLM's bench serve: a run written as its result, read back as the requests it was; a measured result as a trace; what is none.
$ printf '{"trace": {"generate": {"requests": 40, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "uniform", "low": 100, "high": 900}, "output": {"use": "uniform", "low": 1, "high": 60}}}}' > s.json; gable run s.json --db r.db --requests all --json > run.json; gable export --db r.db --format bench_serve -o out.json; python3 $ROOT/tests/cli/bench_serve.py
ttft True
tpot True
itl True
e2el True
True True True
vllm llama-3.1-8b 40 40 0 8 40 True
True
$ gable trace convert out.json --to vidur > a.csv; gable trace generate --from s.json --to vidur | cmp - a.csv && echo the same requests
the same requests
$ gable run --set trace.file=out.json --json | sed -n '/^  "ttft_ms"/,/^  "goodput"/p' > a; sed -n '/^  "ttft_ms"/,/^  "goodput"/p' run.json | cmp - a && echo the same run
the same run
$ gable run s.json --set 'trace.generate.arrival={"use": "closed_loop", "concurrency": 4}' --db c.db --requests all > /dev/null; gable export --db c.db --format bench_serve | grep -o '"request_rate":"inf","max_concurrency":4'
"request_rate":"inf","max_concurrency":4
$ gable run --set trace.limit=1100 --db k.db > /dev/null; gable export --db k.db --format bench_serve
! gable: run 1 keeps 1000 of its 1100 requests, and a benchmark's result is about all
!   where: k.db
!   expected: a run made with --requests all
? 2
# A measured result: sent out of order, one failed; by name, over many lines, compressed.
$ printf '{"date": "20251120-101010", "request_throughput": 1.0, "mean_ttft_ms": 50, "input_lens": [100, 200, 50, 70], "output_lens": [10, 20, 0, 5], "ttfts": [0.05, 0.06, 0, 0.07], "itls": [[0.01], [], [], []], "start_times": [1000.5, 1000.1, 1001.25, 1003.0], "errors": ["", "", "x", ""]}' > m.json; gable trace convert m.json --to vidur
! gable: warning: 1 rows without output dropped
arrived_at,num_prefill_tokens,num_decode_tokens
0,200,20
0.4,100,10
2.9,70,5
$ python3 -m json.tool m.json | gzip | gable trace info - --format bench_serve | head -n 1
3 requests (bench_serve) over 2.9 s, 0.6897 a second, 0 sessions
$ sed 's/, "start_times": [^]]*]//' m.json > x.json; gable trace info x.json
! gable: the result of a benchmark has no start_times
!   where: x.json:1
!   expected: a result of `vllm bench serve --save-result --save-detailed` that says when each request was sent
? 2
$ echo '{"request_throughput": 1.0, "mean_ttft_ms": 50}' > x.json; gable trace info x.json
! gable: the result of a benchmark has no input_lens
!   where: x.json:1
!   expected: a result saved with --save-detailed: a value a request
? 2
$ sed 's/\[100, 200/[100/' m.json > x.json; gable trace info x.json
! gable: input_lens has 3 values, and there are 4 requests
!   where: x.json:1
!   expected: a result saved with --save-detailed: a value a request
? 2
$ sed 's/1000.5/-1/' m.json > x.json; gable trace info x.json 2>&1 | head -n 1; sed 's/1000.5/NaN/' m.json > x.json; gable trace info x.json 2>&1 | head -n 1; head -c 200 m.json > x.json; gable trace info x.json 2>&1 | head -n 1; sed 's/\[100, 200/[[100], 200/' m.json > x.json; gable trace info x.json 2>&1 | head -n 1; sed 's/, 70\]/, 1e12]/' m.json > x.json; gable trace info x.json 2>&1 | head -n 1
gable: start_times is negative: -1
gable: unknown word 'NaN'
gable: unexpected end of the text
gable: input_lens is not a number
gable: input_lens is too large: 1e12
# As an engine's log: a simulated run against itself, with the gaps that a client would have seen, is off by nothing.
$ python3 $ROOT/tests/cli/bench_serve.py gaps; echo '{"gable": "engine/1", "name": "mine", "kind": "bench_serve", "file": "measured.json", "scenario": {}}' > mine.json; gable validate engine ./mine.json | grep -E 'TPOT mean|E2E mean|TTFT p'
TPOT mean *1 *0.00 *1.5 *0.00 *5 *met
E2E mean *1 *0.00 *1.5 *0.00 *5 *met
TTFT p50 below saturation *1 *0.00 *2 *0.00 *5 *met
TTFT p99 below saturation *1 *0.00 *- *0.00 *15 *met
$ sed 's/"file"/"columns": {}, "file"/' mine.json > x.json; gable validate engine ./x.json
! gable: the arrays of a benchmark's result have names of their own, so 'columns' would be read by nothing
!   where: ./x.json:1:*columns*
!   expected: no columns
? 2
$ sed 's/measured.json/out.json/' mine.json > x.json; gable validate engine ./x.json
! gable: a benchmark's result has no array itls
!   where: ./out.json:1:1
!   expected: a result of `vllm bench serve --save-result --save-detailed` that says when each request was sent
? 2
$ sed 's/"itls": \[\[/"itls": [[-1, /' measured.json > m2.json; sed 's/measured.json/m2.json/' mine.json > x.json; gable validate engine ./x.json 2>&1 | head -n 1; sed 's/"ttfts": \[/"ttfts": [0.1, /' measured.json > m2.json; gable validate engine ./x.json 2>&1 | head -n 1; echo '[]' > m2.json; gable validate engine ./x.json 2>&1 | head -n 1; rm m2.json; gable validate engine ./x.json 2>&1 | head -n 1
gable: -1 s is no time
gable: ttfts has 41 values, and input_lens 40
gable: a benchmark's result has no array input_lens
gable: cannot open the file: No such file or directory
