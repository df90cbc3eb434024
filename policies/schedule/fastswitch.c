/* fastswitch - fairness by priorities that change while requests run: every 1 / frequency steps each request's priority may be drawn
 * anew, the requests of the highest priorities that fit run, and the others are put out, to host memory where policy.preempt
 * swaps (FastSwitch, arXiv 2411.18424; its baseline, vLLM, under the same priorities). How dear a switch is says the tier that
 * they are put out to: pieces of a block or of a group of blocks (piece_bytes), and copies that stay below, so that the next
 * time only what is new is written. Requests come back while others go on.
 *
 * pattern random draws each priority anew each time; markov keeps it with probability `keep`. Prompts are computed before
 * decodes, as in vLLM v0. A block a running request is left free, or what was just brought back would be put out at once. */
#include "policies/policy.h"

enum { RANDOM, MARKOV };
enum { STREAM = 61, CHANGES };
typedef struct fastswitch {
    double frequency, keep;
    int32_t pattern;
    int64_t token_budget, steps, epoch;
} fastswitch;
static const gbl_param params[] = {
    {"token_budget", GBL_P_INT, GBL_P_NULLABLE, offsetof(fastswitch, token_budget), "null", 1, 1e9, "tokens", NULL, "Tokens computed in one step; null: engine.max_num_batched_tokens."},
    {"frequency", GBL_P_REAL, 0, offsetof(fastswitch, frequency), "0.04", 0, 1, NULL, NULL, "Updates of the priorities a step (0.04 for the 8B model, 0.02 for 32B); 0: never."},
    {"pattern", GBL_P_CHOICE, 0, offsetof(fastswitch, pattern), "\"random\"", 0, 0, NULL, "random|markov", "How a priority follows from the one before: not at all, or it often stays."},
    {"keep", GBL_P_REAL, 0, offsetof(fastswitch, keep), "0.8", 0, 1, NULL, NULL, "markov: chance that an update leaves a priority as it is; assumed.", "pattern=markov"},
    {0}};

/* ---- priorities ---- */

static double priority(const fastswitch *s, const gbl_host *h, int32_t id) {
    uint64_t serial = (uint64_t)h->view->req[id].serial;
    int64_t drawn = s->pattern == MARKOV && s->keep >= 1 ? 0 : s->epoch;
    if (s->pattern == MARKOV)
        while (drawn > 0 && h->draw(h, CHANGES, serial, (uint64_t)drawn) < s->keep) drawn--;
    return h->draw(h, STREAM, serial, (uint64_t)drawn);
}

/* Of those that do not run the one of highest priority, or -1. */
static int32_t best_outside(const fastswitch *s, const gbl_host *h) {
    const gbl_view *v = h->view;
    int32_t best = -1;
    double most = 0;
    for (int32_t i = 0; i < v->n_waiting + v->n_swapped; i++) {
        int32_t id = i < v->n_waiting ? v->waiting[i] : v->swapped[i - v->n_waiting];
        double p = priority(s, h, id);
        if (p > most) best = id, most = p;
    }
    return best;
}
/* The running request of lowest priority, below a given one, that has no part in this plan yet, or -1. */
static int32_t worst_inside(const fastswitch *s, const gbl_host *h, double below, int32_t but) {
    const gbl_view *v = h->view;
    int32_t worst = -1;
    for (int32_t i = 0; i < v->n_running; i++) {
        int32_t id = v->running[i];
        double p = v->req[id].scheduled || id == but ? 1 : priority(s, h, id);
        if (p < below) worst = id, below = p;
    }
    return worst;
}

/* ---- the batch ---- */

/* 1: it runs, or is on its way; 0: no room. */
static int place(const gbl_host *h, int32_t id, int64_t room) {
    const gbl_view *v = h->view;
    const gbl_req *r = &v->req[id];
    int waits = r->state == GBL_REQ_WAITING;
    int64_t need = waits ? h->blocks_needed(h, id, r->known) : r->computed / v->block_size + 1;
    if (v->n_running + v->n_loading > 0 && need + v->n_running + v->n_loading > v->free_blocks) return 0;
    return waits ? h->schedule(h, id, room, r->known) >= 0 : h->resume(h, id) == 0;
}

static void exchange(const fastswitch *s, const gbl_host *h, const gbl_plan *p, int64_t budget) {
    for (int32_t id; p->tokens < budget && (id = best_outside(s, h)) >= 0;) {
        double its = priority(s, h, id);
        while (!place(h, id, budget - p->tokens)) {
            int32_t worst = worst_inside(s, h, its, -1);
            if (worst < 0 || h->preempt(h, worst)) return;
        }
    }
}

static int grow(const fastswitch *s, const gbl_host *h, int32_t id, int64_t tokens) {
    while (h->schedule(h, id, tokens, 0) == GBL_NO_BLOCKS) {
        int32_t worst = worst_inside(s, h, 1, id);
        if (worst >= 0 && !h->preempt(h, worst)) continue;
        int32_t victim = h->make_room(h, id);
        if (victim == id || victim < 0) return 0;
    }
    return 1;
}

static void run_on(const fastswitch *s, const gbl_host *h, const gbl_plan *p, int64_t budget) {
    const gbl_view *v = h->view;
    for (int32_t i = 0; i < v->n_running && p->tokens < budget;) {
        int32_t id = v->running[i];
        int64_t left = v->req[id].known - v->req[id].computed;
        if (v->req[id].scheduled) {
            i++;
            continue;
        }
        if (!grow(s, h, id, left < budget - p->tokens ? left : budget - p->tokens)) return;
        i = i < v->n_running && v->running[i] == id ? i + 1 : 0; /* who stood before it may have gone */
    }
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    fastswitch *s = state;
    const gbl_view *v = h->view;
    int64_t budget = s->token_budget != GBL_NULL_INT ? s->token_budget : v->max_num_batched_tokens;
    s->epoch = (int64_t)((double)s->steps * s->frequency);
    exchange(s, h, p, budget);
    run_on(s, h, p, budget);
    s->steps += p->n > 0;
}

static const gbl_schedule_policy fastswitch_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "fastswitch", "Priorities are drawn anew every few steps; who has the highest runs, and who must go is put out.",
     "FastSwitch (arXiv 2411.18424)", params, sizeof(fastswitch), 0, 0},
    NULL, plan, NULL};
GBL_EXPORT(&fastswitch_policy.head);
