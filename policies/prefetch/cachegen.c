/* cachegen - KV that lies below HBM encoded at three qualities, and a controller that takes for each chunk of a context the best
 * one whose transfer takes no longer than its share of a time limit, or else its text, which is computed (repository 6bed34c,
 * src/utils.py, config_selection):
 *   for level 3, 2, 1:   bytes of the chunk at that level / bandwidth < slo_s / chunks:  load it so
 *   else:                compute the chunk
 * There the bandwidth changes from chunk to chunk; here it is what loading would take alone on the machine. A prompt is
 * loaded from its head on, so what follows the first chunk that is computed is computed, too.
 *
 * Shares are of the KV's own bytes. Level 3: an eighth of 16 bits, which is 8-bit KV over 4 (published: 3.7 to 4.3). The others
 * stand to it as the logarithms of their numbers of bins (assumed): 32 everywhere; keys 32/16/16 by thirds of the layers and
 * values 16 above the first two; keys 16/16/12 and values 12. Decoding on the GPU runs beside the transfer and costs nothing.
 * What is written and stored counts as unencoded. */
#include "policies/policy.h"

enum { LEVELS = 3 };
typedef struct cachegen {
    double slo_s, share[LEVELS]; /* best first */
    int64_t chunk_tokens;
} cachegen;
static const gbl_param params[] = {
    {"slo_s", GBL_P_REAL, 0, offsetof(cachegen, slo_s), "2", 0, 1e6, "s", NULL, "Time in which a context should be here."},
    {"chunk_tokens", GBL_P_INT, 0, offsetof(cachegen, chunk_tokens), "1500", 1, 1e9, "tokens", NULL, "Tokens that are decided on together."},
    {"level_3", GBL_P_REAL, 0, offsetof(cachegen, share[0]), "0.125", 1e-6, 1, "share", NULL, "Bytes at the best quality over those of the KV as it is computed."},
    {"level_2", GBL_P_REAL, 0, offsetof(cachegen, share[1]), "0.105", 1e-6, 1, "share", NULL, "At the middle one; equal to level_3: there is none."},
    {"level_1", GBL_P_REAL, 0, offsetof(cachegen, share[2]), "0.093", 1e-6, 1, "share", NULL, "At the lowest one."},
    {0}};

/* The level for a chunk that takes `ns` unencoded, or -1: text. */
static int32_t level_for(const cachegen *s, double ns, int64_t chunks) {
    for (int32_t i = 0; i < LEVELS; i++)
        if (ns * s->share[i] < s->slo_s * 1e9 / (double)chunks) return i;
    return -1;
}

/* Goes through the first `most` of `found` blocks chunk by chunk; returns how many are loaded, *moved: as so many whole ones. */
static int32_t decide(const cachegen *s, const gbl_host *h, int32_t id, int32_t found, int32_t most, double *moved) {
    int64_t size = s->chunk_tokens / h->view->block_size, n = 0;
    if (size < 1) size = 1;
    int64_t chunks = (found + size - 1) / size;
    double block_ns = (double)h->load_ns(h, id, found) / found;
    *moved = 0;
    while (n < most) {
        int64_t of = most - n < size ? most - n : size;
        int32_t level = level_for(s, block_ns * (double)of, chunks);
        if (level < 0) break;
        *moved += s->share[level] * (double)of;
        n += of;
    }
    return (int32_t)n;
}

static int32_t found_below(const gbl_host *h, int32_t id) {
    int32_t n = 0;
    for (int32_t i = 0; i < h->n_tiers; i++) n += h->below(h, id, i);
    return n;
}

static int32_t admitted(void *state, const gbl_host *h, int32_t id, int32_t found) {
    double moved;
    return decide(state, h, id, found, found, &moved);
}
static double encoded(void *state, const gbl_host *h, int32_t id, int32_t blocks) {
    double moved;
    int32_t n = decide(state, h, id, found_below(h, id), blocks, &moved);
    return n ? moved / n : 1;
}

static const gbl_prefetch_policy cachegen_policy = {
    {sizeof(gbl_prefetch_policy), GBL_PREFETCH, GBL_ABI, "cachegen", "Loads each chunk of a context at the best quality that its time limit allows, or computes it.",
     "CacheGen (arXiv 2310.07240; github.com/UChi-JCL/CacheGen, src/utils.py)", params, sizeof(cachegen), 0, 0},
    NULL, admitted, NULL, encoded};
GBL_EXPORT(&cachegen_policy.head);
