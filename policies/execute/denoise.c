/* Diffusion language models: the G output positions stand masked behind the P of the prompt, and each step unmasks the k that it is most
 * sure of. Attention goes both ways, so that every step computes what the caches of these policies leave to compute. With M positions
 * masked before step t, which begins at 0:
 *
 *   denoise     nothing is cached: P + G. The pool holds the prompt all the same: strides add to what a prompt has, and take nothing away
 *   dkv_cache   decode: M + the k of the step before (their K, V are kept one step late), and P + G every N-th step
 *               prefill: G; the prompt's K, V stay as step 0 computed them.  pd: both: M + k, and G every N-th step
 *               greedy: these 2 k tokens and a window, and P + G every N-th step
 *   freecache   the blocks not yet finished: G - b floor(done / b); finished ones and the prompt are frozen. Where another model
 *               guides, a step accepts a run of geometric length, which ends with its block; that model computes the same tokens
 *
 * Step 0 computes P + G with all of them: attention goes both ways, so that no prompt comes in chunks before it. Sources: arXiv 2505.15781 and its code
 * (llada_dkv_cache_decode.py, _greedy.py); arXiv 2505.21467; the steps of ParallelBench (arXiv 2510.04767) are denoise's. */
#include "policies/policy.h"

enum { NOTHING, DECODE, PREFILL, PD, GREEDY, BLOCKS };
enum { STREAM = 1 };
typedef struct denoise {
    int64_t tokens, tenant, refresh, window, block;
    double accept, guide;
    int32_t variant;
} denoise;

#define TOKENS(when) {"tokens", GBL_P_INT, 0, offsetof(denoise, tokens), "1", 1, 1 << 20, "tokens", NULL, "Positions unmasked at each step.", when}
#define TENANT {"tenant", GBL_P_INT, GBL_P_NULLABLE, offsetof(denoise, tenant), "null", 0, 1e9, NULL, NULL, \
                "Requests of this tenant are generated so, the others token by token; null: all."}
static const gbl_param denoise_params[] = {TOKENS(NULL), TENANT, {0}};
static const gbl_param dkv_params[] = {
    TOKENS(NULL),
    {"variant", GBL_P_CHOICE, 0, offsetof(denoise, variant), "\"decode\"", 0, 0, NULL, "none|decode|prefill|pd|greedy",
     "What is cached: decoded tokens, the prompt, both, or all but a window; none: nothing."},
    {"refresh", GBL_P_INT, 0, offsetof(denoise, refresh), "8", 1, 1 << 20, "steps", NULL, "Everything is computed again each so many steps (8 for LLaDA, 4 for Dream, 2 with greedy).", "variant=decode|pd|greedy"},
    {"window", GBL_P_INT, 0, offsetof(denoise, window), "4", 0, 1 << 20, "tokens", NULL, "Of variant greedy: neighbours computed besides.", "variant=greedy"},
    TENANT,
    {0}};
static const gbl_param freecache_params[] = {
    TOKENS("accept=null"),
    {"block", GBL_P_INT, 0, offsetof(denoise, block), "32", 1, 1 << 20, "tokens", NULL, "Output positions that are frozen together."},
    {"accept", GBL_P_REAL, GBL_P_NULLABLE, offsetof(denoise, accept), "null", 1, 1 << 20, "tokens", NULL,
     "Mean run of tokens that a guiding autoregressive model agrees with at a step, instead of `tokens`; null: no guide."},
    {"guide", GBL_P_REAL, 0, offsetof(denoise, guide), "0", 0, 10, "share", NULL, "Size of the guiding model over this one: it computes the same tokens (1.5B beside 8B: 0.19).", "accept!=null"},
    TENANT,
    {0}};

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Positions that stride k unmasks when `done` are. */
static int64_t unmasked(const denoise *s, const gbl_host *h, const gbl_req *q, int64_t k, int64_t done) {
    if (!(s->accept >= 1)) return s->tokens;
    double u = h->draw(h, STREAM, (uint64_t)q->serial, (uint64_t)k); /* geometric */
    int64_t run = s->accept > 1 ? 1 + (int64_t)fmin(log(u) / log1p(-1 / s->accept), 1e6) : 1;
    return smaller(run, s->block - done % s->block);
}

static int64_t computed(const denoise *s, int64_t P, int64_t G, int64_t done, int64_t k) {
    int64_t masked = G - done, all = P + G;
    int again = s->refresh && k % s->refresh == 0;
    if (k == 0) return all;
    switch (s->variant) {
    case DECODE: return again ? all : smaller(masked + s->tokens, G);
    case PREFILL: return G;
    case PD: return again ? G : smaller(masked + s->tokens, G);
    case GREEDY: return again ? all : smaller(2 * s->tokens + s->window, all);
    case BLOCKS: return G - s->block * (done / s->block);
    default: return all;
    }
}

static int stride(void *state, const gbl_host *h, int32_t id, int64_t k, gbl_stride *out) {
    const denoise *s = (const denoise *)state;
    const gbl_req *q = &h->view->req[id];
    int64_t P = q->input, G = q->output, done = out->generated;
    if (s->tenant != GBL_NULL_INT && s->tenant != q->tenant) return 0;
    int64_t queries = computed(s, P, G, done, k), keys = P + G;
    if (s->guide > 0) queries = smaller((int64_t)ceil((double)queries * (1 + s->guide)), INT32_MAX / 16);
    *out = (gbl_stride){.queries = (int32_t)queries, .keys = (int32_t)(queries > keys ? queries : keys), .yields = (int32_t)unmasked(s, h, q, k, done)};
    if (s->variant != NOTHING && k == 0) out->grows = (int32_t)G;
    return 1;
}

static void blocks(void *state, const gbl_host *h) {
    (void)h;
    ((denoise *)state)->variant = BLOCKS;
}

static const gbl_execute_policy denoise_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "denoise", "A diffusion language model without a cache: every step computes prompt and output.",
     "LLaDA (arXiv 2502.09992), Dream; parallel decoding as in ParallelBench (arXiv 2510.04767)", denoise_params, sizeof(denoise), 0, GBL_EXECUTE_UNSHARED | GBL_EXECUTE_BOTH_WAYS},
    NULL, stride, NULL};
static const gbl_execute_policy dkv_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "dkv_cache", "A diffusion language model that keeps the KV of decoded tokens, one step late, or of the prompt.",
     "dKV-Cache (arXiv 2505.15781); its code, generation_utils/", dkv_params, sizeof(denoise), 0, GBL_EXECUTE_UNSHARED | GBL_EXECUTE_BOTH_WAYS},
    NULL, stride, NULL};
static const gbl_execute_policy freecache_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "freecache", "A diffusion language model that freezes the KV of finished blocks; another model may guide the unmasking.",
     "FreeCache, Guided Diffusion (arXiv 2505.21467)", freecache_params, sizeof(denoise), 0, GBL_EXECUTE_UNSHARED | GBL_EXECUTE_BOTH_WAYS},
    blocks, stride, NULL};
GBL_EXPORT(&denoise_policy.head, &dkv_policy.head, &freecache_policy.head);
