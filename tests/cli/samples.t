#needs ../shared/traces/FORMATS.md
# Every published sample is read, or refused with the reason.
$ cd $ROOT/../shared/traces/samples; for f in *.csv *.jsonl *.json; do echo "== $f"; gable trace info $f 2>&1 | sed '/^tokens/d;/^---/d;/^arrivals/d'; done
== azure2023_3rows.csv
3 requests (azure) over 0.098189 s, 20.37 a second, 0 sessions
input   110  3,180  2699.3  4,775  4,808  8,098
output    8     10    15.0     27     27     45
prefixes: the trace has no block ids
repairs: none
== azure2024_3rows.csv
2 requests (azure) over 172800 s, 5.787e-06 a second, 0 sessions
input   1,452  1,807  1807.0  2,155  2,162  3,614
output      3      4     4.0      5      5      8
prefixes: the trace has no block ids
repairs: none
== azure_lmm2025_2rows.csv
2 requests (azure) over 5.55 s, 0.1802 a second, 0 sessions
input   770  860  859.5  947  949  1,719
output  126  309  308.5  487  491    617
prefixes: the trace has no block ids
repairs: none
== burstgpt_v1_3rows.csv
3 requests (burstgpt) over 113 s, 0.0177 a second, 0 sessions
input   417  472  658.7  1,075  1,087  1,976
output   18  230  174.7    275    276    524
prefixes: the trace has no block ids
repairs: none
== splitwise_sim_test_trace.csv
3 requests (splitwise) over 3 s, 0.6667 a second, 0 sessions
input   2,048  2,048  2730.7  4,055  4,096  8,192
output      8     16    18.7     32     32     56
prefixes: the trace has no block ids
repairs: none
== vidur_3rows.csv
2 requests (vidur) over 4.31458 s, 0.2318 a second, 0 sessions
input   374  385  385.0  396  396  770
output   44   77   76.5  108  109  153
prefixes: the trace has no block ids
repairs: none
== aiperf_mooncake_multiturn.jsonl
2 requests (aiperf) over 0.002 s, 500 a second, 1 sessions
input   300  395  395.0  488  490  790
output   20   30   30.0   40   40   60
prefixes: 50 blocks, 31 different; an unbounded cache finds 304 tokens, 38.5 % of the input
repairs: none
== bailian_1row.jsonl
1 requests (bailian) over 0 s, - a second, 1 sessions
input   521  521  521.0  521  521  521
output  132  132  132.0  132  132  132
prefixes: 5 blocks, 5 different; an unbounded cache finds 0 tokens, 0.0 % of the input
repairs: 1 chains shorter than their prompt kept, 1 turns start alone: their parent is not above them in the trace
== llmservingsim_agentic_1row.jsonl
3 requests (llmservingsim) over 0.324644 s, 6.161 a second, 1 sessions
input   1,472  1,582  1596.0  1,731  1,734  4,788
output     77    125   111.7    133    133    335
prefixes: 300 blocks, 109 different; an unbounded cache finds 3,056 tokens, 63.8 % of the input
repairs: none
== llmservingsim_flat_2rows.jsonl
2 requests (llmservingsim) over 0.301012 s, 3.322 a second, 2 sessions
input    10   16  16.0   22   22   32
output   70   87  87.0  104  104  174
prefixes: 3 blocks, 3 different; an unbounded cache finds 0 tokens, 0.0 % of the input
repairs: none
== mooncake_3rows.jsonl
3 requests (mooncake) over 0 s, - a second, 0 sessions
input   6,758  7,236  7105.3  7,320  7,322  21,316
output    490    500   594.7    788    794   1,784
prefixes: 44 blocks, 42 different; an unbounded cache finds 1,024 tokens, 4.8 % of the input
repairs: none
== tracelab_round_trace.jsonl
19 requests (tracelab) over 190.855 s, 0.09431 a second, 2 sessions
input   9,324  32,272  27053.3  48,162  48,305  514,012
output     49     273    596.6   2,419   2,475   11,335
prefixes: 32,134 blocks, 4,433 different; an unbounded cache finds 443,216 tokens, 86.2 % of the input
repairs: none
== otel_prefix_sharing_example.json
7 requests (otel) over 12 s, 0.5 a second, 4 sessions
input    40  100  152.1  373  380  1,065
output   10   50   40.0   69   70    280
prefixes: the trace has no block ids
repairs: none
== otel_simple_chain.json
gable: the spans carry the text of their messages but no token counts: text cannot be counted without the model's tokenizer
  where: otel_simple_chain.json:1
  expected: gen_ai.usage.prompt_tokens and gen_ai.usage.completion_tokens in their attributes
== weka_trace_0504.json
3 requests (weka) over 3075 s, 0.0006504 a second, 1 sessions
input   11,133  11,300  11246.3  11,306  11,306  33,739
output      96     102    112.3     138     139     337
prefixes: 528 blocks, 184 different; an unbounded cache finds 22,016 tokens, 65.3 % of the input
repairs: none
$ cd $ROOT/../shared/traces; for f in kvct_dev_rle.jsonl.gz llmservingsim_example_trace.jsonl nanoflow_sharegpt_lengths.csv vidur_arxiv_summarization_lengths.csv lmcache_agent_lengths.csv; do echo "== $f"; gable trace info $f 2>&1 | sed '/^---/d;/^arrivals/d'; done
== kvct_dev_rle.jsonl.gz
34,978 requests (weka) over 148807 s, 0.235 a second, 552 sessions
tokens    min      p50      mean      p99      max            sum
input   8,868  105,510  124314.2  497,300  894,371  4,348,262,936
output      2      220     443.5    3,625   18,195     15,513,917
prefixes: 67,958,751 blocks, 2,567,298 different; an unbounded cache finds 4,185,052,992 tokens, 96.2 % of the input
repairs: 20 rows without output dropped, 2,963 times taken as 0: not recorded
== llmservingsim_example_trace.jsonl
10 requests (llmservingsim) over 0.980043 s, 9.183 a second, 10 sessions
tokens  min  p50  mean  p99  max  sum
input     2   14  12.0   22   22  120
output    9   66  59.1  103  104  591
prefixes: 12 blocks, 12 different; an unbounded cache finds 0 tokens, 0.0 % of the input
repairs: none
== nanoflow_sharegpt_lengths.csv
gable: the trace has no arrival times: TIMESTAMP is XXX
  where: nanoflow_sharegpt_lengths.csv:2:1
  expected: arrivals from a generator: "generate": {"arrival": {"use": "poisson", "rate_s": 1}, "input": {"use": "file", "file": "nanoflow_sharegpt_lengths.csv", "column": "ContextTokens"}, ...}
== vidur_arxiv_summarization_lengths.csv
gable: the trace has no arrival times: no column arrived_at
  where: vidur_arxiv_summarization_lengths.csv:1
  expected: arrivals from a generator: "generate": {"arrival": {"use": "poisson", "rate_s": 1}, "input": {"use": "file", "file": "vidur_arxiv_summarization_lengths.csv", "column": "num_prefill_tokens"}, ...}
== lmcache_agent_lengths.csv
gable: not a trace in a known format
  where: lmcache_agent_lengths.csv:1
  expected: mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`
$ mkdir sg && tar xzf $ROOT/../shared/traces/servegen_reason_deepseek-r1.tar.gz -C sg && gable trace info sg/data/reason/deepseek-r1 | head -n 1
1,383,669 requests (servegen) over 86400 s, 16.01 a second, 0 sessions
