/* least_kv - the replica with the smallest share of its KV blocks in use or asked for by waiting prompts; ties go to the
 * lowest number. */
#include "policies/policy.h"

static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)state, (void)id;
    int32_t best = 0;
    double least = 0;
    for (int32_t i = 0; i < h->n_replicas; i++) {
        const gbl_replica_view *r = h->replica(h, i);
        double share = ((double)r->used_blocks + (double)r->queued_tokens / r->block_size) / (double)r->total_blocks;
        if (i && share >= least) continue;
        best = i;
        least = share;
    }
    return best;
}

static const gbl_route_policy least_kv_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "least_kv", "The replica whose KV memory is least in demand.",
     "Llumnix-style load measure (arXiv 2406.03243), without migration", NULL, 0, 0, 0}, NULL, pick};
GBL_EXPORT(&least_kv_policy.head);
