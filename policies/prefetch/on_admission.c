/* off - no prefetch: what lies below HBM is loaded when its request is admitted, all of it. */
#include "policies/policy.h"

static int32_t all(void *state, const gbl_host *h, int32_t id, int32_t found) {
    (void)state, (void)h, (void)id;
    return found;
}

static const gbl_prefetch_policy off_policy = {
    {sizeof(gbl_prefetch_policy), GBL_PREFETCH, GBL_ABI, "off", "No prefetch: all that lies below HBM is loaded as its request is admitted.",
     "vLLM KV connectors, LMCache (arXiv 2510.09665)", NULL, 0, 0, 0},
    NULL, all, NULL};
GBL_EXPORT(&off_policy.head);
