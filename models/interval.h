/* interval.h - how sure a step's time is: the step under many draws of the calibration (gbl_calib_sample). What the draws
 * do not cover: host and front-end times of the runtime, and kernels that nobody measured. */
#ifndef GBL_INTERVAL_H
#define GBL_INTERVAL_H
#include "models/cost.h"

enum { GBL_INTERVAL_SAMPLES = 200 };
static const double gbl_interval_level = 0.95;

typedef struct gbl_interval {
    double low, high;
} gbl_interval;
/* The central 95 % of n values, linear between order statistics; sorts them. */
gbl_interval gbl_interval_of(double *v, size_t n);
/* Steps in ms; all zero where the runtime is ideal (nothing is uncertain there). Draws are keyed by `seed`. */
int gbl_interval_steps(const gbl_cost *c, const gbl_batch *const *step, size_t n, uint64_t seed, gbl_interval *out, gbl_err *err);

#endif
