/* sens.h - what the metrics of a scenario hang on: elasticities by central differences, first-order Sobol indices.
 *
 * Elasticity of metric m to input x: [ln m(x (1 + h)) - ln m(x (1 - h))] / [ln(1 + h) - ln(1 - h)], with the same seed and
 * so the same arrivals, lengths and draws on both sides. 0: the input changed nothing. NaN (null): a metric without value
 * there, or a side that cannot run.
 *
 * Sobol: inputs are independent and log-uniform within +-h; matrices A and B of N keyed draws; S_i = mean(f_B (f_ABi - f_A)) /
 * var(f), f less its mean (Saltelli et al., Computer Physics Communications 181, 2010). Inputs whose two differences changed
 * no metric at all are 0 without being drawn. Indices of few samples scatter by about 1/sqrt(N), below 0 and above 1 too, so
 * each has the 95 % percentile interval of a bootstrap over the N rows (Archer, Saltelli & Sobol, J. Statistical Computation and
 * Simulation 58, 1997), and fewer than GBL_SOBOL_LEAST rows are refused. */
#ifndef GBL_SENS_H
#define GBL_SENS_H
#include <stdio.h>
#include "base/json.h"
#include "sim/run.h"

/* KV bytes a token: what is kept, read and copied (gbl_cost_spec.kv_scale). Burstiness: gaps between arrivals are raised to
 * the power x and scaled back to the same length of trace. Output length: tokens times x, rounded up or down by a keyed draw; in a
 * closed loop the quantiles of the distribution times x. Host time: per step, sequence and launch, and in the front end. */
enum gbl_sens_input {
    GBL_IN_HBM_BANDWIDTH, GBL_IN_HBM_SIZE, GBL_IN_SM_FLOPS, GBL_IN_PCIE, GBL_IN_NVLINK, GBL_IN_DRAM, GBL_IN_SSD, GBL_IN_HOST_TIME,
    GBL_IN_KV_BYTES, GBL_IN_ARRIVAL_RATE, GBL_IN_BURSTINESS, GBL_IN_OUTPUT_LENGTH, GBL_INPUTS
};
enum { GBL_SENS_METRICS = 7, GBL_SOBOL_LEAST = 32 };
extern const char *const gbl_sens_input_name[GBL_INPUTS];    /* "hbm_bandwidth", ... */
extern const char *const gbl_sens_metric[GBL_SENS_METRICS];  /* names of gbl_result_get: "ttft_ms.p50", ... */

typedef struct gbl_sens_ask {
    const char *path; /* of the scenario; NULL: the shipped default; "-" is read once */
    const char *const *sets;
    size_t n_sets;
    int64_t seed;  /* GBL_NULL_INT: the scenario's */
    int64_t sobol; /* N, 0: none */
    double step;   /* h */
    int workers;
    enum gbl_progress_mode progress;
    const volatile int *stop;
} gbl_sens_ask;

typedef struct gbl_sens {
    char name[128];
    double base[GBL_SENS_METRICS], elasticity[GBL_INPUTS][GBL_SENS_METRICS];
    double sobol[GBL_INPUTS][GBL_SENS_METRICS], sobol_low[GBL_INPUTS][GBL_SENS_METRICS], sobol_high[GBL_INPUTS][GBL_SENS_METRICS];
    int used[GBL_INPUTS]; /* it changed something, or could not be varied */
    char note[GBL_INPUTS][200]; /* why there is no value, or "" */
    int64_t runs, samples; /* samples: N */
    double step;
} gbl_sens;

int gbl_sens_solve(gbl_sens *out, const gbl_sens_ask *ask, gbl_err *err);
/* One run with every input multiplied by factor[i]: the numbers behind the differences. */
int gbl_sens_run(const gbl_sens_ask *ask, const double factor[GBL_INPUTS], double metric[GBL_SENS_METRICS], gbl_err *err);
void gbl_sens_json(const gbl_sens *s, gbl_json *j); /* one object */
/* Table `sens`: the answer beside the run that it is about. */
int gbl_sens_keep(const gbl_sens *s, const char *db, int64_t run, gbl_err *err);
/* A table, and the inputs as bars for metric number `tornado`, the longest first. */
int gbl_sens_print(const gbl_sens *s, int tornado, FILE *to);

#endif
