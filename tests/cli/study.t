# The shipped study: stall-free batching against its baselines, same arrivals and lengths. Published ordering
# (Sarathi-Serve, OSDI'24): the tail of the gaps between tokens is by far the shortest with chunked prefills; prefill-first has the
# shortest TTFT and the longest tail; Orca's reservation runs out of slots, so its TTFT is the longest.
$ gable run $ROOT/reports/studies/stall_free.json --set name=sarathi --db s.db --requests none > sarathi.txt
$ gable run $ROOT/reports/studies/stall_free.json --set name=vllm --set policy.schedule=prefill_first --db s.db --requests none > vllm.txt
$ gable run $ROOT/reports/studies/stall_free.json --set name=orca --set policy.schedule=iteration --set engine.max_num_seqs=16 --db s.db --requests none > orca.txt
$ gable sql "SELECT group_concat(name, ' < ') AS itl_p99 FROM (SELECT name FROM summary ORDER BY itl_p99_ms)" --db s.db --csv
itl_p99
sarathi < orca < vllm
$ gable sql "SELECT group_concat(name, ' < ') AS ttft_p50 FROM (SELECT name FROM summary ORDER BY ttft_p50_ms)" --db s.db --csv
ttft_p50
vllm < sarathi < orca
$ gable sql "SELECT min(itl_p99_ms) * 2 < (SELECT min(itl_p99_ms) FROM summary WHERE name != 'sarathi') AS by_far FROM summary" --db s.db --csv
by_far
1
# A week whose rate goes up and down: replicas that follow it cost less and meet the SLO less often.
$ gable run $ROOT/reports/studies/diurnal.json > follow.txt; gable run $ROOT/reports/studies/diurnal.json --set policy.scale=fixed > held.txt
$ for f in follow held; do sed -n 's/.* on \(.*\), runtime.*/\1/p; s/goodput.* \([0-9.]* %\) of.*/\1/p; s/.* cost \([0-9.]* USD\)  .*/\1/p' $f.txt; done
1 x l4
95.7 %
134.37 USD
6 x l4
100.0 %
786.48 USD
