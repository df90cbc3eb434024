/* leaf_lru - of the blocks that no resident block continues, the least recently used goes, so a chain shrinks from its tail
 * and no block outlives its prefix (SGLang's radix tree: Zheng et al., "SGLang", NeurIPS 2024, section 3). In an engine
 * every policy keeps to leaves; on a flat set only this one does. A block inserted while its parent is not resident (a
 * chain longer than the pool) counts as a root. */
#include "policies/policy.h"

enum { HAS_KIDS = 2 };
typedef struct leaf {
    gbl_seat seat;
    int32_t parent, kids;
} leaf;
typedef struct leaf_lru {
    gbl_queue order;
} leaf_lru;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    gbl_queue_init(&((leaf_lru *)state)->order, h, 1, ids, blocks, sizeof(leaf));
}
static leaf *leaf_of(const leaf_lru *s, int32_t b) { return (leaf *)(void *)gbl_seat_of(&s->order, b); }
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    leaf_lru *s = state;
    leaf *l = leaf_of(s, b);
    l->parent = info->parent;
    l->kids = 0;
    gbl_queue_push(&s->order, b);
    if (l->parent < 0) return;
    leaf_of(s, l->parent)->kids++;
    gbl_queue_hold(&s->order, l->parent, HAS_KIDS, 1);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_queue_again(&((leaf_lru *)state)->order, b);
}
static void released(void *state, int32_t b, int64_t now_ns) {
    (void)now_ns;
    gbl_queue_again(&((leaf_lru *)state)->order, b);
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((leaf_lru *)state)->order, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) {
    if (need < 1) return 0;
    out[0] = gbl_queue_first(&((leaf_lru *)state)->order); /* one: its parent may be older than the next */
    return out[0] >= 0;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    leaf_lru *s = state;
    int32_t parent = leaf_of(s, b)->parent;
    gbl_queue_drop(&s->order, b);
    if (parent >= 0 && !--leaf_of(s, parent)->kids) gbl_queue_hold(&s->order, parent, HAS_KIDS, 0);
}

static const gbl_evict_policy leaf_lru_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "leaf_lru", "Of the blocks without a resident continuation the least recently used goes: chains shrink from their tails.",
     "SGLang's radix tree (Zheng et al., NeurIPS 2024)", NULL, sizeof(leaf_lru), sizeof(leaf), 0},
    init, NULL, insert, touch, released, held, victims, gone, NULL, NULL};
GBL_EXPORT(&leaf_lru_policy.head);
