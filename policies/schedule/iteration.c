/* iteration - Orca's iteration-level batching: every step computes all running decodes and the full prompt of each
 * request that can be admitted. KV is reserved for the longest possible sequence at admission, so nothing grows and
 * nobody is preempted. */
#include "policies/policy.h"

enum { RESERVE_CONTEXT, RESERVE_REQUEST };
typedef struct iteration {
    int32_t reserve;
} iteration;

static const gbl_param params[] = {
    {"reserve", GBL_P_CHOICE, 0, offsetof(iteration, reserve), "\"context\"", 0, 0, NULL, "context|request",
     "KV reserved at admission: max_model_len tokens (Orca), or what the request will really need (an oracle)."},
    {0}};

static int64_t reserved(void *state, const gbl_host *h, int32_t id) {
    const iteration *s = state;
    const gbl_req *r = &h->view->req[id];
    return s->reserve == RESERVE_CONTEXT ? h->view->max_model_len : (int64_t)r->input + r->output - 1;
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    const gbl_view *v = h->view;
    for (int32_t i = 0; i < v->n_running; i++) h->schedule(h, v->running[i], v->req[v->running[i]].known, 0);
    while (v->n_waiting) {
        int32_t id = v->waiting[0];
        if (h->schedule(h, id, v->req[id].known, reserved(state, h, id)) < 0) break;
    }
    p->hold = 1;
}

static const gbl_schedule_policy iteration_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "iteration",
     "Iteration-level batching with whole prompts beside decodes and KV reserved for the longest sequence.",
     "Orca (OSDI'22); sarathi-serve's orca_scheduler.py", params, sizeof(iteration), 0, GBL_SCHEDULE_WHOLE},
    NULL, plan, reserved, reserved};
GBL_EXPORT(&iteration_policy.head);
