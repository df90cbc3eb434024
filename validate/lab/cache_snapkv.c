/* cache_snapkv.c - SnapKV (Li et al., NeurIPS'24; FasterDecoding/SnapKV, snapkv_utils.py): the prompt's last 32 tokens look back; their
 * weights are summed, widened by a max pool of 7 (the paper's LongBench setting), and the largest stay beside the 32. Once, at the
 * prompt's end; generated tokens all stay. */
#include "validate/lab/cache.h"

typedef struct snapkv {
    int64_t window, pool;
} snapkv;

static const gbl_param params[] = {
    {"window", GBL_P_INT, 0, offsetof(snapkv, window), "32", 1, 4096, "tokens", NULL, "Last tokens of the prompt, whose queries choose.", NULL},
    {"pool", GBL_P_INT, 0, offsetof(snapkv, pool), "7", 1, 1023, "tokens", NULL, "Width of the max pool over what they gathered (an even one takes one more).", NULL},
    {0}};

static void observe(gbl_note *n, const gbl_row *row)
{
    if (row->t >= n->prompt - ((const snapkv *)n->opt)->window) gbl_note_sums(n, row);
}

static double pooled(const double *v, int64_t n, int64_t at, int64_t pool)
{
    double most = 0;
    for (int64_t j = at - pool / 2; j <= at + pool / 2; j++)
        if (j >= 0 && j < n && v[j] > most) most = v[j];
    return most;
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    const snapkv *s = c->opt;
    int64_t last = c->n - (c->budget < s->window ? c->budget : s->window);
    for (int64_t j = 0; j < last; j++) c->score[j] = pooled(n->sum[0], last, j, s->pool);
    gbl_cache_keep_top(c, c->score, 0, last, c->budget - (c->n - last));
    for (int64_t j = last; j < c->n; j++) gbl_cache_keep(c, j);
}

const gbl_cache_method gbl_cache_snapkv = {.name = "snapkv", .brief = "what the prompt's last 32 tokens look at, and these; generated tokens stay",
                                           .source = "Li et al., NeurIPS'24; code snapkv_utils.py", .params = params, .opt_size = sizeof(snapkv), .observe = observe, .choose = choose};
