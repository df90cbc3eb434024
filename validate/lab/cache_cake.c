/* cache_cake.c - CAKE (Qin et al., ICLR'25; antgroup/cakekv, cake_cache.py): under the weights of the prompt's last 32 queries a layer's budget
 * goes with entropy^(1/1.6) x variance over queries^(1/0.4) (Llama-3.1-8B's setting at 1,024), their sum constant; inside, tokens stay
 * by mean + 200 x variance (gamma recalled from the configuration, unchecked) of the last 32 queries' weights, averaged over 5 neighbours, beside the last
 * 32. Layers shrink in a cascade as later ones are computed; only its end is seen here. It goes on each step by the same rule, without neighbours. */
#include <string.h>

#include "validate/lab/cache.h"

enum { WINDOW = 32, POOL = 5 };

typedef struct cake {
    double tau1, tau2, gamma;
    int32_t even;
} cake;

static const gbl_param params[] = {
    {"tau1", GBL_P_REAL, 0, offsetof(cake, tau1), "1.6", 0.1, 1e6, NULL, NULL, "Entropy counts with the power 1 / tau1.", NULL},
    {"tau2", GBL_P_REAL, 0, offsetof(cake, tau2), "0.4", 0.1, 1e6, NULL, NULL, "Variance counts with the power 1 / tau2.", NULL},
    {"gamma", GBL_P_REAL, 0, offsetof(cake, gamma), "200", 0, 1e9, NULL, NULL, "Weight of a token's variance beside its mean (recalled, unchecked).", NULL},
    {"even", GBL_P_BOOL, 0, offsetof(cake, even), "false", 0, 0, NULL, NULL, "Every layer the same budget: what the layers' budgets are worth.", NULL},
    {0}};

static void observe(gbl_note *n, const gbl_row *row)
{
    if (row->t < n->prompt - WINDOW) return;
    float *ring = (float *)n->extra + (row->t % WINDOW) * n->tokens;
    for (int64_t j = 0; j <= row->t; j++) {
        double a = (double)row->a[j];
        ring[j] = row->a[j];
        n->sum[0][j] += a;
        n->sum[1][j] += a * a;
        if (a > 0) n->entropy -= a * log(a);
    }
    n->rows++;
}

static double variance(double sum, double square, double rows)
{
    double mean = sum / rows;
    return fmax(square / rows - mean * mean, 0);
}

static double preference(const gbl_shares *s, int layer)
{
    double h = 0, v = 0;
    for (int u = 0; u < s->units; u++) {
        const gbl_note *n = &s->note[layer * s->units + u];
        double rows = s->prompt < WINDOW ? (double)s->prompt : WINDOW;
        h += n->entropy / rows;
        for (int64_t j = 0; j < s->prompt; j++) v += variance(n->sum[0][j], n->sum[1][j], rows);
    }
    const cake *o = s->opt;
    return pow(h / s->units, 1 / o->tau1) * pow(v / s->units, 1 / o->tau2);
}

/* Beyond what the prompt has, a layer's part is shared out among the others. */
static void share(const gbl_shares *s)
{
    double most = (double)s->prompt - WINDOW, left = (s->budget - WINDOW) * s->layers, sum = 0;
    int full = -1;
    for (int l = 0; l < s->layers; l++) sum += preference(s, l), s->tokens[l] = s->budget;
    if (most <= 0 || left <= 0 || !(sum > 0) || ((const cake *)s->opt)->even) return;
    for (int l = 0; l < s->layers; l++) s->tokens[l] = -preference(s, l); /* negative: not settled */
    do {
        full = -1, sum = 0;
        for (int l = 0; l < s->layers; l++) sum -= fmin(s->tokens[l], 0);
        for (int l = 0; l < s->layers && full < 0; l++)
            if (s->tokens[l] < 0 && -s->tokens[l] / sum * left >= most) full = l;
        if (full < 0) break;
        s->tokens[full] = most;
        left -= most;
    } while (1);
    for (int l = 0; l < s->layers; l++) s->tokens[l] = WINDOW + (s->tokens[l] < 0 ? -s->tokens[l] / sum * left : s->tokens[l]);
}

static size_t ring_bytes(int64_t tokens)
{
    return WINDOW * (size_t)tokens * sizeof(float);
}

/* cell: mean + gamma x variance, averaged over the neighbours that are tokens. */
static void indicate(gbl_cache *c, int64_t last, double rows)
{
    double *raw = c->cell, gamma_cake = ((const cake *)c->opt)->gamma;
    for (int64_t j = 0; j < last; j++) raw[j] = c->score[j] / rows + gamma_cake * variance(c->score[j], c->second[j], rows);
}

static double smooth(const double *v, int64_t n, int64_t at)
{
    double sum = 0;
    for (int64_t j = at - POOL / 2; j <= at + POOL / 2; j++)
        if (j >= 0 && j < n) sum += v[j];
    return sum / POOL;
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t last = c->n - (c->budget < WINDOW ? c->budget : WINDOW), bytes = (int64_t)ring_bytes(c->tokens);
    memcpy(c->extra, n->extra, (size_t)bytes);
    memcpy(c->score, n->sum[0], (size_t)c->tokens * sizeof *c->score);
    memcpy(c->second, n->sum[1], (size_t)c->tokens * sizeof *c->second);
    indicate(c, last, c->prompt < WINDOW ? (double)c->prompt : WINDOW);
    double *even = (double *)((char *)c->extra + bytes);
    for (int64_t j = 0; j < last; j++) even[j] = smooth(c->cell, last, j);
    gbl_cache_keep_top(c, even, 0, last, c->budget - (c->n - last));
    for (int64_t j = last; j < c->n; j++) gbl_cache_keep(c, j);
}

static size_t extra(int64_t tokens)
{
    return ring_bytes(tokens) + (size_t)tokens * sizeof(double);
}

/* The window moves on by the new query, over what is held; the held token with the least indicator before the window goes. */
static void step(gbl_cache *c, const gbl_row *row)
{
    double mass = gbl_cache_mass(c, row), was;
    float *ring = (float *)c->extra + (row->t % WINDOW) * c->tokens;
    for (int64_t j = 0; j <= row->t; j++) {
        was = (double)ring[j];
        ring[j] = c->in[j] && mass > 0 ? (float)((double)row->a[j] / mass) : 0;
        c->score[j] += (double)ring[j] - was;
        c->second[j] += (double)ring[j] * (double)ring[j] - was * was;
    }
    if (c->held <= c->budget) return;
    int64_t last = gbl_cache_recent(c, WINDOW);
    indicate(c, last, WINDOW);
    int64_t out = gbl_cache_least(c, c->cell, 0, last);
    gbl_cache_evict(c, out < 0 ? gbl_cache_least(c, c->score, 0, c->n) : out);
}

const gbl_cache_method gbl_cache_cake = {.name = "cake", .brief = "what the last 32 queries look at, steadily or suddenly; layers get budgets by how spread and how restless they are",
                                         .source = "Qin et al., ICLR'25; code cake_cache.py", .params = params, .opt_size = sizeof(cake), .note_extra = ring_bytes, .extra = extra,
                                         .observe = observe, .share = share, .choose = choose, .step = step};
