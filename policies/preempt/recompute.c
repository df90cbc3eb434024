/* recompute - the newest running request gives way; its KV is dropped and computed again when it is readmitted. */
#include "policies/policy.h"

static int32_t newest(void *state, const gbl_host *h, int32_t for_id) {
    (void)state;
    const gbl_view *v = h->view;
    for (int32_t i = v->n_running - 1; i >= 0; i--) {
        int32_t id = v->running[i];
        const gbl_req *r = &v->req[id];
        int decodes = r->scheduled == 1 && r->generated > 0 && r->computed == r->known;
        if (id == for_id || !r->scheduled || decodes) return id; /* a chunk already planned stays */
    }
    return for_id;
}
static int how(void *state, const gbl_host *h, int32_t id) {
    (void)state, (void)h, (void)id;
    return GBL_BY_RECOMPUTE;
}

static const gbl_preempt_policy recompute_policy = {
    {sizeof(gbl_preempt_policy), GBL_PREEMPT, GBL_ABI, "recompute",
     "The newest running request gives way; its KV is dropped and recomputed.",
     "vLLM v1 and Sarathi-Serve (last of the running list)", NULL, 0, 0, 0},
    NULL, newest, how};
GBL_EXPORT(&recompute_policy.head);
