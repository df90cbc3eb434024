/* sentencekv - at the prompt's end the tokens with the best scores are grouped by sentence and go to host memory; the GPU keeps a mean key
 * of each sentence, the first and the last tokens. A step compares its query with the sentences; as a sentence of the answer begins, the best ones
 * are fetched, and serve until it ends. Where sentences of the answer end is drawn, token by token. */
#include "policies/policy.h"

typedef struct sentencekv {
    int64_t budget, kept, window, start, recent, sentence;
} sentencekv;

static const gbl_param params[] = {
    {"budget", GBL_P_INT, 0, offsetof(sentencekv, budget), "1024", 1, 1e7, "tokens", NULL, "Tokens fetched for a sentence (code: max_capacity_prompts)."},
    {"kept", GBL_P_INT, 0, offsetof(sentencekv, kept), "3072", 1, 1e8, "tokens", NULL, "Prompt tokens kept: the budget times the semantic factor (README: 3; the code's default is 5)."},
    {"window", GBL_P_INT, 0, offsetof(sentencekv, window), "32", 1, 4096, "tokens", NULL, "Last prompt tokens, whose queries score the others (code)."},
    {"start", GBL_P_INT, 0, offsetof(sentencekv, start), "32", 0, 1e6, "tokens", NULL, "First tokens, which stay on the GPU (code: start_budget)."},
    {"recent", GBL_P_INT, 0, offsetof(sentencekv, recent), "32", 0, 1e6, "tokens", NULL, "Last prompt tokens, which stay on the GPU (code: recent_budget)."},
    {"sentence", GBL_P_INT, 0, offsetof(sentencekv, sentence), "20", 1, 1000, "tokens", NULL, "Mean length of a sentence (assumed: no length is published)."},
    {0}};

enum { STREAM_ENDS };
static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }

/* Step k of an answer begins a sentence: it is the first, or the token before ended one. */
static int begins(const sentencekv *s, const gbl_host *h, const gbl_kv_at *at, int64_t k) {
    return k == 1 || h->draw(h, STREAM_ENDS, (uint64_t)h->view->req[at->id].serial, (uint64_t)k) * (double)s->sentence < 1;
}

static void prompt(const sentencekv *s, const gbl_kv_at *at, int64_t kept, int64_t stay, gbl_kv_piece *p) {
    p->hbm = at->to;
    p->read = at->from;
    if (at->to < at->prompt) return;
    if (at->settled) {
        p->hbm = stay;
        p->dram = kept - stay;
        return;
    }
    p->keys = at->prompt;
    p->queries = less(s->window, at->prompt);
    p->ranked = at->prompt;
    p->gathered = kept;
    p->down = p->dram = kept - stay;
}

static int32_t pieces(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most) {
    const sentencekv *s = state;
    int64_t kept = less(at->prompt, s->kept), stay = less(kept, s->start + s->recent), said = at->to - at->prompt;
    (void)own, (void)most;
    out->layers = h->view->layers;
    out->heads = h->view->kv_heads;
    if (at->to == at->prompt || said > 0) out->index = (kept - stay + s->sentence - 1) / s->sentence; /* a mean key each */
    if (said <= 0) {
        prompt(s, at, kept, stay, out);
        return 1;
    }
    int64_t fetched = less(s->budget, kept - stay);
    out->dram = kept - stay;
    out->hbm = out->read = stay + fetched + said;
    out->keys = out->ranked = out->index;
    out->queries = 1;
    if (begins(s, h, at, said)) out->up = fetched;
    return 1;
}

static int64_t until(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at) {
    const sentencekv *s = state;
    int64_t said = at->to - at->prompt, steps = 1;
    (void)own;
    if (begins(s, h, at, said + 1)) return 1;
    while (steps < 1000 && !begins(s, h, at, said + 1 + steps)) steps++;
    return steps;
}

static const char *check(const void *state) {
    const sentencekv *s = state;
    return s->start + s->recent > s->kept ? "start + recent of at most kept" : NULL;
}

static const gbl_compress_policy sentencekv_policy = {
    {sizeof(gbl_compress_policy), GBL_COMPRESS, GBL_ABI, "sentencekv", "KV in host memory by sentence; the best sentences are fetched as a sentence begins.",
     "SentenceKV (arXiv 2504.00970), code zzbright1998/SentenceKV", params, sizeof(sentencekv), 0, GBL_COMPRESS_DRAM},
    NULL, 0, NULL, pieces, until, NULL, check};
GBL_EXPORT(&sentencekv_policy.head);
