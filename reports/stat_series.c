/* stat_series.c - the mean of one run's series, whose values follow from each other (declared in stats.h).
 *
 * Batch means as in Skart (Tafazzoli, Wilson, Lada & Steiger, "Performance of Skart: a skewness- and autoregression-adjusted
 * batch means procedure for simulation analysis", INFORMS J. on Computing 23, 2011), for a series that cannot be prolonged:
 * batches grow by sqrt(2) until von Neumann's ratio no longer tells their means from independent ones at 20 %; what
 * correlation is left is priced by (1 + phi) / (1 - phi) of a first-order autoregression, and the skewness of the means by
 * Johnson's modified t with Willink's inverse (Commun. Statistics 34, 2005). At most 32 batches: more buy no narrower interval
 * and hide what correlation is left (Schmeiser, Operations Research 30, 1982).
 *
 * How much a series knows is its effective size n var / (n var(mean)), after Geyer's initial monotone sequence (Statistical
 * Science 7, 1992). A queue that happened to stay short looks both better known and better than it is, so short runs are
 * refused, not widened. */
#include <assert.h>
#include <math.h>

#include "base/mem.h"
#include "reports/stats.h"

enum { LAGGED = 4096, SCREENED = 1280, CAP = 32, LEAST = 8 };

/* k batches of `per` into out; the first values that fill no batch fall away. */
static size_t batch(const double *series, size_t n, size_t per, double *out)
{
    size_t k = n / per;
    const double *from = series + n % per;
    for (size_t b = 0; b < k; b++) out[b] = gbl_stat_mean(from + b * per, per);
    return k;
}

static double covariance(const double *v, size_t n, double mean, size_t lag)
{
    double sum = 0;
    for (size_t i = 0; i + lag < n; i++) sum += (v[i] - mean) * (v[i + lag] - mean);
    return sum / (double)n;
}

/* Sums of neighbouring autocovariances are positive and fall for a reversible chain; where noise says otherwise the sum ends. */
static double effective_size(const double *series, size_t n, double *scratch)
{
    size_t k = batch(series, n, n / LAGGED + 1, scratch);
    double mean = gbl_stat_mean(scratch, k), sum = -covariance(scratch, k, mean, 0), last = INFINITY;
    for (size_t lag = 0; lag + 1 < k; lag += 2) {
        double pair = covariance(scratch, k, mean, lag) + covariance(scratch, k, mean, lag + 1);
        if (pair <= 0) break;
        last = fmin(last, pair);
        sum += 2 * last;
    }
    double sd = gbl_stat_sd(series, n);
    return sum > 0 ? sd * sd / (sum / (double)k) : (double)n;
}

/* Bartels' approximation: 1 - ratio/2 is normal with this deviation when the values are independent. */
static int looks_random(const double *v, size_t k)
{
    const double twenty_percent = 1.2816;
    double mean = gbl_stat_mean(v, k), square = 0, steps = 0, n = (double)k;
    for (size_t i = 0; i < k; i++) {
        square += (v[i] - mean) * (v[i] - mean);
        if (i) steps += (v[i] - v[i - 1]) * (v[i] - v[i - 1]);
    }
    return square == 0 || fabs(1 - steps / (2 * square)) < twenty_percent * sqrt((n - 2) / (n * n - 1));
}

static size_t batch_size(const double *series, size_t n, double *scratch)
{
    size_t per = n / SCREENED + 1, k;
    while ((k = batch(series, n, per, scratch)) >= 2 * LEAST && !looks_random(scratch, k)) per = (size_t)((double)per * sqrt(2)) + 1;
    return n / per > CAP ? n / CAP : per;
}

/* Inverse of t + beta (t^2 ...): where the t value of skewed means lies. */
static double willink(double t, double beta)
{
    return fabs(beta) < 1e-6 ? t : (cbrt(1 + 6 * beta * (t - beta)) - 1) / (2 * beta);
}

static void adjusted(gbl_interval *i, const double *mean_of, size_t k, double confidence)
{
    double mean = gbl_stat_mean(mean_of, k), two = covariance(mean_of, k, mean, 0), three = 0, n = (double)k;
    for (size_t b = 0; b < k; b++) three += pow(mean_of[b] - mean, 3) / n;
    double phi = two > 0 ? fmin(fmax(covariance(mean_of, k, mean, 1) / two, 0), 0.9) : 0;
    double error = sqrt(two * n / (n - 1) / n * (1 + phi) / (1 - phi));
    double skew = two > 0 ? three / pow(two, 1.5) * sqrt(n * (n - 1)) / (n - 2) : 0;
    double t = gbl_stat_t_quantile(0.5 + confidence / 2, n - 1), beta = skew / (6 * sqrt(n));
    i->low = i->mean - willink(t, beta) * error;
    i->high = i->mean - willink(-t, beta) * error;
    i->half_width = (i->high - i->low) / 2;
}

gbl_interval gbl_stat_series(const double *series, size_t n, double confidence)
{
    gbl_interval i = {.mean = gbl_stat_student(series, n, confidence).mean, .low = NAN, .high = NAN, .half_width = NAN};
    double *scratch = n ? gbl_alloc(n, sizeof *scratch) : NULL;
    if (!scratch) return i;
    i.n = (size_t)effective_size(series, n, scratch);
    if (i.n >= GBL_EFFECTIVE_LEAST && gbl_stat_sd(series, n) > 0) {
        size_t k = batch(series, n, batch_size(series, n, scratch), scratch);
        if (k >= LEAST) adjusted(&i, scratch, k, confidence);
    }
    gbl_free(scratch);
    return i;
}
