/* result.h - a finished run turned into the contract's numbers. Inside sim/; others see run.h. */
#ifndef GBL_RESULT_H
#define GBL_RESULT_H
#include "sim/engine.h"

int gbl_result_new(gbl_result **out, gbl_engine *e, double wall_s, gbl_err *err);

#endif
