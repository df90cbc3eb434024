/* radix - a radix tree of tokens: besides the leading full blocks, the start of the next one is taken where a resident block
 * begins with the same tokens. Those are copied into a block of the request's own, which then goes on by itself (copy on
 * write); a full block is shared. A finished request leaves its last block too, though it is not full.
 *
 * SGLang keeps the tree by single tokens. Here it is as fine as the trace tells: inside a block the ids' boundaries and the
 * prompts' ends, so ids that are finer than a block, and equal prompts, match to the token; what two prompts have in common
 * inside one id is not known to anybody. A request's last, unfinished block can be copied from when it has finished.
 *
 * Equal prompts in flight: SGLang inserts a prompt into its tree when the step that computed it is over
 * (cache_unfinished_req), so a second one in the same step computes it again and then keeps only one of the two. */
#include "policies/policy.h"

typedef struct radix {
    int32_t salt, share;
} radix;
static const gbl_param params[] = {
    {"salt", GBL_P_CHOICE, 0, offsetof(radix, salt), "\"none\"", 0, 0, NULL, "none|tenant", "tenant: requests of different tenants share nothing (SGLang's extra_key)."},
    {"share", GBL_P_CHOICE, 0, offsetof(radix, share), "\"computed\"", 0, 0, NULL, "planned|computed",
     "When a block can be found: from the end of the step that computes it (SGLang), or from that step's plan."},
    {0}};

static int32_t match(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    return h->prefix_run(h, id);
}
static void reuse(void *state, const gbl_host *h, int32_t id, int32_t blocks, gbl_reuse *out) {
    (void)state;
    out->copied = h->prefix_tail(h, id, blocks);
}
static void rules(const void *state, gbl_prefix_rules *out) {
    const radix *s = state;
    *out = (gbl_prefix_rules){.by_tenant = s->salt, .when_computed = s->share};
}

static const gbl_prefix_policy radix_policy = {
    {sizeof(gbl_prefix_policy), GBL_PREFIX, GBL_ABI, "radix", "Reuses a prompt's longest resident prefix to the token: full blocks are shared, the start of the next is copied on write.",
     "SGLang's RadixAttention (arXiv 2312.07104; python/sglang/srt/mem_cache/radix_cache.py)", params, sizeof(radix), 0, GBL_PREFIX_TAILS},
    NULL, match, reuse, rules};
GBL_EXPORT(&radix_policy.head);
