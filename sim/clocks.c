/* Where time went. A replica keeps clocks that together advance with simulated time: each step adds its parts by bound, and
 * all that is no step is waiting. A request only notes the clocks when its phase changes, so the split of its end-to-end time
 * is exact and costs nothing a step. */
#include <assert.h>

#include "sim/engine.h"

static const char *const part_name[GBL_PARTS] = {"frontend",  "queue",      "prefill_sm",  "prefill_hbm", "prefill_link", "prefill_host",
                                                 "decode_sm", "decode_hbm", "decode_link", "decode_host", "transfer",     "preempt"};

const char *gbl_part_name(enum gbl_part p) { return part_name[p]; }

void gbl_clock_wait(gbl_replica *r) {
    r->spent[GBL_SPENT_WAIT] += r->e->now_ns - r->spent_until_ns;
    r->spent_until_ns = r->e->now_ns;
}

/* A step that shared its resources took longer than alone: the rest was spent on the transfers beside it. */
void gbl_clock_step(gbl_replica *r) {
    int64_t took = r->e->now_ns - r->step_start_ns;
    for (int i = 0; i < 4; i++) r->spent[i] += r->cost.part_ns[i];
    r->spent[GBL_SPENT_WAIT] += took - r->cost.demand.alone_ns;
    r->spent_until_ns = r->e->now_ns;
}

void gbl_clock_phase(gbl_replica *r, int32_t id, enum gbl_phase next) {
    gbl_priv *p = &r->e->priv[id];
    int64_t now = r->e->now_ns;
    if (p->phase == GBL_PHASE_PREEMPTED) p->part_ns[GBL_PART_PREEMPT] += now - p->since_ns;
    else if (p->phase == GBL_PHASE_MOVING || p->phase == GBL_PHASE_LOADING) p->part_ns[GBL_PART_TRANSFER] += now - p->since_ns;
    else {
        int first = p->phase == GBL_PHASE_PREFILL ? GBL_PART_PREFILL_SM : GBL_PART_DECODE_SM;
        for (int i = 0; i < 4; i++) p->part_ns[first + i] += r->spent[i] - p->spent[i];
        p->part_ns[GBL_PART_TRANSFER] += r->spent[GBL_SPENT_WAIT] - p->spent[GBL_SPENT_WAIT];
    }
    p->phase = next;
    p->since_ns = now;
    for (int i = 0; i < GBL_SPENT; i++) p->spent[i] = r->spent[i];
}
