#include "lib/import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/text.h"
#include "sim/scenario.h"

enum kind {
    COUNT,  /* a number, 8k and 8K too, as it is */
    NUMBER, /* any number */
    WORD,   /* translated by `map`: "theirs=ours|..."; a word that is not in it is refused */
    ON,     /* a switch: key = map */
    GIB,    /* GiB of host memory for KV: the tier "dram" */
    DROP,   /* a value without effect */
    QUIET,  /* a switch without effect */
    REFUSE  /* would change the result; `map` says why it cannot be taken over */
};
typedef struct row {
    const char *names; /* "a|b", without dashes; '-' and '_' are one */
    const char *key;
    enum kind kind;
    const char *map;
} row;

#define FORMATS "fp8=fp8|fp8_e4m3=fp8|fp8_e5m2=fp8|int8=int8|bfloat16=bf16|bf16=bf16|float16=fp16|half=fp16"
#define QUANTISATIONS "fp8=fp8|awq=int4|awq_marlin=int4|gptq=int4|gptq_marlin=int4|w8a8_int8=int8|w8a8_fp8=fp8|mxfp4=fp4|modelopt_fp4=fp4"
#define COMMON                                                                                                                 \
    {"host|port|api-key|served-model-name|tokenizer|tokenizer-mode|revision|chat-template|tool-call-parser|reasoning-parser|"  \
     "download-dir|load-format|root-path|uvicorn-log-level|log-level|ssl-keyfile|ssl-certfile|hf-token|response-role|seed|"    \
     "random-seed|distributed-executor-backend|nnodes|node-rank|dist-init-addr|generation-config|config-format",              \
     NULL, DROP, NULL},                                                                                                        \
    {"trust-remote-code|enable-auto-tool-choice|disable-log-requests|disable-log-stats|enable-metrics|log-requests|"           \
     "disable-uvicorn-access-log|enable-prompt-tokens-details|enable-log-requests|disable-custom-all-reduce|skip-tokenizer-init", \
     NULL, QUIET, NULL},                                                                                                       \
    {"speculative-config|speculative-model|speculative-algorithm|num-speculative-tokens|speculative-draft-model-path|speculative-num-steps", NULL, REFUSE, \
     "speculative decoding is not simulated yet"},                                                                             \
    {"enable-lora|lora-modules|lora-paths|max-loras", NULL, REFUSE, "adapters are not simulated"},                             \
    {"cpu-offload-gb", NULL, REFUSE, "weights in host memory are not simulated"}

static const row vllm[] = {
    {"tensor-parallel-size|tp", "cluster.tp", COUNT, NULL},
    {"pipeline-parallel-size|pp", "cluster.pp", COUNT, NULL},
    {"data-parallel-size|dp", "cluster.replicas", COUNT, NULL},
    {"enable-expert-parallel", "cluster.ep", ON, "tp"},
    {"max-num-seqs", "engine.max_num_seqs", COUNT, NULL},
    {"max-num-batched-tokens", "engine.max_num_batched_tokens", COUNT, NULL},
    {"max-model-len", "engine.max_model_len", COUNT, NULL},
    {"block-size", "engine.block_size", COUNT, NULL},
    {"num-gpu-blocks-override", "engine.kv_blocks", COUNT, NULL},
    {"gpu-memory-utilization", "engine.memory_utilization", NUMBER, NULL},
    {"kv-cache-dtype", "engine.kv", WORD, "auto=|" FORMATS},
    {"dtype", "engine.weights", WORD, "auto=|" FORMATS},
    {"quantization|q", "engine.weights", WORD, QUANTISATIONS},
    {"enable-prefix-caching", "policy.prefix", ON, "block"},
    {"no-enable-prefix-caching", "policy.prefix", ON, "off"},
    {"enable-chunked-prefill", "policy.schedule", ON, "chunked"},
    {"no-enable-chunked-prefill", "policy.schedule", ON, "prefill_first"},
    {"scheduling-policy", "policy.schedule", WORD, "fcfs=chunked|priority=priority"},
    {"preemption-mode", "policy.preempt", WORD, "recompute=recompute|swap=swap"},
    {"kv-offloading-size", NULL, GIB, NULL},
    {"swap-space", NULL, DROP, NULL},
    {"enforce-eager", NULL, REFUSE, "no runtime card describes vLLM without CUDA graphs; engine.runtime takes the path of one of your own"},
    {"kv-transfer-config", NULL, REFUSE, "connectors are described by pools with roles (cluster.pools) and tiers"},
    COMMON,
    {0}};
static const row sglang[] = {
    {"tensor-parallel-size|tp-size|tp", "cluster.tp", COUNT, NULL},
    {"pipeline-parallel-size|pp-size|pp", "cluster.pp", COUNT, NULL},
    {"data-parallel-size|dp-size|dp", "cluster.replicas", COUNT, NULL},
    {"expert-parallel-size|ep-size|ep", "cluster.ep", COUNT, NULL},
    {"max-running-requests", "engine.max_num_seqs", COUNT, NULL},
    {"chunked-prefill-size", "engine.max_num_batched_tokens", COUNT, NULL},
    {"context-length", "engine.max_model_len", COUNT, NULL},
    {"page-size", "engine.block_size", COUNT, NULL},
    {"mem-fraction-static", "engine.memory_utilization", NUMBER, NULL},
    {"kv-cache-dtype", "engine.kv", WORD, "auto=|" FORMATS},
    {"dtype", "engine.weights", WORD, "auto=|" FORMATS},
    {"quantization", "engine.weights", WORD, QUANTISATIONS},
    {"disable-radix-cache", "policy.prefix", ON, "off"},
    {"schedule-policy", "policy.schedule", WORD, "lpm=lpm|fcfs=prefill_first"},
    {"model-path|model", "model", WORD, NULL},
    {"max-prefill-tokens|schedule-conservativeness|attention-backend|sampling-backend", NULL, DROP, NULL},
    {"enable-mixed-chunk", "policy.schedule", ON, "chunked"},
    {"disaggregation-mode|disaggregation-transfer-backend", NULL, REFUSE, "prefill and decode servers are pools with roles (cluster.pools)"},
    {"disable-cuda-graph", NULL, REFUSE, "no runtime card describes SGLang without CUDA graphs; engine.runtime takes the path of one of your own"},
    COMMON,
    {0}};

/* ---- words ---- */

typedef struct line { const char **word; size_t n, room; gbl_arena *a; } line;

static int add_word(line *l, const char *text, size_t len, gbl_err *err) {
    if (gbl_grow(&l->word, &l->room, l->n + 1, sizeof *l->word)) return gbl_nomem(err, l->n);
    l->word[l->n++] = gbl_arena_textn(l->a, text, len);
    return 0;
}

/* As a shell would: blanks, quotes, and a backslash before a line's end or a character. */
static int split(line *l, const char *s, gbl_err *err) {
    char *word = gbl_arena_take(l->a, strlen(s) + 1);
    if (!word) return gbl_nomem(err, strlen(s));
    while (*s) {
        size_t n = 0;
        char quote = 0;
        while (isspace((unsigned char)*s) || (*s == '\\' && s[1] == '\n')) s += *s == '\\' ? 2 : 1;
        if (!*s) break;
        for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
            if (quote ? *s == quote : *s == '"' || *s == '\'') quote = quote ? 0 : *s;
            else if (*s == '\\' && s[1] && quote != '\'') {
                if (*++s != '\n') word[n++] = *s;
            } else word[n++] = *s;
        }
        if (quote) return gbl_fail(err, GBL_EINPUT, "a quote %c is never closed", quote);
        if (add_word(l, word, n, err)) return err->code;
    }
    return 0;
}

/* ---- rows ---- */

static int same_name(const char *flag, size_t n, const char *name, size_t len) {
    if (n != len) return 0;
    for (size_t i = 0; i < n; i++)
        if ((flag[i] == '_' ? '-' : flag[i]) != name[i]) return 0;
    return 1;
}

static const row *find(const row *rows, const char *flag, size_t n) {
    for (const row *r = rows; r->names; r++)
        for (const char *s = r->names; *s;) {
            size_t len = strcspn(s, "|");
            if (same_name(flag, n, s, len)) return r;
            s += len + (s[len] == '|');
        }
    return NULL;
}

static int unknown(const row *rows, const char *flag, gbl_arena *a, gbl_err *err) {
    const char *names[256];
    size_t n = 0;
    for (const row *r = rows; r->names; r++)
        for (const char *s = r->names; *s && n < 256;) {
            size_t len = strcspn(s, "|");
            names[n++] = gbl_arena_printf(a, "--%.*s", (int)len, s);
            s += len + (s[len] == '|');
        }
    gbl_fail(err, GBL_EINPUT, "the flag %s is not known to the import", flag);
    gbl_expected(err, "a flag of the engine's documentation that gable models or may drop");
    return gbl_nearest(err, gbl_near(flag, names, n));
}

static int set(gbl_doc *doc, const char *key, const char *text, gbl_err *err) { return gbl_doc_set(doc, key, text, err); }

static int bad_value(const char *flag, const char *value, const char *expected, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "%s takes no \"%s\"", flag, value);
    return gbl_expected(err, "%s", expected);
}

/* 8192, 8k (thousands), 8K (1024s), 0.9. */
static int number(gbl_doc *doc, const row *r, const char *flag, const char *value, gbl_arena *a, gbl_err *err) {
    char *end;
    double v = strtod(value, &end), unit = *end == 'k' ? 1e3 : *end == 'K' ? 1024 : *end == 'm' ? 1e6 : *end == 'M' ? 1048576 : 1;
    if (end == value || (unit != 1 && r->kind == NUMBER) || end[unit != 1]) return bad_value(flag, value, "a number", err);
    if (r->kind == GIB) return set(doc, "tiers", gbl_arena_printf(a, "[{\"name\": \"dram\", \"bytes\": %.0f}]", v * 1073741824.0), err);
    return set(doc, r->key, unit == 1 ? value : gbl_arena_printf(a, "%.0f", v * unit), err);
}

static int word(gbl_doc *doc, const row *r, const char *flag, const char *value, gbl_arena *a, gbl_err *err) {
    size_t n = strlen(value);
    for (const char *s = r->map; *s;) {
        size_t theirs = strcspn(s, "="), all = strcspn(s, "|");
        if (theirs == n && !strncmp(s, value, n)) return all > theirs + 1 ? set(doc, r->key, gbl_arena_textn(a, s + theirs + 1, all - theirs - 1), err) : 0;
        s += all + (s[all] == '|');
    }
    char *list = gbl_arena_text(a, "");
    for (const char *s = r->map; *s && list;) {
        list = gbl_arena_printf(a, "%s%s%.*s", list, *list ? ", " : "", (int)strcspn(s, "="), s);
        s += strcspn(s, "|");
        s += *s == '|';
    }
    return bad_value(flag, value, list ? list : "", err);
}

/* ---- models ---- */

static int has_card(gbl_arena *a, const char *name) { return gbl_data_path(a, gbl_arena_printf(a, "models/cards/llm/%s.json", name)) != NULL; }

/* A Hugging Face id as a card's name: organisation, letter case and the words for a tuned variant aside. */
static int model(gbl_doc *doc, const char *id, gbl_arena *a, gbl_err *err) {
    static const char *const words[] = {"-instruct", "-chat", "-hf", "-it", "-base", "-fp8", "-awq", "-gptq", "-int4"};
    const char *slash = strrchr(id, '/');
    char *name = gbl_arena_text(a, *id == '.' || *id == '/' ? id : slash ? slash + 1 : id);
    if (!name) return gbl_nomem(err, 64);
    if (name[0] == '.' || name[0] == '/') return set(doc, "model", gbl_arena_printf(a, "\"%s\"", name), err);
    for (char *c = name; *c; c++) *c = (char)tolower((unsigned char)*c);
    if (!strncmp(name, "meta-llama-", 11)) name += 5;
    for (size_t i = 0; i < sizeof words / sizeof *words && !has_card(a, name); i++) {
        char *at = strstr(name, words[i]), after = at ? at[strlen(words[i])] : 0;
        if (at && (!after || after == '-')) memmove(at, at + strlen(words[i]), strlen(at + strlen(words[i])) + 1);
    }
    return set(doc, "model", gbl_arena_printf(a, "\"%s\"", name), err); /* an unknown one is refused when it is bound */
}

/* ---- the line ---- */

static int flag_of(gbl_doc *doc, const row *rows, line *l, size_t *i, const char **dropped, gbl_err *err) {
    const char *text = l->word[*i], *name = text + strspn(text, "-"), *eq = strchr(name, '='), *value = eq ? eq + 1 : NULL;
    size_t n = eq ? (size_t)(eq - name) : strlen(name);
    const row *r = find(rows, name, n);
    const char *flag = gbl_arena_printf(l->a, "--%.*s", (int)n, name);
    if (!r) return unknown(rows, flag, l->a, err);
    int takes = r->kind != ON && r->kind != QUIET && r->kind != REFUSE;
    if (takes && !value && *i + 1 < l->n) value = l->word[++*i];
    if (takes && !value) {
        gbl_fail(err, GBL_EINPUT, "%s lacks its value", flag);
        return err->code;
    }
    switch (r->kind) {
    case COUNT:
    case NUMBER:
    case GIB: return number(doc, r, flag, value, l->a, err);
    case WORD: return r->map ? word(doc, r, flag, value, l->a, err) : model(doc, value, l->a, err);
    case ON: {
        const gbl_node *tp = gbl_node_at(gbl_doc_root(doc), "cluster.tp");
        return set(doc, r->key, strcmp(r->map, "tp") ? r->map : tp ? gbl_node_text(tp) : "1", err);
    }
    case REFUSE:
        gbl_fail(err, GBL_EINPUT, "%s: %s", flag, r->map);
        return gbl_expected(err, "the command line without it");
    case DROP:
    case QUIET: break;
    }
    *dropped = gbl_arena_printf(l->a, "%s%s%s", *dropped, **dropped ? ", " : "", flag);
    return *dropped ? 0 : gbl_nomem(err, 64);
}

/* "vllm serve", "python -m vllm.entrypoints.openai.api_server", "python3 -m sglang.launch_server": what stands before the flags. */
static int is_launcher(const char *w) {
    return !strcmp(w, "vllm") || !strcmp(w, "serve") || !strncmp(w, "python", 6) || !strcmp(w, "-m") || !strncmp(w, "vllm.", 5) || !strncmp(w, "sglang", 6) || !strcmp(w, "launch_server");
}

static int read_line(gbl_doc *doc, const row *rows, line *l, const char **dropped, gbl_err *err) {
    size_t i = 0;
    while (i < l->n && is_launcher(l->word[i])) i++;
    for (; i < l->n; i++) {
        const char *w = l->word[i];
        int code = w[0] == '-' && strcmp(w, "--model") ? flag_of(doc, rows, l, &i, dropped, err) : 0;
        if (w[0] != '-') code = model(doc, w, l->a, err);
        else if (!strcmp(w, "--model") && i + 1 < l->n) code = model(doc, l->word[++i], l->a, err);
        if (code) return code;
    }
    if (gbl_node_get(gbl_doc_root(doc), "model")) return 0;
    gbl_fail(err, GBL_EINPUT, "the command line names no model");
    return gbl_expected(err, "vllm serve MODEL --flags, or --model-path MODEL");
}

static int start(gbl_doc **doc, const char *engine, const char *hardware, gbl_arena *a, gbl_err *err) {
    static const char text[] = "{\"gable\": \"scenario/1\"}";
    int code = gbl_doc_parse(doc, "import", text, sizeof text - 1, err);
    if (!code) code = set(*doc, "engine.runtime", engine, err);
    if (!code && hardware) code = set(*doc, "cluster.hardware", gbl_arena_printf(a, "\"%s\"", hardware), err);
    if (!code && !strcmp(engine, "sglang")) code = set(*doc, "policy.prefix", "radix", err);
    return code;
}

static int bind_copy(const gbl_doc *doc, gbl_err *err) {
    gbl_doc *copy;
    gbl_scenario *s = NULL;
    int code = gbl_doc_part(&copy, gbl_doc_root(doc), err);
    if (!code) code = gbl_scenario_bind(&s, copy, err);
    gbl_scenario_free(s);
    return code;
}

/* Objects on lines of their own, like a document that somebody wrote. */
static void write_node(gbl_json *j, const char *key, const gbl_node *n) {
    if (gbl_node_kind(n) == GBL_OBJECT) {
        gbl_json_obj(j, key);
        for (const gbl_node *c = gbl_node_first(n); c; c = gbl_node_next(c)) write_node(j, gbl_node_key(c), c);
        gbl_json_end(j);
        return;
    }
    char *text = gbl_node_canonical(n);
    if (text) gbl_json_raw(j, key, text);
    gbl_free(text);
}

int gbl_import(gbl_json *j, const char *engine, const char *const *words, size_t n, const char *hardware, const char **dropped, gbl_arena *a, gbl_err *err) {
    const row *rows = !strcmp(engine, "vllm") ? vllm : sglang;
    line l = {.a = a};
    gbl_doc *doc = NULL;
    int code = 0;
    *dropped = "";
    for (size_t i = 0; i < n && !code; i++) code = n == 1 || strchr(words[i], ' ') ? split(&l, words[i], err) : add_word(&l, words[i], strlen(words[i]), err);
    if (!code) code = start(&doc, engine, hardware, a, err);
    if (!code) code = read_line(doc, rows, &l, dropped, err);
    if (!code) code = bind_copy(doc, err);
    if (!code) write_node(j, NULL, gbl_doc_root(doc));
    gbl_doc_free(doc);
    gbl_free(l.word);
    return code;
}
