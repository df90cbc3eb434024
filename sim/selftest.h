/* selftest.h - the oracles: closed forms and hand-worked cases, through the real replica. */
#ifndef GBL_SELFTEST_H
#define GBL_SELFTEST_H
#include <stdio.h>
#include "base/err.h"
#include "models/cost.h"

/* Runs every oracle, one line each to `to`; returns the number that failed. */
int gbl_selftest(FILE *to, gbl_err *err);
/* The queue that closed forms are held against: a Hugging Face config.json of a model whose steps cost nearly the same whatever
 * their KV, and the seconds that a request of one prompt token and `output` tokens takes alone. */
extern const char gbl_selftest_flat_model[];
double gbl_selftest_service_s(const gbl_cost *c, int64_t output);
#endif
