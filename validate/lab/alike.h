/* alike.h - do a recording and a process rank the methods alike? Spearman's correlation of their masses. */
#ifndef GBL_ALIKE_H
#define GBL_ALIKE_H
#include "base/json.h"
#include "reports/stats.h"
#include "validate/lab/lab.h"

typedef struct gbl_alike {
    const gbl_lab *recorded, *process; /* of the same methods and budgets; baselines among them are left out of the correlation */
    const char *recorded_label, *process_label;
    gbl_interval all, budget[GBL_LAB_BUDGETS]; /* 95 % intervals; all: of the means over the budgets */
} gbl_alike;

void gbl_alike_make(gbl_alike *r);
int gbl_alike_print(const gbl_alike *r, FILE *to); /* 0, or -1 without memory */
void gbl_alike_json(const gbl_alike *r, gbl_json *j); /* members into the open object */
/* A row of table measurement for each method and budget: measured on the recording, modelled by the process. */
int gbl_alike_keep(const gbl_alike *r, const char *db, int64_t *n, gbl_err *err);

#endif
