/* locret - a prompt goes in chunks, and behind each chunk every KV head keeps the tokens whose trained score is largest: memory and
 * attention of a chunk stay bounded, so the time of a prompt grows with its length and not with its square. The last tokens of a chunk
 * are kept until the next one has come (stabilizers), the last of the prompt for good; generated tokens all stay. */
#include "policies/policy.h"

typedef struct locret {
    int64_t budget, local, stabilizers, head_width;
} locret;

static const gbl_param params[] = {
    {"budget", GBL_P_INT, 0, offsetof(locret, budget), "6000", 1, 1e7, "tokens", NULL,
     "Prompt tokens kept a layer and head (code: budget_size 6000; 16384 for Llama-3.1-8B is inferred from the published 8x)."},
    {"local", GBL_P_INT, 0, offsetof(locret, local), "100", 0, 1e6, "tokens", NULL, "Last prompt tokens, kept besides (code: local_len)."},
    {"stabilizers", GBL_P_INT, 0, offsetof(locret, stabilizers), "2500", 0, 1e7, "tokens", NULL,
     "Of the budget, the last tokens of a chunk, kept without a score; more than it has stands for all of it (code: stabilizers)."},
    {"head_width", GBL_P_INT, 0, offsetof(locret, head_width), "1024", 1, 16384, "elements", NULL, "Hidden width of a retaining head (assumed)."},
    {0}};

static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }

/* Of a prompt's first n tokens, those that are kept behind them: the budget, and what of its last ones has come. */
static int64_t kept(const locret *s, int64_t n, int64_t prompt) {
    int64_t local = n - (prompt > s->local ? prompt - s->local : 0);
    return less(n, s->budget + (local > 0 ? local : 0));
}

static int32_t pieces(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most) {
    const locret *s = state;
    (void)own, (void)most;
    out->layers = h->view->layers;
    out->heads = h->view->kv_heads;
    if (at->settled || at->to > at->prompt) {
        out->hbm = out->read = kept(s, less(at->to, at->prompt), at->prompt) + (at->to > at->prompt ? at->to - at->prompt : 0);
        return 1;
    }
    int64_t before = kept(s, at->from, at->prompt), chunk = at->to - at->from, together = before + chunk, after = kept(s, at->to, at->prompt);
    out->hbm = together;
    out->read = before;
    int64_t unit = (h->view->heads / h->view->kv_heads + 2) * (int64_t)h->view->head_dim; /* its own Q, K and V */
    out->products = 2 * chunk * (unit * s->head_width + s->head_width);
    if (after == together) return 1;
    out->ranked = together - less(less(s->stabilizers, s->budget), chunk);
    out->gathered = after;
    return 1;
}

static int64_t until(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at) {
    (void)state, (void)own, (void)h, (void)at;
    return INT64_MAX; /* one token more each step */
}

static const gbl_compress_policy locret_policy = {
    {sizeof(gbl_compress_policy), GBL_COMPRESS, GBL_ABI, "locret", "Evicts behind each chunk of a prompt, by the scores of trained heads.",
     "Locret (arXiv 2410.01805), code huangyuxiang03/Locret", params, sizeof(locret), 0, 0},
    NULL, 0, NULL, pieces, until, NULL, NULL};
GBL_EXPORT(&locret_policy.head);
