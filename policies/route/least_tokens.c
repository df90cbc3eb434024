/* least_tokens - the replica with the fewest prompt tokens left to compute, those of its queue included; ties go to the one with
 * fewer requests, then to the lowest number. Prompts differ in length by orders of magnitude, so requests are a poor measure. */
#include "policies/policy.h"

static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)state, (void)id;
    int32_t best = 0;
    int64_t least = 0, fewest = 0;
    for (int32_t i = 0; i < h->n_replicas; i++) {
        const gbl_replica_view *r = h->replica(h, i);
        int64_t tokens = r->outstanding_tokens, n = (int64_t)r->n_waiting + r->n_running + r->n_swapped;
        if (i && (tokens > least || (tokens == least && n >= fewest))) continue;
        best = i;
        least = tokens;
        fewest = n;
    }
    return best;
}

static const gbl_route_policy least_tokens_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "least_tokens", "The replica with the fewest prompt tokens left to compute.",
     "join the shortest queue, measured in tokens; textbook", NULL, 0, 0, 0}, NULL, pick};
GBL_EXPORT(&least_tokens_policy.head);
