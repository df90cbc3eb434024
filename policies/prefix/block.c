/* block - automatic prefix caching: the leading run of resident full blocks of a prompt is taken, blocks being keyed by
 * the hash of the whole chain up to them. The last prompt token is always computed (the engine sees to it). */
#include "policies/policy.h"

static int32_t match(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    return h->prefix_run(h, id);
}

static const gbl_prefix_policy block_policy = {
    {sizeof(gbl_prefix_policy), GBL_PREFIX, GBL_ABI, "block", "Reuses the leading full KV blocks of a prompt that are resident.",
     "vLLM automatic prefix caching (vllm/v1/core/kv_cache_manager.py)", NULL, 0, 0, 0},
    NULL, match};
GBL_EXPORT(&block_policy.head);
