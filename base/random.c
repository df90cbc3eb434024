/* random.c - Philox-4x32-10 and quantile functions. */
#include "base/random.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>

#include "base/text.h"

/* Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11; constants from its table 2. */
void gbl_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

uint64_t gbl_draw_u64(uint64_t seed, uint32_t stream, uint64_t entity, uint64_t k)
{
    uint64_t mixed = gbl_mix64(seed, stream); /* 96 bits into the key's 64; for one seed no two streams meet */
    uint32_t key[2] = {(uint32_t)mixed, (uint32_t)(mixed >> 32)}, out[4];
    uint32_t counter[4] = {(uint32_t)entity, (uint32_t)(entity >> 32), (uint32_t)k, (uint32_t)(k >> 32)};
    gbl_philox(counter, key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

/* The middles of 2^52 equal cells: odd multiples of 2^-53, all exact, never 0 or 1, symmetric around 1/2. */
double gbl_draw(uint64_t seed, uint32_t stream, uint64_t entity, uint64_t k)
{
    return ((double)(gbl_draw_u64(seed, stream, entity, k) >> 12) + 0.5) * 0x1p-52;
}

/* ---------------------------------------------------------------- quantile functions ---- */

static void check(double u)
{
    assert(u > 0 && u < 1);
    (void)u;
}

double gbl_q_exponential(double u, double mean)
{
    check(u);
    return -mean * log1p(-u);
}

double gbl_q_normal(double u, double mean, double sd)
{
    check(u);
    return mean + sd * gsl_cdf_ugaussian_Pinv(u);
}

double gbl_q_lognormal(double u, double mu, double sigma)
{
    check(u);
    return exp(mu + sigma * gsl_cdf_ugaussian_Pinv(u));
}

double gbl_q_weibull(double u, double shape, double scale)
{
    check(u);
    return scale * pow(-log1p(-u), 1 / shape);
}

/* Share of the nearer tail beyond x: P below the median, Q above it, where 1 - P would have no digits left. */
static double gamma_tail(double x, double shape, int upper)
{
    return upper ? gsl_cdf_gamma_Q(x, shape, 1) : gsl_cdf_gamma_P(x, shape, 1);
}

/* Bisection over the exponent: slow, sure. For the few arguments on which GSL's Newton steps do not settle. */
static double gamma_by_bisection(double tail, double shape, int upper)
{
    double low = -745, high = log(shape) + 50; /* ln x; exp(-745) is the smallest double */
    for (int i = 0; i < 80; i++) {
        double middle = 0.5 * (low + high);
        if ((gamma_tail(exp(middle), shape, upper) < tail) != upper) low = middle;
        else high = middle;
    }
    return exp(0.5 * (low + high));
}

/* GSL's handler aborts where an iteration does not converge; the NaN it returns instead is enough for us. The handler
 * is one for the process: turned off and back on around a call, it would race with another thread's draw. So it is
 * turned off once, before main starts. */
__attribute__((constructor)) static void silence(void)
{
    gsl_set_error_handler_off();
}

double gbl_q_gamma(double u, double shape, double scale)
{
    check(u);
    int upper = u > 0.5;
    double tail = upper ? 1 - u : u; /* exact */
    double x = upper ? gsl_cdf_gamma_Qinv(tail, shape, 1) : gsl_cdf_gamma_Pinv(tail, shape, 1);
    double back = x > 0 && isfinite(x) ? gamma_tail(x, shape, upper) : -1;
    if (!(fabs(back - tail) <= 1e-6 * tail)) x = gamma_by_bisection(tail, shape, upper);
    return scale * x;
}

/* P(N > n) = (1 - 1/mean)^n. log1p keeps the small 1/mean of large means. */
int64_t gbl_q_geometric(double u, double mean)
{
    check(u);
    assert(mean >= 1);
    if (mean == 1) return 1;
    double n = ceil(log1p(-u) / log1p(-1 / mean));
    return n < 1 ? 1 : n < 9.2e18 ? (int64_t)n : INT64_MAX;
}
