/* compress_rules.c - which generators compose, in which order, and why others do not. Letters are the rules' names in messages:
 *  a  tokens dropped behind per-channel codes leave holes in their groups        e  a score read from KV that another method changed
 *  b  layers that keep other tokens share only what both keep                    f  factors of low rank are of tokens that then go
 *  c  heads that keep other tokens free a shared page only together              g  prompt queries that a rewritten model never computes
 *  d  choices by query head store a copy for each                                h  channels dropped after rotation cannot be rotated again
 *  i  merged tokens carry weights                                                j  choices that depend on the request are not shared
 * Sources: KIVI and ThinK papers (a, f, h), MiniCache (b), vLLM's paged layout (c), SnapKV's released code (d), NVIDIA kvpress'
 * ComposedPress (e), SwiftKV (g). */
#include <math.h>
#include <string.h>

#include "models/cards.h"
#include "models/compress_parts.h"

static const char *const kind_names[GBL_GEN_KINDS] = {"arch", "heads", "layers", "tok", "merge", "chan", "share", "tokens", "bits", "lowrank", "outlier", "place", "read", "state"};

static int refuse(const gbl_kv_plan *plan, const gbl_generator *g, const gbl_generator *h, const gbl_node *at, const char *rule, const char *why, gbl_err *err) {
    const char *a = plan->method[g->method].name, *b = plan->method[h->method].name;
    char path[256] = "";
    gbl_fail(err, GBL_EINPUT, "%s and %s do not compose (rule %s): %s", a, b, rule, why);
    if (at) gbl_node_path(at, path, sizeof path);
    return path[0] ? gbl_where(err, "%s", path) : err->code;
}

/* The tokens that stay go on changing while the sequence is decoded. */
static int goes_on(const gbl_generator *g) {
    return g->kind == GBL_GEN_TOK && (g->u.tok.generated || g->u.tok.of_context || g->u.tok.when == GBL_WHEN_STEP);
}
static int scored(const gbl_generator *g) { return g->kind == GBL_GEN_TOK && g->u.tok.score != GBL_SCORE_NONE; }
static int by_attention(const gbl_generator *g) { return scored(g) && (g->u.tok.score == GBL_SCORE_WINDOW || g->u.tok.score == GBL_SCORE_CUMULATIVE); }

/* Two generators of one kind, by different methods. */
static int same_axis(gbl_kv_plan *plan, gbl_generator *g, gbl_generator *h, gbl_arena *a, const gbl_node *at, gbl_err *err) {
    switch (g->kind) {
    case GBL_GEN_TOK:
        if (scored(g) && scored(h)) return refuse(plan, g, h, at, "e", "each chooses tokens by scores, and the second would score what the first left", err);
        gbl_kv_note(plan, a, "%s and %s: the smaller budget holds, the fixed choice before the scored one", plan->method[g->method].name, plan->method[h->method].name);
        return 0;
    case GBL_GEN_BITS:
        gbl_kv_note(plan, a, "%s and %s both set bits: the last one, %s, holds", plan->method[g->method].name, plan->method[h->method].name, plan->method[h->method].name);
        return 0;
    case GBL_GEN_HEADS:
    case GBL_GEN_LAYERS:
    case GBL_GEN_STATE: return 0;
    case GBL_GEN_MERGE: return refuse(plan, g, h, at, "i", "merged tokens carry weights, and merging them again is another method", err);
    default: break;
    }
    char why[128];
    snprintf(why, sizeof why, "both act on \"%s\", and no rule says what two of them make", kind_names[g->kind]);
    return refuse(plan, g, h, at, "same axis", why, err);
}

/* g stands before h in canonical order. */
static int pair(gbl_kv_plan *plan, gbl_generator *g, gbl_generator *h, gbl_arena *a, const gbl_node *at, gbl_err *err) {
    const char *x = plan->method[g->method].name, *y = plan->method[h->method].name;
    if (g->method == h->method && scored(g) && scored(h) && g->split == h->split && g->part == h->part)
        return refuse(plan, g, h, at, "e", "each chooses tokens by scores, and the second would score what the first left", err);
    if (g->kind == h->kind && g->method != h->method) return same_axis(plan, g, h, a, at, err);
    if (g->kind == GBL_GEN_ARCH && g->u.arch.prefill_layers < 1 && by_attention(h))
        return refuse(plan, g, h, at, "g", "the prompt's queries that score tokens are never computed in the later layers", err);
    if (g->kind == GBL_GEN_ARCH && (g->u.arch.block > 1 || g->u.arch.recursions > 1) && (h->kind == GBL_GEN_TOK || h->kind == GBL_GEN_MERGE || h->kind == GBL_GEN_SHARE || h->kind == GBL_GEN_READ))
        return refuse(plan, g, h, at, "arch", "the rewritten model's layers keep other tokens than a choice among them was made for", err);
    if (g->kind != GBL_GEN_TOK) {
        if (g->kind == GBL_GEN_CHAN && h->kind == GBL_GEN_BITS && h->u.bits.k_channel && g->method != h->method)
            gbl_kv_note(plan, a, "%s changes the statistics that %s quantises by channel (rule h): bytes hold, quality is not known", x, y);
        return 0;
    }
    if (h->kind == GBL_GEN_SHARE && !(h->u.share.overlap >= 0)) {
        if (g->u.tok.sets != GBL_SETS_SHARED && fmod(g->u.tok.set_layers, h->u.share.group) != 0)
            return refuse(plan, g, h, at, "b", "layers that keep other tokens share only what both keep: give the overlap of their sets, as in minicache{overlap=0.7}", err);
    }
    if (h->kind == GBL_GEN_LOWRANK && goes_on(g)) return refuse(plan, g, h, at, "f", "tokens dropped in decoding invalidate the factors", err);
    if (h->kind == GBL_GEN_CHAN && g->u.tok.rotates && g->method != h->method)
        return refuse(plan, g, h, at, "h", "keys are rotated again at each read, which needs all channels", err);
    if (h->kind == GBL_GEN_BITS && h->u.bits.k_channel && h->u.bits.group > 1 && goes_on(g))
        gbl_kv_note(plan, a, "%s drops tokens out of %s's groups of %g: each hole is requantised (rule a)", x, y, h->u.bits.group);
    if (h->kind == GBL_GEN_BITS && g->method != h->method && scored(g) && g->u.tok.when == GBL_WHEN_STEP)
        gbl_kv_note(plan, a, "%s scores keys that %s has quantised (rule e): quality is not known", x, y);
    if (h->kind == GBL_GEN_MERGE && g->u.tok.merges) return refuse(plan, g, h, at, "i", "merged tokens carry weights, and merging them again is another method", err);
    if (h->kind == GBL_GEN_MERGE && g->method != h->method) gbl_kv_note(plan, a, "%s before %s: merging does not commute with dropping (rule i)", x, y);
    return 0;
}

static int commute(const gbl_generator *g, const gbl_generator *h) {
    enum gbl_gen_kind a = g->kind, b = h->kind;
    if (a == b || a == GBL_GEN_STATE || b == GBL_GEN_STATE) return 1;
    if (a > b) return commute(h, g);
    if (b == GBL_GEN_BITS) return a == GBL_GEN_HEADS || a == GBL_GEN_LAYERS;
    if (a == GBL_GEN_BITS) return b == GBL_GEN_PLACE;
    if (a == GBL_GEN_TOK && b == GBL_GEN_CHAN) return h->u.chan.when == GBL_WHEN_LOAD;
    return 0;
}

/* An explicit order: each method as a whole before the next. */
static int check_order(const gbl_kv_plan *plan, const gbl_node *at, gbl_err *err) {
    for (int32_t i = 0; i < plan->n_gens; i++)
        for (int32_t k = i + 1; k < plan->n_gens; k++) {
            const gbl_generator *g = &plan->gen[i], *h = &plan->gen[k];
            if (g->method == h->method || g->kind <= h->kind || commute(g, h)) continue;
            char why[200];
            int holes = g->kind == GBL_GEN_BITS && h->kind == GBL_GEN_TOK;
            snprintf(why, sizeof why, "\"%s\" belongs before \"%s\"%s", kind_names[h->kind], kind_names[g->kind],
                     holes ? ": a token dropped after quantisation leaves a hole in its group" : "");
            return refuse(plan, g, h, at, holes ? "a" : "order", why, err);
        }
    return 0;
}

int gbl_kv_order(gbl_kv_plan *plan, int ordered, gbl_arena *a, const gbl_node *at, gbl_err *err) {
    if (ordered && check_order(plan, at, err)) return err->code;
    for (int32_t i = 1; i < plan->n_gens; i++) { /* stable */
        gbl_generator g = plan->gen[i];
        int32_t k = i;
        for (; k > 0 && plan->gen[k - 1].kind > g.kind; k--) plan->gen[k] = plan->gen[k - 1];
        plan->gen[k] = g;
    }
    for (int32_t i = 0; i < plan->n_gens; i++)
        for (int32_t k = i + 1; k < plan->n_gens; k++)
            if (pair(plan, &plan->gen[i], &plan->gen[k], a, at, err)) return err->code;
    return 0;
}

/* ---- the model ---- */

static int whole_groups(const gbl_kv_plan *plan, const gbl_generator *g, gbl_err *err) {
    const gbl_gen_bits *b = &g->u.bits;
    if (b->group <= 0) return 0;
    double d = plan->shape.dk;
    const char *what = NULL;
    if (fmod(b->group * b->k_bits, 8) != 0 || fmod(b->group * b->v_bits, 8) != 0) what = "a group's codes are not whole bytes";
    else if (!plan->shape.latent && b->group <= d && fmod(d, b->group) != 0) what = "the group does not divide the head";
    else if (b->k_channel && b->residual_k > 0 && fmod(b->residual_k, b->group) != 0) what = "the residue is not whole groups";
    if (!what) return 0;
    gbl_node_fail(g->at, err, "%s: groups of %g at %g and %g bits, heads of %g, residue %g", what, b->group, b->k_bits, b->v_bits, d, b->residual_k);
    return gbl_expected(err, "bits x group in whole bytes, group dividing the head, residue a multiple of the group");
}

static int listed(const gbl_node *list, const char *word) {
    for (const gbl_node *n = list ? gbl_node_first(list) : NULL; n; n = gbl_node_next(n))
        if (gbl_node_text(n) && !strcmp(gbl_node_text(n), word)) return 1;
    return 0;
}

int gbl_kv_fits(const gbl_kv_plan *plan, const gbl_llm *m, const gbl_node *at, gbl_err *err) {
    const char *attention = m->kv_lora ? "mla" : m->kv_heads < m->heads ? "gqa" : "mha";
    for (int32_t i = 0; i < plan->n_methods; i++) {
        const gbl_kv_method *k = &plan->method[i];
        const gbl_node *fits = gbl_node_get(k->root, "fits"), *list = gbl_node_get(fits, "attention"), *window = gbl_node_get(fits, "window");
        int ok = list ? listed(list, attention) : !m->kv_lora;
        const char *why = ok ? NULL : "its attention";
        if (ok && m->window && !(window && gbl_node_bool(window))) why = "its sliding window, which keeps the last tokens already";
        const gbl_node *moe = gbl_node_get(fits, "experts");
        if (ok && m->experts && moe && !gbl_node_bool(moe)) why = "its mixture of experts";
        if (!why) continue;
        char path[256] = "";
        gbl_fail(err, GBL_EINPUT, "%s does not fit %s: %s (%s)", k->name, m->name, why, m->kv_lora ? "multi-head latent attention" : attention);
        if (at) gbl_node_path(at, path, sizeof path);
        if (path[0]) gbl_where(err, "%s", path);
        return gbl_expected(err, "a model or a method that go together (gable explain %s)", k->card);
    }
    for (int32_t i = 0; i < plan->n_gens; i++)
        if (plan->gen[i].kind == GBL_GEN_BITS && whole_groups(plan, &plan->gen[i], err)) return err->code;
    return 0;
}

/* ---- beneath a policy in C ---- */

static int counts_tokens(const gbl_generator *g) {
    switch (g->kind) {
    case GBL_GEN_BITS: return g->u.bits.residual_k > 0 || g->u.bits.residual_v > 0;
    case GBL_GEN_CHAN: return g->u.chan.recent > 0 || g->u.chan.extra > 0 || g->u.chan.when != GBL_WHEN_LOAD;
    case GBL_GEN_OUTLIER: return 0;
    default: return 1;
    }
}

int gbl_kv_fits_beneath(const gbl_kv_plan *plan, const gbl_llm *m, const gbl_node *policy, gbl_err *err) {
    const gbl_kv_shape *s = &plan->shape;
    if (s->latent || s->window || s->state_bytes > 0) {
        gbl_node_fail(policy, err, "a policy that counts the tokens of each layer and head does not fit %s: %s", m->name, s->latent ? "its KV is one head of latents" : s->window ? "its sliding window keeps the last tokens already" : "its linear layers keep states");
        return gbl_expected(err, "a model of full attention, with heads of their own or shared by groups of queries");
    }
    for (int32_t i = 0; i < plan->n_gens; i++) {
        const gbl_generator *g = &plan->gen[i];
        if (!counts_tokens(g)) continue;
        gbl_node_fail(policy, err, "this policy says which tokens stay and where, and %s counts tokens, too (\"%s\")", plan->method[g->method].name, kind_names[g->kind]);
        return gbl_expected(err, "beneath it methods of bits and channels that treat every token alike, such as int8_kv; or this method's card, by its path");
    }
    return 0;
}
