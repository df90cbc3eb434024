/* session_sticky - all turns of a session go to one replica, the one that draws highest for it (rendezvous hashing), so that a
 * change of the number of replicas moves few sessions. Requests without a session are sessions of their own. */
#include "policies/policy.h"

enum { STREAM = 42, STREAM_ALONE = 43 };
static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    const gbl_req *r = h->request(h, id);
    uint32_t stream = r->session >= 0 ? STREAM : STREAM_ALONE;
    uint64_t who = (uint64_t)(r->session >= 0 ? r->session : r->serial);
    int32_t best = 0;
    double high = -1;
    for (int32_t i = 0; i < h->n_replicas; i++) {
        double u = h->draw(h, stream, who, (uint64_t)i);
        if (u <= high) continue;
        best = i;
        high = u;
    }
    return best;
}

static const gbl_route_policy session_sticky_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "session_sticky", "All turns of a session on one replica.",
     "rendezvous hashing (Thaler, Ravishankar, IEEE/ACM ToN 6(1), 1998); the session-id router that MemServe is compared with", NULL, 0, 0, 0}, NULL, pick};
GBL_EXPORT(&session_sticky_policy.head);
