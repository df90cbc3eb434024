/* watermark - while too much KV memory is in use, or too many requests wait, nobody is let in: who comes is turned away, or waits
 * at the door in order of coming. */
#include "policies/policy.h"

typedef struct watermark {
    double kv, queue;
    int32_t then;
} watermark;
enum { THEN_REJECT, THEN_WAIT };
static const gbl_param params[] = {
    {"kv", GBL_P_REAL, 0, offsetof(watermark, kv), "0.95", 1e-6, 1, "share", NULL, "Closed while this share of the replicas' KV blocks, or more, is in use."},
    {"queue", GBL_P_REAL, GBL_P_NULLABLE, offsetof(watermark, queue), "null", 1e-6, 1e9, "requests", NULL, "Closed while as many requests, or more, wait for each replica; null: no bound."},
    {"then", GBL_P_CHOICE, 0, offsetof(watermark, then), "\"reject\"", 0, 0, NULL, "reject|wait", "What becomes of a request that finds it closed."},
    {0}};

static int ask(void *state, const gbl_host *h, int32_t id, int64_t *again_ns) {
    const watermark *s = state;
    double used = 0, total = 0, waiting = 0;
    (void)id, (void)again_ns; /* it opens when somebody leaves */
    for (int32_t i = 0; i < h->n_replicas; i++) {
        const gbl_replica_view *r = h->replica(h, i);
        used += (double)r->used_blocks;
        total += (double)r->total_blocks;
        waiting += r->n_waiting;
    }
    int closed = used >= s->kv * total || (s->queue == s->queue && waiting >= s->queue * h->n_replicas);
    return !closed ? GBL_ADMIT_NOW : s->then == THEN_WAIT ? GBL_ADMIT_CLOSED : GBL_ADMIT_NEVER;
}

static const gbl_admit_policy watermark_policy = {
    {sizeof(gbl_admit_policy), GBL_ADMIT, GBL_ABI, "watermark", "Closed while too much KV is in use or too many wait.",
     "load shedding by occupancy, as in Mooncake's early rejection (arXiv 2407.00079, section 7) without its prediction", params, sizeof(watermark), 0, 0},
    NULL, ask};
GBL_EXPORT(&watermark_policy.head);
