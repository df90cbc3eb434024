/* quantile.h - a sample's mean, maximum and percentiles. Exact up to 2^20 values, then a mergeable log-linear sketch
 * (relative bucket width 2^-10, so a percentile is off by < 0.05 % relative); count, mean and maximum are always
 * exact. Values are >= 0. The sum is kept as an exact integer where values are integers (add_int), so any order of
 * adding gives the same bits. */
#ifndef GBL_QUANTILE_H
#define GBL_QUANTILE_H
#include <stddef.h>
#include <stdint.h>

typedef struct gbl_quantile gbl_quantile;
enum { GBL_Q_SKETCH_ONLY = 1 };
gbl_quantile *gbl_quantile_new(int flags);
void gbl_quantile_free(gbl_quantile *q);
int gbl_quantile_add(gbl_quantile *q, double v);                       /* 0, or -1 without memory */
int gbl_quantile_add_int(gbl_quantile *q, int64_t v, int64_t times);   /* v, `times` times; the fast call */
int gbl_quantile_merge(gbl_quantile *into, const gbl_quantile *from);
int64_t gbl_quantile_n(const gbl_quantile *q);
double gbl_quantile_mean(const gbl_quantile *q);  /* NaN when empty */
double gbl_quantile_max(const gbl_quantile *q);
double gbl_quantile_at(gbl_quantile *q, double p); /* p in 0..1, linear interpolation (numpy's default); NaN when empty */
int gbl_quantile_exact(const gbl_quantile *q);     /* 1 while no value went to the sketch */

/* The same of numbers that lie in an array, of any sign: sorted upwards; the value at p in 0..1 of n > 0 sorted ones. */
void gbl_sort_reals(double *v, size_t n);
double gbl_sorted_at(const double *sorted, size_t n, double p);

#endif
