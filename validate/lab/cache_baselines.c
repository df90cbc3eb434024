/* cache_baselines.c - what every method is measured by: all tokens, those that each row itself would choose, and any. */
#include "base/random.h"
#include "validate/lab/cache.h"

enum { STREAM = GBL_STREAM_POLICY + 4097 };

static void keep_all(gbl_cache *c, const gbl_note *n)
{
    (void)n;
    gbl_cache_keep_all(c);
}

const gbl_cache_method gbl_cache_full = {.name = "full", .brief = "every token: the bound from above", .source = "baseline", .choose = keep_all};

/* The `budget` largest weights of the row itself: what no policy can know before. */
static void read_best(gbl_cache *c, const gbl_row *row, float *worth)
{
    for (int64_t j = 0; j <= row->t; j++) c->cell[j] = (double)row->a[j], c->in[j] = 0, worth[j] = 0;
    gbl_cache_top(c->cell, 0, row->t + 1, c->budget, c->order, c->in);
    for (int64_t j = 0; j <= row->t; j++) {
        if (c->in[j]) worth[j] = 1;
        c->in[j] = 1;
    }
}

const gbl_cache_method gbl_cache_oracle = {.name = "oracle", .brief = "the largest weights of each row, known before it is computed; reads the budget, holds all",
                                           .source = "baseline", .choose = keep_all, .read = read_best};

static void draw_scores(gbl_cache *c, int64_t from, int64_t to)
{
    for (int64_t j = from; j < to; j++) c->score[j] = gbl_draw(c->seed, STREAM, c->id, (uint64_t)j);
}

static void keep_any(gbl_cache *c, const gbl_note *n)
{
    (void)n;
    draw_scores(c, 0, c->n);
    gbl_cache_keep_top(c, c->score, 0, c->n, c->budget);
}

/* The new token takes part in the lottery of all before it. */
static void step_any(gbl_cache *c, const gbl_row *row)
{
    draw_scores(c, row->t, row->t + 1);
    if (c->held > c->budget) gbl_cache_evict(c, gbl_cache_least(c, c->score, 0, c->n));
}

const gbl_cache_method gbl_cache_random = {.name = "random", .brief = "any tokens: the bound that a method must beat", .source = "baseline",
                                           .choose = keep_any, .step = step_any};
