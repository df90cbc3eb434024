/* Requests put out by swapping, where there are tiers: the same path as cached blocks (FastSwitch, arXiv 2411.18424). What a
 * request shares with the cache is let go like any cached block and found again wherever it lies then; only what is its own is
 * written, into room set aside in the first tier. Copies stay there while it runs again, so that the next time only what is new
 * is written; they go when room is wanted. Where part of its prefix has fallen out of the last tier it starts over. */
#include <assert.h>

#include "sim/tier_flow.h"

static gbl_tier *first_tier(const gbl_replica *r) { return &r->pool.below->tier[0]; }

void gbl_tier_unswap(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    if (!p->below_to) return;
    first_tier(r)->set_aside -= p->below_to - p->below_from;
    assert(first_tier(r)->set_aside >= 0);
    p->below_from = p->below_to = 0;
}

static int32_t overlap(const gbl_priv *p, int32_t from, int32_t to) {
    int32_t low = p->below_from > from ? p->below_from : from, high = p->below_to < to ? p->below_to : to;
    return high > low ? high - low : 0;
}

/* Copies of running requests are a convenience. */
static int has_room(gbl_replica *r, int32_t id, int64_t more) {
    gbl_tier *t = first_tier(r);
    for (int32_t i = 0; i < r->view.n_running && t->set_aside + more >= t->capacity; i++)
        if (r->running[i] != id) gbl_tier_unswap(r, r->running[i]);
    return t->set_aside + more < t->capacity;
}

int gbl_tier_swap_out(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    int32_t from = p->n_chain, bs = r->e->block_size, to = (r->e->req[id].computed + bs - 1) / bs, known = overlap(p, from, to);
    if (!has_room(r, id, to - from)) return 0;
    gbl_tier_unswap(r, id);
    const char *broken = gbl_tiers_set_aside(r->pool.below, to - from);
    if (broken) gbl_policy_fault(r, GBL_EVICT, broken);
    r->view.swapped_blocks += p->swapped_blocks = to - from;
    gbl_replica_release(r, id);
    p->below_from = from;
    p->below_to = to;
    first_tier(r)->due[GBL_DUE_NOW] += to - from - known;
    r->e->m.swapped_bytes += (double)(to - from - known) * r->view.block_bytes;
    gbl_tier_write_now(r);
    return 1;
}

/* 1: it is on its way (or here), 0: it cannot come now, -1: what it shared is lost. */
int gbl_tier_swap_in(gbl_replica *r, int32_t id) {
    gbl_req *q = &r->e->req[id];
    gbl_priv *p = &r->e->priv[id];
    int32_t bs = r->e->block_size, chain = p->below_from, own = p->below_to - chain, below[GBL_TIERS], n = own;
    if (gbl_reuse_run(r, id, chain, GBL_ANYWHERE) < chain) return -1;
    gbl_match m = {.blocks = gbl_reuse_run(r, id, chain, GBL_IN_HBM)};
    /* Room for its next token too, or it would be put out again at once. */
    if ((q->computed / bs + 1 - gbl_reuse_run(r, id, m.blocks, GBL_IN_USE)) * r->unit > gbl_kvpool_free(&r->pool)) return 0;
    m.load = chain - m.blocks;
    gbl_tier_count(r, id, &m, below);
    n += m.load;
    if (gbl_replica_occupy(r, id, &m, q->computed)) return 0;
    below[0] += own;
    q->state = GBL_REQ_LOADING;
    r->view.n_loading++;
    r->live_tokens += q->computed - (int64_t)m.blocks * bs;
    r->e->m.swapped_bytes += (double)n * r->view.block_bytes;
    if (q->computed % bs) { /* the last block will change */
        first_tier(r)->set_aside--;
        if (--p->below_to == p->below_from) p->below_from = p->below_to = 0;
    }
    if (n) gbl_tier_load(r, id, below, 1, 0);
    else gbl_replica_loaded(r, id);
    return 1;
}
