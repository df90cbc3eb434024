/* recompute - the newest running request gives way; its KV is dropped and computed again when it is readmitted. */
#include "policies/policy.h"

static int how(void *state, const gbl_host *h, int32_t id) {
    (void)state, (void)h, (void)id;
    return GBL_BY_RECOMPUTE;
}

static const gbl_preempt_policy recompute_policy = {
    {sizeof(gbl_preempt_policy), GBL_PREEMPT, GBL_ABI, "recompute",
     "The newest running request gives way; its KV is dropped and recomputed.",
     "vLLM v1 and Sarathi-Serve (last of the running list)", NULL, 0, 0, 0},
    NULL, gbl_newest_running, how};
GBL_EXPORT(&recompute_policy.head);
