/* probe_stats.h - what a series of repetitions says: its median, and the 95 % interval of the median by order statistics.
 *
 * The interval is that of the ranks l and n + 1 - l with the largest l for which a binomial (n, 1/2) is below l with
 * probability <= 2.5 %; it assumes nothing of the times' distribution. Below six repetitions it is their whole range. */
#ifndef GBL_PROBE_STATS_H
#define GBL_PROBE_STATS_H
#include <math.h>
#include <stdlib.h>

typedef struct gbl_probe_summary {
    double median, low, high;
    int n;
} gbl_probe_summary;

static inline int gbl_probe_by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The rank l, from 1. */
static inline int gbl_probe_rank(int n)
{
    double below = 0, log_ways = 0; /* of k among n */
    int k = 0;
    for (; k < n; k++) {
        below += exp(log_ways - n * log(2.0));
        if (below > 0.025) break;
        log_ways += log((double)(n - k)) - log((double)(k + 1));
    }
    return k > 0 ? k : 1;
}

/* Sorts t[n], n >= 1. */
static inline gbl_probe_summary gbl_probe_summarise(double *t, int n)
{
    gbl_probe_summary s;
    int l = gbl_probe_rank(n);
    qsort(t, (size_t)n, sizeof *t, gbl_probe_by_time);
    s.median = n % 2 ? t[n / 2] : (t[n / 2 - 1] + t[n / 2]) / 2;
    s.low = t[l - 1];
    s.high = t[n - l];
    s.n = n;
    return s;
}

/* Wider than 5 % of the median. */
static inline int gbl_probe_is_noisy(const gbl_probe_summary *s)
{
    return s->high - s->low > 0.05 * s->median;
}

#endif
