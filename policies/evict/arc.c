/* arc - two LRU lists, T1 of blocks used once and T2 of blocks used again, with ghosts B1 and B2 of what went from each. A
 * miss that B1 remembers says that T1 is too small, one that B2 remembers that T2 is; the target p of T1 moves accordingly
 * (Megiddo, Modha: "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003, figure 4; the step is
 * max(|other ghosts| / |these ghosts|, 1) in real numbers as in libCacheSim). */
#include "policies/policy.h"

enum { T1 = 1, T2, B1, B2, LISTS };
typedef struct arc {
    const gbl_host *h;
    int64_t capacity;
    gbl_queue list[LISTS];
    double p;      /* target size of T1 */
    int32_t ghost; /* block whose ghost was just asked for, -1 */
    int32_t from;  /* B1 or B2: where it was */
    int32_t plain; /* the victim proposed leaves no ghost */
} arc;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    arc *s = state;
    s->h = h;
    s->capacity = capacity;
    s->ghost = -1;
    for (int i = T1; i < LISTS; i++) gbl_queue_init(&s->list[i], h, (uint8_t)i, ids, blocks, sizeof(gbl_seat));
}
static int in(const arc *s, int32_t b) { return gbl_seat_of(&s->list[T1], b)->queue; }
static double step(const arc *s, int other, int these) {
    double d = (double)s->list[other].n / (double)s->list[these].n;
    return d > 1 ? d : 1;
}
static void miss(void *state, const gbl_block_info *info) {
    arc *s = state;
    s->ghost = info->ghost;
    s->from = 0;
    if (info->ghost < 0) return;
    s->from = in(s, info->ghost);
    s->p += s->from == B1 ? step(s, B2, B1) : -step(s, B1, B2);
    if (s->p > (double)s->capacity) s->p = (double)s->capacity;
    if (s->p < 0) s->p = 0;
    gbl_queue_drop(&s->list[s->from], info->ghost);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    arc *s = state;
    gbl_queue_push(&s->list[s->ghost == b ? T2 : T1], b);
    s->ghost = -1;
    s->from = 0;
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    arc *s = state;
    gbl_queue_drop(&s->list[in(s, b)], b);
    gbl_queue_push(&s->list[T2], b);
}
static void held(void *state, int32_t b, int is_held) {
    arc *s = state;
    int q = in(s, b);
    gbl_queue_hold(&s->list[q ? q : T1], b, GBL_HELD, is_held);
}
static void drop_ghost(arc *s, int list) {
    int32_t b = gbl_queue_first(&s->list[list]);
    if (b < 0) return;
    gbl_queue_drop(&s->list[list], b);
    s->h->forget(s->h, b);
}
static int32_t replace(arc *s) { /* REPLACE of the paper, with the other list where one has nothing that may go */
    double t1 = (double)s->list[T1].n;
    int first = (s->list[T1].n && (t1 > s->p || (t1 == s->p && s->from == B2))) || !s->list[T2].n;
    int32_t b = gbl_queue_first(&s->list[first ? T1 : T2]);
    return b >= 0 ? b : gbl_queue_first(&s->list[first ? T2 : T1]);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    arc *s = state;
    if (need < 1) return 0;
    int64_t l1 = s->list[T1].n + s->list[B1].n, all = l1 + s->list[T2].n + s->list[B2].n;
    s->plain = 0;
    if (!s->from) { /* case IV of the paper: remembered nowhere */
        if (l1 >= s->capacity) {
            if (s->list[B1].n) drop_ghost(s, B1);
            else s->plain = 1;
        } else if (all >= s->capacity && all - s->capacity >= s->capacity) drop_ghost(s, B2);
    }
    int32_t b = s->plain ? gbl_queue_first(&s->list[T1]) : replace(s);
    if (b < 0) b = replace(s);
    out[0] = b;
    return b >= 0;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    arc *s = state;
    int q = in(s, b);
    gbl_queue_drop(&s->list[q], b);
    if (reason == GBL_GONE_EVICTED && !(s->plain && q == T1)) gbl_queue_push(&s->list[q == T1 ? B1 : B2], b);
    else s->h->forget(s->h, b);
    s->plain = 0;
}
static void resize(void *state, int64_t capacity) {
    arc *s = state;
    s->capacity = capacity;
    if (s->p > (double)capacity) s->p = (double)capacity;
    while (s->list[B1].n + s->list[B2].n > capacity) drop_ghost(s, s->list[B1].n > s->list[B2].n ? B1 : B2);
}

static const gbl_evict_policy arc_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "arc", "Two LRU lists, of blocks used once and used again; what went and is asked for again says which should grow.",
     "Megiddo and Modha, ARC (FAST 2003); libCacheSim's ARC on flat sets", NULL, sizeof(arc), sizeof(gbl_seat), GBL_EVICT_BEFORE_INSERT | GBL_EVICT_GHOSTS},
    init, miss, insert, touch, NULL, held, victims, gone, resize, NULL};
GBL_EXPORT(&arc_policy.head);
