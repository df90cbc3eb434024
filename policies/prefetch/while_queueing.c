/* queue - loading starts as a request joins the queue, so that it hides behind the wait; what came below meanwhile, or went
 * there again, is loaded at admission. */
#include "policies/policy.h"

static int32_t all(void *state, const gbl_host *h, int32_t id, int32_t found) {
    (void)state, (void)h, (void)id;
    return found;
}

static const gbl_prefetch_policy queue_policy = {
    {sizeof(gbl_prefetch_policy), GBL_PREFETCH, GBL_ABI, "queue", "Loads what lies below HBM while its request still queues.",
     "AttentionStore's scheduler-aware fetching (arXiv 2403.19708); Mooncake (arXiv 2407.00079)", NULL, 0, 0, 0},
    NULL, all, all};
GBL_EXPORT(&queue_policy.head);
