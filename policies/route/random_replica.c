/* random - any replica, equally likely. */
#include "policies/policy.h"

enum { STREAM = 40 };
static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    const gbl_req *r = h->request(h, id);
    return (int32_t)(h->draw(h, STREAM, (uint64_t)r->serial, r->generated > 0) * h->n_replicas);
}

static const gbl_route_policy random_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "random", "Any replica, equally likely.", "textbook", NULL, 0, 0, 0}, NULL, pick};
GBL_EXPORT(&random_policy.head);
