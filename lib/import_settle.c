/* import_settle.c - what flags mean beside each other: formats of weights, parallelism of experts, the scheduler. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/import_parts.h"

int gbl_import_set(gbl_import_line *l, const char *key, const char *text, const char *flag, gbl_err *err) {
    gbl_import_item *it = NULL;
    if (!text) return gbl_nomem(err, 64);
    for (size_t i = 0; i < l->n && !it; i++)
        if (!strcmp(l->item[i]->key, key)) it = l->item[i];
    if (!it) {
        it = gbl_arena_take(l->a, sizeof *it);
        if (!it || gbl_grow(&l->item, &l->room, l->n + 1, sizeof *l->item)) return gbl_nomem(err, l->n);
        l->item[l->n++] = it;
    }
    *it = (gbl_import_item){key, text, flag};
    return 0;
}

const gbl_import_item *gbl_import_said(const gbl_import_line *l, const char *key) {
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->item[i]->key, key)) return l->item[i];
    return NULL;
}

const char *gbl_import_quoted(gbl_arena *a, const char *text) {
    char *out = gbl_arena_take(a, 6 * strlen(text) + 3), *to = out;
    static const char hex[] = "0123456789abcdef";
    if (!out) return NULL;
    *to++ = '"';
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if (*s < 32) {
            memcpy(to, "\\u00", 4);
            to[4] = hex[*s >> 4];
            to[5] = hex[*s & 15];
            to += 6;
            continue;
        }
        if (*s == '"' || *s == '\\') *to++ = '\\';
        *to++ = (char)*s;
    }
    *to++ = '"';
    *to = 0;
    return out;
}

static int is(const gbl_import_line *l, const char *key, const char *text) {
    const gbl_import_item *it = gbl_import_said(l, key);
    return it && !strcmp(it->text, text);
}

/* Texts of counts were checked when they were read. */
static int64_t count(const gbl_import_line *l, const char *key, int64_t dflt) {
    const gbl_import_item *it = gbl_import_said(l, key);
    int64_t v = dflt;
    if (it) gbl_text_whole(it->text, strlen(it->text), &v);
    return v;
}

static int set_count(gbl_import_line *l, const char *key, int64_t v, const char *flag, gbl_err *err) {
    return gbl_import_set(l, key, gbl_arena_printf(l->a, "%lld", (long long)v), flag, err);
}

/* ---- formats ---- */

/* A quantisation stands above the checkpoint's, and --dtype says only what is not quantised. */
static int weights(gbl_import_line *l, const gbl_llm *m, gbl_err *err) {
    const gbl_import_item *asked = gbl_import_said(l, "@quantization"), *named = gbl_import_said(l, "@named"), *dtype = gbl_import_said(l, "@dtype");
    const char *fallback = asked && *asked->text == '?' ? asked->text + 1 : NULL;
    if (asked && !fallback) return gbl_import_set(l, "engine.weights", asked->text, asked->flag, err);
    if (named) return gbl_import_set(l, "engine.weights", named->text, named->flag, err);
    if (m->checkpoint_format >= 0) return 0;
    if (fallback && *fallback) return gbl_import_set(l, "engine.weights", fallback, asked->flag, err);
    if (fallback) {
        gbl_fail(err, GBL_EINPUT, "%s leaves the number of bits to the checkpoint, and %s does not say it", asked->flag, m->name);
        return gbl_expected(err, "a name that ends with -FP8, -INT8, w4a16..., or the path of a config.json with quantization_config");
    }
    return dtype ? gbl_import_set(l, "engine.weights", dtype->text, dtype->flag, err) : 0;
}

/* ---- parallelism ---- */

static int bad_dp(int64_t dp, const char *flag, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "%s takes no %lld", flag, (long long)dp);
    return gbl_expected(err, "1 .. 1024");
}

/* vLLM's limits are a rank's; gable's are the replica's. */
static int per_rank(gbl_import_line *l, const char *key, int64_t dflt, const gbl_import_item *dp, gbl_err *err) {
    const gbl_import_item *it = gbl_import_said(l, key);
    int64_t v = count(l, key, dflt);
    if (v < 1) return 0; /* left out, or refused when it is bound */
    return set_count(l, key, v * count(l, "@dp", 1), it ? it->flag : dp->flag, err);
}

/* Ranks of a model with experts share them: one replica of tp x dp GPUs. Ranks of any other share nothing: replicas. */
static int vllm_ranks(gbl_import_line *l, const gbl_llm *m, gbl_err *err) {
    const gbl_import_item *dp = gbl_import_said(l, "@dp");
    int64_t n = count(l, "@dp", 1), gpus = count(l, "cluster.tp", 1);
    if (n < 1 || n > 1024) return bad_dp(n, dp->flag, err);
    gpus *= n;
    if (is(l, "@experts", "on")) {
        if (!m->moe_layers) {
            gbl_fail(err, GBL_EINPUT, "%s: %s has no experts", gbl_import_said(l, "@experts")->flag, m->name);
            return gbl_expected(err, "the command line without it");
        }
        if (gpus > 1 && set_count(l, "cluster.ep", gpus, gbl_import_said(l, "@experts")->flag, err)) return err->code;
    }
    if (n == 1) return 0;
    if (!m->moe_layers) return set_count(l, "cluster.replicas", n, dp->flag, err);
    if (set_count(l, "cluster.dp", n, dp->flag, err) || per_rank(l, "engine.max_num_seqs", 256, dp, err)) return err->code;
    return per_rank(l, "engine.kv_blocks", 0, dp, err);
}

/* Under data-parallel attention --tp counts all GPUs of the replica, and --chunked-prefill-size is shared by the ranks (server_args.py). */
static int sglang_ranks(gbl_import_line *l, gbl_err *err) {
    const gbl_import_item *dp = gbl_import_said(l, "@dp"), *tp = gbl_import_said(l, "cluster.tp");
    int64_t n = count(l, "@dp", 1), gpus = count(l, "cluster.tp", 1);
    if (n < 1 || n > 1024) return bad_dp(n, dp->flag, err);
    if (n == 1) return 0;
    if (!gbl_import_said(l, "@dp_attention")) return set_count(l, "cluster.replicas", n, dp->flag, err);
    if (gpus % n) {
        gbl_fail(err, GBL_EINPUT, "%s %lld does not divide the %lld GPUs of --tp under --enable-dp-attention", dp->flag, (long long)n, (long long)gpus);
        return gbl_expected(err, "--tp a multiple of --dp");
    }
    int64_t chunk = count(l, "@chunk", 8192);
    if (chunk > 0 && set_count(l, "@chunk", chunk / n > 0 ? chunk / n : 1, gbl_import_said(l, "@chunk") ? gbl_import_said(l, "@chunk")->flag : dp->flag, err)) return err->code;
    if (count(l, "@tokens", 0) > 0 && count(l, "@tokens", 0) <= INT64_MAX / n && set_count(l, "@tokens", count(l, "@tokens", 0) * n, gbl_import_said(l, "@tokens")->flag, err)) return err->code;
    return set_count(l, "cluster.dp", n, dp->flag, err) || set_count(l, "cluster.tp", gpus / n, tp->flag, err) ? err->code : 0;
}

/* ---- schedulers ---- */

static int vllm_schedule(gbl_import_line *l, gbl_err *err) {
    const gbl_import_item *order = gbl_import_said(l, "@order"), *chunks = gbl_import_said(l, "@chunks");
    int whole = is(l, "@chunks", "off");
    if (is(l, "@order", "priority")) {
        if (!whole) return gbl_import_set(l, "policy.schedule", "priority", order->flag, err);
        gbl_fail(err, GBL_EINPUT, "%s beside %s priority: classes are simulated over chunked prompts alone", chunks->flag, order->flag);
        return gbl_expected(err, "one of the two");
    }
    if (whole) return gbl_import_set(l, "policy.schedule", "prefill_first", chunks->flag, err);
    return chunks || order ? gbl_import_set(l, "policy.schedule", "chunked", chunks ? chunks->flag : order->flag, err) : 0;
}

static int vllm_swap(gbl_import_line *l, gbl_err *err) {
    const gbl_import_item *space = gbl_import_said(l, "@swap_space");
    if (!space) return 0;
    if (is(l, "policy.preempt", "swap"))
        return gbl_import_set(l, "policy.preempt", gbl_arena_printf(l->a, "{\"use\": \"swap\", \"space_gib\": %s}", space->text), space->flag, err);
    l->dropped = gbl_arena_printf(l->a, "%s%s%s", l->dropped, *l->dropped ? ", " : "", space->flag);
    return l->dropped ? 0 : gbl_nomem(err, 64);
}

/* Prompts in one piece, up to --max-prefill-tokens (16384) a step: what prefill_first does. */
static int sglang_whole(gbl_import_line *l, gbl_err *err) {
    const gbl_import_item *lpm = is(l, "@order", "lpm") ? gbl_import_said(l, "@order") : NULL, *mixed = gbl_import_said(l, "@mixed");
    const gbl_import_item *chunk = gbl_import_said(l, "@chunk"), *prefill = gbl_import_said(l, "@prefill"), *other = lpm ? lpm : mixed;
    if (other) {
        gbl_fail(err, GBL_EINPUT, "%s %s beside %s: prompts in one piece are simulated first come, first served and without decodes", chunk->flag, chunk->text, other->flag);
        return gbl_expected(err, "one of the two");
    }
    if (gbl_import_set(l, "policy.schedule", "prefill_first", chunk->flag, err)) return err->code;
    return set_count(l, "engine.max_num_batched_tokens", count(l, "@prefill", 16384), prefill ? prefill->flag : chunk->flag, err);
}

/* lpm.c is SGLang's scheduler: chunks of prompts before decodes. First come first served is its order with no queue short enough to be
 * sorted; the new-token ratio starts at 0.7 x conservativeness, at most 1 (scheduler.py). */
static int sglang_schedule(gbl_import_line *l, gbl_err *err) {
    const gbl_import_item *order = gbl_import_said(l, "@order"), *mixed = gbl_import_said(l, "@mixed"), *care = gbl_import_said(l, "@conservativeness"), *chunk = gbl_import_said(l, "@chunk");
    if (count(l, "@chunk", 1) < 0) return sglang_whole(l, err);
    if (care && strtod(care->text, NULL) < 0) {
        gbl_fail(err, GBL_EINPUT, "%s takes no \"%.200s\"", care->flag, care->text);
        return gbl_expected(err, "a number from 0");
    }
    if (chunk && gbl_import_set(l, "engine.max_num_batched_tokens", chunk->text, chunk->flag, err)) return err->code;
    const char *text = gbl_arena_printf(l->a, "{\"use\": \"lpm\"%s%s", is(l, "@order", "lpm") ? "" : ", \"fcfs_above\": 0", mixed ? ", \"mixed\": true" : "");
    if (care && text) text = gbl_arena_printf(l->a, "%s, \"new_token_ratio\": %.6g", text, fmin(0.7 * strtod(care->text, NULL), 1));
    if (text) text = gbl_arena_printf(l->a, "%s}", text);
    const gbl_import_item *from = care ? care : mixed ? mixed : order;
    if (gbl_import_set(l, "policy.schedule", text, from ? from->flag : NULL, err)) return err->code;
    const gbl_import_item *prefill = gbl_import_said(l, "@prefill");
    if (!prefill) return 0;
    const char **list = count(l, "@prefill", 0) < count(l, "@chunk", 8192) ? &l->unmodelled : &l->dropped; /* the chunk is the smaller limit */
    *list = gbl_arena_printf(l->a, "%s%s%s", *list, **list ? ", " : "", prefill->flag);
    return *list ? 0 : gbl_nomem(err, 64);
}

static int sglang_tokens(gbl_import_line *l, gbl_err *err) {
    const gbl_import_item *tokens = gbl_import_said(l, "@tokens");
    int64_t page = count(l, "engine.block_size", 16);
    return tokens && page > 0 ? set_count(l, "engine.kv_blocks", count(l, "@tokens", 0) / page, tokens->flag, err) : 0;
}

int gbl_import_settle(gbl_import_line *l, const gbl_llm *m, gbl_err *err) {
    int code = weights(l, m, err), vllm = !strcmp(l->engine, "vllm");
    if (code) return code;
    if (vllm) return vllm_ranks(l, m, err) || vllm_schedule(l, err) || vllm_swap(l, err) ? err->code : 0;
    return sglang_ranks(l, err) || sglang_schedule(l, err) || sglang_tokens(l, err) ? err->code : 0;
}
