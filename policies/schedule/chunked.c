/* chunked, program - stall-free batching: every running decode first, then unfinished prompts in chunks, then new requests, all
 * under one token budget. vLLM v1 reserves KV for the chunk and keeps no watermark; Sarathi-Serve reserves the whole
 * prompt at admission behind a watermark of 1 % of the blocks.
 *
 * program admits by the arrival of the program (an agent's session and its sub-agents) instead of the request's: preempted
 * requests first, then first come first served by the program's first request, so that an agent that has begun does not
 * queue behind newcomers at every turn (Autellix's and Continuum's program-level order). */
#include "policies/policy.h"

enum { RESERVE_CHUNK, RESERVE_PROMPT };
typedef struct chunked {
    int64_t token_budget;
    int32_t reserve;
    double watermark;
    int32_t by_program;
} chunked;

static const gbl_param params[] = {
    {"token_budget", GBL_P_INT, GBL_P_NULLABLE, offsetof(chunked, token_budget), "null", 1, 1e9, "tokens", NULL,
     "Tokens computed in one step; null: engine.max_num_batched_tokens."},
    {"reserve", GBL_P_CHOICE, 0, offsetof(chunked, reserve), "\"chunk\"", 0, 0, NULL, "chunk|prompt",
     "What KV an admission reserves: the chunk (vLLM v1) or the whole prompt (Sarathi-Serve)."},
    {"watermark", GBL_P_REAL, GBL_P_NULLABLE, offsetof(chunked, watermark), "null", 0, 1, "share", NULL,
     "Share of the blocks that an admission must leave free; null: 0 with reserve chunk, 0.01 with prompt."},
    {0}};

static int admit(const chunked *s, const gbl_host *h, int32_t id, int64_t room) {
    const gbl_view *v = h->view;
    const gbl_req *r = &v->req[id];
    int64_t reserve = s->reserve == RESERVE_PROMPT ? r->known : 0;
    double watermark = s->watermark == s->watermark ? s->watermark : s->reserve == RESERVE_PROMPT ? 0.01 : 0.0;
    if (watermark > 0.0) {
        int64_t ahead = reserve ? reserve : h->cached(h, id) + room;
        if (ahead > r->known) ahead = r->known;
        int64_t keep = (int64_t)(watermark * (double)v->total_blocks);
        if (v->n_running + v->n_loading > 0 && v->free_blocks - h->blocks_needed(h, id, ahead) < keep) return 0;
    }
    return h->schedule(h, id, room, reserve) >= 0; /* 0: its prefix is being loaded */
}

static int before(const gbl_req *a, const gbl_req *b) {
    if ((a->preemptions > 0) != (b->preemptions > 0)) return a->preemptions > 0;
    return a->program_ns != b->program_ns ? a->program_ns < b->program_ns : a->serial < b->serial;
}
static int32_t next_to_admit(const chunked *s, const gbl_view *v) {
    int32_t best = v->waiting[0];
    for (int32_t i = 1; s->by_program && i < v->n_waiting; i++)
        if (before(&v->req[v->waiting[i]], &v->req[best])) best = v->waiting[i];
    return best;
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    const chunked *s = state;
    const gbl_view *v = h->view;
    int64_t budget = s->token_budget != GBL_NULL_INT ? s->token_budget : v->max_num_batched_tokens;
    gbl_run_on(h, p, budget, 0);
    gbl_run_on(h, p, budget, 1);
    while (!p->preempted && v->n_swapped && h->resume(h, v->swapped[0]) == 0) {}
    while (!p->preempted && !v->n_swapped && v->n_waiting && p->tokens < budget)
        if (!admit(s, h, next_to_admit(s, v), budget - p->tokens)) break;
    /* A head that waits for blocks behind a cached prefix would need fewer, were its prefix evicted meanwhile. */
    int may_fit = v->n_waiting && s->reserve == RESERVE_CHUNK && p->tokens < budget && v->n_running + v->n_loading < v->max_num_seqs;
    p->hold = !(may_fit && h->cached(h, next_to_admit(s, v)) > 0);
}

static int64_t most_tokens(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    const gbl_req *r = &h->view->req[id];
    return (int64_t)r->input + r->output - 1;
}

static const gbl_schedule_policy chunked_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "chunked",
     "Chunked prefills piggybacked on decodes under one token budget; nobody's decode stalls behind a prompt.",
     "Sarathi-Serve (arXiv 2403.02310); vLLM v1 scheduler (vllm/v1/core/sched/scheduler.py)", params, sizeof(chunked), 0, 0},
    NULL, plan, most_tokens};
static void init_program(void *state, const gbl_host *h) {
    (void)h;
    ((chunked *)state)->by_program = 1;
}
static const gbl_schedule_policy program_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "program", "As chunked, but first come first served by program: an agent's later turns go before those who came after it.",
     "program-level FCFS of Autellix (arXiv 2502.13965) and Continuum (2025)", params, sizeof(chunked), 0, 0},
    init_program, plan, most_tokens};
GBL_EXPORT(&chunked_policy.head, &program_policy.head);
