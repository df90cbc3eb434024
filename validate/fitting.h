/* fitting.h - robust non-linear least squares: what the house uses of GSL's multifit, in one file.
 *
 * Minimises sum of soft-L1(r) = 2 s^2 (sqrt(1 + (r/s)^2) - 1), s = 0.08, over the residuals r = ln(model/measured), by
 * Levenberg-Marquardt on the transformed residuals sign(r) sqrt(soft-L1(r)). Parameters with `log` move on their logarithm.
 * The search starts from the parameters' own starts and from each of `start`; the least cost wins, the own start where another
 * is less than 0.1 % better. Rank and covariance are those of the winner.
 * A parameter that runs past a bound is fixed there and the rest is fitted again.
 * The covariance is the sandwich (J'J)^-1 (sum over shapes g g') (J'J)^-1, g = sum of r_i J_i over the rows of a shape: rows of
 * one shape share its luck, and thousands of them make no parameter sure. */
#ifndef GBL_FITTING_H
#define GBL_FITTING_H
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum { GBL_FITTING_PARAMETERS = 16, GBL_FITTING_STARTS = 2 };

typedef struct gbl_fitting_parameter {
    const char *name;
    double start, low, high;
    int log; /* low > 0 */
    int limit; /* a bound on something, which rows may never reach: then it keeps its start and the rest is fitted again */
} gbl_fitting_parameter;

typedef struct gbl_fitting {
    size_t n_rows;
    int n;
    gbl_fitting_parameter par[GBL_FITTING_PARAMETERS];
    double start[GBL_FITTING_STARTS][GBL_FITTING_PARAMETERS]; /* further ones */
    int n_starts;
    const uint64_t *shape; /* of each row */
    /* ln(model/measured) of every row at parameters x. */
    void (*residuals)(void *to, const double *x, double *r);
    void *to;
    /* out */
    double x[GBL_FITTING_PARAMETERS];
    double covariance[GBL_FITTING_PARAMETERS * GBL_FITTING_PARAMETERS]; /* n x n; rows of fixed parameters are 0 */
    int fixed[GBL_FITTING_PARAMETERS]; /* -1 at its lower bound, +1 at its upper, 2 a limit that no row reaches, 0 fitted */
    int iterations;
} gbl_fitting;

/* Fewer than three rows a parameter, or parameters that the rows cannot tell apart, are errors that name them; so is a best point where they
 * cannot be told apart because another ran past its upper bound. */
int gbl_fitting_solve(gbl_fitting *f, gbl_err *err);

#endif
