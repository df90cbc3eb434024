/* clock - a hand goes round the blocks; one with its bit set loses the bit and stays for another turn, the first without
 * goes. A use sets the bit, an insertion does not: a block must be used again before the hand comes to stay
 * (F. J. Corbato, "A Paging Experiment with the Multics System", MIT Project MAC, 1968; libCacheSim: init-freq 0).
 *
 * The ring is a queue: the hand stands at its old end, and a block that is spared goes to the young end. */
#include "policies/policy.h"

typedef struct clock_state {
    gbl_queue ring;
} clock_state;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    gbl_queue_init(&((clock_state *)state)->ring, h, 1, ids, blocks, sizeof(gbl_seat));
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    clock_state *s = state;
    gbl_seat_of(&s->ring, b)->mark = 0;
    gbl_queue_push(&s->ring, b);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_seat_of(&((clock_state *)state)->ring, b)->mark = 1;
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((clock_state *)state)->ring, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) {
    clock_state *s = state;
    if (need < 1) return 0;
    int32_t b;
    while ((b = gbl_queue_first(&s->ring)) >= 0 && gbl_seat_of(&s->ring, b)->mark) { /* each pass takes a bit away */
        gbl_seat_of(&s->ring, b)->mark = 0;
        gbl_queue_again(&s->ring, b);
    }
    out[0] = b;
    return b >= 0;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    gbl_queue_drop(&((clock_state *)state)->ring, b);
}

static const gbl_evict_policy clock_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "clock", "A hand goes round: a block used since the last turn is spared, the first that was not goes; inserted with bit 0.",
     "Corbato, A Paging Experiment with the Multics System (MIT, 1968); libCacheSim's Clock on flat sets", NULL, sizeof(clock_state), sizeof(gbl_seat), GBL_EVICT_BEFORE_INSERT | GBL_EVICT_BLIND},
    init, NULL, insert, touch, NULL, held, victims, gone, NULL, NULL};
GBL_EXPORT(&clock_policy.head);
