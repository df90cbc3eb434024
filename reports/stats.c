#include "reports/stats.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "base/mem.h"
#include "base/random.h"

enum { RESAMPLES = 1000, STREAM_BOOTSTRAP = GBL_STREAM_POLICY - 2 };

/* ---------------------------------------------------------------- GSL, one entry each ---- */

double gbl_stat_t_quantile(double p, double dof)
{
    assert(p > 0 && p < 1 && dof > 0);
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    double t = gsl_cdf_tdist_Pinv(p, dof);
    gsl_set_error_handler(was);
    return t;
}

double gbl_stat_t_above(double t, double dof)
{
    assert(dof > 0);
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    double p = gsl_cdf_tdist_Q(t, dof);
    gsl_set_error_handler(was);
    return p;
}

double gbl_stat_mean(const double *v, size_t n)
{
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    double m = n ? gsl_stats_mean(v, 1, n) : NAN;
    gsl_set_error_handler(was);
    return m;
}

/* Values that are all the same deviate by nothing, whatever the rounding of their mean says. */
static int constant(const double *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (v[i] != v[0]) return 0;
    return 1;
}

double gbl_stat_sd(const double *v, size_t n)
{
    if (n < 2 || constant(v, n)) return 0;
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    double sd = gsl_stats_sd(v, 1, n);
    gsl_set_error_handler(was);
    return sd;
}

double gbl_stat_percentile(const double *sorted, size_t n, double p)
{
    if (n == 0) return NAN;
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    double q = gsl_stats_quantile_from_sorted_data(sorted, 1, n, p);
    gsl_set_error_handler(was);
    return q;
}

void gbl_stat_sort(double *v, size_t n)
{
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    if (n) gsl_sort(v, 1, n);
    gsl_set_error_handler(was);
}

/* ---------------------------------------------------------------- intervals ---- */

static gbl_interval unknown(double mean, size_t n)
{
    return (gbl_interval){.mean = mean, .low = NAN, .high = NAN, .half_width = NAN, .n = n};
}

static gbl_interval around(double mean, double half, size_t n)
{
    return (gbl_interval){.mean = mean, .low = mean - half, .high = mean + half, .half_width = half, .n = n};
}

/* The mean of equal values is their value to the last bit; a sum divided again need not be. */
static double exact_mean(const double *v, size_t n)
{
    return n && constant(v, n) ? v[0] : gbl_stat_mean(v, n);
}

gbl_interval gbl_stat_student(const double *v, size_t n, double confidence)
{
    double mean = exact_mean(v, n);
    if (n < 2) return unknown(mean, n);
    double t = gbl_stat_t_quantile(0.5 + confidence / 2, (double)(n - 1));
    return around(mean, t * gbl_stat_sd(v, n) / sqrt((double)n), n);
}

static size_t pick(uint64_t seed, uint64_t resample, uint64_t k, size_t n)
{
    size_t i = (size_t)(gbl_draw(seed, STREAM_BOOTSTRAP, resample, k) * (double)n);
    return i < n ? i : n - 1;
}

static double normal_share(double z)
{
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    double p = gsl_cdf_ugaussian_P(z);
    gsl_set_error_handler(was);
    return p;
}

static double normal_quantile(double p)
{
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    double z = gsl_cdf_ugaussian_Pinv(p);
    gsl_set_error_handler(was);
    return z;
}

/* The acceleration of a mean: a sixth of its values' skewness over sqrt(n), which is what the jackknife gives. */
static double acceleration(const double *v, size_t n, double mean)
{
    double two = 0, three = 0;
    for (size_t i = 0; i < n; i++) {
        double d = v[i] - mean;
        two += d * d;
        three += d * d * d;
    }
    return three / (6 * pow(two, 1.5));
}

gbl_interval gbl_stat_bootstrap(const double *v, size_t n, double confidence, uint64_t seed)
{
    double mean = exact_mean(v, n), m[RESAMPLES], below = 0;
    if (n < 5 || gbl_stat_sd(v, n) == 0) return gbl_stat_student(v, n, confidence);
    for (uint64_t r = 0; r < RESAMPLES; r++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) sum += v[pick(seed, r, k, n)];
        m[r] = sum / (double)n;
        below += m[r] < mean;
    }
    gbl_stat_sort(m, RESAMPLES);
    double z0 = normal_quantile(fmin(fmax(below / RESAMPLES, 0.01), 0.99)), a = acceleration(v, n, mean);
    double wide = sqrt((double)n / (double)(n - 1)) * gbl_stat_t_quantile(0.5 + confidence / 2, (double)(n - 1));
    double low = z0 - wide, high = z0 + wide;
    gbl_interval i = {.mean = mean, .n = n};
    i.low = gbl_stat_percentile(m, RESAMPLES, normal_share(z0 + low / fmax(1 - a * low, 0.1)));
    i.high = gbl_stat_percentile(m, RESAMPLES, normal_share(z0 + high / fmax(1 - a * high, 0.1)));
    i.half_width = (i.high - i.low) / 2;
    return i;
}

/* From the end on, the mean and the squares of what is left are updated (Welford), so every cut is looked at in one pass. */
size_t gbl_stat_mser5(const double *series, size_t n, int *settled)
{
    enum { FIVE = 5 };
    size_t batches = n / FIVE, best = 0, limit = batches / 2;
    double mean = 0, square = 0, least = INFINITY;
    *settled = 0;
    if (batches < 10) return 0;
    for (size_t left = 1; left <= batches; left++) {
        size_t cut = batches - left;
        double b = gbl_stat_mean(series + cut * FIVE, FIVE), d = b - mean;
        mean += d / (double)left;
        square += d * (b - mean);
        double error = square / ((double)left * (double)left);
        if (cut > limit || left < 2) continue;
        if (error <= least) { /* of equal cuts the shortest */
            least = error;
            best = cut;
        }
    }
    *settled = best < limit;
    return best * FIVE;
}

/* ---------------------------------------------------------------- tests ---- */

/* `se` of the difference `d` on `dof` degrees of freedom; se 0: nothing varies, so what differs differs for certain. */
static gbl_test test_of(double a, double b, double d, double se, double dof, double sd, size_t n, double confidence)
{
    gbl_test t = {.a = a, .b = b, .difference = unknown(d, n), .p = NAN, .p_above = NAN, .p_below = NAN, .effect = NAN};
    if (!isfinite(d) || !isfinite(se) || !(dof > 0)) return t;
    if (se == 0) {
        t.difference = around(d, 0, n);
        t.p = d == 0 ? 1 : 0;
        t.p_above = d > 0 ? 0 : 1;
        t.p_below = d < 0 ? 0 : 1;
        return t;
    }
    t.difference = around(d, gbl_stat_t_quantile(0.5 + confidence / 2, dof) * se, n);
    t.p_above = gbl_stat_t_above(d / se, dof);
    t.p_below = gbl_stat_t_above(-d / se, dof);
    t.p = fmin(1, 2 * fmin(t.p_above, t.p_below));
    t.effect = d / sd;
    return t;
}

gbl_test gbl_stat_paired(const double *a, const double *b, size_t n, double confidence)
{
    double mean = 0, square = 0, first = n ? b[0] - a[0] : NAN;
    int same = 1;
    for (size_t i = 0; i < n; i++) {
        double d = b[i] - a[i], step = d - mean;
        same &= d == first;
        mean += step / (double)(i + 1);
        square += step * (d - mean);
    }
    if (same) mean = first, square = 0;
    double sd = n > 1 ? sqrt(square / (double)(n - 1)) : NAN;
    return test_of(exact_mean(a, n), exact_mean(b, n), n ? mean : NAN, sd / sqrt((double)n), (double)n - 1, sd, n, confidence);
}

/* B. L. Welch, Biometrika 34 (1947): the variances need not be equal; Satterthwaite's degrees of freedom. */
gbl_test gbl_stat_welch(const double *a, size_t na, const double *b, size_t nb, double confidence)
{
    double sa = gbl_stat_sd(a, na), sb = gbl_stat_sd(b, nb), ma = exact_mean(a, na), mb = exact_mean(b, nb);
    if (na < 2 || nb < 2) return test_of(ma, mb, mb - ma, NAN, 0, NAN, na + nb, confidence);
    double va = sa * sa / (double)na, vb = sb * sb / (double)nb, both = va + vb;
    double dof = both > 0 ? both * both / (va * va / (double)(na - 1) + vb * vb / (double)(nb - 1)) : 1;
    double pooled = sqrt((sa * sa * (double)(na - 1) + sb * sb * (double)(nb - 1)) / (double)(na + nb - 2));
    return test_of(ma, mb, mb - ma, sqrt(both), dof, pooled, na + nb, confidence);
}

gbl_test gbl_stat_pooled(const double *a, size_t na, const double *b, size_t nb, double confidence)
{
    double sa = gbl_stat_sd(a, na), sb = gbl_stat_sd(b, nb), ma = exact_mean(a, na), mb = exact_mean(b, nb);
    if (na < 1 || nb < 1 || na + nb < 3) return test_of(ma, mb, mb - ma, NAN, 0, NAN, na + nb, confidence);
    double dof = (double)(na + nb - 2), sd = sqrt((sa * sa * (double)(na - 1) + sb * sb * (double)(nb - 1)) / dof);
    return test_of(ma, mb, mb - ma, sd * sqrt(1 / (double)na + 1 / (double)nb), dof, sd, na + nb, confidence);
}

double gbl_stat_ranks_above(const double *a, size_t na, const double *b, size_t nb)
{
    double u = 0, ties = 0, n = (double)na + (double)nb, pairs = (double)na * (double)nb;
    if (!na || !nb) return NAN;
    for (size_t i = 0; i < nb; i++)
        for (size_t k = 0; k < na; k++) u += b[i] > a[k] ? 1 : b[i] == a[k] ? 0.5 : 0;
    for (size_t i = 0; i < na + nb; i++) { /* sum over groups of t^3 - t is that over members of t^2 - 1 */
        double v = i < na ? a[i] : b[i - na], same = 0;
        for (size_t k = 0; k < na + nb; k++) same += (k < na ? a[k] : b[k - na]) == v;
        ties += same * same - 1;
    }
    double variance = pairs / 12 * (n + 1 - ties / (n * (n - 1)));
    return variance > 0 ? 1 - normal_share((u - pairs / 2 - 0.5) / sqrt(variance)) : 0.5;
}

gbl_interval gbl_stat_spearman(const double *a, const double *b, size_t n, double confidence)
{
    gbl_interval i = {.mean = NAN, .low = NAN, .high = NAN, .half_width = NAN, .n = n};
    double *work = n >= 2 && gbl_stat_sd(a, n) > 0 && gbl_stat_sd(b, n) > 0 ? gbl_alloc(2 * n, sizeof *work) : NULL;
    if (!work) return i;
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    i.mean = gsl_stats_spearman(a, 1, b, 1, n, work);
    gsl_set_error_handler(was);
    gbl_free(work);
    if (n < 5) return i;
    double r = fmin(fmax(i.mean, -1 + 1e-12), 1 - 1e-12), wide = normal_quantile(0.5 + confidence / 2) * sqrt((1 + r * r / 2) / ((double)n - 3));
    i.low = tanh(atanh(r) - wide);
    i.high = tanh(atanh(r) + wide);
    i.half_width = (i.high - i.low) / 2;
    return i;
}

/* One series, sorted once: a resample then only weighs the blocks, and its percentile is one walk along the order. */
typedef struct ordered {
    const double *v; /* whole blocks only */
    size_t *order;
    size_t n, per;
} ordered;

static void order(ordered *o)
{
    gsl_error_handler_t *was = gsl_set_error_handler_off();
    if (o->n) gsl_sort_index(o->order, o->v, 1, o->n);
    gsl_set_error_handler(was);
}

/* Linear interpolation, as gbl_stat_percentile. The weights sum to the number of blocks. */
static double weighted_percentile(const ordered *o, const uint32_t *weight, double p)
{
    double place = p * (double)(o->n - 1), first = NAN;
    size_t rank = (size_t)place, before = 0;
    for (size_t i = 0; i < o->n; i++) {
        before += weight[o->order[i] / o->per];
        if (isnan(first) && before > rank) first = o->v[o->order[i]];
        if (before > rank + 1 || before == o->n) return first + (o->v[o->order[i]] - first) * (place - (double)rank);
    }
    return first;
}

/* How often each block is drawn: the same for both series. */
static void draw_blocks(uint32_t *weight, size_t blocks, uint64_t seed, uint64_t resample)
{
    for (size_t k = 0; k < blocks; k++) weight[k] = 0;
    for (size_t k = 0; k < blocks; k++) weight[pick(seed, resample, k, blocks)]++;
}

gbl_test gbl_stat_block_percentile(const double *a, const double *b, size_t n, size_t blocks, double p, double confidence,
                                   uint64_t seed, size_t *scratch)
{
    double d[RESAMPLES], above = 0, below = 0;
    uint32_t weight[256];
    assert(blocks >= 2 && blocks <= 256);
    size_t per = n / blocks, skip = n % blocks, whole = n - skip;
    ordered x = {a + skip, scratch, whole, per}, y = {b + skip, scratch + whole, whole, per};
    gbl_test t = {.a = NAN, .b = NAN, .difference = unknown(NAN, n), .p = NAN, .p_above = NAN, .p_below = NAN, .effect = NAN};
    if (per < 2) return t;
    order(&x);
    order(&y);
    for (size_t k = 0; k < blocks; k++) weight[k] = 1;
    t.a = weighted_percentile(&x, weight, p);
    t.b = weighted_percentile(&y, weight, p);
    for (size_t r = 0; r < RESAMPLES; r++) {
        draw_blocks(weight, blocks, seed, r);
        d[r] = weighted_percentile(&y, weight, p) - weighted_percentile(&x, weight, p);
        above += d[r] <= 0;
        below += d[r] >= 0;
    }
    double sd = gbl_stat_sd(d, RESAMPLES), tail = (1 - confidence) / 2;
    gbl_stat_sort(d, RESAMPLES);
    /* No share of resamples says less than one in as many as there were. */
    t.p_above = fmin(1, (above + 1) / (RESAMPLES + 1));
    t.p_below = fmin(1, (below + 1) / (RESAMPLES + 1));
    t.p = fmin(1, 2 * fmin(t.p_above, t.p_below));
    t.difference.mean = t.b - t.a;
    t.difference.low = gbl_stat_percentile(d, RESAMPLES, tail);
    t.difference.high = gbl_stat_percentile(d, RESAMPLES, 1 - tail);
    t.difference.half_width = (t.difference.high - t.difference.low) / 2;
    if (sd > 0) t.effect = (t.b - t.a) / sd / sqrt((double)blocks);
    return t;
}

/* m is small: the running maximum is found by counting, without a sort. */
void gbl_stat_holm(const double *p, size_t m, double *adjusted)
{
    size_t known = 0;
    for (size_t i = 0; i < m; i++) known += !isnan(p[i]);
    for (size_t i = 0; i < m; i++) {
        double most = NAN;
        for (size_t k = 0; k < m && !isnan(p[i]); k++) {
            size_t smaller = 0;
            if (isnan(p[k]) || p[k] > p[i] || (p[k] == p[i] && k > i)) continue;
            for (size_t l = 0; l < m; l++) smaller += p[l] < p[k] || (p[l] == p[k] && l < k);
            double one = fmin(1, p[k] * (double)(known - smaller));
            most = isnan(most) || one > most ? one : most;
        }
        adjusted[i] = most;
    }
}

/* ---------------------------------------------------------------- growth ---- */

gbl_growth gbl_stat_growth(const double *level, size_t runs, size_t cells, double arrivals)
{
    enum { FEWEST = 50 };
    gbl_growth g = {.growing = -1, .p = NAN, .share = NAN, .climb = NAN};
    double mean = 0, square = 0, sum = 0, rise = 0, n = 0;
    if (!runs || !cells || !(arrivals >= FEWEST * (double)runs)) return g;
    for (size_t r = 0; r < runs; r++) {
        const double *v = level + r * (cells + 1);
        for (size_t c = 0; c < cells; c++) {
            double d = v[c + 1] - v[c], step = d - mean;
            mean += step / ++n;
            square += step * (d - mean);
            sum += (v[c] + v[c + 1]) / 2;
        }
        rise += v[cells] - v[0];
    }
    double se = n > 1 ? sqrt(square / (n - 1) / n) : 0;
    g.p = se > 0 ? gbl_stat_t_above(mean / se, n - 1) : mean > 0 ? 0 : 1;
    g.share = rise / arrivals;
    g.climb = sum > 0 ? (rise / (double)runs) / (sum / n) : 0;
    g.growing = g.share >= 0.01 && ((g.p < 0.01 && g.climb >= 1.0 / 3) || (g.p < 1e-4 && g.climb >= 0.05));
    return g;
}
