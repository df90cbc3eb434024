/* The host table that per-replica policies are lent, and the actions behind it: each one is checked against the
 * engine's accounts before it is carried out. */
#include <assert.h>

#include "base/random.h"
#include "base/text.h"
#include "sim/tier_flow.h"

/* Calls that hardly any decode or block comes to stand apart: with them the common path would save and restore every register. */
#define RARE __attribute__((cold, noinline))

static gbl_replica *replica_of(const gbl_host *h) { return h->engine; }
/* As policies see them. */
static int64_t in_blocks(const gbl_replica *r, int64_t units) { return (units + r->unit - 1) / r->unit; }

void gbl_replica_refresh(gbl_replica *r) {
    gbl_view *v = &r->view;
    v->now_ns = r->e->now_ns;
    v->req = r->e->req;
    v->running = r->running;
    v->waiting = r->waiting.a ? r->waiting.a + r->waiting.head : NULL;
    v->n_waiting = (int32_t)r->visible;
    v->swapped = r->swapped;
    v->free_blocks = gbl_kvpool_free(&r->pool) / r->unit;
}

void gbl_replica_account(gbl_replica *r, int64_t now_ns) {
    int64_t dt = now_ns - r->account_ns;
    r->account_ns = now_ns;
    r->load.token_ns += (__int128)r->live_tokens * dt;
    r->load.used_block_ns += (__int128)gbl_kvpool_used(&r->pool) * dt;
}

/* ---- the prefix index ---- */

static gbl_kvuse use_of(const gbl_replica *r, int32_t id) {
    const gbl_req *q = &r->e->req[id];
    return (gbl_kvuse){r->e->now_ns, q->session, q->serial, q->tenant, q->last, q->arrival_ns};
}

static RARE int longer_chain(gbl_replica *r, gbl_priv *p) {
    if (!gbl_grow(&p->chain, &p->chain_room, (size_t)p->n_chain + 1, sizeof *p->chain)) return 0;
    return gbl_engine_fail(r->e, gbl_nomem(r->e->err, sizeof *p->chain));
}
static inline int append_chain(gbl_replica *r, gbl_priv *p, int32_t node) {
    if ((size_t)p->n_chain == p->chain_room && longer_chain(r, p)) return -1;
    p->chain[p->n_chain++] = node;
    return 0;
}

/* Turns the next private block of a request into a cached one; where an equal block is resident already, shares that and
 * gives the private one back. */
static inline int index_block(gbl_replica *r, int32_t id, int32_t parent, uint64_t key, const gbl_kvuse *use) {
    gbl_priv *p = &r->e->priv[id];
    int32_t node = gbl_kvpool_child_anywhere(&r->pool, parent, key);
    r->pool.now_ns = r->e->now_ns;
    if (node >= 0 && gbl_kvpool_is_at(&r->pool, node, 0)) {
        if (!gbl_kvpool_ref(&r->pool, node, use)) r->live_tokens -= r->e->block_size;
        gbl_kvpool_give(&r->pool, r->unit);
    } else {
        node = gbl_kvpool_index(&r->pool, key, parent, node, use);
        if (node < 0) return gbl_engine_fail(r->e, gbl_nomem(r->e->err, 64));
        if (r->pool.below && r->pool.below->broken) gbl_policy_fault(r, GBL_EVICT, r->pool.below->broken);
    }
    p->private_blocks -= r->unit;
    return append_chain(r, p, node);
}

enum { AHEAD = 8 }; /* blocks between fetching what is known of a block and indexing it */

static int32_t last_of(const gbl_priv *p) { return p->n_chain ? p->chain[p->n_chain - 1] : -1; }

/* Chunks of the prompt that are not resident whole become so. Where part of one is, the request takes that over. */
static void keep_chunks(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    int32_t bs = r->e->block_size, blocks = (int32_t)((p->told < q->input ? p->told : q->input) / bs);
    if (p->kept_chunks || q->computed < q->input) return;
    gbl_kvuse use = use_of(r, id);
    p->kept_chunks = 1;
    for (int32_t i = 0, at = 0; at < blocks && !r->e->failed; i++) {
        int32_t end = (i + 1) * (p->id_tokens / bs);
        if (end > blocks) end = blocks;
        int whole = r->host.chunk(&r->host, id, i) >= (end - at) * bs;
        for (int32_t first = at; at < end; at++)
            if (!whole && index_block(r, id, at > first ? last_of(p) : -1, gbl_reuse_key(r, id, at), &use)) return;
    }
}

/* Indexes every prompt block that is full by now: as it is scheduled, or as it was computed, by the prefix policy's rules. */
void gbl_replica_index_prompt(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    if (!r->pool.index || !p->n_ids) return;
    if (gbl_reuse_keeps(r, GBL_PREFIX_CHUNKS)) {
        keep_chunks(r, id);
        return;
    }
    gbl_replica_index_to(r, id, r->e->req[id].computed / r->e->block_size);
}

void gbl_replica_index_to(gbl_replica *r, int32_t id, int32_t full) {
    gbl_priv *p = &r->e->priv[id];
    int32_t bs = r->e->block_size, known = gbl_reuse_known_blocks(r, id);
    gbl_kvuse use = use_of(r, id);
    if (full > known) full = known;
    while (p->n_chain < full && !r->e->failed) {
        int32_t k = p->n_chain;
        if (r->pool.gone && k + AHEAD < full) gbl_kvpool_expect(&r->pool, gbl_reuse_key(r, id, k + AHEAD));
        if (index_block(r, id, last_of(p), gbl_reuse_key(r, id, k), &use)) return;
        if (r->pool.inside && gbl_reuse_describe(r, id, last_of(p), k, bs)) return;
    }
}

/* A finished request's output stays resident too until its space is needed, as in an engine that hashes every full block:
 * under the keys that a later turn will ask for where the trace tells them, else under keys that nobody else has. Where
 * blocks are looked into, the last one stays though it is not full. */
static void index_output(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    int32_t bs = r->e->block_size, full = q->computed / bs, part = q->computed % bs;
    if (!r->pool.index || !p->n_ids || gbl_reuse_keeps(r, GBL_PREFIX_CHUNKS) || q->state != GBL_REQ_RUNNING || p->n_chain < q->input / bs) return;
    if (part && gbl_reuse_keeps(r, GBL_PREFIX_TAILS)) full++;
    gbl_kvuse use = use_of(r, id);
    if (r->order && p->n_chain < full) gbl_reuse_record_output(r, id, p->n_chain, full);
    while (p->n_chain < full && !r->e->failed) {
        int32_t k = p->n_chain, tokens = q->computed - k * bs;
        if (index_block(r, id, last_of(p), gbl_reuse_output_key(r, id, k), &use) || gbl_reuse_describe(r, id, last_of(p), k, tokens)) return;
    }
}

/* ---- blocks ---- */

static int take_blocks(gbl_replica *r, int64_t n) {
    r->pool.now_ns = r->e->now_ns;
    const char *broken = gbl_kvpool_take(&r->pool, n);
    if (broken) gbl_policy_fault(r, GBL_EVICT, broken);
    else if (r->pool.below) gbl_tier_write_now(r);
    return r->e->failed;
}

static int64_t reserve(gbl_replica *r, int32_t id, int64_t tokens) {
    const gbl_kvmem_policy *p = (const void *)r->e->s->choice[GBL_KVMEM].policy;
    int64_t n = p->reserve(r->instance[GBL_KVMEM], &r->host, id, tokens);
    if (n < tokens) gbl_policy_fault(r, GBL_KVMEM, "it reserves fewer tokens than asked for");
    return n;
}

/* What an admission with this match takes from the free blocks: new ones, and matched ones that nobody uses. */
static int64_t admission_need(gbl_replica *r, int32_t id, const gbl_match *m, int64_t tokens) {
    int32_t in_use = m->coming ? m->blocks + m->load : m->blocks ? gbl_reuse_run(r, id, m->blocks, GBL_IN_USE) : 0;
    return gbl_units(r, id, tokens) - (in_use - m->idle) * r->unit;
}

static int64_t host_blocks_needed(const gbl_host *h, int32_t id, int64_t tokens) {
    gbl_replica *r = replica_of(h);
    if (r->e->req[id].state == GBL_REQ_WAITING) {
        gbl_match m;
        gbl_reuse_match(r, id, &m);
        return in_blocks(r, admission_need(r, id, &m, reserve(r, id, tokens)));
    }
    int64_t held = gbl_units_held(r, id);
    return gbl_units(r, id, tokens) > held ? in_blocks(r, gbl_units(r, id, reserve(r, id, tokens)) - held) : 0;
}

static int32_t host_cached(const gbl_host *h, int32_t id) {
    gbl_replica *r = replica_of(h);
    gbl_match m;
    if (r->e->req[id].state != GBL_REQ_WAITING) return 0;
    gbl_reuse_match(r, id, &m);
    return (int32_t)gbl_reuse_tokens(r, &m);
}

void gbl_replica_release(gbl_replica *r, int32_t id) {
    gbl_req *q = &r->e->req[id];
    gbl_priv *p = &r->e->priv[id];
    if (q->generated == q->output) index_output(r, id);
    int64_t private_tokens = q->computed - (int64_t)p->n_chain * r->e->block_size;
    int32_t freed = gbl_kvpool_unref(&r->pool, p->chain, p->n_chain, r->e->now_ns);
    gbl_kvpool_give(&r->pool, p->private_blocks);
    if (r->pieces) gbl_pieces_leave(r, id);
    r->live_tokens -= private_tokens + (int64_t)freed * r->e->block_size;
    p->n_chain = 0;
    p->copied = p->kept_chunks = 0;
    p->private_blocks = p->kv_to = 0;
    q->blocks = 0;
    gbl_tier_unswap(r, id);
    gbl_replica_expire(r);
}

void gbl_replica_expire(gbl_replica *r) {
    const char *broken = gbl_kvpool_expire(&r->pool, r->e->now_ns);
    if (broken) gbl_policy_fault(r, GBL_EVICT, broken);
}

/* ---- schedule ---- */

static RARE int more_items(gbl_replica *r) {
    if (!gbl_grow(&r->item, &r->item_room, (size_t)r->plan.n + 1, sizeof *r->item)) return 0;
    return gbl_engine_fail(r->e, gbl_nomem(r->e->err, sizeof *r->item));
}

static RARE int32_t advance_prompt(gbl_replica *r, int32_t id, int32_t tokens) {
    gbl_priv *p = &r->e->priv[id];
    p->chunk = tokens;
    if (p->phase == GBL_PHASE_LOADING) gbl_clock_phase(r, id, GBL_PHASE_PREFILL);
    r->outstanding_tokens -= tokens;
    if (!r->e->rules.when_computed) gbl_replica_index_prompt(r, id);
    return tokens;
}

static inline int32_t advance(gbl_replica *r, int32_t id, int64_t tokens) {
    gbl_req *q = &r->e->req[id];
    int decode = q->generated > 0 && q->known - q->computed == 1;
    if ((size_t)r->plan.n == r->item_room && more_items(r)) return GBL_NO_BLOCKS;
    r->item[r->plan.n++] = id;
    r->plan.tokens += tokens;
    q->scheduled = (int32_t)tokens;
    q->computed += (int32_t)tokens;
    r->live_tokens += tokens;
    r->e->m.taken += tokens;
    if (!decode) return advance_prompt(r, id, (int32_t)tokens);
    r->e->priv[id].chunk = 0;
    return (int32_t)tokens;
}

static int32_t advance_by(gbl_replica *r, int32_t id, int64_t tokens) {
    int32_t taken = advance(r, id, tokens);
    if (r->strides && taken > 0) gbl_stride_plan(r, id);
    return taken;
}

static RARE int32_t grow_blocks(gbl_replica *r, int32_t id, int64_t tokens, int64_t to) {
    if (r->feeds) {
        int64_t there = gbl_feed_most(r, id, tokens);
        if (to == r->e->req[id].computed + tokens) to -= tokens - there;
        tokens = there;
    }
    if (r->strides) {
        int64_t all = r->e->req[id].computed + tokens, then = gbl_stride_ask(r, id, all);
        if (to == all || then > to) to = then;
        if (r->e->failed) return GBL_NO_BLOCKS;
    }
    if (r->e->priv[id].kv_to > to) to = r->e->priv[id].kv_to;
    int64_t held = gbl_units_held(r, id), units = gbl_units(r, id, to);
    if (units > held) {
        units = gbl_units(r, id, to = reserve(r, id, to));
        if (units - held > gbl_kvpool_free(&r->pool)) return GBL_NO_BLOCKS;
        if (take_blocks(r, units - held)) return GBL_NO_BLOCKS;
        gbl_units_set(r, id, units, to);
        r->view.free_blocks = gbl_kvpool_free(&r->pool) / r->unit;
    } else if (units < held && r->e->s->compress) { /* more was dropped than came */
        gbl_kvpool_give(&r->pool, held - units);
        gbl_units_set(r, id, units, to);
        r->gave_back = 1;
    } else r->e->priv[id].kv_to = to;
    return advance_by(r, id, tokens);
}

static inline int32_t grow_running(gbl_replica *r, int32_t id, int64_t tokens, int64_t reserve_tokens) {
    const gbl_req *q = &r->e->req[id];
    int64_t left = q->known - q->computed;
    if (tokens > left) tokens = left;
    int64_t to = q->computed + tokens;
    if (reserve_tokens > to) to = reserve_tokens;
    return r->plain && to <= (int64_t)q->blocks * r->e->block_size ? advance(r, id, tokens) : grow_blocks(r, id, tokens, to);
}

static void waiting_remove(gbl_replica *r, int32_t id) {
    for (size_t i = 0; i < r->visible; i++)
        if (r->waiting.a[r->waiting.head + i] == id) {
            gbl_deque_remove(&r->waiting, i);
            r->visible--;
            return;
        }
    assert(!"a waiting request stands in the queue");
}

static void first_admission(gbl_replica *r, int32_t id, int64_t cached) {
    gbl_priv *p = &r->e->priv[id];
    if (p->admitted) return;
    gbl_units_lost(r, id);
    p->admitted = 1;
    p->scheduled_ns = r->e->now_ns;
    p->part_ns[GBL_PART_FRONT] = r->e->req[id].queued_ns - p->let_in_ns;
    p->part_ns[GBL_PART_QUEUE] = r->e->now_ns - r->e->req[id].queued_ns + p->let_in_ns - r->e->req[id].arrival_ns;
    p->phase = GBL_PHASE_PREFILL;
    p->since_ns = r->e->now_ns;
    for (int i = 0; i < GBL_SPENT; i++) p->spent[i] = r->spent[i];
    p->first_cached = (int32_t)cached;
    if (cached) r->e->m.saved_prefill_s += 1e-9 * (double)r->host.step_ns(&r->host, 0, 0, cached, 0);
    if (gbl_metrics_found(&r->e->m, &r->e->req[id], r->e->block_size, cached)) gbl_engine_fail(r->e, gbl_nomem(r->e->err, 64));
    gbl_tier_credit(r, id, cached);
}

int gbl_replica_run(gbl_replica *r, int32_t id) {
    if (gbl_grow(&r->running, &r->running_room, (size_t)r->view.n_running + 1, sizeof *r->running))
        return gbl_engine_fail(r->e, gbl_nomem(r->e->err, sizeof *r->running));
    r->running[r->view.n_running++] = id;
    return 0;
}

/* A request without KV takes the cached blocks that it shares and the rest of `tokens` in new ones; the caller has seen that
 * they are free. What it copies from stays meanwhile. */
int gbl_replica_occupy(gbl_replica *r, int32_t id, const gbl_match *m, int64_t tokens) {
    gbl_priv *p = &r->e->priv[id];
    gbl_kvuse use = use_of(r, id);
    gbl_units_admit(r, id);
    int64_t units = gbl_units(r, id, tokens);
    if (m->coming) { /* it holds the rest */
        int64_t more = units - gbl_units_held(r, id);
        if (more > 0 && take_blocks(r, more)) return GBL_EFAULT;
        gbl_units_set(r, id, units, tokens);
        return 0;
    }
    for (int32_t k = 0, node = -1; k < m->blocks; k++) {
        node = gbl_kvpool_child(&r->pool, node, gbl_reuse_key(r, id, k));
        if (gbl_kvpool_ref(&r->pool, node, &use)) r->live_tokens += r->e->block_size;
        if (append_chain(r, p, node)) return GBL_EFAULT;
    }
    gbl_reuse_hold(r, id, m, 1);
    if (take_blocks(r, units - m->blocks * r->unit)) return GBL_EFAULT;
    gbl_reuse_hold(r, id, m, 0);
    gbl_units_set(r, id, units, tokens);
    return 0;
}

int32_t gbl_replica_reserve(gbl_replica *r, int32_t id, int64_t tokens, int reuse) {
    if (r->view.n_running + r->view.n_loading >= r->view.max_num_seqs) return GBL_NO_SLOT;
    gbl_replica_refresh(r);
    gbl_match m = {0};
    if (reuse) gbl_reuse_match(r, id, &m);
    m.reuse = (gbl_reuse){0}; /* what is not shared comes over the network */
    m.idle = m.load = 0;
    int64_t to = reserve(r, id, tokens);
    if (r->e->failed || admission_need(r, id, &m, to) > gbl_kvpool_free(&r->pool) || gbl_replica_occupy(r, id, &m, to)) return GBL_NO_BLOCKS;
    return m.blocks;
}

/* Tokens to have room for at the admission; *tokens comes down to what is left to compute. */
static int64_t admitted_tokens(gbl_replica *r, int32_t id, const gbl_match *m, int64_t *tokens, int64_t reserve_tokens) {
    int64_t cached = gbl_reuse_tokens(r, m), left = r->e->req[id].known - cached;
    if (*tokens > left || (r->strides && gbl_stride_whole(r, id))) *tokens = left;
    int64_t to = cached + *tokens;
    r->e->priv[id].in_pieces = to < r->e->req[id].known;
    if (r->strides) {
        const gbl_req *q = &r->e->req[id];
        if (reserve_tokens >= (int64_t)q->input + q->output - 1 && gbl_stride_most(r, id) > reserve_tokens) reserve_tokens = gbl_stride_most(r, id);
        to = gbl_stride_ask(r, id, to);
    }
    return reserve(r, id, reserve_tokens > to ? reserve_tokens : to);
}

static RARE int32_t admit(gbl_replica *r, int32_t id, int64_t tokens, int64_t reserve_tokens) {
    gbl_req *q = &r->e->req[id];
    if (r->view.n_running + r->view.n_loading >= r->view.max_num_seqs) return GBL_NO_SLOT;
    gbl_match m;
    if (r->feeds) tokens = gbl_feed_most(r, id, tokens);
    gbl_reuse_match(r, id, &m);
    int64_t to = admitted_tokens(r, id, &m, &tokens, reserve_tokens);
    if (!r->e->failed && m.reuse.copied && admission_need(r, id, &m, to) > gbl_kvpool_free(&r->pool) && !r->view.n_running && !r->view.n_loading) {
        tokens += m.reuse.copied - m.reuse.recomputed;
        m.reuse = (gbl_reuse){0}; /* copies and what they come from do not fit together, and nothing will make room */
        m.idle = 0;
        to = admitted_tokens(r, id, &m, &tokens, reserve_tokens);
    }
    if (r->e->failed || admission_need(r, id, &m, to) > gbl_kvpool_free(&r->pool) || (r->pieces && !gbl_pieces_fit(r, id))) return GBL_NO_BLOCKS;
    int32_t below[GBL_TIERS];
    if (m.load) gbl_tier_count(r, id, &m, below);
    if (gbl_replica_occupy(r, id, &m, to)) return GBL_NO_BLOCKS;
    int64_t cached = gbl_reuse_tokens(r, &m), shared = (int64_t)m.blocks * r->e->block_size;
    waiting_remove(r, id);
    q->cached = (int32_t)cached;
    q->computed = (int32_t)cached;
    r->e->priv[id].copied = m.reuse.copied;
    r->copies |= m.reuse.copied != 0;
    r->e->m.copied_tokens += m.reuse.copied;
    r->e->m.recomputed_tokens += m.reuse.recomputed;
    r->live_tokens += m.load ? 0 : cached - shared; /* copies are its own */
    r->e->m.reused += cached;
    r->queued_tokens -= q->known;
    r->outstanding_tokens -= cached;
    if (r->order) gbl_reuse_record(r, id, !r->e->priv[id].admitted);
    if (m.load) {
        int first = !r->e->priv[id].admitted;
        gbl_tier_admit(r, id, &m, below);
        first_admission(r, id, cached);
        if (first) r->e->priv[id].phase = GBL_PHASE_LOADING;
        gbl_replica_refresh(r);
        return 0;
    }
    if (gbl_replica_run(r, id)) return GBL_NO_BLOCKS;
    q->state = GBL_REQ_RUNNING;
    first_admission(r, id, cached);
    int32_t taken = advance_by(r, id, tokens);
    gbl_replica_refresh(r);
    return taken;
}

static RARE int32_t refuse(gbl_replica *r, const char *rule) {
    gbl_policy_fault(r, GBL_SCHEDULE, rule);
    return GBL_NO_BLOCKS;
}

static int32_t host_schedule(const gbl_host *h, int32_t id, int64_t tokens, int64_t reserve_tokens) {
    gbl_replica *r = replica_of(h);
    gbl_engine *e = r->e;
    if (e->failed) return GBL_NO_BLOCKS;
    if (!r->planning) return refuse(r, "it schedules outside plan()");
    if (id < 0 || id >= e->n_ids || e->req[id].replica != r->index) return refuse(r, "it schedules a request that is not this replica's");
    const gbl_req *q = &e->req[id];
    if (q->scheduled) return refuse(r, "it schedules a request twice in one step");
    if (tokens < 1) return refuse(r, "it schedules fewer than one token");
    if (q->state == GBL_REQ_RUNNING) return grow_running(r, id, tokens, reserve_tokens);
    return q->state == GBL_REQ_WAITING ? admit(r, id, tokens, reserve_tokens) : refuse(r, "it schedules a request that neither runs nor waits");
}

/* ---- preempt, swap ---- */

static void running_remove(gbl_replica *r, int32_t id) {
    for (int32_t i = r->view.n_running - 1; i >= 0; i--) {
        if (r->running[i] != id) continue;
        for (int32_t k = i + 1; k < r->view.n_running; k++) r->running[k - 1] = r->running[k];
        r->view.n_running--;
        return;
    }
    assert(!"a running request stands in the list");
}

static void unplan(gbl_replica *r, int32_t id) { /* takes a planned decode back */
    gbl_req *q = &r->e->req[id];
    for (int32_t i = 0; i < r->plan.n; i++) {
        if (r->item[i] != id) continue;
        for (int32_t k = i + 1; k < r->plan.n; k++) r->item[k - 1] = r->item[k];
        r->plan.n--;
        break;
    }
    if (r->strides) gbl_stride_unplan(r, id);
    r->plan.tokens -= q->scheduled;
    r->live_tokens -= q->scheduled;
    r->e->m.taken -= q->scheduled;
    q->computed -= q->scheduled;
    q->scheduled = 0;
}

static int copy(gbl_replica *r, int64_t units, enum gbl_resource dir, int64_t tag) {
    gbl_demand d;
    double bytes = gbl_units_bytes(r, units);
    gbl_cost_transfer(r->price, bytes, in_blocks(r, units) * 2 * r->e->s->llm.layers, dir, &d);
    for (int i = 0; i < GBL_R_N; i++) r->load.busy_ns[i] += d.busy_ns[i];
    r->e->m.swapped_bytes += bytes;
    if (gbl_fluid_start(&r->fluid, r->e->now_ns, &d, tag, r->e->err)) return gbl_engine_fail(r->e, GBL_EFAULT);
    gbl_replica_arm_flows(r);
    return 0;
}

static void swap_out_all(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    int64_t units = gbl_units(r, id, r->e->req[id].computed);
    p->swapped_blocks = in_blocks(r, units);
    r->view.swapped_blocks += p->swapped_blocks;
    gbl_replica_release(r, id);
    if (r->pieces) gbl_pieces_held(r, id); /* what lies in host memory stays there */
    r->outs++;
    copy(r, units, GBL_R_PCIE_D2H, GBL_TAG_OUT);
}

/* 0 where the tiers have no room for it. */
static int preempt_by_swap(gbl_replica *r, int32_t id) {
    if (!r->pool.below) swap_out_all(r, id);
    else if (!gbl_tier_swap_out(r, id)) return 0;
    r->e->req[id].state = GBL_REQ_SWAPPED;
    if (gbl_grow(&r->swapped, &r->swapped_room, (size_t)r->view.n_swapped + 1, sizeof *r->swapped)) {
        gbl_engine_fail(r->e, gbl_nomem(r->e->err, sizeof *r->swapped));
        return 1;
    }
    r->swapped[r->view.n_swapped++] = id;
    return 1;
}

static void start_over(gbl_replica *r, int32_t id) { /* it holds nothing */
    gbl_req *q = &r->e->req[id];
    gbl_units_forget(&r->e->priv[id]);
    gbl_stride_restart(&r->e->priv[id], q);
    r->e->m.dropped += q->computed;
    r->outstanding_tokens += q->generated && q->known - q->computed == 1 ? q->known : q->computed;
    q->computed = 0;
    q->state = GBL_REQ_WAITING;
    if (gbl_deque_push_front(&r->waiting, id)) gbl_engine_fail(r->e, gbl_nomem(r->e->err, 64));
    else r->visible++;
    r->queued_tokens += q->known;
}

static void preempt_by_recompute(gbl_replica *r, int32_t id) {
    gbl_replica_release(r, id);
    start_over(r, id);
}

static int may_put_out(const gbl_replica *r, int32_t id) {
    const gbl_engine *e = r->e;
    return id >= 0 && id < e->n_ids && e->req[id].state == GBL_REQ_RUNNING && e->req[id].replica == r->index && !(e->req[id].scheduled && e->priv[id].chunk);
}

static void put_out(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    const gbl_preempt_policy *p = (const void *)e->s->choice[GBL_PREEMPT].policy;
    if (e->req[id].scheduled) unplan(r, id);
    e->priv[id].load = 0; /* what still comes for it comes for nobody */
    running_remove(r, id);
    if (e->priv[id].phase != GBL_PHASE_PREEMPTED) gbl_clock_phase(r, id, GBL_PHASE_PREEMPTED);
    e->req[id].preemptions++;
    e->m.preemptions++;
    r->plan.preempted++;
    if (p->how(r->instance[GBL_PREEMPT], &r->host, id) != GBL_BY_SWAP || !preempt_by_swap(r, id)) preempt_by_recompute(r, id);
    gbl_replica_refresh(r);
}

static int32_t host_make_room(const gbl_host *h, int32_t for_id) {
    gbl_replica *r = replica_of(h);
    gbl_engine *e = r->e;
    if (e->failed) return -1;
    const gbl_preempt_policy *p = (const void *)e->s->choice[GBL_PREEMPT].policy;
    int32_t id = p->victim(r->instance[GBL_PREEMPT], &r->host, for_id);
    if (id < 0) return -1;
    if (!may_put_out(r, id)) {
        gbl_policy_fault(r, GBL_PREEMPT, "its victim does not run here, or has a chunk in this plan");
        return -1;
    }
    if (r->pieces && id == for_id && r->view.n_running == 1 && e->req[id].preemptions > 100) {
        gbl_policy_fault(r, GBL_COMPRESS, "what it decides to hold of a sequence leaves no room for that sequence alone, again and again");
        return -1;
    }
    put_out(r, id);
    return id;
}

static int host_preempt(const gbl_host *h, int32_t id) {
    gbl_replica *r = replica_of(h);
    if (r->e->failed) return GBL_EFAULT;
    if (r->planning && may_put_out(r, id)) put_out(r, id);
    else gbl_policy_fault(r, GBL_SCHEDULE, "it puts out a request that does not run here, or has a chunk in this plan");
    return r->e->failed;
}

static int swap_in_all(gbl_replica *r, int32_t id) {
    gbl_req *q = &r->e->req[id];
    int64_t units = gbl_units(r, id, q->computed), next = gbl_units(r, id, q->computed + 1);
    /* Room for its next token too, or it would be put out again at once. */
    if ((next > units ? next : units) > gbl_kvpool_free(&r->pool) || take_blocks(r, units)) return 0;
    gbl_units_set(r, id, units, q->computed);
    q->state = GBL_REQ_LOADING;
    r->view.n_loading++;
    r->live_tokens += q->computed;
    copy(r, units, GBL_R_PCIE_H2D, id);
    return 1;
}

static int32_t host_resume(const gbl_host *h, int32_t id) {
    gbl_replica *r = replica_of(h);
    gbl_engine *e = r->e;
    if (e->failed) return GBL_NO_BLOCKS;
    int32_t at = 0;
    while (at < r->view.n_swapped && r->swapped[at] != id) at++;
    if (at == r->view.n_swapped) {
        gbl_policy_fault(r, GBL_SCHEDULE, "it resumes a request that is not swapped out here");
        return GBL_NO_BLOCKS;
    }
    if (r->view.n_running + r->view.n_loading >= r->view.max_num_seqs) return GBL_NO_SLOT;
    int in = r->pool.below ? gbl_tier_swap_in(r, id) : swap_in_all(r, id);
    if (!in) return GBL_NO_BLOCKS;
    for (int32_t i = at + 1; i < r->view.n_swapped; i++) r->swapped[i - 1] = r->swapped[i];
    r->view.n_swapped--;
    r->view.swapped_blocks -= e->priv[id].swapped_blocks;
    e->priv[id].swapped_blocks = 0;
    if (in < 0) {
        gbl_tier_unswap(r, id);
        start_over(r, id);
    }
    gbl_replica_refresh(r);
    return 0;
}

/* ---- questions ---- */

static double host_draw(const gbl_host *h, uint32_t stream, uint64_t entity, uint64_t k) {
    const gbl_replica *r = h->engine;
    return gbl_draw((uint64_t)r->e->s->seed, GBL_STREAM_POLICY + stream, entity, k);
}

static int64_t host_step_ns(const gbl_host *h, int32_t decodes, int64_t kv_tokens, int64_t chunk, int64_t cached) {
    const gbl_replica *r = h->engine;
    gbl_batch b = {0};
    for (int32_t i = 0; i < decodes; i++) gbl_batch_decode(r->price, &b, (kv_tokens + i) / decodes);
    if (chunk > 0) gbl_batch_chunk(r->price, &b, chunk, cached, 1);
    gbl_step_cost c;
    gbl_cost_step(r->price, &b, &c);
    return c.demand.alone_ns;
}

static int64_t host_transfer_ns(const gbl_host *h, int64_t bytes) {
    const gbl_replica *r = h->engine;
    gbl_demand d;
    gbl_cost_transfer(r->price, (double)bytes, 1, GBL_R_PCIE_D2H, &d);
    return d.alone_ns;
}

void gbl_host_bind(gbl_replica *r) {
    r->host = (gbl_host){.size = sizeof(gbl_host), .engine = r, .view = &r->view, .draw = host_draw,
                         .schedule = host_schedule, .cached = host_cached, .blocks_needed = host_blocks_needed,
                         .make_room = host_make_room, .preempt = host_preempt, .resume = host_resume, .step_ns = host_step_ns,
                         .transfer_ns = host_transfer_ns};
    gbl_reuse_bind(r);
    gbl_tier_bind(r);
}

/* ---- flows ---- */

void gbl_replica_arm_flows(gbl_replica *r) {
    int64_t next = gbl_fluid_next(&r->fluid);
    if (r->flow_event >= 0) gbl_heap_cancel(r->e->heap, r->flow_event);
    r->flow_event = -1;
    if (next == INT64_MAX) return;
    r->flow_event = gbl_heap_push(r->e->heap, (gbl_event){next, GBL_EV_FLOW, GBL_EV_FLOW, r->index});
    if (r->flow_event < 0) gbl_engine_fail(r->e, gbl_nomem(r->e->err, sizeof(gbl_event)));
}

static void step_flow_end(gbl_replica *r) {
    gbl_engine *e = r->e;
    if (r->late) {
        r->step_over = 1;
        return;
    }
    if (!r->step_over) {
        gbl_replica_step_end(r);
        return;
    }
    r->step_over = 0; /* the last layer waited for its KV */
    gbl_event_at(e, e->now_ns + r->cost.demand.alone_ns / e->s->llm.layers, GBL_EV_STEP, r->index);
}

void gbl_replica_flow_end(gbl_replica *r) {
    int64_t tag;
    int step_over = 0;
    r->flow_event = -1;
    while (gbl_fluid_finish(&r->fluid, r->e->now_ns, &tag)) {
        if (tag == GBL_TAG_STEP) step_over = 1;
        else if (tag == GBL_TAG_OUT) r->outs--;
        else if (tag <= GBL_TAG_FEED) gbl_feed_end(r, (int32_t)(GBL_TAG_FEED - tag));
        else if (tag < 0) gbl_tier_flow_end(r, tag);
        else gbl_replica_loaded(r, (int32_t)tag);
    }
    gbl_replica_arm_flows(r);
    if (r->e->failed) return;
    if (step_over || (r->step_over && !r->late)) step_flow_end(r);
    else if (r->state == GBL_FETCHING && !r->outs) gbl_replica_go(r);
    else if (r->state == GBL_IDLE) gbl_replica_plan(r);
}
