/* twoq - new blocks go through a FIFO (A1in); what leaves it is remembered for a while (A1out, ghosts), and what is asked for
 * again in that time goes to the LRU list of the hot ones (Am). A scan passes through A1in and never sees Am
 * (Johnson, Shasha: "2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm", VLDB 1994, full version;
 * Kin = C/4 and Kout = C/2 as the authors advise). */
#include "policies/policy.h"

enum { IN = 1, MAIN, OUT };
typedef struct twoq {
    double kin, kout;
    const gbl_host *h;
    int64_t capacity;
    gbl_queue in, main, out;
    int32_t ghost; /* block whose ghost was just asked for, -1 */
} twoq;
static const gbl_param params[] = {
    {"kin", GBL_P_REAL, 0, offsetof(twoq, kin), "0.25", 0, 1, "share", NULL, "Share of the capacity above which the queue of new blocks gives first."},
    {"kout", GBL_P_REAL, 0, offsetof(twoq, kout), "0.5", 0, 1, "share", NULL, "Blocks that went and are remembered, as a share of the capacity."},
    {0}};

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    twoq *s = state;
    s->h = h;
    s->capacity = capacity;
    s->ghost = -1;
    gbl_queue_init(&s->in, h, IN, ids, blocks, sizeof(gbl_seat));
    gbl_queue_init(&s->main, h, MAIN, ids, blocks, sizeof(gbl_seat));
    gbl_queue_init(&s->out, h, OUT, ids, blocks, sizeof(gbl_seat));
}
static gbl_queue *queue_of(twoq *s, int32_t b) {
    uint8_t id = gbl_seat_of(&s->in, b)->queue;
    return id == MAIN ? &s->main : id == OUT ? &s->out : &s->in;
}
static void miss(void *state, const gbl_block_info *info) {
    twoq *s = state;
    s->ghost = info->ghost;
    if (info->ghost >= 0) gbl_queue_drop(&s->out, info->ghost);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    twoq *s = state;
    gbl_queue_push(s->ghost == b ? &s->main : &s->in, b);
    s->ghost = -1;
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    twoq *s = state;
    if (gbl_seat_of(&s->main, b)->queue == MAIN) gbl_queue_again(&s->main, b);
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(queue_of(state, b), b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) {
    twoq *s = state;
    if (need < 1) return 0;
    int from_main = s->in.n <= (int64_t)(s->kin * (double)s->capacity);
    out[0] = gbl_queue_first(from_main ? &s->main : &s->in);
    if (out[0] < 0) out[0] = gbl_queue_first(from_main ? &s->in : &s->main);
    return out[0] >= 0;
}
static void trim(twoq *s) {
    while (s->out.n > (int64_t)(s->kout * (double)s->capacity)) {
        int32_t b = gbl_queue_first(&s->out);
        gbl_queue_drop(&s->out, b);
        s->h->forget(s->h, b);
    }
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    twoq *s = state;
    int was_in = gbl_seat_of(&s->in, b)->queue == IN;
    gbl_queue_drop(queue_of(s, b), b);
    if (was_in && reason == GBL_GONE_EVICTED) gbl_queue_push(&s->out, b);
    else s->h->forget(s->h, b);
    trim(s);
}
static void resize(void *state, int64_t capacity) {
    twoq *s = state;
    s->capacity = capacity;
    trim(s);
}

static const gbl_evict_policy twoq_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "twoq", "New blocks pass a FIFO queue; one asked for again while it is remembered joins an LRU list of hot ones.",
     "Johnson and Shasha, 2Q (VLDB 1994), full version; libCacheSim's TwoQ on flat sets", params, sizeof(twoq), sizeof(gbl_seat), GBL_EVICT_BEFORE_INSERT | GBL_EVICT_GHOSTS},
    init, miss, insert, touch, NULL, held, victims, gone, resize, NULL};
GBL_EXPORT(&twoq_policy.head);
