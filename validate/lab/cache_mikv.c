/* cache_mikv.c - MiKV (Yang et al., 2024): no token goes; what h2o would drop is kept at 2 bits, the rest at 8, with a scale and a zero
 * of 16 bits for each 32 elements (precisions and groups assumed: the abstract names none). How many are kept at 8 bits follows from
 * the bytes: 9 p + 3 (1 - p) of 16 bits = the budget, so a budget below 3/16 cannot be met and holds 3/16.
 * What a coarse token is worth: 1 - the square error of rounding a Gaussian to 2^b levels between the least and the largest of
 * 32 values, over its variance. */
#include "validate/lab/cache.h"

static const double high_bits = 8, low_bits = 2, scale_bits = 1;
/* E(largest - least) of 32 standard normals: the d2 constant of quality control. */
static const double range_32 = 4.1387;

static double worth_of(double bits)
{
    double step = range_32 / (exp2(bits) - 1);
    return 1 - step * step / 12;
}

static int64_t fine_of(const gbl_cache *c)
{
    double p = (16 * (double)c->budget / (double)c->prompt - low_bits - scale_bits) / (high_bits - low_bits);
    return (int64_t)floor(fmin(fmax(p, 0), 1) * (double)c->n + 0.5);
}

static void mark(gbl_cache *c, int64_t j, int fine)
{
    c->second[j] = fine;
    c->worth[j] = (float)worth_of(fine ? high_bits : low_bits);
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t fine = fine_of(c), last = c->n - (fine - fine / 2);
    gbl_cache_keep_all(c);
    for (int64_t j = 0; j < c->n; j++) c->score[j] = n->sum[0][j], mark(c, j, j >= last);
    uint8_t *chosen = c->extra;
    gbl_cache_top(c->score, 0, last, fine / 2, c->order, chosen);
    for (int64_t j = 0; j < last; j++)
        if (chosen[j]) mark(c, j, 1);
    c->number = (double)fine;
}

static size_t extra(int64_t tokens)
{
    return (size_t)tokens;
}

/* The new token is fine; where one too many is, the least of the fine ones before the recent half turns coarse for good. */
static void step(gbl_cache *c, const gbl_row *row)
{
    int64_t fine = fine_of(c), least = -1, recent = row->t + 1 - (fine - fine / 2);
    gbl_cache_gather(c, row);
    mark(c, row->t, 1);
    c->number++;
    for (; c->number > (double)fine; c->number--, least = -1) {
        for (int64_t j = 0; j <= row->t; j++)
            if (c->second[j] > 0 && (j < recent || fine == 0) && (least < 0 || c->score[j] < c->score[least])) least = j;
        if (least < 0) return;
        mark(c, least, 0);
    }
}

static double bytes(const gbl_cache *c)
{
    return ((high_bits + scale_bits) * c->number + (low_bits + scale_bits) * ((double)c->n - c->number)) / 16;
}

const gbl_cache_method gbl_cache_mikv = {.name = "mikv", .brief = "every token stays: those that h2o would keep at 8 bits, the others at 2",
                                         .source = "Yang et al., 2024", .extra = extra, .observe = gbl_note_sums, .choose = choose, .step = step, .bytes = bytes};
