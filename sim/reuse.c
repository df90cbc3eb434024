/* How much of a prompt the cache has. The trace's ids are kept as hashes: of the chain that ends in an id, so that equal ids
 * behind different prefixes differ, or, for chunks, of the id alone. Every hash starts from what KV must have in common
 * besides its tokens: model, KV format, and the tenant where the prefix policy salts. */
#include <assert.h>

#include "base/text.h"
#include "sim/tier_flow.h"

static const gbl_prefix_policy *policy_of(const gbl_engine *e) { return (const void *)e->s->choice[GBL_PREFIX].policy; }
static gbl_replica *replica_of(const gbl_host *h) { return h->engine; }

int gbl_reuse_keeps(const gbl_replica *r, uint32_t flag) { return (policy_of(r->e)->head.flags & flag) != 0; }

int gbl_reuse_init(gbl_engine *e, gbl_err *err) {
    (void)err;
    const gbl_prefix_policy *p = policy_of(e);
    if (p->rules) p->rules(e->s->choice[GBL_PREFIX].config, &e->rules);
    e->root = gbl_mix64(0, (uint64_t)e->s->kv);
    for (const char *c = e->s->llm.name; *c; c++) e->root = gbl_mix64(e->root, (unsigned char)*c);
    return 0;
}

uint64_t gbl_reuse_root(const gbl_engine *e, const gbl_record *rec) {
    return e->rules.by_tenant ? gbl_mix64(e->root, (uint64_t)rec->tenant + 1) : e->root;
}

/* ---- keys ---- */

int32_t gbl_reuse_known_blocks(const gbl_replica *r, int32_t id) { return (int32_t)(r->e->priv[id].told / r->e->block_size); }

static int64_t told_of_prompt(const gbl_replica *r, int32_t id) {
    int64_t told = r->e->priv[id].told, input = r->e->req[id].input;
    return told < input ? told : input;
}

uint64_t gbl_reuse_output_key(const gbl_replica *r, int32_t id, int32_t block) {
    const gbl_req *q = &r->e->req[id];
    int full = q->computed >= (block + 1) * r->e->block_size;
    return full && block < gbl_reuse_known_blocks(r, id) ? gbl_reuse_key(r, id, block) : gbl_mix64(~(uint64_t)q->serial, (uint64_t)block);
}

/* ---- the recorded order ---- */

void gbl_reuse_record(gbl_replica *r, int32_t id, int counted) {
    int32_t blocks = r->e->priv[id].n_ids ? (int32_t)(told_of_prompt(r, id) / r->e->block_size) : 0, most = (r->e->req[id].input - 1) / r->e->block_size;
    if (!blocks) return;
    int bad = gbl_order_begin(r->order, r->e->now_ns, !counted ? blocks : blocks > most ? blocks - most : 0);
    for (int32_t k = 0; k < blocks && !bad; k++) bad = gbl_order_use(r->order, gbl_reuse_key(r, id, k));
    if (bad) gbl_engine_fail(r->e, gbl_nomem(r->e->err, 64));
}

void gbl_reuse_record_output(gbl_replica *r, int32_t id, int32_t from, int32_t to) {
    int bad = gbl_order_begin(r->order, r->e->now_ns, to - from);
    for (int32_t k = from; k < to && !bad; k++) bad = gbl_order_use(r->order, gbl_reuse_output_key(r, id, k));
    if (bad) gbl_engine_fail(r->e, gbl_nomem(r->e->err, 64));
}

/* ---- resident runs ---- */

static int has_user(const gbl_replica *r, int32_t node) { return r->pool.node[node].refs > 0; }

static int counts(const gbl_replica *r, int32_t node, enum gbl_where w) {
    return node >= 0 && (w == GBL_ANYWHERE || r->pool.node[node].refs >= (w == GBL_IN_USE));
}

/* Lying anywhere, residency in HBM, and being in use are closed under prefixes: bisect over the landmarks, then walk from the
 * last one that counts. *last: the last of the run, or -1. */
static int32_t run_to(const gbl_replica *r, int32_t id, int32_t most, enum gbl_where w, int32_t *last) {
    int32_t low = 0, high = (most + GBL_KV_LANDMARK - 1) / GBL_KV_LANDMARK, node = -1;
    while (low < high) {
        int32_t mid = low + (high - low) / 2, n = gbl_map_get(r->pool.index, gbl_reuse_key(r, id, mid * GBL_KV_LANDMARK));
        if (counts(r, n, w)) {
            low = mid + 1;
            node = n;
        } else high = mid;
    }
    *last = node;
    if (!low) return 0;
    int32_t run = (low - 1) * GBL_KV_LANDMARK + 1, end = low * GBL_KV_LANDMARK < most ? low * GBL_KV_LANDMARK : most;
    while (run < end && counts(r, node = gbl_kvpool_child_anywhere(&r->pool, node, gbl_reuse_key(r, id, run)), w)) {
        *last = node;
        run++;
    }
    return run;
}
int32_t gbl_reuse_run(const gbl_replica *r, int32_t id, int32_t most, enum gbl_where w) {
    int32_t last;
    return run_to(r, id, most, w, &last);
}

/* The last known token is always computed, so that there is a query to sample from. */
int32_t gbl_reuse_prompt_run(const gbl_replica *r, int32_t id, enum gbl_where w) {
    if (!r->pool.index || !r->e->priv[id].n_ids) return 0;
    int32_t most = gbl_reuse_known_blocks(r, id), cap = (r->e->req[id].known - 1) / r->e->block_size;
    return gbl_reuse_run(r, id, most < cap ? most : cap, w);
}
static int32_t run_of(const gbl_replica *r, int32_t id) { return gbl_reuse_prompt_run(r, id, GBL_IN_HBM); }

int64_t gbl_replica_resident_tokens(const gbl_replica *r, int32_t id) { return (int64_t)run_of(r, id) * r->e->block_size; }

/* ---- inside a block ---- */

enum { INSIDE = 0x7a11 }; /* keys of pieces are not keys of blocks */

/* The pieces of a block by the ids that tell its first `tokens` tokens, in order. Returns how many, at most one a token. */
static size_t pieces_of(const gbl_replica *r, int32_t id, int32_t block, int32_t tokens, gbl_kvpiece *out, size_t most) {
    const gbl_priv *p = &r->e->priv[id];
    int64_t start = (int64_t)block * r->e->block_size, end = start + tokens, told = p->told;
    size_t n = 0;
    if (end > told) end = told;
    for (int64_t at = start; at < end && n < most; n++) {
        int64_t next = (at / p->id_tokens + 1) * p->id_tokens;
        if (next > end) next = end;
        out[n] = (gbl_kvpiece){gbl_mix64(gbl_reuse_key_at(p, at), INSIDE) | 1, (int32_t)(next - start)};
        at = next;
    }
    return n;
}

enum { PIECES = 64 }; /* finer ids than a 64th of a block are matched up to there */

/* A full block inside one id is found by its own key: whoever has that id has all of its tokens. */
static int under_one_id(const gbl_replica *r, int32_t id) { return r->e->priv[id].id_tokens % r->e->block_size == 0; }

int gbl_reuse_describe(gbl_replica *r, int32_t id, int32_t node, int32_t block, int32_t tokens) {
    gbl_kvpiece piece[PIECES];
    if (!r->pool.inside || (under_one_id(r, id) && block < gbl_reuse_known_blocks(r, id))) return 0;
    size_t n = pieces_of(r, id, block, tokens < r->e->block_size ? tokens : r->e->block_size, piece, PIECES);
    return n && gbl_kvpool_describe(&r->pool, node, piece, n) ? gbl_engine_fail(r->e, gbl_nomem(r->e->err, 64)) : 0;
}

/* The longest common start of the request's block and a resident one, in tokens, and whose it is. */
static int32_t tail_of(const gbl_replica *r, int32_t id, int32_t block, int32_t *node) {
    gbl_kvpiece piece[PIECES];
    *node = -1;
    if (!r->pool.inside || !r->e->priv[id].n_ids) return 0;
    int64_t start = (int64_t)block * r->e->block_size, most = r->e->req[id].known - 1 - start, told = r->e->priv[id].told - start;
    if (told > 0 && under_one_id(r, id)) {
        int32_t parent;
        if (run_to(r, id, block, GBL_IN_HBM, &parent) == block) *node = gbl_kvpool_child(&r->pool, parent, gbl_reuse_key(r, id, block));
        if (told > r->e->block_size) told = r->e->block_size;
        if (*node >= 0) return (int32_t)(told < most ? told : most);
    }
    size_t n = pieces_of(r, id, block, r->e->block_size, piece, PIECES);
    while (n-- > 0) {
        int32_t end, found = gbl_kvpool_inside(&r->pool, piece[n].key, &end);
        if (found < 0) continue;
        if (end > piece[n].end) end = piece[n].end;
        if (end > most) end = (int32_t)most;
        *node = found;
        return end > 0 ? end : 0;
    }
    return 0;
}

/* ---- chunks ---- */

static int32_t prompt_blocks(const gbl_replica *r, int32_t id) { return (int32_t)(told_of_prompt(r, id) / r->e->block_size); }

/* Leading resident blocks of a chunk. */
static int32_t chunk_run(const gbl_replica *r, int32_t id, int32_t chunk) {
    const gbl_priv *p = &r->e->priv[id];
    int32_t blocks = p->id_tokens / r->e->block_size, first = chunk * blocks, known = prompt_blocks(r, id), n = 0;
    for (int32_t node = -1; n < blocks && first + n < known; n++) {
        node = gbl_kvpool_child(&r->pool, node, gbl_reuse_key(r, id, first + n));
        if (node < 0) break;
    }
    return n;
}

static int32_t host_chunk(const gbl_host *h, int32_t id, int32_t i) {
    const gbl_replica *r = replica_of(h);
    const gbl_priv *p = &r->e->priv[id];
    if (!r->pool.index || i < 0 || (int64_t)i * p->id_tokens >= told_of_prompt(r, id)) return -1;
    return chunk_run(r, id, i) * r->e->block_size;
}

/* ---- the match ---- */

/* The blocks that copies read from, one after another: `visit` each; returns how many of them nobody uses. */
static int32_t each_source(gbl_replica *r, int32_t id, const gbl_match *m, void (*visit)(gbl_replica *r, int32_t id, int32_t node)) {
    int32_t idle = 0, node, blocks = r->e->priv[id].n_ids ? r->e->priv[id].id_tokens / r->e->block_size : 0;
    if (!m->reuse.copied) return 0;
    if (!gbl_reuse_keeps(r, GBL_PREFIX_CHUNKS)) {
        if (!tail_of(r, id, m->blocks, &node)) return 0;
        idle = !has_user(r, node);
        if (visit) visit(r, id, node);
        return idle;
    }
    for (int32_t i = 0; i < r->e->priv[id].n_ids; i++)
        for (int32_t k = 0, at = -1; k < blocks && i * blocks + k < prompt_blocks(r, id); k++) {
            at = gbl_kvpool_child(&r->pool, at, gbl_reuse_key(r, id, i * blocks + k));
            if (at < 0) break;
            idle += !has_user(r, at);
            if (visit) visit(r, id, at);
        }
    return idle;
}

static void take_source(gbl_replica *r, int32_t id, int32_t node) {
    const gbl_req *q = &r->e->req[id];
    gbl_kvuse use = {r->e->now_ns, q->session, q->serial, q->tenant, q->last, q->arrival_ns};
    gbl_kvpool_ref(&r->pool, node, &use);
}
static void drop_source(gbl_replica *r, int32_t id, int32_t node) {
    (void)id;
    gbl_kvpool_unref(&r->pool, &node, 1, r->e->now_ns);
}
int gbl_reuse_hold(gbl_replica *r, int32_t id, const gbl_match *m, int hold) { return each_source(r, id, m, hold ? take_source : drop_source); }

/* What there is to copy: the bound of the policy's answer. */
static int64_t most_copied(gbl_replica *r, int32_t id, int32_t blocks) {
    int32_t node;
    int64_t sum = 0;
    if (!gbl_reuse_keeps(r, GBL_PREFIX_CHUNKS)) return tail_of(r, id, blocks, &node);
    for (int32_t i = 0, n; (n = host_chunk(&r->host, id, i)) >= 0; i++) sum += n;
    return sum;
}

int64_t gbl_reuse_tokens(const gbl_replica *r, const gbl_match *m) {
    return (int64_t)(m->blocks + m->load) * r->e->block_size + m->reuse.copied - m->reuse.recomputed;
}

void gbl_reuse_match(gbl_replica *r, int32_t id, gbl_match *out) {
    const gbl_prefix_policy *p = policy_of(r->e);
    *out = (gbl_match){0};
    if (!r->pool.index || !r->e->priv[id].n_ids) return;
    int32_t run = run_of(r, id);
    out->blocks = p->match(r->instance[GBL_PREFIX], &r->host, id);
    const char *broken = out->blocks < 0 || out->blocks > run ? "it matches blocks that are not resident" : NULL;
    if (!broken && p->reuse) {
        gbl_reuse *u = &out->reuse;
        p->reuse(r->instance[GBL_PREFIX], &r->host, id, out->blocks, u);
        if (u->copied < 0 || u->copied > most_copied(r, id, out->blocks)) broken = "it copies tokens that are not resident";
        else if (u->recomputed < 0 || u->recomputed > u->copied) broken = "it computes again more than it copies";
        else if (gbl_reuse_tokens(r, out) >= r->e->req[id].known) broken = "it leaves no token to compute";
    }
    if (broken) {
        gbl_policy_fault(r, GBL_PREFIX, broken);
        *out = (gbl_match){0};
        return;
    }
    out->idle = each_source(r, id, out, NULL);
    if ((r->pool.below || r->e->priv[id].load) && r->e->req[id].state == GBL_REQ_WAITING) gbl_tier_match(r, id, out);
}

/* ---- the host table ---- */

static int32_t host_prefix_run(const gbl_host *h, int32_t id) { return run_of(replica_of(h), id); }
static int32_t host_prefix_tail(const gbl_host *h, int32_t id, int32_t blocks) {
    int32_t node;
    return tail_of(replica_of(h), id, blocks, &node);
}

static int32_t host_shared(const gbl_host *h, int32_t a, int32_t b) {
    const gbl_replica *r = replica_of(h);
    const gbl_priv *p = &r->e->priv[a], *q = &r->e->priv[b];
    if (gbl_reuse_keeps(r, GBL_PREFIX_CHUNKS) || p->id_tokens != q->id_tokens) return 0;
    int32_t low = 0, high = p->n_ids < q->n_ids ? p->n_ids : q->n_ids;
    while (low < high) { /* an id stands for its whole chain */
        int32_t mid = low + (high - low + 1) / 2;
        if (p->ids[mid - 1] == q->ids[mid - 1]) low = mid;
        else high = mid - 1;
    }
    int64_t tokens = (int64_t)low * p->id_tokens, of_a = told_of_prompt(r, a), of_b = told_of_prompt(r, b);
    if (tokens > of_a) tokens = of_a;
    return (int32_t)(tokens > of_b ? of_b : tokens);
}

void gbl_reuse_bind(gbl_replica *r) {
    r->host.prefix_run = host_prefix_run;
    r->host.prefix_tail = host_prefix_tail;
    r->host.chunk = host_chunk;
    r->host.shared = host_shared;
}
