/* least_requests - the replica with the fewest requests, waiting or running; ties go to the lowest number. */
#include "policies/policy.h"

static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)state, (void)id;
    int32_t best = 0, least = 0;
    for (int32_t i = 0; i < h->n_replicas; i++) {
        const gbl_replica_view *r = h->replica(h, i);
        int32_t n = r->n_waiting + r->n_running + r->n_swapped;
        if (i && n >= least) continue;
        best = i;
        least = n;
    }
    return best;
}

static const gbl_route_policy least_requests_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "least_requests", "The replica with the fewest requests.", "join the shortest queue; textbook", NULL, 0, 0, 0},
    NULL, pick};
GBL_EXPORT(&least_requests_policy.head);
