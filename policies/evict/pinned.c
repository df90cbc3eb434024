/* pin_until, continuum - a conversation's blocks are kept between its turns: from the end of a turn they are pinned until
 * the next turn or a deadline, whichever is first. What is not pinned goes by least recent use. Pins hold at most a share of the
 * pool, and where nothing but pinned blocks could go, the pinned conversation that came last gives way.
 *
 * pin_until: the deadline is a constant.
 * continuum (Li et al., "Continuum: Efficient and Robust Multi-Turn LLM Agent Scheduling with KV Cache Time-to-Live", 2025): an
 * agent's tool call is short or long, and a pin should outlast the short ones. `fixed` is the rule of the released code: 2 s if
 * tools have taken 2 s or less in the mean, else none. `predicted` takes the time tau that maximises
 *   P(tau) x (eta x W + R) - tau
 * P: share of the observed pauses that end by tau (the last 1,024 of them); R: seconds to compute the conversation's blocks
 * again; W: mean wait of a turn for its admission; eta: how much earlier a program ends if its turns are not put back (1 where
 * every program has as many turns, assumed). Below `samples` pauses the rule is `fixed`. The paper has a distribution for each
 * tool; traces do not name tools, so here there is one. Memory that is pinned cancels out of both terms.
 *
 * A pause is seen from the end of a turn to the arrival of the next. The last turn of a session pins nothing where the trace
 * says that it is the last. In `gable trace hits` a turn ends as it begins. */
#include "policies/policy.h"

enum { PINNED = 2, PAUSES = 1024 };
typedef struct cell { /* a block, a bucket, and a conversation's record, which have nothing to do with one another */
    gbl_rank due;                 /* record: by deadline */
    gbl_seat seat;                /* block: in order of last use */
    int32_t owner, before, after; /* block: its record + 1, neighbours in it + 1 */
    int32_t bucket;               /* first record + 1 of this bucket */
    int32_t next, first, final;   /* record: next of its bucket + 1; its blocks + 1, in order of use */
    int32_t in_use, last;         /* record: is somebody's; its turn is the last */
    int64_t session, request, born, ended_ns;
    double block_s, again_s;      /* block: to compute it again; record: all of its blocks */
} cell;
typedef struct pinned {
    double pin_s, share, threshold_s, eta;
    int64_t samples;
    int32_t rule;
    const gbl_host *h;
    cell *at;
    gbl_queue order;
    gbl_ranking due;
    int32_t ids, hand;
    int64_t capacity, n_pinned, now_ns, born;
    /* what was seen of pauses and waits */
    int64_t *recent, *sorted, n_pauses;
    double pause_sum_s, wait_sum_s;
    int64_t n_seen, n_waits;
} pinned;
enum { FIXED, PREDICTED, CONSTANT };

/* ---- how long ---- */

static int64_t place_of(const pinned *s, int64_t n, int64_t pause) { /* first place in sorted[] whose value is not below */
    int64_t low = 0;
    while (low < n) {
        int64_t mid = low + (n - low) / 2;
        if (s->sorted[mid] < pause) low = mid + 1;
        else n = mid;
    }
    return low;
}
static void saw_pause(pinned *s, int64_t pause) {
    int64_t *slot = &s->recent[s->n_seen++ % PAUSES];
    s->pause_sum_s += 1e-9 * (double)pause;
    if (s->n_pauses == PAUSES) { /* the oldest goes */
        for (int64_t i = place_of(s, PAUSES, *slot) + 1; i < PAUSES; i++) s->sorted[i - 1] = s->sorted[i];
        s->n_pauses--;
    }
    *slot = pause;
    int64_t to = place_of(s, s->n_pauses, pause);
    for (int64_t i = s->n_pauses++; i > to; i--) s->sorted[i] = s->sorted[i - 1];
    s->sorted[to] = pause;
}
static double best_s(const pinned *s, double worth_s) {
    double best = 0, most = 0;
    for (int64_t i = 0; i < s->n_pauses; i++) {
        double tau = 1e-9 * (double)s->sorted[i], gain = (double)(i + 1) / (double)s->n_pauses * worth_s - tau;
        if (gain <= most) continue;
        most = gain;
        best = tau;
    }
    return best;
}
static double pin_for_s(const pinned *s, const cell *rec) {
    if (s->rule == CONSTANT) return s->pin_s;
    double wait_s = s->n_waits ? s->wait_sum_s / (double)s->n_waits : 0;
    if (s->rule == PREDICTED && s->n_pauses >= s->samples) return best_s(s, s->eta * wait_s + rec->again_s);
    return !s->n_seen || s->pause_sum_s / (double)s->n_seen <= s->threshold_s ? s->threshold_s : 0;
}

/* ---- conversations ---- */

static int32_t *bucket_of(pinned *s, int64_t session) {
    uint64_t x = (uint64_t)session * 0x9E3779B97F4A7C15u; /* Fibonacci hashing: Knuth, TAOCP 6.4 */
    return &s->at[(x >> 32) % (uint64_t)s->ids].bucket;
}
static void forget(pinned *s, int32_t r) {
    cell *rec = &s->at[r - 1];
    int32_t *link = bucket_of(s, rec->session);
    while (*link != r) link = &s->at[*link - 1].next;
    *link = rec->next;
    gbl_rank_drop(&s->due, r - 1);
    rec->in_use = 0;
}
/* A record that nobody needs: never used, or of a conversation without a block. There are more records than resident blocks. */
static int32_t spare(pinned *s) {
    for (;; s->hand++) {
        cell *rec = &s->at[s->hand %= s->ids];
        if (rec->in_use && rec->first) continue;
        if (rec->in_use) forget(s, s->hand + 1);
        return ++s->hand;
    }
}
static int32_t record_of(pinned *s, int64_t session) {
    int32_t *bucket = bucket_of(s, session), r = *bucket;
    while (r && s->at[r - 1].session != session) r = s->at[r - 1].next;
    if (r) return r;
    r = spare(s);
    cell *rec = &s->at[r - 1];
    rec->session = session;
    rec->request = rec->ended_ns = -1;
    rec->born = s->born++;
    rec->first = rec->final = rec->last = 0;
    rec->again_s = 0;
    rec->in_use = 1;
    rec->next = *bucket;
    *bucket = r;
    return r;
}
static void leave(pinned *s, int32_t b) {
    cell *c = &s->at[b];
    if (!c->owner) return;
    cell *rec = &s->at[c->owner - 1];
    *(c->before ? &s->at[c->before - 1].after : &rec->first) = c->after;
    *(c->after ? &s->at[c->after - 1].before : &rec->final) = c->before;
    rec->again_s -= c->block_s;
    c->owner = c->before = c->after = 0;
}
static void join(pinned *s, int32_t b, int32_t r, double block_s) {
    cell *c = &s->at[b], *rec = &s->at[r - 1];
    c->owner = r;
    c->before = rec->final;
    c->after = 0;
    *(rec->final ? &s->at[rec->final - 1].after : &rec->first) = b + 1;
    rec->final = b + 1;
    c->block_s = block_s;
    rec->again_s += block_s;
}

/* ---- pins ---- */

static void set_pin(pinned *s, int32_t b, int on) {
    int is = (s->at[b].seat.held & PINNED) != 0;
    if (is == on) return;
    s->n_pinned += on ? 1 : -1;
    gbl_queue_hold(&s->order, b, PINNED, on);
}
static void unpin(pinned *s, int32_t r) {
    gbl_rank_drop(&s->due, r - 1);
    for (int32_t b = s->at[r - 1].first; b; b = s->at[b - 1].after) set_pin(s, b - 1, 0);
}
static void pin_within_share(pinned *s, int32_t b) {
    if ((double)s->n_pinned < s->share * (double)s->capacity) set_pin(s, b, 1);
}
static void pin(pinned *s, int32_t b, int32_t r) { /* this block's use ended; the first of a conversation to end pins them all */
    cell *rec = &s->at[r - 1];
    if (rec->last == 1) return;
    if (rec->ended_ns != s->now_ns || !rec->due.at) {
        double ns = pin_for_s(s, rec) * 1e9;
        rec->ended_ns = s->now_ns;
        if (ns <= 0) return;
        rec->due.key = ns < 9e18 - (double)s->now_ns ? s->now_ns + (int64_t)ns : INT64_MAX;
        rec->due.tie = rec->born;
        gbl_rank_set(&s->due, r - 1);
        for (int32_t k = rec->first; k; k = s->at[k - 1].after) pin_within_share(s, k - 1);
    }
    pin_within_share(s, b);
}
static void let_time_pass(pinned *s, int64_t now_ns) {
    s->now_ns = now_ns;
    for (int32_t r; (r = gbl_rank_min(&s->due)) >= 0 && s->at[r].due.key < now_ns;) unpin(s, r + 1);
}
static int unpin_newcomer(pinned *s) {
    int32_t last = -1;
    for (uint32_t i = 0; i < s->due.n; i++) {
        int32_t r = gbl_rank_of(&s->due, (int32_t)i)->slot;
        if (last < 0 || s->at[r].born > s->at[last].born) last = r;
    }
    if (last >= 0) unpin(s, last + 1);
    return last >= 0;
}

/* ---- the interface ---- */

static void init(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    pinned *s = state;
    s->h = h;
    s->at = blocks;
    s->ids = ids;
    s->capacity = capacity;
    gbl_queue_init(&s->order, h, 1, ids, (char *)blocks + offsetof(cell, seat), sizeof(cell));
    s->due = (gbl_ranking){blocks, sizeof(cell), 0};
    s->recent = h->memory(h, PAUSES * sizeof *s->recent);
    s->sorted = h->memory(h, PAUSES * sizeof *s->sorted);
}
static void init_constant(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks) {
    ((pinned *)state)->rule = CONSTANT;
    init(state, h, capacity, ids, blocks);
}
static void new_turn(pinned *s, int32_t r, const gbl_block_info *info) {
    cell *rec = &s->at[r - 1];
    if (rec->request == info->request) return;
    if (rec->ended_ns >= 0 && info->arrival_ns >= rec->ended_ns) saw_pause(s, info->arrival_ns - rec->ended_ns);
    s->wait_sum_s += 1e-9 * (double)(info->now_ns - info->arrival_ns);
    s->n_waits++;
    rec->request = info->request;
    rec->last = info->last;
    unpin(s, r);
}
static void use(pinned *s, int32_t b, const gbl_block_info *info) {
    let_time_pass(s, info->now_ns);
    set_pin(s, b, 0);
    leave(s, b);
    if (info->session < 0) return;
    int32_t r = record_of(s, info->session);
    new_turn(s, r, info);
    join(s, b, r, info->recompute_s);
    if (!s->h->view) pin(s, b, r); /* a flat set: the use ends here */
}
static void insert(void *state, int32_t b, const gbl_block_info *info) {
    pinned *s = state;
    gbl_queue_push(&s->order, b);
    use(s, b, info);
}
static void touch(void *state, int32_t b, const gbl_block_info *info) {
    pinned *s = state;
    gbl_queue_again(&s->order, b);
    use(s, b, info);
}
static void released(void *state, int32_t b, int64_t now_ns) {
    pinned *s = state;
    let_time_pass(s, now_ns);
    gbl_queue_again(&s->order, b);
    if (s->at[b].owner) pin(s, b, s->at[b].owner);
}
static void held(void *state, int32_t b, int is_held) { gbl_queue_hold(&((pinned *)state)->order, b, GBL_HELD, is_held); }
static int32_t victims(void *state, int32_t need, int32_t *out) {
    pinned *s = state;
    if (need < 1) return 0;
    while ((out[0] = gbl_queue_first(&s->order)) < 0 && unpin_newcomer(s)) {}
    return out[0] >= 0;
}
static void gone(void *state, int32_t b, enum gbl_gone reason) {
    (void)reason;
    pinned *s = state;
    set_pin(s, b, 0);
    leave(s, b);
    gbl_queue_drop(&s->order, b);
}
static int32_t expired(void *state, int64_t now_ns, int32_t most, int32_t *out) { /* pins do; blocks stay */
    (void)most, (void)out;
    let_time_pass(state, now_ns);
    return 0;
}

#define SHARE(dflt) {"share", GBL_P_REAL, 0, offsetof(pinned, share), dflt, 0, 1, "share", NULL, "Share of the pool that pins may hold."}
static const gbl_param until_params[] = {
    {"pin_s", GBL_P_REAL, 0, offsetof(pinned, pin_s), "60", 0.001, 1e9, "s", NULL, "How long a turn's blocks wait for the next turn."},
    SHARE("0.5"),
    {0}};
static const gbl_param continuum_params[] = {
    {"rule", GBL_P_CHOICE, 0, offsetof(pinned, rule), "\"predicted\"", 0, 0, NULL, "fixed|predicted", "Time to live: 2 s or none (released code), or the best one for the pauses seen."},
    {"threshold_s", GBL_P_REAL, 0, offsetof(pinned, threshold_s), "2", 0.001, 1e9, "s", NULL, "fixed: time to live where tools take no longer in the mean. predicted: until there are enough samples."},
    {"samples", GBL_P_INT, 0, offsetof(pinned, samples), "100", 1, PAUSES, "pauses", NULL, "predicted: with fewer the rule is fixed.", "rule=predicted"},
    {"eta", GBL_P_REAL, 0, offsetof(pinned, eta), "1", 0, 1, NULL, NULL, "predicted: worth of a second's wait that a turn is spared; assumed.", "rule=predicted"},
    SHARE("1"),
    {0}};
static const gbl_evict_policy pin_until_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "pin_until", "A conversation's blocks are pinned from one turn to the next or for pin_s, in a bounded share of the pool; the rest by LRU.",
     "textbook; pinned prefixes of agent schedulers (compare InferCept, arXiv 2402.01869)", until_params, sizeof(pinned), sizeof(cell), 0},
    init_constant, NULL, insert, touch, released, held, victims, gone, NULL, expired};
static const gbl_evict_policy continuum_policy = {
    {sizeof(gbl_evict_policy), GBL_EVICT, GBL_ABI, "continuum", "A conversation's blocks are pinned for as long as a tool call is likely to take, weighed against computing them again.",
     "Continuum (Li et al., 2025) and its released code", continuum_params, sizeof(pinned), sizeof(cell), GBL_EVICT_NEEDS_COST},
    init, NULL, insert, touch, released, held, victims, gone, NULL, expired};
GBL_EXPORT(&pin_until_policy.head, &continuum_policy.head);
