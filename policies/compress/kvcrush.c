/* kvcrush - paged eviction in whole blocks, refined: between first and last tokens that always stay, the blocks of an evictable area compete
 * by score; some of its places go to blocks that represent those that leave: one bit a token says whether it is in the upper half of the scores, and
 * of the blocks ordered by Hamming distance to an anchor every so-many'th is taken. One choice a layer, all heads alike.
 *
 * Blocks smaller than a page of the pool leave holes: which blocks of the prompt stay is drawn, and a page is free when all of its blocks have
 * gone. The holes close as later evictions take the old blocks. */
#include "policies/policy.h"

typedef struct kvcrush {
    int64_t cap, sink, recent, block, observe, crush;
} kvcrush;
typedef struct sequence { int64_t holes; /* tokens' worth of room in pages that are held for a part of their blocks */ } sequence;

static const gbl_param params[] = {
    {"cap", GBL_P_INT, 0, offsetof(kvcrush, cap), "672", 1, 1e6, "tokens", NULL, "Tokens kept in all (OpenVINO GenAI: 32 first, 128 recent, 512 evictable)."},
    {"sink", GBL_P_INT, 0, offsetof(kvcrush, sink), "32", 0, 100000, "tokens", NULL, "First tokens, always kept (OpenVINO GenAI)."},
    {"recent", GBL_P_INT, 0, offsetof(kvcrush, recent), "128", 0, 100000, "tokens", NULL, "Last tokens, always kept (OpenVINO GenAI)."},
    {"block", GBL_P_INT, 0, offsetof(kvcrush, block), "32", 1, 1024, "tokens", NULL, "Tokens dropped together (assumed: a page of OpenVINO's GPU runtime is 16, of its CPU runtime 32)."},
    {"observe", GBL_P_INT, 0, offsetof(kvcrush, observe), "8", 1, 4096, "tokens", NULL, "Last prompt tokens, whose queries score the others (assumed: SnapKV's window in OpenVINO's documents)."},
    {"crush", GBL_P_INT, 0, offsetof(kvcrush, crush), "2", 0, 100000, "blocks", NULL, "Of the evictable ones, chosen as representatives (OpenVINO GenAI documents: 1, 2, 4 or 8; 0: by score alone)."},
    {0}};

enum { STREAM_SCORES };
static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t more(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t evictable(const kvcrush *s) { return more(s->cap - s->sink - s->recent, 0); }
static int64_t block(const kvcrush *s) { return less(s->block, s->cap); }

/* A block's score is above the share of blocks that go. */
static void begin(const void *state, void *own, const gbl_host *h, int32_t id) {
    const kvcrush *s = state;
    sequence *q = own;
    int64_t prompt = h->view->req[id].known, page = h->view->block_size, each = page / block(s), area = more(prompt - s->sink - s->recent, 1), held = 0, kept = 0;
    if (page % block(s) || each < 2 || prompt <= s->cap) return;
    double goes = 1 - (double)evictable(s) / (double)area;
    for (int64_t p = 0; p < area / page; p++) {
        int64_t of_page = 0;
        for (int64_t b = 0; b < each; b++)
            of_page += h->draw(h, STREAM_SCORES, (uint64_t)h->view->req[id].serial, (uint64_t)(p * each + b)) > goes;
        kept += of_page;
        held += of_page > 0;
    }
    q->holes = more(0, held * page - kept * block(s));
}

/* Events so far that dropped a block in order to make room for new ones, at n tokens. */
static int64_t dropped(const kvcrush *s, const gbl_kv_at *at, int64_t n) {
    int64_t since = n - more(s->cap, at->prompt);
    return since > 0 ? (since + block(s) - 1) / block(s) : 0;
}

static int64_t kept(const kvcrush *s, const gbl_kv_at *at, int64_t n) {
    if (n <= s->cap) return n;
    return s->cap + n - more(s->cap, at->prompt) - dropped(s, at, n) * block(s);
}

static int64_t holes(const kvcrush *s, const sequence *q, const gbl_kv_at *at) {
    int64_t old = evictable(s) / block(s), gone = less(dropped(s, at, at->to), old);
    return old ? less(q->holes * (old - gone) / old, at->to - kept(s, at, at->to)) : 0;
}

/* Scores by block, the upper half by token, distances to the anchor and their order: in one row for all heads of a layer. */
static void choose(const kvcrush *s, int64_t among, gbl_kv_piece *p) {
    p->ranked = among / block(s);
    p->flops = among;
    if (!s->crush) return;
    p->ranked += among + among / block(s);
    p->flops += 2 * among;
}

static int32_t pieces(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most) {
    const kvcrush *s = state;
    const sequence *q = own;
    gbl_kv_piece p = {.layers = h->view->layers, .heads = h->view->kv_heads};
    (void)most;
    int ends = at->to == at->prompt && !at->settled, evicts = at->to > at->prompt && dropped(s, at, at->to) > dropped(s, at, at->to - 1);
    if (at->to < at->prompt || ends) { /* a prompt stands whole until its end */
        p.hbm = at->to;
        p.read = at->from;
    } else {
        p.read = kept(s, at, at->to);
        p.hbm = p.read + holes(s, q, at);
    }
    if (ends && at->prompt > s->cap) {
        p.keys = at->prompt;
        p.queries = less(s->observe, at->prompt);
    }
    out[0] = out[1] = p;
    if (ends && at->prompt > s->cap) choose(s, more(at->prompt - s->sink - s->recent, 0), &out[0]);
    else if (evicts) choose(s, evictable(s), &out[0]);
    if (p.heads == 1) return 1;
    out[0].heads = 1;
    out[1].heads = p.heads - 1;
    return 2;
}

static int64_t until(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at) {
    const kvcrush *s = state;
    int64_t first = more(s->cap, at->prompt), since = at->to - first;
    (void)own, (void)h;
    if (since < 0) return -since;
    int64_t spare = (block(s) - since % block(s)) % block(s); /* tokens that still come into this block */
    return spare ? spare : 1;
}

static const char *check(const void *state) {
    const kvcrush *s = state;
    return s->sink + s->recent > s->cap ? "sink + recent of at most cap" : NULL;
}

static const gbl_compress_policy kvcrush_policy = {
    {sizeof(gbl_compress_policy), GBL_COMPRESS, GBL_ABI, "kvcrush", "Evicts whole blocks by score, and keeps some that represent those that go.",
     "KVCrush (arXiv 2503.00022), code OpenVINO GenAI, kvcrush.cpp", params, sizeof(kvcrush), 0, 0},
    NULL, sizeof(sequence), begin, pieces, until, NULL, check};
GBL_EXPORT(&kvcrush_policy.head);
