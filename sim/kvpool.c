#include "sim/kvpool.h"

#include <assert.h>
#include <math.h>

enum { GHOST = -1, NOBODY = -2 }; /* refs of an id without a resident block */

static uint32_t flags_of(const gbl_kvpool *p) { return p->evictor.p->head.flags; }

static void forget(void *owner, int32_t id) {
    gbl_kvpool *p = owner;
    if (!p->gone || id < 0 || id >= p->n_ids || p->node[id].refs != GHOST) return;
    gbl_map_remove(p->gone, p->node[id].key);
    p->node[id].refs = NOBODY;
    p->unused[p->n_unused++] = id;
    p->ghosts--;
}

static int refuse_oracle(const gbl_policy *head, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "evict policy '%s' needs to know the accesses to come, and in a timed run they follow from what it evicts", head->name);
    gbl_where(err, "policy.evict");
    return gbl_expected(err, "a policy without an oracle; `gable trace hits --evict %s` replays a recorded order", head->name);
}

int gbl_kvpool_init(gbl_kvpool *p, int64_t capacity, int32_t block_size, const gbl_choice *evict, const gbl_host *h, gbl_err *err) {
    *p = (gbl_kvpool){.capacity = capacity, .block_size = block_size};
    if (!evict) return 0;
    const gbl_policy *head = evict->policy;
    if (head->flags & (GBL_EVICT_NEEDS_ORACLE | GBL_EVICT_NEEDS_ADVICE)) return refuse_oracle(head, err);
    if (capacity > INT32_MAX / 4) { /* queues of a policy count twice the ids in 32 bits */
        gbl_fail(err, GBL_EINPUT, "a KV pool of %lld blocks is more than the prefix index can number", (long long)capacity);
        return gbl_expected(err, "at most %d blocks a replica, or policy.prefix \"off\"", INT32_MAX / 4);
    }
    size_t ids = (size_t)capacity * (head->flags & GBL_EVICT_GHOSTS ? 2 : 1) + 1;
    p->index = gbl_map_new(1024);
    if (head->flags & GBL_EVICT_GHOSTS) p->gone = gbl_map_new(1024);
    p->node = gbl_alloc(ids, sizeof *p->node);
    p->unused = gbl_alloc(ids, sizeof *p->unused);
    gbl_evictor_spec spec = {.choice = evict, .host = h, .capacity = capacity, .ids = (int32_t)ids, .owner = p, .forget = forget};
    int code = p->index && p->node && p->unused && (p->gone || !(head->flags & GBL_EVICT_GHOSTS)) ? gbl_evictor_init(&p->evictor, &spec, err)
                                                                                                   : gbl_nomem(err, ids * sizeof *p->node);
    if (code) gbl_kvpool_fini(p);
    return code;
}

void gbl_kvpool_fini(gbl_kvpool *p) {
    gbl_map_free(p->index);
    gbl_map_free(p->gone);
    gbl_free(p->node);
    gbl_free(p->unused);
    gbl_free(p->recompute_s);
    gbl_map_free(p->inside);
    gbl_free(p->piece);
    gbl_evictor_fini(&p->evictor);
    *p = (gbl_kvpool){0};
}

/* ---- the tree ---- */

int32_t gbl_kvpool_landmark(const gbl_kvpool *p, uint64_t key) { return gbl_map_get(p->index, key); }

int32_t gbl_kvpool_child(const gbl_kvpool *p, int32_t parent, uint64_t key) {
    if (parent < 0) return gbl_map_get(p->index, key);
    const gbl_kvnode *up = &p->node[parent];
    if (up->kid >= 0 && p->node[up->kid].key == key) return up->kid;
    return up->kids > (up->kid >= 0) ? gbl_map_get(p->index, key) : -1;
}

static int is_landmark(const gbl_kvnode *n) { return n->depth % GBL_KV_LANDMARK == 0; }

static int link_node(gbl_kvpool *p, int32_t id) {
    const gbl_kvnode *n = &p->node[id];
    gbl_kvnode *up = n->parent < 0 ? NULL : &p->node[n->parent];
    int first = up && up->kid < 0;
    if ((!first || is_landmark(n)) && gbl_map_put(p->index, n->key, id)) return -1;
    if (first) up->kid = id;
    if (up) up->kids++;
    return 0;
}

static void unlink_node(gbl_kvpool *p, int32_t id) {
    const gbl_kvnode *n = &p->node[id];
    gbl_kvnode *up = n->parent < 0 ? NULL : &p->node[n->parent];
    int first = up && up->kid == id;
    if (!first || is_landmark(n)) gbl_map_remove(p->index, n->key);
    if (first) up->kid = -1;
    assert(!up || up->kids > 0);
    if (up) up->kids--;
}

/* ---- eviction ---- */

static void set_held(gbl_kvpool *p, int32_t node, int held) {
    if (p->evictor.p->held) p->evictor.p->held(p->evictor.state, node, held);
}

static void drop(gbl_kvpool *p, int32_t id, enum gbl_gone reason) {
    gbl_kvnode *n = &p->node[id];
    int32_t parent = n->parent;
    unlink_node(p, id);
    if (p->inside) gbl_kvpool_forget_pieces(p, id);
    p->cached--;
    p->evicted++;
    n->refs = GHOST;
    p->ghosts++;
    /* Without memory a ghost is not found again; its id still waits for forget(). */
    if (p->gone) (void)gbl_map_put(p->gone, n->key, id);
    if (p->evictor.p->gone) p->evictor.p->gone(p->evictor.state, id, reason);
    if (!p->gone) {
        n->refs = NOBODY;
        p->unused[p->n_unused++] = id;
        p->ghosts--;
    }
    if (parent >= 0 && p->node[parent].kids == 0 && p->node[parent].refs == 0) set_held(p, parent, 0);
}

static const char *drop_proposed(gbl_kvpool *p, int32_t id, enum gbl_gone reason) {
    if (id < 0 || id >= p->n_ids) return "it proposes a block that does not exist";
    if (p->node[id].refs != 0 || p->node[id].kids != 0) return "it proposes a block that is held or gone";
    drop(p, id, reason);
    return p->ghosts > p->capacity ? "it remembers more blocks than the pool has" : NULL;
}

/* Block by block, whatever is asked for at once: with its last child gone a parent may be older than the next in line, and
 * how many blocks are taken at once must not change who goes. */
const char *gbl_kvpool_take(gbl_kvpool *p, int64_t n) {
    assert(n >= 0 && n <= gbl_kvpool_free(p));
    for (;;) {
        int64_t room = gbl_kvpool_empty(p), some = room < n ? room : n;
        p->private_blocks += some;
        n -= some;
        if (!n) return NULL;
        const gbl_evict_policy *e = p->evictor.p;
        int32_t out = -1;
        if (e->resize) e->resize(p->evictor.state, p->capacity - p->private_blocks - 1);
        if (e->victims(p->evictor.state, 1, &out) != 1) return "it proposes no victim while evictable blocks are resident";
        const char *broken = drop_proposed(p, out, GBL_GONE_EVICTED);
        if (broken) return broken;
    }
}

void gbl_kvpool_give(gbl_kvpool *p, int64_t n) {
    assert(n >= 0 && n <= p->private_blocks);
    p->private_blocks -= n;
}

const char *gbl_kvpool_expire(gbl_kvpool *p, int64_t now_ns) {
    const gbl_evict_policy *e = p->evictor.p;
    int32_t out[64], n = e && e->expired ? 1 : 0;
    while (n > 0) { /* again: parents become evictable */
        n = e->expired(p->evictor.state, now_ns, 64, out);
        for (int32_t i = 0; i < n; i++) {
            const char *broken = drop_proposed(p, out[i], GBL_GONE_EXPIRED);
            if (broken) return broken;
        }
    }
    return NULL;
}

/* ---- use ---- */

/* Seconds to compute a block again behind its prefix: its share of a full chunk that starts there. */
static double recompute_of(gbl_kvpool *p, int32_t depth) {
    const gbl_host *h = &p->evictor.host;
    size_t old = p->recompute_room, at = (size_t)depth;
    if (!(flags_of(p) & GBL_EVICT_NEEDS_COST)) return 0;
    if (at < old && !isnan(p->recompute_s[at])) return p->recompute_s[at];
    int64_t most = 8192, chunk = h->view->max_num_batched_tokens < most ? h->view->max_num_batched_tokens : most;
    double s = 1e-9 * (double)h->step_ns(h, 0, 0, chunk, (int64_t)depth * p->block_size) * p->block_size / (double)chunk;
    if (gbl_grow(&p->recompute_s, &p->recompute_room, at + 1, sizeof *p->recompute_s)) return s;
    for (size_t i = old; i < p->recompute_room; i++) p->recompute_s[i] = NAN;
    return p->recompute_s[at] = s;
}

static gbl_block_info info_of(gbl_kvpool *p, uint64_t key, int32_t parent, int32_t depth, const gbl_kvuse *use) {
    return (gbl_block_info){.key = key, .parent = parent, .depth = depth, .tokens = p->block_size, .ghost = -1, .now_ns = use->now_ns,
                            .session = use->session, .request = use->request, .bytes = p->evictor.host.view->block_bytes,
                            .recompute_s = recompute_of(p, depth), .class_id = use->class_id, .next_use = INT64_MAX};
}

int gbl_kvpool_ref(gbl_kvpool *p, int32_t id, const gbl_kvuse *use) {
    gbl_kvnode *n = &p->node[id];
    assert(n->refs >= 0);
    int first = n->refs++ == 0;
    if (first) {
        p->referenced++;
        if (!n->kids) set_held(p, id, 1);
    }
    if (p->evictor.p->touch) {
        gbl_block_info info = info_of(p, n->key, n->parent, n->depth, use);
        p->evictor.p->touch(p->evictor.state, id, &info);
    }
    return first;
}

/* The id of a ghost that returns, or a new one. */
static int32_t id_for(gbl_kvpool *p, uint64_t key, const gbl_block_info *info) {
    int32_t id = info->ghost;
    if (id >= 0 && p->node[id].refs == GHOST && p->node[id].key == key) {
        gbl_map_remove(p->gone, key);
        p->ghosts--;
        return id;
    }
    return p->n_unused ? p->unused[--p->n_unused] : p->n_ids++;
}

int32_t gbl_kvpool_index(gbl_kvpool *p, uint64_t key, int32_t parent, const gbl_kvuse *use) {
    assert(p->private_blocks > 0);
    int32_t depth = parent < 0 ? 0 : p->node[parent].depth + 1;
    gbl_block_info info = info_of(p, key, parent, depth, use);
    if (p->gone) info.ghost = gbl_map_get(p->gone, key);
    if (p->evictor.p->miss) p->evictor.p->miss(p->evictor.state, &info);
    int32_t id = id_for(p, key, &info);
    p->node[id] = (gbl_kvnode){key, parent, 1, 0, depth, -1};
    if (link_node(p, id)) {
        p->node[id].refs = NOBODY;
        p->unused[p->n_unused++] = id;
        return -1;
    }
    p->private_blocks--;
    p->cached++;
    p->referenced++;
    p->inserted++;
    assert(parent < 0 || p->node[parent].refs > 0);
    if (p->evictor.p->insert) p->evictor.p->insert(p->evictor.state, id, &info);
    set_held(p, id, 1);
    return id;
}

static int unref_one(gbl_kvpool *p, int32_t id, int64_t now_ns) {
    gbl_kvnode *n = &p->node[id];
    assert(n->refs > 0);
    if (--n->refs) return 0;
    p->referenced--;
    if (p->evictor.p->released) p->evictor.p->released(p->evictor.state, id, now_ns);
    if (!n->kids) set_held(p, id, 0);
    return 1;
}

int32_t gbl_kvpool_unref(gbl_kvpool *p, const int32_t *chain, int32_t n, int64_t now_ns) {
    int32_t freed = 0;
    if (!n) return 0;
    if (flags_of(p) & GBL_EVICT_TAIL_FIRST)
        for (int32_t i = n - 1; i >= 0; i--) freed += unref_one(p, chain[i], now_ns);
    else
        for (int32_t i = 0; i < n; i++) freed += unref_one(p, chain[i], now_ns);
    return freed;
}

void gbl_kvpool_check(const gbl_kvpool *p) {
    assert(p->private_blocks >= 0 && p->cached >= 0 && p->referenced >= 0 && p->referenced <= p->cached);
    assert(gbl_kvpool_empty(p) >= 0);
    assert(p->cached == p->inserted - p->evicted);
}
