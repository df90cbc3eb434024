# list, explain, schema.
$ gable list policies
family *policy *what it does, and whom it follows
...
schedule *batchllm *
...
 *chunked *Chunked prefills piggybacked on decodes*
 *Sarathi-Serve (arXiv 2403.02310)*
...
evict *advice *
...
$ gable list formats
trace format *read *what it is
---*
...
mooncake *yes *Mooncake JSON lines*
...
$ gable list hardwar
! gable: there is no list of hardwar
!   expected: hardware, llm, runtime, policies, cards or formats
!   nearest: hardware
? 2
$ gable list hardware | grep h100-sxm
h100-sxm *hopper *989 *fitted
$ gable list llm | grep llama-3.1-8b
llama-3.1-8b *8.03 B *GQA *32 *131,072 *128.0
$ gable list runtime
runtime *step us *
---*
...
ideal *0.0 *0.00 *0.00 *no *no
...
$ gable list --json | head -n 2
{
  "hardware": [
$ gable explain lru
evict/lru - The least recently used block goes; a chain is touched from its head.
source: textbook; libCacheSim's LRU on flat sets
no parameters

in a scenario: "policy": {"evict": "lru"}
$ gable explain schedule/chunked
schedule/chunked - Chunked prefills piggybacked on decodes under one token budget; nobody's decode stalls behind a prompt.
source: Sarathi-Serve (arXiv 2403.02310); vLLM v1 scheduler (vllm/v1/core/sched/scheduler.py)

parameters
    token_budget  INT     null     1..1000000000  tokens  Tokens computed in one step; null: engine.max_num_batched_tokens.
    reserve       CHOICE  "chunk"  chunk|prompt           What KV an admission reserves: the chunk (vLLM v1) or the whole prompt (Sarathi-Serve).
    watermark     REAL    null     0..1           share   Share of the blocks that an admission must leave free; null: 0 with reserve chunk, 0.01 with prompt.

in a scenario: "policy": {"schedule": {"use": "chunked", "token_budget": null}}
$ gable explain evict/lru --json
{
  "kind": "evict",
  "name": "lru",
  "help": "The least recently used block goes; a chain is touched from its head.",
  "source": "textbook; libCacheSim's LRU on flat sets",
  "abi": 0,
  "parameters": {}
}
$ gable explain h100-sxm | head -n 6
hardware/h100-sxm - $ROOT/models/cards/hardware/h100-sxm.json
key *value *source
---*
gable *hardware/1
name *h100-sxm
arch *hopper
$ gable explain h100-sxn
! gable: nothing is called h100-sxn
!   expected: a name that `gable list` prints, or KIND/NAME
!   nearest: h100-sxm
? 2
$ gable explain schedule/lru
! gable: nothing is called schedule/lru
!   expected: a name that `gable list` prints, or KIND/NAME
!   nearest: lru
? 2
$ gable explain arrival/curve
arrival/curve - Poisson with a rate that changes in time; after its last row the curve begins again

parameters
    file    TEXT  null                          CSV with columns t_s and rate_rps; a rate holds until the next t_s.
    rate_s  REAL  null  1e-06..1000000000  1/s  Mean of the curve: its rates are scaled to it; null: as they are.

in a scenario: "trace": {"generate": {"arrival": {"use": "curve", "file": null}}}
$ gable explain think/fixed
think/fixed - always the same

parameters
    s  REAL  1.0  0..1000000  s  Every pause.

in a scenario: "trace": {"generate": {"sessions": {"think": {"use": "fixed", "s": 1.0}}}}
$ gable explain fixed
fixed is 3 things; explain one of them:
  gable explain scale/fixed    Every replica of the cluster, all the time.
  gable explain length/fixed    always the same
  gable explain think/fixed    always the same
$ gable explain copulla
! gable: nothing is called copulla
!   expected: a name that `gable list` prints, or KIND/NAME
!   nearest: copula
? 2
$ gable explain copula --json | tr -d '\n ' | cut -c 1-130
{"kind":"generate","name":"copula","help":"whatgap,inputandoutputofarequesthavetodowitheachother","parameters":{"input_output":{"d
$ gable explain vllm | head -n 3
runtime/vllm - $ROOT/models/cards/runtime/vllm.json
key *value *source
---*
$ gable schema scenario | head -n 4
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "gable scenario/1",
  "type": "object",
# The parts of the other documents, each with its keys.
$ for k in sweep plan baseline claims; do gable schema $k | grep -o '"title": "[^"]*"'; done
"title": "gable sweep/1"
"title": "gable plan/1"
"title": "gable baseline/1"
"title": "gable claims/1"
$ gable schema sweep | grep -A 4 '"samples": {'; gable schema claims | grep -c '"capacity"'
        "samples": {
          "description": "Points of the hypercube.",
          "type": "integer",
          "minimum": 1,
          "maximum": 1000000,
2
$ gable schema scenari
! gable: there is no schema of scenari
!   expected: scenario, trace, policies, sweep, plan, baseline or claims
!   nearest: scenario
? 2
$ GABLE_DATA=/nowhere gable list
! gable: gable cannot find its cards
!   where: GABLE_DATA=/nowhere
!   expected: a folder with models/cards: above the program, its share/gable, or GABLE_DATA
? 2
