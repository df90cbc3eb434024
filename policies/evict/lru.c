/* lru, lru_tail - the least recently used block goes. A request's chain ends its use at once; `lru` touches it from the
 * head, so heads are the older ones, `lru_tail` from the tail, so the deepest block of the oldest chain goes first (vLLM).
 *
 * One queue in order of last use. A held block that becomes evictable again without a new use (its last resident child
 * went) still sits at its place. */
#include "policies/policy.h"

typedef struct lru {
    gbl_queue order;
} lru;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    gbl_queue_init(&((lru *)state)->order, h, 1, ids, blocks, sizeof(gbl_seat));
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_queue_push(&((lru *)state)->order, b);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_queue_again(&((lru *)state)->order, b);
}
static void released(void *state, int32_t b, int64_t now_ns) {
    (void)now_ns;
    gbl_queue_again(&((lru *)state)->order, b);
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((lru *)state)->order, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) { return gbl_queue_firsts(&((lru *)state)->order, need, out); }
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    gbl_queue_drop(&((lru *)state)->order, b);
}

static const gbl_evict_policy lru_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "lru", "The least recently used block goes; a chain is touched from its head.",
     "textbook; libCacheSim's LRU on flat sets", NULL, sizeof(lru), sizeof(gbl_seat), GBL_EVICT_BLIND},
    init, NULL, insert, touch, released, held, victims, gone, NULL, NULL};
static const gbl_evict_policy lru_tail_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "lru_tail", "The least recently used block goes; a chain is touched from its tail, so its deepest block goes first.",
     "vLLM (free queue in reverse block order; v0 evictor: oldest access, then deepest)", NULL, sizeof(lru), sizeof(gbl_seat), GBL_EVICT_TAIL_FIRST | GBL_EVICT_BLIND},
    init, NULL, insert, touch, released, held, victims, gone, NULL, NULL};
GBL_EXPORT(&lru_policy.head, &lru_tail_policy.head);
