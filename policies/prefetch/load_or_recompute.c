/* cost - load or recompute, whichever is sooner done. Of the blocks found below HBM the leading n are loaded, where n makes
 * time to load n + time to compute the rest of the prompt behind them least; both alone on the machine. The rest of a prompt
 * costs more the longer its context, loading is nearly linear, so the best n is found among a few evenly spaced ones. */
#include "policies/policy.h"

typedef struct cost {
    double load_weight;
} cost;
static const gbl_param params[] = {
    {"load_weight", GBL_P_REAL, 0, offsetof(cost, load_weight), "1", 0, 1e6, NULL, NULL, "A second of loading counts as this many seconds of computing; above 1 spares the links."},
    {0}};
enum { TRIES = 16 };

static double total_ns(const cost *s, const gbl_host *h, int32_t id, int32_t blocks) {
    const gbl_req *q = &h->view->req[id];
    int64_t done = (int64_t)(h->prefix_run(h, id) + blocks) * h->view->block_size, left = q->known - done, most = h->view->max_num_batched_tokens;
    double ns = blocks ? s->load_weight * (double)h->load_ns(h, id, blocks) : 0;
    for (; left > 0; left -= most, done += most) ns += (double)h->step_ns(h, 0, 0, left < most ? left : most, done);
    return ns;
}

static int32_t best(void *state, const gbl_host *h, int32_t id, int32_t found) {
    int32_t at = 0, step = (found + TRIES - 1) / TRIES;
    double least = total_ns(state, h, id, 0);
    for (int32_t n = found; n > 0; n -= step) {
        double ns = total_ns(state, h, id, n);
        if (ns < least || (ns == least && n > at)) least = ns, at = n;
    }
    return at;
}

static const gbl_prefetch_policy cost_policy = {
    {sizeof(gbl_prefetch_policy), GBL_PREFETCH, GBL_ABI, "cost", "Loads as many of the blocks found as make loading them and computing the rest soonest done.",
     "CacheGen's load-or-recompute choice (arXiv 2310.07240); Cake (arXiv 2410.03065)", params, sizeof(cost), 0, 0},
    NULL, best, NULL};
GBL_EXPORT(&cost_policy.head);
