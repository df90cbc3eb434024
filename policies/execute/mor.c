/* mor - continuous depth-wise batching: a step runs the shared layers once, on tokens of all depths side by side. A token leaves when its
 * own depth is reached, and its sequence's next one takes the place at the following step; so a batch stays full though tokens run 1 to
 * R times, each depth as often as another (token of capacity (R-r+1)/R at recursion r). First tokens come with their prompt, which runs
 * all depths. Source: Mixture-of-Recursions (arXiv 2507.10524), section on throughput. */
#include "policies/policy.h"

enum { STREAM = 1 };

static int stride(void *state, const gbl_host *h, int32_t id, int64_t k, gbl_stride *out) {
    const gbl_req *q = &h->view->req[id];
    int32_t token = out->generated, run = out->silent + 1;
    (void)state;
    int32_t depth = 1 + (int32_t)(h->draw(h, STREAM, (uint64_t)q->serial, (uint64_t)token) * h->view->recursions), ends = run >= depth;
    *out = k ? (gbl_stride){.recursion = run, .queries = 1, .keys = q->input + token, .grows = ends, .yields = ends} : (gbl_stride){.yields = 1};
    return 1;
}

static const gbl_execute_policy mor_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "mor", "Continuous depth-wise batching of models that run shared layers several times: a step is one run, of tokens at any depth.",
     "Mixture-of-Recursions (arXiv 2507.10524)", NULL, 0, 0, GBL_EXECUTE_RECURSIONS},
    NULL, stride, NULL};
GBL_EXPORT(&mor_policy.head);
