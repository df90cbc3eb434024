/* cost_step.c - a step's aggregates and its cost. Everything that depends on one small integer comes from a table
 * filled on first use; what is left is closed-form attention, so a step costs about a hundred nanoseconds. */
#include <math.h>
#include <string.h>

#include "models/cost_parts.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void gbl_batch_decode(const gbl_cost *c, gbl_batch *b, int64_t kv)
{
    int64_t w = c->spec.llm->window;
    b->dec_n++;
    b->dec_kv += kv;
    b->sampled++;
    if (w > 0) {
        b->dec_kv_win += smaller(kv, w);
        b->dec_below += kv < w;
    }
}

void gbl_batch_chunk(const gbl_cost *c, gbl_batch *b, int64_t chunk, int64_t cached, int sampled)
{
    int64_t w = c->spec.llm->window, br = c->rows_tile, tiles = (chunk + br - 1) / br;
    int64_t pairs = chunk * cached + chunk * (chunk + 1) / 2, within;
    b->pre_n++;
    b->pre_tokens += chunk;
    b->pre_kv += cached + chunk;
    b->pre_pairs += pairs;
    b->pre_tiles += tiles;
    b->pre_work += tiles * br * (cached + (chunk + br) / 2);
    if (cached + chunk > b->pre_longest)
        b->pre_longest = cached + chunk;
    b->sampled += sampled != 0;
    if (w <= 0) {
        b->pre_pairs_win += pairs;
        return;
    }
    within = smaller(w > cached ? w - cached : 0, chunk); /* queries that still see everything before them */
    b->pre_pairs_win += within * cached + within * (within + 1) / 2 + (chunk - within) * w;
}

void gbl_batch_advance(gbl_batch *b)
{
    b->dec_kv += b->dec_n;
    b->dec_kv_win += b->dec_below;
}

int64_t gbl_batch_slope(const gbl_cost *c, int64_t kv)
{
    int64_t w = c->spec.llm->window;
    return w > 0 && kv < w ? w - kv : INT64_MAX;
}

static void sum_lines(const gbl_cost *c, const gbl_cost_line *lines, int n, gbl_cost_row *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < n; i++) {
        const gbl_cost_line *l = &lines[i];
        out->time_s += l->count * l->k.time_s;
        out->sm_s += l->count * l->k.sm_s;
        out->hbm_s += l->count * l->k.hbm_s;
        out->link_s += l->count * l->k.link_s;
        out->by_bound[gbl_cost_bound(&l->k)] += l->count * l->k.time_s;
        out->weights += l->count * l->weights * c->spec.tp;
    }
    out->set = 1;
}

typedef int line_maker(const gbl_cost *c, double x, gbl_cost_line *out);

/* Row `i` of a table, or worked out into `room` where the table ends. */
static const gbl_cost_row *row_at(const gbl_cost *c, gbl_cost_row *table, int64_t n, int64_t i, line_maker *make, gbl_cost_row *room)
{
    gbl_cost_row *row = i < n ? &table[i] : room;
    if (i >= n || !row->set) {
        gbl_cost_line lines[GBL_OPS_MOST];
        sum_lines(c, lines, make(c, (double)i, lines), row);
    }
    return row;
}

const gbl_decode_terms *gbl_cost_decode_terms(const gbl_cost *c, int64_t b, gbl_decode_terms *room)
{
    gbl_decode_terms *t = b < c->n_decodes ? &c->decodes[b] : room;
    if (b >= c->n_decodes || t->b == 0)
        gbl_decode_prepare(&c->g, &c->attn, (double)b, t);
    return t;
}

static void attention(const gbl_cost *c, const gbl_batch *b, gbl_cost_row *out)
{
    if (b->pre_tokens == 0 && c->window_layers <= 0) { /* the hot case, without the list */
        gbl_decode_terms room;
        gbl_kernel k;
        gbl_decode(&c->g, &c->attn, gbl_cost_decode_terms(c, b->dec_n, &room), (double)b->dec_kv, &k);
        double n = c->full_layers;
        *out = (gbl_cost_row){n * k.time_s, n * k.sm_s, n * k.hbm_s, n * k.link_s, {0, 0, 0}, 0, 1};
        out->by_bound[gbl_cost_bound(&k)] = out->time_s;
        return;
    }
    gbl_cost_line lines[GBL_OPS_MOST];
    sum_lines(c, lines, gbl_cost_attention_lines(c, b, lines), out);
}

static int largest(const double *v, double host)
{
    int best = 0;
    for (int i = 1; i < 3; i++)
        if (v[i] > v[best])
            best = i;
    return host > v[best] ? 3 : best;
}

static double clip_ns(double seconds, double most_ns)
{
    double ns = seconds * 1e9;
    return ns < most_ns ? ns : most_ns;
}

static void demand(const gbl_cost *c, const gbl_cost_row *all, double host, gbl_demand *d)
{
    int link = c->g.hw->nvlink_bps > 0 ? GBL_R_NVLINK : GBL_R_PCIE_D2H;
    double ns = ceil((all->time_s + host) * 1e9);
    if (!(ns < 9e18))
        ns = 9e18;
    d->alone_ns = (int64_t)ns;
    d->busy_ns[GBL_R_SM] = clip_ns(all->sm_s, ns);
    d->busy_ns[GBL_R_HBM] = clip_ns(all->hbm_s, ns);
    d->busy_ns[link] = clip_ns(all->link_s, ns);
    if (link == GBL_R_PCIE_D2H) /* peer to peer: as much comes in as goes out */
        d->busy_ns[GBL_R_PCIE_H2D] = d->busy_ns[link];
    d->busy_ns[GBL_R_HOST] = clip_ns(host, ns);
}

/* Whole nanoseconds by bound; what rounding leaves goes to the largest part. */
static void split(const gbl_cost_row *all, double host, gbl_step_cost *out)
{
    int64_t left = out->demand.alone_ns;
    for (int i = 0; i < 4; i++) {
        int64_t ns = (int64_t)((i < 3 ? all->by_bound[i] : host) * 1e9);
        out->part_ns[i] = ns < left ? ns : left;
        left -= out->part_ns[i];
    }
    out->part_ns[out->bound] += left;
}

void gbl_cost_step(const gbl_cost *c, const gbl_batch *b, gbl_step_cost *out)
{
    gbl_cost_row room, room2, attn, all;
    int64_t tokens = b->dec_n + b->pre_tokens;
    memset(out, 0, sizeof *out);
    if (tokens <= 0)
        return;
    const gbl_cost_row *t = row_at(c, c->tokens, c->n_tokens, gbl_cost_padded(c, b), gbl_cost_token_lines, &room);
    const gbl_cost_row *s = row_at(c, c->sampled, c->n_sampled, b->sampled, gbl_cost_sampled_lines, &room2);
    attention(c, b, &attn);
    double host = gbl_cost_host_s(c, b);
    all.time_s = t->time_s + attn.time_s + s->time_s;
    all.sm_s = t->sm_s + attn.sm_s + s->sm_s;
    all.hbm_s = t->hbm_s + attn.hbm_s + s->hbm_s;
    all.link_s = t->link_s + attn.link_s + s->link_s;
    for (int i = 0; i < 3; i++)
        all.by_bound[i] = t->by_bound[i] + attn.by_bound[i] + s->by_bound[i];
    demand(c, &all, host, &out->demand);
    out->bound = largest(all.by_bound, host);
    split(&all, host, out);
    double full = c->full_layers, win = c->window_layers;
    double pairs = full * (double)(b->dec_kv + b->pre_pairs) + win * (double)(b->dec_kv_win + b->pre_pairs_win);
    double kv = full * (double)(b->dec_kv + b->pre_kv) + win * (double)(b->dec_kv_win + b->pre_kv) + (full + win) * (double)tokens;
    out->flops = c->flops_token * (double)tokens + c->flops_row * (double)b->sampled + c->pair_flops * pairs;
    out->bytes = t->weights + s->weights + kv * c->kv_token_layer * c->spec.tp;
}
