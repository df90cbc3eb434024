/* cache_kvmerger.c - KVMerger (Wang et al., 2024): neighbours whose keys are at least so alike form a set that becomes one token, its
 * pivot, the one with the most attention; the likeness that meets the budget is searched for. A quarter of the budget each for
 * the heaviest and the last tokens, which stay by themselves (assumed: the paper protects both, without a number). Generated
 * tokens stay (assumed: the paper does not say). */
#include "validate/lab/cache.h"

enum { HALVINGS = 40 };

/* second[j]: cosine to the token before. c->in marks the protected ones. */
static int joins(const gbl_cache *c, int64_t j, double least)
{
    return j > 0 && !c->in[j] && !c->in[j - 1] && c->second[j] >= least;
}

static int64_t sets_at(const gbl_cache *c, double least)
{
    int64_t sets = 0;
    for (int64_t j = 0; j < c->n; j++) sets += !joins(c, j, least);
    return sets;
}

static double threshold(const gbl_cache *c)
{
    double low = 0, high = 1.01; /* at 1.01 nothing joins */
    if (sets_at(c, low) > c->budget) return low;
    for (int i = 0; i < HALVINGS; i++) {
        double mid = 0.5 * (low + high);
        if (sets_at(c, mid) > c->budget) high = mid;
        else low = mid;
    }
    return low;
}

static void merge_set(gbl_cache *c, int64_t from, int64_t to)
{
    int64_t pivot = from;
    for (int64_t j = from; j < to; j++)
        if (c->score[j] > c->score[pivot]) pivot = j;
    gbl_cache_keep(c, pivot);
    for (int64_t j = from; j < to; j++)
        if (j != pivot) gbl_cache_merge(c, j, pivot, gbl_cache_alike(c, j, pivot));
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t quarter = c->budget / 4, last = c->n - quarter;
    for (int64_t j = 0; j < c->n; j++) {
        c->score[j] = n->sum[0][j];
        c->second[j] = j ? gbl_cache_alike(c, j, j - 1) : 0;
    }
    for (int64_t j = last; j < c->n; j++) gbl_cache_keep(c, j);
    gbl_cache_keep_top(c, c->score, 0, last, quarter);
    double least = threshold(c);
    int64_t sets = 0;
    for (int64_t j = 0; j < c->n; j++) c->cell[j] = joins(c, j, least);
    for (int64_t j = 0; j < c->n; j++) sets += c->in[j];
    for (int64_t from = 0, to; from < c->n; from = to) {
        for (to = from + 1; to < c->n && c->cell[to] > 0; to++) {}
        if (c->in[from]) continue;
        if (sets++ < c->budget) merge_set(c, from, to); /* one likeness for all may leave more sets than there is room for */
    }
}

const gbl_cache_method gbl_cache_kvmerger = {.name = "kvmerger", .brief = "neighbours with like keys become one token; the heaviest and last stay alone",
                                             .source = "Wang et al., 2024", .observe = gbl_note_sums, .choose = choose, .needs_keys = 1};
