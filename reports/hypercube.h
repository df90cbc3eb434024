/* hypercube.h - one key of a Latin hypercube. Inside this room, for sweep.c; the method is told in sweep.h. */
#ifndef GBL_HYPERCUBE_H
#define GBL_HYPERCUBE_H
#include "base/doc.h"
#include "base/mem.h"
#include "policies/policy.h"

typedef struct gbl_range {
    double low, high;
    int32_t scale, integer;
} gbl_range;

extern const gbl_param gbl_range_rows[];
/* {"low", "high", "scale": "linear" | "log", "integer"}; n is an object. */
int gbl_range_read(gbl_range *r, const gbl_node *n, gbl_arena *a, gbl_err *err);
/* One sample a stratum, in an order drawn for this key: out[0..size) are numbers as text, in the arena. */
int gbl_range_samples(const gbl_range *r, const char *name, uint64_t seed, const char **out, size_t size, gbl_arena *a, gbl_err *err);

#endif
