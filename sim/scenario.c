#include "sim/compress_spec.h"
#include "sim/scenario.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"

/* ---- every key, once: the tables that feed reading, defaults, help, schema and the stored document ---- */

#define AT(field) offsetof(gbl_scenario, field)
#define ANY 1, 0 /* low > high: no range */

static const gbl_param top_rows[] = {
    {"gable", GBL_P_STR, 0, AT(document), "\"scenario/1\"", 0, 0, NULL, NULL, "What kind of document this is."},
    {"name", GBL_P_STR, 0, AT(name), "\"chat on one H100\"", 0, 0, NULL, NULL, "What reports call the run."},
    {"trace", GBL_P_NODE, 0, AT(trace), "null", 0, 0, NULL, NULL, "The requests: a file, or {\"generate\": {...}}."},
    {"model", GBL_P_STR, 0, AT(model), "\"llama-3.1-8b\"", 0, 0, NULL, NULL, "An LLM card's name, or the path of a card or of a Hugging Face config.json."},
    {"cluster", GBL_P_NODE, 0, AT(cluster_node), "null", 0, 0, NULL, NULL, "The machines."},
    {"engine", GBL_P_NODE, 0, AT(engine_node), "null", 0, 0, NULL, NULL, "The serving engine's settings."},
    {"policy", GBL_P_NODE, 0, AT(policy_node), "null", 0, 0, NULL, NULL, "One policy a family: a name or {\"use\": name, parameters...}."},
    {"tiers", GBL_P_NODE, 0, AT(tiers_node), "null", 0, 0, NULL, NULL, "KV tiers below HBM."},
    {"slo", GBL_P_NODE, 0, AT(slo_node), "null", 0, 0, NULL, NULL, "Bounds that a good request meets; an object, or a preset's name."},
    {"client", GBL_P_NODE, 0, AT(client_node), "null", 0, 0, NULL, NULL, "How long clients and users wait."},
    {"run", GBL_P_NODE, 0, AT(run_node), "null", 0, 0, NULL, NULL, "Seed, warm-up and stop time."},
    {0}};
static const gbl_param cluster_rows[] = {
    {"hardware", GBL_P_STR, 0, AT(flat.hardware), "\"h100-sxm\"", 0, 0, NULL, NULL, "A hardware card's name or path."},
    {"replicas", GBL_P_INT, 0, AT(flat.replicas), "1", 1, 4096, NULL, NULL, "Copies of the model behind the router."},
    {"tp", GBL_P_INT, 0, AT(flat.tp), "1", 1, 1024, "GPUs", NULL, "Tensor parallelism: GPUs that share every layer."},
    {"pp", GBL_P_INT, 0, AT(flat.pp), "1", 1, 1024, "stages", NULL, "Pipeline parallelism: groups of layers."},
    {"dp", GBL_P_INT, 0, AT(flat.dp), "1", 1, 1024, NULL, NULL, "Data parallelism inside a replica."},
    {"ep", GBL_P_INT, 0, AT(flat.ep), "1", 1, 1024, "GPUs", NULL, "Expert parallelism: GPUs that share a layer's experts."},
    {"pools", GBL_P_NODE, 0, AT(pools_node), "null", 0, 0, NULL, NULL, "Several kinds of machines, instead of the keys above."},
    {0}};
/* Keys of "cluster" that only matter where KV moves between replicas. */
static const gbl_param network_rows[] = {
    {"kv_transfer", GBL_P_CHOICE, 0, AT(kv_transfer), "\"after\"", 0, 0, NULL, "after|layerwise", "When KV leaves a prefill replica: after the prompt, or layer by layer during its last step."},
    {"kv_transfer_reuse", GBL_P_BOOL, 0, AT(kv_transfer_reuse), "true", 0, 0, NULL, NULL, "Blocks that the decode replica's prefix cache has are not sent."},
    {"network_GB_s", GBL_P_REAL, GBL_P_NULLABLE, AT(network_gb_s), "null", 0.001, 1e5, "GB/s", NULL, "Network of a GPU in each direction; null: the hardware card's."},
    {"network_share", GBL_P_REAL, 0, AT(network_share), "0.87", 0.01, 1, "share", NULL, "What KV transfers reach of it (Mooncake's transfer engine: 87 of 100 GB/s on 4 x 200 Gb/s RoCE)."},
    {"network_latency_us", GBL_P_REAL, 0, AT(network_latency_us), "19", 0, 1e6, "us", NULL, "Added to each transfer (as a network step of a collective)."},
    {0}};
static const gbl_param pool_rows[] = {
    {"name", GBL_P_STR, 0, offsetof(gbl_pool, name), "\"pool\"", 0, 0, NULL, NULL, "The pool's name."},
    {"hardware", GBL_P_STR, 0, offsetof(gbl_pool, hardware), "\"h100-sxm\"", 0, 0, NULL, NULL, "A hardware card's name or path."},
    {"replicas", GBL_P_INT, 0, offsetof(gbl_pool, replicas), "1", 1, 4096, NULL, NULL, "Copies of the model in this pool."},
    {"tp", GBL_P_INT, 0, offsetof(gbl_pool, tp), "1", 1, 1024, "GPUs", NULL, "Tensor parallelism."},
    {"pp", GBL_P_INT, 0, offsetof(gbl_pool, pp), "1", 1, 1024, "stages", NULL, "Pipeline parallelism."},
    {"dp", GBL_P_INT, 0, offsetof(gbl_pool, dp), "1", 1, 1024, NULL, NULL, "Data parallelism inside a replica."},
    {"ep", GBL_P_INT, 0, offsetof(gbl_pool, ep), "1", 1, 1024, "GPUs", NULL, "Expert parallelism."},
    {"role", GBL_P_CHOICE, 0, offsetof(gbl_pool, role), "\"both\"", 0, 0, NULL, "both|prefill|decode", "Which phase its replicas serve."},
    {0}};
static const gbl_param engine_rows[] = {
    {"runtime", GBL_P_STR, 0, AT(runtime_name), "\"vllm\"", 0, 0, NULL, NULL, "The engine around the kernels; `ideal` for theory."},
    {"weights", GBL_P_STR, 0, AT(weights_name), "\"auto\"", 0, 0, NULL, NULL, "Weight format: bf16, fp16, fp8, int8, int4, or a precision card such as marlin; auto: the checkpoint's, else bf16."},
    {"activations", GBL_P_STR, 0, AT(activations_name), "\"auto\"", 0, 0, NULL, NULL, "Format that matrix products are computed in; auto: the weights' where the GPU has it, else bf16."},
    {"kv", GBL_P_STR, 0, AT(kv_name), "\"bf16\"", 0, 0, NULL, NULL, "Format of the KV cache: bf16, fp16, fp8, int8."},
    {"max_num_seqs", GBL_P_INT, 0, AT(max_num_seqs), "256", 1, 1 << 20, "sequences", NULL, "Sequences that may run at once in a replica."},
    {"max_num_batched_tokens", GBL_P_INT, 0, AT(max_num_batched_tokens), "8192", 1, 1 << 24, "tokens", NULL, "Tokens computed in one step, by each of the dp ranks."},
    {"max_model_len", GBL_P_INT, GBL_P_NULLABLE, AT(max_model_len), "null", 1, 1 << 30, "tokens", NULL, "Longest prompt + output; null: the model's context."},
    {"block_size", GBL_P_INT, 0, AT(block_size), "16", 1, 1 << 16, "tokens", NULL, "Tokens of a KV block."},
    {"kv_blocks", GBL_P_INT, GBL_P_NULLABLE, AT(kv_blocks), "null", 1, 1LL << 31, "blocks", NULL, "KV blocks of a replica; null: what its memory holds."},
    {"memory_utilization", GBL_P_REAL, 0, AT(memory_utilization), "0.9", 0.01, 1, "share", NULL, "Share of the device memory that the engine may use."},
    {0}};
static const gbl_param slo_rows[] = {
    {"preset", GBL_P_STR, GBL_P_NULLABLE, AT(slo.preset), "null", 0, 0, NULL, NULL, "MLPerf limits: llama2-70b, llama2-70b-interactive, llama3.1-405b, ..."},
    {"ttft_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(slo.ttft_ms), "500", 0, 1e12, "ms", NULL, "Largest time to first token; null: no bound."},
    {"tpot_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(slo.tpot_ms), "30", 0, 1e12, "ms", NULL, "Largest mean time per output token after the first; null: no bound."},
    {"itl_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(slo.itl_ms), "null", 0, 1e12, "ms", NULL, "Largest mean inter-token gap of a request."},
    {"e2el_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(slo.e2el_ms), "null", 0, 1e12, "ms", NULL, "Largest end-to-end latency."},
    {"attain", GBL_P_REAL, 0, AT(slo.attain), "0.99", 0, 1, "share", NULL, "Share of the injected requests that must be good."},
    {0}};
static const gbl_param client_rows[] = {
    {"timeout_s", GBL_P_REAL, GBL_P_NULLABLE, AT(timeout_s), "null", 1e-6, 1e9, "s", NULL, "A client gives up after this; null: never."},
    {"timeout_until", GBL_P_CHOICE, 0, AT(timeout_until), "\"end\"", 0, 0, NULL, "end|first_token", "What must have come by then."},
    {"retries", GBL_P_INT, 0, AT(retries), "0", 0, 30, NULL, NULL, "It sends the request again so often; the request stays one, with the arrival of its first try."},
    {"backoff_s", GBL_P_REAL, 0, AT(backoff_s), "1", 0, 1e6, "s", NULL, "Time before the first retry; doubled for each further one."},
    {"cancel_share", GBL_P_REAL, 0, AT(cancel_share), "0", 0, 1, "share", NULL, "Share of the requests whose user leaves ..."},
    {"cancel_s", GBL_P_REAL, 0, AT(cancel_s), "10", 1e-6, 1e6, "s", NULL, "... after an exponential time of this mean."},
    {0}};
static const gbl_param run_rows[] = {
    {"seed", GBL_P_INT, 0, AT(seed), "1", 0, GBL_SEED_MOST, NULL, NULL, "Seed of every keyed draw."},
    {"warmup_s", GBL_P_REAL, 0, AT(warmup_s), "0", 0, 1e9, "s", NULL, "Requests that arrive before this, counted from the first, are not measured."},
    {"stop_s", GBL_P_REAL, GBL_P_NULLABLE, AT(stop_s), "null", 0, 9e9, "s", NULL, "Simulated time at which the run ends; null: when all work is done."},
    {"belady", GBL_P_BOOL, 0, AT(belady), "false", 0, 0, NULL, NULL, "Record the order in which blocks are used, and say what Belady would have found in it."},
    {0}};

/* Default of each family, and whether there are policies to choose from yet. */
static const char *const family_default[GBL_FAMILIES] = {
    [GBL_ROUTE] = "round_robin", [GBL_ADMIT] = "always",   [GBL_SCHEDULE] = "chunked", [GBL_PREEMPT] = "recompute",
    [GBL_KVMEM] = "paged",       [GBL_PREFIX] = "block",   [GBL_EVICT] = "lru_tail",   [GBL_COMPRESS] = "none",
    [GBL_SPECULATE] = "off",     [GBL_PREFETCH] = "off",   [GBL_EXECUTE] = "serial",   [GBL_SCALE] = "fixed"};

static const struct { const char *name; double ttft_ms, tpot_ms; } presets[] = { /* MLPerf Inference server limits, p99 */
    {"llama2-70b", 2000, 200}, {"llama2-70b-interactive", 450, 40},     {"llama3.1-405b", 6000, 175}, {"llama3.1-405b-interactive", 4500, 80},
    {"llama3.1-8b", 2000, 100}, {"llama3.1-8b-interactive", 500, 30},   {"mixtral-8x7b", 2000, 200},  {"deepseek-r1", 2000, 80},
    {"deepseek-r1-interactive", 1500, 15}, {"gpt-oss-120b", 3000, 80}, {"gpt-oss-120b-interactive", 2000, 15}};
enum { PRESETS = sizeof presets / sizeof *presets };

/* ---- binding ---- */

static int object_or_absent(const gbl_node *n, gbl_err *err) {
    if (!n || gbl_node_kind(n) == GBL_OBJECT) return 0;
    if (*gbl_node_key(n)) gbl_node_fail(n, err, "'%s' must be an object", gbl_node_key(n));
    else gbl_node_fail(n, err, "this element must be an object");
    return gbl_expected(err, "{...}");
}

static int bind_part(gbl_scenario *s, const gbl_param *rows, const gbl_node *n, gbl_err *err) {
    int code = object_or_absent(n, err);
    return code ? code : gbl_param_bind(rows, s, n, NULL, s->arena, err);
}

static int bind_top(gbl_scenario *s, gbl_err *err) {
    static const gbl_param *const tables[] = {top_rows, cluster_rows, network_rows, engine_rows, slo_rows, client_rows, run_rows};
    int code = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && !code; i++) code = gbl_param_defaults(tables[i], s, s->arena, err);
    const gbl_node *root = gbl_doc_root(s->doc);
    if (!code && gbl_node_kind(root) != GBL_OBJECT) {
        gbl_node_fail(root, err, "a scenario is a JSON object");
        return gbl_expected(err, "{\"gable\": \"scenario/1\", ...}");
    }
    if (code || (code = gbl_param_bind(top_rows, s, root, NULL, s->arena, err))) return code;
    const gbl_node *kind = gbl_node_get(root, "gable");
    if (kind && strcmp(s->document, "scenario/1")) {
        gbl_node_fail(kind, err, "this is a '%s' document", s->document);
        return gbl_expected(err, "\"scenario/1\"");
    }
    return 0;
}

static int bind_bounds(gbl_scenario *s, const gbl_node *n, const char *const *skip, gbl_err *err) {
    const gbl_node *at = n;
    int code = 0;
    if (n && gbl_node_kind(n) == GBL_STRING) s->slo.preset = gbl_node_text(n);
    else if ((code = object_or_absent(n, err)) || (code = gbl_param_bind(slo_rows, s, n, skip, s->arena, err))) return code;
    if (!s->slo.preset) return 0;
    const char *names[PRESETS];
    for (int i = 0; i < PRESETS; i++) {
        names[i] = presets[i].name;
        if (strcmp(s->slo.preset, names[i])) continue;
        if (!gbl_node_get(n, "ttft_ms")) s->slo.ttft_ms = presets[i].ttft_ms;
        if (!gbl_node_get(n, "tpot_ms")) s->slo.tpot_ms = presets[i].tpot_ms;
        return 0;
    }
    if (gbl_node_kind(n) == GBL_OBJECT) at = gbl_node_get(n, "preset");
    gbl_node_fail(at, err, "unknown SLO preset '%s'", s->slo.preset);
    gbl_expected(err, "a preset's name such as llama2-70b or llama3.1-8b-interactive");
    return gbl_nearest(err, gbl_near(s->slo.preset, names, PRESETS));
}

/* One for whoever the class (a request's priority) and the tenant name; the bounds are bound in place and taken from there. */
static int bind_slo_class(gbl_scenario *s, gbl_slo_class *c, const gbl_node *n, gbl_err *err) {
    static const char *const who[] = {"class", "tenant", NULL};
    int64_t *const to[] = {&c->priority, &c->tenant};
    s->slo = (gbl_slo){0};
    int code = gbl_param_defaults(slo_rows, s, s->arena, err);
    if (!code) code = bind_bounds(s, n, who, err);
    c->slo = s->slo;
    for (int i = 0; i < 2 && !code; i++) {
        const gbl_node *key = gbl_node_get(n, who[i]);
        *to[i] = GBL_NULL_INT;
        if (key && gbl_node_kind(key) != GBL_NULL) code = gbl_node_int(key, to[i], err);
    }
    return code;
}

static int covers(const gbl_slo_class *a, const gbl_slo_class *b) {
    return (a->priority == GBL_NULL_INT || a->priority == b->priority) && (a->tenant == GBL_NULL_INT || a->tenant == b->tenant);
}

/* The first that fits counts, so who stands behind one that fits all of its requests is never looked at. */
static int check_slo_order(const gbl_scenario *s, const gbl_node *n, gbl_err *err) {
    const gbl_slo_class *last = &s->slo_class[s->n_slo_classes - 1];
    for (const gbl_slo_class *c = s->slo_class; c < last; c++) {
        if (!covers(c, last)) continue;
        gbl_node_fail(n, err, "slo.%d fits every request that this entry is for, and the first that fits counts, so it would be read by nothing", (int)(c - s->slo_class));
        return gbl_expected(err, "entries for a class or a tenant first, the one for all others last");
    }
    return 0;
}

static int bind_slo(gbl_scenario *s, gbl_err *err) {
    const gbl_node *n = s->slo_node;
    if (!n || gbl_node_kind(n) != GBL_ARRAY) return bind_bounds(s, n, NULL, err);
    if (!gbl_node_size(n)) {
        gbl_node_fail(n, err, "a list of SLOs must not be empty");
        return gbl_expected(err, "[{\"class\": 0, \"ttft_ms\": 200}, {\"ttft_ms\": 1000}]");
    }
    gbl_slo_class *list = gbl_arena_take(s->arena, gbl_node_size(n) * sizeof *list);
    if (!list) return gbl_nomem(err, gbl_node_size(n) * sizeof *list);
    s->slo_class = list;
    for (const gbl_node *e = gbl_node_first(n); e; e = gbl_node_next(e)) {
        int code = bind_slo_class(s, &list[s->n_slo_classes++], e, err);
        if (!code) code = check_slo_order(s, e, err);
        if (code) return code;
    }
    int any = gbl_scenario_slo_class(s, GBL_NULL_INT, GBL_NULL_INT);
    s->slo = any >= 0 ? list[any].slo : (gbl_slo){NULL, NAN, NAN, NAN, NAN, list[0].slo.attain};
    return 0;
}

int gbl_scenario_slo_class(const gbl_scenario *s, int64_t priority, int64_t tenant) {
    for (size_t i = 0; i < s->n_slo_classes; i++) {
        const gbl_slo_class *c = &s->slo_class[i];
        if ((c->priority == GBL_NULL_INT || c->priority == priority) && (c->tenant == GBL_NULL_INT || c->tenant == tenant)) return (int)i;
    }
    return -1;
}

/* What falls off the last tier of a replica goes to the store. */
static int check_store_last(const gbl_scenario *s, gbl_err *err) {
    const gbl_node *n = s->store.bytes > 0 ? s->store.at : NULL;
    while (n && (n = gbl_node_next(n)))
        for (int32_t i = 0; i < s->n_tiers; i++) {
            if (s->tier[i].at != n) continue;
            gbl_node_fail(n, err, "tier '%s' stands behind the store that all replicas share, and tiers stand fastest first", s->tier[i].name);
            return gbl_expected(err, "the tier of kind \"remote\" last");
        }
    return 0;
}

static int check_layerwise(const gbl_scenario *s, gbl_err *err) {
    const gbl_prefetch_policy *p = (const void *)s->choice[GBL_PREFETCH].policy;
    for (int32_t i = 0; i < s->n_tiers && !p->queued && !p->admitted; i++) {
        if (!s->tier[i].layerwise) continue;
        gbl_node_fail(gbl_node_get(s->tier[i].at, "layerwise"), err, "policy.prefetch \"%s\" loads nothing, so 'layerwise' would be read by nothing", p->head.name);
        return gbl_expected(err, "false, or a prefetch policy that loads");
    }
    return 0;
}

static int bind_tiers(gbl_scenario *s, gbl_err *err) {
    int code = gbl_tiers_bind(s->tier, &s->n_tiers, s->tiers_node, s->arena, err);
    if (!code) code = gbl_shared_bind(&s->store, s->tiers_node, s->arena, err);
    if (!code) code = check_store_last(s, err);
    if (!code) code = check_layerwise(s, err);
    if (code) return code;
    if (s->store.bytes > 0 && s->choice[GBL_PREFIX].policy->flags & (GBL_PREFIX_NO_INDEX | GBL_PREFIX_CHUNKS)) {
        gbl_node_fail(s->store.at, err, "policy.prefix \"%s\" looks up no prefixes, so the shared store would be read by nothing", s->choice[GBL_PREFIX].policy->name);
        return gbl_expected(err, "\"bytes\": 0, or policy.prefix \"block\" or \"radix\"");
    }
    if (s->n_tiers && s->compress_policy) return 0; /* the policy's: gbl_compress_spec_tiers */
    if (s->n_tiers && s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX) {
        gbl_node_fail(s->tier[0].at, err, "with policy.prefix \"%s\" nothing is cached, so a tier would be read by nothing", s->choice[GBL_PREFIX].policy->name);
        return gbl_expected(err, "\"bytes\": 0, or a prefix policy that caches");
    }
    if (s->n_tiers && s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_CHUNKS) {
        gbl_node_fail(s->tier[0].at, err, "policy.prefix \"%s\" looks for chunks in HBM alone, so a tier would be read by nothing", s->choice[GBL_PREFIX].policy->name);
        return gbl_expected(err, "\"bytes\": 0, or policy.prefix \"block\" or \"radix\"");
    }
    const gbl_node *prefetch = gbl_node_get(s->policy_node, "prefetch");
    if (s->n_tiers || !prefetch || !strcmp(s->choice[GBL_PREFETCH].policy->name, family_default[GBL_PREFETCH])) return 0;
    gbl_node_fail(prefetch, err, "without tiers there is nothing to load, so policy.prefetch would be read by nothing");
    return gbl_expected(err, "\"%s\", or tiers with bytes", family_default[GBL_PREFETCH]);
}

/* A key that nothing reads may only say its default. */
static int check_unread(const gbl_param *rows, const gbl_node *object, const char *why, gbl_err *err) {
    for (; rows->name; rows++) {
        const gbl_node *n = gbl_node_get(object, rows->name);
        char *text = n ? gbl_node_canonical(n) : NULL;
        int same = text && !strcmp(text, rows->dflt);
        gbl_free(text);
        if (!n || same) continue;
        gbl_node_fail(n, err, "%s, so '%s' would be read by nothing", why, rows->name);
        return gbl_expected(err, "%s", rows->dflt);
    }
    return 0;
}

/* Bytes that move need a network; where none do, its keys may only say their defaults. */
static int check_network(gbl_scenario *s, gbl_err *err) {
    gbl_param handoff[] = {network_rows[0], network_rows[1], {0}};
    int split = s->networked;
    s->networked |= s->store.bytes > 0;
    if (!s->networked) return check_unread(network_rows, s->cluster_node, "no KV moves between replicas", err);
    for (size_t i = 0; i < s->n_pools; i++) {
        if (!isnan(s->network_gb_s) || s->pool[i].hw.network_bps > 0) continue;
        gbl_node_fail(s->pool[i].at ? s->pool[i].at : s->store.at, err, "KV moves over the network, and the card of %s has none", s->pool[i].hw.name);
        return gbl_expected(err, "network_GB_s on the card, or cluster.network_GB_s");
    }
    return split ? 0 : check_unread(handoff, s->cluster_node, "no pool hands requests to another", err);
}

static int bind_format(const gbl_scenario *s, const char *key, const char *name, int automatic, int32_t *out, gbl_err *err) {
    static const char *const known[] = {"bf16", "fp16", "fp8", "int8", "int4", "fp4", "fp32", "auto"};
    *out = gbl_format_of(name);
    if (*out >= 0) return 0;
    if (!strcmp(name, "auto")) {
        *out = automatic;
        return 0;
    }
    const gbl_node *n = gbl_node_get(s->engine_node, key);
    if (n) gbl_node_fail(n, err, "unknown number format '%s'", name);
    else gbl_fail(err, GBL_EINPUT, "unknown number format '%s'", name);
    gbl_expected(err, "bf16, fp16, fp8, int8, int4, fp4 or auto");
    return gbl_nearest(err, gbl_near(name, known, sizeof known / sizeof *known));
}

/* A format's name, or that of a precision card. */
static int bind_weights(gbl_scenario *s, int own, gbl_err *err) {
    if (gbl_format_of(s->weights_name) >= 0 || !strcmp(s->weights_name, "auto")) return bind_format(s, "weights", s->weights_name, own, &s->weights, err);
    const gbl_node *n = gbl_node_get(s->engine_node, "weights");
    int code = gbl_precision_load(&s->precision, s->weights_name, gbl_doc_folder(s->doc), s->arena, err);
    s->weights = GBL_BF16;
    if (code && n && !*err->where) gbl_node_where(n, err);
    return code;
}

static int bind_engine(gbl_scenario *s, gbl_err *err) {
    int code = bind_part(s, engine_rows, s->engine_node, err);
    if (code || (code = gbl_runtime_load(&s->runtime, s->runtime_name, gbl_doc_folder(s->doc), s->arena, err))) {
        const gbl_node *n = gbl_node_get(s->engine_node, "runtime");
        if (code && n && !*err->where) gbl_node_where(n, err);
        return code;
    }
    int own = s->llm.checkpoint_format >= 0 ? s->llm.checkpoint_format : GBL_BF16;
    if ((code = bind_weights(s, own, err))) return code;
    if ((code = bind_format(s, "activations", s->activations_name, -1, &s->activations, err))) return code;
    if (s->precision.name && s->activations >= 0) {
        gbl_node_fail(gbl_node_get(s->engine_node, "activations"), err, "%s says what activations it multiplies, so engine.activations would be read by nothing", s->precision.name);
        return gbl_expected(err, "\"auto\"");
    }
    if (s->llm.ssm_inner && strcmp(s->kv_name, "bf16")) {
        gbl_node_fail(gbl_node_get(s->engine_node, "kv"), err, "%s keeps no KV, so engine.kv would be read by nothing", s->llm.name);
        return gbl_expected(err, "\"bf16\"");
    }
    return bind_format(s, "kv", s->kv_name, GBL_BF16, &s->kv, err);
}

static int check_pool(const gbl_scenario *s, gbl_pool *p, const gbl_node *n, gbl_err *err) {
    const gbl_node *at = gbl_node_get(n, "hardware");
    p->at = n;
    int code = gbl_hw_load(&p->hw, p->hardware, gbl_doc_folder(s->doc), s->arena, err);
    if (code && at && !*err->where) gbl_node_where(at, err);
    return code;
}

/* Prompts must go on to somebody, decodes must come from somebody, and bytes need a network. */
static int check_roles(gbl_scenario *s, gbl_err *err) {
    size_t n[3] = {0};
    const gbl_node *role = NULL;
    for (size_t i = 0; i < s->n_pools; i++) {
        n[s->pool[i].role]++;
        if (s->pool[i].role != GBL_ROLE_BOTH && !role) role = gbl_node_get(s->pool[i].at, "role");
    }
    if (!role) return 0;
    s->networked = 1;
    if (!n[GBL_ROLE_PREFILL]) {
        gbl_node_fail(role, err, "no pool hands requests to the decode pools");
        return gbl_expected(err, "a pool with role \"prefill\" beside it");
    }
    if (!n[GBL_ROLE_DECODE] && !n[GBL_ROLE_BOTH]) {
        gbl_node_fail(role, err, "no pool decodes what the prefill pools compute");
        return gbl_expected(err, "a pool with role \"decode\" or \"both\" beside it");
    }
    return 0;
}

static int check_pool_name(const gbl_scenario *s, const gbl_pool *p, gbl_err *err) {
    for (const gbl_pool *o = s->pool; o < p; o++) {
        if (strcmp(o->name, p->name)) continue;
        gbl_node_fail(p->at, err, "two pools are called '%s'", p->name);
        return gbl_expected(err, "a \"name\" of its own for each");
    }
    return 0;
}

static int bind_pools(gbl_scenario *s, gbl_err *err) {
    const gbl_node *list = s->pools_node;
    if (gbl_node_kind(list) != GBL_ARRAY || !gbl_node_size(list)) {
        gbl_node_fail(list, err, "'pools' must be a non-empty array");
        return gbl_expected(err, "[{\"name\": ..., \"hardware\": ..., \"replicas\": 2}]");
    }
    for (size_t i = 0; cluster_rows[i].type != GBL_P_NODE; i++) {
        const gbl_node *flat = gbl_node_get(s->cluster_node, cluster_rows[i].name);
        if (!flat) continue;
        gbl_node_fail(flat, err, "'%s' beside 'pools' would be read by nothing", cluster_rows[i].name);
        return gbl_expected(err, "the key inside each pool");
    }
    s->pool = gbl_arena_take(s->arena, gbl_node_size(list) * sizeof *s->pool);
    if (!s->pool) return gbl_nomem(err, gbl_node_size(list) * sizeof *s->pool);
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n)) {
        gbl_pool *p = &s->pool[s->n_pools++];
        int code = object_or_absent(n, err);
        if (!code) code = gbl_param_defaults(pool_rows, p, s->arena, err);
        if (!code) code = gbl_param_bind(pool_rows, p, n, NULL, s->arena, err);
        if (!code) code = check_pool(s, p, n, err);
        if (!code) code = check_pool_name(s, p, err);
        if (code) return code;
    }
    return 0;
}

static int bind_cluster(gbl_scenario *s, gbl_err *err) {
    static const char *const network_keys[] = {"kv_transfer", "kv_transfer_reuse", "network_GB_s", "network_share", "network_latency_us", NULL};
    const char *cluster_keys[sizeof cluster_rows / sizeof *cluster_rows] = {0};
    for (size_t i = 0; cluster_rows[i].name; i++) cluster_keys[i] = cluster_rows[i].name;
    int code = object_or_absent(s->cluster_node, err);
    if (!code) code = gbl_param_bind(cluster_rows, s, s->cluster_node, network_keys, s->arena, err);
    if (!code) code = gbl_param_bind(network_rows, s, s->cluster_node, cluster_keys, s->arena, err);
    if (code) return code;
    if (s->pools_node) code = bind_pools(s, err);
    else {
        s->pool = &s->flat;
        s->n_pools = 1;
        s->flat.name = "all";
        code = check_pool(s, s->pool, s->cluster_node, err);
    }
    for (size_t i = 0; i < s->n_pools; i++) s->replicas += s->pool[i].replicas;
    if (!code) code = check_roles(s, err);
    if (code || s->replicas <= 65536) return code;
    gbl_fail(err, GBL_EINPUT, "%lld replicas are more than can be simulated", (long long)s->replicas);
    gbl_where(err, "cluster.pools");
    return gbl_expected(err, "at most 65536 in all pools");
}

static int is_default_word(const gbl_node *n, enum gbl_family f) {
    if (f == GBL_COMPRESS && gbl_node_kind(n) == GBL_ARRAY && !gbl_node_size(n)) return 1;
    return gbl_node_kind(n) == GBL_STRING && !strcmp(gbl_node_text(n), family_default[f]);
}

static int bind_policies(gbl_scenario *s, gbl_err *err) {
    const char *known[GBL_FAMILIES + 1] = {0};
    for (int f = 0; f < GBL_FAMILIES; f++) known[f] = gbl_family_name((enum gbl_family)f);
    int code = object_or_absent(s->policy_node, err);
    if (!code && s->policy_node) code = gbl_node_only(s->policy_node, known, err);
    for (int f = 0; f < GBL_FAMILIES && !code; f++) {
        const gbl_node *n = gbl_node_get(s->policy_node, known[f]);
        if (f == GBL_COMPRESS) continue; /* compress_spec.c */
        if (gbl_policy_at((enum gbl_family)f, 0)) code = gbl_choice_bind(&s->choice[f], (enum gbl_family)f, n, family_default[f], s->arena, err);
        else if (n && !is_default_word(n, (enum gbl_family)f)) {
            gbl_node_fail(n, err, "family %s has no policy to choose", known[f]);
            code = gbl_expected(err, f == GBL_COMPRESS ? "[]" : "\"%s\"", family_default[f]);
        }
    }
    if (code) return code;
    const gbl_policy *mem = s->choice[GBL_KVMEM].policy, *prefix = s->choice[GBL_PREFIX].policy;
    if ((mem->flags & GBL_KVMEM_UNSHARED) && !(prefix->flags & GBL_PREFIX_NO_INDEX)) {
        gbl_node_fail(gbl_node_get(s->policy_node, "kvmem"), err, "with policy.kvmem \"%s\" requests share no blocks, and policy.prefix is \"%s\"", mem->name, prefix->name);
        return gbl_expected(err, "policy.prefix \"off\"");
    }
    const gbl_scale_policy *scale = (const void *)s->choice[GBL_SCALE].policy;
    if (scale->want && (s->networked || (s->tiers_node && gbl_node_size(s->tiers_node)))) {
        gbl_node_fail(gbl_node_get(s->policy_node, "scale"), err, "replicas that come and go have no %s yet", s->networked ? "roles" : "tiers below HBM");
        return gbl_expected(err, "\"fixed\", or %s", s->networked ? "pools of role \"both\"" : "no tiers");
    }
    const gbl_node *evict = gbl_node_get(s->policy_node, "evict");
    if (!(prefix->flags & GBL_PREFIX_NO_INDEX) || !evict || !strcmp(s->choice[GBL_EVICT].policy->name, family_default[GBL_EVICT])) return 0;
    gbl_node_fail(evict, err, "with policy.prefix \"%s\" nothing is cached, so policy.evict would be read by nothing", s->choice[GBL_PREFIX].policy->name);
    return gbl_expected(err, "\"%s\", or a prefix policy that caches", family_default[GBL_EVICT]);
}

/* Steps that are no single token stay on the replica, and in HBM. */
static int check_execute(const gbl_scenario *s, gbl_err *err) {
    const gbl_execute_policy *p = (const void *)s->choice[GBL_EXECUTE].policy;
    const gbl_node *n = gbl_node_get(s->policy_node, "execute"), *prefix = gbl_node_get(s->policy_node, "prefix");
    if (!p->stride && !p->feed) return 0;
    if (p->feed && s->impatient) {
        gbl_node_fail(s->client_node, err, "policy.execute \"%s\" makes prompts in pieces, and nobody can leave meanwhile yet", p->head.name);
        return gbl_expected(err, "no timeout_s and no cancel_share, or policy.execute \"serial\"");
    }
    if (p->head.flags & GBL_EXECUTE_STEP_TOKENS && (!s->compress || s->compress->arch.tokens_step <= 1)) {
        gbl_node_fail(n, err, "policy.execute \"%s\" is for models whose steps yield several tokens, and no method of policy.compress makes this one such", p->head.name);
        return gbl_expected(err, "\"serial\", or policy.compress \"hamburger\" beside it");
    }
    if (p->head.flags & GBL_EXECUTE_RECURSIONS && (!s->compress || s->compress->arch.recursions <= 1)) {
        gbl_node_fail(n, err, "policy.execute \"%s\" is for models that run shared layers several times, and no method of policy.compress makes this one such", p->head.name);
        return gbl_expected(err, "\"serial\", or policy.compress \"mor\" beside it");
    }
    if (s->networked || s->n_tiers) {
        gbl_node_fail(n, err, "policy.execute \"%s\" makes requests that %s", p->head.name, s->networked ? "no pool hands to another" : "tiers below HBM do not keep");
        return gbl_expected(err, "\"serial\", or %s", s->networked ? "pools of role \"both\" and no shared store" : "no tiers");
    }
    if (!(p->head.flags & GBL_EXECUTE_UNSHARED) || !prefix || !strcmp(s->choice[GBL_PREFIX].policy->name, family_default[GBL_PREFIX]) || s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX) return 0;
    gbl_node_fail(prefix, err, "under policy.execute \"%s\" requests share no KV, so policy.prefix would be read by nothing", p->head.name);
    return gbl_expected(err, "\"%s\" or \"off\"", family_default[GBL_PREFIX]);
}

int gbl_scenario_shares(const gbl_scenario *s) {
    return !(s->choice[GBL_EXECUTE].policy->flags & GBL_EXECUTE_UNSHARED) && !(s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX) && (!s->compress || s->compress->shareable);
}

static int bind_run(gbl_scenario *s, gbl_err *err) {
    int code = bind_part(s, run_rows, s->run_node, err);
    uint32_t flags = s->choice[GBL_PREFIX].policy->flags;
    if (code || !s->belady || !(flags & (GBL_PREFIX_NO_INDEX | GBL_PREFIX_CHUNKS))) return code;
    gbl_node_fail(gbl_node_get(s->run_node, "belady"), err, "with policy.prefix \"%s\" there are no leading runs of blocks to bound", s->choice[GBL_PREFIX].policy->name);
    return gbl_expected(err, "false, or a prefix policy that matches prefixes");
}

static int bind_model(gbl_scenario *s, gbl_err *err) {
    int code = gbl_llm_load(&s->llm, s->model, gbl_doc_folder(s->doc), s->arena, err);
    const gbl_node *n = gbl_node_get(gbl_doc_root(s->doc), "model");
    if (code && n && !*err->where) gbl_node_where(n, err);
    return code;
}

static int bind_client(gbl_scenario *s, gbl_err *err) {
    static const gbl_param *const rows = client_rows;
    int code = bind_part(s, rows, s->client_node, err);
    s->impatient = !isnan(s->timeout_s) || s->cancel_share > 0;
    gbl_param without_timeout[] = {rows[1], rows[2], rows[3], {0}}, without_cancel[] = {rows[5], {0}};
    if (!code && isnan(s->timeout_s)) code = check_unread(without_timeout, s->client_node, "without timeout_s nobody gives up", err);
    gbl_param without_retries[] = {rows[3], {0}};
    if (!code && !s->retries) code = check_unread(without_retries, s->client_node, "with retries 0 nobody tries again", err);
    if (!code && s->cancel_share == 0) code = check_unread(without_cancel, s->client_node, "with cancel_share 0 nobody leaves", err);
    return code;
}

static int bind_all(gbl_scenario *s, gbl_err *err) {
    int code = bind_top(s, err);
    if (!code) code = bind_model(s, err);
    if (!code) code = bind_engine(s, err);
    if (!code) code = bind_cluster(s, err);
    if (!code) code = bind_policies(s, err);
    if (!code) code = gbl_compress_spec_bind(s, err);
    if (!code) code = bind_tiers(s, err);
    if (!code) code = check_network(s, err);
    if (!code) code = bind_slo(s, err);
    if (!code) code = gbl_compress_spec_tiers(s, err);
    if (!code) code = bind_client(s, err);
    if (!code) code = check_execute(s, err);
    if (!code) code = bind_run(s, err);
    if (!code && s->trace) code = gbl_trace_check(s->trace, err);
    if (code) return code;
    for (size_t i = 0; i < s->n_pools; i++) { /* what cannot run is said before anything is simulated */
        gbl_cost *c;
        if ((code = gbl_scenario_cost(s, i, &c, err))) return code;
        gbl_cost_free(c);
    }
    return 0;
}

int gbl_scenario_cost(const gbl_scenario *s, size_t i, gbl_cost **out, gbl_err *err) {
    const gbl_pool *p = &s->pool[i];
    gbl_cost_spec spec = {.hw = &p->hw, .llm = &s->llm, .runtime = &s->runtime, .tp = (int32_t)p->tp, .pp = (int32_t)p->pp,
                          .dp = (int32_t)p->dp, .ep = (int32_t)p->ep, .precision = s->precision.name ? &s->precision : NULL, .weights = s->weights, .activations = s->activations, .kv = s->kv,
                          .block_size = (int32_t)s->block_size, .memory_utilization = s->memory_utilization, .max_num_seqs = s->max_num_seqs,
                          .max_num_batched_tokens = s->max_num_batched_tokens, .kv_blocks = s->kv_blocks == GBL_NULL_INT ? -1 : s->kv_blocks, .kv_scale = s->kv_scale, .compress = s->compress};
    int code = gbl_cost_new(out, &spec, err);
    if (!code) return 0;
    err->misfit = code == GBL_EINPUT;
    if (*err->where) return code;
    static const char *const degree[] = {"tp", "pp", "dp", "ep"};
    const gbl_node *at = NULL;
    for (int k = 0; k < 4 && !at; k++)
        if (!strncmp(err->what, degree[k], 2) && err->what[2] == ' ') at = gbl_node_get(p->at, degree[k]);
    if (at) gbl_node_where(at, err);
    else gbl_where(err, "model '%s' on pool '%s'", s->model, p->name);
    return code;
}

/* ---- opening ---- */

int gbl_scenario_bind(gbl_scenario **out, gbl_doc *doc, gbl_err *err) {
    gbl_arena *a = gbl_arena_new();
    gbl_scenario *s = a ? gbl_arena_take(a, sizeof *s) : NULL;
    *out = s;
    if (!s) {
        if (a) gbl_arena_free(a);
        gbl_doc_free(doc);
        return gbl_nomem(err, sizeof *s);
    }
    s->arena = a;
    s->doc = doc;
    int code = bind_all(s, err);
    if (!code) return 0;
    gbl_scenario_free(s);
    *out = NULL;
    return code;
}

int gbl_scenario_open(gbl_scenario **out, const char *path, const char *const *sets, size_t n_sets, gbl_err *err) {
    gbl_doc *doc = NULL;
    *out = NULL;
    int code = path ? gbl_doc_read(&doc, path, err) : gbl_doc_parse(&doc, "default scenario", "{}", 2, err);
    for (size_t i = 0; i < n_sets && !code; i++) {
        const char *eq = strchr(sets[i], '=');
        char key[256];
        if (!eq || eq == sets[i] || (size_t)(eq - sets[i]) >= sizeof key) {
            gbl_fail(err, GBL_EINPUT, "--set takes a key and a value, not '%.80s'", sets[i]);
            code = gbl_expected(err, "--set a.b=value");
            break;
        }
        memcpy(key, sets[i], (size_t)(eq - sets[i]));
        key[eq - sets[i]] = 0;
        code = gbl_doc_set(doc, key, eq + 1, err);
    }
    if (!code) return gbl_scenario_bind(out, doc, err);
    gbl_doc_free(doc);
    return code;
}

void gbl_scenario_free(gbl_scenario *s) {
    if (!s) return;
    gbl_doc *doc = s->doc;
    gbl_arena *a = s->arena;
    gbl_kv_plan_free(s->compress);
    for (int f = 0; f < GBL_FAMILIES; f++) gbl_choice_close(&s->choice[f]);
    for (int32_t i = 0; i < s->n_tiers; i++) gbl_choice_close(&s->tier[i].evict);
    gbl_arena_free(a);
    gbl_doc_free(doc);
}

/* ---- plug-ins ---- */

static void plugin_row(const gbl_choice *c, const gbl_plugin **seen, int *n, gbl_json *j) {
    char hash[17];
    if (!c->plugin) return;
    for (int i = 0; i < *n; i++)
        if (!strcmp(seen[i]->path, c->plugin->path)) return;
    seen[(*n)++] = c->plugin;
    gbl_hex64(hash, c->plugin->hash);
    gbl_json_str(j, c->plugin->path, hash);
}

const char *gbl_scenario_plugins(const gbl_scenario *s) {
    const gbl_plugin *seen[GBL_FAMILIES + GBL_TIERS];
    int n = 0;
    gbl_json *j = gbl_json_new(0);
    if (!j) return NULL;
    gbl_json_obj(j, NULL);
    for (int f = 0; f < GBL_FAMILIES; f++) plugin_row(&s->choice[f], seen, &n, j);
    for (int32_t i = 0; i < s->n_tiers; i++) plugin_row(&s->tier[i].evict, seen, &n, j);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    text = text ? gbl_arena_text(s->arena, text) : NULL;
    gbl_json_free(j);
    return text;
}

/* ---- writing ---- */

static void cluster_json(const gbl_scenario *s, gbl_json *j) {
    gbl_json_obj(j, "cluster");
    if (!s->pools_node) {
        gbl_param rows[sizeof cluster_rows / sizeof *cluster_rows] = {{0}};
        for (size_t i = 0; cluster_rows[i].type != GBL_P_NODE; i++) rows[i] = cluster_rows[i];
        gbl_param_json(rows, s, j);
        if (s->networked) gbl_param_json(network_rows, s, j);
        gbl_json_end(j);
        return;
    }
    gbl_json_arr(j, "pools");
    for (size_t i = 0; i < s->n_pools; i++) {
        gbl_json_obj(j, NULL);
        gbl_param_json(pool_rows, &s->pool[i], j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    if (s->networked) gbl_param_json(network_rows, s, j);
    gbl_json_end(j);
}

static void policies_json(const gbl_scenario *s, gbl_json *j) {
    gbl_json_obj(j, "policy");
    for (int f = 0; f < GBL_FAMILIES; f++) {
        const char *key = gbl_family_name((enum gbl_family)f);
        if (f == GBL_COMPRESS) gbl_compress_spec_json(s, key, j);
        else if (s->choice[f].policy) gbl_choice_json(&s->choice[f], key, j);
        else gbl_json_str(j, key, family_default[f]);
    }
    gbl_json_end(j);
}

static void part_json(gbl_json *j, const char *key, const gbl_param *rows, const gbl_scenario *s) {
    gbl_json_obj(j, key);
    gbl_param_json(rows, s, j);
    gbl_json_end(j);
}

static void slo_json(const gbl_scenario *s, gbl_json *j) {
    if (!s->n_slo_classes) {
        part_json(j, "slo", slo_rows, s);
        return;
    }
    gbl_json_arr(j, "slo");
    for (size_t i = 0; i < s->n_slo_classes; i++) {
        const gbl_slo_class *c = &s->slo_class[i];
        gbl_scenario one = *s;
        one.slo = c->slo;
        gbl_json_obj(j, NULL);
        if (c->priority != GBL_NULL_INT) gbl_json_int(j, "class", c->priority);
        if (c->tenant != GBL_NULL_INT) gbl_json_int(j, "tenant", c->tenant);
        gbl_param_json(slo_rows, &one, j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

const char *gbl_scenario_json(const gbl_scenario *s, int indent) {
    gbl_json *j = gbl_json_new(indent);
    if (!j) return NULL;
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "gable", "scenario/1");
    gbl_json_str(j, "name", s->name);
    gbl_err checked; /* the trace was checked when the scenario was bound: only memory can fail it */
    if (gbl_trace_json(s->trace, "trace", j, &checked)) {
        gbl_json_free(j);
        return NULL;
    }
    gbl_json_str(j, "model", s->model);
    cluster_json(s, j);
    part_json(j, "engine", engine_rows, s);
    policies_json(s, j);
    gbl_tiers_json(s->tier, s->n_tiers, &s->store, j);
    slo_json(s, j);
    if (s->impatient) part_json(j, "client", client_rows, s);
    part_json(j, "run", run_rows, s);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    text = text ? gbl_arena_text(s->arena, text) : NULL;
    gbl_json_free(j);
    return text;
}

static void schema_part(gbl_json *j, const char *key, const gbl_param *rows) {
    gbl_json_obj(j, key);
    gbl_json_str(j, "type", "object");
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_obj(j, "properties");
    gbl_param_schema(rows, j);
    gbl_json_end(j);
    gbl_json_end(j);
}

static void schema_policy(gbl_json *j) {
    gbl_json_obj(j, "policy");
    gbl_json_str(j, "type", "object");
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_obj(j, "properties");
    for (int f = 0; f < GBL_FAMILIES; f++) {
        gbl_json_obj(j, gbl_family_name((enum gbl_family)f));
        if (f == GBL_COMPRESS) gbl_json_raw(j, "default", "[]");
        else gbl_json_str(j, "default", family_default[f]);
        const gbl_policy *p;
        gbl_json_arr(j, "examples");
        for (int i = 0; (p = gbl_policy_at((enum gbl_family)f, i)); i++) gbl_json_str(j, NULL, p->name);
        gbl_json_end(j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}

static void schema_cluster(gbl_json *j) {
    gbl_json_obj(j, "cluster");
    gbl_json_str(j, "type", "object");
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_obj(j, "properties");
    gbl_param flat[sizeof cluster_rows / sizeof *cluster_rows] = {{0}};
    for (size_t i = 0; cluster_rows[i].type != GBL_P_NODE; i++) flat[i] = cluster_rows[i];
    gbl_param_schema(flat, j);
    gbl_param_schema(network_rows, j);
    gbl_json_obj(j, "pools");
    gbl_json_str(j, "description", "Several kinds of machines, instead of the keys above.");
    gbl_json_raw(j, "type", "[\"array\",\"null\"]");
    gbl_json_int(j, "minItems", 1);
    gbl_json_null(j, "default");
    schema_part(j, "items", pool_rows);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}

static void schema_slo(gbl_json *j) {
    gbl_json_obj(j, "slo");
    gbl_json_arr(j, "anyOf");
    schema_part(j, NULL, slo_rows);
    gbl_json_raw(j, NULL, "{\"type\":\"string\"}");
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "type", "array");
    gbl_json_int(j, "minItems", 1);
    gbl_json_str(j, "description", "Bounds by class (priority) and tenant: the first that fits a request counts.");
    gbl_json_obj(j, "items");
    gbl_json_str(j, "type", "object");
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_obj(j, "properties");
    gbl_json_raw(j, "class", "{\"description\":\"Priority of the requests that it is for; null: any.\",\"type\":[\"integer\",\"null\"],\"default\":null}");
    gbl_json_raw(j, "tenant", "{\"description\":\"Their tenant; null: any.\",\"type\":[\"integer\",\"null\"],\"default\":null}");
    gbl_param_schema(slo_rows, j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}

void gbl_scenario_schema(gbl_json *j) {
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    gbl_json_str(j, "title", "gable scenario/1");
    gbl_json_str(j, "type", "object");
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_obj(j, "properties");
    gbl_json_raw(j, "gable", "{\"const\":\"scenario/1\"}");
    gbl_json_raw(j, "name", "{\"type\":\"string\",\"default\":\"chat on one H100\"}");
    gbl_json_obj(j, "trace");
    gbl_json_str(j, "type", "object");
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_obj(j, "properties");
    gbl_trace_schema(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_raw(j, "model", "{\"type\":\"string\",\"default\":\"llama-3.1-8b\"}");
    schema_cluster(j);
    schema_part(j, "engine", engine_rows);
    schema_policy(j);
    gbl_tiers_schema(j);
    schema_slo(j);
    schema_part(j, "client", client_rows);
    schema_part(j, "run", run_rows);
    gbl_json_end(j);
    gbl_json_end(j);
}

void gbl_scenario_help(FILE *to) {
    gbl_param_help(top_rows, "", to);
    gbl_param_help(cluster_rows, "cluster.", to);
    gbl_param_help(network_rows, "cluster.", to);
    gbl_param_help(engine_rows, "engine.", to);
    gbl_tiers_help(to);
    gbl_param_help(slo_rows, "slo.", to);
    gbl_param_help(client_rows, "client.", to);
    gbl_param_help(run_rows, "run.", to);
}
