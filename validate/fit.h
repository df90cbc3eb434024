/* fit.h - a GPU's parameters from measured kernels: which rows teach which parameters, in which order, and how well the
 * result does on shapes it has not seen. */
#ifndef GBL_FIT_H
#define GBL_FIT_H
#include "base/json.h"
#include "validate/fitting.h"
#include "validate/kernels_rows.h"

/* Errors of ln(model/measured) over some rows; all in percent but the counts. */
typedef struct gbl_fit_error {
    int64_t n;
    double median, p90, bias; /* of |error|, |error|, signed: its median */
    double covered;           /* share of rows within the 95 % interval; NaN: none stated */
} gbl_fit_error;
/* From n values of model/measured - 1 and whether each is covered (NULL: not stated); sorts `e`. */
void gbl_fit_error_of(gbl_fit_error *out, double *e, const uint8_t *covered, size_t n);
void gbl_fit_error_json(const char *key, const gbl_fit_error *e, gbl_json *j);

enum { GBL_FIT_STAGES = 14, GBL_FIT_KEPT = 8 };
/* One stage: some parameters of one group from the rows that bear on them, the parameters before it held. */
typedef struct gbl_fit_stage {
    const char *group, *what; /* "gemm"; "fp8, H: heads of 128" */
    int64_t rows, held;       /* fitted on; kept out */
    int64_t shapes;           /* among the fitted */
    gbl_fitting fit;          /* x and covariance in the card's units */
    int row[GBL_FITTING_PARAMETERS]; /* of each parameter in gbl_calib_rows() */
    const char *kept[GBL_FIT_KEPT];  /* parameters left as they were: no row bears on them */
    int n_kept;
    double scatter;           /* standard deviation of ln(time): 95th percentile of |ln| over 1.96 */
    gbl_fit_error fitted_error, held_error;
} gbl_fit_stage;

typedef struct gbl_fit {
    const gbl_hw *hw;
    gbl_calib cal; /* starts as the card's */
    gbl_fit_stage stage[GBL_FIT_STAGES];
    int n;
} gbl_fit;

/* Fits every stage that has rows. Errors: no row at all, too few, singular; they say which stage. */
int gbl_fit_run(gbl_fit *f, const gbl_krows *rows, const gbl_hw *hw, gbl_err *err);
/* The group's scatter: that of its first stage, the kernels it is mostly used for; 0 where it was not fitted. */
double gbl_fit_scatter(const gbl_fit *f, const char *group);
/* Variance of ln(time) of a row that a group's covariance brings about, by differences along its root. */
double gbl_spread_variance(const gbl_machine *g, const gbl_spread_group *of, const gbl_krow *row);

#endif
