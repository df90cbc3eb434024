/* lpm - SGLang's scheduler: prompts before decodes, and among the waiting the longest cached prefix first, so that
 * requests which share a prefix follow one another while it is resident. Above fcfs_above waiting requests sorting
 * costs too much and the order is that of arrival.
 *
 * Of waiting requests that have hardly anything cached but share a beginning with each other, one goes first and the rest
 * stand back, to find that beginning in the cache (in-batch prefix caching: both thresholds are 32 tokens).
 *
 * A prompt is admitted when the free tokens hold it and the output it may yield (at most clip_tokens), beside what the
 * running requests may still yield times new_token_ratio. SGLang knows the limit a user set; here the output itself stands
 * for it, an oracle. SGLang's ratio starts at 0.7 and decays while nothing is retracted; here it stays. */
#include "policies/policy.h"

enum { MOST = 1024, SHARED = 32 };
typedef struct lpm {
    int64_t token_budget, fcfs_above, clip_tokens;
    double new_token_ratio;
    int32_t mixed;
} lpm;
static const gbl_param params[] = {
    {"token_budget", GBL_P_INT, GBL_P_NULLABLE, offsetof(lpm, token_budget), "null", 1, 1e9, "tokens", NULL,
     "Prompt tokens of one step (chunked_prefill_size); null: engine.max_num_batched_tokens."},
    {"fcfs_above", GBL_P_INT, 0, offsetof(lpm, fcfs_above), "128", 0, MOST, "requests", NULL, "With more waiting, first come first served."},
    {"clip_tokens", GBL_P_INT, 0, offsetof(lpm, clip_tokens), "4096", 0, 1e9, "tokens", NULL, "Output that an admission reckons with, at most."},
    {"new_token_ratio", GBL_P_REAL, 0, offsetof(lpm, new_token_ratio), "0.7", 0, 1, "share", NULL, "Share of their outputs that running requests are reckoned to need."},
    {"mixed", GBL_P_BOOL, 0, offsetof(lpm, mixed), "false", 0, 0, NULL, NULL, "Decodes join the prompts' steps (enable_mixed_chunk)."},
    {0}};

static int64_t left_to_yield(const lpm *s, const gbl_req *r) {
    int64_t left = r->output - r->generated;
    return left < s->clip_tokens ? left : s->clip_tokens;
}

/* ---- the order ---- */

typedef struct order {
    int32_t id[MOST], matched[MOST], n; /* matched -1: stands back */
} order;

static int stands_back(const gbl_host *h, const order *o, int32_t id, int32_t matched) {
    for (int32_t i = 0; matched <= SHARED && i < o->n; i++)
        if (o->matched[i] >= 0 && o->matched[i] <= SHARED && h->shared(h, id, o->id[i]) >= SHARED) return 1;
    return 0;
}

static void sort(order *o) { /* longest match first, equal ones as they stood */
    for (int32_t i = 1; i < o->n; i++) {
        int32_t id = o->id[i], matched = o->matched[i], at = i;
        for (; at > 0 && o->matched[at - 1] < matched; at--) {
            o->id[at] = o->id[at - 1];
            o->matched[at] = o->matched[at - 1];
        }
        o->id[at] = id;
        o->matched[at] = matched;
    }
}

static void line_up(const lpm *s, const gbl_host *h, order *o) {
    const gbl_view *v = h->view;
    int by_match = v->n_waiting <= s->fcfs_above;
    o->n = 0;
    for (int32_t i = 0; i < v->n_waiting && i < MOST; i++) {
        int32_t id = v->waiting[i], matched = by_match ? h->cached(h, id) : 0;
        if (by_match && stands_back(h, o, id, matched)) matched = -1;
        o->id[o->n] = id;
        o->matched[o->n++] = matched;
    }
    if (by_match) sort(o);
}

/* ---- prompts ---- */

static int64_t spoken_for(const lpm *s, const gbl_view *v) { /* tokens that the running may still need */
    int64_t sum = 0;
    for (int32_t i = 0; i < v->n_running; i++) sum += left_to_yield(s, &v->req[v->running[i]]);
    return (int64_t)(s->new_token_ratio * (double)sum);
}

static void admit(const lpm *s, const gbl_host *h, gbl_plan *p, int64_t budget) {
    const gbl_view *v = h->view;
    order o;
    int64_t spoken = spoken_for(s, v);
    line_up(s, h, &o);
    for (int32_t i = 0; i < o.n && p->tokens < budget; i++) {
        const gbl_req *r = &v->req[o.id[i]];
        int64_t output = left_to_yield(s, r), needs = h->blocks_needed(h, o.id[i], r->known + output);
        if (v->n_running + v->n_loading > 0 && needs + spoken / v->block_size > v->free_blocks) break;
        if (h->schedule(h, o.id[i], budget - p->tokens, r->known) < 0) break;
        spoken += output;
    }
}

static void go_on_with_prompts(const gbl_host *h, gbl_plan *p, int64_t budget) {
    const gbl_view *v = h->view;
    for (int32_t i = 0; i < v->n_running && p->tokens < budget; i++) {
        const gbl_req *r = &v->req[v->running[i]];
        if (r->known - r->computed > 1) h->schedule(h, v->running[i], budget - p->tokens, 0);
    }
}

/* ---- decodes ---- */

static void decode(const gbl_host *h) {
    const gbl_view *v = h->view;
    for (int32_t i = 0; i < v->n_running;) {
        int32_t id = v->running[i];
        if (v->req[id].scheduled || v->req[id].known - v->req[id].computed > 1) {
            i++;
            continue;
        }
        gbl_make_fit(h, id, 1);
        if (i < v->n_running && v->running[i] == id) i++;
        else if (i >= v->n_running) break;
    }
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    const lpm *s = state;
    const gbl_view *v = h->view;
    int64_t budget = s->token_budget != GBL_NULL_INT ? s->token_budget : v->max_num_batched_tokens;
    go_on_with_prompts(h, p, budget);
    if (v->n_waiting && !v->n_swapped && !v->n_loading) admit(s, h, p, budget);
    if (p->n && !s->mixed) return;
    decode(h);
    while (!p->preempted && v->n_swapped && h->resume(h, v->swapped[0]) == 0) {}
    p->hold = !v->n_waiting || v->n_running + v->n_loading >= v->max_num_seqs;
}

static const gbl_schedule_policy lpm_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "lpm", "Longest cached prefix first among the waiting; prompts before decodes.",
     "SGLang (arXiv 2312.07104, section 3; python/sglang/srt/managers/schedule_policy.py)", params, sizeof(lpm), 0, 0},
    NULL, plan, NULL};
GBL_EXPORT(&lpm_policy.head);
