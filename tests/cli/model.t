# gable model: the sheet, and what cannot be.
$ gable model llama-3.1-8b --batch 32 --context 2048 | head -n 2
llama-3.1-8b on h100-sxm x 1, runtime vllm (fitted calibration)
  parameters      8.030 B, active 8.030 B, 15.0 GiB of weights in bf16
$ gable model llama-3.1-8b --json | grep -E '"(parameters|bytes_per_token|resident_bytes|bound)":' | head -n 4
  "parameters": 8030261248,
    "bytes_per_token": 131072,
    "resident_bytes": 536870912,
  "bound": "hbm",
$ gable model llama-3.1-8
! gable: unknown llm "llama-3.1-8"
!   expected: a card's name (gable list llm) or the path of a file
!   nearest: llama-3.1-8b
? 2
$ gable model llama-3.1-8b --hardware h100-sxn
! gable: unknown hardware "h100-sxn"
!   expected: a card's name (gable list hardware) or the path of a file
!   nearest: h100-sxm
? 2
$ gable model llama-3.1-8b --runtime vlm
! gable: unknown runtime "vlm"
!   expected: a card's name (gable list runtime) or the path of a file
!   nearest: vllm
? 2
$ gable model llama-3.1-8b --tp 3
! gable: tp 3 does not divide 32 attention heads
!   expected: one of 1, 2, 4, 8, 16, 32
? 2
$ gable model llama-3.1-70b
! gable: llama-3.1-70b does not fit: * GB of weights a GPU (bf16, tp 1) and * GB of reserve leave no KV block in the * GB that h100-sxm gives
!   expected: a larger tp, fewer bits a weight, or a GPU with more memory (memory_utilization is 0.9)
? 2
$ gable model llama-3.1-8b --kv bf17
! gable: unknown format "bf17" of kv
!   expected: auto, bf16, fp16, fp8, int8, fp4 or int4
!   nearest: bf16
? 2
$ gable model llama-3.1-8b --batch 0
! gable: 'batch' is out of range: 0
!   where: --batch
!   expected: an integer from 1 to 1000000 (sequences)
? 2
$ gable model nowhere.json
! gable: cannot open the file: No such file or directory
!   where: nowhere.json
!   expected: a readable file, or - for standard input
? 2
$ gable model llama-3.1-8b --context 200000 > /dev/null
! gable: warning: 200000 tokens are beyond the context of llama-3.1-8b (131072)

# A card says the format that a model was released in.
$ for m in gpt-oss-120b deepseek-v3 llama-3.1-8b; do gable model $m --hardware h200-sxm --tp 8 | grep parameters; done
  parameters      116.829 B, active 5.712 B, 59.4 GiB of weights in fp4
  parameters      671.026 B, active 37.552 B, 627 GiB of weights in fp8
  parameters      8.030 B, active 8.030 B, 15.0 GiB of weights in bf16
$ gable run --set model=gpt-oss-120b --set trace.limit=20 | sed -n 2p
requests    20 injected = 20 completed + 0 rejected + 0 unfinished, 58.9 s simulated
$ gable model gpt-oss-120b --weights bf16
! gable: gpt-oss-120b does not fit: 233.7 GB of weights a GPU (bf16, tp 1) and 0.9 GB of reserve leave no KV block in the 77.0 GB that h100-sxm gives
!   expected: a larger tp, fewer bits a weight, or a GPU with more memory (memory_utilization is 0.9)
? 2
$ sed 's/"quant_method": "fp8"/"quant_method": "fp7"/' $ROOT/models/cards/llm/deepseek-v3.json >v3.json; gable model ./v3.json
! gable: quantisation "fp7" has no rule here
!   where: ./v3.json:25:17 (checkpoint)
!   expected: fp8, mxfp4, modelopt (FP8, NVFP4), compressed-tensors, or a method with bits 4 or 8 (awq, gptq)
? 2
$ sed 's/, "source": "quantization[^"]*"//' $ROOT/models/cards/llm/deepseek-v3.json >v3.json; gable model ./v3.json
! gable: the key "source" is missing
!   where: ./v3.json:25:17 (checkpoint)
!   expected: "source" in this object
? 2
$ sed 's/"checkpoint": {.*}/"checkpoint": "fp8"/' $ROOT/models/cards/llm/deepseek-v3.json >v3.json; gable model ./v3.json
! gable: checkpoint is no object
!   where: ./v3.json:25:17 (checkpoint)
!   expected: {"quant_method": "fp8", "source": ...}
? 2
# A sliding window is read alone, and nothing behind it is freed: the sheet says so where it matters.
$ gable model mistral-7b-v0.1 --context 20000 | grep window; gable model mistral-7b-v0.1 --context 4096 | grep -c '  window'
  window          4096 tokens in 32 of 32 layers: a step reads them alone, and nothing that they leave behind is freed
prefill  attention_prefill_window * sm *
decode   attention_decode_window * hbm *
0
? 1
# Cards of one's own whose numbers contradict one another.
$ sed 's/"idle_W": {"value": 70.0/"idle_W": {"value": 10000/' $ROOT/models/cards/hardware/h100-sxm.json > idle.json; gable model llama-3.1-8b --hardware ./idle.json
! gable: idle_W 10000 is no less than tdp_W 700
!   where: ./idle.json:* (idle_W)
!   expected: watts of an idle machine; a tenth of tdp_W where nothing is known
? 2
$ sed 's/"sms": {"value": 132/"sms": {"value": 1/' $ROOT/models/cards/hardware/h100-sxm.json > one.json; gable model llama-3.1-8b --hardware ./one.json
! gable: a peak of 989 TFLOP/s, and sms x fma_sm_clock x 2 x clock_MHz make 7.496
!   where: ./one.json:* (peak_TFLOP_s.bf16)
!   expected: sms, fma_sm_clock (dense 16-bit FMA of one in a cycle) and clock_MHz that explain the peak, within a factor of two
? 2
