/* fifo - the block that has been resident longest goes, used or not. */
#include "policies/policy.h"

typedef struct fifo {
    gbl_ranking order;
    int64_t clock;
} fifo;

static void init(void *state, const gbl_host *h, int64_t capacity, void *blocks) {
    (void)h, (void)capacity;
    fifo *s = state;
    s->order = (gbl_ranking){blocks, sizeof(gbl_rank), 0};
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    fifo *s = state;
    gbl_rank_of(&s->order, b)->key = ++s->clock;
    gbl_rank_set(&s->order, b);
}
static void held(void *state, int32_t b, int is_held) {
    fifo *s = state;
    if (is_held) gbl_rank_drop(&s->order, b);
    else gbl_rank_set(&s->order, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    const fifo *s = state;
    if (need < 1 || !s->order.n) return 0;
    out[0] = gbl_rank_min(&s->order);
    return 1;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    fifo *s = state;
    gbl_rank_drop(&s->order, b);
}

static const gbl_evict_policy fifo_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "fifo", "The block inserted first goes first, however often it was used.", "textbook", NULL,
     sizeof(fifo), sizeof(gbl_rank), 0},
    init, NULL, insert, NULL, NULL, held, victims, gone, NULL};
GBL_EXPORT(&fifo_policy.head);
