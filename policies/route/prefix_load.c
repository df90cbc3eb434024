/* prefix_load - the replica that would be done with this prompt first: prompt tokens that it has yet to compute, plus what of
 * this prompt is not in its cache. A cached token saves exactly what a queued token costs; `affinity` weighs the saving. */
#include "policies/policy.h"

typedef struct prefix_load {
    double affinity;
} prefix_load;
static const gbl_param params[] = {
    {"affinity", GBL_P_REAL, 0, offsetof(prefix_load, affinity), "1", 0, 1000, NULL, NULL, "Queued tokens that a cached token is worth; 0 looks at load alone."},
    {0}};

static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    const prefix_load *s = state;
    int32_t best = 0;
    double least = 0;
    for (int32_t i = 0; i < h->n_replicas; i++) {
        const gbl_replica_view *r = h->replica(h, i);
        double cost = (double)r->outstanding_tokens - s->affinity * (double)h->cached_at(h, i, id);
        if (i && cost >= least) continue;
        best = i;
        least = cost;
    }
    return best;
}

static const gbl_route_policy prefix_load_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "prefix_load", "The least prompt tokens to compute, cached ones taken off.",
     "cost of a worker in NVIDIA Dynamo's KV router; Mooncake's cache-aware scheduling (arXiv 2407.00079, algorithm 1) with tokens for times", params, sizeof(prefix_load), 0, 0},
    NULL, pick};
GBL_EXPORT(&prefix_load_policy.head);
