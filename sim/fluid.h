/* fluid.h - operations that share resources. A flow alone takes its alone_ns; beside others its speed is max-min fair:
 * all speeds grow together until a resource is full (sum of speed x rate = 1) or a flow runs at full speed; those that
 * meet a full resource stop growing. Used only where two flows overlap: a step alone never comes here.
 * Speeds change when a flow starts or ends; between changes progress is linear. Durations round up to whole ns. */
#ifndef GBL_FLUID_H
#define GBL_FLUID_H
#include <stdint.h>
#include "base/err.h"
#include "policies/policy.h"

typedef struct gbl_flow {
    double rate[GBL_R_N]; /* share of each resource at full speed */
    double left_ns;       /* of its alone time */
    double speed;         /* 0..1 */
    int64_t end_ns;       /* when it ends if nothing changes */
    int64_t tag;          /* the caller's */
} gbl_flow;
typedef struct gbl_fluid {
    gbl_flow *flow;
    size_t n, room;
    int64_t now_ns;
} gbl_fluid;

void gbl_fluid_fini(gbl_fluid *f);
int gbl_fluid_start(gbl_fluid *f, int64_t now_ns, const gbl_demand *d, int64_t tag, gbl_err *err);
void gbl_fluid_progress(gbl_fluid *f, int64_t now_ns); /* what is left of each flow, as of now */
int64_t gbl_fluid_next(const gbl_fluid *f); /* earliest end; INT64_MAX for none */
/* Ends one flow that is due at now_ns: 1 and its tag, or 0. Call until 0. */
int gbl_fluid_finish(gbl_fluid *f, int64_t now_ns, int64_t *tag);

#endif
