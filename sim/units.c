/* What a request's KV takes of its replica's pool. Without compression the pool counts blocks; with it (policy.compress) it counts
 * 1/256 bytes, by the functions that `gable model` prints (models/compress.h), so that an allocation equals them to the byte.
 * Policies see blocks either way: free ones rounded down, needed ones rounded up.
 *
 * While a prompt is under way its KV is what the plan's peak says: whole until the prompt's end, but for one layer when each layer
 * shrinks as it is done and the prompt is one chunk, or whole only in the chunk under way. Then it shrinks. */
#include <assert.h>

#include "base/map.h"
#include "base/text.h"
#include "sim/engine.h"

static int64_t blocks_of(const gbl_replica *r, int64_t tokens) { return (tokens + r->e->block_size - 1) / r->e->block_size; }

static int64_t full_q8(const gbl_replica *r, int64_t tokens) {
    return (int64_t)(gbl_kv_full_bytes(r->e->s->compress, blocks_of(r, tokens) * r->e->block_size) * 256);
}

/* A pool has whole blocks, so that no more of them are ever held than it has. */
static void whole_blocks(gbl_replica *r) {
    r->view.total_blocks = r->capacity / r->unit;
    r->capacity = r->view.total_blocks * r->unit;
}

int gbl_units_init(gbl_replica *r, int64_t blocks, gbl_err *err) {
    const gbl_kv_plan *plan = r->e->s->compress;
    r->unit = 1;
    r->capacity = blocks;
    if (!plan) return 0;
    double bytes = (plan->shape.layers ? gbl_kv_full_bytes(plan, r->e->block_size) : plan->const_bytes) * (double)blocks;
    if (bytes * 256 > 9e18) return gbl_fail(err, GBL_EINPUT, "a KV pool of %.3g bytes is more than can be counted under compression", bytes);
    r->capacity = (int64_t)(bytes * 256);
    if (!plan->shape.layers) { /* no KV: a block is the states of a sequence, which never needs another */
        r->unit = gbl_kv_paged_q8(plan, 0, 0, r->e->block_size);
        r->view.block_bytes = plan->const_bytes;
        whole_blocks(r);
        return 0;
    }
    r->unit = plan->shareable ? gbl_kv_block_q8(plan, r->e->block_size) : full_q8(r, r->e->block_size);
    if (r->unit < 1) {
        gbl_fail(err, GBL_EINPUT, "this compression leaves nothing of a block in HBM, where the engine keeps what requests need");
        gbl_where(err, "policy.compress");
        return gbl_expected(err, "settings that leave a part of each token there");
    }
    r->view.block_bytes *= (double)r->unit / (double)full_q8(r, r->e->block_size);
    whole_blocks(r);
    return 0;
}

/* What a prompt under way takes: `done` tokens of it are computed, and it is computed up to `tokens`. */
static int64_t under_way(const gbl_replica *r, int64_t prompt, int64_t done, int64_t tokens, int in_pieces) {
    const gbl_kv_plan *plan = r->e->s->compress;
    int64_t page = r->e->block_size, full = full_q8(r, tokens);
    switch (plan->peak_when) {
    case GBL_WHEN_PREFILL_LAYER_END:
        if (done > 0 || tokens < prompt || in_pieces) return full;
        int64_t peak = gbl_kv_paged_q8(plan, prompt, prompt, page) + full / plan->shape.layers;
        return peak < full ? peak : full;
    case GBL_WHEN_PREFILL_CHUNK: {
        int64_t kept = done ? gbl_kv_paged_q8(plan, done, done, page) : 0, chunk = full_q8(r, tokens - done);
        return kept + chunk < full ? kept + chunk : full;
    }
    case GBL_WHEN_PREFILL_END:
    case GBL_WHEN_STEP: return full;
    default: return gbl_kv_paged_q8(plan, tokens, tokens, page);
    }
}

int64_t gbl_units(const gbl_replica *r, int32_t id, int64_t tokens) {
    const gbl_kv_plan *plan = r->e->s->compress;
    if (!plan) return blocks_of(r, tokens);
    if (r->pieces) return gbl_pieces_units(r, id, tokens);
    const gbl_priv *p = &r->e->priv[id];
    int64_t prompt = p->kv_prompt ? p->kv_prompt : r->e->req[id].known, page = r->e->block_size;
    if (p->shrunk) return gbl_kv_paged_q8(plan, prompt, tokens > prompt ? tokens : prompt, page);
    int64_t first = under_way(r, prompt, r->e->req[id].computed, tokens < prompt ? tokens : prompt, p->in_pieces);
    int64_t then = tokens > prompt ? gbl_kv_paged_q8(plan, prompt, tokens, page) : 0;
    return first > then ? first : then;
}

int64_t gbl_units_most(const gbl_replica *r, int32_t id, int64_t tokens) {
    const gbl_kv_plan *plan = r->e->s->compress;
    if (r->pieces) return gbl_pieces_units_most(r, id, tokens);
    int64_t units = gbl_units(r, id, tokens);
    if (!plan || plan->peak_when < 0 || plan->peak_when == GBL_WHEN_PREFILL_CHUNK) return units;
    /* A prompt in several chunks, first or again after a preemption, stands whole before it shrinks. */
    int64_t again = (int64_t)r->e->req[id].input + r->e->req[id].output - 1;
    int64_t whole = plan->peak_when == GBL_WHEN_PREFILL_LAYER_END && again <= r->view.max_num_batched_tokens ? 0 : full_q8(r, again);
    return whole > units ? whole : units;
}

void gbl_units_set(gbl_replica *r, int32_t id, int64_t units, int64_t tokens) {
    gbl_priv *p = &r->e->priv[id];
    p->private_blocks = units - p->n_chain * r->unit;
    p->kv_to = tokens;
    r->e->req[id].blocks = (int32_t)((units + r->unit - 1) / r->unit);
    assert(p->private_blocks >= 0);
}

/* Gives back what is too much for the tokens that it has, or has reserved. */
void gbl_units_settle(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    int64_t to = p->kv_to > q->computed ? p->kv_to : q->computed;
    int64_t held = gbl_units_held(r, id), units = r->pieces || p->shrunk ? gbl_units(r, id, p->shrunk ? to : q->computed) : under_way(r, p->kv_prompt, q->computed, q->computed, 1);
    if (units >= held) return;
    gbl_replica_account(r, r->e->now_ns);
    gbl_kvpool_give(&r->pool, held - units);
    gbl_units_set(r, id, units, p->shrunk ? to : q->computed);
}

void gbl_units_computed(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    if (!r->e->s->compress || p->shrunk) return;
    p->shrunk = q->computed >= p->kv_prompt;
    if (p->shrunk || r->pieces || r->e->s->compress->peak_when == GBL_WHEN_PREFILL_CHUNK) gbl_units_settle(r, id);
}

void gbl_units_admit(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    if (!r->e->s->compress || p->kv_prompt) return;
    p->kv_prompt = r->e->req[id].known;
    if (r->pieces) gbl_pieces_begin(r, id);
}

void gbl_units_forget(gbl_priv *p) { p->kv_prompt = p->kv_to = p->shrunk = p->in_pieces = 0; }

double gbl_units_bytes(const gbl_replica *r, int64_t units) { return (double)units * r->view.block_bytes / (double)r->unit; }

/* ---- holds ---- */

int64_t gbl_units_hold(gbl_replica *r, int32_t id, int64_t *each, int64_t *ring) {
    const gbl_kv_plan *plan = r->e->s->compress;
    const gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    if (p->kv_to > q->computed) return p->kv_to - q->computed; /* reserved */
    for (int32_t i = 0; i < plan->n_cells; i++)
        if (plan->cell[i].holes) return 0;
    *each += gbl_kv_growth(plan, p->kv_prompt, q->computed, r->e->block_size, ring);
    return INT64_MAX;
}

/* ---- sharing that is lost ---- */

/* Tokens of a prompt's leading blocks that an earlier prompt had, in a cache without end: what a composition whose choice of
 * tokens depends on the request gives up. */
void gbl_units_lost(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    const gbl_kv_plan *plan = e->s->compress;
    if (!plan || plan->shareable || !e->priv[id].n_ids) return;
    if (!e->would_share && !(e->would_share = gbl_map_new(1024))) {
        gbl_engine_fail(e, gbl_nomem(e->err, 1024));
        return;
    }
    int32_t known = gbl_reuse_known_blocks(r, id), most = (e->req[id].input - 1) / e->block_size, run = 0, leading = 1;
    for (int32_t k = 0; k < known && k < e->req[id].input / e->block_size; k++) {
        uint64_t key = gbl_reuse_key(r, id, k);
        leading = leading && gbl_map_get(e->would_share, key) >= 0;
        run += leading && k < most;
        if (!leading && gbl_map_put(e->would_share, key, 1)) gbl_engine_fail(e, gbl_nomem(e->err, 64));
    }
    e->lost_tokens += (int64_t)run * e->block_size;
}
