/* values.h - what goes into a case's buffers, and whether what came out is right: against references in double precision, written
 * from the definitions and not from the bodies, within bounds that follow from the roundings. */
#ifndef GBL_VALUES_H
#define GBL_VALUES_H
#include "validate/probe/cases.h"

/* The bytes of buffer `at` before the kernel: the same for the same case. */
void gbl_values_fill(const gbl_case *c, int at, void *out);
/* before, after: every buffer as it was and as it is now. The largest error over its bound: at most 1 when the kernel is right. */
double gbl_values_judge(const gbl_case *c, void *const *before, void *const *after);
/* Fills, runs, reads and judges one case. *worst as above. */
int gbl_values_check(gbl_backend *b, const gbl_case *c, double *worst, gbl_err *err);

#endif
