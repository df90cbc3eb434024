/* keep_run.h - one scenario is run and kept, as `gable run --db` would: for commands whose answer is not that run. */
#ifndef GBL_KEEP_RUN_H
#define GBL_KEEP_RUN_H
#include "reports/keep.h"

/* *run_id: the run's number. */
int gbl_keep_run(const char *db, const gbl_scenario *s, int64_t *run_id, gbl_err *err);

#endif
