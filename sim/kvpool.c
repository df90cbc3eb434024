#include "sim/kvpool.h"

#include <assert.h>
#include <string.h>

int gbl_kvpool_init(gbl_kvpool *p, int64_t capacity, int32_t block_size, const gbl_choice *evict, const gbl_host *h, gbl_err *err) {
    *p = (gbl_kvpool){.capacity = capacity, .block_size = block_size};
    if (!evict) return 0;
    p->evict = (const gbl_evict_policy *)(const void *)evict->policy;
    const gbl_policy *head = evict->policy;
    p->index = gbl_map_new(1024);
    p->node = gbl_alloc((size_t)capacity, sizeof *p->node);
    p->unused = gbl_alloc((size_t)capacity, sizeof *p->unused);
    p->evict_state = gbl_alloc(1, head->state_size ? head->state_size : 1);
    p->evict_blocks = gbl_alloc((size_t)capacity, head->block_size ? head->block_size : 1);
    if (!p->index || !p->node || !p->unused || !p->evict_state || !p->evict_blocks) {
        gbl_kvpool_fini(p);
        return gbl_nomem(err, (size_t)capacity * sizeof *p->node);
    }
    if (evict->config) memcpy(p->evict_state, evict->config, head->state_size);
    if (p->evict->init) p->evict->init(p->evict_state, h, capacity, p->evict_blocks);
    return 0;
}

void gbl_kvpool_fini(gbl_kvpool *p) {
    gbl_map_free(p->index);
    gbl_free(p->node);
    gbl_free(p->unused);
    gbl_free(p->evict_state);
    gbl_free(p->evict_blocks);
    *p = (gbl_kvpool){0};
}

static void set_held(gbl_kvpool *p, int32_t node, int held) {
    if (p->evict->held) p->evict->held(p->evict_state, node, held);
}

static void drop(gbl_kvpool *p, int32_t id) {
    gbl_kvnode *n = &p->node[id];
    if (p->evict->gone) p->evict->gone(p->evict_state, id, GBL_GONE_EVICTED);
    gbl_map_remove(p->index, n->key);
    p->unused[p->n_unused++] = id;
    p->cached--;
    p->evicted++;
    int32_t parent = n->parent;
    n->refs = -1;
    if (parent < 0) return;
    gbl_kvnode *up = &p->node[parent];
    assert(up->kids > 0);
    if (--up->kids == 0 && up->refs == 0) set_held(p, parent, 0);
}

/* One victim at a time: with the last child gone a parent may be older than the next in line, and how many blocks are
 * taken at once must not change who goes. */
const char *gbl_kvpool_take(gbl_kvpool *p, int64_t n) {
    assert(n >= 0 && n <= gbl_kvpool_free(p));
    while (gbl_kvpool_empty(p) < n) {
        int32_t out = -1;
        if (p->evict->victims(p->evict_state, 1, &out) != 1) return "it proposes no victim while evictable blocks are resident";
        if (out < 0 || out >= p->n_ids) return "it proposes a block that does not exist";
        if (p->node[out].refs != 0 || p->node[out].kids != 0) return "it proposes a block that is held or gone";
        drop(p, out);
    }
    p->private_blocks += n;
    return NULL;
}

void gbl_kvpool_give(gbl_kvpool *p, int64_t n) {
    assert(n >= 0 && n <= p->private_blocks);
    p->private_blocks -= n;
}

int32_t gbl_kvpool_find(const gbl_kvpool *p, uint64_t key) { return p->index ? gbl_map_get(p->index, key) : -1; }

static gbl_block_info info_of(const gbl_kvpool *p, int32_t id, int64_t now_ns) {
    const gbl_kvnode *n = &p->node[id];
    return (gbl_block_info){n->key, n->parent, n->depth, p->block_size, now_ns, INT64_MAX};
}

int gbl_kvpool_ref(gbl_kvpool *p, int32_t id, int64_t now_ns) {
    gbl_kvnode *n = &p->node[id];
    assert(n->refs >= 0);
    int first = n->refs++ == 0;
    if (first) {
        p->referenced++;
        if (!n->kids) set_held(p, id, 1);
    }
    if (p->evict->touch) {
        gbl_block_info info = info_of(p, id, now_ns);
        p->evict->touch(p->evict_state, id, &info);
    }
    return first;
}

int32_t gbl_kvpool_index(gbl_kvpool *p, uint64_t key, int32_t parent, int64_t now_ns) {
    assert(p->private_blocks > 0);
    int32_t id = p->n_unused ? p->unused[--p->n_unused] : p->n_ids++;
    if (gbl_map_put(p->index, key, id)) {
        p->unused[p->n_unused++] = id;
        return -1;
    }
    p->node[id] = (gbl_kvnode){key, parent, 1, 0, parent < 0 ? 0 : p->node[parent].depth + 1};
    p->private_blocks--;
    p->cached++;
    p->referenced++;
    p->inserted++;
    gbl_block_info info = info_of(p, id, now_ns);
    if (p->evict->miss) p->evict->miss(p->evict_state, &info);
    if (p->evict->insert) p->evict->insert(p->evict_state, id, &info);
    set_held(p, id, 1);
    if (parent >= 0) {
        assert(p->node[parent].refs > 0);
        p->node[parent].kids++;
    }
    return id;
}

static int unref_one(gbl_kvpool *p, int32_t id) {
    gbl_kvnode *n = &p->node[id];
    assert(n->refs > 0);
    if (--n->refs) return 0;
    p->referenced--;
    if (p->evict->released) p->evict->released(p->evict_state, id);
    if (!n->kids) set_held(p, id, 0);
    return 1;
}

int32_t gbl_kvpool_unref(gbl_kvpool *p, const int32_t *chain, int32_t n) {
    int32_t freed = 0;
    if (!n) return 0;
    if (p->evict->head.flags & GBL_EVICT_TAIL_FIRST)
        for (int32_t i = n - 1; i >= 0; i--) freed += unref_one(p, chain[i]);
    else
        for (int32_t i = 0; i < n; i++) freed += unref_one(p, chain[i]);
    return freed;
}

void gbl_kvpool_check(const gbl_kvpool *p) {
    assert(p->private_blocks >= 0 && p->cached >= 0 && p->referenced >= 0 && p->referenced <= p->cached);
    assert(gbl_kvpool_empty(p) >= 0);
    assert(p->cached == p->inserted - p->evicted);
}
