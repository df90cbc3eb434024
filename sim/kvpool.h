/* kvpool.h - the KV blocks of one replica, and the prefix index over them.
 *
 * A block is empty, private to one request, or cached: indexed under the key of its chain and shared by reference count.
 * Private blocks need no identity, so they are counted; cached ones are dense ids below the capacity, which the eviction
 * policy orders. A cached block without a user stays resident until its space is needed; it is evictable when it has
 * neither user nor resident child, so residency is closed under prefixes and a chain's resident run is found by bisection.
 *
 *   capacity = empty + private + cached          at all times (asserted)
 *   free     = empty + cached without a user     what a scheduler may count on
 */
#ifndef GBL_KVPOOL_H
#define GBL_KVPOOL_H
#include "base/map.h"
#include "sim/policy_table.h"

typedef struct gbl_kvnode {
    uint64_t key;
    int32_t parent, refs, kids, depth;
} gbl_kvnode;

typedef struct gbl_kvpool {
    int64_t capacity, private_blocks, cached, referenced; /* referenced: cached blocks with a user */
    int64_t evicted, inserted;
    int32_t block_size;
    gbl_map *index;
    gbl_kvnode *node;
    int32_t *unused, n_unused, n_ids; /* node ids given back, and ids ever given */
    const gbl_evict_policy *evict;
    void *evict_state, *evict_blocks;
} gbl_kvpool;

/* `evict` may be NULL where nothing is ever indexed. */
int gbl_kvpool_init(gbl_kvpool *p, int64_t capacity, int32_t block_size, const gbl_choice *evict, const gbl_host *h, gbl_err *err);
void gbl_kvpool_fini(gbl_kvpool *p);

static inline int64_t gbl_kvpool_empty(const gbl_kvpool *p) { return p->capacity - p->private_blocks - p->cached; }
static inline int64_t gbl_kvpool_free(const gbl_kvpool *p) { return p->capacity - p->private_blocks - p->referenced; }
static inline int64_t gbl_kvpool_used(const gbl_kvpool *p) { return p->private_blocks + p->referenced; }

/* Takes n private blocks, evicting as needed. The caller has seen that n <= free. Returns NULL, or the rule that the
 * eviction policy broke. */
const char *gbl_kvpool_take(gbl_kvpool *p, int64_t n);
void gbl_kvpool_give(gbl_kvpool *p, int64_t n);
int32_t gbl_kvpool_find(const gbl_kvpool *p, uint64_t key);
/* One more user of a cached block; returns 1 where it had none before. A hit counts as a use for the policy. */
int gbl_kvpool_ref(gbl_kvpool *p, int32_t node, int64_t now_ns);
/* Makes one private block a cached one with one user (the block must not be indexed yet). -1: no memory. */
int32_t gbl_kvpool_index(gbl_kvpool *p, uint64_t key, int32_t parent, int64_t now_ns);
/* Ends one use of a whole chain (nodes head first); returns how many have no user left. */
int32_t gbl_kvpool_unref(gbl_kvpool *p, const int32_t *chain, int32_t n);
void gbl_kvpool_check(const gbl_kvpool *p); /* asserts the accounts */

#endif
