/* session - whole conversations go: of the sessions with something evictable the one idle longest gives, the block that came
 * free last first, so chains go from their ends. A block belongs to the session that used it last, so a prefix that many
 * share stays with the liveliest of them; a request without a session is one of its own. This is LRU over conversations
 * instead of blocks, as in multi-turn serving that keeps a conversation's KV between its turns (Yu et al., "Stateful Large
 * Language Model Serving with Pensieve", EuroSys 2025, weighs the cost of computing KV again by the time since its
 * conversation was last active).
 *
 * Sessions have records in the blocks' own memory: there are never more sessions than blocks, so a hash table with as many
 * buckets and records as ids is always large enough. */
#include "policies/policy.h"

typedef struct cell { /* a block, a bucket, and a session record, which have nothing to do with one another */
    gbl_rank idle;                /* record with a block that may go: by last use */
    int32_t owner, before, after; /* block: its session record + 1; neighbours among those of it that may go, + 1 */
    int32_t held;
    int32_t bucket;               /* first record + 1 of this bucket */
    int32_t next;                 /* record: next of its bucket, or of the free list, + 1 */
    int32_t last;                 /* record: of its blocks that may go the one that came free last, + 1 */
    int32_t n;                    /* record: its blocks */
    int64_t session;
} cell;
typedef struct session {
    cell *at;
    gbl_ranking idle;
    int64_t uses;
    int32_t ids, unused, made; /* records + 1; made: records ever used */
} session;

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    (void)h, (void)capacity;
    session *s = state;
    s->at = blocks;
    s->idle = (gbl_ranking){blocks, sizeof(cell), 0};
    s->ids = ids;
}
static int32_t *bucket_of(session *s, int64_t id) {
    uint64_t x = (uint64_t)id * 0x9E3779B97F4A7C15u; /* Fibonacci hashing: Knuth, TAOCP 6.4 */
    return &s->at[(x >> 32) % (uint64_t)s->ids].bucket;
}
/* Just used: the youngest from now on. */
static void used(session *s, int32_t r) {
    s->at[r - 1].idle.key = s->uses++;
    if (s->at[r - 1].idle.at) gbl_rank_set(&s->idle, r - 1);
}
static void may_go(session *s, int32_t b) {
    cell *c = &s->at[b], *rec = &s->at[c->owner - 1];
    c->before = rec->last;
    c->after = 0;
    if (rec->last) s->at[rec->last - 1].after = b + 1;
    rec->last = b + 1;
    if (!rec->idle.at) gbl_rank_set(&s->idle, c->owner - 1);
}
static void may_not(session *s, int32_t b) {
    cell *c = &s->at[b], *rec = &s->at[c->owner - 1];
    if (c->before) s->at[c->before - 1].after = c->after;
    *(c->after ? &s->at[c->after - 1].before : &rec->last) = c->before;
    if (!rec->last) gbl_rank_drop(&s->idle, c->owner - 1);
}
static int32_t record_of(session *s, int64_t id) { /* found or made; the youngest from now on */
    int32_t *bucket = bucket_of(s, id), r = *bucket;
    while (r && s->at[r - 1].session != id) r = s->at[r - 1].next;
    if (r) {
        used(s, r);
        return r;
    }
    r = s->unused ? s->unused : ++s->made;
    cell *c = &s->at[r - 1];
    if (s->unused) s->unused = c->next;
    c->session = id;
    c->last = c->n = 0;
    c->next = *bucket;
    *bucket = r;
    used(s, r);
    return r;
}
static void forget(session *s, int32_t r) {
    cell *c = &s->at[r - 1];
    int32_t *link = bucket_of(s, c->session);
    while (*link != r) link = &s->at[*link - 1].next;
    *link = c->next;
    c->next = s->unused;
    s->unused = r;
}
static void leave(session *s, int32_t b) {
    cell *c = &s->at[b];
    int32_t r = c->owner;
    if (!r) return;
    if (!c->held) may_not(s, b);
    c->owner = 0;
    if (!--s->at[r - 1].n) forget(s, r);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    session *s = state;
    leave(s, b);
    int32_t r = record_of(s, info->session >= 0 ? info->session : ~info->request);
    s->at[b].owner = r;
    s->at[r - 1].n++;
    if (!s->at[b].held) may_go(s, b);
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    ((session *)state)->at[b].held = 0;
    touch(state, b, info);
}
static void released(void *state, int32_t b, int64_t now_ns) {
    (void)now_ns;
    session *s = state;
    if (s->at[b].owner) used(s, s->at[b].owner);
}
static void held(void *state, int32_t b, int is_held) {
    session *s = state;
    cell *c = &s->at[b];
    if (c->held == is_held) return;
    c->held = is_held;
    if (c->owner) (is_held ? may_not : may_go)(s, b);
}
static int32_t victims(void *state, int32_t need, int32_t *out) {
    const session *s = state;
    if (need < 1) return 0;
    int32_t r = gbl_rank_min(&s->idle);
    out[0] = r < 0 ? -1 : s->at[r].last - 1;
    return r >= 0;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    leave(state, b);
}

static const gbl_evict_policy session_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "session", "The conversation idle longest gives, its last block first; a block belongs to the session that used it last.",
     "LRU over conversations; compare Pensieve (Yu et al., EuroSys 2025)", NULL, sizeof(session), sizeof(cell), 0},
    init, NULL, insert, touch, released, held, victims, gone, NULL, NULL};
GBL_EXPORT(&session_policy.head);
