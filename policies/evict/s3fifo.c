/* s3fifo - three FIFO queues. New blocks enter the small one (C/10); at its end a block that was used at least twice moves to
 * the main one, any other goes and is remembered (9C/10 ghosts). A block that returns while remembered enters the main
 * queue, where the end of the queue gives a used block another round for each use, at most three (a 2-bit counter)
 * (Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction", SOSP 2023). Until the first
 * eviction what does not fit in the small queue enters the main one, as in libCacheSim. */
#include "policies/policy.h"

enum { SMALL = 1, MAIN, GHOST, MOST_USES = 3 };
typedef struct s3fifo {
    double small_share, ghost_share;
    int64_t promote;
    const gbl_host *h;
    int64_t capacity;
    gbl_queue small, main, ghosts;
    int32_t ghost; /* block whose ghost was just asked for, -1 */
    int32_t has_evicted;
} s3fifo;
static const gbl_param params[] = {
    {"small", GBL_P_REAL, 0, offsetof(s3fifo, small_share), "0.1", 0, 1, "share", NULL, "The small queue's share of the capacity."},
    {"ghosts", GBL_P_REAL, 0, offsetof(s3fifo, ghost_share), "0.9", 0, 1, "share", NULL, "Blocks that went and are remembered, as a share of the capacity."},
    {"promote", GBL_P_INT, 0, offsetof(s3fifo, promote), "2", 1, 3, "uses", NULL, "Uses in the small queue that earn a place in the main one."},
    {0}};

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    s3fifo *s = state;
    s->h = h;
    s->capacity = capacity;
    s->ghost = -1;
    gbl_queue_init(&s->small, h, SMALL, ids, blocks, sizeof(gbl_seat));
    gbl_queue_init(&s->main, h, MAIN, ids, blocks, sizeof(gbl_seat));
    gbl_queue_init(&s->ghosts, h, GHOST, ids, blocks, sizeof(gbl_seat));
}
static int64_t small_room(const s3fifo *s) { return (int64_t)((double)s->capacity * s->small_share); }
static gbl_queue *queue_of(s3fifo *s, int32_t b) { return gbl_seat_of(&s->small, b)->queue == MAIN ? &s->main : &s->small; }

static void miss(void *state, const gbl_block_info *info) {
    s3fifo *s = state;
    s->ghost = info->ghost;
    if (info->ghost >= 0) gbl_queue_drop(&s->ghosts, info->ghost);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    s3fifo *s = state;
    int filling = !s->has_evicted && s->small.n >= small_room(s);
    gbl_seat_of(&s->small, b)->count = 0;
    gbl_queue_push(s->ghost == b || filling ? &s->main : &s->small, b);
    s->ghost = -1;
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_seat *seat = gbl_seat_of(&((s3fifo *)state)->small, b);
    if (seat->count < MOST_USES) seat->count++;
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(queue_of(state, b), b, GBL_HELD, is_held); }

static int32_t from_small(s3fifo *s) { /* -1: whoever may go has moved to the main queue */
    int32_t b;
    while ((b = gbl_queue_first(&s->small)) >= 0 && gbl_seat_of(&s->small, b)->count >= s->promote) {
        gbl_queue_drop(&s->small, b);
        gbl_seat_of(&s->main, b)->count = 0;
        gbl_queue_push(&s->main, b);
    }
    return b;
}
static int32_t from_main(s3fifo *s) {
    int32_t b;
    while ((b = gbl_queue_first(&s->main)) >= 0 && gbl_seat_of(&s->main, b)->count) {
        gbl_seat_of(&s->main, b)->count--;
        gbl_queue_again(&s->main, b);
    }
    return b;
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    s3fifo *s = state;
    if (need < 1) return 0;
    int main_first = s->main.n > s->capacity - small_room(s);
    s->has_evicted = 1;
    out[0] = main_first ? from_main(s) : from_small(s);
    if (out[0] < 0 && !main_first) out[0] = from_main(s);
    if (out[0] < 0) out[0] = from_small(s);
    if (out[0] < 0) out[0] = from_main(s);
    return out[0] >= 0;
}
static void trim(s3fifo *s) {
    while (s->ghosts.n > (int64_t)((double)s->capacity * s->ghost_share)) {
        int32_t b = gbl_queue_first(&s->ghosts);
        gbl_queue_drop(&s->ghosts, b);
        s->h->forget(s->h, b);
    }
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    s3fifo *s = state;
    int was_small = gbl_seat_of(&s->small, b)->queue == SMALL;
    gbl_queue_drop(queue_of(s, b), b);
    if (was_small && reason == GBL_GONE_EVICTED) gbl_queue_push(&s->ghosts, b);
    else s->h->forget(s->h, b);
    trim(s);
}
static void resize(void *state, int64_t capacity) {
    s3fifo *s = state;
    s->capacity = capacity;
    trim(s);
}

static const gbl_evict_policy s3fifo_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "s3fifo", "Three FIFO queues: a small one for new blocks, a main one for those used again, ghosts of those that went.",
     "Yang et al., FIFO queues are all you need for cache eviction (SOSP 2023); libCacheSim's S3FIFO on flat sets", params, sizeof(s3fifo), sizeof(gbl_seat), GBL_EVICT_BEFORE_INSERT | GBL_EVICT_GHOSTS},
    init, miss, insert, touch, NULL, held, victims, gone, resize, NULL};
GBL_EXPORT(&s3fifo_policy.head);
