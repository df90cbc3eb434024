/* cache_d2o.c - D2O (Wan et al., ICLR'25; AIoT-MLSys-Lab/d2o): H2O's scores with the first 4 tokens protected; a token that goes is
 * compared with those that stay and merged into the most alike one where the cosine of their keys reaches a moving average of such
 * cosines (0.5 old, 0.5 new), else dropped. Layers 0, 1 and the last stay whole. Of the others the half whose column sums vary less
 * (attention spread wide) gets more: 5/4 of the budget against 3/4 (assumed; the code takes two ratios by hand). */
#include "validate/lab/cache.h"

enum { SINKS = 4 };

static int is_whole(int layer, int model_layers)
{
    return layer < 2 || layer == model_layers - 1;
}

/* Variance of the column sums over their squared mean. */
static double variation(const gbl_shares *s, int layer)
{
    double sum = 0, square = 0, n = 0;
    for (int u = 0; u < s->units; u++)
        for (int64_t j = 0; j < s->prompt; j++) {
            double v = s->note[layer * s->units + u].sum[0][j];
            sum += v, square += v * v, n++;
        }
    return sum > 0 ? square * n / (sum * sum) - 1 : 0;
}

static void share(const gbl_shares *s)
{
    for (int l = 0; l < s->layers; l++) {
        double mine = variation(s, l);
        int wider = 0, others = 0;
        s->tokens[l] = (double)s->prompt;
        if (is_whole(s->layer[l], s->model_layers)) continue;
        for (int k = 0; k < s->layers; k++) {
            if (k == l || is_whole(s->layer[k], s->model_layers)) continue;
            double v = variation(s, k);
            wider += v < mine || (v == mine && k < l);
            others++;
        }
        s->tokens[l] = s->budget * (2 * wider == others ? 1 : 2 * wider < others ? 1.25 : 0.75);
    }
}

/* Merged where alike enough, else dropped. Only tokens of [0, last) are candidates to be evicted; all that are in may take them. */
static void leave(gbl_cache *c, int64_t j, double best, int64_t into)
{
    if (into < 0 || best <= 0 || best < c->number) return;
    gbl_cache_merge(c, j, into, best);
}

static double most_alike(const gbl_cache *c, int64_t j, int64_t *into)
{
    double best = 0;
    *into = -1;
    for (int64_t i = 0; i < c->n; i++) {
        if (!c->in[i] || i == j) continue;
        double alike = gbl_cache_alike(c, i, j);
        if (*into < 0 || alike > best) best = alike, *into = i;
    }
    return best;
}

static int64_t recent_of(const gbl_cache *c)
{
    return c->budget - c->budget / 2;
}

/* Sinks count among the heavy tokens. */
static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t last = c->n - recent_of(c), heavy = c->budget / 2, sinks = heavy < SINKS ? heavy : SINKS, gone = 0;
    double sum = 0;
    for (int64_t j = 0; j < c->n; j++) c->score[j] = n->sum[0][j];
    for (int64_t j = 0; j < c->n; j++)
        if (j < sinks || j >= last) gbl_cache_keep(c, j);
    gbl_cache_keep_top(c, c->score, sinks, last, heavy - sinks);
    for (int64_t j = 0; j < last; j++) {
        int64_t into;
        if (c->in[j]) continue;
        c->second[j] = most_alike(c, j, &into);
        c->into[j] = (int32_t)into;
        sum += c->second[j];
        gone++;
    }
    c->number = gone ? sum / (double)gone : 0;
    for (int64_t j = 0; j < last; j++) {
        if (c->in[j]) continue;
        int64_t into = c->into[j];
        c->into[j] = -1;
        leave(c, j, c->second[j], into);
    }
}

static void step(gbl_cache *c, const gbl_row *row)
{
    int64_t into, sinks = c->budget / 2 < SINKS ? c->budget / 2 : SINKS;
    if (is_whole(c->layer, c->model_layers)) return;
    gbl_cache_gather(c, row);
    if (c->held <= c->budget) return;
    int64_t out = gbl_cache_least(c, c->score, sinks, gbl_cache_recent(c, recent_of(c)));
    if (out < 0) out = gbl_cache_least(c, c->score, 0, c->n);
    double best = most_alike(c, out, &into);
    gbl_cache_evict(c, out);
    c->number = 0.5 * best + 0.5 * c->number;
    leave(c, out, best, into);
}

const gbl_cache_method gbl_cache_d2o = {.name = "d2o", .brief = "as h2o, but what goes is merged into the most alike token that stays; three layers whole",
                                        .source = "Wan et al., ICLR'25", .observe = gbl_note_sums, .share = share, .choose = choose, .step = step, .needs_keys = 1};
