#needs ../shared/traces/FORMATS.md
# Every published sample is read, with everything that `trace info --json` says of it, or refused with the reason. The acceptance
# lengths of golden_al_distribution are no trace.
$ cat > info.sh <<'END'
> for f; do
>     echo "== $f"
>     gable trace info $f --json > /tmp/info.$$ 2>&1; code=$?
>     [ $code = 0 ] && tr -d '\n' < /tmp/info.$$ | sed 's/  */ /g; s/{ /{/g; s/ }/}/g; s/$/\n/; s/ "\(input_tok\|dispersion\|repairs\)/\n  "\1/g' || { cat /tmp/info.$$; echo "exit $code"; }
>     rm /tmp/info.$$
> done
> END
$ H=$PWD; cd $ROOT/../shared/traces/samples; sh $H/info.sh *.csv *.jsonl *.json golden_al_distribution/dsv4_mtp.yaml
== azure2023_3rows.csv
{"format": "azure", "rows": 3, "span_s": 0.09818900000000001, "rate_s": 20.368880424487465,
  "input_tok": {"min": 110, "p50": 3180, "mean": 2699.3333333333335, "p99": 4775.44, "max": 4808, "sum": 8098}, "output_tok": {"min": 8, "p50": 10, "mean": 15, "p99": 26.66, "max": 27, "sum": 45}, "interarrival_cv": 0.059181782073348344,
  "dispersion": {"1": null, "10": null, "60": null, "300": null}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== azure2024_3rows.csv
{"format": "azure", "rows": 2, "span_s": 172799.99007, "rate_s": 5.787037369590747e-06,
  "input_tok": {"min": 1452, "p50": 1807, "mean": 1807, "p99": 2154.9, "max": 2162, "sum": 3614}, "output_tok": {"min": 3, "p50": 4, "mean": 4, "p99": 4.98, "max": 5, "sum": 8}, "interarrival_cv": 0,
  "dispersion": {"1": 0.9999942129294729, "10": 0.9999421262804561, "60": 0.9996526571726293, "300": 0.9982608695652174}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== azure_lmm2025_2rows.csv
{"format": "azure", "rows": 2, "span_s": 5.550000000000001, "rate_s": 0.18018018018018014,
  "input_tok": {"min": 770, "p50": 859.5, "mean": 859.5, "p99": 947.21, "max": 949, "sum": 1719}, "output_tok": {"min": 126, "p50": 308.5, "mean": 308.5, "p99": 487.35, "max": 491, "sum": 617}, "interarrival_cv": 0,
  "dispersion": {"1": 0.7999999999999999, "10": null, "60": null, "300": null}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 1}}
== burstgpt_v1_3rows.csv
{"format": "burstgpt", "rows": 3, "span_s": 113, "rate_s": 0.017699115044247787,
  "input_tok": {"min": 417, "p50": 472, "mean": 658.6666666666666, "p99": 1074.7, "max": 1087, "sum": 1976}, "output_tok": {"min": 18, "p50": 230, "mean": 174.66666666666666, "p99": 275.08, "max": 276, "sum": 524}, "interarrival_cv": 0.2920353982300885,
  "dispersion": {"1": 0.9823008849557522, "10": 0.8181818181818182, "60": null, "300": null}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== splitwise_sim_test_trace.csv
{"format": "splitwise", "rows": 3, "span_s": 3, "rate_s": 0.6666666666666666,
  "input_tok": {"min": 2048, "p50": 2048, "mean": 2730.6666666666665, "p99": 4055.04, "max": 4096, "sum": 8192}, "output_tok": {"min": 8, "p50": 16, "mean": 18.666666666666668, "p99": 31.68, "max": 32, "sum": 56}, "interarrival_cv": 0.3333333333333333,
  "dispersion": {"1": 0.3333333333333333, "10": null, "60": null, "300": null}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== vidur_3rows.csv
{"format": "vidur", "rows": 2, "span_s": 4.314579, "rate_s": 0.23177232355694494,
  "input_tok": {"min": 374, "p50": 385, "mean": 385, "p99": 395.78, "max": 396, "sum": 770}, "output_tok": {"min": 44, "p50": 76.5, "mean": 76.5, "p99": 108.35, "max": 109, "sum": 153}, "interarrival_cv": 0,
  "dispersion": {"1": 0.75, "10": null, "60": null, "300": null}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== aiperf_mooncake_multiturn.jsonl
{"format": "aiperf", "rows": 2, "span_s": 0.002, "rate_s": 500,
  "input_tok": {"min": 300, "p50": 395, "mean": 395, "p99": 488.1, "max": 490, "sum": 790}, "output_tok": {"min": 20, "p50": 30, "mean": 30, "p99": 39.8, "max": 40, "sum": 60}, "interarrival_cv": 0,
  "dispersion": {"1": null, "10": null, "60": null, "300": null}, "prefix": {"blocks": 50, "unique": 31, "ideal_hit_blocks": 19, "ideal_hit_tokens": 304, "ideal_hit_ratio": 0.3848101265822785}, "sessions": 1,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== bailian_1row.jsonl
{"format": "bailian", "rows": 1, "span_s": 0, "rate_s": null,
  "input_tok": {"min": 521, "p50": 521, "mean": 521, "p99": 521, "max": 521, "sum": 521}, "output_tok": {"min": 132, "p50": 132, "mean": 132, "p99": 132, "max": 132, "sum": 132}, "interarrival_cv": null,
  "dispersion": {"1": null, "10": null, "60": null, "300": null}, "prefix": {"blocks": 5, "unique": 5, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": 0}, "sessions": 1,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 1, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 1, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== llmservingsim_agentic_1row.jsonl
{"format": "llmservingsim", "rows": 3, "span_s": 0.32464379400000004, "rate_s": 6.1605982832987705,
  "input_tok": {"min": 1472, "p50": 1582, "mean": 1596, "p99": 1730.96, "max": 1734, "sum": 4788}, "output_tok": {"min": 77, "p50": 125, "mean": 111.66666666666667, "p99": 132.84, "max": 133, "sum": 335}, "interarrival_cv": 0.21545540463958485,
  "dispersion": {"1": null, "10": null, "60": null, "300": null}, "prefix": {"blocks": 300, "unique": 109, "ideal_hit_blocks": 191, "ideal_hit_tokens": 3056, "ideal_hit_ratio": 0.6382623224728488}, "sessions": 1,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== llmservingsim_flat_2rows.jsonl
{"format": "llmservingsim", "rows": 2, "span_s": 0.30101214400000004, "rate_s": 3.3221251033646,
  "input_tok": {"min": 10, "p50": 16, "mean": 16, "p99": 21.88, "max": 22, "sum": 32}, "output_tok": {"min": 70, "p50": 87, "mean": 87, "p99": 103.66, "max": 104, "sum": 174}, "interarrival_cv": 0,
  "dispersion": {"1": null, "10": null, "60": null, "300": null}, "prefix": {"blocks": 3, "unique": 3, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": 0}, "sessions": 2,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== mooncake_3rows.jsonl
{"format": "mooncake", "rows": 3, "span_s": 0, "rate_s": null,
  "input_tok": {"min": 6758, "p50": 7236, "mean": 7105.333333333333, "p99": 7320.28, "max": 7322, "sum": 21316}, "output_tok": {"min": 490, "p50": 500, "mean": 594.6666666666666, "p99": 788.12, "max": 794, "sum": 1784}, "interarrival_cv": null,
  "dispersion": {"1": null, "10": null, "60": null, "300": null}, "prefix": {"blocks": 44, "unique": 42, "ideal_hit_blocks": 2, "ideal_hit_tokens": 1024, "ideal_hit_ratio": 0.04803903171326703}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== tracelab_round_trace.jsonl
{"format": "tracelab", "rows": 19, "span_s": 190.85500000000002, "rate_s": 0.09431243614262136,
  "input_tok": {"min": 9324, "p50": 32272, "mean": 27053.263157894737, "p99": 48161.54, "max": 48305, "sum": 514012}, "output_tok": {"min": 49, "p50": 273, "mean": 596.578947368421, "p99": 2418.6600000000003, "max": 2475, "sum": 11335}, "interarrival_cv": 1.1850041464554002,
  "dispersion": {"1": 1.127485380116959, "10": 1.6081871345029242, "60": 3.568627450980392, "300": null}, "prefix": {"blocks": 32134, "unique": 4433, "ideal_hit_blocks": 27701, "ideal_hit_tokens": 443216, "ideal_hit_ratio": 0.862267806977269}, "sessions": 2,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== otel_prefix_sharing_example.json
{"format": "otel", "rows": 7, "span_s": 12, "rate_s": 0.5,
  "input_tok": {"min": 40, "p50": 100, "mean": 152.14285714285714, "p99": 373.3999999999999, "max": 380, "sum": 1065}, "output_tok": {"min": 10, "p50": 50, "mean": 40, "p99": 69.39999999999999, "max": 70, "sum": 280}, "interarrival_cv": 0,
  "dispersion": {"1": 0.5, "10": null, "60": null, "300": null}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 4,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== otel_simple_chain.json
gable: the spans carry the text of their messages but no token counts: text cannot be counted without the model's tokenizer
  where: otel_simple_chain.json:1
  expected: gen_ai.usage.prompt_tokens and gen_ai.usage.completion_tokens in their attributes
exit 2
== weka_trace_0504.json
{"format": "weka", "rows": 3, "span_s": 3075, "rate_s": 0.0006504065040650406,
  "input_tok": {"min": 11133, "p50": 11300, "mean": 11246.333333333334, "p99": 11305.88, "max": 11306, "sum": 33739}, "output_tok": {"min": 96, "p50": 102, "mean": 112.33333333333333, "p99": 138.26, "max": 139, "sum": 337}, "interarrival_cv": 0.9915447154471545,
  "dispersion": {"1": 0.9993495934959349, "10": 0.993485342019544, "60": 1.9607843137254901, "300": 1.7999999999999998}, "prefix": {"blocks": 528, "unique": 184, "ideal_hit_blocks": 344, "ideal_hit_tokens": 22016, "ideal_hit_ratio": 0.65253860517502}, "sessions": 1,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== golden_al_distribution/dsv4_mtp.yaml
gable: not a trace in a known format
  where: golden_al_distribution/dsv4_mtp.yaml:1
  expected: mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`
exit 2
$ H=$PWD; cd $ROOT/../shared/traces; sh $H/info.sh kvct_dev_rle.jsonl.gz llmservingsim_example_trace.jsonl nanoflow_sharegpt_lengths.csv vidur_arxiv_summarization_lengths.csv lmcache_agent_lengths.csv mooncake_conversation_trace.jsonl.gz AzureLLMInferenceTrace_code.csv azure_llm_2024_code_hourly_rate_digitised.csv servegen_rates/rate_language_m-mid.csv inference_perf_workload_catalog/reasoning.json
== kvct_dev_rle.jsonl.gz
{"format": "weka", "rows": 34978, "span_s": 148807, "rate_s": 0.2350494264382724,
  "input_tok": {"min": 8868, "p50": 105509.5, "mean": 124314.22425524615, "p99": 497300.0400000018, "max": 894371, "sum": 4348262936}, "output_tok": {"min": 2, "p50": 220, "mean": 443.53356395448566, "p99": 3625, "max": 18195, "sum": 15513917}, "interarrival_cv": 52.8505927967359,
  "dispersion": {"1": 13.736446127783074, "10": 53.620204550317396, "60": 298.36030440971814, "300": 1374.2482155900607}, "prefix": {"blocks": 67958751, "unique": 2567298, "ideal_hit_blocks": 65391453, "ideal_hit_tokens": 4185052992, "ideal_hit_ratio": 0.9624654841709875}, "sessions": 552,
  "repairs": {"zero_input": 0, "zero_output": 20, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 2963, "batched": 0, "images": 0}}
== llmservingsim_example_trace.jsonl
{"format": "llmservingsim", "rows": 10, "span_s": 0.980043269, "rate_s": 9.183268009363777,
  "input_tok": {"min": 2, "p50": 14, "mean": 12, "p99": 21.64, "max": 22, "sum": 120}, "output_tok": {"min": 9, "p50": 66, "mean": 59.1, "p99": 103.28, "max": 104, "sum": 591}, "interarrival_cv": 0.8339946442001721,
  "dispersion": {"1": null, "10": null, "60": null, "300": null}, "prefix": {"blocks": 12, "unique": 12, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": 0}, "sessions": 10,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== nanoflow_sharegpt_lengths.csv
gable: the trace has no arrival times: TIMESTAMP is XXX
  where: nanoflow_sharegpt_lengths.csv:2:1
  expected: arrivals from a generator: "generate": {"arrival": {"use": "poisson", "rate_s": 1}, "rows": {"file": "nanoflow_sharegpt_lengths.csv", "input": "ContextTokens", "output": "GeneratedTokens"}}
exit 2
== vidur_arxiv_summarization_lengths.csv
gable: the trace has no arrival times: no column arrived_at
  where: vidur_arxiv_summarization_lengths.csv:1
  expected: arrivals from a generator: "generate": {"arrival": {"use": "poisson", "rate_s": 1}, "rows": {"file": "vidur_arxiv_summarization_lengths.csv", "input": "num_prefill_tokens", "output": "num_decode_tokens"}}
exit 2
== lmcache_agent_lengths.csv
gable: not a trace in a known format
  where: lmcache_agent_lengths.csv:1
  expected: mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`
exit 2
== mooncake_conversation_trace.jsonl.gz
{"format": "mooncake", "rows": 12031, "span_s": 3536.9990000000003, "rate_s": 3.401188408591577,
  "input_tok": {"min": 891, "p50": 6909, "mean": 12035.061341534369, "p99": 85400.4, "max": 126195, "sum": 144793823}, "output_tok": {"min": 1, "p50": 350, "mean": 342.6189011719724, "p99": 1118.5000000000036, "max": 2000, "sum": 4122048}, "interarrival_cv": 3.0337374429459953,
  "dispersion": {"1": 7.897618036927653, "10": 2.0987885048147747, "60": 2.8949716044919658, "300": 7.252942087964918}, "prefix": {"blocks": 288500, "unique": 182790, "ideal_hit_blocks": 105710, "ideal_hit_tokens": 54098411, "ideal_hit_ratio": 0.3736237491291324}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== AzureLLMInferenceTrace_code.csv
{"format": "azure", "rows": 8819, "span_s": 3435.948056, "rate_s": 2.5663950258507633,
  "input_tok": {"min": 3, "p50": 1469, "mean": 2047.848282118154, "p99": 7436, "max": 7437, "sum": 18059974}, "output_tok": {"min": 6, "p50": 13, "mean": 27.88252636353328, "p99": 251.45999999999913, "max": 1899, "sum": 245896}, "interarrival_cv": 13.151290974387392,
  "dispersion": {"1": 13.18642807704399, "10": 71.6414692441106, "60": 163.96468848103092, "300": 137.84078287304095}, "prefix": {"blocks": 0, "unique": 0, "ideal_hit_blocks": 0, "ideal_hit_tokens": 0, "ideal_hit_ratio": null}, "sessions": 0,
  "repairs": {"zero_input": 0, "zero_output": 0, "ids_short": 0, "ids_long": 0, "no_output": 0, "ids_twice": 0, "no_parent": 0, "time_back": 0, "failed": 0, "foreign": 0, "no_time": 0, "batched": 0, "images": 0}}
== azure_llm_2024_code_hourly_rate_digitised.csv
gable: not a trace in a known format
  where: azure_llm_2024_code_hourly_rate_digitised.csv:1
  expected: mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`
exit 2
== servegen_rates/rate_language_m-mid.csv
gable: a curve of rates, not a trace: it says how many requests come, and nothing about each
  where: servegen_rates/rate_language_m-mid.csv:1
  expected: a generator that follows it: "generate": {"arrival": {"use": "curve", "file": "servegen_rates/rate_language_m-mid.csv"}, ...}
exit 2
== inference_perf_workload_catalog/reasoning.json
gable: not a trace in a known format
  where: inference_perf_workload_catalog/reasoning.json:1
  expected: mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`
exit 2
$ mkdir sg && tar xzf $ROOT/../shared/traces/servegen_reason_deepseek-r1.tar.gz -C sg && gable trace info sg/data/reason/deepseek-r1 | head -n 1
1,383,669 requests (servegen) over 86400 s, 16.01 a second, 0 sessions
