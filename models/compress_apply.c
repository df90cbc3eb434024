/* compress_apply.c - generators, in order, make a plan's cells out of the model's whole KV. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "models/cards.h"
#include "models/compress_parts.h"

gbl_kv_shape gbl_kv_shape_of(const gbl_llm *m, double bytes_per_element) {
    gbl_kv_shape s = {.layers = m->layers - m->linear_layers, .kv_heads = m->kv_heads, .heads = m->heads, .hidden = m->hidden, .dk = (double)m->head_dim,
                      .dv = (double)m->head_dim, .window = m->window, .window_layers = m->window ? m->window_layers : 0, .bits = 8 * bytes_per_element, .state_bytes = gbl_llm_state_bytes(m)};
    if (!m->kv_lora) return s;
    s.latent = 1;
    s.kv_heads = 1;
    s.dk = (double)(m->kv_lora + m->rope_dim);
    s.dv = 0;
    return s;
}

void gbl_kv_note(gbl_kv_plan *plan, gbl_arena *a, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (int32_t i = 0; i < plan->n_notes; i++)
        if (!strcmp(plan->note[i], text)) return;
    if (plan->n_notes < GBL_KV_NOTES) plan->note[plan->n_notes++] = gbl_arena_text(a, text);
}

/* ---- cells ---- */

static gbl_kv_cell whole(const gbl_kv_shape *s, int64_t layers) {
    gbl_kv_cell c = {.layers = layers, .heads = s->kv_heads, .copies = 1, .set_layers = 1, .merge = 1, .generated = 1, .class_share = 1, .overlap = 1, .group = 1, .wk = 1, .wv = 1,
                     .bk = s->bits, .bv = s->bits, .share = 1, .read_share = 1, .read_interval = 1};
    memset(c.part, -1, sizeof c.part);
    return c;
}

static void base_cells(gbl_kv_plan *plan) {
    const gbl_kv_shape *s = &plan->shape;
    if (s->layers > s->window_layers) plan->cell[plan->n_cells++] = whole(s, s->layers - s->window_layers);
    if (!s->window_layers) return;
    plan->cell[plan->n_cells] = whole(s, s->window_layers); /* engines keep all its tokens, and read the window */
    plan->cell[plan->n_cells++].read_budget = (double)s->window;
}

static int applies(const gbl_generator *g, const gbl_kv_cell *c) { return g->split < 0 || c->part[g->method][g->split] == g->part; }

gbl_kv_cell *gbl_kv_split_off(gbl_kv_plan *plan, const gbl_kv_cell *from) {
    if (plan->n_cells == GBL_KV_CELLS) return NULL;
    gbl_kv_cell *c = &plan->cell[plan->n_cells++];
    *c = *from;
    return c;
}

static int too_many(const gbl_generator *g, gbl_err *err) {
    return gbl_node_fail(g->at, err, "the composition has more than %d cells", GBL_KV_CELLS);
}

/* Gives each part of a partition its heads, layers or tokens; shares of heads and layers round half up, the last part takes the rest. */
static int partition(gbl_kv_plan *plan, gbl_generator *g, gbl_err *err) {
    int32_t before = plan->n_cells, n = g->u.split_of.n;
    for (int32_t i = 0; i < before; i++) {
        if (!applies(g, &plan->cell[i])) continue;
        gbl_kv_cell all = plan->cell[i];
        int64_t whole_units = g->kind == GBL_GEN_LAYERS ? all.layers : all.heads, done = 0;
        double from = 0;
        for (int32_t k = 0; k < n; k++) {
            gbl_kv_cell *c = k ? gbl_kv_split_off(plan, &all) : &plan->cell[i];
            if (!c) return too_many(g, err);
            c->part[g->method][g->u.split_of.id] = (int8_t)k;
            double share = g->u.split_of.part[k];
            int64_t units = (int64_t)floor((double)whole_units * (from + share) + 0.5) - done;
            if (g->u.split_of.counted[k]) share = whole_units ? share / (double)whole_units : 0, units = (int64_t)g->u.split_of.part[k];
            if (k == n - 1 || units > whole_units - done) units = whole_units - done;
            if (g->kind == GBL_GEN_LAYERS) c->layers = units;
            else if (g->kind == GBL_GEN_HEADS) c->heads = units;
            else c->class_from = all.class_from + all.class_share * from, c->class_share = all.class_share * share;
            done += units;
            from += share;
        }
    }
    return 0;
}

static int apply_tok(gbl_kv_plan *plan, const gbl_generator *g, gbl_kv_cell *c, gbl_err *err) {
    const gbl_gen_tok *t = &g->u.tok;
    if (c->n_rules == GBL_KV_RULES) return gbl_node_fail(g->at, err, "more than %d rules choose tokens", GBL_KV_RULES);
    c->rule[c->n_rules++] = (gbl_kv_rule){t->cap, t->share, t->every, t->of_context, t->halves, t->generated};
    if (t->sets > c->sets || c->n_rules == 1) c->sets = t->sets, c->set_layers = t->set_layers;
    if (t->per_query_head) c->copies = (double)plan->shape.heads / (double)plan->shape.kv_heads;
    if (t->frees == GBL_FREES_IN_PLACE) c->holes = t->sets == GBL_SETS_HEAD ? (int32_t)c->heads : 1;
    return 0;
}

static int apply_share(gbl_kv_plan *plan, gbl_generator *g, gbl_kv_cell *c, gbl_err *err) {
    gbl_gen_share *s = &g->u.share;
    int64_t group = (int64_t)s->group, from = (int64_t)floor((double)c->layers * s->from + 0.5), to = (int64_t)floor((double)c->layers * s->to + 0.5);
    int64_t merged = (to - from) / group * group;
    if (merged <= 0) return 0;
    if (merged < c->layers) {
        gbl_kv_cell *rest = gbl_kv_split_off(plan, c);
        if (!rest) return too_many(g, err);
        rest->layers = c->layers - merged;
        c->layers = merged;
    }
    c->share = s->group;
    c->group = s->group;
    c->aux += s->aux / s->group;
    c->reread = s->reread;
    int differ = c->n_rules && c->sets != GBL_SETS_SHARED && fmod(c->set_layers, s->group) != 0;
    c->overlap = differ ? s->overlap : 1;
    s->differ |= differ;
    return 0;
}

static void apply_bits(const gbl_generator *g, gbl_kv_cell *c) {
    const gbl_gen_bits *b = &g->u.bits;
    double meta = b->meta_bits + (b->group > 0 ? b->scale_bits / b->group : 0);
    c->bk = b->k_bits + meta;
    c->bv = b->v_bits + meta;
    if (b->residual_k >= c->res_k) c->res_k = b->residual_k, c->k_mod = b->k_mod;
    if (b->residual_v >= c->res_v) c->res_v = b->residual_v, c->v_mod = b->v_mod;
}

static void apply_chan(const gbl_generator *g, gbl_kv_cell *c) {
    const gbl_gen_chan *w = &g->u.chan;
    c->wk *= w->k_share;
    c->wv *= w->v_share;
    c->extra = fmax(c->extra, w->extra);
    if (w->k_share < 1) c->res_k = fmax(c->res_k, w->recent);
    if (w->v_share < 1) c->res_v = fmax(c->res_v, w->recent);
}

static int apply_place(gbl_kv_plan *plan, const gbl_generator *g, gbl_kv_cell *c, gbl_err *err) {
    const gbl_gen_place *p = &g->u.place;
    gbl_kv_cell all = *c;
    double shares[3] = {1 - p->share - p->recompute, p->share, p->recompute}, from = 0;
    int tiers[3] = {0, p->tier, 3};
    if (shares[0] < -1e-9) return gbl_node_fail(g->at, err, "the shares below HBM and recomputed add up to more than 1");
    for (int k = 0; k < 3; k++) {
        gbl_kv_cell *at = c;
        if (shares[k] <= 0) continue;
        if (from > 0 && !(at = gbl_kv_split_off(plan, &all))) return too_many(g, err);
        at->tier = tiers[k];
        at->class_from = all.class_from + all.class_share * from;
        at->class_share = all.class_share * shares[k];
        from += shares[k];
    }
    return 0;
}

static void apply_read(const gbl_kv_plan *plan, const gbl_generator *g, gbl_kv_cell *c) {
    double dk_bytes = plan->shape.dk * plan->shape.bits / 8;
    const gbl_gen_read *r = &g->u.read;
    if (r->budget > 0 && (c->read_budget <= 0 || r->budget < c->read_budget)) c->read_budget = r->budget;
    c->read_share *= r->share;
    c->read_interval = r->interval;
    c->selector_bytes += r->selector_bytes / r->page + r->selector_k * dk_bytes;
    c->index += r->index_k * dk_bytes;
}

static void apply_state(gbl_kv_plan *plan, const gbl_generator *g, gbl_kv_cell *c) {
    int64_t layers = (int64_t)floor((double)c->layers * g->u.state.layers_share + 0.5);
    c->layers -= layers;
    plan->const_bytes += (double)layers * g->u.state.bytes;
}

static int apply_cell(gbl_kv_plan *plan, gbl_generator *g, gbl_kv_cell *c, gbl_err *err) {
    switch (g->kind) {
    case GBL_GEN_TOK: return apply_tok(plan, g, c, err);
    case GBL_GEN_MERGE: c->merge *= g->u.merge.share; return 0;
    case GBL_GEN_CHAN: apply_chan(g, c); return 0;
    case GBL_GEN_SHARE: return apply_share(plan, g, c, err);
    case GBL_GEN_BITS: apply_bits(g, c); return 0;
    case GBL_GEN_LOWRANK: c->rk += g->u.lowrank.k_rank; c->rv += g->u.lowrank.v_rank; return 0;
    case GBL_GEN_OUTLIER:
        c->bk += g->u.outlier.share * (plan->shape.bits + g->u.outlier.index_bits);
        c->bv += g->u.outlier.share * (plan->shape.bits + g->u.outlier.index_bits);
        return 0;
    case GBL_GEN_PLACE: return apply_place(plan, g, c, err);
    case GBL_GEN_READ: apply_read(plan, g, c); return 0;
    case GBL_GEN_STATE: apply_state(plan, g, c); return 0;
    default: return 0;
    }
}

/* ---- what holds for the plan as a whole ---- */

static void later(int32_t *when, int32_t w) { /* the later a prompt shrinks, the higher its peak */
    if (w != GBL_WHEN_LOAD && w > *when) *when = w;
}

static void apply_plan(gbl_kv_plan *plan, const gbl_generator *g) {
    const gbl_kv_shape *s = &plan->shape;
    double heads = (double)(s->layers * s->kv_heads);
    switch (g->kind) {
    case GBL_GEN_TOK:
        later(&plan->peak_when, g->u.tok.when);
        plan->full_scores |= g->u.tok.score == GBL_SCORE_CUMULATIVE;
        plan->shareable = 0;
        break;
    case GBL_GEN_MERGE:
        if (g->u.merge.when == GBL_WHEN_LOAD) break;
        later(&plan->peak_when, g->u.merge.when);
        plan->shareable = 0;
        break;
    case GBL_GEN_CHAN:
        later(&plan->peak_when, g->u.chan.when);
        plan->shareable &= g->u.chan.when == GBL_WHEN_LOAD; /* else a prompt's own queries choose its channels */
        if (g->u.chan.basis) plan->model_bytes += heads * (s->dk * s->dk + s->dv * s->dv) * s->bits / 8;
        break;
    case GBL_GEN_BITS: plan->model_bytes += heads * (s->dk + s->dv) * g->u.bits.codewords * s->bits / 8; break;
    default: break;
    }
}

static double weight_of(const gbl_kv_cell *c) { return (double)c->layers * (double)c->heads; }

/* A setting that counts only where the layers that are merged keep different tokens. */
static int overlap_unread(const gbl_kv_plan *plan, const gbl_generator *g, gbl_err *err) {
    const gbl_kv_method *m = &plan->method[g->method];
    for (int32_t i = 0; i < m->n_values && !g->u.share.differ; i++) {
        if (!m->value[i].given || strcmp(m->value[i].name, "overlap") || m->value[i].value < 0) continue;
        gbl_fail(err, GBL_EINPUT, "the layers that %s merges keep the same tokens, so nothing would read 'overlap'", m->name);
        return gbl_expected(err, "-1, or a method beside it that chooses tokens by layer");
    }
    return 0;
}

int gbl_kv_apply(gbl_kv_plan *plan, gbl_arena *a, gbl_err *err) {
    plan->arch = (gbl_kv_arch){.prefill_layers = 1, .kv_heads = 1, .streams = 1, .recursions = 1, .tokens_step = 1, .kv_tokens_step = 1, .block = 1, .prefill_sparse = 1};
    plan->shareable = !(plan->shape.state_bytes > 0);
    plan->const_bytes = plan->shape.state_bytes;
    plan->peak_when = -1;
    base_cells(plan);
    if (plan->n_methods && !plan->shape.layers) {
        gbl_fail(err, GBL_EINPUT, "the model keeps no KV, and %s works on it", plan->method[0].name);
        return gbl_expected(err, "no compression of KV, or a model with attention");
    }
    if (plan->const_bytes > 0) gbl_kv_note(plan, a, "states of linear layers are not kept for other requests: prefixes are not shared");
    for (int32_t i = 0; i < plan->n_gens; i++) {
        gbl_generator *g = &plan->gen[i];
        double all = 0, covered = 0;
        apply_plan(plan, g);
        if (g->kind == GBL_GEN_ARCH && gbl_kv_apply_arch(plan, g, a, err)) return err->code;
        if (g->kind == GBL_GEN_HEADS || g->kind == GBL_GEN_LAYERS || g->kind == GBL_GEN_TOKENS) {
            if (partition(plan, g, err)) return err->code;
            continue;
        }
        int32_t before = plan->n_cells;
        for (int32_t k = 0; k < before; k++) {
            gbl_kv_cell *c = &plan->cell[k];
            double w = weight_of(c) * c->class_share;
            all += w;
            if (!applies(g, c)) continue;
            covered += w;
            if (apply_cell(plan, g, c, err)) return err->code;
        }
        g->cover = all > 0 ? covered / all : 0;
        if (g->kind == GBL_GEN_SHARE) g->cover *= g->u.share.to - g->u.share.from;
        if (g->kind == GBL_GEN_SHARE && overlap_unread(plan, g, err)) return err->code;
    }
    if (plan->n_methods > 1) gbl_kv_note(plan, a, "the methods' quality is not validated in combination");
    if (!plan->shareable && !(plan->const_bytes > 0) && !(plan->arch.block > 1))
        gbl_kv_note(plan, a, "what is kept depends on the request: prefixes are not shared (rule j)");
    return 0;
}

/* ---- a composition ---- */

void gbl_kv_plan_free(gbl_kv_plan *plan) {
    if (!plan) return;
    for (int32_t i = 0; i < plan->n_methods; i++) gbl_doc_free(plan->doc[i]);
    gbl_doc_free(plan->text);
    gbl_free(plan);
}

/* `policy`: the entry that a policy in C carries out, or NULL. */
static int compose(gbl_kv_plan *plan, const gbl_node *what, const gbl_node *policy, const gbl_llm *m, const char *folder, gbl_arena *a, gbl_err *err) {
    const gbl_node *list = what && gbl_node_kind(what) == GBL_OBJECT ? gbl_node_get(what, "ordered") : what;
    if (what && (!list || gbl_node_kind(list) != GBL_ARRAY)) {
        gbl_node_fail(what, err, "a composition is a list of methods");
        return gbl_expected(err, "[\"snapkv\", {\"use\": \"kivi\", \"bits\": 4}], or {\"ordered\": [...]}");
    }
    for (const gbl_node *n = list ? gbl_node_first(list) : NULL; n; n = gbl_node_next(n))
        if (n == policy ? gbl_kv_read_card_of(plan, n, folder, a, err) : gbl_kv_read_method(plan, n, folder, a, err)) return err->code;
    if (gbl_kv_fits(plan, m, what, err) || (policy && gbl_kv_fits_beneath(plan, m, policy, err))) return err->code;
    if (gbl_kv_order(plan, list != what, a, what, err) || gbl_kv_apply(plan, a, err)) return err->code;
    plan->shareable &= !policy;
    char *canon = what ? gbl_node_canonical(what) : NULL;
    plan->hash = canon ? gbl_hash64(canon, strlen(canon), 0) : 0;
    gbl_free(canon);
    return 0;
}

int gbl_kv_plan_new(gbl_kv_plan **out, const gbl_node *what, const gbl_llm *m, double bytes_per_element, const char *folder, gbl_arena *a, gbl_err *err) {
    return gbl_kv_plan_beneath(out, what, NULL, m, bytes_per_element, folder, a, err);
}

int gbl_kv_plan_beneath(gbl_kv_plan **out, const gbl_node *what, const gbl_node *policy, const gbl_llm *m, double bytes_per_element, const char *folder, gbl_arena *a, gbl_err *err) {
    gbl_kv_plan *plan = gbl_alloc(1, sizeof *plan);
    *out = NULL;
    if (!plan) return gbl_nomem(err, sizeof *plan);
    plan->shape = gbl_kv_shape_of(m, bytes_per_element);
    int code = compose(plan, what, policy, m, folder, a, err);
    if (code) gbl_kv_plan_free(plan);
    else *out = plan;
    return code;
}

/* ---- the command line's form ---- */

static const char *word_end(const char *s, const char *stops) { return s + strcspn(s, stops); }

/* {x=1,y=2} behind a name, as members; returns behind the closing brace, or NULL. */
static const char *settings_json(gbl_json *j, const char *s, gbl_arena *a) {
    while (*s != '}') {
        const char *eq = word_end(s, "=,{}"), *end = *eq == '=' ? word_end(eq + 1, ",{}") : eq;
        if (*eq != '=' || eq == s || end == eq + 1 || (*end != ',' && *end != '}')) return NULL;
        gbl_json_raw(j, gbl_arena_textn(a, s, (size_t)(eq - s)), gbl_arena_textn(a, eq + 1, (size_t)(end - eq - 1)));
        s = *end == ',' ? end + 1 : end;
    }
    return s + 1;
}

/* a{x=1,y=2},b as the array it stands for; NULL: it is no such list. */
static const char *list_json(gbl_json *j, const char *s, gbl_arena *a) {
    gbl_json_arr(j, NULL);
    while (s && *s) {
        const char *end = word_end(s, "{},=");
        if (end == s || (*end && *end != '{' && *end != ',')) return NULL;
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "use", gbl_arena_textn(a, s, (size_t)(end - s)));
        if (*end == '{') end = settings_json(j, end + 1, a);
        gbl_json_end(j);
        if (!end || (*end && *end != ',') || (*end == ',' && !end[1])) return NULL;
        s = *end ? end + 1 : end;
    }
    gbl_json_end(j);
    return gbl_json_text(j);
}

int gbl_kv_list_text(gbl_doc **out, const char *text, gbl_arena *a, gbl_err *err) {
    gbl_json *j = gbl_json_new(0);
    *out = NULL;
    if (!j) return gbl_nomem(err, strlen(text));
    const char *json = *text == '[' || *text == '{' ? text : list_json(j, text, a);
    int code = json ? gbl_doc_parse(out, "--compress", json, strlen(json), err) : GBL_EINPUT;
    gbl_json_free(j);
    if (!code) return 0;
    gbl_fail(err, GBL_EINPUT, "not a list of compression methods: \"%s\"", text);
    gbl_where(err, "--compress");
    return gbl_expected(err, "methods with their settings, such as snapkv{cap=1024},kivi-2bit");
}

int gbl_kv_plan_text(gbl_kv_plan **out, const char *text, const gbl_llm *m, double bytes_per_element, gbl_arena *a, gbl_err *err) {
    gbl_doc *doc;
    *out = NULL;
    int code = gbl_kv_list_text(&doc, text, a, err);
    if (code) return code;
    code = gbl_kv_plan_new(out, gbl_doc_root(doc), m, bytes_per_element, "", a, err);
    if (code && !strchr(err->where, ':')) gbl_where(err, "--compress"); /* a place in the list as it was turned to JSON says nothing */
    if (code) gbl_doc_free(doc);
    else (*out)->text = doc;
    return code;
}
