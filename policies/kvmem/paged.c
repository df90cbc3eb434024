/* paged - KV in fixed-size blocks taken as they are needed (PagedAttention): waste is below one block a sequence. */
#include "policies/policy.h"

static int64_t reserve(void *state, const gbl_host *h, int32_t id, int64_t tokens) {
    (void)state, (void)h, (void)id;
    return tokens;
}

static const gbl_kvmem_policy paged_policy = {
    {sizeof(gbl_kvmem_policy), GBL_KVMEM, GBL_ABI, "paged", "Fixed-size blocks taken on demand; no external fragmentation.",
     "PagedAttention (arXiv 2309.06180)", NULL, 0, 0, 0},
    NULL, reserve};
GBL_EXPORT(&paged_policy.head);
