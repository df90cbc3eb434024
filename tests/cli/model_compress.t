The sheet of a compressed KV cache: a composition is no product of ratios
$ gable model llama-2-7b --hardware a100-80-sxm --context 4096 --compress 'snapkv{cap=1024},kivi-2bit,minicache{overlap=1}' --json | grep -E '"(resident_bytes|paged_bytes|read_bytes_per_step|max_concurrency|prefix_shareable|combined)"' | sort -u
      "combined": true
    "max_concurrency": 643
    "paged_bytes": 98041856,
    "prefix_shareable": false,
    "read_bytes_per_step": 130023424,
    "resident_bytes": 98041856,
$ gable model llama-2-7b --compress 'minicache{overlap=1},kivi-2bit,snapkv' --json > a.json; gable model llama-2-7b --compress 'snapkv,kivi-2bit,minicache{overlap=1}' --json > b.json; grep resident_bytes a.json b.json
a.json:    "resident_bytes": 98041856,
b.json:    "resident_bytes": 98041856,
$ gable model llama-2-7b --compress kivi-4bit | grep -E 'compression|quality'
  compression     kivi-4bit: 0.3232 of 2 GiB; peak 662 MiB
  quality         kivi-4bit: LongBench avg(15) 38.79 of 38.72 (LongChat-7b-v1.5-32K)
  quality         kivi-4bit: LongBench avg(15) 43.53 of 43.54 (Mistral-7B-Instruct-v0.2)
$ gable model llama-2-7b --compress 'snapkv{cap=1536}' | grep quality
  quality         snapkv: LongBench avg(16) 41.72 of 42.56 (Mistral-7B-Instruct-v0.2, between two published budgets)
  quality         snapkv: LongBench avg(16) 29.51 of 30.21 (LWM-Text-Chat-1M, between two published budgets)
  quality         snapkv: LongBench avg(16) 34.91 of 36.36 (LongChat-7b-32k, between two published budgets)
  quality         snapkv: LongBench avg(16) 47.41 of 48.01 (Mixtral-8x7B, between two published budgets)
  quality         snapkv: LongBench avg(16) 39.79 of 41.46 (Llama-3-8B-Instruct, between two published budgets)
  quality         snapkv: LongBench avg(16) 39.06 of 39.75 (Mistral-7B-Instruct, between two published budgets)
$ gable model llama-2-7b --compress snapkv,minicache
! gable: snapkv and minicache do not compose (rule b): layers that keep other tokens share only what both keep: give the overlap of their sets, as in minicache{overlap=0.7}
!   where: --compress
? 2
$ gable model llama-2-7b --compress snapkv,h2o
! gable: snapkv and h2o do not compose (rule e): each chooses tokens by scores, and the second would score what the first left
!   where: --compress
? 2
$ gable model llama-2-7b --compress snapvk
! gable: unknown compression method "snapvk"
!   where: --compress
!   expected: a card's name (gable list cards), one of its settings, or the path of a card
!   nearest: snapkv
? 2
$ gable model llama-2-7b --compress 'snapkv{caps=1024}'
! gable: unknown parameter "caps"
!   where: --compress:1:18 (0.caps)
!   expected: a parameter of this method
!   nearest: cap
? 2
$ gable model llama-2-7b --compress 'snapkv{cap=0}'
! gable: cap = 0 is out of range
!   where: --compress:1:24 (0.cap)
!   expected: 1 to 1e+07 tokens
? 2
$ gable model llama-2-7b --compress 'snapkv{cap=1024'
! gable: not a list of compression methods: "snapkv{cap=1024"
!   where: --compress
!   expected: methods with their settings, such as snapkv{cap=1024},kivi-2bit
? 2
$ gable model llama-2-7b --compress '{"ordered": ["kivi-2bit", "snapkv"]}'
! gable: kivi-2bit and snapkv do not compose (rule a): "tok" belongs before "bits": a token dropped after quantisation leaves a hole in its group
!   where: --compress
? 2
$ gable model deepseek-v3 --hardware h200-sxm --tp 8 --compress snapkv
! gable: snapkv does not fit deepseek-v3: its attention (multi-head latent attention)
!   where: --compress
!   expected: a model or a method that go together (gable explain snapkv)
? 2
$ gable model mistral-7b-v0.1 --compress snapkv
! gable: snapkv does not fit mistral-7b-v0.1: its sliding window, which keeps the last tokens already (gqa)
!   where: --compress
!   expected: a model or a method that go together (gable explain snapkv)
? 2
# Two on one axis, groups that do not divide, a card that is no method.
$ gable model llama-2-7b --compress 'minicache,minicache{from=0.25}'
! gable: minicache and minicache do not compose (rule same axis): both act on "share", and no rule says what two of them make
!   where: --compress
? 2
$ gable model llama-2-7b --compress 'kivi{group=48}'
! gable: the group does not divide the head: groups of 48 at 2 and 2 bits, heads of 128, residue 128
!   where: $ROOT/policies/cards/compress/kivi.json:* (does.0)
!   expected: bits x group in whole bytes, group dividing the head, residue a multiple of the group
? 2
$ gable model llama-2-7b --compress attention_sink_empirical
! gable: attention_sink_empirical is no method: its verdict is "input"
!   where: --compress:1:9 (0.use)
!   expected: a card that does something (gable list cards)
? 2
# A card of one's own: a key without its unit, a task that nobody knows.
$ printf '{"gable": "compress/1", "name": "own", "title": "t", "source": "s", "verdict": "card", "does": [{"tok": {"cap": 64}}]}' > own.json; gable model llama-2-7b --compress '["./own.json"]'
! gable: unknown key 'cap'
!   where: ./own.json:1:106 (does.0.tok.cap)
!   expected: one of cap_tokens, cap_share, of, halves, generated, sink_tokens, window_tokens, drop_tokens, block_tokens, score, when, sets, frees, observe_tokens, pool_tokens, per_query_head, rotates, set_layers, score_flop, merges
? 2
$ printf '{"gable": "compress/1", "name": "own", "title": "t", "source": "s", "verdict": "card", "does": [{"tok": {"cap_tokens": 64}}], "quality": [{"task": "LongBanch", "model": "m", "setting": {}, "value": 1, "source": "s"}]}' > own.json; gable model llama-2-7b --compress '["./own.json"]'
! gable: unknown quality task "LongBanch"
!   where: ./own.json:1:148 (quality.0.task)
!   expected: a known benchmark or quantity, then what of it: LongBench avg(16), WikiText-2 perplexity
!   nearest: LongBench
? 2
$ sed 's/LongBanch/LongBench avg(16)/' own.json > good.json; gable model llama-2-7b --compress '["./good.json"]' | grep compression
  compression     ./good.json: 0.0156 of 2 GiB; peak 2 GiB
