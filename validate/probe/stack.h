/* stack.h - a few layers of a real transformer, random weights, made of the probe's kernels in sequence: one prefill step and one
 * decode step, timed whole. Rows of probe `layers` (PROTOCOL.md): no fit sees them, the model has to predict them. */
#ifndef GBL_STACK_H
#define GBL_STACK_H
#include "validate/probe/backend.h"

int gbl_stack_measure(gbl_backend *b, int quick, const char *backend, const char *date, gbl_err *err);

#endif
