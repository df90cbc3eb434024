/* scales - visual autoregression: an image is drawn as grids that grow. Step k computes the s x s tokens of one grid at once, which attend
 * each other and all grids before them; these stay in the cache, the last one's need not. The prompt is the first grid's token, or
 * ends in it. An output of more tokens than the grids have in sum is several images one after another, each in the room of the one before;
 * the last is drawn whole, whatever is asked of it: its last grid yields at least one token (an output of a single token ends with its first). */
#include "policies/policy.h"

typedef struct scales {
    int32_t images;
    int64_t tenant;
} scales;
static const gbl_param params[] = {
    {"images", GBL_P_CHOICE, 0, offsetof(scales, images), "\"infinity-1024\"", 0, 0, NULL, "infinity-1024|infinity-512|infinity-256|var-512|var-256",
     "Which grids: model and pixels a side. 10,521 tokens in sum, of which 6,425 are kept, 2,521, 521, 2,240, 680; a longer output is several images, the last of which is drawn whole."},
    {"tenant", GBL_P_INT, GBL_P_NULLABLE, offsetof(scales, tenant), "null", 0, 1e9, NULL, NULL,
     "Requests of this tenant are images, the others are generated token by token; null: all."},
    {0}};

/* Sides. Infinity at 1024: 6,425 tokens before the last grid, as ScaleKV's code counts them; at 512 and 256 (1M, 0.25M, 0.06M pixels)
 * recalled from its code's dynamic_resolution.py; VAR: patch_nums of its code, recalled. */
static const struct { int32_t n, side[13]; } grids[] = {
    {13, {1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64}}, {10, {1, 2, 4, 6, 8, 12, 16, 20, 24, 32}}, {7, {1, 2, 4, 6, 8, 12, 16}},
    {10, {1, 2, 3, 4, 6, 9, 13, 18, 24, 32}}, {10, {1, 2, 3, 4, 5, 6, 8, 10, 13, 16}}};

static int32_t tokens(const scales *s, int64_t k) { return grids[s->images].side[k] * grids[s->images].side[k]; }

static int stride(void *state, const gbl_host *h, int32_t id, int64_t k, gbl_stride *out) {
    const scales *s = (const scales *)state;
    const gbl_req *q = &h->view->req[id];
    int64_t before = q->input, n = grids[s->images].n, end = n - 1, first = k < n, left = q->output - out->generated;
    if (s->tenant != GBL_NULL_INT && s->tenant != q->tenant) return 0;
    int64_t at = k % n, most = at < end ? left - 1 : left; /* until the image is there a token of it is not */
    for (int64_t i = first; i < at; i++) before += tokens(s, i);
    int32_t grid = tokens(s, at), queries = k ? grid : 0, yields = (int32_t)(most < grid ? most : grid);
    *out = (gbl_stride){.queries = queries, .keys = (int32_t)(before + queries), .grows = first && at < end ? queries : 0, .yields = k || yields > 0 ? yields : 1};
    return 1;
}

static const gbl_execute_policy scales_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "scales", "Visual autoregression: grids of tokens that grow, one a step.", "VAR (arXiv 2404.02905); Infinity (arXiv 2412.04431)",
     params, sizeof(scales), 0, GBL_EXECUTE_UNSHARED},
    NULL, stride, NULL};
GBL_EXPORT(&scales_policy.head);
