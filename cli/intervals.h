/* intervals.h - `gable run --intervals N`: the scenario again under N draws of its machines' calibration. */
#ifndef GBL_INTERVALS_H
#define GBL_INTERVALS_H
#include "base/err.h"
#include "sim/run.h"

typedef struct gbl_intervals gbl_intervals;
/* Runs `s` N times with the same requests and other parameters, keyed by the scenario's seed. Its machines are as before
 * afterwards. */
int gbl_intervals_new(gbl_intervals **out, gbl_scenario *s, int64_t n, const gbl_run_options *opt, gbl_err *err);
void gbl_intervals_free(gbl_intervals *v); /* NULL allowed */
void gbl_intervals_json(const gbl_intervals *v, gbl_json *j); /* member "intervals" of the open object */
int gbl_intervals_print(const gbl_intervals *v, const gbl_result *r, FILE *to); /* 0, or -1 without memory */

#endif
