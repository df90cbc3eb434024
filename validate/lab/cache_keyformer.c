/* cache_keyformer.c - Keyformer (Adnan et al., MLSys'24; d-matrix-ai/keyformer-llm): 30 % of the budget for the last tokens, the rest
 * by gathered scores softmax((x + g) / tau) with Gumbel noise g; tau is 1 in the prompt and grows by 0.01 a generated token, up to 2.
 * Of x only differences matter, so x = ln(weight); exp(g) = 1 / E with E exponential, and the noise costs no logarithm of one. */
#include "base/random.h"
#include "validate/lab/cache.h"

typedef struct keyformer {
    double recent, tau;
    int32_t noise;
} keyformer;

static const gbl_param params[] = {
    {"recent", GBL_P_REAL, 0, offsetof(keyformer, recent), "0.3", 0, 1, "share", NULL, "Of the budget, for the last tokens.", NULL},
    {"tau", GBL_P_REAL, 0, offsetof(keyformer, tau), "2", 1, 100, NULL, NULL, "Temperature that generated tokens grow to, from 1.", NULL},
    {"noise", GBL_P_BOOL, 0, offsetof(keyformer, noise), "true", 0, 0, NULL, NULL, "Gumbel noise on the scores.", NULL},
    {0}};

enum { STREAM = GBL_STREAM_POLICY + 4098 };

/* E of token j at query t; two 32-bit draws of each block. */
static double exponential(uint64_t seed, uint64_t id, int64_t t, int64_t j, uint64_t *bits)
{
    if (j % 2 == 0 || !*bits) *bits = gbl_draw_u64(seed, STREAM, id, (uint64_t)t << 24 | (uint64_t)(j / 2));
    uint32_t half = (uint32_t)(j % 2 ? *bits >> 32 : *bits);
    return -log(((double)half + 0.5) * 0x1p-32);
}

static void noisy(const keyformer *s, const gbl_row *row, const uint8_t *in, uint64_t seed, uint64_t id, double tau, double *score, double *cell)
{
    double sum = 0;
    uint64_t bits = 0;
    for (int64_t j = 0; j <= row->t; j++) {
        cell[j] = 0;
        if (in && !in[j]) {
            bits = 0;
            continue;
        }
        double v = (double)row->a[j] / (s->noise ? exponential(seed, id, row->t, j, &bits) : 1);
        cell[j] = tau == 1 ? v : pow(v, 1 / tau);
        sum += cell[j];
    }
    if (!(sum > 0)) return;
    for (int64_t j = 0; j <= row->t; j++) score[j] += row->stands_for * cell[j] / sum;
}

static void observe(gbl_note *n, const gbl_row *row)
{
    noisy(n->opt, row, NULL, n->seed, n->id, 1, n->sum[0], n->sum[1]);
}

static int64_t recent_of(const gbl_cache *c)
{
    int64_t r = (int64_t)floor(((const keyformer *)c->opt)->recent * (double)c->budget + 0.5);
    return r < 1 ? 1 : r;
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t recent = recent_of(c);
    for (int64_t j = 0; j < c->n; j++) c->score[j] = n->sum[0][j];
    gbl_cache_keep_top(c, c->score, 0, c->n - recent, c->budget - recent);
    for (int64_t j = c->n - recent; j < c->n; j++) gbl_cache_keep(c, j);
}

static void step(gbl_cache *c, const gbl_row *row)
{
    const keyformer *s = c->opt;
    double tau = fmin(1 + 0.01 * (double)(row->t - c->prompt + 1), s->tau);
    noisy(s, row, c->in, c->seed, c->id, tau, c->score, c->cell);
    if (c->held <= c->budget) return;
    int64_t out = gbl_cache_least(c, c->score, 0, gbl_cache_recent(c, recent_of(c)));
    gbl_cache_evict(c, out < 0 ? gbl_cache_least(c, c->score, 0, c->n) : out);
}

const gbl_cache_method gbl_cache_keyformer = {.name = "keyformer", .brief = "30 % recent tokens, the rest by attention gathered under Gumbel noise",
                                              .source = "Adnan et al., MLSys'24", .params = params, .opt_size = sizeof(keyformer), .observe = observe, .choose = choose, .step = step};
