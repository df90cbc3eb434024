/* cache_prefixkv.c - PrefixKV (Wang et al., 2024; THU-MIG/PrefixKV): by layer, tokens in the order of their column sums; all layers keep as many as
 * reach one common share of their mass, which is searched for so that the mean meets the budget (the code reads these counts from
 * profiles made the same way). The first 4 and the last stay; then as elastic_cache goes on. */
#include "validate/lab/cache.h"
#include "validate/lab/distance.h"

enum { SINKS = 4, HALVINGS = 40 };

static void sift(double *v, int64_t at, int64_t n)
{
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && v[child + 1] < v[child]) child++;
        if (v[at] <= v[child]) return;
        double swap = v[at];
        v[at] = v[child];
        v[child] = swap;
    }
}

/* Heapsort, the largest first; then running sums over the total. */
static void running_shares(double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = n / 2; i-- > 0;) sift(v, i, n);
    for (int64_t i = n; i-- > 1;) {
        double swap = v[0];
        v[0] = v[i];
        v[i] = swap;
        sift(v, 0, i);
    }
    for (int64_t i = 0; i < n; i++) v[i] = sum += v[i];
    for (int64_t i = 0; i < n; i++) v[i] = sum > 0 ? v[i] / sum : 1;
}

static int64_t tokens_at(const double *share, int64_t n, double mass)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (share[mid] < mass) low = mid + 1;
        else high = mid;
    }
    return low + 1;
}

static void share(const gbl_shares *s)
{
    double low = 0, high = 1;
    for (int l = 0; l < s->layers; l++) {
        const gbl_note *n = &s->note[l];
        for (int64_t j = 0; j < s->prompt; j++) n->sum[1][j] = n->sum[0][j];
        running_shares(n->sum[1], s->prompt);
    }
    for (int i = 0; i < HALVINGS; i++) {
        double mid = 0.5 * (low + high), sum = 0;
        for (int l = 0; l < s->layers; l++) sum += (double)tokens_at(s->note[l].sum[1], s->prompt, mid);
        if (sum > s->budget * s->layers) high = mid;
        else low = mid;
    }
    for (int l = 0; l < s->layers; l++) s->tokens[l] = (double)tokens_at(s->note[l].sum[1], s->prompt, low);
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t last = c->budget > 1 ? c->n - 1 : c->n, sinks = c->budget - 1 < SINKS ? (c->budget > 1 ? c->budget - 1 : 0) : SINKS;
    for (int64_t j = 0; j < c->n; j++)
        if (j < sinks || j >= last) gbl_cache_keep(c, j);
    gbl_cache_keep_top(c, n->sum[0], sinks, last, c->budget - c->held);
}

const gbl_cache_method gbl_cache_prefixkv = {.name = "prefixkv", .brief = "by layer: the heaviest tokens of the prompt, as many as reach one share of mass in all layers",
                                             .source = "Wang et al., 2024", .sets = GBL_SETS_LAYER, .observe = gbl_note_sums, .share = share,
                                             .choose = choose, .step = gbl_cache_step_distance};
