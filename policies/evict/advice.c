/* advice - one predicted bit with each use says whether the block is worth keeping, and the bit may be wrong
 * (Antoniadis, Boyar, Elias, Favrholdt, Hoeksma, Larsen, Polak, Simon: "Paging with Succinct Predictions", ICML 2023).
 *   discard: the bit is 1 where the optimum evicts the block before its next use. A block whose latest bit is 1 goes, the
 *            longest marked first; without one, the marking algorithm picks.
 *   phase:   the bit is 1 where the block is used again in the next phase. An unmarked block predicted 0 goes, any with the
 *            same chance; without one, any unmarked block.
 * Marking: a use marks a block; when no evictable block is unmarked a new phase begins and all marks are wiped (Fiat et al.,
 * "Competitive paging algorithms", Journal of Algorithms, 1991). The true bits come from the recorded order; each is flipped with probability `error`,
 * drawn by the number of its access. With error 0 `discard` misses as often as the optimum without bypass. */
#include "policies/policy.h"

enum { BY_DISCARD, BY_PHASE, RESIDENT = 1, STREAM_FLIP = 4, STREAM_PICK = 5 };
typedef struct page {
    gbl_seat seat; /* in the queue of the doomed; count: RESIDENT, mark: the predicted bit */
    int64_t phase; /* marked in this phase */
} page;
typedef struct advice {
    int32_t bit;
    double error;
    const gbl_host *h;
    gbl_queue doomed;    /* resident, latest discard bit 1 */
    gbl_bag unmarked[2]; /* evictable and unmarked, by predicted phase bit (discard: all in 0) */
    int32_t ids;
    int64_t phase;
    uint64_t drawn;
} advice;
static const gbl_param params[] = {
    {"bit", GBL_P_CHOICE, 0, offsetof(advice, bit), "\"discard\"", 0, 0, NULL, "discard|phase", "What the bit predicts."},
    {"error", GBL_P_REAL, 0, offsetof(advice, error), "0", 0, 1, "share", NULL, "Probability that a bit is wrong."},
    {0}};

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    advice *s = state;
    s->h = h;
    s->ids = ids;
    s->phase = 1;
    gbl_queue_init(&s->doomed, h, 1, ids, blocks, sizeof(page));
    gbl_bag_init(&s->unmarked[0], h, ids);
    gbl_bag_init(&s->unmarked[1], h, ids);
}
static page *page_of(const advice *s, int32_t b) { return (page *)(void *)gbl_seat_of(&s->doomed, b); }
static void unbag(advice *s, int32_t b) {
    gbl_bag_drop(&s->unmarked[0], b);
    gbl_bag_drop(&s->unmarked[1], b);
}
static void bag(advice *s, int32_t b) {
    const page *p = page_of(s, b);
    if (p->seat.count == RESIDENT && !p->seat.held && p->phase != s->phase) gbl_bag_put(&s->unmarked[p->seat.mark], b);
}
static int predicted(const advice *s, const gbl_block_info *info) {
    int bit = s->bit == BY_PHASE ? info->phase : info->discard;
    return bit ^ (s->error > 0 && s->h->draw(s->h, STREAM_FLIP, (uint64_t)info->access, 0) < s->error);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    advice *s = state;
    page *p = page_of(s, b);
    int bit = predicted(s, info);
    unbag(s, b);
    p->phase = s->phase;
    p->seat.mark = (uint8_t)(s->bit == BY_PHASE ? bit : 0);
    gbl_queue_drop(&s->doomed, b);
    if (s->bit == BY_DISCARD && bit) gbl_queue_push(&s->doomed, b);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    page_of(state, b)->seat.count = RESIDENT;
    touch(state, b, info);
}
static void held(void *state, int32_t b, int is_held) {
    advice *s = state;
    gbl_queue_hold(&s->doomed, b, GBL_HELD, is_held);
    if (is_held) unbag(s, b);
    else bag(s, b);
}
static void next_phase(advice *s) {
    s->phase++;
    for (int32_t b = 0; b < s->ids; b++) bag(s, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    advice *s = state;
    if (need < 1) return 0;
    out[0] = gbl_queue_first(&s->doomed);
    if (out[0] >= 0) return 1;
    if (!s->unmarked[0].n && !s->unmarked[1].n) next_phase(s);
    out[0] = gbl_bag_pick(&s->unmarked[s->unmarked[0].n ? 0 : 1], s->h->draw(s->h, STREAM_PICK, 0, s->drawn++));
    return out[0] >= 0;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    advice *s = state;
    page_of(s, b)->seat.count = 0;
    gbl_queue_drop(&s->doomed, b);
    unbag(s, b);
}

static const gbl_evict_policy advice_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "advice", "One predicted bit a use says what to drop or keep; it may be wrong; marking decides where the bits are silent.",
     "Antoniadis et al., Paging with Succinct Predictions (ICML 2023)", params, sizeof(advice), sizeof(page), GBL_EVICT_BEFORE_INSERT | GBL_EVICT_NEEDS_ADVICE},
    init, NULL, insert, touch, NULL, held, victims, gone, NULL, NULL};
GBL_EXPORT(&advice_policy.head);
