# Models of state spaces alone: no KV, a state of one size a sequence.
$ gable model mamba-2.8b --hardware a100-80-sxm --batch 4 --context 2000 --prompt 500 --json | grep -E '"(parameters|active_parameters|bytes_per_token|resident_bytes|paged_bytes|peak_bytes|max_concurrency)"'
  "parameters": 2768345600,
  "active_parameters": 2768345600,
    "bytes_per_token": 0,
    "resident_bytes": 49807360,
    "paged_bytes": 49807360,
    "peak_bytes": 49807360,
    "max_concurrency": 5722
# 4 sequences x 64 layers x 2 bytes x 5120 channels x (16 of state + 3 of the convolution).
$ echo $((4 * 64 * 2 * 5120 * (16 + 3)))
49807360
$ gable list llm | grep mamba-2.8b | tr -s ' '
mamba-2.8b 2.77 B 2.77 B none 64 0 131,072 0.0
# A decode step takes the same whatever came before, and a sequence to host memory and back, too.
$ for n in 100 100000; do gable model mamba-2.8b --context $n --prompt 100 --json | grep -E '"(decode_ms|context_switch_ms)"' | head -n 2 | md5sum; done | uniq | wc -l
1
$ gable model mamba2-8b --hardware h100-sxm --tp 2 | grep -E 'parameters|states|ssm' | tr -s ' ' | cut -d ' ' -f 1-4
 parameters 8.237 B,
 states 115 MiB
 states of linear
prefill ssm_in 56 346
prefill ssm_out 56 137
prefill ssm_scan 56 19.3
decode ssm_in 56 84.4
decode ssm_out 56 33.6
decode ssm_scan 56 3.15
# The engine: a block is a sequence's states. Three of them hold three requests, whatever is tried; fast and exact agree.
$ for x in '' --exact; do gable run --set model=mamba-2.8b --set trace.limit=300 --set trace.rate_scale=40 --set engine.kv_blocks=3 --json $x | grep -vE '"(wall_s|peak_rss_mib|steps_fast|events)"' > run$x.json; done; cmp run.json run--exact.json; grep -E '"(completed|capacity_blocks|capacity_tokens|peak_blocks|preemptions)"' run.json
    "completed": 300,
    "capacity_blocks": 3,
    "capacity_tokens": null,
    "peak_blocks": 3,
    "preemptions": 0,
        "capacity_blocks": 3,
        "peak_blocks": 3,
$ gable run --set model=mamba2-8b --set engine.max_num_seqs=4 --set trace.limit=60 --set policy.preempt=swap | sed -n 2p
requests    60 injected = 19 completed + 41 rejected + 0 unfinished, 135.2 s simulated
# The published config.json files say the same.
$ echo '{"model_type": "mamba", "hidden_size": 2560, "num_hidden_layers": 64, "intermediate_size": 5120, "state_size": 16, "conv_kernel": 4, "time_step_rank": 160, "vocab_size": 50280}' > config.json; gable model ./config.json --json | grep -E '"(parameters|resident_bytes)"'
  "parameters": 2768345600,
    "resident_bytes": 12451840,
$ echo '{"model_type": "mamba2", "hidden_size": 4096, "num_hidden_layers": 56, "num_heads": 128, "head_dim": 64, "n_groups": 8, "vocab_size": 256000}' > config.json; gable model ./config.json --json > a; gable model mamba2-8b --json > b; for f in a b; do grep -E '"(parameters|resident_bytes)"' $f | md5sum; done | uniq | wc -l
1
$ echo '{"model_type": "mamba", "hidden_size": 0, "num_hidden_layers": 64, "vocab_size": 1}' > config.json; gable model ./config.json
! gable: impossible model: layers, hidden, heads, kv_heads, head_dim, vocab and context are 1 .. 1e8
!   where: ./config.json:1:1
!   expected: hidden from 1 to 100000000, not 0
? 2
$ gable model mamba-2.8b --compress kivi
! gable: the model keeps no KV, and kivi works on it
!   where: --compress
!   expected: no compression of KV, or a model with attention
? 2
$ gable run --set model=mamba-2.8b --set engine.kv=fp8
! gable: mamba-2.8b keeps no KV, so engine.kv would be read by nothing
!   where: --set engine.kv
!   expected: "bf16"
? 2
$ sed 's/"ssm_dt_rank": 160/"ssm_dt_rank": 160, "ssm_groups": 2/; s/"name": "mamba-2.8b"/"name": "both"/' $ROOT/models/cards/llm/mamba-2.8b.json > both.json; gable model ./both.json
! gable: impossible model: a state space has ssm_dt_rank (Mamba-1) or ssm_groups (Mamba-2)
!   where: ./both.json:17:18 (ssm_dt_rank)
!   expected: one of the two
? 2
# What only blocks of KV would read is refused; what a run prints of itself runs.
$ for x in engine.block_size=32 policy.prefix=radix policy.evict=lru 'policy.prefix={"use": "block", "salt": "tenant"}' run.belady=true 'tiers=[{"name": "dram", "bytes": 1e10}]' 'tiers=[{"name": "remote", "bytes": 1e10}]' cluster.pp=2; do gable run --set model=mamba-2.8b --set "$x" 2>&1 | sed -n '1p;3p'; done
gable: mamba-2.8b keeps no KV, so engine.block_size would be read by nothing
  expected: 16
gable: mamba-2.8b keeps no KV, so policy.prefix would be read by nothing
  expected: "block" or "off"
gable: mamba-2.8b keeps no KV, so policy.evict would be read by nothing
  expected: "lru_tail"
gable: mamba-2.8b keeps no KV, so 'salt' would be read by nothing
  expected: "none"
gable: mamba-2.8b keeps no KV, so run.belady would be read by nothing
  expected: false
gable: mamba-2.8b keeps no KV, so there are no blocks for tiers below HBM
  expected: no tiers
gable: mamba-2.8b keeps no KV, so there are no blocks for tiers below HBM
  expected: no tiers
gable: pp 2 and dp 1 with mamba-2.8b: stages and ranks would hold unequal shares of its states
  expected: pp 1 and dp 1 of a model of state spaces
$ gable run --set model=mamba-2.8b --set trace.limit=4 --set policy.evict=lru_tail --json | python3 -c 'import json, sys; json.dump(json.load(sys.stdin)["scenario"], open("again.json", "w"))'; gable run again.json --json | grep '"completed"'
    "completed": 4,
