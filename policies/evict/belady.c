/* belady - the block whose next use lies furthest ahead goes: the most hits that any policy can have on a known order
 * (Belady: "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966).
 * With bypass the block just inserted may be the one that goes, as if it had never been kept; without, it stays.
 *
 * Next uses are numbers of accesses, all different: a bit set of them gives the furthest at once, a table says whose it is.
 * Blocks never used again lie in a bag of their own and go first. */
#include "policies/policy.h"

typedef struct belady {
    int32_t bypass;
    gbl_bits next;  /* next uses of the resident blocks; those in the past are stale and below every live one */
    int32_t *at;    /* block by next use */
    int64_t *use;   /* next use by block */
    gbl_bag dead;   /* resident and never used again */
    int32_t newest; /* block inserted last */
} belady;
static const gbl_param params[] = {
    {"bypass", GBL_P_BOOL, 0, offsetof(belady, bypass), "true", 0, 0, NULL, NULL, "The block just inserted may be the one that goes."},
    {0}};

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)capacity;
    belady *s = state;
    s->use = blocks;
    s->at = h->memory(h, (size_t)h->accesses * sizeof *s->at);
    gbl_bits_init(&s->next, h->accesses, h->memory(h, gbl_bits_bytes(h->accesses)));
    gbl_bag_init(&s->dead, h, ids);
    s->newest = -1;
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    belady *s = state;
    int64_t use = s->use[b] = info->next_use;
    if (use == INT64_MAX) {
        gbl_bag_put(&s->dead, b);
        return;
    }
    s->at[use] = b;
    gbl_bits_set(&s->next, use);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    ((belady *)state)->newest = b;
    touch(state, b, info);
}
static int32_t furthest(const belady *s) {
    int64_t use = gbl_bits_last(&s->next);
    return use < 0 ? -1 : s->at[use];
}
static int32_t furthest_but(belady *s, int32_t spared) {
    int64_t use = s->use[spared];
    gbl_bits_clear(&s->next, use);
    int32_t b = furthest(s);
    gbl_bits_set(&s->next, use);
    return b;
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    belady *s = state;
    int32_t spared = s->bypass ? -1 : s->newest, n = s->dead.n;
    if (need < 1) return 0;
    if (n && s->dead.block[n - 1] != spared) out[0] = s->dead.block[n - 1];
    else if (n > 1) out[0] = s->dead.block[n - 2];
    else out[0] = spared >= 0 && s->use[spared] != INT64_MAX ? furthest_but(s, spared) : furthest(s);
    return out[0] >= 0;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    belady *s = state;
    if (s->use[b] == INT64_MAX) gbl_bag_drop(&s->dead, b);
    else gbl_bits_clear(&s->next, s->use[b]);
}

static const gbl_evict_policy belady_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "belady", "The block whose next use lies furthest ahead goes, the newcomer included: the bound of every policy.",
     "Belady, A study of replacement algorithms for a virtual-storage computer (IBM Systems Journal, 1966)", params, sizeof(belady), sizeof(int64_t), GBL_EVICT_NEEDS_ORACLE},
    init, NULL, insert, touch, NULL, NULL, victims, gone, NULL, NULL};
GBL_EXPORT(&belady_policy.head);
