/* hamburger - steps that yield several tokens: the model goes on while it is sure of the next, so that a step's run is of geometric
 * length, with the mean that the rewritten model says; the whole run leaves one KV token. Sources: arXiv 2505.20438; that the runs are
 * geometric is assumed. */
#include "policies/policy.h"

enum { STREAM = 1 };

static int stride(void *state, const gbl_host *h, int32_t id, int64_t k, gbl_stride *out) {
    const gbl_req *q = &h->view->req[id];
    double mean = h->view->step_tokens, run = 1;
    (void)state;
    if (mean > 1) run += floor(fmin(log(h->draw(h, STREAM, (uint64_t)q->serial, (uint64_t)k)) / log1p(-1 / mean), 1e6));
    *out = (gbl_stride){.queries = k > 0, .keys = (int32_t)(q->input + k), .grows = k > 0, .yields = (int32_t)run};
    return 1;
}

static const gbl_execute_policy hamburger_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "hamburger", "Steps that yield a run of tokens and leave one KV token, for models rewritten so.", "HAMburger (arXiv 2505.20438)", NULL, 0, 0,
     GBL_EXECUTE_UNSHARED | GBL_EXECUTE_STEP_TOKENS},
    NULL, stride, NULL};
GBL_EXPORT(&hamburger_policy.head);
