/* What lies below HBM, as admissions see it: how much of a prompt continues there, what the prefetch policy wants of it, and
 * requests whose KV comes up. Blocks for what comes are private until it is here. */
#include <assert.h>

#include "sim/tier_flow.h"

/* Node of the k-th block of a prompt, which lies somewhere. */
static int32_t node_at(const gbl_replica *r, int32_t id, int32_t k) {
    int32_t from = k - k % GBL_KV_LANDMARK, node = gbl_map_get(r->pool.index, gbl_reuse_key(r, id, from));
    while (from < k) node = gbl_kvpool_child_anywhere(&r->pool, node, gbl_reuse_key(r, id, ++from));
    return node;
}

/* Of `n` blocks from `from` on, all below HBM: how many lie in which tier. */
static void count_below(const gbl_replica *r, int32_t id, int32_t from, int32_t n, int32_t out[GBL_TIERS]) {
    for (int i = 0; i < GBL_TIERS; i++) out[i] = 0;
    for (int32_t k = from, node = -1; k < from + n; k++) {
        node = k == from ? node_at(r, id, k) : gbl_kvpool_child_anywhere(&r->pool, node, gbl_reuse_key(r, id, k));
        assert(node >= 0 && !gbl_kvpool_is_at(&r->pool, node, 0));
        out[gbl_tiers_level(&r->pool, node) - 1]++;
    }
}

/* Blocks below HBM that continue the resident run, which is *hbm blocks long. */
static int32_t found_below(const gbl_replica *r, int32_t id, int32_t *hbm) {
    *hbm = gbl_reuse_prompt_run(r, id, GBL_IN_HBM);
    return gbl_reuse_prompt_run(r, id, GBL_ANYWHERE) - *hbm;
}

static int32_t ask(gbl_replica *r, int32_t id, int32_t blocks, int at_queue) {
    const gbl_prefetch_policy *p = (const void *)r->e->s->choice[GBL_PREFETCH].policy;
    int32_t (*asked)(void *, const gbl_host *, int32_t, int32_t) = at_queue ? p->queued : p->admitted, hbm;
    if (!r->pool.below || !r->e->priv[id].n_ids || !asked) return 0;
    int32_t found = found_below(r, id, &hbm);
    if (found <= 0 || blocks < hbm) return 0; /* the prefix policy took less than there is */
    int32_t n = asked(r->instance[GBL_PREFETCH], &r->host, id, found);
    if (n >= 0 && n <= found) return n;
    gbl_policy_fault(r, GBL_PREFETCH, "it loads blocks that were not found");
    return 0;
}

/* Of the bytes of n blocks that are about to be loaded, those that move. */
static double encoded(gbl_replica *r, int32_t id, int32_t n) {
    const gbl_prefetch_policy *p = (const void *)r->e->s->choice[GBL_PREFETCH].policy;
    double share = p->encoded ? p->encoded(r->instance[GBL_PREFETCH], &r->host, id, n) : 1;
    if (share > 0 && share <= 1) return share;
    gbl_policy_fault(r, GBL_PREFETCH, "it loads no bytes, or more than there are");
    return 1;
}

void gbl_tier_match(gbl_replica *r, int32_t id, gbl_match *m) {
    const gbl_priv *p = &r->e->priv[id];
    if (p->load) *m = (gbl_match){.blocks = p->n_chain, .load = gbl_tier_load_blocks(r, id), .coming = 1};
    else if ((m->load = ask(r, id, m->blocks, 0)) > 0) {
        m->reuse = (gbl_reuse){0}; /* the block that would be copied into is loaded whole */
        m->idle = 0;
        m->share = encoded(r, id, m->load);
    }
}

void gbl_tier_count(const gbl_replica *r, int32_t id, const gbl_match *m, int32_t below[GBL_TIERS]) {
    count_below(r, id, m->blocks, m->coming ? 0 : m->load, below);
}

static void start_load(gbl_replica *r, int32_t id, const int32_t below[GBL_TIERS], double share, int layerwise) {
    gbl_priv *p = &r->e->priv[id];
    int64_t n = 0;
    for (int i = 0; i < GBL_TIERS; i++) {
        n += below[i];
        if (!p->admitted) p->from_tier[i] += below[i];
    }
    r->live_tokens += n * r->e->block_size;
    gbl_tier_load(r, id, below, share, layerwise);
}

void gbl_tier_admit(gbl_replica *r, int32_t id, const gbl_match *m, const int32_t below[GBL_TIERS]) {
    r->e->req[id].state = GBL_REQ_LOADING;
    r->view.n_loading++;
    if (!m->coming) start_load(r, id, below, m->share, gbl_tier_layerwise(r, below));
}

/* What was loaded for it and went again before it was admitted is no hit. */
void gbl_tier_credit(gbl_replica *r, int32_t id, int64_t cached) {
    for (int32_t i = 0; r->pool.below && i < r->pool.below->n; i++) {
        int64_t from = (int64_t)r->e->priv[id].from_tier[i] * r->e->block_size;
        if (from > cached) from = cached;
        r->pool.below->tier[i].hit_tokens += from;
        cached -= from;
    }
    gbl_shared_credit(r, id, cached);
}

void gbl_tier_prefetch(gbl_replica *r) {
    const gbl_deque *d = &r->waiting;
    for (size_t i = r->visible; r->pool.below && i > 0 && !r->e->failed; i--) { /* who came since the last plan stands last */
        int32_t id = d->a[d->head + i - 1], below[GBL_TIERS];
        gbl_priv *p = &r->e->priv[id];
        if (p->prefetched) return;
        p->prefetched = 1;
        gbl_match m;
        gbl_reuse_match(r, id, &m);
        m = (gbl_match){.blocks = m.blocks};
        int32_t n = ask(r, id, m.blocks, 1);
        if (!n || r->e->failed || (n + m.blocks - gbl_reuse_run(r, id, m.blocks, GBL_IN_USE)) * r->unit > gbl_kvpool_free(&r->pool)) continue;
        count_below(r, id, m.blocks, n, below);
        double share = encoded(r, id, n);
        if (gbl_replica_occupy(r, id, &m, (int64_t)(m.blocks + n) * r->e->block_size)) return;
        r->e->req[id].blocks = 0; /* it holds them, but not by admission */
        start_load(r, id, below, share, 0);
        gbl_replica_refresh(r);
    }
}

/* What came up for a request that still waits is cached from now on, and may go again. */
static void cache_loaded(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    gbl_replica_index_to(r, id, p->n_chain + (int32_t)(p->private_blocks / r->unit));
    int32_t freed = gbl_kvpool_unref(&r->pool, p->chain, p->n_chain, r->e->now_ns);
    r->live_tokens -= (int64_t)freed * r->e->block_size;
    p->n_chain = 0;
}

void gbl_replica_loaded(gbl_replica *r, int32_t id) {
    gbl_req *q = &r->e->req[id];
    gbl_replica_account(r, r->e->now_ns);
    r->disturbed = 1; /* the plan under way did not know */
    if (q->state == GBL_REQ_WAITING) {
        cache_loaded(r, id);
        return;
    }
    r->view.n_loading--;
    q->state = GBL_REQ_RUNNING;
    if (!gbl_replica_run(r, id)) gbl_replica_index_prompt(r, id);
}

/* ---- the host table ---- */

static int32_t host_below(const gbl_host *h, int32_t id, int32_t tier) {
    const gbl_replica *r = h->engine;
    int32_t count[GBL_TIERS], hbm;
    if (!r->pool.below || tier < 0 || tier >= r->pool.below->n) return 0;
    int32_t found = found_below(r, id, &hbm);
    count_below(r, id, hbm, found, count);
    return count[tier];
}

static int64_t host_load_ns(const gbl_host *h, int32_t id, int32_t blocks) {
    const gbl_replica *r = h->engine;
    int32_t count[GBL_TIERS], hbm;
    if (!r->pool.below) return 0;
    int32_t found = found_below(r, id, &hbm);
    count_below(r, id, hbm, blocks < found ? blocks : found, count);
    return gbl_tier_load_ns(r, count);
}

void gbl_tier_bind(gbl_replica *r) {
    r->host.n_tiers = r->e->s->n_tiers;
    r->host.below = host_below;
    r->host.load_ns = host_load_ns;
}
