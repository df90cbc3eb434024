# A card of KV compression for people: settings in force, what it does, bytes of an example, quality, caveats.
$ gable explain kivi-4bit | grep -v '^  card '
compress/kivi-4bit - KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache
  source   Liu et al., ICML'24; code jy-yuan/KIVI, models/llama_kivi.py
  verdict  card
  fits     mha, gqa attention, sliding windows too

settings in force
  bits       4 bits         Of a code, K and V alike. 1 to 8. (paper: 2 or 4)
  group      32 elements    Elements that share a scale and a zero. 8 to 256. (paper, sec. 5)
  residual   128 tokens     Tokens in full: K up to this many, V the last ones. 0 to 4096. (paper,
                            sec. 5)
  named: kivi-2bit, kivi-4bit

what it does, in canonical order
  bits       K and V in codes of 4 bits, 32 bits of scale and zero for each group of 32 (K along the
             tokens, V along the channels): 5 and 5 in all; K in full until 128 have gathered; V of
             the last 128 tokens in full

bytes of llama-3.1-8b in bf16 behind a prompt of 4,096 tokens: layers x KV heads x tokens x (K bits + V bits) x 128 / 8
layers  KV heads  tokens  K bits  V bits  channels  in full to K/V  layers a copy  lies in    bytes
------  --------  ------  ------  ------  --------  --------------  -------------  -------  -------
    32         8    4096       5       5       1/1         128/128              1  HBM      166 MiB
  in HBM 166 MiB of 512 MiB (0.3232); a step reads 166 MiB; most while the prompt is computed 166 MiB

bytes of llama-3.1-8b in bf16 behind a prompt of 32,768 tokens: layers x KV heads x tokens x (K bits + V bits) x 128 / 8
layers  KV heads  tokens  K bits  V bits  channels  in full to K/V  layers a copy  lies in     bytes
------  --------  ------  ------  ------  --------  --------------  -------------  -------  --------
    32         8   32768       5       5       1/1         128/128              1  HBM      1.26 GiB
  in HBM 1.26 GiB of 4 GiB (0.3138); a step reads 1.26 GiB; most while the prompt is computed 1.26 GiB

use: gable model llama-3.1-8b --compress kivi-4bit, or "policy": {"compress": ["kivi-4bit"]} in a scenario

quality, as published
task               model                     settings  value     of  source
-----------------  ------------------------  --------  -----  -----  ------------------------
LongBench avg(15)  LongChat-7b-v1.5-32K      bits=2     38.3  38.72  code, docs/long_bench.md
LongBench avg(15)  LongChat-7b-v1.5-32K      bits=4    38.79  38.72  code, docs/long_bench.md
LongBench avg(15)  Mistral-7B-Instruct-v0.2  bits=2    42.43  43.54  code, docs/long_bench.md
LongBench avg(15)  Mistral-7B-Instruct-v0.2  bits=4    43.53  43.54  code, docs/long_bench.md

caveats
  - Without fused kernels codes are widened by passes of their own, which turns the gain round:
    transformers' 4-bit quanto cache takes 19.7 s where 16 bits take 9.0 s (NVIDIA kvpress, 128k
    tokens, A100).
  - A row of quality is of groups of 32 and a residue of 128.
$ gable explain razorattention | sed -n '/^what it does/,/^use:/p'
what it does, in canonical order
  heads      splits the KV heads: 15 % "retrieval", the rest "local"
  tokens     in "local": keeps 261 tokens of all so far, generated ones among them; the first 4
             always; the last ones, without a score; the same everywhere; at the end of the prompt;
             a new token takes the slot of one that goes
  note       what is kept depends on the request: prefixes are not shared (rule j)

bytes of llama-3.1-8b in bf16 behind a prompt of 4,096 tokens: layers x KV heads x tokens x (K bits + V bits) x 128 / 8
layers  KV heads  tokens  K bits  V bits  channels  in full to K/V  layers a copy  lies in     bytes
------  --------  ------  ------  ------  --------  --------------  -------------  -------  --------
    32         1    4096      16      16       1/1             0/0              1  HBM        64 MiB
    32         7     261      16      16       1/1             0/0              1  HBM      28.5 MiB
  in HBM 92.5 MiB of 512 MiB (0.1808); a step reads 92.5 MiB; most while the prompt is computed 512 MiB

bytes of llama-3.1-8b in bf16 behind a prompt of 32,768 tokens: layers x KV heads x tokens x (K bits + V bits) x 128 / 8
layers  KV heads  tokens  K bits  V bits  channels  in full to K/V  layers a copy  lies in     bytes
------  --------  ------  ------  ------  --------  --------------  -------------  -------  --------
    32         1   32768      16      16       1/1             0/0              1  HBM       512 MiB
    32         7     261      16      16       1/1             0/0              1  HBM      28.5 MiB
  in HBM 541 MiB of 4 GiB (0.1320); a step reads 541 MiB; most while the prompt is computed 4 GiB

use: gable model llama-3.1-8b --compress razorattention, or "policy": {"compress": ["razorattention"]} in a scenario
$ gable explain attention_sink_empirical | sed -n '/^settings/,/^quality/p'
settings in force
  none

what it does: attention_sink_empirical is no method: its verdict is "input"

quality, as published
$ gable explain lserve | sed -n '/^what it does/,/^$/p'
what it does, in canonical order
  heads      splits the KV heads: 50 % "streaming", the rest "dense"
  tokens     in "streaming": keeps 384 tokens of all so far, generated ones among them; the first
             128 always; the last ones, without a score; the same everywhere; at the end of the
             prompt; a new token takes the slot of one that goes
  bits       K and V in codes of 8 bits
  read       in "dense": a step reads 4096 tokens, in pages of 64, chosen every 4 steps; an index of
             12.5 % of K is kept beside
  note       what is kept depends on the request: prefixes are not shared (rule j)

# As data it is the card itself.
$ gable explain kivi-4bit --json | head -n 4
{
  "kind": "compress",
  "name": "kivi-4bit",
  "file": "$ROOT/policies/cards/compress/kivi.json",
# Every card runs in the engine, and stepping through each token changes nothing; a few compositions with them.
$ cat > few.json <<'END'
> {"gable": "scenario/1", "trace": {"generate": {"requests": 16, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "uniform", "low": 50, "high": 3000}, "output": {"use": "uniform", "low": 20, "high": 200}}},
>  "model": "llama-2-7b", "cluster": {"hardware": "a100-80-sxm"}, "engine": {"kv_blocks": 600}}
> END
$ plain() { gable run few.json --json --set "policy.compress=\"$1\"" $2 2> error | sed -n '1,/"sim": {/p'; }; for m in $(gable list cards | awk '$1 == "compress" {print $2}') 'scissorhands{drop=33},minicache{overlap=0.5}' 'kvcrush,int8_kv' 'windowkv,minicache,kivi-2bit' 'snapkv{cap=1024},kivi-2bit,minicache{overlap=1}'; do plain "$m" > held; [ -s held ] || head -n 1 error; plain "$m" --exact | cmp -s - held || echo "$m differs"; done
gable: attention_sink_empirical is no method: its verdict is "input"
gable: its steps yield 1.66 tokens, and policy.execute "serial" gives each decode one
