/* sieve - a queue in order of insertion and a hand that walks it from old to young: a visited block loses its mark and keeps
 * its place, the first unvisited one goes, and the hand stays there. At the young end it starts again at the old end
 * (Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is Simpler than LRU", NSDI 2024). */
#include "policies/policy.h"

typedef struct sieve {
    gbl_queue order; /* order.hand: where the hand looks next */
} sieve;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    gbl_queue_init(&((sieve *)state)->order, h, 1, ids, blocks, sizeof(gbl_seat));
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    sieve *s = state;
    gbl_seat_of(&s->order, b)->mark = 0;
    gbl_queue_push(&s->order, b);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_seat_of(&((sieve *)state)->order, b)->mark = 1;
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((sieve *)state)->order, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) {
    sieve *s = state;
    gbl_queue *q = &s->order;
    if (need < 1) return 0;
    for (;;) { /* ends: a full turn has taken every mark away */
        int32_t b = gbl_queue_from(q, q->hand);
        if (b < 0 && (b = gbl_queue_first(q)) < 0) return 0;
        gbl_seat *seat = gbl_seat_of(q, b);
        q->hand = gbl_queue_place(q, b);
        if (!seat->mark) {
            out[0] = b;
            return 1;
        }
        seat->mark = 0;
        q->hand++;
    }
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    gbl_queue *q = &((sieve *)state)->order;
    gbl_queue_drop(q, b);
    /* Past the youngest block the hand is at the old end, not in wait for the next insertion. */
    if (reason == GBL_GONE_EVICTED && gbl_queue_from(q, q->hand) < 0) q->hand = 0;
}

static const gbl_evict_policy sieve_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "sieve", "A hand walks from old to young: a block used since it last passed is spared in place, the first that was not goes.",
     "Zhang et al., SIEVE is Simpler than LRU (NSDI 2024); libCacheSim's Sieve on flat sets", NULL, sizeof(sieve), sizeof(gbl_seat), GBL_EVICT_BEFORE_INSERT | GBL_EVICT_BLIND},
    init, NULL, insert, touch, NULL, held, victims, gone, NULL, NULL};
GBL_EXPORT(&sieve_policy.head);
