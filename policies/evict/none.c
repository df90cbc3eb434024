/* none - nothing outlives its use: a block goes as soon as no request refers to it, so only requests that run at the same
 * time share. The floor that every other policy is measured against. */
#include "policies/policy.h"

typedef struct none {
    gbl_queue order; /* longest unused first */
} none;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    gbl_queue_init(&((none *)state)->order, h, 1, ids, blocks, sizeof(gbl_seat));
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_queue_push(&((none *)state)->order, b);
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((none *)state)->order, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) { return gbl_queue_firsts(&((none *)state)->order, need, out); }
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    gbl_queue_drop(&((none *)state)->order, b);
}
static int32_t expired(void *state, int64_t now_ns, int32_t most, int32_t *out) {
    (void)now_ns;
    return gbl_queue_firsts(&((none *)state)->order, most, out);
}

static const gbl_evict_policy none_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "none", "Nothing is kept: a block goes as soon as no request refers to it.", "the floor: caching between requests switched off", NULL,
     sizeof(none), sizeof(gbl_seat), 0},
    init, NULL, insert, NULL, NULL, held, victims, gone, NULL, expired};
GBL_EXPORT(&none_policy.head);
