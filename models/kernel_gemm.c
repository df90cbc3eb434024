/* kernel_gemm.c - dense and grouped matrix products; see kernels.h. */
#include <math.h>
#include <string.h>

#include "models/kernels.h"

static const double split_cost = 0.8e-6; /* s: the reduction kernel of a split-K product */
static const double most_splits = 8;
static const double tiles[][2] = {{256, 128}, {128, 256}, {128, 128}, {64, 256}, {64, 128}, {128, 64}, {64, 64}};
/* Weight-only products of few rows are made for 16-row tensor-core tiles (Marlin, arXiv 2408.11743): a full 64-row tile of
 * 16-bit products would take longer than reading a quarter of the bytes. */
static const double narrow_tiles[][2] = {{16, 256}, {16, 128}, {32, 256}, {64, 256}};

void gbl_kernel_add(gbl_kernel *to, const gbl_kernel *k, double times)
{
    to->time_s += times * k->time_s;
    to->sm_s += times * k->sm_s;
    to->hbm_s += times * k->hbm_s;
    to->link_s += times * k->link_s;
    to->net_s += times * k->net_s;
    to->flops += times * k->flops;
    to->hbm_bytes += times * k->hbm_bytes;
    to->link_bytes += times * k->link_bytes;
}

/* (a^p + b^p)^(1/p), the larger taken out so that nothing overflows. */
static double smooth_max(double a, double b, double p)
{
    double hi = a > b ? a : b, lo = a > b ? b : a;
    return lo > 0 ? hi * pow(1 + pow(lo / hi, p), 1 / p) : hi;
}

typedef struct gemm_terms {
    double sm_flops, feed, hbm, bytes, sms; /* effective rates; bytes without split-K's */
} gemm_terms;

static double compute_time(const gbl_gemm_fit *f, const gemm_terms *t, const gbl_gemm_shape *s, double bm, double bn, double split)
{
    double w = ceil(s->m / bm) * ceil(s->n / bn) * split / t->sms, k = s->k / split;
    double read = bm * s->act_bytes + bn * (s->weight_bytes < s->act_bytes ? s->weight_bytes : s->act_bytes);
    double tile = fmax(2 * bm * bn * k / t->sm_flops, read * k / t->feed) + f->t_w;
    return ((1 - f->q) * fmax(w, 1) + f->q * ceil(w)) * tile;
}

static double best_of(const gbl_gemm_fit *f, const gemm_terms *t, const gbl_gemm_shape *s, const double (*tile)[2], size_t n, double most_split, double best)
{
    for (double split = 1; split <= most_split && (split == 1 || s->k / split >= 128); split *= 2) {
        double extra = split > 1 ? split_cost : 0;
        double t_m = (t->bytes + (split > 1 ? 8 * s->m * s->n * split : 0)) / t->hbm;
        for (size_t i = 0; i < n; i++) {
            double t_c = compute_time(f, t, s, tile[i][0], tile[i][1], split);
            if (fmax(t_c, t_m) + extra >= best) /* the smooth maximum is never below the hard one */
                continue;
            double time = smooth_max(t_c, t_m, f->p) + extra;
            if (time < best)
                best = time;
        }
    }
    return best;
}

/* 1, 2, 4 ... rows, and the largest. */
static double best_of_rows(const gbl_gemm_fit *f, const gemm_terms *t, const gbl_gemm_shape *s)
{
    double menu[16][2];
    size_t n = 0;
    for (double rows = 1; rows < f->tile_rows && n < 15; rows *= 2, n++) {
        menu[n][0] = rows;
        menu[n][1] = f->tile_columns;
    }
    menu[n][0] = f->tile_rows;
    menu[n][1] = f->tile_columns;
    return best_of(f, t, s, (const double(*)[2])menu, n + 1, 1, INFINITY);
}

static double best_tiling(const gbl_gemm_fit *f, const gemm_terms *t, const gbl_gemm_shape *s)
{
    if (f->tile_rows > 0 && f->tile_columns > 0)
        return best_of_rows(f, t, s);
    double best = best_of(f, t, s, tiles, sizeof tiles / sizeof *tiles, most_splits, INFINITY);
    if (s->weight_bytes >= s->act_bytes || s->unfused_bytes > 0)
        return best;
    return best_of(f, t, s, narrow_tiles, sizeof narrow_tiles / sizeof *narrow_tiles, most_splits, best);
}

/* What the fp8 linear layer does besides the product. */
static double fp8_extras(const gbl_machine *g, const gbl_gemm_shape *s)
{
    const gbl_calib *c = g->cal;
    double time = s->quantise ? c->fp8_quant * 3 * s->m * s->k / g->hw->hbm_bps : 0;
    if (g->engine)
        return time;
    if (s->m > 256 && fmod(s->m, 16) != 0)
        time += s->n * s->k / c->fp8_odd_bps;
    if (s->m > 128 && s->m <= 256)
        time += c->fp8_dispatch * s->n * s->k * (1 - (s->m - 128) / 256);
    return time;
}

static void rooflines(const gbl_hw *hw, double peak, gbl_kernel *k)
{
    k->sm_s = k->flops / peak;
    k->hbm_s = k->hbm_bytes / hw->hbm_bps;
}

static const gbl_gemm_fit *fit_of(const gbl_machine *g, int compute)
{
    return compute == GBL_FP8 || compute == GBL_FP4 ? &g->cal->gemm_fp8 : &g->cal->gemm;
}

static double peak_of(const gbl_machine *g, const gbl_precision *card, int compute)
{
    return card ? gbl_precision_peak(card, g->hw) : g->hw->flops[compute];
}

/* What a published format's kernels reach of the roofline's speed-up over a 16-bit product, which takes `wide`. */
static double published_time(const gbl_precision *card, const gbl_kernel *k, const gbl_kernel *wide, double rows)
{
    return wide->time_s * fmax(k->sm_s, k->hbm_s) / fmax(wide->sm_s, wide->hbm_s) / gbl_precision_share(card, rows);
}

static double rebuild_s(const gbl_machine *g, const gbl_precision *card, double elements)
{
    double peak = g->hw->flops[GBL_BF16], e = g->ideal ? 1 : g->cal->gemm.e_c, e_m = g->ideal ? 1 : g->cal->gemm.e_m;
    return elements * fmax(card->rebuild_flop / (peak * e), card->rebuild_bytes / (g->hw->hbm_bps * e_m));
}

void gbl_gemm(const gbl_machine *g, const gbl_gemm_shape *s, gbl_kernel *out)
{
    const gbl_gemm_fit *f = fit_of(g, s->compute);
    double peak = peak_of(g, s->card, s->compute), phi_c = g->engine ? f->phi_c : 1, phi_m = g->engine ? f->phi_m : 1;
    memset(out, 0, sizeof *out);
    if (s->m <= 0)
        return;
    out->flops = 2 * s->m * s->n * s->k;
    out->hbm_bytes = s->n * s->k * s->weight_bytes + s->m * s->k * s->act_bytes + s->m * s->n * s->out_bytes;
    rooflines(g->hw, peak, out);
    double rebuild = s->card ? rebuild_s(g, s->card, s->n * s->k) : 0;
    if (g->ideal) {
        out->time_s = rebuild + fmax(out->sm_s, out->hbm_s);
        return;
    }
    if (s->card && s->card->n_points) {
        gbl_gemm_shape wide = {s->m, s->n, s->k, GBL_BF16, 2, 2, 2, 0, 0, NULL};
        gbl_kernel w;
        gbl_gemm(g, &wide, &w);
        out->time_s = rebuild + published_time(s->card, out, &w, s->m);
        return;
    }
    gemm_terms t = {peak / g->hw->sms * f->e_c * phi_c, f->l2 * g->hw->clock_hz, g->hw->hbm_bps * f->e_m * phi_m, out->hbm_bytes, g->hw->sms};
    double widen = s->unfused_bytes > 0 ? f->t0 + s->n * s->k * s->unfused_bytes / t.hbm : 0; /* by a kernel before it */
    double extra = s->compute == GBL_FP8 || s->compute == GBL_FP4 ? fp8_extras(g, s) : 0;
    out->time_s = f->t0 + best_tiling(f, &t, s) + widen + extra + rebuild;
}

double gbl_moe_distinct(double experts, double top_k, double m)
{
    return experts * (1 - pow(1 - top_k / experts, m));
}

void gbl_moe(const gbl_machine *g, const gbl_moe_shape *s, double m, gbl_kernel *out)
{
    const gbl_calib *c = g->cal;
    const gbl_gemm_fit *f = fit_of(g, s->compute);
    memset(out, 0, sizeof *out);
    if (m <= 0)
        return;
    double distinct = gbl_moe_distinct(s->experts, s->top_k, m), each = m * s->top_k / distinct;
    double pair = s->matrices * s->hidden * s->ffn;
    out->flops = 2 * m * s->top_k * pair;
    double weights = distinct * pair * s->weight_bytes, moved = m * s->top_k * (2 * s->hidden + s->matrices * s->ffn) * s->act_bytes;
    out->hbm_bytes = weights + moved;
    double peak = peak_of(g, s->card, s->compute), rebuild = s->card ? rebuild_s(g, s->card, distinct * pair) : 0;
    rooflines(g->hw, peak, out);
    if (g->ideal) {
        out->time_s = rebuild + fmax(out->sm_s, out->hbm_s);
        return;
    }
    if (s->card && s->card->n_points) {
        gbl_moe_shape wide = {s->experts, s->top_k, s->hidden, s->ffn, s->matrices, GBL_BF16, 2, 2, NULL};
        gbl_kernel w;
        gbl_moe(g, &wide, m, &w);
        out->time_s = rebuild + published_time(s->card, out, &w, each);
        return;
    }
    double block = each > 64 ? 64 : c->moe_rows, rows = ceil(each / block) * block;
    double phi_c = g->engine ? f->phi_c : 1, phi_m = g->engine ? f->phi_m : 1;
    double t_c = 2 * distinct * rows * pair / (peak * c->moe_e_c * phi_c);
    double t_m = (weights + c->moe_passes * moved) / (g->hw->hbm_bps * c->moe_e_m * phi_m);
    out->time_s = 2 * f->t0 + smooth_max(t_c, t_m, c->moe_p) + rebuild;
}

void gbl_small_ops(const gbl_machine *g, double bytes, gbl_kernel *out)
{
    memset(out, 0, sizeof *out);
    if (g->ideal || bytes <= 0)
        return;
    out->hbm_bytes = bytes;
    out->hbm_s = bytes / g->hw->hbm_bps;
    out->time_s = g->cal->small_n * g->cal->small_t0 + bytes / (g->hw->hbm_bps * g->cal->small_e_m);
}
