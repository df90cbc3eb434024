/* static - request-level batching as in FasterTransformer: a batch is admitted only when the last one has ended.
 * In the real system finished members keep their slot and go on computing until the longest ends (pad_finished). */
#include "policies/policy.h"

enum { RESERVE_CONTEXT, RESERVE_REQUEST };
typedef struct static_batch {
    int32_t reserve, pad_finished;
    int32_t slots;     /* members of the batch under way */
} static_batch;

static const gbl_param params[] = {
    {"reserve", GBL_P_CHOICE, 0, offsetof(static_batch, reserve), "\"context\"", 0, 0, NULL, "context|request",
     "KV reserved at admission: max_model_len tokens, or what the request will really need (an oracle)."},
    {"pad_finished", GBL_P_BOOL, 0, offsetof(static_batch, pad_finished), "true", 0, 0, NULL, NULL,
     "Finished members keep computing until the whole batch has ended."},
    {0}};

static int64_t reserved(void *state, const gbl_host *h, int32_t id) {
    const static_batch *s = state;
    const gbl_req *r = &h->view->req[id];
    return s->reserve == RESERVE_CONTEXT ? h->view->max_model_len : (int64_t)r->input + r->output - 1;
}

static void decode_all(static_batch *s, const gbl_host *h, gbl_plan *p) {
    const gbl_view *v = h->view;
    int64_t longest = 1;
    for (int32_t i = 0; i < v->n_running; i++) {
        if (v->req[v->running[i]].known > longest) longest = v->req[v->running[i]].known;
        h->schedule(h, v->running[i], v->req[v->running[i]].known, 0);
    }
    if (!s->pad_finished || s->slots <= v->n_running) {
        p->hold = 1;
        return;
    }
    p->pad_seqs = s->slots - v->n_running; /* their KV grows with the batch's, so the plan changes every step */
    p->pad_kv_tokens = longest;
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    static_batch *s = state;
    const gbl_view *v = h->view;
    if (v->n_running || v->n_loading) {
        if (v->n_running) decode_all(s, h, p);
        return;
    }
    while (v->n_waiting) {
        int32_t id = v->waiting[0];
        if (h->schedule(h, id, v->req[id].known, reserved(state, h, id)) < 0) break;
    }
    s->slots = p->n + v->n_loading;
}

static const gbl_schedule_policy static_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "static",
     "Static batches: admits only when the running batch has ended; finished members keep their slots.",
     "FasterTransformer as described in Orca (OSDI'22) and Sarathi-Serve (arXiv 2403.02310)", params, sizeof(static_batch), 0, GBL_SCHEDULE_WHOLE},
    NULL, plan, reserved, reserved};
GBL_EXPORT(&static_policy.head);
