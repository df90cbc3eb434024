/* power_of_two - two replicas drawn at random; the one with fewer requests. Nearly as even as looking at all of them. */
#include "policies/policy.h"

enum { STREAM = 41 };
static int32_t requests(const gbl_host *h, int32_t i) {
    const gbl_replica_view *r = h->replica(h, i);
    return r->n_waiting + r->n_running + r->n_swapped;
}

static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    const gbl_req *r = h->request(h, id);
    uint64_t k = 2 * (uint64_t)(r->generated > 0);
    int32_t n = h->n_replicas, a = (int32_t)(h->draw(h, STREAM, (uint64_t)r->serial, k) * n);
    if (n == 1) return 0;
    int32_t b = (int32_t)(h->draw(h, STREAM, (uint64_t)r->serial, k + 1) * (n - 1));
    b += b >= a; /* another one */
    return requests(h, b) < requests(h, a) ? b : a;
}

static const gbl_route_policy power_of_two_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "power_of_two", "The less busy of two replicas drawn at random.",
     "Mitzenmacher, IEEE TPDS 12(10), 2001", NULL, 0, 0, 0}, NULL, pick};
GBL_EXPORT(&power_of_two_policy.head);
