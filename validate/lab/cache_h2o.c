/* cache_h2o.c - H2O (Zhang et al., NeurIPS'23; FMInference/H2O): half the budget for the last tokens, half for those that gathered the
 * most attention, over all queries while they are in. In the prompt that is its column sums. */
#include "validate/lab/cache.h"

typedef struct h2o {
    double recent;
} h2o;

static const gbl_param params[] = {
    {"recent", GBL_P_REAL, 0, offsetof(h2o, recent), "0.5", 0, 1, "share", NULL, "Of the budget, for the last tokens (paper: half).", NULL},
    {0}};

static int64_t recent_of(const gbl_cache *c)
{
    return c->budget - (int64_t)((double)c->budget * (1 - ((const h2o *)c->opt)->recent));
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t last = c->n - recent_of(c);
    for (int64_t j = 0; j < c->n; j++) c->score[j] = n->sum[0][j];
    gbl_cache_keep_top(c, c->score, 0, last, c->budget - recent_of(c));
    for (int64_t j = last; j < c->n; j++) gbl_cache_keep(c, j);
}

static void step(gbl_cache *c, const gbl_row *row)
{
    gbl_cache_gather(c, row);
    if (c->held <= c->budget) return;
    int64_t out = gbl_cache_least(c, c->score, 0, gbl_cache_recent(c, recent_of(c)));
    gbl_cache_evict(c, out < 0 ? gbl_cache_least(c, c->score, 0, c->n) : out);
}

const gbl_cache_method gbl_cache_h2o = {.name = "h2o", .brief = "half recent tokens, half those with the most attention so far", .source = "Zhang et al., NeurIPS'23",
                                        .params = params, .opt_size = sizeof(h2o), .observe = gbl_note_sums, .choose = choose, .step = step};
