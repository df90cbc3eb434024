/* stats.h - the statistics behind every interval and every verdict. Pure functions of their arguments; distributions and
 * moments come from GSL (whose error handler is saved, switched off and restored round each entry), luck from keyed draws
 * (base/random.h): the same numbers in, the same bytes out.
 *
 * What may be treated as independent is the caller's business: replications over seeds are, requests of one run are not
 * (their waits share a queue), so requests come in here as batches. */
#ifndef GBL_STATS_H
#define GBL_STATS_H
#include <stddef.h>
#include <stdint.h>

/* A mean (or a difference) with its two-sided interval. low and high are NaN where fewer than two values are known. */
typedef struct gbl_interval {
    double mean, low, high, half_width; /* half_width: (high - low) / 2 */
    size_t n;
} gbl_interval;

/* A test of "no difference" (two-sided). p is 1 where nothing differs at all; NaN where it cannot be told. */
typedef struct gbl_test {
    gbl_interval difference; /* b - a */
    double a, b;             /* the two means */
    double p;
    double p_above, p_below; /* one-sided: small when b > a; when b < a */
    double effect;           /* mean difference over its standard deviation (Cohen's d; paired: d_z); NaN where that is 0 */
} gbl_test;

/* Student's t, `dof` > 0 degrees of freedom. */
double gbl_stat_t_quantile(double p, double dof);
double gbl_stat_t_above(double t, double dof); /* P(T > t) */
double gbl_stat_mean(const double *v, size_t n);
double gbl_stat_sd(const double *v, size_t n); /* of a sample (n - 1); 0 for n < 2 */
/* Linear interpolation between order statistics (numpy's default); `sorted` ascending, p in 0..1. */
double gbl_stat_percentile(const double *sorted, size_t n, double p);
void gbl_stat_sort(double *v, size_t n);

/* mean +- t sd / sqrt(n) of n independent values. */
gbl_interval gbl_stat_student(const double *v, size_t n, double confidence);
/* The BCa bootstrap interval (Efron, J. Am. Stat. Assoc. 82, 1987) of the mean of n independent values: for skewed ones such as
 * the P99 of a run, where Student's symmetric interval misses on one side. Its tails are widened by Student's t and
 * sqrt(n / (n - 1)), since resamples of few values scatter too little (Hesterberg, The American Statistician 69, 2015).
 * Student's where n < 5. 1,000 resamples keyed by `seed`. */
gbl_interval gbl_stat_bootstrap(const double *v, size_t n, double confidence, uint64_t seed);
/* The mean of one run's series in time order, whose values follow from each other: batch means that are adjusted for what
 * correlation and skewness is left (stat_series.c names the sources). .n is how many independent values the series is worth;
 * with fewer than GBL_EFFECTIVE_LEAST there is no interval (NaN): over M/M/1 queues of any load and length, so many are
 * needed for intervals that hold the truth in 92 to 98 % of runs at 95 %. */
enum { GBL_EFFECTIVE_LEAST = 100 };
gbl_interval gbl_stat_series(const double *series, size_t n, double confidence);

/* MSER-5 (White, Cobb & Spratt, WSC 2000): how many leading values of the series to leave out, so that the standard error
 * of the mean of the rest is least; in steps of five, at most half the series. *settled is 0 where the least lies at that
 * limit: the series is too short to tell its beginning from its course. */
size_t gbl_stat_mser5(const double *series, size_t n, int *settled);

/* Paired t of n pairs; Welch's t of two independent samples. Where no value varies the answer is certain: p is 0 or 1. */
gbl_test gbl_stat_paired(const double *a, const double *b, size_t n, double confidence);
gbl_test gbl_stat_welch(const double *a, size_t na, const double *b, size_t nb, double confidence);
/* Of "both samples are drawn from one distribution", which has one variance: Student's t with the pooled one, so that a small
 * sample costs no degrees of freedom beside a large one. */
gbl_test gbl_stat_pooled(const double *a, size_t na, const double *b, size_t nb, double confidence);
/* Of the same, by ranks (Mann & Whitney, Annals of Mathematical Statistics 18, 1947; normal approximation with ties and continuity
 * correction): one-sided p that b lies above a. 0.5 where all values are equal, NaN without values. */
double gbl_stat_ranks_above(const double *a, size_t na, const double *b, size_t nb);
/* Spearman's rank correlation of n pairs (ties take their mean rank) in .mean; its interval by Fisher's z with the variance
 * (1 + r^2 / 2) / (n - 3) of Bonett & Wright (Psychometrika 65, 2000). NaN where n < 2 or a side does not vary, its interval where n < 5. */
gbl_interval gbl_stat_spearman(const double *a, const double *b, size_t n, double confidence);
/* Difference of percentile p (0..1) between two series of pairs in time order, by a bootstrap of `blocks` consecutive
 * stretches drawn for both alike (Kuensch, Annals of Statistics 17, 1989); p-values are shares of resamples beyond zero.
 * The first n % blocks pairs fall away. blocks in 2..256; `scratch` holds 2 n places. */
gbl_test gbl_stat_block_percentile(const double *a, const double *b, size_t n, size_t blocks, double p, double confidence,
                                   uint64_t seed, size_t *scratch);
/* Holm's step-down adjustment (Scandinavian J. of Statistics 6, 1979) of m p-values; NaN stay NaN and are not counted. */
void gbl_stat_holm(const double *p, size_t m, double *adjusted);

/* Does a queue still grow? `level` holds `runs` rows of `cells` + 1 levels (requests in the system) at evenly spaced instants
 * of the second half of the arrivals' span, `arrivals` how many arrived in that half, over all runs.
 *
 * Under "it does not", the level's increments have mean zero; pooled over cells and runs they give a t test (a level that
 * returns to its mean has smaller sums than its increments say, so the test errs to the calm side). Growing is called what
 * is significant (p < 0.01, one-sided), AND climbs over the half by at least a third of its mean level (a straight climb
 * from zero gives two thirds; by a twentieth where p < 0.0001, since a full batch in service hides a queue that has only
 * begun to grow), AND leaves at least 1 % of the half's arrivals unserved: a rate that rises lifts the
 * level, too, but the departures keep up. */
enum { GBL_GROWTH_CELLS = 20 };
typedef struct gbl_growth {
    int growing;     /* 1, 0; -1: too little to tell (fewer than 50 arrivals a run in that half) */
    double p;        /* one-sided */
    double share;    /* of the half's arrivals that were left unserved */
    double climb;    /* growth over the half, over the mean level */
} gbl_growth;
gbl_growth gbl_stat_growth(const double *level, size_t runs, size_t cells, double arrivals);

#endif
