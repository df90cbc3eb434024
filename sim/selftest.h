/* selftest.h - the oracles: closed forms and hand-worked cases, through the real replica. */
#ifndef GBL_SELFTEST_H
#define GBL_SELFTEST_H
#include <stdio.h>
#include "base/err.h"
/* Runs every oracle, one line each to `to`; returns the number that failed. */
int gbl_selftest(FILE *to, gbl_err *err);
#endif
