/* lru, lru_tail - the least recently used block goes. A request's chain ends its use at once; `lru` touches it from the
 * head, so heads are the older ones, `lru_tail` from the tail, so the deepest block of the oldest chain goes first (vLLM).
 *
 * One list in order of last use, oldest first. Held blocks are off the list but keep their stamp: one that becomes
 * evictable again without a new use (its last resident child went) returns to its place in the order, looked for from
 * both ends. */
#include "policies/policy.h"

typedef struct link {
    int64_t stamp;
    int32_t prev, next; /* block + 1; 0 = none */
    int32_t listed;
} link;
typedef struct lru {
    link *at;
    int64_t clock;
    int32_t first, last; /* block + 1 */
} lru;

static void init(void *state, const gbl_host *h, int64_t capacity, void *blocks) {
    (void)h, (void)capacity;
    ((lru *)state)->at = blocks;
}
static void unlist(lru *s, int32_t b) {
    link *l = &s->at[b];
    if (!l->listed) return;
    if (l->prev) s->at[l->prev - 1].next = l->next; else s->first = l->next;
    if (l->next) s->at[l->next - 1].prev = l->prev; else s->last = l->prev;
    l->listed = 0;
}
static void list_before(lru *s, int32_t b, int32_t next) { /* next: block + 1, or 0 for the young end */
    link *l = &s->at[b];
    l->next = next;
    l->prev = next ? s->at[next - 1].prev : s->last;
    if (l->prev) s->at[l->prev - 1].next = b + 1; else s->first = b + 1;
    if (next) s->at[next - 1].prev = b + 1; else s->last = b + 1;
    l->listed = 1;
}
static void list_in_order(lru *s, int32_t b) {
    int64_t stamp = s->at[b].stamp;
    int32_t old = s->first, young = s->last;
    while (old && young) {
        if (s->at[old - 1].stamp > stamp) {
            list_before(s, b, old);
            return;
        }
        if (s->at[young - 1].stamp < stamp) {
            list_before(s, b, s->at[young - 1].next);
            return;
        }
        old = s->at[old - 1].next;
        young = s->at[young - 1].prev;
    }
    list_before(s, b, 0);
}
static void use(lru *s, int32_t b) {
    int listed = s->at[b].listed;
    s->at[b].stamp = ++s->clock;
    if (!listed) return;
    unlist(s, b);
    list_before(s, b, 0);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    lru *s = state;
    s->at[b].stamp = ++s->clock;
    list_before(s, b, 0);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    (void)info;
    use(state, b);
}
static void released(void *state, int32_t b) { use(state, b); }
static void held(void *state, int32_t b, int is_held) {
    lru *s = state;
    if (is_held) unlist(s, b);
    else if (!s->at[b].listed) list_in_order(s, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    const lru *s = state;
    int32_t n = 0;
    for (int32_t b = s->first; b && n < need; b = s->at[b - 1].next) out[n++] = b - 1;
    return n;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    unlist(state, b);
}

static const gbl_evict_policy lru_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "lru", "The least recently used block goes; a chain is touched from its head.",
     "textbook; libCacheSim's LRU on flat sets", NULL, sizeof(lru), sizeof(link), 0},
    init, NULL, insert, touch, released, held, victims, gone, NULL};
static const gbl_evict_policy lru_tail_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "lru_tail", "The least recently used block goes; a chain is touched from its tail, so its deepest block goes first.",
     "vLLM (free queue in reverse block order; v0 evictor: oldest access, then deepest)", NULL, sizeof(lru), sizeof(link), GBL_EVICT_TAIL_FIRST},
    init, NULL, insert, touch, released, held, victims, gone, NULL};
GBL_EXPORT(&lru_policy.head, &lru_tail_policy.head);
