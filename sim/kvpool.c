#include "sim/kvpool.h"

#include <assert.h>
#include <math.h>

#include "sim/tier.h"

static uint32_t flags_of(const gbl_kvpool *p) { return p->evictor.p->head.flags; }

/* ---- ghosts ---- */

static int32_t *gone_head(const gbl_kvpool *p, uint64_t key) { return &p->gone[key >> 16 & p->gone_mask]; }

static int make_gone(gbl_kvpool *p, size_t ids) {
    size_t heads = 64;
    while (heads < 2 * ids) heads *= 2;
    p->gone_mask = heads - 1;
    p->gone = gbl_alloc(heads, sizeof *p->gone);
    p->gone_next = gbl_alloc(ids, sizeof *p->gone_next);
    return p->gone && p->gone_next;
}

static void gone_put(gbl_kvpool *p, int32_t id) {
    int32_t *head = gone_head(p, p->node[id].key);
    p->gone_next[id] = *head;
    *head = id + 1;
}

static int32_t gone_get(const gbl_kvpool *p, uint64_t key) {
    int32_t id = *gone_head(p, key);
    while (id && p->node[id - 1].key != key) id = p->gone_next[id - 1];
    return id - 1;
}

static void gone_remove(gbl_kvpool *p, int32_t id) {
    int32_t *link = gone_head(p, p->node[id].key);
    while (*link && *link != id + 1) link = &p->gone_next[*link - 1];
    if (*link) *link = p->gone_next[id];
}

/* An id is free when its block lies nowhere and no level's policy remembers it. */
static void free_id(gbl_kvpool *p, int32_t id) {
    if (!p->node[id].at && !p->node[id].ghost) p->unused[p->n_unused++] = id;
}

static inline void unbind(gbl_kvpool *p, int32_t id, int32_t level) {
    gbl_kvnode *n = &p->node[id];
    n->ghost &= (uint8_t)~(1u << level);
    if (n->at || n->ghost) return;
    if (p->gone) gone_remove(p, id);
    free_id(p, id);
}

void gbl_kvpool_unbind(gbl_kvpool *p, int32_t id, int32_t level) { unbind(p, id, level); }

static void forget(void *owner, int32_t id) {
    gbl_kvpool *p = owner;
    if (!p->gone || id < 0 || id >= p->n_ids || !(p->node[id].ghost & 1)) return;
    p->ghosts--;
    gbl_kvpool_unbind(p, id, 0);
}

static int refuse_oracle(const gbl_policy *head, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "evict policy '%s' needs to know the accesses to come, and in a timed run they follow from what it evicts", head->name);
    gbl_where(err, "policy.evict");
    return gbl_expected(err, "a policy without an oracle; `gable trace hits --evict %s` replays a recorded order", head->name);
}

static int refuse_number(double blocks, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "a KV pool of %.0f blocks, tiers included, is more than the prefix index can number", blocks);
    return gbl_expected(err, "at most %d blocks a replica, or policy.prefix \"off\"", INT32_MAX / 4);
}

static int make_index(gbl_kvpool *p, size_t ids, int ghosts, int owners, gbl_err *err) {
    p->index = gbl_map_new(1024);
    int has_gone = !ghosts || make_gone(p, ids);
    p->node = gbl_alloc(ids, sizeof *p->node);
    p->unused = gbl_alloc(ids, sizeof *p->unused);
    if (p->levels > 1) p->kids_at = gbl_alloc(ids, (size_t)p->levels * sizeof *p->kids_at);
    if (owners) p->owner = gbl_alloc(ids, sizeof *p->owner);
    int ok = p->index && p->node && p->unused && has_gone && (p->kids_at || p->levels == 1) && (p->owner || !owners);
    return ok ? 0 : gbl_nomem(err, ids * sizeof *p->node);
}

static double ids_of(const gbl_choice *evict, double capacity) { return capacity * (evict->policy->flags & GBL_EVICT_GHOSTS ? 2 : 1); }

int gbl_kvpool_init(gbl_kvpool *p, const gbl_kvpool_spec *spec, gbl_err *err) {
    *p = (gbl_kvpool){.capacity = spec->capacity, .each = spec->each ? spec->each : 1, .block_size = spec->block_size, .levels = 1 + spec->n_tiers};
    if (!spec->evict) return 0;
    const gbl_policy *head = spec->evict->policy;
    if (head->flags & (GBL_EVICT_NEEDS_ORACLE | GBL_EVICT_NEEDS_ADVICE)) return refuse_oracle(head, err);
    double blocks = (double)(spec->capacity / p->each), all = ids_of(spec->evict, blocks) + 1;
    int ghosts = (head->flags & GBL_EVICT_GHOSTS) != 0, owners = 0;
    p->needs_cost = (head->flags & GBL_EVICT_NEEDS_COST) != 0;
    for (int32_t i = 0; i < spec->n_tiers; i++) {
        double n = gbl_tier_blocks(&spec->tier[i], spec->host->view->block_bytes);
        if (n < 1) return gbl_tier_too_small(&spec->tier[i], spec->host->view->block_bytes, err);
        blocks += n;
        all += ids_of(&spec->tier[i].evict, n);
        owners |= !(spec->tier[i].evict.policy->flags & GBL_EVICT_BLIND);
        ghosts |= (spec->tier[i].evict.policy->flags & GBL_EVICT_GHOSTS) != 0;
        p->needs_cost |= (spec->tier[i].evict.policy->flags & GBL_EVICT_NEEDS_COST) != 0;
    }
    if (blocks > INT32_MAX / 4) return refuse_number(blocks, err); /* queues of a policy count twice the ids in 32 bits */
    p->ids = (size_t)all;
    gbl_evictor_spec lend = {.choice = spec->evict, .host = spec->host, .capacity = spec->capacity / p->each, .ids = (int32_t)all, .owner = p, .forget = forget};
    int code = make_index(p, (size_t)all, ghosts, owners, err);
    if (!code) code = gbl_evictor_init(&p->evictor, &lend, err);
    if (!code && spec->n_tiers) code = gbl_tiers_new(&p->below, p, spec, (int32_t)all, err);
    if (code) gbl_kvpool_fini(p);
    return code;
}

void gbl_kvpool_fini(gbl_kvpool *p) {
    gbl_tiers_free(p->below);
    gbl_map_free(p->index);
    gbl_free(p->gone);
    gbl_free(p->gone_next);
    gbl_free(p->node);
    gbl_free(p->kids_at);
    gbl_free(p->owner);
    gbl_free(p->unused);
    gbl_free(p->recompute_s);
    gbl_map_free(p->inside);
    gbl_free(p->piece);
    gbl_evictor_fini(&p->evictor);
    *p = (gbl_kvpool){0};
}

/* ---- the tree ---- */

static int32_t in_hbm(const gbl_kvpool *p, int32_t id) { return id >= 0 && p->node[id].refs >= 0 ? id : -1; }

int32_t gbl_kvpool_landmark(const gbl_kvpool *p, uint64_t key) { return in_hbm(p, gbl_map_get(p->index, key)); }

int32_t gbl_kvpool_child_anywhere(const gbl_kvpool *p, int32_t parent, uint64_t key) {
    if (parent < 0) return gbl_map_get(p->index, key);
    const gbl_kvnode *up = &p->node[parent];
    if (up->kid >= 0 && p->node[up->kid].key == key) return up->kid;
    return up->kids > (up->kid >= 0) ? gbl_map_get(p->index, key) : -1;
}

int32_t gbl_kvpool_child(const gbl_kvpool *p, int32_t parent, uint64_t key) { return in_hbm(p, gbl_kvpool_child_anywhere(p, parent, key)); }

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

/* A block whose children lie at other levels lies at a faster one than they do (tier.c), so whoever lies nowhere has none. */
static inline void leave(gbl_kvpool *p, int32_t id, int32_t level) {
    gbl_kvnode *n = &p->node[id];
    assert(n->at >> level & 1);
    n->at &= (uint8_t)~(1u << level);
    if (p->kids_at && n->parent >= 0) p->kids_at[(int64_t)n->parent * p->levels + level]--;
    if (n->at) return;
    unlink_node(p, id);
    if (p->gone) gone_put(p, id);
}

void gbl_kvpool_leave(gbl_kvpool *p, int32_t id, int32_t level) { leave(p, id, level); }

/* The policy of HBM hears last: it may forget the block there and then. */
static const char *drop(gbl_kvpool *p, int32_t id, enum gbl_gone reason) {
    gbl_kvnode *n = &p->node[id];
    int32_t parent = n->parent;
    const char *broken = p->below ? gbl_tiers_receive(p, id, reason == GBL_GONE_EXPIRED ? GBL_DUE_LATER : GBL_DUE_NOW) : NULL;
    if (broken) return broken;
    n->refs = -1;
    p->cached--;
    p->evicted++;
    int remembered = (flags_of(p) & GBL_EVICT_GHOSTS) != 0;
    n->ghost |= (uint8_t)remembered;
    p->ghosts += remembered;
    if (p->inside) gbl_kvpool_forget_pieces(p, id);
    leave(p, id, 0);
    if (p->evictor.p->gone) p->evictor.p->gone(p->evictor.state, id, reason);
    if (!remembered && !n->at) unbind(p, id, 0);
    if (parent >= 0 && gbl_kvpool_kids(p, parent, 0) == 0 && p->node[parent].refs == 0) set_held(p, parent, 0);
    return NULL;
}

static const char *drop_proposed(gbl_kvpool *p, int32_t id, enum gbl_gone reason) {
    if (id < 0 || id >= p->n_ids) return "it proposes a block that does not exist";
    if (p->node[id].refs != 0 || gbl_kvpool_kids(p, id, 0) != 0) return "it proposes a block that is held or gone";
    const char *broken = drop(p, id, reason);
    return broken ? broken : p->ghosts > p->capacity / p->each ? "it remembers more blocks than the pool has" : NULL;
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
        if (e->resize) e->resize(p->evictor.state, (p->capacity - p->private_blocks - 1) / p->each);
        if (e->victims(p->evictor.state, 1, &out) != 1) return "it proposes no victim while evictable blocks are resident";
        const char *broken = drop_proposed(p, out, GBL_GONE_EVICTED);
        if (broken) return broken;
    }
}

void gbl_kvpool_give(gbl_kvpool *p, int64_t n) {
    assert(n >= 0 && n <= p->private_blocks);
    p->private_blocks -= n;
}

const char *gbl_kvpool_reset(gbl_kvpool *p) {
    assert(!p->referenced && !p->below);
    while (p->cached) {
        int32_t out = -1;
        if (p->evictor.p->victims(p->evictor.state, 1, &out) != 1) return "it proposes no victim while evictable blocks are resident";
        const char *broken = drop_proposed(p, out, GBL_GONE_RESET);
        if (broken) return broken;
    }
    return NULL;
}

const char *gbl_kvpool_expire(gbl_kvpool *p, int64_t now_ns) {
    p->now_ns = now_ns;
    const gbl_evict_policy *e = p->evictor.p;
    int32_t out[64], n = e && e->expired ? 1 : 0;
    while (n > 0) { /* again: parents become evictable */
        n = e->expired(p->evictor.state, now_ns, 64, out);
        for (int32_t i = 0; i < n; i++) {
            const char *broken = drop_proposed(p, out[i], GBL_GONE_EXPIRED);
            if (broken) return broken;
        }
    }
    return p->below ? gbl_tiers_expire(p) : NULL;
}

/* ---- use ---- */

/* Seconds to compute a block again behind its prefix: its share of a full chunk that starts there. */
static double recompute_of(gbl_kvpool *p, int32_t depth) {
    const gbl_host *h = &p->evictor.host;
    size_t old = p->recompute_room, at = (size_t)depth;
    if (!p->needs_cost) return 0;
    if (at < old && !isnan(p->recompute_s[at])) return p->recompute_s[at];
    int64_t most = 8192, chunk = h->view->max_num_batched_tokens < most ? h->view->max_num_batched_tokens : most;
    double s = 1e-9 * (double)h->step_ns(h, 0, 0, chunk, (int64_t)depth * p->block_size) * p->block_size / (double)chunk;
    if (gbl_grow(&p->recompute_s, &p->recompute_room, at + 1, sizeof *p->recompute_s)) return s;
    for (size_t i = old; i < p->recompute_room; i++) p->recompute_s[i] = NAN;
    return p->recompute_s[at] = s;
}

static gbl_block_info info_of(gbl_kvpool *p, uint64_t key, int32_t parent, int32_t depth, const gbl_kvuse *use) {
    return (gbl_block_info){.key = key, .parent = parent, .depth = depth, .tokens = p->block_size, .ghost = -1, .now_ns = use->now_ns,
                            .session = use->session, .request = use->request, .arrival_ns = use->arrival_ns, .last = use->last, .bytes = p->evictor.host.view->block_bytes,
                            .recompute_s = recompute_of(p, depth), .reload_s = p->below ? gbl_tiers_reload_s(p->below, 0) : 0,
                            .class_id = use->class_id, .next_use = INT64_MAX};
}

gbl_block_info gbl_kvpool_info(gbl_kvpool *p, int32_t id, int32_t level, const gbl_kvuse *use) {
    const gbl_kvnode *n = &p->node[id];
    int32_t parent = n->parent >= 0 && gbl_kvpool_is_at(p, n->parent, level) ? n->parent : -1;
    gbl_block_info info = info_of(p, n->key, parent, n->depth, use);
    if (level) info.reload_s = gbl_tiers_reload_s(p->below, level);
    if (n->ghost >> level & 1) info.ghost = id;
    return info;
}

static const gbl_block_info nothing; /* for policies that are blind */

static void touch(gbl_kvpool *p, int32_t id, const gbl_kvuse *use) {
    if (p->evictor.blind) {
        p->evictor.p->touch(p->evictor.state, id, &nothing);
        return;
    }
    const gbl_kvnode *n = &p->node[id];
    gbl_block_info info = info_of(p, n->key, n->parent, n->depth, use);
    p->evictor.p->touch(p->evictor.state, id, &info);
}

static void set_owner(gbl_kvpool *p, int32_t id, const gbl_kvuse *use) {
    if (p->owner) p->owner[id] = (gbl_kvowner){use->session, use->request, use->class_id, use->last};
}

int gbl_kvpool_ref(gbl_kvpool *p, int32_t id, const gbl_kvuse *use) {
    gbl_kvnode *n = &p->node[id];
    assert(n->refs >= 0);
    set_owner(p, id, use);
    int first = n->refs++ == 0;
    if (first) {
        p->referenced++;
        if (!gbl_kvpool_kids(p, id, 0)) set_held(p, id, 1);
    }
    if (p->evictor.p->touch) touch(p, id, use);
    return first;
}

/* The id of a ghost that returns, or a new one. */
static int32_t id_for(gbl_kvpool *p, uint64_t key, int32_t ghost) {
    if (ghost < 0 || !p->node[ghost].ghost || p->node[ghost].key != key) return p->n_unused ? p->unused[--p->n_unused] : p->n_ids++;
    gone_remove(p, ghost);
    return ghost;
}

/* A new leaf of the tree; -1: no memory. */
static int32_t new_node(gbl_kvpool *p, uint64_t key, int32_t parent, int32_t depth, int32_t ghost) {
    int32_t id = id_for(p, key, ghost);
    p->node[id] = (gbl_kvnode){key, parent, -1, 0, depth, -1, 0, id == ghost ? p->node[id].ghost : 0};
    if (!link_node(p, id)) return id;
    p->ghosts -= p->node[id].ghost & 1;
    p->node[id].ghost = 0;
    free_id(p, id);
    return -1;
}

int32_t gbl_kvpool_index(gbl_kvpool *p, uint64_t key, int32_t parent, int32_t below, const gbl_kvuse *use) {
    assert(p->private_blocks >= p->each);
    assert(parent < 0 || p->node[parent].refs > 0);
    const gbl_evict_policy *e = p->evictor.p;
    int32_t depth = parent < 0 ? 0 : p->node[parent].depth + 1, id = below, blind = p->evictor.blind; /* below: it comes up again */
    int32_t ghost = id >= 0 ? id : p->gone ? gone_get(p, key) : -1;
    gbl_block_info info;
    if (!blind) {
        info = info_of(p, key, parent, depth, use);
        if (ghost >= 0 && p->node[ghost].ghost & 1) info.ghost = ghost;
        if (e->miss) e->miss(p->evictor.state, &info);
    }
    if (id < 0 && (id = new_node(p, key, parent, depth, ghost)) < 0) return -1;
    gbl_kvnode *n = &p->node[id];
    p->ghosts -= n->ghost & 1;
    n->ghost &= (uint8_t)~1u;
    n->refs = 1;
    set_owner(p, id, use);
    gbl_kvpool_enter(p, id, 0);
    if (p->below) gbl_tiers_rise(p, id);
    p->private_blocks -= p->each;
    p->cached++;
    p->referenced++;
    p->inserted++;
    if (blind) set_held(p, id, 1);
    if (e->insert) e->insert(p->evictor.state, id, blind ? &nothing : &info);
    if (!blind) set_held(p, id, 1);
    return id;
}

static inline int unref_one(gbl_kvpool *p, int32_t id, int64_t now_ns) {
    gbl_kvnode *n = &p->node[id];
    assert(n->refs > 0);
    if (--n->refs) return 0;
    p->referenced--;
    if (p->evictor.p->released) p->evictor.p->released(p->evictor.state, id, now_ns);
    if (!gbl_kvpool_kids(p, id, 0)) set_held(p, id, 0);
    return 1;
}

int32_t gbl_kvpool_unref(gbl_kvpool *p, const int32_t *chain, int32_t n, int64_t now_ns) {
    int32_t freed = 0;
    if (!n) return 0;
    int tail_first = (flags_of(p) & GBL_EVICT_TAIL_FIRST) != 0;
    for (int32_t i = 0; i < n; i++) freed += unref_one(p, chain[tail_first ? n - 1 - i : i], now_ns);
    return freed;
}

void gbl_kvpool_check(const gbl_kvpool *p) {
    assert(p->private_blocks >= 0 && p->cached >= 0 && p->referenced >= 0 && p->referenced <= p->cached);
    assert(gbl_kvpool_empty(p) >= 0);
    assert(p->cached == p->inserted - p->evicted);
    if (p->below) gbl_tiers_check(p->below);
}
