A command line becomes a scenario that runs
$ gable import vllm 'vllm serve meta-llama/Llama-3.1-8B-Instruct -tp 2 --max-num-seqs 128 --max-num-batched-tokens 8k --kv-cache-dtype fp8 --gpu_memory_utilization=0.92 --port 8000 --no-enable-prefix-caching' --hardware h200-sxm
{
  "gable": "scenario/1",
  "model": "llama-3.1-8b",
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
!   where: foo/Bar
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
! gable: -tp lacks its value
!   expected: -tp VALUE
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B -tp 3'
! gable: tp 3 does not divide 32 attention heads
!   where: -tp
!   expected: one of 1, 2, 4, 8, 16, 32
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --max-num-seqs many'
! gable: --max-num-seqs takes no "many"
!   expected: a whole number
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

# A quantisation stands above --dtype, whichever comes first, and a checkpoint's name says its own.
$ for f in '--quantization awq --dtype half' '--dtype half --quantization awq' '--quantization fp8 --dtype bfloat16' '--dtype half' ''; do gable import vllm "vllm serve meta-llama/Llama-3.1-8B $f" | grep weights; done
    "weights": "int4"
    "weights": "int4"
    "weights": "fp8"
    "weights": "fp16"
? 1
$ for m in Qwen/Qwen3-32B-FP8 TheBloke/Llama-2-7B-AWQ Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8 neuralmagic/Meta-Llama-3.1-8B-Instruct-FP8-dynamic RedHatAI/Qwen3-8B-quantized.w4a16; do gable import vllm "vllm serve $m" | grep -E 'weights|model'; done
  "model": "qwen3-32b",
    "weights": "fp8"
  "model": "llama-2-7b",
    "weights": "int4"
  "model": "qwen2.5-7b-instruct",
    "weights": "int8"
  "model": "llama-3.1-8b",
    "weights": "fp8"
  "model": "qwen3-8b",
    "weights": "int4"
$ gable import vllm 'vllm serve meta-llama/Llama-3.1-8B --quantization compressed-tensors'
! gable: --quantization leaves the number of bits to the checkpoint, and llama-3.1-8b does not say it
!   expected: a name that ends with -FP8, -INT8, w4a16..., or the path of a config.json with quantization_config
? 2
$ gable import vllm 'vllm serve meta-llama/Llama-3.1-8B --dtype fp8'
! gable: --dtype takes no "fp8"
!   expected: auto, bfloat16, bf16, float16, fp16, half, float32, float
? 2

$ gable import vllm 'vllm serve openai/gpt-oss-120b --dtype bfloat16' | grep weights
? 1
$ gable import vllm 'vllm serve unsloth/gpt-oss-20b-BF16' | grep weights
    "weights": "bf16"

# Ranks of experts are one replica, those of any other model several; limits are a rank's.
$ for f in '--enable-expert-parallel -tp 8' '-tp 8 --enable-expert-parallel'; do gable import vllm "vllm serve Qwen/Qwen3-30B-A3B $f" | grep '"ep"'; done
    "ep": 8
    "ep": 8
$ gable import vllm 'vllm serve mistralai/Mixtral-8x7B-v0.1 -tp 2 -dp 4 --enable-expert-parallel --max-num-seqs 64 --num-gpu-blocks-override 1000' -o moe.json; gable run moe.json --set trace.limit=20 --json | grep '"completed"' | head -n 1; cat moe.json
    "completed": 18,
{
  "gable": "scenario/1",
  "model": "mixtral-8x7b-v0.1",
  "engine": {
    "runtime": "vllm",
    "max_num_seqs": 256,
    "kv_blocks": 4000
  },
  "cluster": {
    "tp": 2,
    "ep": 8,
    "dp": 4
  }
}
$ gable import vllm 'vllm serve mistralai/Mixtral-8x7B-v0.1 -tp 2 -dp 4' | grep -A3 cluster
  "cluster": {
    "tp": 2,
    "dp": 4
  }
$ gable import vllm 'vllm serve Qwen/Qwen3-8B -dp 4' | grep -A3 cluster
  "cluster": {
    "replicas": 4
  }
}
$ gable import vllm 'vllm serve Qwen/Qwen3-8B -dp 0'
! gable: -dp takes no 0
!   expected: 1 .. 1024
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B -tp 2 --enable-expert-parallel'
! gable: --enable-expert-parallel: qwen3-8b has no experts
!   expected: the command line without it
? 2
$ gable import sglang 'python -m sglang.launch_server --model-path deepseek-ai/DeepSeek-V3 --tp 8 --dp 8 --ep 8 --enable-dp-attention --quantization fp8' --hardware h200-sxm | grep -E 'batched|"tp"|"dp"|"ep"'
    "max_num_batched_tokens": 1024
    "tp": 1,
    "ep": 8,
    "dp": 8
$ gable import sglang 'python -m sglang.launch_server --model-path deepseek-ai/DeepSeek-V3 --tp 8 --dp 3 --enable-dp-attention' --hardware h200-sxm
! gable: --dp 3 does not divide the 8 GPUs of --tp under --enable-dp-attention
!   expected: --tp a multiple of --dp
? 2

# Schedulers do not hang on the order of flags.
$ for f in '--scheduling-policy priority --enable-chunked-prefill' '--enable-chunked-prefill --scheduling-policy priority' --no-enable-chunked-prefill '--scheduling-policy fcfs'; do gable import vllm "vllm serve Qwen/Qwen3-8B $f" | grep schedule; done
    "schedule": "priority"
    "schedule": "priority"
    "schedule": "prefill_first"
    "schedule": "chunked"
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --scheduling-policy priority --no-enable-chunked-prefill'
! gable: --no-enable-chunked-prefill beside --scheduling-policy priority: classes are simulated over chunked prompts alone
!   expected: one of the two
? 2
$ for f in '' '--schedule-policy fcfs' '--schedule-policy lpm --enable-mixed-chunk' '--schedule-conservativeness 0.3' '--chunked-prefill-size -1 --max-prefill-tokens 4k'; do gable import sglang "python -m sglang.launch_server --model-path Qwen/Qwen3-8B $f" | grep -A5 -E 'schedule|batched' | tr -d '\n '; echo; done
"schedule":{"use":"lpm","fcfs_above":0}}}
"schedule":{"use":"lpm","fcfs_above":0}}}
"schedule":{"use":"lpm","mixed":true}}}
"schedule":{"use":"lpm","fcfs_above":0,"new_token_ratio":0.21}}
"max_num_batched_tokens":4000},"policy":{"prefix":"radix","schedule":"prefill_first"}}
$ gable import sglang 'sglang serve --model-path Qwen/Qwen3-8B --chunked-prefill-size -1 --enable-mixed-chunk'
! gable: --chunked-prefill-size -1 beside --enable-mixed-chunk: prompts in one piece are simulated first come, first served and without decodes
!   expected: one of the two
? 2
$ gable import sglang 'sglang serve --model-path Qwen/Qwen3-8B --max-total-tokens 100000' | grep kv_blocks
    "kv_blocks": 6250
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --preemption-mode swap --swap-space 16' | grep -A3 preempt
    "preempt": {
      "use": "swap",
      "space_gib": 16
    }

# What is left out says whether it would matter.
$ gable import vllm 'CUDA_VISIBLE_DEVICES=0 vllm serve Qwen/Qwen3-8B -O3 --async-scheduling --max-num-partial-prefills 1 --attention-backend FLASHINFER --swap-space 16 --served-model-name a b' -o x.json
! gable: warning: without effect on a simulation, left out: --async-scheduling, --served-model-name, --swap-space
! gable: warning: left out, though the engine would run otherwise: -O, --attention-backend; the runtime card stands as it was measured
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --long-prefill-token-threshold 512'
! gable: --long-prefill-token-threshold 512: pieces of long prompts are as large as the step's budget
!   expected: 0, or the command line without it
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --kv-cache-memory-bytes 3G'
! gable: --kv-cache-memory-bytes: KV memory is given as a share (--gpu-memory-utilization) or in blocks (--num-gpu-blocks-override)
!   expected: the command line without it
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --enable-prefix-caching=false'
! gable: --enable-prefix-caching takes no "false"
!   expected: a switch alone, which takes no value; another switch says its opposite
? 2

# What starts no server of this engine is no command line.
$ gable import vllm 'docker run --gpus all -v ~/.cache:/root -p 8000:8000 vllm/vllm-openai:latest --model Qwen/Qwen3-8B -tp 2' | grep -E 'model|tp'
  "model": "qwen3-8b",
    "tp": 2
$ gable import vllm 'docker run --gpus all ubuntu'
! gable: no image of vllm in this command line of docker
!   expected: vllm/vllm-openai:TAG or what starts the server inside the container
? 2
$ gable import vllm 'echo foo bar Qwen/Qwen3-8B'
! gable: 'foo' is a second model beside "echo", or neither a flag nor a flag's value
!   expected: the one command line that starts the server
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B Qwen/Qwen3-14B'
! gable: 'Qwen/Qwen3-14B' is a second model beside "qwen3-8b", or neither a flag nor a flag's value
!   expected: the one command line that starts the server
? 2
$ gable import vllm 'vllm bench serve --model Qwen/Qwen3-8B'
! gable: 'vllm bench' does not start vllm
!   expected: vllm serve MODEL --flags, or python -m vllm.entrypoints.openai.api_server --model MODEL
? 2
$ gable import sglang 'vllm serve Qwen/Qwen3-8B'
! gable: 'vllm serve' does not start sglang
!   expected: python -m sglang.launch_server --model-path MODEL --flags
? 2
$ gable import vllm 'python -m sglang.launch_server --model-path Qwen/Qwen3-8B'
! gable: 'sglang.launch_server' does not start vllm
!   expected: vllm serve MODEL --flags, or python -m vllm.entrypoints.openai.api_server --model MODEL
? 2
$ gable import vllm "vllm serve 'Qwen/Qwen\"3-8B'"
! gable: unknown llm "qwen"3-8b"
!   where: Qwen/Qwen"3-8B
!   expected: a card's name (gable list llm) or the path of a file
!   nearest: qwen3-8b
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --max-num-seqs nan'
! gable: --max-num-seqs takes no "nan"
!   expected: a whole number
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --gpu-memory-utilization 3'
! gable: 'memory_utilization' is out of range: 3
!   where: --gpu-memory-utilization
!   expected: a number from 0.01 to 1 (share)
? 2
$ gable import sglang 'sglang serve --model-path Qwen/Qwen3-8B --schedule-conservativeness -3'
! gable: --schedule-conservativeness takes no "-3"
!   expected: a number from 0
? 2
$ gable import vllm 'vllm serve Qwen/Qwen3-8B --kv-offloading-size 32 --no-enable-prefix-caching'
! gable: with policy.prefix "off" nothing is cached, so a tier would be read by nothing
!   where: --kv-offloading-size
!   expected: "bytes": 0, or a prefix policy that caches
? 2
