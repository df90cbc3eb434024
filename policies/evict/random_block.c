/* random - any evictable block goes, all with the same chance. The draw is keyed by how many went before it, so the same
 * seed gives the same run. */
#include "policies/policy.h"

enum { STREAM = 3 };
typedef struct random_state {
    const gbl_host *h;
    gbl_bag may_go;
    uint64_t drawn;
} random_state;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity, (void)blocks;
    random_state *s = state;
    s->h = h;
    gbl_bag_init(&s->may_go, h, ids);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    gbl_bag_put(&((random_state *)state)->may_go, b);
}
static void held(void *state, int32_t b, int is_held) {
    random_state *s = state;
    if (is_held) gbl_bag_drop(&s->may_go, b);
    else gbl_bag_put(&s->may_go, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    random_state *s = state;
    if (need < 1 || !s->may_go.n) return 0;
    out[0] = gbl_bag_pick(&s->may_go, s->h->draw(s->h, STREAM, 0, s->drawn++));
    return 1;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    gbl_bag_drop(&((random_state *)state)->may_go, b);
}

static const gbl_evict_policy random_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "random", "Any evictable block goes, all with the same chance; the draws follow the seed.", "textbook", NULL,
     sizeof(random_state), 0, 0},
    init, NULL, insert, NULL, NULL, held, victims, gone, NULL, NULL};
GBL_EXPORT(&random_policy.head);
