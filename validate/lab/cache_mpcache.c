/* cache_mpcache.c - MPCache (Zeng et al., 2025; zwxandy/MPCache). At the prompt's end: the tokens that the last 20 % of its queries (10 % of more
 * than 24,000) look at most, heads averaged, chosen in one layer for two. Each step: of clusters of 32 held tokens half by a score,
 * then of clusters of 16 as many as make 20 % of what is held; the first and last cluster always. The score is 0.6 x the bound of
 * a cluster's logits from above + 0.4 x that from below; here the bounds are tight, the largest and least logit of the cluster, where
 * the code takes them dimension by dimension: the selection is better than the published one. */
#include "validate/lab/cache.h"

enum { COARSE = 32, FINE = 16 };
static const double alpha = 0.6, coarse_share = 0.5, fine_share = 0.2;

static void observe(gbl_note *n, const gbl_row *row)
{
    double part = n->prompt > 24000 ? 0.1 : 0.2;
    if ((double)row->t >= (1 - part) * (double)n->prompt) gbl_note_sums(n, row);
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    gbl_cache_keep_top(c, n->sum[0], 0, c->n, c->budget);
}

/* Clusters of `size` among the `n` held tokens of c->order whose c->second is not 0: scores, then the best `take`, ends first. */
static void select_clusters(gbl_cache *c, const gbl_row *row, int64_t n, int64_t size, int64_t take)
{
    int64_t clusters = (n + size - 1) / size;
    uint8_t *mark = c->extra;
    int64_t *scratch = c->order + n;
    for (int64_t k = 0; k < clusters; k++) {
        double most = -INFINITY, least = INFINITY;
        for (int64_t i = k * size; i < (k + 1) * size && i < n; i++) {
            double x = log(fmax((double)row->a[c->order[i]], 1e-30));
            most = fmax(most, x), least = fmin(least, x);
        }
        c->cell[k] = c->second[c->order[k * size]] > 0 ? alpha * most + (1 - alpha) * least : -1e300;
        if (k == 0 || k == clusters - 1) c->cell[k] = 1e300;
        mark[k] = 0;
    }
    gbl_cache_top(c->cell, 0, clusters, take, scratch, mark);
    for (int64_t i = 0; i < n; i++) c->second[c->order[i]] = mark[i / size];
}

static void read_clusters(gbl_cache *c, const gbl_row *row, float *worth)
{
    int64_t n = 0;
    for (int64_t j = 0; j <= row->t; j++) {
        worth[j] = 0;
        if (!c->in[j]) continue;
        c->second[j] = 1;
        c->order[n++] = j;
    }
    select_clusters(c, row, n, COARSE, (int64_t)ceil(coarse_share * (double)n / COARSE));
    select_clusters(c, row, n, FINE, (int64_t)ceil(fine_share * (double)n / FINE));
    for (int64_t i = 0; i < n; i++) worth[c->order[i]] = c->second[c->order[i]] > 0;
    worth[row->t] = 1;
}

static size_t extra(int64_t tokens)
{
    return (size_t)tokens;
}

const gbl_cache_method gbl_cache_mpcache = {.name = "mpcache", .brief = "what the last fifth of the prompt looks at; of it a step reads the best fifth, in clusters",
                                            .source = "Zeng et al., 2025", .sets = GBL_SETS_LAYER, .span = 2, .extra = extra, .observe = observe,
                                            .choose = choose, .read = read_clusters};
