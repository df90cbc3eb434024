/* sens_vary.h - shared by sens*.c alone. */
#ifndef GBL_SENS_VARY_H
#define GBL_SENS_VARY_H
#include "reports/sens.h"

/* The scenario's document with the caller's sets and seed. */
int gbl_sens_base(const gbl_sens_ask *ask, gbl_doc **out, gbl_err *err);
/* A copy of it with every input multiplied is run. */
int gbl_sens_point(const gbl_doc *base, const gbl_sens_ask *ask, const double *factor, double *metric, gbl_err *err);

#endif
