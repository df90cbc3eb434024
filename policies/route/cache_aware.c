/* cache_aware - SGLang's router: while the load is balanced, a prompt goes where most of it is cached, if that is enough of it, and
 * else where the cache is emptiest; when the load is out of balance, it goes where the fewest requests are. */
#include "policies/policy.h"

typedef struct cache_aware {
    double cache_threshold, balance_rel;
    int64_t balance_abs;
} cache_aware;
static const gbl_param params[] = {
    {"cache_threshold", GBL_P_REAL, 0, offsetof(cache_aware, cache_threshold), "0.3", 0, 1, "share", NULL, "Share of the prompt that must be cached to follow the cache."},
    {"balance_abs", GBL_P_INT, 0, offsetof(cache_aware, balance_abs), "64", 0, 1e9, "requests", NULL, "Out of balance: the busiest has more than this above the idlest ..."},
    {"balance_rel", GBL_P_REAL, 0, offsetof(cache_aware, balance_rel), "1.5", 1, 1e6, NULL, NULL, "... and more than so many times as many."},
    {0}};

static int64_t requests(const gbl_replica_view *r) { return (int64_t)r->n_waiting + r->n_running + r->n_swapped; }

static int32_t pick(void *state, const gbl_host *h, int32_t id) {
    const cache_aware *s = state;
    int32_t idlest = 0, cached_best = 0, emptiest = 0;
    int64_t few = INT64_MAX, many = 0, cached = -1, used = INT64_MAX;
    for (int32_t i = 0; i < h->n_replicas; i++) {
        const gbl_replica_view *r = h->replica(h, i);
        int64_t n = requests(r), run = h->cached_at(h, i, id);
        if (n < few) few = n, idlest = i;
        if (n > many) many = n;
        if (run > cached) cached = run, cached_best = i;
        if (r->used_blocks < used) used = r->used_blocks, emptiest = i;
    }
    if (many - few > s->balance_abs && (double)many > s->balance_rel * (double)few) return idlest;
    return (double)cached > s->cache_threshold * h->request(h, id)->input ? cached_best : emptiest;
}

static const gbl_route_policy cache_aware_policy = {
    {sizeof(gbl_route_policy), GBL_ROUTE, GBL_ABI, "cache_aware", "Follows the cache while the load is balanced, the load when it is not.",
     "SGLang router, cache-aware load balancing (sgl-router, policies/cache_aware.rs); an approximate tree there, what is resident here", params, sizeof(cache_aware), 0, 0},
    NULL, pick};
GBL_EXPORT(&cache_aware_policy.head);
