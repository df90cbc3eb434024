/* kvpool.h - the KV blocks of one replica, and the prefix index over them.
 *
 * A block is empty, private to one request, or cached: indexed under the key of its chain and shared by reference count.
 * Private blocks need no identity, so they are counted; cached ones are dense ids, which the eviction policy orders. A
 * cached block without a user stays resident until its space is needed; it is evictable when it has neither user nor
 * resident child, so residency is closed under prefixes.
 *
 *   capacity = empty + private + cached          at all times (asserted)
 *   free     = empty + cached without a user     what a scheduler may count on
 *
 * The index is the tree of chains itself: a block knows its first child, and chains seldom fork, so following one looks
 * nothing up. A map holds the rest: further children, and every GBL_KV_LANDMARK-th block of a chain, so that the resident
 * run of a long chain is found by bisection over landmarks and a short walk. */
#ifndef GBL_KVPOOL_H
#define GBL_KVPOOL_H
#include <assert.h>

#include "base/map.h"
#include "sim/evictor.h"

/* Tiers below HBM (sim/tier.h) keep their blocks in the same tree, so a block that moves between levels keeps its id and
 * its place, and nothing is looked up for it. Level 0 is HBM, level t the t-th tier. */
enum { GBL_KV_LANDMARK = 32 };
typedef struct gbl_kvnode {
    uint64_t key;
    int32_t parent, refs, kids, depth; /* refs: -1 where it does not lie in HBM; kids: in the tree, whatever their level */
    int32_t kid;       /* the child that is not in the map for being another's sibling; -1 */
    uint8_t at, ghost; /* a bit a level: where it lies; whose policy remembers it though it went */
} gbl_kvnode;
struct gbl_tiers;

/* Who uses a block, for the policy. */
typedef struct gbl_kvuse {
    int64_t now_ns, session, request;
    int32_t class_id, last;
    int64_t arrival_ns;
} gbl_kvuse;

/* Who used a block last, where it may go on to a tier. */
typedef struct gbl_kvowner {
    int64_t session, request;
    int32_t class_id, last;
} gbl_kvowner;

/* A piece of a block's content: what the block holds from a place on under one id of the trace. */
typedef struct gbl_kvpiece {
    uint64_t key; /* of the chain up to this place, and the place */
    int32_t end;  /* tokens from the start of the block to the end of the piece */
} gbl_kvpiece;

typedef struct gbl_kvpool {
    int64_t capacity, private_blocks, cached, referenced; /* referenced: cached blocks with a user */
    int64_t each; /* capacity and private_blocks count units; a cached block is so many of them: 1 but under compression */
    int64_t evicted, inserted, ghosts;
    int32_t block_size;
    gbl_map *index;
    /* Ghosts by key: chains of ids + 1 from a table of heads, small enough to stay in a cache; NULL where the policy keeps none. */
    int32_t *gone, *gone_next;
    uint64_t gone_mask;
    size_t ids; /* nodes there may be */
    gbl_kvnode *node;
    struct gbl_tiers *below; /* NULL: HBM alone */
    gbl_kvowner *owner;      /* by node; NULL: no tier's policy asks */
    int32_t *kids_at;        /* node x level: children that lie there; NULL: HBM alone, where node.kids says it */
    int32_t levels, needs_cost; /* needs_cost: some level's policy asks what a block costs to compute */
    int32_t *unused, n_unused, n_ids; /* node ids given back, and ids ever given */
    int64_t now_ns;          /* when blocks are taken; the caller sets it */
    gbl_evictor evictor;
    gbl_map *inside;    /* block by piece of its content; NULL where nobody looks into blocks */
    gbl_kvpiece *piece; /* `pieces` a node; key 0 ends them */
    size_t pieces;
    double *recompute_s; /* of a block by depth; NaN where not computed yet */
    size_t recompute_room;
} gbl_kvpool;

/* `evict` may be NULL where nothing is ever indexed. `tiers`: what lies below, fastest first, `n_tiers` of them. The pool must
 * not move after this. GBL_EINPUT: a policy that needs to know the future, a tier smaller than a block, more blocks than can
 * be numbered. */
struct gbl_tier_spec;
typedef struct gbl_kvpool_spec {
    int64_t capacity, each;
    int32_t block_size, n_tiers;
    const gbl_choice *evict;
    const struct gbl_tier_spec *tier;
    const gbl_host *host;
} gbl_kvpool_spec;
int gbl_kvpool_init(gbl_kvpool *p, const gbl_kvpool_spec *spec, gbl_err *err);
void gbl_kvpool_fini(gbl_kvpool *p);

static inline int64_t gbl_kvpool_empty(const gbl_kvpool *p) { return p->capacity - p->private_blocks - p->cached * p->each; }
static inline int64_t gbl_kvpool_free(const gbl_kvpool *p) { return p->capacity - p->private_blocks - p->referenced * p->each; }
static inline int64_t gbl_kvpool_used(const gbl_kvpool *p) { return p->private_blocks + p->referenced * p->each; }

/* Takes n private blocks, evicting as needed. The caller has seen that n <= free. Returns NULL, or the rule that the
 * eviction policy broke. */
const char *gbl_kvpool_take(gbl_kvpool *p, int64_t n);
void gbl_kvpool_give(gbl_kvpool *p, int64_t n);
/* Drops what the policy lets expire by now. NULL, or the rule that it broke. */
const char *gbl_kvpool_expire(gbl_kvpool *p, int64_t now_ns);
/* Drops every cached block; nobody may use one. NULL, or the rule that the eviction policy broke. */
const char *gbl_kvpool_reset(gbl_kvpool *p);
/* The cached block behind `parent` (-1: the first of a chain) with this key, or -1. */
int32_t gbl_kvpool_child(const gbl_kvpool *p, int32_t parent, uint64_t key);
/* The same, wherever it lies. */
int32_t gbl_kvpool_child_anywhere(const gbl_kvpool *p, int32_t parent, uint64_t key);
/* The cached block with this key, whose depth is a multiple of GBL_KV_LANDMARK, or -1. */
int32_t gbl_kvpool_landmark(const gbl_kvpool *p, uint64_t key);
/* One more user of a cached block; returns 1 where it had none before. A hit counts as a use for the policy. */
int gbl_kvpool_ref(gbl_kvpool *p, int32_t node, const gbl_kvuse *use);
/* A block with this key is to be indexed soon: where a ghost of it would stand is fetched meanwhile. */
static inline void gbl_kvpool_expect(const gbl_kvpool *p, uint64_t key) {
    if (p->gone) __builtin_prefetch(&p->gone[key >> 16 & p->gone_mask], 1);
}
/* Makes one private block a cached one with one user (the block must not lie in HBM yet). `below`: its node, where
 * gbl_kvpool_child_anywhere has one, or -1. -1: no memory. */
int32_t gbl_kvpool_index(gbl_kvpool *p, uint64_t key, int32_t parent, int32_t below, const gbl_kvuse *use);
/* Ends one use of a whole chain (nodes head first); returns how many have no user left. */
int32_t gbl_kvpool_unref(gbl_kvpool *p, const int32_t *chain, int32_t n, int64_t now_ns);
/* kvtails.c: blocks found by what they begin with. */
int gbl_kvpool_look_inside(gbl_kvpool *p, gbl_err *err); /* once, before anything is indexed */
/* The block with a piece that starts with this key, and where that piece ends in it; or -1. */
int32_t gbl_kvpool_inside(const gbl_kvpool *p, uint64_t key, int32_t *end);
int gbl_kvpool_describe(gbl_kvpool *p, int32_t node, const gbl_kvpiece *piece, size_t n); /* 0, or -1: no memory */
void gbl_kvpool_forget_pieces(gbl_kvpool *p, int32_t node);
void gbl_kvpool_check(const gbl_kvpool *p); /* asserts the accounts */

/* For tier.c. */
gbl_block_info gbl_kvpool_info(gbl_kvpool *p, int32_t node, int32_t level, const gbl_kvuse *use);
void gbl_kvpool_leave(gbl_kvpool *p, int32_t node, int32_t level); /* also: out of the tree where it lies nowhere any more */
void gbl_kvpool_unbind(gbl_kvpool *p, int32_t node, int32_t level); /* that level's policy remembers it no longer */
static inline int gbl_kvpool_is_at(const gbl_kvpool *p, int32_t node, int32_t level) { return p->node[node].at >> level & 1; }
/* Its bit and its parent's count. */
static inline void gbl_kvpool_enter(gbl_kvpool *p, int32_t node, int32_t level) {
    gbl_kvnode *n = &p->node[node];
    assert(!(n->at >> level & 1));
    n->at |= (uint8_t)(1u << level);
    if (p->kids_at && n->parent >= 0) p->kids_at[(int64_t)n->parent * p->levels + level]++;
}
static inline int32_t gbl_kvpool_kids(const gbl_kvpool *p, int32_t node, int32_t level) {
    return p->kids_at ? p->kids_at[(int64_t)node * p->levels + level] : p->node[node].kids;
}

#endif
