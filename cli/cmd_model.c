#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/output.h"
#include "models/sheet.h"

typedef struct model_opt {
    const char *hardware, *runtime, *weights, *activations, *kv, *compress;
    int64_t tp, batch, context, prompt, block_size, max_num_seqs, max_num_batched_tokens;
    double memory_utilization;
    int32_t json;
} model_opt;

#define TEXT(field, text, value, says)                \
    {                                                 \
        .row = {.name = text,                         \
                .type = GBL_P_STR,                    \
                .flags = GBL_P_NULLABLE,              \
                .offset = offsetof(model_opt, field), \
                .dflt = value,                        \
                .help = says},                        \
        .arg = "NAME"                                 \
    }
#define COUNT(field, text, value, most, of, says)     \
    {                                                 \
        .row = {.name = text,                         \
                .type = GBL_P_INT,                    \
                .offset = offsetof(model_opt, field), \
                .dflt = value,                        \
                .low = 1,                             \
                .high = most,                         \
                .unit = of,                           \
                .help = says},                        \
        .arg = "N"                                    \
    }
/* A count that may be left out: its default hangs on the model. */
#define MAYBE(field, text, most, of, says)            \
    {                                                 \
        .row = {.name = text,                         \
                .type = GBL_P_INT,                    \
                .flags = GBL_P_NULLABLE,              \
                .offset = offsetof(model_opt, field), \
                .dflt = "null",                       \
                .low = 1,                             \
                .high = most,                         \
                .unit = of,                           \
                .help = says},                        \
        .arg = "N"                                    \
    }

static const gbl_flag flags[] = {
    TEXT(hardware, "hardware", "\"h100-sxm\"", "the GPU's card, by name or path"),
    TEXT(runtime, "runtime", "\"vllm\"", "the engine around the kernels; ideal has no host, launch or front-end time"),
    COUNT(tp, "tp", "1", 1024, "GPUs", "tensor parallelism"),
    COUNT(batch, "batch", "1", 1000000, "sequences", "sequences of the decode step"),
    MAYBE(context, "context", 1000000000, "tokens",
          "tokens each of them holds; without it the model's context, at most 4,096"),
    MAYBE(prompt, "prompt", 1000000000, "tokens", "tokens of the prefill; without it --context"),
    TEXT(weights, "weights", "null", "format of the weights, or a precision card such as marlin; without it the checkpoint's own, else bf16"),
    TEXT(activations, "activations", "null",
         "format that is computed in; without it what the weights and the GPU allow"),
    TEXT(kv, "kv", "\"bf16\"", "format of the KV cache"),
    {.row = {.name = "compress",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(model_opt, compress),
             .dflt = "null",
             .help = "methods that compress the KV cache, with settings: snapkv{cap=1024},kivi-2bit"},
     .arg = "METHODS"},
    COUNT(block_size, "block-size", "16", 65536, "tokens", "tokens of a KV block"),
    COUNT(max_num_seqs, "max-num-seqs", "256", 1000000, "sequences", "for which the engine sets memory aside"),
    COUNT(max_num_batched_tokens, "max-num-batched-tokens", "8192", 1000000000, "tokens",
          "of one step, for which the engine sets memory aside"),
    {.row = {.name = "memory-utilization",
             .type = GBL_P_REAL,
             .offset = offsetof(model_opt, memory_utilization),
             .dflt = "0.9",
             .low = 0.01,
             .high = 1,
             .unit = "share",
             .help = "of the GPU's memory that the engine may use"},
     .arg = "X"},
    GBL_FLAG_JSON(model_opt, json),
    {.row = {.name = NULL}}};

static int64_t or_zero(int64_t v)
{
    return v == GBL_NULL_INT ? 0 : v;
}

static int print(const gbl_sheet *s, int json, gbl_err *err)
{
    if (!json) return gbl_sheet_print(s, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_sheet_json(s, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const model_opt *o = call->opt;
    gbl_sheet_ask ask = {.llm = call->arg[0],
                         .hardware = o->hardware,
                         .runtime = o->runtime,
                         .weights = o->weights,
                         .activations = o->activations,
                         .kv = o->kv,
                         .compress = o->compress,
                         .tp = o->tp,
                         .batch = o->batch,
                         .context = or_zero(o->context),
                         .prompt = or_zero(o->prompt),
                         .block_size = o->block_size,
                         .max_num_seqs = o->max_num_seqs,
                         .max_num_batched_tokens = o->max_num_batched_tokens,
                         .memory_utilization = o->memory_utilization};
    gbl_sheet *s = gbl_arena_take(call->arena, sizeof *s);
    if (!s) return gbl_nomem(err, sizeof *s);
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    int code = gbl_model_sheet(s, &ask, call->arena, err);
    if (code) return code;
    if (s->warning[0]) gbl_output_warn("%s", s->warning);
    code = print(s, o->json, err);
    gbl_sheet_free(s);
    return code;
}

const gbl_command gbl_cmd_model = {
    .name = "model",
    .operands = "LLM",
    .brief = "the analytical sheet of a model on a machine",
    .about = "Parameters, KV bytes, what fits, time of a prefill and of a decode step, and every operator against its "
             "roofline; no trace and no clock. LLM is a card's name or the path of a Hugging Face config.json.",
    .example = {{"gable model llama-3.1-8b --hardware h100-sxm --batch 32 --context 2048",
                 "a decode step of 32 sequences"},
                {"gable model ./config.json --hardware a100-80-sxm --tp 4 --json",
                 "a model of one's own on four GPUs"}},
    .flags = flags,
    .opt_size = sizeof(model_opt),
    .least = 1,
    .most = 1,
    .run = run};
