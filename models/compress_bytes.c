/* compress_bytes.c - what a sequence of p prompt tokens at context n keeps, stores and reads, cell by cell (compress.h). */
#include <assert.h>
#include <math.h>

#include "models/compress_parts.h"

/* ---- tokens ---- */

static double limit_of(const gbl_kv_rule *r, int64_t p, int64_t n) {
    double cap = r->cap > 0 ? r->cap : INFINITY;
    if (r->share > 0 && !(r->share >= 1 && r->cap > 0)) { /* a share of 1 leaves the bound to the tokens */
        double of = (double)(r->of_context ? n : p);
        double share = r->halves ? 2 * floor(of * r->share / 2) : floor(of * r->share);
        cap = fmin(cap, fmax(share, 1));
    }
    return cap;
}

/* Tokens dropped at once: at most all that are kept. */
static double every_of(const gbl_kv_rule *r, double cap) { return fmin(r->every, floor(cap)); }

/* Tokens that the rule leaves; *chosen: those of them that were chosen from more. */
static double rule_tokens(const gbl_kv_rule *r, int64_t p, int64_t n, double *chosen) {
    double cap = limit_of(r, p, n), all = (double)n;
    *chosen = 0;
    if (!r->generated) {
        if ((double)p <= cap) return all;
        *chosen = cap;
        return cap + (double)(n - p);
    }
    if (all <= cap) return all;
    double every = every_of(r, cap), since = all - fmax(cap, (double)p); /* a longer prompt leaves a full buffer */
    if (every > 1 && since > 0) cap += 1 - every + fmod(since - 1, every);
    return *chosen = cap;
}

gbl_kv_count gbl_kv_count_of(const gbl_kv_cell *c, int64_t p, int64_t n) {
    if (c->generated < 1) n = p + (int64_t)ceil((double)(n - p) * c->generated);
    p += (int64_t)c->prefix;
    n += (int64_t)c->prefix;
    gbl_kv_count k = {(double)n, 0, 0};
    for (int32_t i = 0; i < c->n_rules; i++) {
        double chosen, left = rule_tokens(&c->rule[i], p, n, &chosen);
        if (left < k.kept) k = (gbl_kv_count){left, chosen, 0};
    }
    if (c->merge < 1) {
        k.chosen = ceil(k.chosen * c->merge);
        k.kept = ceil(k.kept * c->merge);
    }
    if (c->class_share < 1) { /* the shares before it, rounded down together, then its own */
        double from = floor(k.kept * c->class_from + 1e-9), to = floor(k.kept * (c->class_from + c->class_share) + 1e-9);
        k.chosen = k.kept > 0 ? k.chosen * (to - from) / k.kept : 0;
        k.kept = to - from;
    }
    k.stored = k.kept + ceil(k.chosen * (c->group - 1) * (1 - c->overlap) - 1e-9);
    return k;
}

double gbl_kv_tokens(const gbl_kv_cell *c, int64_t p, int64_t n) { return gbl_kv_count_of(c, p, n).stored; }

double gbl_kv_residue(double tokens, double r, int mod) {
    if (r <= 0) return 0;
    if (!mod) return fmin(r, tokens);
    return tokens < r ? tokens : fmod(floor(tokens), r);
}

/* ---- bytes ---- */

static double stored_bytes(const gbl_kv_plan *plan, const gbl_kv_cell *c, double stored, int64_t n) {
    const gbl_kv_shape *s = &plan->shape;
    double full = s->bits / 8, rk = gbl_kv_residue(stored, c->res_k, c->k_mod), rv = gbl_kv_residue(stored, c->res_v, c->v_mod);
    double head = ((stored - rk) * c->wk * c->bk * s->dk + (stored - rv) * c->wv * c->bv * s->dv) / 8 / c->share;
    head += full * (rk * s->dk + rv * s->dv) / c->share + stored * (c->aux + c->index);
    if (c->rk > 0) head += full * c->rk * (stored + s->dk);
    if (c->rv > 0) head += full * c->rv * (stored + s->dv);
    head += full * fmin(c->extra, (double)n) * (s->dk + s->dv);
    return (double)c->layers * (double)c->heads * c->copies * head;
}

double gbl_kv_cell_bytes(const gbl_kv_plan *plan, const gbl_kv_cell *c, int64_t p, int64_t n) {
    return stored_bytes(plan, c, gbl_kv_tokens(c, p, n), n);
}

double gbl_kv_below_bytes(const gbl_kv_plan *plan, int64_t p, int64_t n, int tier) {
    double sum = 0;
    for (int32_t i = 0; i < plan->n_cells; i++)
        if (plan->cell[i].tier == tier) sum += gbl_kv_cell_bytes(plan, &plan->cell[i], p, n);
    return sum;
}

double gbl_kv_resident_bytes(const gbl_kv_plan *plan, int64_t p, int64_t n) {
    return gbl_kv_below_bytes(plan, p, n, 0) + plan->const_bytes;
}

double gbl_kv_full_bytes(const gbl_kv_plan *plan, int64_t n) {
    const gbl_kv_shape *s = &plan->shape;
    return (double)n * (double)(s->layers * s->kv_heads) * (s->dk + s->dv) * s->bits / 8;
}

double gbl_kv_free_pages(double keep, double page, double run, double heads) {
    return pow(1 - keep, heads * (page + run - 1) / run);
}

/* Tokens whose page cannot be freed: choices made in place leave pages of which only a part is kept (rules a and c). */
static double held_by_holes(const gbl_kv_cell *c, double kept, int64_t n, int64_t page) {
    if (!c->holes || kept >= (double)n) return kept;
    double keep = kept / (double)n;
    return fmax(kept, (double)n * (1 - gbl_kv_free_pages(keep, (double)page, 1, c->holes)));
}

/* Bytes x 256 of a cell's parts, each rounded once, so that sums and growth are exact. */
typedef struct rates { int64_t code_k, code_v, full_k, full_v, each, fixed, extra; } rates;

static int64_t q8(double bytes) { return (int64_t)ceil(bytes * 256 - 1e-6); } /* up: never less than exact */

static rates rates_of(const gbl_kv_plan *plan, const gbl_kv_cell *c) {
    const gbl_kv_shape *s = &plan->shape;
    double heads = (double)c->layers * (double)c->heads * c->copies, full = s->bits / 8;
    return (rates){q8(heads * c->wk * c->bk * s->dk / 8 / c->share), q8(heads * c->wv * c->bv * s->dv / 8 / c->share), q8(heads * full * s->dk / c->share),
                   q8(heads * full * s->dv / c->share), q8(heads * (c->aux + c->index + full * (c->rk + c->rv))), q8(heads * full * (c->rk * s->dk + c->rv * s->dv)),
                   q8(heads * full * (s->dk + s->dv))};
}

int64_t gbl_kv_token_q8(const gbl_kv_plan *plan, const gbl_kv_cell *c) {
    rates q = rates_of(plan, c);
    return q.code_k + q.code_v + q.each;
}

static int64_t cell_paged_q8(const gbl_kv_plan *plan, const gbl_kv_cell *c, int64_t p, int64_t n, int64_t page) {
    rates q = rates_of(plan, c);
    double stored = gbl_kv_tokens(c, p, n);
    int64_t rk = llround(gbl_kv_residue(stored, c->res_k, c->k_mod)), rv = llround(gbl_kv_residue(stored, c->res_v, c->v_mod));
    int64_t whole = (int64_t)ceil(held_by_holes(c, stored, n, page) / (double)page) * page;
    int64_t bytes = (whole - rk) * q.code_k + rk * q.full_k + (whole - rv) * q.code_v + rv * q.full_v + whole * q.each;
    return bytes + (stored > 0 ? q.fixed : 0) + (c->extra < (double)n ? (int64_t)c->extra : n) * q.extra;
}

int64_t gbl_kv_paged_q8(const gbl_kv_plan *plan, int64_t p, int64_t n, int64_t page) {
    int64_t sum = q8(plan->const_bytes);
    assert(page > 0);
    for (int32_t i = 0; i < plan->n_cells; i++)
        if (!plan->cell[i].tier) sum += cell_paged_q8(plan, &plan->cell[i], p, n, page);
    return sum;
}

int64_t gbl_kv_paged_bytes(const gbl_kv_plan *plan, int64_t p, int64_t n, int64_t page) { return (gbl_kv_paged_q8(plan, p, n, page) + 255) / 256; }

int64_t gbl_kv_block_q8(const gbl_kv_plan *plan, int64_t page) {
    int64_t sum = 0;
    for (int32_t i = 0; i < plan->n_cells; i++) {
        rates q = rates_of(plan, &plan->cell[i]);
        if (!plan->cell[i].tier) sum += (int64_t)((double)page * plan->cell[i].merge) * (q.code_k + q.code_v + q.each);
    }
    return sum;
}

int64_t gbl_kv_growth(const gbl_kv_plan *plan, int64_t p, int64_t n, int64_t page, int64_t *ring) {
    int64_t each = 0;
    for (int32_t i = 0; i < plan->n_cells; i++) {
        const gbl_kv_cell *c = &plan->cell[i];
        if (c->tier) continue;
        double stored = gbl_kv_tokens(c, p, n), next = gbl_kv_tokens(c, p, n + 1);
        rates q = rates_of(plan, c);
        int64_t rk = llround(gbl_kv_residue(next, c->res_k, c->k_mod) - gbl_kv_residue(stored, c->res_k, c->k_mod));
        int64_t rv = llround(gbl_kv_residue(next, c->res_v, c->v_mod) - gbl_kv_residue(stored, c->res_v, c->v_mod));
        each += rk * (q.full_k - q.code_k) + rv * (q.full_v - q.code_v) + ((double)n < c->extra ? q.extra : 0);
        if (next - stored != 1) { /* none, or several come or go at once: then gbl_kv_until said one step */
            each += (int64_t)((ceil(next / (double)page) - ceil(stored / (double)page)) * (double)page) * (q.code_k + q.code_v + q.each);
            continue;
        }
        int64_t spare = (page - (int64_t)stored % page) % page;
        ring[spare] += page * (q.code_k + q.code_v + q.each);
    }
    return each;
}

/* ---- peak ---- */

double gbl_kv_score_bytes(const gbl_kv_plan *plan, int64_t p) {
    return plan->full_scores ? (double)plan->shape.heads * (double)p * (double)p * 2 : 0;
}

/* A prompt's KV before it shrinks: whole; or what is kept and one whole layer, which is gathered from; or what is kept and one chunk. */
double gbl_kv_peak_bytes(const gbl_kv_plan *plan, int64_t p, int64_t chunk) {
    double end = gbl_kv_resident_bytes(plan, p, p), full = gbl_kv_full_bytes(plan, p), layer = full / (double)plan->shape.layers;
    if (chunk <= 0 || chunk > p) chunk = p;
    switch (plan->peak_when) {
    case GBL_WHEN_PREFILL_LAYER_END: return fmin(end + layer, full);
    case GBL_WHEN_PREFILL_CHUNK: return fmin(end + gbl_kv_full_bytes(plan, chunk), full);
    case GBL_WHEN_PREFILL_END:
    case GBL_WHEN_STEP: return fmax(end, full);
    default: return end;
    }
}

/* ---- reads ---- */

static double tokens_read(const gbl_kv_cell *c, double kept) {
    return c->read_budget > 0 && kept > c->read_budget ? c->read_budget : kept;
}

gbl_kv_read gbl_kv_read_at(const gbl_kv_plan *plan, int64_t p, int64_t n) {
    const gbl_kv_shape *s = &plan->shape;
    gbl_kv_read sum = {q8(plan->const_bytes), 0, 0, 0};
    for (int32_t i = 0; i < plan->n_cells; i++) {
        const gbl_kv_cell *c = &plan->cell[i];
        gbl_kv_count k = gbl_kv_count_of(c, p, n);
        double walks = (double)c->layers * (double)c->heads, over = c->reread ? 1 : c->share;
        double all = c->reread ? k.kept : k.stored, read = tokens_read(c, all);
        double rk = fmin(read, gbl_kv_residue(all, c->res_k, c->k_mod)), rv = fmin(read, gbl_kv_residue(all, c->res_v, c->v_mod));
        double unit = walks * c->copies * c->read_share / over;
        int64_t codes_k = q8(unit * c->wk * c->bk * s->dk / 8), codes_v = q8(unit * c->wv * c->bv * s->dv / 8);
        int64_t full_k = q8(unit * s->bits / 8 * s->dk), full_v = q8(unit * s->bits / 8 * s->dv);
        int64_t each = q8(walks * (c->aux + c->selector_bytes / c->read_interval + s->bits / 8 * (c->rk + c->rv)));
        int64_t bytes = llround(read - rk) * codes_k + llround(read - rv) * codes_v + llround(rk) * full_k + llround(rv) * full_v;
        bytes += llround(all) * each + q8(walks * s->bits / 8 * (c->rk * s->dk + c->rv * s->dv));
        bytes += llround(fmin(c->extra, (double)n)) * q8(walks * s->bits / 8 * (s->dk + s->dv));
        if (!c->tier) sum.bytes_q8 += bytes;
        else if (c->tier < 3) sum.link_q8 += llround((double)bytes / c->read_interval);
        if (c->tier && c->tier < 3 && c->read_interval > 1) sum.bytes_q8 += bytes; /* what one selection fetched is read at each step until the next */
        int64_t attended = llround(tokens_read(c, k.kept)) * (int64_t)llround(walks * c->read_share);
        sum.attended += attended;
        if (c->bk < s->bits || c->bv < s->bits) sum.quantised += llround(read - fmin(rk, rv)) * (int64_t)llround(walks * c->read_share);
    }
    return sum;
}

/* ---- how long it stays linear ---- */

static int64_t sooner(int64_t a, double b) { return b < 1 ? 1 : b < (double)a ? (int64_t)b : a; }

/* Steps until the growth of this rule's tokens changes; *grows: it grows now. */
static int64_t rule_until(const gbl_kv_rule *r, int64_t p, int64_t n, int *grows) {
    double cap = limit_of(r, p, n);
    *grows = 1;
    if (!r->generated) return INT64_MAX;
    if (r->share > 0 && r->of_context) return 1;
    if ((double)n < cap) return sooner(INT64_MAX, cap - (double)n);
    double every = every_of(r, cap);
    if (every > 1) {
        double since = (double)n - fmax(cap, (double)p), at = since <= 0 ? every - 1 : fmod(since - 1, every);
        return sooner(INT64_MAX, every - 1 - at);
    }
    *grows = 0;
    return INT64_MAX;
}

static int64_t residue_until(int64_t most, double tokens, double r, int mod) {
    if (r <= 0) return most;
    if (mod) return sooner(most, r - 1 - fmod(tokens, r));
    return tokens < r ? sooner(most, r - tokens) : most;
}

static int64_t cell_until(const gbl_kv_cell *c, int64_t p, int64_t n) {
    int64_t most = INT64_MAX;
    int all_grow = 1, before = (int)c->prefix;
    if (c->generated < 1) return 1;
    for (int32_t i = 0; i < c->n_rules; i++) {
        int grows;
        int64_t m = rule_until(&c->rule[i], p + before, n + before, &grows);
        if (m < most) most = m;
        all_grow &= grows;
    }
    if (c->extra > 0 && (double)n < c->extra) most = sooner(most, c->extra - (double)n);
    if (c->group > 1 && c->overlap < 1 && gbl_kv_count_of(c, p, n).chosen != gbl_kv_count_of(c, p, n + 1).chosen) return 1;
    if (!all_grow) return most;
    if (c->merge < 1 || c->class_share < 1 || (c->n_rules > 1 && most < INT64_MAX)) return 1;
    gbl_kv_count k = gbl_kv_count_of(c, p, n);
    if (k.stored != floor(k.stored)) return 1;
    for (int which = 0; which < 2; which++) {
        double tokens = which ? k.kept : k.stored;
        most = residue_until(most, tokens, c->res_k, c->k_mod);
        most = residue_until(most, tokens, c->res_v, c->v_mod);
        if (c->read_budget > 0 && tokens < c->read_budget) most = sooner(most, c->read_budget - tokens);
    }
    return most;
}

int64_t gbl_kv_until(const gbl_kv_plan *plan, int64_t p, int64_t n) {
    int64_t most = INT64_MAX;
    for (int32_t i = 0; i < plan->n_cells && most > 1; i++) {
        int64_t m = cell_until(&plan->cell[i], p, n);
        if (m < most) most = m;
    }
    return most;
}
