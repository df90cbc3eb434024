/* fifo - the block that has been resident longest goes, used or not. */
#include "policies/policy.h"

typedef struct fifo {
    gbl_queue order;
} fifo;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    gbl_queue_init(&((fifo *)state)->order, h, 1, ids, blocks, sizeof(gbl_seat));
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_queue_push(&((fifo *)state)->order, b);
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((fifo *)state)->order, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) { return gbl_queue_firsts(&((fifo *)state)->order, need, out); }
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    gbl_queue_drop(&((fifo *)state)->order, b);
}

static const gbl_evict_policy fifo_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "fifo", "The block inserted first goes first, however often it was used.", "textbook", NULL,
     sizeof(fifo), sizeof(gbl_seat), GBL_EVICT_BLIND},
    init, NULL, insert, NULL, NULL, held, victims, gone, NULL, NULL};
GBL_EXPORT(&fifo_policy.head);
