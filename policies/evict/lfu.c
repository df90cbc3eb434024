/* lfu - the block with the fewest uses since it was inserted goes; among equals the least recently used. Room is made before
 * the insertion, or the newcomer with its one use would always be the first to go. */
#include "policies/policy.h"

typedef struct lfu {
    gbl_ranking order; /* key: uses, tie: number of the last use */
    int64_t clock;
} lfu;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)h, (void)capacity, (void)ids;
    ((lfu *)state)->order = (gbl_ranking){blocks, sizeof(gbl_rank), 0};
}
static void use(lfu *s, int32_t b) {
    gbl_rank *r = gbl_rank_of(&s->order, b);
    r->key++;
    r->tie = ++s->clock;
    if (r->at) gbl_rank_set(&s->order, b);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    lfu *s = state;
    gbl_rank *r = gbl_rank_of(&s->order, b);
    r->key = 1;
    r->tie = ++s->clock;
    gbl_rank_set(&s->order, b);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    use(state, b);
}
static void held(void *state, int32_t b, int is_held) {
    lfu *s = state;
    if (is_held) gbl_rank_drop(&s->order, b);
    else gbl_rank_set(&s->order, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    const lfu *s = state;
    if (need < 1 || !s->order.n) return 0;
    out[0] = gbl_rank_min(&s->order);
    return 1;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    gbl_rank_drop(&((lfu *)state)->order, b);
}

static const gbl_evict_policy lfu_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "lfu", "The block with the fewest uses since its insertion goes; among equals the least recently used.",
     "textbook (in-cache LFU; ties as in libCacheSim's LFU)", NULL, sizeof(lfu), sizeof(gbl_rank), GBL_EVICT_BEFORE_INSERT},
    init, NULL, insert, touch, NULL, held, victims, gone, NULL, NULL};
GBL_EXPORT(&lfu_policy.head);
