/* round_robin - replicas in turn, whatever their load. */
#include "policies/policy.h"

typedef struct turn {
    int32_t next;
} turn;
static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    (void)id;
    turn *s = state;
    int32_t r = s->next % h->n_replicas; /* their number may change */
    s->next = (r + 1) % h->n_replicas;
    return r;
}

static const gbl_route_policy round_robin_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "round_robin", "Replicas in turn.", "textbook", NULL, sizeof(turn), 0, 0}, NULL, pick};
GBL_EXPORT(&round_robin_policy.head);
