#include "sim/scenario_parts.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"

/* ---- every key, once: the tables that feed reading, defaults, help, schema and the stored document ---- */

#define AT(field) offsetof(gbl_scenario, field)

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
static const gbl_param engine_rows[] = {
    {"runtime", GBL_P_STR, 0, AT(runtime_name), "\"vllm\"", 0, 0, NULL, NULL, "The engine around the kernels; `ideal` for theory."},
    {"weights", GBL_P_STR, 0, AT(weights_name), "\"auto\"", 0, 0, NULL, NULL, "Weight format: bf16, fp16, fp8, int8, int4, or a precision card such as marlin; auto: the checkpoint's, else bf16."},
    {"activations", GBL_P_STR, 0, AT(activations_name), "\"auto\"", 0, 0, NULL, NULL, "Format that matrix products are computed in; auto: the weights' where the GPU has it, else bf16."},
    {"kv", GBL_P_STR, 0, AT(kv_name), "\"bf16\"", 0, 0, NULL, NULL, "Format of the KV cache: bf16, fp16, fp8, int8."},
    {"max_num_seqs", GBL_P_INT, 0, AT(max_num_seqs), "256", 1, 1 << 20, "sequences", NULL, "Sequences that may run at once in a replica."},
    {"max_num_batched_tokens", GBL_P_INT, 0, AT(max_num_batched_tokens), "8192", 1, 1 << 24, "tokens", NULL, "Tokens computed in one step, by each of the dp ranks."},
    {"max_model_len", GBL_P_INT, GBL_P_NULLABLE, AT(max_model_len), "null", 1, 1 << 30, "tokens", NULL, "Longest prompt + output; null: the model's context."},
    {"long_context", GBL_P_BOOL, 0, AT(long_context), "false", 0, 0, NULL, NULL, "Let max_model_len lie beyond the model's context, its positions scaled (vLLM: VLLM_ALLOW_LONG_MAX_MODEL_LEN=1)."},
    {"block_size", GBL_P_INT, 0, AT(block_size), "16", 1, 1 << 16, "tokens", NULL, "Tokens of a KV block."},
    {"kv_blocks", GBL_P_INT, GBL_P_NULLABLE, AT(kv_blocks), "null", 1, 1LL << 31, "blocks", NULL, "KV blocks of a replica; null: what its memory holds."},
    {"memory_utilization", GBL_P_REAL, 0, AT(memory_utilization), "0.9", 0.01, 1, "share", NULL, "Share of the device memory that the engine may use."},
    {0}};
static const gbl_param client_rows[] = {
    {"timeout_s", GBL_P_REAL, GBL_P_NULLABLE, AT(timeout_s), "null", 1e-6, 1e9, "s", NULL, "A client gives up after this; null: never."},
    {"timeout_until", GBL_P_CHOICE, 0, AT(timeout_until), "\"end\"", 0, 0, NULL, "end|first_token", "What must have come by then."},
    {"retries", GBL_P_INT, 0, AT(retries), "0", 0, 30, NULL, NULL, "It sends the request again so often; the request stays one, with the arrival of its first try."},
    {"backoff_s", GBL_P_REAL, 0, AT(backoff_s), "1", 0, 1e6, "s", NULL, "Time before the first retry; doubled for each further one."},
    {"backoff_jitter", GBL_P_REAL, 0, AT(backoff_jitter), "0", 0, 1, "share", NULL, "Share of it that is left to chance: it is shortened by a random part of this, 1: to anything from 0."},
    {"cancel_share", GBL_P_REAL, 0, AT(cancel_share), "0", 0, 1, "share", NULL, "Share of the requests whose user leaves ..."},
    {"cancel_s", GBL_P_REAL, 0, AT(cancel_s), "10", 1e-6, 1e6, "s", NULL, "... after an exponential time of this mean."},
    {0}};
static const gbl_param run_rows[] = {
    {"seed", GBL_P_INT, 0, AT(seed), "1", 0, GBL_SEED_MOST, NULL, NULL, "Seed of every keyed draw."},
    {"warmup_s", GBL_P_REAL, 0, AT(warmup_s), "0", 0, 1e9, "s", NULL, "Requests that arrive before this, counted from the first, are not measured."},
    {"stop_s", GBL_P_REAL, GBL_P_NULLABLE, AT(stop_s), "null", 0, 9e9, "s", NULL, "Simulated time at which the run ends; null: when all work is done."},
    {"belady", GBL_P_BOOL, 0, AT(belady), "false", 0, 0, NULL, NULL, "Record the order in which blocks are used, and say what Belady would have found in it."},
    {0}};

/* ---- binding ---- */

int gbl_part_object(const gbl_node *n, gbl_err *err) {
    if (!n || gbl_node_kind(n) == GBL_OBJECT) return 0;
    if (*gbl_node_key(n)) gbl_node_fail(n, err, "'%s' must be an object", gbl_node_key(n));
    else gbl_node_fail(n, err, "this element must be an object");
    return gbl_expected(err, "{...}");
}

static int bind_part(gbl_scenario *s, const gbl_param *rows, const gbl_node *n, gbl_err *err) {
    int code = gbl_part_object(n, err);
    return code ? code : gbl_param_bind(rows, s, n, NULL, s->arena, err);
}

static int bind_top(gbl_scenario *s, gbl_err *err) {
    static const gbl_param *const tables[] = {top_rows, engine_rows, client_rows, run_rows};
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

int gbl_part_unread(const gbl_param *rows, const gbl_node *object, const char *why, gbl_err *err) {
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

/* Engines refuse to start so, unless they are told that the positions are scaled. */
static int check_context(const gbl_scenario *s, gbl_err *err) {
    const gbl_node *n = gbl_node_get(s->engine_node, s->long_context ? "long_context" : "max_model_len");
    int beyond = s->max_model_len != GBL_NULL_INT && s->max_model_len > s->llm.context;
    if (beyond == s->long_context) return 0;
    if (s->long_context) {
        gbl_node_fail(n, err, "max_model_len is within the context of %s, %lld tokens, so engine.long_context would be read by nothing", s->llm.name, (long long)s->llm.context);
        return gbl_expected(err, "false");
    }
    gbl_node_fail(n, err, "engine.max_model_len %lld is beyond the context of %s", (long long)s->max_model_len, s->llm.name);
    err->misfit = 1;
    return gbl_expected(err, "at most %lld, or engine.long_context true where positions are scaled", (long long)s->llm.context);
}

static int bind_engine(gbl_scenario *s, gbl_err *err) {
    int code = bind_part(s, engine_rows, s->engine_node, err);
    if (code || (code = gbl_runtime_load(&s->runtime, s->runtime_name, gbl_doc_folder(s->doc), s->arena, err))) {
        const gbl_node *n = gbl_node_get(s->engine_node, "runtime");
        if (code && n && !*err->where) gbl_node_where(n, err);
        return code;
    }
    if ((code = check_context(s, err))) return code;
    int own = s->llm.checkpoint_format >= 0 ? s->llm.checkpoint_format : GBL_BF16;
    if ((code = bind_weights(s, own, err))) return code;
    if ((code = bind_format(s, "activations", s->activations_name, -1, &s->activations, err))) return code;
    if (s->precision.name && s->activations >= 0) {
        gbl_node_fail(gbl_node_get(s->engine_node, "activations"), err, "%s says what activations it multiplies, so engine.activations would be read by nothing", s->precision.name);
        return gbl_expected(err, "\"auto\"");
    }
    if (s->llm.ssm_inner && (strcmp(s->kv_name, "bf16") || s->block_size != 16)) {
        int format = strcmp(s->kv_name, "bf16") != 0;
        gbl_node_fail(gbl_node_get(s->engine_node, format ? "kv" : "block_size"), err, "%s keeps no KV, so engine.%s would be read by nothing", s->llm.name, format ? "kv" : "block_size");
        return gbl_expected(err, format ? "\"bf16\"" : "16");
    }
    return bind_format(s, "kv", s->kv_name, GBL_BF16, &s->kv, err);
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

static int bind_tiers(gbl_scenario *s, gbl_err *err) {
    int code = gbl_tiers_bind(s->tier, &s->n_tiers, s->tiers_node, s->arena, err);
    if (!code) code = gbl_shared_bind(&s->store, s->tiers_node, s->arena, err);
    if (!code) code = check_store_last(s, err);
    return code ? code : gbl_policy_spec_tiers(s, err);
}

static int bind_run(gbl_scenario *s, gbl_err *err) {
    int code = bind_part(s, run_rows, s->run_node, err);
    uint32_t flags = s->choice[GBL_PREFIX].policy->flags;
    if (!code && s->belady && s->llm.ssm_inner) {
        gbl_node_fail(gbl_node_get(s->run_node, "belady"), err, "%s keeps no KV, so run.belady would be read by nothing", s->llm.name);
        return gbl_expected(err, "false");
    }
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
    gbl_param without_timeout[] = {rows[1], rows[2], rows[3], rows[4], {0}}, without_cancel[] = {rows[6], {0}};
    if (!code && isnan(s->timeout_s)) code = gbl_part_unread(without_timeout, s->client_node, "without timeout_s nobody gives up", err);
    gbl_param without_retries[] = {rows[3], rows[4], {0}}, without_backoff[] = {rows[4], {0}};
    if (!code && !s->retries) code = gbl_part_unread(without_retries, s->client_node, "with retries 0 nobody tries again", err);
    if (!code && s->backoff_s == 0) code = gbl_part_unread(without_backoff, s->client_node, "with backoff_s 0 there is nothing to shorten", err);
    if (!code && s->cancel_share == 0) code = gbl_part_unread(without_cancel, s->client_node, "with cancel_share 0 nobody leaves", err);
    return code;
}

static int bind_all(gbl_scenario *s, gbl_err *err) {
    int code = bind_top(s, err);
    if (!code) code = bind_model(s, err);
    if (!code) code = bind_engine(s, err);
    if (!code) code = gbl_cluster_spec_bind(s, err);
    if (!code) code = gbl_policy_spec_bind(s, err);
    if (!code) code = gbl_compress_spec_bind(s, err);
    if (!code) code = bind_tiers(s, err);
    if (!code) code = gbl_cluster_spec_network(s, err);
    if (!code) code = gbl_slo_spec_bind(s, err);
    if (!code) code = gbl_compress_spec_tiers(s, err);
    if (!code) code = bind_client(s, err);
    if (!code) code = gbl_policy_spec_execute(s, err);
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
    gbl_cluster_spec_json(s, j);
    gbl_param_json_part("engine", engine_rows, s, j);
    gbl_policy_spec_json(s, j);
    gbl_tiers_json(s->tier, s->n_tiers, &s->store, j);
    gbl_slo_spec_json(s, j);
    if (s->impatient) gbl_param_json_part("client", client_rows, s, j);
    gbl_param_json_part("run", run_rows, s, j);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    text = text ? gbl_arena_text(s->arena, text) : NULL;
    gbl_json_free(j);
    return text;
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
    gbl_param_schema_open("trace", j);
    gbl_trace_schema(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_raw(j, "model", "{\"type\":\"string\",\"default\":\"llama-3.1-8b\"}");
    gbl_cluster_spec_schema(j);
    gbl_param_schema_part("engine", engine_rows, NULL, j);
    gbl_json_end(j);
    gbl_policy_spec_schema(j);
    gbl_tiers_schema(j);
    gbl_slo_spec_schema(j);
    gbl_param_schema_part("client", client_rows, NULL, j);
    gbl_json_end(j);
    gbl_param_schema_part("run", run_rows, NULL, j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}
