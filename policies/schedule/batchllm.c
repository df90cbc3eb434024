/* batchllm - whole batches with shared beginnings (BatchLLM, arXiv 2412.03594): requests that begin alike are a group, and a group is
 * served to its end before the next, so that its beginning is computed once and kept only as long as it is of use, whatever the
 * order of arrival. Groups with more decoding to a prompt token go first, so that the prompts of later ones are computed
 * beside their decodes. Prompts are admitted as long as memory lasts (memory-centric token batching), up to `memory` of the
 * blocks, instead of a number of requests.
 *
 * The paper flattens a tree of prompts to one level of groups beforehand; here a group is who shares at least `least_tokens`
 * with the member admitted last (or finds as much in the cache, where that member has finished), the longest first, which comes to
 * the same where prompts share one beginning. Output lengths are expected ones there; here they are the outputs themselves, an
 * oracle. Its fused attention over a shared beginning is a kernel and not part of this. Meant for batches: whoever shares nothing
 * waits while a group has members. */
#include "policies/policy.h"

typedef struct batchllm {
    int64_t token_budget, least_tokens;
    double memory;
    int64_t last_serial; /* of the member admitted last, + 1; 0: none yet */
    int32_t last_id;
} batchllm;
static const gbl_param params[] = {
    {"token_budget", GBL_P_INT, GBL_P_NULLABLE, offsetof(batchllm, token_budget), "null", 1, 1e9, "tokens", NULL, "Tokens computed in one step; null: engine.max_num_batched_tokens."},
    {"least_tokens", GBL_P_INT, 0, offsetof(batchllm, least_tokens), "32", 1, 1e9, "tokens", NULL, "A common beginning that makes a group."},
    {"memory", GBL_P_REAL, 0, offsetof(batchllm, memory), "0.95", 0, 1, "share", NULL, "Share of the blocks that admissions may fill; assumed."},
    {0}};

/* ---- the order ---- */

static int is_there(const batchllm *s, const gbl_view *v) { /* the member admitted last has not finished */
    return s->last_serial && v->req[s->last_id].serial + 1 == s->last_serial && v->req[s->last_id].state != GBL_REQ_DONE;
}
static double decoding(const gbl_req *r) { return (double)r->output / r->input; }

static int32_t next_to_admit(const batchllm *s, const gbl_host *h) {
    const gbl_view *v = h->view;
    int32_t best = v->waiting[0], member = -1, most = 0, there = is_there(s, v);
    for (int32_t i = 0; i < v->n_waiting; i++) {
        int32_t id = v->waiting[i], shared = there ? h->shared(h, id, s->last_id) : h->cached(h, id);
        if (v->req[id].preemptions) return id;
        if (shared >= s->least_tokens && shared > most) member = id, most = shared;
        if (decoding(&v->req[id]) > decoding(&v->req[best])) best = id;
    }
    return member >= 0 ? member : best;
}

/* ---- the batch ---- */

static int admit(batchllm *s, const gbl_host *h, int32_t id, int64_t room) {
    const gbl_view *v = h->view;
    const gbl_req *r = &v->req[id];
    double keep = (1 - s->memory) * (double)v->total_blocks;
    if (v->n_running + v->n_loading > 0 && (double)(v->free_blocks - h->blocks_needed(h, id, r->known)) < keep) return 0;
    if (h->schedule(h, id, room, r->known) < 0) return 0;
    s->last_id = id;
    s->last_serial = r->serial + 1;
    return 1;
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    batchllm *s = state;
    const gbl_view *v = h->view;
    int64_t budget = s->token_budget != GBL_NULL_INT ? s->token_budget : v->max_num_batched_tokens;
    gbl_run_on(h, p, budget, 0);
    gbl_run_on(h, p, budget, 1);
    while (!p->preempted && v->n_swapped && h->resume(h, v->swapped[0]) == 0) {}
    while (!p->preempted && !v->n_swapped && v->n_waiting && p->tokens < budget && v->n_running + v->n_loading < v->max_num_seqs)
        if (!admit(s, h, next_to_admit(s, h), budget - p->tokens)) break;
    p->hold = !v->n_waiting || p->tokens >= budget || v->n_running + v->n_loading >= v->max_num_seqs;
}

static int64_t most_tokens(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    const gbl_req *r = &h->view->req[id];
    return (int64_t)r->input + r->output - 1;
}

static const gbl_schedule_policy batchllm_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "batchllm", "For batches: requests that begin alike one after another, groups with more decoding first, as many as memory holds.",
     "BatchLLM (arXiv 2412.03594)", params, sizeof(batchllm), 0, 0},
    NULL, plan, most_tokens};
GBL_EXPORT(&batchllm_policy.head);
