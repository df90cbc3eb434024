/* cost_arch.c - steps of a rewritten model (gbl_kv_arch): which of its layers run on how many of the step's tokens.
 *
 * A step is a few passes, each through a share of the layers on tokens of its own; a pass costs what gbl_cost_token_lines says of as
 * many tokens through all layers, times that share. With T tokens, D of them decodes and S rows sampled:
 *
 *   early exit s     s of the layers on T; the rest on S (decodes and last tokens of prompts), and K, V projections on the prompts
 *   streams P        all layers on P T, weights once; the S rows' P hidden states are put together, P H (H+1) parameters
 *   recursions R     own layers on T; the shared ones, 1/R of the depth a time, on T (R-r+1)/R at the r-th. Decodes alone are batched
 *                    across depths: each runs of them keeps all D tokens busy, (R+1)/(2R) of the depth a token. Where depths are
 *                    drawn (policy.execute mor), a step is one of these runs: 1/R of the depth on D, own layers on those that end
 *   steps of m       all layers on T, micro layers m times on D; the LM head m times
 *   blocks of b      prompts: global layers on 1/b of the tokens, no local ones; decodes: local layers on D, global ones on D every b-th step
 *
 * Attention of prompts: pairs shrink with queries x keys. Linear layers (the model's own too) have no pairs: a decode's h states of d x d
 * are read, updated and written, 6 h d^2 FLOP; prompts go in chunks of 256 (the published kernel's), 4 h d^2 + 2 h d 256 FLOP a token.
 * Weights: what layers share is stored once. Sources: the papers and codes that the compression cards name. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/cost_parts.h"

static const double linear_chunk = 256;

static double rounded(double layers, double share) { return floor(layers * share + 0.5) / layers; }
static double layers_of(const gbl_cost *c) { return (double)c->spec.llm->layers; }
static double own_share(const gbl_cost *c) { return fmin(1, c->arch->own_layers / layers_of(c)); }
static double active_share(const gbl_kv_arch *a, int r) { return (a->recursions - r) / a->recursions; } /* r from 0 */

/* ---- the model itself ---- */

/* Parameters of the layers' matrices beside the stored layers': what puts the streams together. */
static double joint_parameters(const gbl_cost *c) {
    double H = (double)c->spec.llm->hidden;
    return c->arch->streams > 1 ? c->arch->streams * H * (H + 1) : 0;
}

static double stored_share(const gbl_cost *c) {
    const gbl_kv_arch *a = c->arch;
    double own = own_share(c);
    return (a->recursions > 1 ? own + (1 - own) / a->recursions : 1) + a->micro_layers;
}

/* Attention kernels that a decode step launches. */
static double decode_calls(const gbl_cost *c) {
    const gbl_kv_arch *a = c->arch;
    double own = own_share(c), mean = (a->recursions + 1) / (2 * a->recursions), local = rounded(layers_of(c), a->local_layers);
    if (a->recursions > 1) return c->full_layers * (own + (1 - own) * mean);
    if (a->block > 1) return c->full_layers * (local + (1 - local) / a->block);
    return c->full_layers;
}

double gbl_arch_decode_calls(const gbl_cost *c, const gbl_batch *b) {
    if (!b->pass_n) return c->decode_calls;
    double own = own_share(c);
    return c->full_layers * ((1 - own) / c->arch->recursions + own * (double)b->pass_ends / (double)b->pass_n);
}

void gbl_arch_init(gbl_cost *c) {
    const gbl_kv_plan *plan = c->spec.compress;
    gbl_llm *m = &c->llm;
    c->stored_share = c->decode_share = 1;
    for (int32_t i = 0; plan && i < plan->n_gens; i++)
        if (plan->gen[i].kind == GBL_GEN_ARCH) c->arch = &plan->arch;
    if (!c->arch) return;
    *m = *c->spec.llm;
    m->kv_heads = (int64_t)fmax(1, floor((double)m->kv_heads * c->arch->kv_heads + 0.5));
    if (c->arch->linear_layers > 0) {
        m->linear_layers = (int64_t)floor((double)m->layers * c->arch->linear_layers + 0.5);
        m->linear_state_B = (int64_t)c->arch->linear_state;
    }
    c->spec.llm = m;
    c->stored_share = stored_share(c);
    c->joint_parameters = joint_parameters(c);
}

/* ---- passes ---- */

static void pass(gbl_pass *out, int *n, const char *part, double layers, double tokens) {
    if (layers > 0 && tokens > 0) out[(*n)++] = (gbl_pass){part, layers, tokens};
}

static void recursive_passes(const gbl_cost *c, const gbl_batch *b, double decodes, double prompts, gbl_pass *out, int *n) {
    static const char *const names[] = {"recursion 1", "recursion 2", "recursion 3", "recursion 4", "recursion 5", "recursion 6"};
    const gbl_kv_arch *a = c->arch;
    double own = own_share(c);
    double once = (1 - own) / a->recursions, singles = b->pass_n > 0 ? decodes : 0; /* padded with the rest */
    pass(out, n, "own", own, decodes + prompts - singles + (b->pass_n > 0 ? singles * (double)b->pass_ends / (double)b->pass_n : 0));
    if (prompts <= 0) {
        pass(out, n, "recursions", singles > 0 ? once : once * (a->recursions + 1) / 2, decodes);
        return;
    }
    for (int r = 0; r < (int)a->recursions; r++) pass(out, n, names[r], once, (decodes - singles + prompts) * active_share(a, r) + (r ? 0 : singles));
}

/* Output tokens of a decode: so many times do micro layers and LM head run. */
static double step_tokens(const gbl_kv_arch *a, const gbl_batch *b) {
    return b->yields > 0 && b->dec_n > 0 ? (double)b->yields / (double)b->dec_n : a->tokens_step;
}

/* `decodes`: as they count, or as many as are computed (padding). */
static int passes(const gbl_cost *c, const gbl_batch *b, double decodes, gbl_pass *out) {
    const gbl_kv_arch *a = c->arch;
    double prompts = (double)b->pre_tokens, early = rounded(layers_of(c), a->prefill_layers), local = rounded(layers_of(c), a->local_layers);
    int n = 0;
    if (a->prefill_layers < 1 && prompts > 0) {
        pass(out, &n, "early", early, decodes + prompts);
        pass(out, &n, "late", 1 - early, decodes + (double)(b->sampled - b->dec_n));
    } else if (a->recursions > 1) {
        recursive_passes(c, b, decodes, prompts, out, &n);
    } else if (a->block > 1) {
        pass(out, &n, "block", 1 - local, ceil(prompts / a->block));
        pass(out, &n, "block", (1 - local) / a->block, decodes);
        pass(out, &n, "token", local, decodes);
    } else {
        pass(out, &n, NULL, 1, a->streams * (decodes + prompts));
        pass(out, &n, "micro", a->micro_layers * step_tokens(a, b), decodes);
    }
    return n;
}

void gbl_arch_shape(gbl_cost *c) {
    const gbl_kv_plan *plan = c->spec.compress;
    c->decode_calls = c->full_layers + c->window_layers;
    c->launches_most_s = c->launches_s;
    if (!c->arch) return;
    gbl_batch one = {.dec_n = 1};
    gbl_pass pass[GBL_PASSES];
    c->decode_calls = decode_calls(c);
    c->pass_share = own_share(c) + (1 - own_share(c)) / c->arch->recursions;
    c->decode_share = 0;
    for (int i = passes(c, &one, 1, pass); i > 0; i--) c->decode_share += pass[i - 1].layers;
    c->launches_most_s = c->launches_s * fmax(1, c->decode_share);
    c->token_writes = (gbl_kv_resident_bytes(plan, 4096, 4096) - gbl_kv_resident_bytes(plan, 2048, 2048)) / 2048 / c->kv_plan_layer / c->spec.tp;
}

int gbl_arch_passes(const gbl_cost *c, const gbl_batch *b, gbl_pass out[GBL_PASSES]) {
    return passes(c, b, (double)(gbl_cost_padded(c, b) - b->pre_tokens), out);
}

double gbl_arch_sampled_times(const gbl_cost *c, const gbl_batch *b) { return b->pre_tokens ? 1 : step_tokens(c->arch, b); }

/* Late layers whose K and V are their own: one of each group that shares them. */
static double late_projections(const gbl_cost *c) {
    const gbl_kv_plan *plan = c->spec.compress;
    double L = layers_of(c), late = L * (1 - rounded(L, c->arch->prefill_layers));
    for (int32_t i = 0; i < plan->n_gens; i++) {
        const gbl_gen_share *s = &plan->gen[i].u.share;
        if (plan->gen[i].kind == GBL_GEN_SHARE && !s->merges) late -= fmin(late, L * (s->to - fmax(s->from, c->arch->prefill_layers))) * (1 - 1 / s->group);
    }
    return late;
}

int gbl_arch_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out) {
    const gbl_kv_arch *a = c->arch;
    double H = (double)c->spec.llm->hidden;
    int n = 0;
    if (a->prefill_layers < 1 && b->pre_tokens > 0)
        gbl_cost_product(c, out, &n, "kv_projection", late_projections(c), (double)b->pre_tokens, 2 * c->kv_heads * (double)c->spec.llm->head_dim, H);
    if (a->streams > 1 && b->sampled > 0) gbl_cost_product(c, out, &n, "aggregate", 1, (double)b->sampled, (H + 1) / c->spec.tp, a->streams * H);
    for (int i = 0; i < n; i++) out[i].part = a->streams > 1 ? NULL : "late";
    return n;
}

/* ---- attention ---- */

static int64_t times(int64_t v, double share) { return (int64_t)ceil((double)v * share - 1e-6); }

static void shrink(gbl_batch *b, double queries, double keys) {
    b->pre_tokens = times(b->pre_tokens, queries);
    b->pre_kv = times(b->pre_kv, keys);
    b->pre_pairs = times(b->pre_pairs, queries * keys);
    b->pre_pairs_win = times(b->pre_pairs_win, queries * keys);
    b->pre_tiles = times(b->pre_tiles, queries);
    b->pre_work = times(b->pre_work, queries * keys);
    b->pre_longest = times(b->pre_longest, keys);
}

/* P copies, each behind `before` tokens of its own. */
static void copies(const gbl_cost *c, gbl_batch *b, double P, int64_t before) {
    int64_t p = (int64_t)P, rows = c->rows_tile;
    b->pre_kv = p * (b->pre_kv + before * b->pre_n);
    b->pre_pairs = p * (b->pre_pairs + before * b->pre_tokens);
    b->pre_work = p * (b->pre_work + before * b->pre_tiles * rows);
    b->pre_longest += before;
    b->pre_tokens *= p;
    b->pre_tiles *= p;
    b->pre_n *= p;
}

static void prompt(gbl_arch_prompt *out, int *n, const char *part, double layers, const gbl_batch *b, double queries, double keys) {
    if (layers <= 0) return;
    gbl_arch_prompt *p = &out[(*n)++];
    *p = (gbl_arch_prompt){part, layers, *b};
    shrink(&p->b, queries, keys);
}

int gbl_arch_prompts(const gbl_cost *c, const gbl_batch *b, gbl_arch_prompt out[GBL_PASSES]) {
    static const char *const names[] = {"recursion 1", "recursion 2", "recursion 3", "recursion 4", "recursion 5", "recursion 6"};
    const gbl_kv_arch *a = c->arch;
    double L = c->full_layers, own = own_share(c);
    gbl_batch all = *b;
    int n = 0;
    if (b->pre_tokens <= 0) return 0;
    all.pre_pairs = times(all.pre_pairs, a->prefill_sparse);
    all.pre_work = times(all.pre_work, a->prefill_sparse);
    if (a->streams > 1) copies(c, &all, a->streams, (int64_t)a->stream_tokens);
    if (a->prefill_layers < 1) prompt(out, &n, "early", L * rounded(L, a->prefill_layers), &all, 1, 1);
    else if (a->block > 1) prompt(out, &n, "block", L * (1 - rounded(L, a->local_layers)), &all, 1 / a->block, 1 / a->block);
    else if (a->recursions > 1) {
        prompt(out, &n, "own", L * own, &all, 1, 1);
        for (int r = 0; r < (int)a->recursions; r++) prompt(out, &n, names[r], L * (1 - own) / a->recursions, &all, active_share(a, r), a->kv_once > 0 ? 1 : active_share(a, r));
    } else prompt(out, &n, NULL, L, &all, 1, 1);
    return n;
}

/* The last tokens of prompts attend in the layers that the others left out. */
static void last_line(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n) {
    gbl_decode_terms room;
    double L = c->full_layers;
    if (!b->kv.last_n || c->arch->prefill_layers >= 1) return;
    gbl_cost_line *l = &out[(*n)++];
    *l = (gbl_cost_line){.name = "attention_last", .part = "late", .count = L * (1 - rounded(L, c->arch->prefill_layers))};
    gbl_decode(&c->g, &c->attn, gbl_cost_decode_terms(c, b->kv.last_n, &room), (double)b->kv.last_kv, &l->k);
    gbl_cost_kv_runtime(c, (double)b->kv.last_kv, &l->k);
}

void gbl_arch_prompt_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n) {
    gbl_arch_prompt part[GBL_PASSES];
    int parts = gbl_arch_prompts(c, b, part);
    for (int i = 0; i < parts; i++) {
        gbl_cost_prefill_line(c, &part[i].b, 0, "attention_prefill", part[i].layers, out, n);
        out[*n - 1].part = part[i].part;
    }
    if (b->pre_tokens > 0) gbl_cost_prefill_line(c, b, 1, "attention_prefill_window", c->window_layers, out, n);
    last_line(c, b, out, n);
}

/* A state of I x N decays, takes in and is read out, 6 operations an element and token. Mamba-2's prompts do it in chunks, as linear
 * attention (Dao and Gu, arXiv 2405.21060, section 6); Mamba-1's scan cannot (arXiv 2312.00752, section 3.3). */
static double ssm_flops(const gbl_cost *c, const gbl_batch *b) {
    const gbl_llm *m = c->spec.llm;
    double I = (double)m->ssm_inner / c->spec.tp, N = (double)m->ssm_state;
    double prompt = m->ssm_dt_rank ? 6 * I * N : 4 * I * N + 2 * (I + (double)m->ssm_groups * N) * linear_chunk;
    return (double)b->dec_n * 6 * I * N + (double)b->pre_tokens * prompt;
}

static double linear_flops(const gbl_cost *c, const gbl_batch *b) {
    if (c->spec.llm->ssm_inner) return ssm_flops(c, b);
    double h = c->heads, d = (double)c->spec.llm->head_dim;
    return (double)b->dec_n * 6 * h * d * d + (double)b->pre_tokens * (4 * h * d * d + 2 * h * d * linear_chunk);
}

void gbl_arch_linear_line(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n) {
    const gbl_llm *m = c->spec.llm;
    if (!m->linear_layers) return;
    double h = c->heads, d = (double)m->head_dim, state = gbl_llm_state_bytes(m) / (double)m->linear_layers / c->spec.tp;
    double peak = m->ssm_dt_rank ? gbl_cost_vector_peak(c) : c->g.hw->flops[c->wide], e = c->g.ideal ? 1 : c->g.cal->gemm.e_c, e_m = c->g.ideal ? 1 : c->g.cal->small_e_m;
    gbl_cost_line *l = &out[(*n)++];
    *l = (gbl_cost_line){.name = m->ssm_inner ? "ssm_scan" : "linear_attention", .count = (double)m->linear_layers};
    l->k.flops = linear_flops(c, b);
    l->k.hbm_bytes = (double)(b->dec_n + b->pre_n) * 2 * state + (double)(b->dec_n + b->pre_tokens) * 8 * h * d;
    l->k.sm_s = l->k.flops / peak;
    l->k.hbm_s = l->k.hbm_bytes / c->g.hw->hbm_bps;
    l->k.time_s = fmax(l->k.sm_s / e, l->k.hbm_s / e_m) + (c->g.ideal ? 0 : c->g.cal->small_t0);
}

/* ---- what a step amounts to ---- */

double gbl_arch_flops(const gbl_cost *c, const gbl_batch *b) {
    gbl_pass pass[GBL_PASSES];
    gbl_arch_prompt part[GBL_PASSES];
    gbl_cost_line lines[4];
    double sum = c->flops_row * (double)b->sampled * gbl_arch_sampled_times(c, b), L = c->full_layers, late = L * (1 - rounded(L, c->arch->prefill_layers));
    int n = passes(c, b, (double)b->dec_n, pass), parts = gbl_arch_prompts(c, b, part), more = gbl_arch_lines(c, b, lines);
    for (int i = 0; i < n; i++) sum += c->flops_token * pass[i].layers * pass[i].tokens;
    for (int i = 0; i < parts; i++) sum += c->pair_flops * part[i].layers * (double)part[i].b.pre_pairs;
    for (int i = 0; i < more; i++) sum += lines[i].count * lines[i].k.flops * c->spec.tp;
    sum += c->pair_flops * c->window_layers * (double)b->pre_pairs_win;
    return sum + c->pair_flops * ((double)b->kv.read.attended / c->kv_heads_all + late * (double)b->kv.last_kv);
}

double gbl_arch_kv_bytes(const gbl_cost *c, const gbl_batch *b) {
    gbl_arch_prompt part[GBL_PASSES];
    double kv = c->token_writes * (double)(b->dec_n - b->pass_n + b->pass_ends + b->pre_tokens) + c->window_layers * (double)b->pre_kv, layer = c->kv_plan_layer * c->spec.tp;
    int parts = gbl_arch_prompts(c, b, part);
    for (int i = 0; i < parts; i++) kv += part[i].layers * (double)part[i].b.pre_kv;
    return kv * layer + (double)b->kv.read.bytes_q8 / 256;
}

double gbl_cost_linear_flops(const gbl_cost *c, const gbl_batch *b) { return (double)c->spec.llm->linear_layers * linear_flops(c, b) * c->spec.tp; }

double gbl_cost_linear_bytes(const gbl_cost *c, const gbl_batch *b) { /* decodes' reads are among the KV's */
    return (double)(b->dec_n + 2 * b->pre_n) * gbl_llm_state_bytes(c->spec.llm);
}
