/* interval.c - see interval.h. */
#include "models/interval.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/quantile.h"
#include "models/calib.h"

gbl_interval gbl_interval_of(double *v, size_t n)
{
    double out = (1 - gbl_interval_level) / 2;
    if (!n) return (gbl_interval){NAN, NAN};
    gbl_sort_reals(v, n);
    return (gbl_interval){gbl_sorted_at(v, n, out), gbl_sorted_at(v, n, 1 - out)};
}

static int sample(const gbl_cost *c, const gbl_batch *const *step, size_t n, uint64_t seed, uint64_t k, double *ms, gbl_err *err)
{
    gbl_cost_spec spec = *gbl_cost_spec_of(c);
    gbl_hw hw = *spec.hw;
    gbl_calib cal;
    gbl_cost *moved = NULL;
    gbl_calib_sample(hw.eff, hw.eff_se, hw.spread, seed, k, &cal);
    hw.eff = &cal;
    spec.hw = &hw;
    int code = gbl_cost_new(&moved, &spec, err);
    for (size_t i = 0; !code && i < n; i++) {
        gbl_step_cost cost;
        gbl_cost_step(moved, step[i], &cost);
        ms[i * GBL_INTERVAL_SAMPLES + k] = (double)cost.demand.alone_ns / 1e6;
    }
    gbl_cost_free(moved);
    return code;
}

int gbl_interval_steps(const gbl_cost *c, const gbl_batch *const *step, size_t n, uint64_t seed, gbl_interval *out, gbl_err *err)
{
    memset(out, 0, n * sizeof *out);
    if (gbl_cost_spec_of(c)->runtime->ideal) return 0;
    double *ms = gbl_alloc(n * GBL_INTERVAL_SAMPLES, sizeof *ms);
    int code = ms ? 0 : gbl_nomem(err, n * GBL_INTERVAL_SAMPLES * sizeof *ms);
    for (uint64_t k = 0; !code && k < GBL_INTERVAL_SAMPLES; k++) code = sample(c, step, n, seed, k, ms, err);
    for (size_t i = 0; !code && i < n; i++) out[i] = gbl_interval_of(ms + i * GBL_INTERVAL_SAMPLES, GBL_INTERVAL_SAMPLES);
    gbl_free(ms);
    return code;
}
