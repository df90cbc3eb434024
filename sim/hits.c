/* Untimed replay of prefix-block ids. Hits are counted before a request's own blocks are touched; then its blocks are
 * touched from first to last, missing ones are inserted, and one block goes whenever the pool is over capacity. A policy
 * that works tail first is touched from last to first and evicts once at the end; one that makes room before the
 * insertion says so by a flag. A hit is the leading run of resident blocks, in tokens at most the prompt.
 *
 * The policy sees blocks as an engine's pool numbers them: an id is given at the insertion and given back when the block
 * goes, or when its ghost is forgotten, so its memory stays as small as the pool and warm. */
#include "sim/hits.h"

#include "sim/evictor.h"

typedef struct flat {
    const gbl_evict_policy *p;
    gbl_evictor e;
    int32_t *slot;    /* by block of the trace: slot + 1 resident, -(slot + 1) a ghost, 0 unknown */
    int32_t *who;     /* by slot: block of the trace */
    int32_t *unused, n_unused, n_slots, room;
    int64_t n_resident, capacity, evicted, found;
    const int32_t *next;
    const gbl_oracle *oracle;
    gbl_block_info info;
    uint64_t seed;
} flat;

static void forget(void *owner, int32_t slot) {
    flat *f = owner;
    int32_t b = slot >= 0 && slot < f->n_slots ? f->who[slot] : -1;
    if (b < 0 || f->slot[b] != -(slot + 1)) return; /* not a ghost */
    f->slot[b] = 0;
    f->who[slot] = -1;
    f->unused[f->n_unused++] = slot;
}

static void drop(flat *f, int32_t slot, enum gbl_gone reason) {
    f->slot[f->who[slot]] = -(slot + 1);
    f->n_resident--;
    f->evicted++;
    if (f->p->gone) f->p->gone(f->e.state, slot, reason);
    if (!(f->p->head.flags & GBL_EVICT_GHOSTS)) forget(f, slot);
}

static int is_resident(const flat *f, int32_t slot) { return slot >= 0 && slot < f->n_slots && f->who[slot] >= 0 && f->slot[f->who[slot]] == slot + 1; }

static int broken(const flat *f, const char *rule, gbl_err *err) {
    return gbl_fail(err, GBL_EFAULT, "policy evict/%s broke its contract: %s", f->p->head.name, rule);
}

static int evict_one(flat *f, gbl_err *err) {
    int32_t out = -1;
    if (f->p->victims(f->e.state, 1, &out) != 1 || !is_resident(f, out)) return broken(f, "its victim is not resident", err);
    drop(f, out, GBL_GONE_EVICTED);
    return 0;
}

static int expire(flat *f, int64_t now_ns, gbl_err *err) {
    int32_t out[64], n = f->p->expired ? 64 : 0;
    while (n == 64) {
        n = f->p->expired(f->e.state, now_ns, 64, out);
        for (int32_t i = 0; i < n; i++) {
            if (!is_resident(f, out[i])) return broken(f, "a block that it lets expire is not resident", err);
            drop(f, out[i], GBL_GONE_EXPIRED);
        }
    }
    return 0;
}

static int insert(flat *f, int32_t b, gbl_err *err) {
    int32_t slot = f->slot[b] < 0 ? -f->slot[b] - 1 : -1;
    f->info.ghost = slot;
    if (f->p->miss) f->p->miss(f->e.state, &f->info);
    if ((f->p->head.flags & GBL_EVICT_BEFORE_INSERT) && f->n_resident >= f->capacity) {
        int code = evict_one(f, err);
        if (code) return code;
        if (f->info.parent >= 0 && !is_resident(f, f->info.parent)) f->info.parent = -1;
        if (!f->slot[b]) slot = -1; /* its ghost was forgotten to make room */
    }
    if (slot < 0) {
        if (f->n_unused) slot = f->unused[--f->n_unused];
        else if (f->n_slots < f->room) slot = f->n_slots++;
        else return broken(f, "it remembers more blocks than the pool holds", err);
    }
    f->slot[b] = slot + 1;
    f->who[slot] = b;
    f->n_resident++;
    if (f->p->insert) f->p->insert(f->e.state, slot, &f->info);
    return 0;
}

static inline void describe(flat *f, const gbl_chain *q, const int32_t *chain, int32_t i) {
    size_t access = q->first + (size_t)i;
    int32_t up = i ? f->slot[chain[i - 1]] : 0;
    f->info.key = (uint64_t)(uint32_t)chain[i];
    f->info.parent = up > 0 ? up - 1 : -1;
    f->info.depth = i;
    f->info.access = (int64_t)access;
    if (!f->next) return;
    f->info.next_use = f->next[access] == INT32_MAX ? INT64_MAX : f->next[access];
    if (!f->oracle->discard) return;
    f->info.discard = f->oracle->discard[access];
    f->info.phase = f->oracle->phase[access];
}

enum { AHEAD = 12 }; /* accesses between fetching a block's memory and using it */

static int use_chain(flat *f, const gbl_chain *q, const int32_t *chain, gbl_err *err) {
    int tail = (f->p->head.flags & GBL_EVICT_TAIL_FIRST) != 0, code = 0;
    const char *memory = f->e.blocks;
    size_t size = f->p->head.block_size;
    for (int32_t k = 0; k < q->n && !code; k++) {
        int32_t i = tail ? q->n - 1 - k : k, b = chain[i];
        if (k + AHEAD < q->n) {
            int32_t soon = f->slot[chain[tail ? i - AHEAD : i + AHEAD]];
            if (soon > 0) __builtin_prefetch(memory + (size_t)(soon - 1) * size, 1);
        }
        if (!f->e.blind) describe(f, q, chain, i);
        if (f->slot[b] > 0) {
            f->found++;
            if (f->p->touch) f->p->touch(f->e.state, f->slot[b] - 1, &f->info);
        } else {
            code = insert(f, b, err);
            if (!tail && !code && f->n_resident > f->capacity) code = evict_one(f, err);
        }
    }
    while (!code && f->n_resident > f->capacity) code = evict_one(f, err);
    return code;
}

static int replay_one(flat *f, const gbl_chains *c, const gbl_chain *q, gbl_hits *out, gbl_err *err) {
    const int32_t *chain = c->block + q->first;
    int32_t run = 0;
    int code = expire(f, q->arrival_ns, err);
    if (code) return code;
    while (run < q->n - q->uncounted && f->slot[chain[run]] > 0) run++;
    int64_t tokens = (int64_t)run * q->id_tokens;
    out->hit_blocks += run;
    out->hit_tokens += tokens < q->input ? tokens : q->input;
    out->total_tokens += q->input;
    out->requests_any_hit += run > 0;
    f->info.tokens = q->id_tokens;
    f->info.now_ns = f->info.arrival_ns = q->arrival_ns;
    f->info.session = q->session;
    f->info.request = out->requests++;
    f->info.class_id = q->tenant;
    double cost = c->cost && q->n ? c->cost[chain[q->n - 1]] : 1;
    f->info.recompute_s = cost;
    out->total_cost += cost;
    if (run < q->n) out->missed_cost += cost;
    return use_chain(f, q, chain, err);
}

static int make_pool(flat *f, const gbl_chains *c, const gbl_choice *evict, gbl_err *err) {
    int64_t room = 1; /* a tail-first chain is inserted whole before anything goes */
    for (size_t i = 0; i < c->n_one; i++)
        if (c->one[i].n >= room) room = (int64_t)c->one[i].n + 1;
    if (f->capacity < c->n_ids) room += f->p->head.flags & GBL_EVICT_GHOSTS ? 2 * f->capacity : f->capacity;
    f->room = room < c->n_ids && f->capacity < c->n_ids ? (int32_t)room : c->n_ids;
    f->slot = gbl_alloc((size_t)c->n_ids, sizeof *f->slot);
    f->who = gbl_alloc((size_t)f->room, sizeof *f->who);
    f->unused = gbl_alloc((size_t)f->room, sizeof *f->unused);
    if (!f->slot || !f->who || !f->unused) return gbl_nomem(err, (size_t)c->n_ids * sizeof *f->slot);
    f->info = (gbl_block_info){.ghost = -1, .bytes = 1, .recompute_s = 1, .last = -1, .next_use = INT64_MAX};
    gbl_evictor_spec spec = {.choice = evict, .seed = &f->seed, .capacity = f->capacity, .accesses = (int64_t)c->n, .ids = f->room, .owner = f, .forget = forget};
    return gbl_evictor_init(&f->e, &spec, err);
}

int gbl_hits_replay(gbl_hits *out, const gbl_chains *c, const gbl_choice *evict, int64_t blocks, uint64_t seed, gbl_err *err) {
    *out = (gbl_hits){.capacity_blocks = blocks, .total_blocks = (int64_t)c->n};
    flat f = {.p = (const void *)evict->policy, .capacity = blocks < 0 ? INT64_MAX : blocks, .seed = seed};
    gbl_oracle oracle = {0};
    uint32_t flags = f.p->head.flags;
    int code = make_pool(&f, c, evict, err);
    if (!code && (flags & (GBL_EVICT_NEEDS_ORACLE | GBL_EVICT_NEEDS_ADVICE))) code = gbl_oracle_next(&oracle, c, err);
    if (!code && (flags & GBL_EVICT_NEEDS_ADVICE)) code = gbl_oracle_advice(&oracle, c, f.capacity, err);
    f.next = oracle.next;
    f.oracle = &oracle;
    for (size_t i = 0; i < c->n_one && !code; i++) code = replay_one(&f, c, &c->one[i], out, err);
    out->evicted_blocks = f.evicted;
    out->found_blocks = f.found;
    gbl_oracle_fini(&oracle);
    gbl_evictor_fini(&f.e);
    gbl_free(f.slot);
    gbl_free(f.who);
    gbl_free(f.unused);
    return code;
}
