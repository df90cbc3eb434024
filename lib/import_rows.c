/* import_rows.c - the flags that the import knows: vLLM's engine arguments and SGLang's server arguments (their documentation, 2025). */
#include <string.h>

#include "base/text.h"
#include "lib/import_parts.h"

#define KV_FORMATS "auto=|fp8=fp8|fp8_e4m3=fp8|fp8_e5m2=fp8|int8=int8|bfloat16=bf16|bf16=bf16|float16=fp16|half=fp16"
#define DTYPES "auto=|bfloat16=bf16|bf16=bf16|float16=fp16|fp16=fp16|half=fp16|float32=fp32|float=fp32"
/* "?": the checkpoint says it; what follows is for one that does not. */
#define QUANTISATIONS                                                                                                          \
    "fp8=fp8|awq=int4|awq_marlin=int4|gptq=?int4|gptq_marlin=?int4|marlin=int4|bitsandbytes=int4|w8a8_int8=int8|"             \
    "w8a8_fp8=fp8|fbgemm_fp8=fp8|mxfp4=fp4|modelopt=fp8|modelopt_fp8=fp8|modelopt_fp4=fp4|compressed-tensors=?"
#define UNREAD NULL, GBL_FLAG_DROP, NULL
#define OTHERWISE GBL_UNMODELLED, GBL_FLAG_DROP, NULL
#define OTHERWISE_ON GBL_UNMODELLED, GBL_FLAG_QUIET, NULL
#define COMMON                                                                                                                 \
    {"host|port|api-key|tokenizer|tokenizer-mode|revision|chat-template|tool-call-parser|reasoning-parser|"                   \
     "download-dir|load-format|root-path|uvicorn-log-level|log-level|ssl-keyfile|ssl-certfile|hf-token|response-role|seed|"    \
     "random-seed|distributed-executor-backend|nnodes|node-rank|dist-init-addr|generation-config|config-format", UNREAD},     \
    {"served-model-name", NULL, GBL_FLAG_MANY, NULL},                                                                         \
    {"trust-remote-code|enable-auto-tool-choice|disable-log-requests|no-enable-log-requests|disable-log-stats|enable-metrics|" \
     "log-requests|disable-uvicorn-access-log|enable-prompt-tokens-details|enable-log-requests|skip-tokenizer-init",          \
     NULL, GBL_FLAG_QUIET, NULL},                                                                                             \
    {"attention-backend", OTHERWISE},                                                                                         \
    {"disable-custom-all-reduce", OTHERWISE_ON},                                                                              \
    {"stream-interval", NULL, GBL_FLAG_ONLY, "1|tokens are streamed one by one"},                                             \
    {"speculative-config|speculative-model|speculative-algorithm|num-speculative-tokens|speculative-draft-model-path|speculative-num-steps", \
     NULL, GBL_FLAG_REFUSE, "speculative decoding is not simulated yet"},                                                     \
    {"enable-lora|lora-modules|lora-paths|max-loras", NULL, GBL_FLAG_REFUSE, "adapters are not simulated"},                   \
    {"hf-overrides|json-model-override-args", NULL, GBL_FLAG_REFUSE,                                                          \
     "what stands in place of the model's own keys is not read; --model takes the path of a config.json that says it"},       \
    {"cpu-offload-gb", NULL, GBL_FLAG_REFUSE, "weights in host memory are not simulated"}

static const gbl_import_row vllm[] = {
    {"model", "model", GBL_FLAG_MODEL, NULL},
    {"tensor-parallel-size|tp", "cluster.tp", GBL_FLAG_COUNT, NULL},
    {"pipeline-parallel-size|pp", "cluster.pp", GBL_FLAG_COUNT, NULL},
    {"data-parallel-size|dp", "@dp", GBL_FLAG_COUNT, NULL},
    {"enable-expert-parallel|ep", "@experts", GBL_FLAG_ON, "on"},
    {"no-enable-expert-parallel", "@experts", GBL_FLAG_ON, "off"},
    {"max-num-seqs", "engine.max_num_seqs", GBL_FLAG_COUNT, NULL},
    {"max-num-batched-tokens", "engine.max_num_batched_tokens", GBL_FLAG_COUNT, NULL},
    {"max-model-len", "engine.max_model_len", GBL_FLAG_COUNT, NULL},
    {"block-size", "engine.block_size", GBL_FLAG_COUNT, NULL},
    {"num-gpu-blocks-override", "engine.kv_blocks", GBL_FLAG_COUNT, NULL},
    {"gpu-memory-utilization", "engine.memory_utilization", GBL_FLAG_NUMBER, NULL},
    {"kv-cache-dtype", "engine.kv", GBL_FLAG_WORD, KV_FORMATS},
    {"dtype", "@dtype", GBL_FLAG_WORD, DTYPES},
    {"quantization|q", "@quantization", GBL_FLAG_WORD, QUANTISATIONS},
    {"enable-prefix-caching", "policy.prefix", GBL_FLAG_ON, "block"},
    {"no-enable-prefix-caching", "policy.prefix", GBL_FLAG_ON, "off"},
    {"enable-chunked-prefill", "@chunks", GBL_FLAG_ON, "on"},
    {"no-enable-chunked-prefill", "@chunks", GBL_FLAG_ON, "off"},
    {"scheduling-policy", "@order", GBL_FLAG_WORD, "fcfs=fcfs|priority=priority"},
    {"max-num-partial-prefills|max-long-partial-prefills", NULL, GBL_FLAG_ONLY, "1|prompts that are computed in pieces side by side are not simulated"},
    {"long-prefill-token-threshold", NULL, GBL_FLAG_ONLY, "0|pieces of long prompts are as large as the step's budget"},
    {"preemption-mode", "policy.preempt", GBL_FLAG_WORD, "recompute=recompute|swap=swap"},
    {"swap-space", "@swap_space", GBL_FLAG_NUMBER, NULL},
    {"kv-offloading-size", NULL, GBL_FLAG_GIB, NULL},
    {"kv-cache-memory-bytes|kv-cache-memory", NULL, GBL_FLAG_REFUSE, "KV memory is given as a share (--gpu-memory-utilization) or in blocks (--num-gpu-blocks-override)"},
    {"data-parallel-size-local|data-parallel-address|data-parallel-rpc-port|data-parallel-backend|api-server-count|"
     "limit-mm-per-prompt|task|runner", UNREAD},
    {"async-scheduling|headless", NULL, GBL_FLAG_QUIET, NULL}, /* the first is what the runtime card was measured with */
    {"no-async-scheduling|enable-eplb|enable-dbo", OTHERWISE_ON},
    {"compilation-config|cc|O|optimization-level|all2all-backend|max-seq-len-to-capture", OTHERWISE},
    {"cudagraph-capture-sizes|cuda-graph-sizes", GBL_UNMODELLED, GBL_FLAG_MANY, NULL},
    {"enforce-eager", NULL, GBL_FLAG_REFUSE, "no runtime card describes vLLM without CUDA graphs; engine.runtime takes the path of one of your own"},
    {"kv-transfer-config", NULL, GBL_FLAG_REFUSE, "connectors are described by pools with roles (cluster.pools) and tiers"},
    COMMON,
    {0}};
static const gbl_import_row sglang[] = {
    {"model-path|model", "model", GBL_FLAG_MODEL, NULL},
    {"tensor-parallel-size|tp-size|tp", "cluster.tp", GBL_FLAG_COUNT, NULL},
    {"pipeline-parallel-size|pp-size|pp", "cluster.pp", GBL_FLAG_COUNT, NULL},
    {"data-parallel-size|dp-size|dp", "@dp", GBL_FLAG_COUNT, NULL},
    {"enable-dp-attention", "@dp_attention", GBL_FLAG_ON, "on"},
    {"expert-parallel-size|ep-size|ep", "cluster.ep", GBL_FLAG_COUNT, NULL},
    {"max-running-requests", "engine.max_num_seqs", GBL_FLAG_COUNT, NULL},
    {"chunked-prefill-size", "@chunk", GBL_FLAG_COUNT, NULL},
    {"max-prefill-tokens", "@prefill", GBL_FLAG_COUNT, NULL},
    {"max-total-tokens", "@tokens", GBL_FLAG_COUNT, NULL},
    {"context-length", "engine.max_model_len", GBL_FLAG_COUNT, NULL},
    {"page-size", "engine.block_size", GBL_FLAG_COUNT, NULL},
    {"mem-fraction-static", "engine.memory_utilization", GBL_FLAG_NUMBER, NULL},
    {"kv-cache-dtype", "engine.kv", GBL_FLAG_WORD, KV_FORMATS},
    {"dtype", "@dtype", GBL_FLAG_WORD, DTYPES},
    {"quantization", "@quantization", GBL_FLAG_WORD, QUANTISATIONS},
    {"disable-radix-cache", "policy.prefix", GBL_FLAG_ON, "off"},
    {"schedule-policy", "@order", GBL_FLAG_WORD, "fcfs=fcfs|lpm=lpm"},
    {"schedule-conservativeness", "@conservativeness", GBL_FLAG_NUMBER, NULL},
    {"enable-mixed-chunk", "@mixed", GBL_FLAG_ON, "on"},
    {"sampling-backend|watchdog-timeout", UNREAD},
    {"cuda-graph-max-bs|moe-a2a-backend|moe-runner-backend|torch-compile-max-bs", OTHERWISE},
    {"cuda-graph-bs", GBL_UNMODELLED, GBL_FLAG_MANY, NULL},
    {"disable-overlap-schedule|enable-torch-compile|enable-eplb|enable-two-batch-overlap", OTHERWISE_ON},
    {"disaggregation-mode|disaggregation-transfer-backend", NULL, GBL_FLAG_REFUSE, "prefill and decode servers are pools with roles (cluster.pools)"},
    {"disable-cuda-graph", NULL, GBL_FLAG_REFUSE, "no runtime card describes SGLang without CUDA graphs; engine.runtime takes the path of one of your own"},
    COMMON,
    {0}};

const gbl_import_row *gbl_import_rows(const char *engine) { return !strcmp(engine, "vllm") ? vllm : sglang; }

static int same_name(const char *flag, size_t n, const char *name, size_t len) {
    if (n != len) return 0;
    for (size_t i = 0; i < n; i++)
        if ((flag[i] == '_' ? '-' : flag[i]) != name[i]) return 0;
    return 1;
}

const gbl_import_row *gbl_import_find(const gbl_import_row *rows, const char *flag, size_t n) {
    for (const gbl_import_row *r = rows; r->names; r++)
        for (const char *s = r->names; *s;) {
            size_t len = strcspn(s, "|");
            if (same_name(flag, n, s, len)) return r;
            s += len + (s[len] == '|');
        }
    return NULL;
}

int gbl_import_unknown(const gbl_import_row *rows, const char *flag, gbl_arena *a, gbl_err *err) {
    const char *names[256];
    size_t n = 0;
    for (const gbl_import_row *r = rows; r->names; r++)
        for (const char *s = r->names; *s && n < 256;) {
            size_t len = strcspn(s, "|");
            names[n++] = gbl_arena_printf(a, "--%.*s", (int)len, s);
            s += len + (s[len] == '|');
        }
    gbl_fail(err, GBL_EINPUT, "the flag %s is not known to the import", flag);
    gbl_expected(err, "a flag of the engine's documentation that gable models or may drop");
    return gbl_nearest(err, gbl_near(flag, names, n));
}
