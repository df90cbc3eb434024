/* gdsf - greedy dual, size and frequency: a block is worth L + uses x cost / size; the least worth goes, and L becomes its
 * worth, so that what is not used again ages against newcomers
 * (Cherkasova: "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy", HP Labs, 1998; with the
 * cost of computing a prefix again: Zhu et al., "On Optimal Caching and Model Multiplexing for Large Model Inference",
 * NeurIPS 2023). Cost: seconds to compute the block again, or to load it where it lies below and that is faster; size: bytes.
 * Among equals the least recently used goes. */
#include "policies/policy.h"

typedef struct value {
    gbl_rank rank; /* key: the worth's bits (a positive double's order is its bits' order), tie: number of the last use */
    double unit;   /* cost / size */
    int64_t uses;
} value;
typedef struct gdsf {
    gbl_ranking order;
    double floor; /* L */
    int64_t clock;
} gdsf;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)h, (void)capacity, (void)ids;
    ((gdsf *)state)->order = (gbl_ranking){blocks, sizeof(value), 0};
}
static value *value_of(const gdsf *s, int32_t b) { return (value *)(void *)gbl_rank_of(&s->order, b); }
static int64_t bits_of(double x) {
    union { double d; int64_t i; } u = {.d = x};
    return u.i;
}
static double worth_of(const value *v) {
    union { int64_t i; double d; } u = {.i = v->rank.key};
    return u.d;
}
static void use(gdsf *s, int32_t b, const gbl_block_info *info) {
    value *v = value_of(s, b);
    double cost = info->reload_s > 0 && info->reload_s < info->recompute_s ? info->reload_s : info->recompute_s;
    v->unit = cost / (info->bytes > 0 ? info->bytes : 1);
    v->uses++;
    v->rank.key = bits_of(s->floor + (double)v->uses * v->unit);
    v->rank.tie = ++s->clock;
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    gdsf *s = state;
    value_of(s, b)->uses = 0;
    use(s, b, info);
    gbl_rank_set(&s->order, b);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    gdsf *s = state;
    use(s, b, info);
    if (value_of(s, b)->rank.at) gbl_rank_set(&s->order, b);
}
static void held(void *state, int32_t b, int is_held) {
    gdsf *s = state;
    if (is_held) gbl_rank_drop(&s->order, b);
    else gbl_rank_set(&s->order, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    const gdsf *s = state;
    if (need < 1 || !s->order.n) return 0;
    out[0] = gbl_rank_min(&s->order);
    return 1;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    gdsf *s = state;
    /* A block that was held while L grew past its worth takes nothing back. */
    if (reason == GBL_GONE_EVICTED && worth_of(value_of(s, b)) > s->floor) s->floor = worth_of(value_of(s, b));
    gbl_rank_drop(&s->order, b);
}

static const gbl_evict_policy gdsf_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "gdsf", "The block of least worth goes: uses x seconds to compute it again / bytes, plus the worth of the last that went.",
     "Cherkasova, Greedy-Dual-Size-Frequency (HP Labs 1998); Zhu et al. (NeurIPS 2023) for prefixes; libCacheSim's GDSF on flat sets", NULL, sizeof(gdsf), sizeof(value), GBL_EVICT_NEEDS_COST},
    init, NULL, insert, touch, NULL, held, victims, gone, NULL, NULL};
GBL_EXPORT(&gdsf_policy.head);
