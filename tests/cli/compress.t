Compression in the engine: what the sheet says is what is allocated, and what cannot be shared is counted
$ gable run --set model=llama-2-7b --set trace.limit=400 --set policy.compress=kivi-2bit --json | grep '"hit_tokens"' | head -1
    "hit_tokens": 83488,
$ gable run --set model=llama-2-7b --set 'policy.compress=snapkv{cap=1024},kivi-2bit,minicache{overlap=1}' --set trace.limit=400 --json | grep lost_sharing
    "lost_sharing_tokens": 83488,
$ gable run --set policy.compress=kivi-3bit
! gable: unknown compression method "kivi-3bit"
!   where: --set policy.compress
!   expected: a card's name (gable list cards), one of its settings, or the path of a card
? 2
$ gable run --set model=llama-2-7b --set 'policy.compress=["kivi-2bit"]' --set trace.limit=400 --json | grep -E '"(capacity_blocks|hit_tokens|lost_sharing_tokens|fragmentation)"' | head -4
    "capacity_blocks": 39920,
    "hit_tokens": 83488,
    "lost_sharing_tokens": 0,
    "fragmentation": null,
$ gable run --set model=llama-2-7b --set 'policy.compress=["snapkv"]' --set trace.limit=400 --json | grep -E '"(capacity_blocks|hit_tokens|lost_sharing_tokens)"' | head -3
    "capacity_blocks": 7485,
    "hit_tokens": 0,
    "lost_sharing_tokens": 83488,
$ gable run --set model=llama-2-7b --set 'policy.compress=["snapkv", "kivi-2bit", {"use": "minicache", "overlap": 1}]' --set trace.limit=400 --json > a.json; gable run --exact --set model=llama-2-7b --set 'policy.compress=["snapkv", "kivi-2bit", {"use": "minicache", "overlap": 1}]' --set trace.limit=400 --json > b.json; sed '/"sim"/,$d' a.json > a; sed '/"sim"/,$d' b.json > b; cmp a b && grep -c interpolated a
1
$ gable run --set model=llama-2-7b --set 'policy.compress=["snapkv", "minicache"]'
! gable: snapkv and minicache do not compose (rule b): layers that keep other tokens share only what both keep: give the overlap of their sets, as in minicache{overlap=0.7}
!   where: policy.compress
? 2
$ gable run --set model=llama-2-7b --set 'policy.compress=["snapkv"]' --set 'tiers=[{"name": "dram", "bytes": 5e10}]'
! gable: tiers below HBM keep whole blocks that any request may share, and this compression leaves none (a residue in full, or a choice of tokens)
!   where: --set policy.compress
!   expected: no tiers, or a method that keeps every token in codes, such as fp8_kv
? 2
$ gable run --set model=llama-2-7b --set 'policy.compress=["snapkv"]' --set cluster.pp=2
! gable: KV compression with pp 2 and dp 1: stages and ranks would hold unequal cells
!   where: model 'llama-2-7b' on pool 'all'
!   expected: pp 1 and dp 1, or no compression
? 2
$ gable run --set model=llama-2-7b --set 'policy.compress=[{"use": "snapkv", "cap": 2e9}]'
! gable: cap = 2e+09 is out of range
!   where: --set policy.compress (policy.compress.0.cap)
!   expected: 1 to 1e+07 tokens
? 2
$ gable run --set model=deepseek-v3 --set 'policy.compress=["snapkv"]' --set cluster.tp=8 --set cluster.hardware=h200-sxm
! gable: snapkv does not fit deepseek-v3: its attention (multi-head latent attention)
!   where: policy.compress
!   expected: a model or a method that go together (gable explain snapkv)
? 2
