/* steps.h - the typical steps of a run and their operators, kept for a roofline: table `step`, view `operator`.
 *
 * decode: as many sequences as decode on a replica on average (Little's law: requests a second x the time from first to last
 *   token), each of which attends to the mean prompt and half the mean output;
 * prefill: one prompt of mean length, alone, cut to the tokens that one step may hold.
 * Both under the cost model of the first pool. Means are those of the run's completed requests. */
#ifndef GBL_STEPS_H
#define GBL_STEPS_H
#include "reports/store.h"

/* Rows of the open run; none where no request completed. */
int gbl_steps_keep(gbl_store *store, const gbl_scenario *s, const gbl_result *r, gbl_err *err);

#endif
