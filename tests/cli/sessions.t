# Sessions: turns that wait for answers, traces and generators of them, and shaping.
$ printf '{"session_id":"a","arrival_time_ns":0,"sub_requests":[{"input_toks":1000,"output_toks":200,"tool_duration_ns":1000000000},{"input_toks":1300,"output_toks":10,"tool_duration_ns":0}]}\n' > agent.jsonl; gable trace info agent.jsonl
2 requests (llmservingsim) over 1 s, 1 a second, 1 sessions
tokens    min    p50    mean    p99    max    sum
------  -----  -----  ------  -----  -----  -----
input   1,000  1,150  1150.0  1,297  1,300  2,300
output     10    105   105.0    198    200    210
arrivals: CV of the gaps 0; variance / mean of counts in windows of 1 s: -, 10 s: -, 60 s: -, 300 s: - (Poisson: 1)
prefixes: 145 blocks, 82 different; an unbounded cache finds 1,008 tokens, 43.8 % of the input
repairs: none
$ gable run --set trace.file=agent.jsonl --json | grep -E '"(completed|hit_tokens)"' | head -n 2
    "completed": 2,
    "hit_tokens": 1184,
$ gable run --set trace.file=agent.jsonl --set trace.replay=open --set trace.think_scale=2
! gable: think_scale is not read: recorded times are replayed as they are
!   where: --set trace.think_scale
!   expected: "replay": "closed" beside it
? 2
$ gable run --set trace.file=agent.jsonl --set trace.replay=halfopen
! gable: 'replay' has no choice "halfopen"
!   where: --set trace.replay
!   expected: closed or open, or null
? 2
$ gable run --set trace.replay=closed
! gable: replay is not read: the requests are not turns of sessions
!   where: --set trace.replay
!   expected: a trace of sessions: aiperf, bailian, llmservingsim, otel, weka or a generator with sessions
? 2
$ gable run --set trace.generate.sessions.turns=fixed --set trace.generate.requests=5 --json | grep -E '"completed"' | head -n 1
    "completed": 5,
$ printf '{"trace": {"generate": {"requests": 60, "shared_prefix": {"groups": 3, "tokens": 512, "zipf": 1}, "sessions": {"turns": {"use": "fixed", "tokens": 3}, "think": {"use": "exponential", "mean_s": 5}}}}}' > s.json; gable run s.json --json | grep -E '"completed"' | head -n 1
    "completed": 60,
$ gable run s.json --set trace.generate.sessions.think.use=normal
! gable: unknown pause "normal"
!   where: --set trace.generate.sessions.think.use
!   expected: one of: fixed, exponential, lognormal
!   nearest: lognormal
? 2
$ gable run s.json --set trace.generate.sessions.compact_at=100 --set trace.generate.sessions.compact_to=100
! gable: compact_to 100 is not below compact_at 100
!   where: --set trace.generate.sessions.compact_to
!   expected: a summary that is shorter than what it stands for
? 2
$ gable run s.json --set trace.generate.shared_prefix.group=3
! gable: unknown key 'group'
!   where: --set trace.generate.shared_prefix.group
!   expected: one of groups, tokens, zipf
!   nearest: groups
? 2
$ gable run s.json --json > a.json; gable run s.json --json --exact > b.json; sed '/"sim"/,$d' a.json > a; sed '/"sim"/,$d' b.json | cmp - a && echo same
same
$ printf '{"chat_id":1,"parent_chat_id":1,"timestamp":1,"input_length":5,"output_length":5}\n' > cycle.jsonl; gable trace info cycle.jsonl
! gable: chat_id 1 is its own parent
!   where: cycle.jsonl:1
!   expected: parent_chat_id of an earlier row, or -1
? 2
$ printf '{"prompt": "hi"}\n' > text.jsonl; gable trace info text.jsonl
! gable: the rows are text, and text cannot be counted in tokens without the model's tokenizer
!   where: text.jsonl:1
!   expected: lengths counted with it: a CSV with columns input,output and "generate": {"rows": {"file": "lengths.csv", "input": "input", "output": "output"}}, or Mooncake JSON lines
? 2
# A long trace streams in constant memory: 3 million rows in 150 MB of address space (a sanitizer wants more).
$ awk 'BEGIN { print "arrived_at,num_prefill_tokens,num_decode_tokens"; for (i = 0; i < 3000000; i++) print i "," 100 + i % 7 "," 9 }' | (ldd "$(command -v gable)" | grep -q asan || ulimit -v 150000; gable trace info - --prefix off) | head -n 1
3,000,000 requests (vidur) over 3e+06 s, 1 a second, 0 sessions
# Shaping.
$ gable trace shape agent.jsonl --to vidur -o v.csv && cat v.csv && sed -n 2,3p v.csv.shape.json
arrived_at,num_prefill_tokens,num_decode_tokens
0,1000,200
1,1300,10
  "of": "agent.jsonl",
  "merge": null,
! gable: warning: 1 later turns of sessions written as requests at fixed times: vidur keeps neither their order nor their pauses
! gable: warning: prefix ids of 2 requests left out: vidur has no place for them
$ gable trace shape agent.jsonl --cap-input 1200 --to llmservingsim 2> note; sed 's/,"seed.*//' note
{"input_toks": 1000, "output_toks": 200, "arrival_time_ns": 0}
{"input_toks": 1200, "output_toks": 10, "arrival_time_ns": 1000000000}
gable: warning: 1 later turns of sessions written as requests at fixed times: llmservingsim keeps neither their order nor their pauses
gable: warning: prefix ids of 2 requests left out: llmservingsim has no place for them
gable: note: shaped: {"of":"agent.jsonl","merge":null,"from_s":null,"until_s":null,"keep":1,"rate_scale":1,"cap_input":1200,"cap_output":0,"spread_s":0,"limit":0
$ gable trace shape agent.jsonl --from 99 -o none.csv && cat none.csv | wc -c
! gable: no request is left, so there is no trace to write
!   expected: a window (--from, --until) and a share (--keep) that leave some
? 2
$ gable trace shape agent.jsonl --keep 2
! gable: 'keep' is out of range: 2
!   where: --keep
!   expected: a number from 0 to 1 (share), or null
? 2
$ gable trace shape agent.jsonl --merge none.jsonl
! gable: cannot open the file: No such file or directory
!   where: none.jsonl
!   expected: a readable file, or - for standard input
? 2
$ gable trace shape - --merge - < agent.jsonl
! gable: standard input cannot be both traces
!   where: --merge
? 2
