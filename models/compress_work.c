/* compress_work.c - what compression computes and moves besides attention: FLOPs, bytes and launches of scoring, selecting,
 * gathering, quantising, widening, merging, reconstructing and fetching (compress.h).
 *
 * Counts a layer, over its query heads Hq or KV heads H, d elements a head, p prompt tokens, N resident ones:
 *   score, window     the last w queries against all keys again: 2 w p d FLOP a query head; keys read, w p scores written and read
 *   score, cumulative the n x n scores of a prompt written, read for the softmax, written, read for their column sums (4 x 2 B each);
 *                     in a step the N scores of each KV head read, added to and searched: 12 B each
 *                     a window's scores that drop many tokens at once: 4 B a query and kept token, and the kept rows gathered
 *   score, norm/head  keys read once; 2 d FLOP a key
 *   select            radix selection of 16-bit scores: read three times (kernel_move.h), 4-byte indices written
 *                     by layers that share one choice once for them; one row where all heads share it
 *   gather            kept rows read and written
 *   quantise          elements read in full and written as codes with their metadata; encode_flop each
 *   dequantise        decode_flop an element read in codes
 *   merge             into the most similar: keys of dropped tokens against those of kept ones, 2 d FLOP a pair (counted as score);
 *                     10 FLOP an element (an interpolation of directions), both rows read and one written
 *   reconstruct       dropped channels expanded at each read: 2 d (kept channels) FLOP a token and head; projections of new tokens,
 *                     2 hidden (kept channels) FLOP; with a basis each new token turned by a d x d matrix a head instead
 *   fetch             bytes over the link to where cells lie below HBM */
#include <math.h>
#include <string.h>

#include "models/compress_parts.h"
#include "models/kernel_move.h"

const char *const gbl_kv_part_names[GBL_KV_PARTS] = {"score", "select", "gather", "quantise", "dequantise", "merge", "reconstruct", "fetch"};

static void add(gbl_kv_work *w, double flops, double bytes, double launches) {
    w->flops += flops;
    w->hbm_bytes += bytes;
    w->launches += launches;
}

static double layers_of(const gbl_kv_plan *plan, const gbl_generator *g) { return (double)plan->shape.layers * g->cover; }
static double token_bytes(const gbl_kv_shape *s) { return s->bits / 8 * (s->dk + s->dv); } /* of a KV head, in full */

/* Tokens that this rule alone keeps of p. */
static double kept_by(const gbl_gen_tok *t, double p) {
    double cap = t->cap > 0 ? t->cap : INFINITY;
    if (t->share > 0) cap = fmin(cap, floor(p * t->share));
    return fmin(cap, p);
}

static void merge(const gbl_kv_plan *plan, double layers, double tokens, gbl_kv_work *out);
static void merge_dropped(const gbl_kv_plan *plan, const gbl_generator *g, double dropped, double kept, gbl_kv_work *out);

static void choose_prompt(const gbl_kv_plan *plan, const gbl_generator *g, double p, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    const gbl_gen_tok *t = &g->u.tok;
    double layers = layers_of(plan, g), hq = (double)s->heads, h = (double)s->kv_heads, kept = kept_by(t, p), rows = t->per_query_head ? hq : h;
    double chooses = layers / t->set_layers, choices = t->sets == GBL_SETS_HEAD ? rows : 1;
    if (kept >= p && t->share < 1) return; /* share 1: all are ranked and none goes */
    if (t->score == GBL_SCORE_WINDOW) {
        double w = fmin(t->observe, p);
        add(&out[GBL_KV_SCORE], chooses * 2 * w * p * s->dk * hq, chooses * (p * s->dk * s->bits / 8 * h + 2 * 2 * w * p * hq), 4 * chooses);
    } else if (t->score == GBL_SCORE_CUMULATIVE) {
        add(&out[GBL_KV_SCORE], chooses * hq * p * p, chooses * hq * p * p * 2 * 4, 4 * chooses);
    } else if (t->score != GBL_SCORE_NONE) {
        add(&out[GBL_KV_SCORE], chooses * 2 * s->dk * p * h, chooses * p * s->dk * s->bits / 8 * h, chooses);
    }
    if (t->score != GBL_SCORE_NONE) add(&out[GBL_KV_SELECT], 0, chooses * choices * (3 * 2 * p / t->block + 4 * kept / t->block), 3 * chooses);
    if (t->frees == GBL_FREES_COMPACT) add(&out[GBL_KV_GATHER], 0, layers * rows * 2 * kept * token_bytes(s), layers);
    merge_dropped(plan, g, p - kept, kept, out);
}

/* What is dropped goes into what is kept; the most similar is found by comparing their keys. */
static void merge_dropped(const gbl_kv_plan *plan, const gbl_generator *g, double dropped, double kept, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    const gbl_gen_tok *t = &g->u.tok;
    double rows = layers_of(plan, g) * (double)s->kv_heads;
    if (!t->merges || dropped <= 0) return;
    merge(plan, layers_of(plan, g), dropped, out);
    if (t->merges == GBL_MERGES_SIMILAR) add(&out[GBL_KV_SCORE], rows * 2 * dropped * kept * s->dk, rows * kept * s->dk * s->bits / 8, layers_of(plan, g));
}

static void choose_step(const gbl_kv_plan *plan, const gbl_generator *g, double p, double n, gbl_kv_work *out) {
    const gbl_gen_tok *t = &g->u.tok;
    double layers = layers_of(plan, g), h = (double)plan->shape.kv_heads, kept = kept_by(t, t->of_context ? n : p);
    if (t->generated || t->of_context) merge_dropped(plan, g, kept < n ? 1 : 0, kept, out);
    if (t->when == GBL_WHEN_STEP && t->score == GBL_SCORE_WINDOW && n > kept) { /* once in `every` steps: its mean */
        double every = fmin(t->every, kept), w = fmin(t->observe, kept);
        add(&out[GBL_KV_SCORE], layers * h * w * kept / every, layers * h * 4 * w * kept / every, layers / every);
        add(&out[GBL_KV_GATHER], 0, layers * h * 2 * (kept - every) * token_bytes(&plan->shape) / every, layers / every);
    }
    if (t->when != GBL_WHEN_STEP || t->score != GBL_SCORE_CUMULATIVE) return;
    add(&out[GBL_KV_SCORE], layers * h * kept * t->score_flop, gbl_score_bytes(layers * h * kept), layers);
}

static double code_bytes(const gbl_kv_shape *s, const gbl_gen_bits *b, int which) {
    double meta = b->meta_bits + (b->group > 0 ? b->scale_bits / b->group : 0);
    return which ? (b->v_bits + meta) / 8 * s->dv : (b->k_bits + meta) / 8 * s->dk;
}

/* k, v: tokens over all layers and heads. */
static void encode(const gbl_kv_plan *plan, const gbl_generator *g, double k, double v, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    const gbl_gen_bits *b = &g->u.bits;
    double elements = k * s->dk + v * s->dv, bytes = elements * s->bits / 8 + k * code_bytes(s, b, 0) + v * code_bytes(s, b, 1);
    double launches = layers_of(plan, g) * ((k > 0) + (v > 0));
    if (elements > 0) add(&out[GBL_KV_QUANTISE], elements * b->encode_flop, b->fused ? 0 : bytes, b->fused ? 0 : launches);
}

/* Tokens of a cell whose K, V turn into codes as the context grows from n - 1 to n. */
static double newly(const gbl_kv_cell *c, int64_t p, int64_t n, int which) {
    double now = gbl_kv_count_of(c, p, n).stored, was = n > p ? gbl_kv_count_of(c, p, n - 1).stored : 0;
    double r = which ? c->res_v : c->res_k;
    int mod = which ? c->v_mod : c->k_mod;
    double codes = (now - gbl_kv_residue(now, r, mod)) - (was - gbl_kv_residue(was, r, mod));
    if (codes <= 0 && now == was && n > p) codes = 1; /* a full cache: a token comes, another goes */
    return fmax(codes, 0);
}

static int under(const gbl_generator *g, const gbl_kv_cell *c) { return g->split < 0 || c->part[g->method][g->split] == g->part; }

/* The same over all cells that g applies to. */
static double newly_all(const gbl_kv_plan *plan, const gbl_generator *g, int64_t p, int64_t n, int which) {
    double sum = 0;
    for (int32_t i = 0; i < plan->n_cells; i++) {
        const gbl_kv_cell *c = &plan->cell[i];
        if (under(g, c)) sum += (double)c->layers * (double)c->heads * newly(c, p, n, which);
    }
    return sum;
}

static void encode_cells(const gbl_kv_plan *plan, const gbl_generator *g, int64_t p, int64_t n, gbl_kv_work *out) {
    encode(plan, g, newly_all(plan, g, p, n, 0), newly_all(plan, g, p, n, 1), out);
}

/* tokens: of each layer, that go into others. */
static void merge(const gbl_kv_plan *plan, double layers, double tokens, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    double pairs = layers * (double)s->kv_heads * tokens;
    if (pairs > 0) add(&out[GBL_KV_MERGE], gbl_merge_flops(pairs, s->dk + s->dv), gbl_merge_bytes(pairs, token_bytes(s)), layers);
}

/* Matrices that new tokens are multiplied by: down to the kept channels, or a basis a head that K, V, query and output are turned in. */
static double projection_bytes(const gbl_kv_plan *plan, const gbl_generator *g) {
    const gbl_kv_shape *s = &plan->shape;
    const gbl_gen_chan *c = &g->u.chan;
    double heads = layers_of(plan, g) * (double)s->kv_heads * s->bits / 8, down = c->expand ? (double)s->hidden * (c->k_share * s->dk + c->v_share * s->dv) : 0;
    return heads * (down + (c->basis ? s->dk * s->dk + s->dv * s->dv : 0));
}

static void project(const gbl_kv_plan *plan, const gbl_generator *g, double tokens, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    const gbl_gen_chan *c = &g->u.chan;
    double layers = layers_of(plan, g), h = (double)s->kv_heads, kept = c->k_share * s->dk + c->v_share * s->dv;
    double turn = 2 * (c->k_share * s->dk * s->dk + c->v_share * s->dv * s->dv) * (h + (double)s->heads);
    if (c->basis) add(&out[GBL_KV_RECONSTRUCT], layers * turn * tokens, 0, 2 * layers);
    if (c->expand) add(&out[GBL_KV_RECONSTRUCT], layers * 2 * (double)s->hidden * kept * h * tokens, layers * kept * h * tokens * s->bits / 8, layers);
}

static void channel_scores(const gbl_kv_plan *plan, const gbl_generator *g, double p, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    if (g->u.chan.when == GBL_WHEN_LOAD) return;
    double layers = layers_of(plan, g), h = (double)s->kv_heads;
    add(&out[GBL_KV_SCORE], layers * 2 * p * s->dk * h, layers * p * s->dk * s->bits / 8 * h, layers);
    add(&out[GBL_KV_GATHER], 0, layers * h * p * s->bits / 8 * (s->dk * (1 + g->u.chan.k_share) + s->dv * (g->u.chan.v_share < 1 ? 1 + g->u.chan.v_share : 0)), layers);
}

/* Factors of the codes' error, by three power iterations over tokens that turn into codes (GEAR's code: loop 3): 4 FLOP an element,
 * rank and iteration, the error read twice in each. */
static void low_rank(const gbl_kv_plan *plan, const gbl_generator *g, int64_t p, int64_t n, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    double k = newly_all(plan, g, p, n, 0), v = newly_all(plan, g, p, n, 1), elements = k * s->dk + v * s->dv;
    if (elements > 0)
        add(&out[GBL_KV_RECONSTRUCT], 3 * 4 * (k * s->dk * g->u.lowrank.k_rank + v * s->dv * g->u.lowrank.v_rank), 3 * 2 * elements * s->bits / 8, 3 * 2 * layers_of(plan, g));
}

void gbl_kv_prefill_work(const gbl_kv_plan *plan, int64_t p, gbl_kv_work out[GBL_KV_PARTS]) {
    memset(out, 0, GBL_KV_PARTS * sizeof *out);
    for (int32_t i = 0; i < plan->n_gens; i++) {
        const gbl_generator *g = &plan->gen[i];
        switch (g->kind) {
        case GBL_GEN_TOK: choose_prompt(plan, g, (double)p, out); break;
        case GBL_GEN_BITS: encode_cells(plan, g, p, p, out); break;
        case GBL_GEN_SHARE: if (g->u.share.merges) merge(plan, layers_of(plan, g), (double)p / 2, out); break; /* two layers' tokens become one */
        case GBL_GEN_MERGE: if (g->u.merge.when != GBL_WHEN_LOAD) merge(plan, layers_of(plan, g), (double)p * (1 - g->u.merge.share), out); break;
        case GBL_GEN_CHAN:
            channel_scores(plan, g, (double)p, out);
            project(plan, g, (double)p, out);
            out[GBL_KV_RECONSTRUCT].hbm_bytes += projection_bytes(plan, g);
            break;
        case GBL_GEN_LOWRANK: low_rank(plan, g, p, p, out); break;
        default: break;
        }
    }
    out[GBL_KV_FETCH].link_bytes = gbl_kv_below_bytes(plan, p, p, 1) + gbl_kv_below_bytes(plan, p, p, 2); /* written down once */
}

/* Dropped tokens leave holes in groups of K that are quantised together: the group is read and written again (rule a). */
static void requantise(const gbl_kv_plan *plan, const gbl_generator *bits, int64_t p, int64_t n, gbl_kv_work *out) {
    const gbl_kv_shape *s = &plan->shape;
    if (!bits->u.bits.k_channel || bits->u.bits.group <= 1) return;
    for (int32_t i = 0; i < plan->n_cells; i++) {
        const gbl_kv_cell *c = &plan->cell[i];
        double came = gbl_kv_count_of(c, p, n).kept - gbl_kv_count_of(c, p, n - 1).kept, gone = 1 - came;
        double rows = (double)c->layers * (double)c->heads * fmin(fmax(gone, 0), 1e6);
        if (!c->n_rules || rows <= 0) continue;
        double elements = bits->u.bits.group * s->dk;
        add(&out[GBL_KV_QUANTISE], rows * elements * (bits->u.bits.encode_flop + bits->u.bits.decode_flop), rows * 2 * bits->u.bits.group * code_bytes(s, &bits->u.bits, 0), (double)c->layers);
    }
}

void gbl_kv_event_work(const gbl_kv_plan *plan, int64_t p, int64_t n, gbl_kv_work out[GBL_KV_PARTS]) {
    memset(out, 0, GBL_KV_PARTS * sizeof *out);
    for (int32_t i = 0; i < plan->n_gens; i++) {
        const gbl_generator *g = &plan->gen[i];
        switch (g->kind) {
        case GBL_GEN_TOK: choose_step(plan, g, (double)p, (double)n, out); break;
        case GBL_GEN_BITS:
            if (n <= p) break;
            encode_cells(plan, g, p, n, out);
            requantise(plan, g, p, n, out);
            break;
        case GBL_GEN_SHARE: if (g->u.share.merges) merge(plan, layers_of(plan, g), 0.5, out); break;
        case GBL_GEN_MERGE: if (g->u.merge.when == GBL_WHEN_STEP) merge(plan, layers_of(plan, g), 1 - g->u.merge.share, out); break;
        case GBL_GEN_CHAN: project(plan, g, 1, out); break;
        case GBL_GEN_LOWRANK: if (n > p) low_rank(plan, g, p, n, out); break;
        default: break;
        }
    }
}

gbl_kv_rates gbl_kv_rates_of(const gbl_kv_plan *plan) {
    const gbl_kv_shape *s = &plan->shape;
    gbl_kv_rates r = {0, 0, 0};
    for (int32_t i = 0; i < plan->n_gens; i++) {
        const gbl_generator *g = &plan->gen[i];
        if (g->kind == GBL_GEN_BITS) r.dequantise = (s->dk + s->dv) * g->u.bits.decode_flop;
        if (g->kind == GBL_GEN_CHAN && g->u.chan.expand) r.reconstruct += 2 * g->cover * (g->u.chan.k_share * s->dk * s->dk + g->u.chan.v_share * s->dv * s->dv);
        if (g->kind == GBL_GEN_CHAN) r.weight_bytes += projection_bytes(plan, g);
        if (g->kind == GBL_GEN_LOWRANK) r.reconstruct += 2 * g->cover * (g->u.lowrank.k_rank + g->u.lowrank.v_rank);
    }
    return r;
}

void gbl_kv_step_work(const gbl_kv_plan *plan, int64_t p, int64_t n, gbl_kv_work out[GBL_KV_PARTS]) {
    gbl_kv_read read = gbl_kv_read_at(plan, p, n);
    gbl_kv_rates rates = gbl_kv_rates_of(plan);
    gbl_kv_event_work(plan, p, n, out);
    out[GBL_KV_DEQUANTISE].flops += (double)read.quantised * rates.dequantise;
    out[GBL_KV_RECONSTRUCT].flops += (double)read.attended * rates.reconstruct;
    out[GBL_KV_RECONSTRUCT].hbm_bytes += rates.weight_bytes;
    out[GBL_KV_FETCH].link_bytes = (double)read.link_q8 / 256;
}
