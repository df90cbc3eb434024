/* lserve - two pools of pages: streaming heads keep the first and the last tokens alone; the others keep all and read a budget of pages,
 * chosen by the smallest and largest key of each logical page against the query. One choice serves several steps, so every interval'th
 * step of a sequence pays for choosing. Prompts attend alike: a streaming head's queries see its sinks and a window. */
#include "policies/policy.h"

typedef struct lserve {
    double streaming;
    int64_t sink, local, budget, interval, page, logical, prompt_sink, prompt_local;
} lserve;

static const gbl_param params[] = {
    {"streaming", GBL_P_REAL, 0, offsetof(lserve, streaming), "0.5", 0, 1, "share", NULL, "KV heads that keep sinks and last tokens alone (code: static_sparsity)."},
    {"sink", GBL_P_INT, 0, offsetof(lserve, sink), "128", 0, 100000, "tokens", NULL, "First tokens of a streaming head (code: decoding sink)."},
    {"local", GBL_P_INT, 0, offsetof(lserve, local), "256", 1, 1e6, "tokens", NULL, "Last tokens of a streaming head (code: decoding local)."},
    {"budget", GBL_P_INT, 0, offsetof(lserve, budget), "4096", 1, 1e7, "tokens", NULL, "Tokens that the other heads read in a step (code: dynamic_attn_budget)."},
    {"interval", GBL_P_INT, 0, offsetof(lserve, interval), "4", 1, 1024, "steps", NULL, "Steps that one choice of pages serves (code: dynamic_select_interval)."},
    {"page", GBL_P_INT, 0, offsetof(lserve, page), "64", 1, 4096, "tokens", NULL, "Tokens of a page that is chosen (paper, section 3)."},
    {"logical", GBL_P_INT, 0, offsetof(lserve, logical), "16", 1, 4096, "tokens", NULL, "Tokens of a logical page, which has a smallest and a largest key (paper, section 3)."},
    {"prompt_sink", GBL_P_INT, 0, offsetof(lserve, prompt_sink), "128", 0, 100000, "tokens", NULL, "First tokens that a prompt's queries see in a streaming head (code: ctx sink)."},
    {"prompt_local", GBL_P_INT, 0, offsetof(lserve, prompt_local), "8192", 1, 1e7, "tokens", NULL, "Last tokens that they see (code: ctx local)."},
    {0}};

static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t pages(const lserve *s, int64_t n) { return (n + s->page - 1) / s->page; }
/* Both keys of each logical page of whole pages. */
static int64_t index_of(const lserve *s, int64_t n) { return pages(s, n) * ((s->page + s->logical - 1) / s->logical) * 2; }
static int chooses(const lserve *s, const gbl_kv_at *at) { return at->to > s->budget && (at->to - at->prompt - 1) % s->interval == 0; }

static void streaming(const lserve *s, const gbl_kv_at *at, gbl_kv_piece *p) {
    int64_t seen = s->prompt_sink + s->prompt_local, kept = s->sink + s->local;
    if (at->to > at->prompt || (at->settled && at->to == at->prompt)) p->hbm = p->read = less(at->to, kept);
    else if (at->settled) p->hbm = less(at->to, seen);
    else {
        p->read = less(at->from, seen);
        p->within = seen;
        p->hbm = p->read + at->to - at->from;
    }
}

static void dense(const lserve *s, const gbl_kv_at *at, gbl_kv_piece *p) {
    p->hbm = at->to;
    p->index = index_of(s, at->to);
    p->read = at->from;
    if (at->to <= at->prompt) return;
    p->read = less(at->to, s->budget);
    if (!chooses(s, at)) return;
    p->keys = p->index;
    p->queries = 1;
    p->ranked = pages(s, at->to);
}

static int32_t pieces(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most) {
    const lserve *s = state;
    int32_t n = 0, heads = h->view->kv_heads, some = (int32_t)floor(heads * s->streaming + 0.5);
    (void)own, (void)most;
    if (some > 0) {
        out[n].layers = h->view->layers;
        out[n].heads = some;
        streaming(s, at, &out[n++]);
    }
    if (some == heads) return n;
    out[n].layers = h->view->layers;
    out[n].heads = heads - some;
    dense(s, at, &out[n++]);
    return n;
}

/* To a choice, to the end of a page, or to where a window or the budget is full. */
static int64_t until(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at) {
    const lserve *s = state;
    int64_t n = at->to, kept = s->sink + s->local, done = n - at->prompt, steps = s->page - n % s->page;
    (void)own, (void)h;
    if (n < kept) steps = less(steps, kept - n);
    if (n < s->budget) return less(steps, s->budget - n);
    int64_t away = (s->interval - done % s->interval) % s->interval; /* steps between the coming one and the next choice */
    return s->interval == 1 ? steps : less(steps, away ? away : 1);
}

static const char *check(const void *state) {
    const lserve *s = state;
    return s->logical > s->page ? "logical pages of at most a page" : NULL;
}

static const gbl_compress_policy lserve_policy = {
    {sizeof(gbl_compress_policy), GBL_COMPRESS, GBL_ABI, "lserve", "Streaming heads, and pages chosen for several steps by the others.",
     "LServe (MLSys'25, arXiv 2502.14866), code mit-han-lab/omniserve", params, sizeof(lserve), 0, 0},
    NULL, 0, NULL, pieces, until, NULL, check};
GBL_EXPORT(&lserve_policy.head);
