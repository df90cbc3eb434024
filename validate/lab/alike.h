/* alike.h - do a recording and a process rank the methods alike? Spearman's correlation of their masses.
 *
 * Methods that are far from the others make any correlation large, and what a budget means differs from method to method. So there are
 * also the correlations without the recording's first three and without its last three as well, and at equal bytes held: masses
 * interpolated over what each method holds, of the methods whose budgets reach that far on both sides. */
#ifndef GBL_ALIKE_H
#define GBL_ALIKE_H
#include "base/json.h"
#include "reports/stats.h"
#include "validate/lab/lab.h"

typedef struct gbl_alike {
    const gbl_lab *recorded, *process; /* of the same methods and budgets; baselines among them are left out of the correlation */
    const char *recorded_label, *process_label;
    gbl_interval all, budget[GBL_LAB_BUDGETS]; /* 95 % intervals; all: of the means over the budgets */
    gbl_interval rest, middle;                 /* the same as all without the first three, and without these and the last three */
    size_t ranked[GBL_LAB_METHODS], n_ranked;  /* the methods without baselines, the recording's best first */
    double held[GBL_LAB_BUDGETS];              /* shares of all bytes: geometric means of neighbouring budgets */
    gbl_interval at_held[GBL_LAB_BUDGETS];
    size_t n_held;
} gbl_alike;

void gbl_alike_make(gbl_alike *r);
int gbl_alike_print(const gbl_alike *r, FILE *to); /* 0, or -1 without memory */
void gbl_alike_json(const gbl_alike *r, gbl_json *j); /* members into the open object */
/* A row of table measurement for each method and budget: measured on the recording, modelled by the process. */
int gbl_alike_keep(const gbl_alike *r, const char *db, int64_t *n, gbl_err *err);

#endif
