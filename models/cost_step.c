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

int gbl_cost_plain(const gbl_cost *c)
{
    return !c->spec.compress && c->spec.llm->window <= 0;
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
    if (b->kv.read.attended) { /* a compressed cache */
        b->kv.read.bytes_q8 += b->kv.grow.bytes_q8;
        b->kv.read.link_q8 += b->kv.grow.link_q8;
        b->kv.read.attended += b->kv.grow.attended;
        b->kv.read.quantised += b->kv.grow.quantised;
        if (b->kv.toll)
            gbl_batch_advance_toll(b->kv.toll);
    }
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
        out->net_s += l->count * l->k.net_s;
        out->by_bound[gbl_cost_bound(&l->k)] += l->count * l->k.time_s;
        out->weights += l->count * l->weights * c->spec.tp * c->spec.dp;
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
    if (b->pre_tokens == 0 && c->window_layers <= 0 && !c->spec.compress) { /* the hot case, without the list */
        gbl_decode_terms room;
        gbl_kernel k;
        gbl_decode(&c->g, &c->attn, gbl_cost_decode_terms(c, b->dec_n, &room), (double)b->dec_kv, &k);
        gbl_cost_kv_runtime(c, (double)b->dec_kv, &k);
        double n = c->full_layers;
        *out = (gbl_cost_row){n * k.time_s, n * k.sm_s, n * k.hbm_s, n * k.link_s, 0, {0, 0, 0}, 0, 1};
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
    int link = gbl_hw_nvlinked(c->g.hw, (double)c->spec.tp * c->spec.dp) ? GBL_R_NVLINK : GBL_R_PCIE_D2H;
    double ns = ceil((all->time_s + host) * 1e9);
    if (!(ns < GBL_DEMAND_MOST_NS))
        ns = GBL_DEMAND_MOST_NS;
    d->alone_ns = (int64_t)ns;
    d->busy_ns[GBL_R_SM] = clip_ns(all->sm_s, ns);
    d->busy_ns[GBL_R_HBM] = clip_ns(all->hbm_s, ns);
    d->busy_ns[link] = clip_ns(all->link_s, ns);
    if (link == GBL_R_PCIE_D2H) /* peer to peer: as much comes in as goes out */
        d->busy_ns[GBL_R_PCIE_H2D] = d->busy_ns[link];
    d->busy_ns[GBL_R_NETWORK] = clip_ns(all->net_s, ns);
    d->busy_ns[GBL_R_HOST] = clip_ns(host, ns);
}

/* Whole nanoseconds by bound; what rounding leaves goes to the largest part. */
static void split(const gbl_cost_row *all, double host, gbl_step_cost *out)
{
    int64_t left = out->demand.alone_ns;
    for (int i = 0; i < 4; i++) {
        int64_t ns = (int64_t)clip_ns(i < 3 ? all->by_bound[i] : host, GBL_DEMAND_MOST_NS);
        out->part_ns[i] = ns < left ? ns : left;
        left -= out->part_ns[i];
    }
    out->part_ns[out->bound] += left;
}

static void add_row(gbl_cost_row *to, const gbl_cost_row *row, double times)
{
    to->time_s += times * row->time_s;
    to->sm_s += times * row->sm_s;
    to->hbm_s += times * row->hbm_s;
    to->link_s += times * row->link_s;
    to->net_s += times * row->net_s;
    for (int i = 0; i < 3; i++)
        to->by_bound[i] += times * row->by_bound[i];
    to->weights += times * row->weights;
}

/* One micro-batch on its busiest rank, through all layers: *all, of which head_s for the sampled rows and attn_s. */
typedef struct walk { gbl_cost_row all; double head_s, attn_s; } walk;

/* The passes of a rewritten model; neither pp nor dp. */
static void walk_passes(const gbl_cost *c, const gbl_batch *b, walk *w)
{
    gbl_pass pass[GBL_PASSES];
    gbl_cost_line lines[GBL_OPS_MOST];
    gbl_cost_row room, attn;
    double times = gbl_arch_sampled_times(c, b);
    int n = gbl_arch_passes(c, b, pass);
    memset(w, 0, sizeof *w);
    for (int i = 0; i < n; i++)
        add_row(&w->all, row_at(c, c->tokens, c->n_tokens, (int64_t)ceil(pass[i].tokens), gbl_cost_token_lines, &room), pass[i].layers);
    sum_lines(c, lines, gbl_arch_lines(c, b, lines), &room);
    add_row(&w->all, &room, 1);
    const gbl_cost_row *s = row_at(c, c->sampled, c->n_sampled, b->sampled, gbl_cost_sampled_lines, &room);
    add_row(&w->all, s, times);
    w->head_s = s->time_s * times;
    attention(c, b, &attn);
    add_row(&w->all, &attn, 1);
    w->attn_s = attn.time_s;
}

static inline void walk_through(const gbl_cost *c, const gbl_batch *micro, walk *w)
{
    gbl_cost_row room, room2, room3, attn;
    gbl_batch share;
    const gbl_batch *b = micro;
    if (c->arch) {
        walk_passes(c, b, w);
        return;
    }
    if (c->spec.dp > 1) {
        gbl_cost_rank_batch(c, micro, &share);
        b = &share;
    }
    const gbl_cost_row *t = row_at(c, c->tokens, c->n_tokens, gbl_cost_padded(c, b), gbl_cost_token_lines, &room);
    const gbl_cost_row *s = row_at(c, c->sampled, c->n_sampled, b->sampled, gbl_cost_sampled_lines, &room2);
    attention(c, b, &attn);
    w->all.time_s = t->time_s + attn.time_s + s->time_s;
    w->all.sm_s = t->sm_s + attn.sm_s + s->sm_s;
    w->all.hbm_s = t->hbm_s + attn.hbm_s + s->hbm_s;
    w->all.link_s = t->link_s + attn.link_s + s->link_s;
    w->all.net_s = t->net_s + s->net_s;
    for (int i = 0; i < 3; i++)
        w->all.by_bound[i] = t->by_bound[i] + attn.by_bound[i] + s->by_bound[i];
    w->all.weights = t->weights + s->weights;
    if (c->spec.dp > 1)
        add_row(&w->all, row_at(c, c->routed, c->n_routed, micro->dec_n + micro->pre_tokens, gbl_cost_routed_lines, &room3), 1);
    w->head_s = s->time_s;
    w->attn_s = attn.time_s;
}

/* One of the micro-batches in flight: its walk, its hops and its host work. */
static void flow_of(const gbl_cost *c, const gbl_batch *b, gbl_cost_cut cut, int heavy, walk *w, gbl_cost_flow *f)
{
    gbl_batch micro, share;
    gbl_kernel near, far;
    int across = gbl_cost_hops_across(c), hops = c->spec.pp - 1;
    gbl_cost_micro_batch(b, cut, heavy, &micro);
    walk_through(c, &micro, w);
    gbl_cost_rank_batch(c, &micro, &share);
    double tokens = (double)gbl_cost_padded(c, &share), device = w->all.time_s;
    gbl_cost_hop(c, tokens, 0, &near);
    gbl_cost_hop(c, tokens, 1, &far);
    f->host = gbl_cost_host_alone_s(c, &micro);
    f->gap = fmin(gbl_cost_host_s(c, &micro, device, w->attn_s), (1 - c->spec.runtime->host_hidden) * f->host);
    double launches = gbl_cost_host_s(c, &micro, device, w->attn_s) - f->gap; /* each stage waits for its own */
    f->head = w->head_s;
    f->body = device - w->head_s + launches;
    f->hop = across > 0 ? far.time_s : near.time_s;
    f->hops = near.time_s * (hops - across) + far.time_s * across;
    w->all.link_s += near.link_s * (hops - across);
    w->all.net_s += far.net_s * across;
    w->all.by_bound[2] += f->hops;
}

/* The round in which every sequence gets its token; busy shares are averages over the stages. *host: the host's seconds. */
static void pipeline(const gbl_cost *c, const gbl_batch *b, gbl_cost_row *all, double *host)
{
    gbl_cost_cut cut = gbl_cost_cut_of(c, b);
    gbl_cost_flow heavy = {0}, light = {0};
    walk w;
    double stages = c->spec.pp, spent = 0;
    memset(all, 0, sizeof *all);
    for (int kind = 1; kind >= 0; kind--) {
        int64_t n = kind ? cut.heavy : cut.parts - cut.heavy;
        if (n <= 0)
            continue;
        flow_of(c, b, cut, kind, &w, kind ? &heavy : &light);
        add_row(all, &w.all, (double)n / stages);
        all->weights += w.all.weights * (double)n * (1 - 1 / stages); /* bytes of all stages */
    }
    double round = gbl_cost_pipeline_s(c, cut, &heavy, &light, host);
    for (int i = 0; i < 3; i++)
        spent += all->by_bound[i];
    /* Bubbles are spread over what the stages wait for. */
    for (int i = 0; i < 3; i++)
        all->by_bound[i] *= spent > 0 ? (round - *host) / spent : 0;
    all->time_s = round - *host;
}

void gbl_cost_step(const gbl_cost *c, const gbl_batch *b, gbl_step_cost *out)
{
    int64_t tokens = b->dec_n + b->pre_tokens;
    double host;
    walk w;
    memset(out, 0, sizeof *out);
    if (tokens <= 0)
        return;
    if (c->spec.pp > 1) {
        pipeline(c, b, &w.all, &host);
    } else {
        walk_through(c, b, &w);
        host = gbl_cost_host_s(c, b, w.all.time_s, w.attn_s);
    }
    demand(c, &w.all, host, &out->demand);
    if (c->spec.compress && (b->kv.read.link_q8 || b->kv.toll))
        gbl_cost_fetch_rows(c, b, &out->demand);
    out->bound = largest(w.all.by_bound, host);
    split(&w.all, host, out);
    if (c->arch) {
        out->flops = gbl_arch_flops(c, b) + gbl_cost_linear_flops(c, b);
        out->bytes = w.all.weights + gbl_arch_kv_bytes(c, b) + gbl_cost_linear_bytes(c, b);
        return;
    }
    double full = c->full_layers, win = c->window_layers;
    double pairs = full * (double)(b->dec_kv + b->pre_pairs) + win * (double)(b->dec_kv_win + b->pre_pairs_win);
    double kv = full * (double)(b->dec_kv + b->pre_kv) + win * (double)(b->dec_kv_win + b->pre_kv) + (full + win) * (double)tokens;
    if (c->spec.compress && b->dec_n) { /* decodes attend and read what is left */
        pairs += (double)b->kv.read.attended / c->kv_heads_all - (full * (double)b->dec_kv + win * (double)b->dec_kv_win);
        kv += (double)b->kv.read.bytes_q8 / 256 / (c->kv_plan_layer * c->spec.tp) - (full * (double)b->dec_kv + win * (double)b->dec_kv_win);
    }
    out->flops = c->flops_token * (double)tokens + c->flops_row * (double)b->sampled + c->pair_flops * pairs;
    out->bytes = w.all.weights + kv * c->kv_token_layer * c->spec.tp;
    if (c->spec.llm->linear_layers) {
        out->flops += gbl_cost_linear_flops(c, b);
        out->bytes += gbl_cost_linear_bytes(c, b);
    }
}
