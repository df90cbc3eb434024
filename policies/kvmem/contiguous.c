/* contiguous - one piece of memory a request, reserved at its admission for the longest sequence there can be: how engines kept
 * KV before paging (FasterTransformer, Orca). What the sequence does not come to use is lost to others meanwhile; the PagedAttention
 * paper found 20 to 38 % of such memory in use (arXiv 2309.06180, figure 2). Pieces are of one size, so none is lost
 * between them. */
#include "policies/policy.h"

enum { CONTEXT, REQUEST };
typedef struct contiguous {
    int32_t reserve;
} contiguous;
static const gbl_param params[] = {
    {"reserve", GBL_P_CHOICE, 0, offsetof(contiguous, reserve), "\"context\"", 0, 0, NULL, "context|request",
     "Tokens reserved: engine.max_model_len, or what the request will really need (an oracle)."},
    {0}};

static int64_t reserve(void *state, const gbl_host *h, int32_t id, int64_t tokens) {
    const contiguous *s = state;
    const gbl_req *r = &h->view->req[id];
    int64_t most = s->reserve == CONTEXT ? h->view->max_model_len : (int64_t)r->input + r->output - 1;
    return tokens > most ? tokens : most;
}

static const gbl_kvmem_policy contiguous_policy = {
    {sizeof(gbl_kvmem_policy), GBL_KVMEM, GBL_ABI, "contiguous", "One piece of memory a request, reserved for the longest sequence.",
     "FasterTransformer, Orca (OSDI'22); PagedAttention's baselines (arXiv 2309.06180)", params, sizeof(contiguous), 0, GBL_KVMEM_UNSHARED},
    NULL, reserve};
GBL_EXPORT(&contiguous_policy.head);
