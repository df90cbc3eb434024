/* prefill_first - vLLM v0's default: as long as a waiting prompt can be admitted, the step is prefills only and the
 * decodes stall; otherwise every running request decodes. Whole prompts, first come first served, no skipping. */
#include "policies/policy.h"

typedef struct prefill_first {
    int64_t token_budget;
    double watermark;
} prefill_first;

static const gbl_param params[] = {
    {"token_budget", GBL_P_INT, GBL_P_NULLABLE, offsetof(prefill_first, token_budget), "null", 1, 1e9, "tokens", NULL,
     "Prompt tokens in one prefill step; null: engine.max_num_batched_tokens. A longer prompt runs alone."},
    {"watermark", GBL_P_REAL, 0, offsetof(prefill_first, watermark), "0.01", 0, 1, "share", NULL,
     "Share of the blocks that an admission must leave free."},
    {0}};

static int prefills(const prefill_first *s, const gbl_host *h, gbl_plan *p) {
    const gbl_view *v = h->view;
    int64_t budget = s->token_budget != GBL_NULL_INT ? s->token_budget : v->max_num_batched_tokens;
    int64_t keep = (int64_t)(s->watermark * (double)v->total_blocks);
    for (int32_t i = 0; i < v->n_running && p->tokens < budget; i++) { /* whose prefix was loaded meanwhile */
        const gbl_req *r = &v->req[v->running[i]];
        if (r->known - r->computed > 1) h->schedule(h, v->running[i], r->known - r->computed, 0);
    }
    while (v->n_waiting) {
        int32_t id = v->waiting[0];
        const gbl_req *r = &v->req[id];
        int64_t prompt = r->known - h->cached(h, id);
        if (p->n && p->tokens + prompt > budget) break;
        if (v->n_running + v->n_loading > 0 && v->free_blocks - h->blocks_needed(h, id, r->known) < keep) break;
        if (h->schedule(h, id, prompt, r->known) < 0) break;
    }
    return p->n;
}

static void decodes(const gbl_host *h, gbl_plan *p) {
    const gbl_view *v = h->view;
    for (int32_t i = 0; i < v->n_running;) {
        int32_t id = v->running[i];
        if (v->req[id].scheduled) {
            i++;
            continue;
        }
        gbl_make_fit(h, id, v->req[id].known); /* one token, or the rest of a prompt whose head was loaded */
        if (i < v->n_running && v->running[i] == id) i++;
        else if (i >= v->n_running) break;
    }
    while (!p->preempted && v->n_swapped && h->resume(h, v->swapped[0]) == 0) {}
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    const gbl_view *v = h->view;
    if (!v->n_swapped && !v->n_loading && prefills(state, h, p)) return;
    decodes(h, p);
    p->hold = 1;
}

static const gbl_schedule_policy prefill_first_policy = {
    {sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, "prefill_first",
     "Prefill-only steps while prompts wait, decode-only steps otherwise: high throughput, decodes stall.",
     "vLLM v0 (arXiv 2309.06180; vllm/core/scheduler.py of v0.6)", params, sizeof(prefill_first), 0, GBL_SCHEDULE_WHOLE},
    NULL, plan, NULL};
GBL_EXPORT(&prefill_first_policy.head);
