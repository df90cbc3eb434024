/* keep_run.h - one scenario is run and kept, as `gable run --db` would: for commands whose answer is not that run. */
#ifndef GBL_KEEP_RUN_H
#define GBL_KEEP_RUN_H
#include "reports/keep.h"

int gbl_keep_run(const char *db, const gbl_scenario *s, gbl_err *err);

#endif
