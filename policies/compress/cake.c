/* cake - layers get budgets by how they attend, at a constant sum: a layer's preference is entropy^(1/tau1) x variance^(1/tau2) of its last
 * queries' attention. While a prompt goes through the layers, each one that is done shrinks all before it to their new share (the
 * cascade), so that no more than the whole budget and one layer stands at a time. Preferences are drawn for each request and layer. */
#include "policies/policy.h"

enum { LAYERS = 256 /* a deeper model's preferences repeat */, STREAM_PREFERS = 0 };
typedef struct cake {
    int64_t cap, window;
    double spread;
} cake;
typedef struct sequence { float prefers[LAYERS]; } sequence;

static const gbl_param params[] = {
    {"cap", GBL_P_INT, 0, offsetof(cake, cap), "1024", 1, 1e7, "tokens", NULL, "Tokens kept a layer, the mean over layers, the window included (code: cache_size 1024 or 128)."},
    {"window", GBL_P_INT, 0, offsetof(cake, window), "32", 1, 4096, "tokens", NULL, "Last tokens, kept by every layer; a prompt's are the queries that score (code: window_size)."},
    {"spread", GBL_P_REAL, 0, offsetof(cake, spread), "0.3", 0, 4, NULL, NULL, "Of the layers' preferences: a logistic deviate times it, as a power of e (assumed; 0: all layers alike)."},
    {0}};

static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }

static void begin(const void *state, void *own, const gbl_host *h, int32_t id) {
    const cake *s = state;
    sequence *q = own;
    for (int32_t l = 0; l < LAYERS && l < h->view->layers; l++) {
        double u = h->draw(h, STREAM_PREFERS, (uint64_t)h->view->req[id].serial, (uint64_t)l);
        q->prefers[l] = (float)pow(u / (1 - u), s->spread);
    }
}

static double prefers(const sequence *q, int32_t l) { return q->prefers[l % LAYERS]; }

/* Tokens behind the window that the first `layers` layers may keep of n - window each: by preference, whoever gets all of its own leaves the rest
 * to the others. *level: tokens for a preference of 1. */
static void level_of(const cake *s, const sequence *q, int32_t all, int32_t layers, int64_t n, double *level) {
    double most = (double)(n - s->window), budget = fmax((double)(s->cap - s->window) * all, 0), left = budget, sum = 0;
    *level = INFINITY;
    if (most * layers <= left) return;
    for (int32_t l = 0; l < layers; l++) sum += prefers(q, l);
    for (double was = -1; sum > 0 && left / sum != was;) {
        was = *level = left / sum;
        left = budget;
        sum = 0;
        for (int32_t l = 0; l < layers; l++) {
            if (prefers(q, l) * was < most) sum += prefers(q, l);
            else left -= most;
        }
    }
}

static int64_t kept(const cake *s, const sequence *q, int32_t l, int64_t n, double level) {
    double own = prefers(q, l) * level;
    if (n <= s->window) return n;
    return s->window + (own < (double)(n - s->window) ? (int64_t)own : n - s->window);
}

static void decode(const cake *s, const sequence *q, const gbl_kv_at *at, int32_t layers, gbl_kv_piece *out) {
    double level;
    level_of(s, q, layers, layers, at->to, &level);
    for (int32_t l = 0; l < layers; l++) {
        out[l].hbm = out[l].read = kept(s, q, l, at->to, level);
        if (out[l].hbm == at->to || at->to <= at->prompt) continue;
        out[l].flops = 4 * out[l].hbm; /* mean and variance of its row join the scores */
        out[l].ranked = out[l].hbm;
    }
}

/* The layer that is computed stands whole; each one before it is gathered anew whenever another is done. */
static void cascade(const cake *s, const sequence *q, const gbl_kv_at *at, int32_t layers, gbl_kv_piece *out) {
    decode(s, q, at, layers, out);
    for (int32_t l = 0; l < layers; l++) {
        double level;
        out[l].read = at->from;
        out[l].keys = at->prompt;
        out[l].queries = less(s->window, at->prompt);
        out[l].ranked = at->prompt;
        out[l].flops = 6 * out[l].keys * out[l].queries; /* entropy and variance of the window's rows */
        level_of(s, q, layers, l + 1, at->to, &level);
        for (int32_t i = 0; i <= l && isfinite(level); i++) out[i].gathered += kept(s, q, i, at->to, level);
    }
    if (at->from == 0) out[layers - 1].hbm = at->to;
    else
        for (int32_t l = 0; l < layers; l++) out[l].hbm = at->to; /* in several chunks every layer waits for the last queries */
}

static int32_t pieces(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most) {
    int32_t layers = h->view->layers;
    (void)most;
    for (int32_t l = 0; l < layers; l++) out[l].layers = 1, out[l].heads = h->view->kv_heads;
    if (at->to > at->prompt || (at->to == at->prompt && at->settled)) decode(state, own, at, layers, out);
    else if (at->to == at->prompt) cascade(state, own, at, layers, out);
    else
        for (int32_t l = 0; l < layers; l++) out[l].hbm = at->to, out[l].read = at->from;
    return layers;
}

/* Every layer grows, or none. */
static int64_t until(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at) {
    const cake *s = state;
    const sequence *q = own;
    double level, most = 0;
    if (at->to < s->cap) return s->cap - at->to;
    level_of(s, q, h->view->layers, h->view->layers, at->to + 1, &level);
    for (int32_t l = 0; l < h->view->layers; l++) most = fmax(most, prefers(q, l) * level);
    return most < (double)(at->to + 1 - s->window) ? INT64_MAX : 1;
}

static const char *check(const void *state) {
    const cake *s = state;
    return s->window > s->cap ? "a cap of at least its window" : NULL;
}

static const gbl_compress_policy cake_policy = {
    {sizeof(gbl_compress_policy), GBL_COMPRESS, GBL_ABI, "cake", "Budgets by layer at a constant sum; layers that are done shrink as others follow.",
     "CAKE (ICLR'25, arXiv 2503.12491), code antgroup/cakekv", params, sizeof(cake), 0, 0},
    NULL, sizeof(sequence), begin, pieces, until, NULL, check};
GBL_EXPORT(&cake_policy.head);
