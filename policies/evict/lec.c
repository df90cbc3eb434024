/* lec - least expected cost: the block with the smallest frequency x cost of computing it again goes, the newcomer included
 * (Zhu, Sheng, Zheng, Barrett, Jordan, Jiao: "On Optimal Caching and Model Multiplexing for Large Model Inference", NeurIPS
 * 2023). Frequencies are counted over all that is known, not only while resident: as many blocks as the pool holds are
 * remembered with their counts after they went, the longest gone are forgotten. Among equals the least recently used goes. */
#include "policies/policy.h"

typedef struct weight {
    gbl_seat seat; /* in the queue of those that went */
    gbl_rank rank; /* key: the weight's bits, tie: number of the last use */
    double cost;
    int64_t uses;
} weight;
typedef struct lec {
    const gbl_host *h;
    gbl_ranking order;
    gbl_queue ghosts;
    int64_t capacity, clock;
    int32_t ghost; /* block whose ghost was just asked for, -1 */
} lec;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    lec *s = state;
    s->h = h;
    s->capacity = capacity;
    s->ghost = -1;
    s->order = (gbl_ranking){(char *)blocks + offsetof(weight, rank), sizeof(weight), 0};
    gbl_queue_init(&s->ghosts, h, 1, ids, blocks, sizeof(weight));
}
static weight *weight_of(const lec *s, int32_t b) { return (weight *)(void *)gbl_seat_of(&s->ghosts, b); }
static void use(lec *s, int32_t b, const gbl_block_info *info) {
    weight *w = weight_of(s, b);
    w->cost = info->reload_s > 0 && info->reload_s < info->recompute_s ? info->reload_s : info->recompute_s;
    w->uses++;
    union { double d; int64_t i; } u = {.d = (double)w->uses * w->cost};
    w->rank.key = u.i;
    w->rank.tie = ++s->clock;
}
static void miss(void *state, const gbl_block_info *info) {
    lec *s = state;
    s->ghost = info->ghost;
    if (info->ghost >= 0) gbl_queue_drop(&s->ghosts, info->ghost);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    lec *s = state;
    if (s->ghost != b) weight_of(s, b)->uses = 0;
    s->ghost = -1;
    use(s, b, info);
    gbl_rank_set(&s->order, b);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    lec *s = state;
    use(s, b, info);
    if (weight_of(s, b)->rank.at) gbl_rank_set(&s->order, b);
}
static void held(void *state, int32_t b, int is_held) {
    lec *s = state;
    if (is_held) gbl_rank_drop(&s->order, b);
    else gbl_rank_set(&s->order, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    const lec *s = state;
    if (need < 1 || !s->order.n) return 0;
    out[0] = gbl_rank_min(&s->order);
    return 1;
}
static void trim(lec *s) {
    while (s->ghosts.n > s->capacity) {
        int32_t b = gbl_queue_first(&s->ghosts);
        gbl_queue_drop(&s->ghosts, b);
        s->h->forget(s->h, b);
    }
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    lec *s = state;
    gbl_rank_drop(&s->order, b);
    gbl_queue_push(&s->ghosts, b);
    trim(s);
}
static void resize(void *state, int64_t capacity) {
    ((lec *)state)->capacity = capacity;
    trim(state);
}

static const gbl_evict_policy lec_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "lec", "The block of least expected cost goes: uses ever counted x seconds to compute it again.",
     "Zhu et al., On Optimal Caching and Model Multiplexing for Large Model Inference (NeurIPS 2023)", NULL, sizeof(lec), sizeof(weight), GBL_EVICT_GHOSTS | GBL_EVICT_NEEDS_COST},
    init, miss, insert, touch, NULL, held, victims, gone, resize, NULL};
GBL_EXPORT(&lec_policy.head);
