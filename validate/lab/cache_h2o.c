/* cache_h2o.c - H2O (Zhang et al., NeurIPS'23; FMInference/H2O): half the budget for the last tokens, half for those that gathered the
 * most attention, over all queries while they are in. In the prompt that is its column sums. */
#include "validate/lab/cache.h"

static int64_t recent_of(const gbl_cache *c)
{
    return c->budget - c->budget / 2;
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t last = c->n - recent_of(c);
    for (int64_t j = 0; j < c->n; j++) c->score[j] = n->sum[0][j];
    gbl_cache_keep_top(c, c->score, 0, last, c->budget / 2);
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
                                        .observe = gbl_note_sums, .choose = choose, .step = step};
