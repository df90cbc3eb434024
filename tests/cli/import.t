A command line becomes a scenario that runs
$ gable import vllm 'vllm serve meta-llama/Llama-3.1-8B-Instruct -tp 2 --max-num-seqs 128 --max-num-batched-tokens 8k --kv-cache-dtype fp8 --gpu_memory_utilization=0.92 --port 8000 --no-enable-prefix-caching' --hardware h200-sxm
{
  "gable": "scenario/1",
  "engine": {
    "runtime": "vllm",
    "max_num_seqs": 128,
    "max_num_batched_tokens": 8000,
    "kv": "fp8",
    "memory_utilization": 0.92
  },
  "cluster": {
    "hardware": "h200-sxm",
    "tp": 2
  },
  "model": "llama-3.1-8b",
  "policy": {
    "prefix": "off"
  }
}
! gable: warning: without effect on a simulation, left out: --port
$ gable import sglang "python3 -m sglang.launch_server --model-path 'Qwen/Qwen3-8B' --schedule-policy lpm --tp 2 \
>   --mem-fraction-static 0.85" -o s.json; gable run s.json --set trace.limit=200 --json | grep '"completed"' | head -n 1
    "completed": 183,
$ gable import vllm 'vllm serve mistralai/Mixtral-8x7B-Instruct-v0.1 --tensor-parallel-size 4 --enable-expert-parallel --kv-offloading-size 64' | grep -A5 -E 'cluster|tiers'
  "cluster": {
    "tp": 4,
    "ep": 4
  },
  "tiers": [{"bytes":68719476736,"name":"dram"}]
}
$ gable import vllm 'vllm serve meta-llama/Llama-3.1-8B --max-num-seq 4'
! gable: the flag --max-num-seq is not known to the import
!   expected: a flag of the engine's documentation that gable models or may drop
!   nearest: --max-num-seqs
? 2
$ gable import vllm 'vllm serve foo/Bar'
! gable: unknown llm "bar"
!   where: --set model
!   expected: a card's name (gable list llm) or the path of a file
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --enforce-eager'
! gable: --enforce-eager: no runtime card describes vLLM without CUDA graphs; engine.runtime takes the path of one of your own
!   expected: the command line without it
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --kv-cache-dtype fp9'
! gable: --kv-cache-dtype takes no "fp9"
!   expected: auto, fp8, fp8_e4m3, fp8_e5m2, int8, bfloat16, bf16, float16, half
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B -tp'
! gable: --tp lacks its value
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B -tp 3'
! gable: tp 3 does not divide 32 attention heads
!   where: --set cluster.tp
!   expected: one of 1, 2, 4, 8, 16, 32
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --max-num-seqs many'
! gable: --max-num-seqs takes no "many"
!   expected: a number
? 2
$ gable import vllm 'vllm serve --tp 2'
! gable: the command line names no model
!   expected: vllm serve MODEL --flags, or --model-path MODEL
? 2
$ gable import vllm "vllm serve 'Qwen"
! gable: a quote ' is never closed
? 2
$ gable import trtllm x
! gable: no import from trtllm
!   expected: vllm or sglang, then the command line that starts it, in quotes
? 2
