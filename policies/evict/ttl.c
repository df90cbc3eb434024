/* ttl - a block that nobody used for a while goes even where there is room; each use starts the time anew. Where room is
 * needed before that, the least recently used goes. The rule of prompt caches sold by the token: Anthropic's API keeps a
 * prefix for 5 minutes after its last use, or 1 hour for a higher price (its documentation, "Prompt caching", 2025).
 *
 * Time is looked at when a request comes and when one ends; in `gable trace hits`, when a request comes. */
#include "policies/policy.h"

typedef struct life {
    gbl_seat seat;
    int64_t used_ns;
} life;
typedef struct ttl {
    double ttl_s;
    gbl_queue order;
} ttl;
static const gbl_param params[] = {
    {"ttl_s", GBL_P_REAL, 0, offsetof(ttl, ttl_s), "300", 0.001, 1e9, "s", NULL, "How long an unused block stays; 300 and 3600 are what APIs sell."},
    {0}};

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    gbl_queue_init(&((ttl *)state)->order, h, 1, ids, blocks, sizeof(life));
}
static life *life_of(const ttl *s, int32_t b) { return (life *)(void *)gbl_seat_of(&s->order, b); }
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    ttl *s = state;
    life_of(s, b)->used_ns = info->now_ns;
    gbl_queue_push(&s->order, b);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    ttl *s = state;
    life_of(s, b)->used_ns = info->now_ns;
    gbl_queue_again(&s->order, b);
}
static void released(void *state, int32_t b, int64_t now_ns) {
    ttl *s = state;
    life_of(s, b)->used_ns = now_ns;
    gbl_queue_again(&s->order, b);
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((ttl *)state)->order, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) { return gbl_queue_firsts(&((ttl *)state)->order, need, out); }
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    gbl_queue_drop(&((ttl *)state)->order, b);
}
static int32_t expired(void *state, int64_t now_ns, int32_t most, int32_t *out) {
    ttl *s = state;
    int32_t n = gbl_queue_firsts(&s->order, most, out), dead = 0;
    while (dead < n && (double)(now_ns - life_of(s, out[dead])->used_ns) >= s->ttl_s * 1e9) dead++;
    return dead;
}

static const gbl_evict_policy ttl_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "ttl", "A block not used for ttl_s goes even where there is room; where room is needed, the least recently used goes.",
     "prompt caching as sold by the token (Anthropic API documentation: 5 minutes, 1 hour)", params, sizeof(ttl), sizeof(life), 0},
    init, NULL, insert, touch, released, held, victims, gone, NULL, expired};
GBL_EXPORT(&ttl_policy.head);
