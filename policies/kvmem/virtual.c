/* virtual - a request's KV is contiguous in virtual memory, and physical pages are mapped behind it as it grows (vAttention):
 * every layer has a buffer of keys and one of values, so memory comes in groups of one page a buffer, which hold
 *   tokens of a page = page / (KV heads of a rank x head size x bytes of a number)
 * e.g. 1,024 tokens with 2 MiB pages for Llama-3-8B on one GPU. The last group is in part unused: at most one page a buffer.
 * Pages are mapped in the background, ahead of need, as long as the engine asks for fewer than it can map; a map's latency
 * is not modelled. */
#include "policies/policy.h"

typedef struct virtual_kv {
    double page_kib;
    int64_t tokens; /* of a page */
} virtual_kv;
static const gbl_param params[] = {
    {"page_kib", GBL_P_REAL, 0, offsetof(virtual_kv, page_kib), "2048", 4, 1e6, "KiB", NULL, "Physical page: 2048 is CUDA's; 64, 128 and 256 need the paper's driver."},
    {0}};

static void init(void *state, const gbl_host *h) {
    virtual_kv *s = state;
    s->tokens = (int64_t)(s->page_kib * 1024 / h->view->kv_row_bytes);
    if (s->tokens < 1) s->tokens = 1;
}
static int64_t reserve(void *state, const gbl_host *h, int32_t id, int64_t tokens) {
    (void)h, (void)id;
    const virtual_kv *s = state;
    return (tokens + s->tokens - 1) / s->tokens * s->tokens;
}

static const gbl_kvmem_policy virtual_policy = {
    {sizeof(gbl_kvmem_policy), GBL_KVMEM, GBL_ABI, "virtual", "Contiguous virtual memory, physical pages mapped as a request grows: no block tables, waste below a page a KV tensor.",
     "vAttention (arXiv 2405.04437)", params, sizeof(virtual_kv), 0, GBL_KVMEM_UNSHARED},
    init, reserve};
GBL_EXPORT(&virtual_policy.head);
