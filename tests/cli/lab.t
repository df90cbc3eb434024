# gable lab: methods on the synthetic process, kept sets, and what is refused.
$ gable lab mass --tokens 512 --generated 64 --layers 2 --heads 2 --budgets 0.1
synthetic: gpt-j-6b
512 tokens, 448 of them the prompt; 2 of 32 layers, 2 heads (2 KV); 256 generated rows of heads, 72 that looked at a needle

budget 10 % of the prompt
method         mass %   p5 %  in place %  needle %  held %  read %  mass
-------------  ------  -----  ----------  --------  ------  ------  --------------------
full            100.0  100.0       100.0     100.0   100.0   100.0  ####################
mikv             84.2   84.1        84.2      84.1    18.8   100.0  #################
oracle           78.0   71.9        78.0      99.3   100.0     9.4  ################
kvmerger         78.0   55.9        60.7      56.4    16.0    16.0  ################
d2o              61.7   36.3        48.0      32.5     9.6     9.6  ############
h2o              51.1   27.3        51.1       8.2     9.6     9.6  ##########
scissorhands     50.1   29.7        50.1       5.7     7.3     7.3  ##########
keyformer        48.4   26.0        48.4       9.4     9.6     9.6  ##########
elastic_cache    44.9   15.6        38.9       5.6    10.1    10.1  #########
prefixkv         37.0    9.7        37.0       3.3    10.0    10.0  #######
cake             36.0   17.7        36.0       0.0     9.6     9.6  #######
snapkv           35.1   16.0        35.1       0.0    16.0    16.0  #######
windowkv         31.4    2.4        31.4       3.5    15.9    15.9  ######
mpcache          26.7   11.6        26.7      10.1    16.0     4.2  #####
streamingllm     19.4    3.2        19.4       0.0     9.6     9.6  ####
random            9.1    2.5         9.1       8.0     9.6     9.6  ##

mass: attention of a generated row that falls on what is left; it ranks methods and is no score of a task
$ gable lab mass full h2o --tokens 512 --generated 64 --layers 1 --heads 1 --budgets 0.5,1 --json | sed 's/0\.\([0-9]\{4\}\)[0-9]*/0.\1/'
{
  "attention": "synthetic: gpt-j-6b",
  "tokens": 512,
  "prompt": 448,
  "layers": 1,
  "model_layers": 32,
  "heads": 1,
  "kv_heads": 1,
  "prompt_rows": 448,
  "rows": 64,
  "needle_rows": 24,
  "methods": [
    {
      "name": "full",
      "source": "baseline",
      "rank": 1,
      "mass_mean": 1,
      "budgets": [
        {
          "budget": 0.5,
          "mass": 1,
          "mass_p5": 1,
          "mass_in_place": 1,
          "needle_recall": 1,
          "held": 1,
          "read": 1
        },
        {
          "budget": 1,
          "mass": 1,
          "mass_p5": 1,
          "mass_in_place": 1,
          "needle_recall": 1,
          "held": 1,
          "read": 1
        }
      ]
    },
    {
      "name": "h2o",
      "source": "Zhang et al., NeurIPS'23",
      "rank": 2,
      "mass_mean": 0.8926,
      "budgets": [
        {
          "budget": 0.5,
          "mass": 0.8071,
          "mass_p5": 0.5359,
          "mass_in_place": 0.8071,
          "needle_recall": 0.3082,
          "held": 0.4689,
          "read": 0.4689
        },
        {
          "budget": 1,
          "mass": 0.9781,
          "mass_p5": 0.9836,
          "mass_in_place": 0.9781,
          "needle_recall": 0.8981,
          "held": 0.9358,
          "read": 0.9358
        }
      ]
    }
  ]
}
$ gable lab sets streamingllm --tokens 200 --generated 50 --layers 1 --heads 2 --budgets 0.1
layer 16, unit 0, 10 %, after the prompt: 0-3 139-149
layer 16, unit 1, 10 %, after the prompt: 0-3 139-149
layer 16, unit 0, 10 %, at the end: 0-3 189-199
layer 16, unit 1, 10 %, at the end: 0-3 189-199
$ gable lab sets h2o --tokens 128 --generated 16 --layers 1 --heads 1 --budgets 0.1 --json > a; gable lab sets h2o --tokens 128 --generated 16 --layers 1 --heads 1 --budgets 0.1 --json | cmp - a && echo same
same
$ gable lab sets h2o --tokens 128 --generated 16 --layers 1 --heads 1 --budgets 0.1 --json --seed 2 | cmp -s - a || echo other
other
$ gable lab mass h20
! gable: the lab has no method 'h20'
!   expected: full, oracle, random, streamingllm, h2o, scissorhands, keyformer, snapkv, d2o, mikv, kvmerger, elastic_cache, prefixkv, mpcache, windowkv, cake
!   nearest: h2o
? 2
$ gable lab mass h2o h2o
! gable: method 'h2o' is named twice
? 2
$ gable lab mass streamingllm 'streamingllm{sinks=0}' --tokens 512 --generated 64 --layers 2 --heads 2 --budgets 0.2 | sed -n 7,8p
streamingllm             31.6  12.7        31.6       0.0    19.0    19.0  ######
streamingllm{sinks=0}    26.8  13.7        26.8       0.0    19.0    19.0  #####
$ gable lab mass streamingllm 'streamingllm{sinks=0}' --tokens 512 --generated 64 --layers 2 --heads 2 --budgets 0.2 --process 'gpt-j-6b{sink_share=0}' | sed -n 7,8p
streamingllm{sinks=0}    32.3  13.7        32.3       0.0    19.0    19.0  ######
streamingllm             31.6  12.7        31.6       0.0    19.0    19.0  ######
$ gable lab mass cake 'cake{even=true}' 'cake{tau1=1.9,tau2=1.8}' --tokens 1024 --generated 64 --layers 8 --heads 2 --budgets 0.1 | sed -n 7,9p
cake{even=true}            64.1  33.0        64.1       4.8     9.8     9.8  #############
cake{tau1=1.9,tau2=1.8}    64.0  38.8        64.0       6.3     9.8     9.8  #############
cake                       46.6  24.5        46.6      15.0     9.8     9.8  #########
$ gable lab sets 'h2o{recent=1}' --tokens 200 --generated 50 --layers 1 --heads 1 --budgets 0.1
layer 16, unit 0, 10 %, after the prompt: 135-149
layer 16, unit 0, 10 %, at the end: 185-199
$ gable lab mass 'streamingllm{sinks=4}' streamingllm
! gable: method 'streamingllm' is named twice
? 2
$ gable lab mass 'streamingllm{sink=0}'
! gable: unknown key 'sink'
!   where: METHOD sink
!   expected: one of sinks, use
!   nearest: sinks
? 2
$ gable lab mass 'streamingllm{sinks=-1}'
! gable: 'sinks' is out of range: -1
!   where: METHOD sinks
!   expected: an integer from 0 to 1000000 (tokens)
? 2
$ gable lab mass 'mikv{bits=1}'
! gable: method 'mikv' has no parameters
!   expected: gable lab mass mikv
? 2
$ gable lab mass 'h20{recent=1}'
! gable: the lab has no method 'h20'
!   expected: full, oracle, random, streamingllm, h2o, scissorhands, keyformer, snapkv, d2o, mikv, kvmerger, elastic_cache, prefixkv, mpcache, windowkv, cake
!   nearest: h2o
? 2
$ gable lab mass 'h2o{recent'
! gable: cannot read 'h2o{recent'
!   where: METHOD
!   expected: a name, or name{key=value,...}
? 2
$ gable lab mass --budgets 0.1,0.10
! gable: budget 0.1 is named twice
!   where: --budgets
? 2
$ gable lab mass --budgets 0.1,nan
! gable: cannot use --budgets 0.1,nan
!   where: --budgets
!   expected: up to 16 shares above 0, up to 1, with commas between
? 2
$ gable lab mass --budgets ''
! gable: --budgets has an empty value
!   expected: --budgets F,F,...
? 2
$ gable lab mass --process gptj
! gable: there is no process 'gptj'
!   where: --process
!   expected: gpt-j-6b, cerebras-gpt-6.7b, mpt-7b
? 2
$ gable lab mass --process gpt-j
! gable: there is no process 'gpt-j'
!   where: --process
!   expected: gpt-j-6b, cerebras-gpt-6.7b, mpt-7b
!   nearest: gpt-j-6b
? 2
$ gable lab mass --process ''
! gable: --process has an empty value
!   expected: --process NAME{...}
? 2
$ gable lab mass full --tokens 128 --generated 32 --layers 1 --heads 1 --budgets 0.5 --process 'mpt-7b{retrieval_heads=1,spike=0.5}' | head -2
synthetic: mpt-7b{retrieval_heads=1,spike=0.5}
128 tokens, 96 of them the prompt; 1 of 32 layers, 1 heads (1 KV); 32 generated rows of heads, 24 that looked at a needle
$ gable lab mass --process 'mpt-7b{retrieval_head=1}'
! gable: unknown key 'retrieval_head'
!   where: --process retrieval_head
!   expected: one of anchor, floor, zipf, heavy_share, noise, persistence, contrast, sink_share, local_tokens, retrieval_heads, streaming, common, spike, spike_rate, key_step, use
!   nearest: retrieval_heads
? 2
$ gable lab mass --process 'mpt-7b{spike=2}'
! gable: 'spike' is out of range: 2
!   where: --process spike
!   expected: a number from 0 to 0.99 (share)
? 2
$ gable lab mass --process 'mpt-7b{name=x}'
! gable: unknown key 'name'
!   where: --process name
!   expected: one of anchor, floor, zipf, heavy_share, noise, persistence, contrast, sink_share, local_tokens, retrieval_heads, streaming, common, spike, spike_rate, key_step, use
? 2
$ gable lab mass --generated 4096
! gable: 4096 generated tokens of 4096 leave no prompt
!   expected: --generated below --tokens
? 2
$ gable lab mass --tokens 1048576 --heads 128 --layers 32
! gable: 32 layers of 128 heads of 1048576 tokens are too many
!   expected: a product of at most 268435456
? 2
$ gable lab mass --tokens 1048576 --heads 8 --layers 32
! gable: synthetic: gpt-j-6b would take 110 GiB of memory
!   expected: at most 64: fewer tokens, layers, heads, budgets or methods
? 2
$ mkdir folder; gable lab rank folder
! gable: folder is no recording of attention
!   expected: a file that begins with GBLATTN, as validate/record_attention.py writes it
? 2
$ gable lab rank /dev/null
! gable: /dev/null is no recording of attention
!   expected: a file that begins with GBLATTN, as validate/record_attention.py writes it
? 2
$ gable lab mass --windowed
! gable: --windowed means nothing without --recorded
!   expected: one of the two
? 2
$ gable lab mass --recorded nowhere.attn
! gable: cannot open nowhere.attn: No such file or directory
!   expected: a recording of attention, as validate/record_attention.py writes it
? 2
$ echo hello > text; gable lab mass --recorded text
! gable: text is no recording of attention
!   expected: a file that begins with GBLATTN, as validate/record_attention.py writes it
? 2
$ gable lab mass --recorded text --tokens 100
! gable: --tokens means nothing with --recorded
!   expected: one of the two
? 2
$ gable lab rank
! gable: gable lab rank lacks an operand
!   expected: gable lab rank RECORDING [flags]
? 2
$ printf 'GBLATTN\0\002\0\0\0%060d' 0 > two; gable lab rank two
! gable: a recording of version 2
!   where: two, byte 8
!   expected: version 1
? 2
$ printf 'GBLATTN\0\001\0\0\0%060d' 0 > one; gable lab rank one
! gable: a count of layers that cannot be
!   where: one, byte 16
? 2
