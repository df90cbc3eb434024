/* timing.c - see timing.h. */
#include "validate/probe/timing.h"

#include <math.h>
#include <sys/resource.h>
#include <time.h>

#include "base/mem.h"
#include "base/quantile.h"

static const double noisy_from = 0.05; /* PROTOCOL.md */

/* The interval's ends are the order statistics at n/2 -+ 1.96 sqrt(n)/2, outwards (Conover, Practical Nonparametric Statistics,
 * section 3.2). */
void gbl_timing_of(gbl_timing *out, double *s, int n)
{
    gbl_sort_reals(s, (size_t)n);
    int low = (int)floor((n - 1.96 * sqrt(n)) / 2), high = (int)ceil((n + 1.96 * sqrt(n)) / 2);
    out->median_s = (s[(n - 1) / 2] + s[n / 2]) / 2;
    out->low_s = s[low < 0 ? 0 : low];
    out->high_s = s[high > n - 1 ? n - 1 : high];
    out->repetitions = n;
    out->noisy = (out->high_s - out->low_s) / out->median_s > noisy_from;
}

static double seconds(const gbl_backend *b)
{
    struct timespec t;
    clock_gettime(gbl_backend_own_clock(b) ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static long switches(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_nivcsw;
}

int gbl_time(gbl_backend *b, const gbl_launch *launch, int n, const gbl_timing_ask *ask, gbl_timing *out, gbl_err *err)
{
    double *s = gbl_alloc((size_t)ask->most, 2 * sizeof *s), *sorted = s ? s + ask->most : NULL, one;
    int done = 0, code = s ? gbl_backend_run(b, launch, n, &one, err) : gbl_nomem(err, 0);
    double start = seconds(b), spent = 0, disturbed = INFINITY;
    while (!code && done < ask->most && spent < (done < ask->least ? 4 : 1) * ask->budget_s) {
        if (ask->cold) code = gbl_backend_flush(b, err);
        long before = switches();
        if (!code) code = gbl_backend_run(b, launch, n, &one, err);
        spent = seconds(b) - start;
        if (code || (switches() != before && !gbl_backend_own_clock(b))) {
            disturbed = fmin(disturbed, one);
            continue;
        }
        s[done++] = one;
        if (done < ask->least) continue;
        for (int i = 0; i < done; i++) sorted[i] = s[i];
        gbl_timing_of(out, sorted, done);
        if ((out->high_s - out->low_s) / out->median_s <= ask->tight) break;
    }
    if (!code && !done) s[done++] = disturbed; /* the least disturbed one, and called noisy */
    if (!code) gbl_timing_of(out, s, done);
    out->noisy |= done < 6;
    gbl_free(s);
    return code;
}
