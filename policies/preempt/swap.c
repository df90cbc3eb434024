/* swap - the newest running request gives way; its KV goes to host memory and comes back later. Where the swap space is
 * full, or the request has nothing worth moving, it is recomputed instead. */
#include "policies/policy.h"

typedef struct swap {
    double space_gib;
} swap;
static const gbl_param params[] = {
    {"space_gib", GBL_P_REAL, 0, offsetof(swap, space_gib), "4", 0, 1e6, "GiB", NULL,
     "Host memory for swapped KV of a replica (vLLM v0: --swap-space, 4 GiB)."},
    {0}};

static int how(void *state, const gbl_host *h, int32_t id) {
    const swap *s = state;
    const gbl_view *v = h->view;
    double below = (double)(v->swapped_blocks + v->req[id].blocks) * v->block_bytes;
    return v->req[id].generated > 0 && below <= s->space_gib * 1073741824.0 ? GBL_BY_SWAP : GBL_BY_RECOMPUTE;
}

static const gbl_preempt_policy swap_policy = {
    {sizeof(gbl_preempt_policy), GBL_PREEMPT, GBL_ABI, "swap",
     "The newest running request gives way; its KV is swapped to host memory over PCIe.",
     "vLLM v0 swapping (arXiv 2309.06180, section 4.5)", params, sizeof(swap), 0, 0},
    NULL, gbl_newest_running, how};
GBL_EXPORT(&swap_policy.head);
