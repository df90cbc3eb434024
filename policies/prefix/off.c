/* off - no prefix cache: nothing is indexed, every prompt is computed whole. */
#include "policies/policy.h"

static int32_t match(void *state, const gbl_host *h, int32_t id) {
    (void)state, (void)h, (void)id;
    return 0;
}

static const gbl_prefix_policy off_policy = {
    {sizeof(gbl_prefix_policy), GBL_PREFIX, GBL_ABI, "off", "No prefix reuse.", "baseline", NULL, 0, 0, GBL_PREFIX_NO_INDEX},
    NULL, match, NULL, NULL};
GBL_EXPORT(&off_policy.head);
