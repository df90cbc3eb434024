Rewritten models: what their layers run, what does not fit, and what the engine does not run
$ gable model llama-3.1-8b --compress swiftkv --prompt 2048 --context 2048 | grep -E 'compression|kv_projection|attention_last|attention_prefill|qkv' | tr -s ' ' | cut -d ' ' -f 1-5
 compression swiftkv: 1.0000 of
prefill qkv (early) 16 103
prefill qkv (late) 16 50.3
prefill kv_projection (late) 16 34.4
prefill attention_prefill (early) 16 34.4
prefill attention_last (late) 16 33.6
decode qkv 32 50.3 M
$ gable model llama-3.1-8b --compress 'swiftkv{group=2}' --kv fp8 --json | grep -E '"(resident_bytes|bytes_per_token)"'
    "bytes_per_token": 65536,
    "resident_bytes": 201326592,
$ gable model minimax-m1 --hardware h200-sxm --tp 8 --context 1000000 --prompt 4096 | grep -E 'parameters|KV cache|states|linear_attention' | tr -s ' ' | cut -d ' ' -f 1-12
 parameters 456.089 B, active 48.403 B, 850 GiB of weights in
 KV cache 40 KiB a token in bf16; 1 x 1000000
 states 280 MiB a sequence, whatever its length
 states of linear layers are not kept for other requests: prefixes
prefill linear_attention 70 4.29 G 34.6 MB 11.45 0.5 hbm 63
decode linear_attention 70 786 k 1.06 MB 2.13 1.4 hbm 10
$ gable model llama-3.2-1b --compress hamburger | grep -E 'compression|yields|micro' | tr -s ' ' | cut -d ' ' -f 1-9
 compression hamburger: 1.0000 of 128 MiB; peak 128
 a step yields 1.66 tokens: decode time is
decode qkv (micro) 1.66 12.6 M 12.6 MB 7.89
decode o (micro) 1.66 8.39 M 8.40 MB 6.47
decode gate_up (micro) 1.66 67.1 M 67.1 MB 25.57
decode down (micro) 1.66 33.6 M 33.6 MB 14.98
decode norm_rope_act (micro) 1.66 0 94.2 kB 9.24 0.7
$ gable run --set 'policy.compress="hamburger"'
! gable: its steps yield 1.66 tokens, and policy.execute "serial" gives each decode one
!   where: --set policy.compress
!   expected: policy.execute "hamburger" beside it
? 2
$ gable model llama-3.1-8b --compress swiftkv,mor
! gable: swiftkv and mor do not compose (rule same axis): both act on "arch", and no rule says what two of them make
!   where: --compress
? 2
$ gable model llama-3.1-8b --compress swiftkv,snapkv
! gable: swiftkv and snapkv do not compose (rule g): the prompt's queries that score tokens are never computed in the later layers
!   where: --compress
? 2
$ gable model mixtral-8x7b-v0.1 --compress mor
! gable: mor does not fit mixtral-8x7b-v0.1: its mixture of experts (gqa)
!   where: --compress
!   expected: a model or a method that go together (gable explain mor)
? 2
$ gable model deepseek-v3 --compress parscale
! gable: parscale does not fit deepseek-v3: its attention (multi-head latent attention)
!   where: --compress
!   expected: a model or a method that go together (gable explain parscale)
? 2
$ gable model llama-3.1-8b --compress 'compress_kv_heads{heads=0.4}'
! gable: 3 KV heads do not divide the model's 32 heads
!   where: $ROOT/policies/cards/compress/compress_kv_heads.json:12:12 (does.0)
? 2
$ gable run --set 'policy.compress="mor{recursions=2}"' --set trace.generate.requests=200 --json | grep -v -E '"(wall_s|peak_rss_mib|steps|held_steps|events|steps_fast|steps_s)"' > a.json; gable run --exact --set 'policy.compress="mor{recursions=2}"' --set trace.generate.requests=200 --json | grep -v -E '"(wall_s|peak_rss_mib|steps|held_steps|events|steps_fast|steps_s)"' > b.json; diff a.json b.json | grep -v -E 'sim|---|[0-9]+c[0-9]+' | head -5
$ gable run --set model=minimax-m1 --set cluster.hardware=h200-sxm --set cluster.tp=8 --set trace.generate.requests=50 --json | grep -E '"(completed|lost_sharing_tokens)"'
    "completed": 50,
    "lost_sharing_tokens": 0,
