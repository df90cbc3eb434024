/* prompt_tree - the replica whose prefix cache has the longest run of the prompt, however busy it is; where nobody has more,
 * the one with the fewest prompt tokens left. */
#include "policies/policy.h"

static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    int32_t best = 0;
    int64_t most = -1, least = 0;
    for (int32_t i = 0; i < h->n_replicas; i++) {
        int64_t cached = h->cached_at(h, i, id), tokens = h->replica(h, i)->outstanding_tokens;
        if (cached < most || (cached == most && tokens >= least)) continue;
        best = i;
        most = cached;
        least = tokens;
    }
    return best;
}

static const gbl_route_policy prompt_tree_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "prompt_tree", "The replica with the longest cached prefix of the prompt.",
     "MemServe's global prompt trees (arXiv 2406.17565)", NULL, 0, 0, 0}, NULL, pick};
GBL_EXPORT(&prompt_tree_policy.head);
