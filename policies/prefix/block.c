/* block - automatic prefix caching: the leading run of resident full blocks of a prompt is taken, blocks being keyed by
 * the hash of the whole chain up to them. The last prompt token is always computed (the engine sees to it).
 *
 * Equal prompts in flight: vLLM v1 hashes a block when the step that computes it is planned (allocate_slots), so a second
 * equal prompt shares it in that very step: within a layer keys and values are written before anybody reads them. */
#include "policies/policy.h"

typedef struct block {
    int32_t salt, share;
} block;
static const gbl_param params[] = {
    {"salt", GBL_P_CHOICE, 0, offsetof(block, salt), "\"none\"", 0, 0, NULL, "none|tenant", "tenant: requests of different tenants share nothing (vLLM's cache_salt)."},
    {"share", GBL_P_CHOICE, 0, offsetof(block, share), "\"planned\"", 0, 0, NULL, "planned|computed",
     "When a block can be found: from the plan of the step that computes it (vLLM v1), or from that step's end."},
    {0}};

static int32_t match(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    return h->prefix_run(h, id);
}
static void rules(const void *state, gbl_prefix_rules *out) {
    const block *s = state;
    *out = (gbl_prefix_rules){.by_tenant = s->salt, .when_computed = s->share};
}

static const gbl_prefix_policy block_policy = {
    {sizeof(gbl_prefix_policy), GBL_PREFIX, GBL_ABI, "block", "Reuses the leading full KV blocks of a prompt that are resident.",
     "vLLM automatic prefix caching (vllm/v1/core/kv_cache_manager.py)", params, sizeof(block), 0, 0},
    NULL, match, NULL, rules};
GBL_EXPORT(&block_policy.head);
