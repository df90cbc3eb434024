/* chunk - pieces of a prompt that were computed before are reused wherever they stood: the documents of retrieval-augmented
 * prompts come in any order. An id of the trace is taken as a chunk of content without a place. A resident chunk is copied
 * into the request's own blocks, and part of it is computed again, so that it sees what stands before it here; the
 * first chunk of a prompt has nothing before it and needs none.
 *
 * CacheBlend computes the first layer for every token of a reused chunk, chooses on the second those whose KV deviates most,
 * and computes only these further up (repository 55ad026: check_layers = [1], recomp_ratio 0.16): with L layers
 *   share of the work = (full_layers + recompute x (L - full_layers)) / L
 * A token computed again costs what any prompt token does, in every layer, and attends over all before it; copying costs a
 * read and a write of the chunk's KV.
 *
 * by "cfo": Cache-Craft computes ceil(CFO x |C|) tokens of chunk C, CFO = alpha x CCI x (1 - beta'): how much the chunk had looked
 * at others when it was made, and how few of these stand before it again (arXiv 2502.15734). Attention weights are not in a
 * trace, so CFO itself is drawn for each request and chunk, uniform on 0..2 x cfo_mean (assumed); above cfo_most the chunk
 * is computed whole. */
#include "policies/policy.h"

enum { BLEND, CFO };
typedef struct chunk {
    int32_t by, salt;
    double recompute, full_layers, cfo_mean, cfo_most;
} chunk;
static const gbl_param params[] = {
    {"by", GBL_P_CHOICE, 0, offsetof(chunk, by), "\"blend\"", 0, 0, NULL, "blend|cfo", "What says how much is computed again: a fixed share (CacheBlend), or a measure of each chunk (Cache-Craft)."},
    {"recompute", GBL_P_REAL, 0, offsetof(chunk, recompute), "0.15", 0, 1, "share", NULL, "blend: tokens of a reused chunk that are computed again in the upper layers (LMCache 0.15, CacheBlend's code 0.16).", "by=blend"},
    {"full_layers", GBL_P_REAL, 0, offsetof(chunk, full_layers), "1.3", 0, 1000, "layers", NULL, "blend: layers computed for every token: the first, and of the second the projections that the choice is made by.", "by=blend"},
    {"cfo_mean", GBL_P_REAL, 0, offsetof(chunk, cfo_mean), "0.25", 0, 0.5, "share", NULL, "cfo: mean share of a reused chunk that is computed again; assumed.", "by=cfo"},
    {"cfo_most", GBL_P_REAL, 0, offsetof(chunk, cfo_most), "0.7", 0, 1, "share", NULL, "cfo: above this a chunk is computed whole; a third party's reading of the paper.", "by=cfo"},
    {"salt", GBL_P_CHOICE, 0, offsetof(chunk, salt), "\"none\"", 0, 0, NULL, "none|tenant", "tenant: requests of different tenants share nothing."},
    {0}};

static int32_t match(void *state, const gbl_host *h, int32_t id) {
    (void)state, (void)h, (void)id;
    return 0;
}

static double blend_share(const chunk *s, double layers) {
    double full = s->full_layers < layers ? s->full_layers : layers;
    return (full + s->recompute * (layers - full)) / layers;
}
static double cfo_share(const chunk *s, const gbl_host *h, int32_t id, int32_t i) {
    double cfo = 2 * s->cfo_mean * h->draw(h, 7, (uint64_t)h->view->req[id].serial, (uint64_t)i);
    return cfo > s->cfo_most ? 1 : cfo;
}

static void reuse(void *state, const gbl_host *h, int32_t id, int32_t blocks, gbl_reuse *out) {
    (void)blocks;
    const chunk *s = state;
    int32_t tokens, most = h->view->req[id].known - 1;
    for (int32_t i = 0; (tokens = h->chunk(h, id, i)) >= 0; i++) {
        if (!tokens) continue;
        double share = !i ? 0 : s->by == BLEND ? blend_share(s, h->view->layers) : cfo_share(s, h, id, i);
        double again = share * tokens;
        int32_t whole = (int32_t)again;
        out->copied += tokens;
        out->recomputed += whole + (again > whole);
    }
    if (out->copied - out->recomputed > most) out->recomputed = out->copied - most; /* the last token is computed */
}

static void rules(const void *state, gbl_prefix_rules *out) {
    const chunk *s = state;
    *out = (gbl_prefix_rules){.by_tenant = s->salt, .when_computed = 1};
}

static const gbl_prefix_policy chunk_policy = {
    {sizeof(gbl_prefix_policy), GBL_PREFIX, GBL_ABI, "chunk", "Reuses chunks of a prompt wherever they stood when they were computed, and computes a share of each again.",
     "CacheBlend (arXiv 2405.16444); Cache-Craft (arXiv 2502.15734)", params, sizeof(chunk), 0, GBL_PREFIX_CHUNKS},
    NULL, match, reuse, rules};
GBL_EXPORT(&chunk_policy.head);
