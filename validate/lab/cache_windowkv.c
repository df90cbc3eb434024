/* cache_windowkv.c - WindowKV (Zuo et al., 2025; optim996/WindowKV): the prompt in windows of 8 tokens; a window is worth the mean of its 4
 * heaviest tokens under the weights of the prompt's last 32, heads averaged (the setting for localisation tasks). The first layer
 * of each 8 chooses for all. Budgets fall evenly from group to group, the last at 8/20 of the mean (20: PyramidKV's default). */
#include "validate/lab/cache.h"

enum { WINDOW = 32, REVIEW = 8, GROUP = 8, BETA = 20 };

static void observe(gbl_note *n, const gbl_row *row)
{
    if (row->t >= n->prompt - WINDOW) gbl_note_sums(n, row);
}

/* The mean over the layers that are here is the budget. */
static void share(const gbl_shares *s)
{
    int groups = (s->model_layers + GROUP - 1) / GROUP;
    double last = (double)GROUP / BETA, sum = 0;
    for (int l = 0; l < s->layers; l++) {
        double x = groups > 1 ? (double)(s->layer[l] / GROUP) / (groups - 1) : 0.5;
        s->tokens[l] = 2 - last + x * (2 * last - 2);
        sum += s->tokens[l];
    }
    for (int l = 0; l < s->layers; l++) s->tokens[l] *= s->budget * s->layers / sum;
}

/* Mean of the REVIEW / 2 largest; a window cut by the prompt's end has fewer. */
static double score_of(const double *v, int64_t n)
{
    double best[REVIEW / 2] = {0}, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = v[i];
        for (int k = 0; k < REVIEW / 2; k++)
            if (x > best[k]) {
                double swap = best[k];
                best[k] = x;
                x = swap;
            }
    }
    for (int k = 0; k < REVIEW / 2; k++) sum += best[k];
    return sum / (REVIEW / 2);
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t suffix = c->budget < WINDOW ? c->budget : WINDOW, last = c->n - suffix, room = c->budget - suffix;
    for (int64_t j = 0; j < last; j += REVIEW) {
        double v = score_of(n->sum[0] + j, last - j < REVIEW ? last - j : REVIEW);
        for (int64_t i = j; i < last && i < j + REVIEW; i++) c->score[i] = v;
    }
    gbl_cache_keep_top(c, c->score, 0, last, room); /* equal scores come in order: whole windows, the last one cut to the budget */
    for (int64_t j = last; j < c->n; j++) gbl_cache_keep(c, j);
}

const gbl_cache_method gbl_cache_windowkv = {.name = "windowkv", .brief = "windows of 8 prompt tokens, chosen by the first of 8 layers; generated tokens stay",
                                             .source = "Zuo et al., 2025", .sets = GBL_SETS_LAYER, .span = GROUP, .observe = observe, .share = share, .choose = choose};
