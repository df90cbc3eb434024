/* process.c - see process.h. */
#include "validate/lab/process.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"

enum { STREAM = GBL_STREAM_POLICY + 4096, DRAW_CLASS = 0, DRAW_HEAVY, DRAW_STAY, DRAW_SPIKE, DRAW_KEY }; /* kinds of draws, part of the entity */
enum { NOISES = 1024, KEY_DIMS = 16, NEEDLES = 4, NEEDLE_TOKENS = 12, NEEDLE_QUERIES = 6 };

typedef struct head {
    float *heavy;      /* weight of each token as a heavy hitter, 0 for most */
    uint64_t id;       /* of its draws */
    int64_t tokens;    /* of them, weighed so far */
    double total;      /* of heavy[0..tokens) */
    double heavy_mass, floor_mass, anchor_mass;
    int retrieval;
} head;

typedef struct process {
    gbl_attention base;
    gbl_process p;
    gbl_process_shape shape;
    head *heads;
    int *layer;
    uint32_t *rows;
    gbl_needle *needles;
    float noise[NOISES]; /* exp(sigma z) at the middles of equal cells of z's distribution */
} process;

/* LLaVA-1.5-7B, 32 layers: the share of its tokens that PrefixKV drops of layers 0..6 and 29..31 when half of all go
 * (code, confs/prefixkv_llava-v1.5-7b_0.5.json); between them a straight line is assumed. */
double gbl_process_layer(double depth)
{
    static const double dropped[][2] = {{0, .114}, {1, .240}, {2, .345}, {3, .576}, {4, .569}, {5, .701}, {6, .489}, {29, .600}, {30, .386}, {31, .279}};
    enum { N = sizeof dropped / sizeof *dropped };
    double at = fmin(fmax(depth, 0), 1) * 31;
    int i = 1;
    while (i < N - 1 && dropped[i][0] < at) i++;
    double x = (at - dropped[i - 1][0]) / (dropped[i][0] - dropped[i - 1][0]);
    return (1 - dropped[i - 1][1] - x * (dropped[i][1] - dropped[i - 1][1])) / (1 - .499);
}

/* ---------------------------------------------------------------- heads ---- */

static double draw(const process *s, uint64_t id, int kind, uint64_t k)
{
    return gbl_draw(s->shape.seed, STREAM, gbl_mix64(id, (uint64_t)kind), k);
}

/* What a token is depends on the text for a share of the tokens, on the head for the others. */
static uint64_t whose(const process *s, const head *h, int64_t j)
{
    return draw(s, 1, DRAW_CLASS, (uint64_t)j) < s->p.common ? 0 : h->id;
}

/* Zipf's weights in the order of a uniform draw, less the last of them, so that heavy hitters pass into the floor without a step; the
 * largest is that of rank 1 among all. */
static float weigh(const process *s, const head *h, int64_t j, uint64_t epoch)
{
    double most = fmax(s->p.heavy_share * (double)s->shape.tokens, 1);
    double u = draw(s, whose(s, h, j), DRAW_HEAVY, (uint64_t)j << 20 | epoch) / s->p.heavy_share;
    return u >= 1 ? 0 : (float)(pow((1 + u * (most - 1)) / most, -s->p.zipf) - 1);
}

/* At an epoch's begin: who does not persist is drawn again, a token of the floor too, so that their number stays. */
static void turn_over(const process *s, head *h, uint64_t epoch)
{
    if (s->p.persistence >= 1) return;
    h->total = 0;
    for (int64_t j = 0; j < h->tokens; j++) {
        double u = draw(s, whose(s, h, j), DRAW_STAY, (uint64_t)j << 20 | epoch);
        if (u >= s->p.persistence) h->heavy[j] = weigh(s, h, j, epoch);
        h->total += h->heavy[j];
    }
}

static void grow_to(const process *s, head *h, int64_t t)
{
    for (; h->tokens <= t; h->tokens++) {
        if (h->tokens && h->tokens % GBL_PROCESS_EPOCH == 0) turn_over(s, h, (uint64_t)(h->tokens / GBL_PROCESS_EPOCH));
        h->heavy[h->tokens] = weigh(s, h, h->tokens, 0);
        h->total += h->heavy[h->tokens];
    }
}

/* ---------------------------------------------------------------- rows ---- */

/* Heavy hitters and floor under the row's noise; returns their sum before it is scaled. */
static double scatter(const process *s, const head *h, int64_t t, float *out)
{
    double sum = 0, heavy = h->total > 0 ? h->heavy_mass / h->total : 0, level = h->floor_mass / (double)(t + 1);
    uint64_t key = gbl_mix64(h->id ^ s->shape.seed, (uint64_t)t), bits = 0;
    for (int64_t j = 0; j <= t; j++) {
        bits = j % 6 ? bits >> 10 : gbl_spread64(key + (uint64_t)j * 0x9E3779B97F4A7C15u);
        float v = (float)(heavy * (double)h->heavy[j] + level) * s->noise[bits % NOISES];
        out[j] = v;
        sum += v;
    }
    return sum;
}

static void anchor(const process *s, double mass, int64_t t, float *out)
{
    int64_t sinks = t + 1 < GBL_PROCESS_SINKS ? t + 1 : GBL_PROCESS_SINKS, near = (int64_t)(20 * s->p.local_tokens);
    double sink = mass * s->p.sink_share, local = mass - sink, fade = exp(-1 / s->p.local_tokens), w = 1, sum = 0;
    for (int64_t j = 0; j < sinks; j++) out[j] += (float)(sink * (j ? 0.1 : 1 - 0.1 * (double)(sinks - 1)));
    if (near > t + 1) near = t + 1;
    for (int64_t k = 0; k < near; k++, w *= fade) sum += w;
    w = local / sum;
    for (int64_t k = 0; k < near; k++, w *= fade) out[t - k] += (float)w;
}

static void spike(float *out, int64_t t, int64_t at, int64_t count, double mass)
{
    for (int64_t j = 0; j <= t; j++) out[j] *= (float)(1 - mass);
    for (int64_t j = at; j < at + count; j++) out[j] += (float)(mass / (double)count);
}

static void look_back(const process *s, const head *h, int64_t t, float *out)
{
    for (int64_t i = 0; i < s->base.n_needles; i++) {
        const gbl_needle *n = &s->needles[i];
        if (n->query == t) { /* two tokens of it: what this query asks for */
            int64_t at = n->first + (i % NEEDLE_QUERIES) * 2;
            spike(out, t, at, 2, s->p.spike);
            return;
        }
    }
    if (draw(s, h->id, DRAW_SPIKE, (uint64_t)1 << 62 | (uint64_t)t) >= s->p.spike_rate) return;
    int64_t at = (int64_t)(draw(s, h->id, DRAW_SPIKE, (uint64_t)1 << 61 | (uint64_t)t) * (double)(t + 1));
    spike(out, t, at, 1, s->p.spike);
}

static int row(gbl_attention *a, int layer, int head_of, int64_t t, float *out, gbl_err *err)
{
    process *s = (process *)a;
    head *h = &s->heads[layer * s->shape.heads + head_of];
    (void)err;
    grow_to(s, h, t);
    double sum = scatter(s, h, t, out);
    float scale = sum > 0 ? (float)((1 - h->anchor_mass) / sum) : 0;
    for (int64_t j = 0; j <= t; j++) out[j] *= scale;
    anchor(s, h->anchor_mass, t, out);
    if (h->retrieval && t > 0) look_back(s, h, t, out);
    return GBL_OK;
}

/* Keys walk: each is the one before, turned a little towards a new direction, so that neighbours are alike. */
static int keys(gbl_attention *a, int layer, int kv_head, float *out, gbl_err *err)
{
    const process *s = (process *)a;
    uint64_t id = s->heads[layer * s->shape.heads + kv_head].id;
    double stay = s->p.key_step, go = sqrt(1 - stay * stay);
    (void)err;
    for (int64_t t = 0; t < a->tokens; t++) {
        float *v = out + t * KEY_DIMS;
        double square = 0;
        for (int d = 0; d < KEY_DIMS; d++) {
            double z = gbl_q_normal(draw(s, id, DRAW_KEY, (uint64_t)t << 8 | (uint64_t)d), 0, 1) / sqrt(KEY_DIMS);
            v[d] = (float)(t ? stay * (double)v[d - KEY_DIMS] + go * z : z);
            square += (double)v[d] * v[d];
        }
        for (int d = 0; d < KEY_DIMS; d++) v[d] = (float)(v[d] / sqrt(square));
    }
    return GBL_OK;
}

/* ---------------------------------------------------------------- opening ---- */

static void init_head(process *s, head *h, int layer, int number)
{
    double depth = s->shape.model_layers > 1 ? (double)s->layer[layer] / (s->shape.model_layers - 1) : 0.5;
    double rest = 1 - s->p.anchor, floor_mass = fmin(rest, s->p.floor * pow(gbl_process_layer(depth), s->p.contrast));
    h->id = gbl_mix64((uint64_t)s->layer[layer] + 2, (uint64_t)number);
    h->retrieval = draw(s, h->id, DRAW_CLASS, (uint64_t)1 << 62) < s->p.retrieval_heads;
    /* Heads that only stream have less of all that is not anchor; the retrieval heads the more, so that the mean stays. */
    double mean = s->p.retrieval_heads + (1 - s->p.retrieval_heads) * s->p.streaming;
    double part = mean > 0 ? fmin((h->retrieval ? 1 : s->p.streaming) / mean, 1 / rest) : 1;
    h->floor_mass = floor_mass * part;
    h->heavy_mass = (rest - floor_mass) * part;
    h->anchor_mass = fmax(1 - h->floor_mass - h->heavy_mass, 0);
}

/* Said at 15, 35, 55 and 75 % of the prompt, asked for evenly over the generated tokens: as record_attention.py plants them. */
static void plant(process *s)
{
    int64_t made = s->shape.tokens - s->shape.prompt;
    if (s->shape.prompt < 8 * NEEDLE_TOKENS || made < NEEDLES * NEEDLE_QUERIES) return;
    for (int i = 0; i < NEEDLES; i++)
        for (int q = 0; q < NEEDLE_QUERIES; q++) {
            uint32_t query = (uint32_t)(s->shape.prompt + (i + 1) * made / NEEDLES - NEEDLE_QUERIES + q);
            s->needles[s->base.n_needles++] = (gbl_needle){query, (uint32_t)(s->shape.prompt * (15 + 20 * i) / 100), NEEDLE_TOKENS};
        }
}

static void close_process(gbl_attention *a)
{
    process *s = (process *)a;
    for (int i = 0; s->heads && i < s->shape.layers * s->shape.heads; i++) gbl_free(s->heads[i].heavy);
    gbl_free(s->heads);
    gbl_free(s->layer);
    gbl_free(s->rows);
    gbl_free(s->needles);
    gbl_free(s);
}

static int allocate(process *s)
{
    size_t n = (size_t)s->shape.layers * (size_t)s->shape.heads;
    s->heads = gbl_alloc(n, sizeof *s->heads);
    s->layer = gbl_alloc((size_t)s->shape.layers, sizeof *s->layer);
    s->rows = gbl_alloc((size_t)s->shape.tokens, sizeof *s->rows);
    s->needles = gbl_alloc(NEEDLES * NEEDLE_QUERIES, sizeof *s->needles);
    for (size_t i = 0; s->heads && i < n; i++)
        if (!(s->heads[i].heavy = gbl_alloc((size_t)s->shape.tokens, sizeof(float)))) return -1;
    return s->heads && s->layer && s->rows && s->needles ? 0 : -1;
}

static void fill(process *s)
{
    const gbl_process_shape *shape = &s->shape;
    for (int i = 0; i < NOISES; i++) s->noise[i] = (float)exp(s->p.noise * gbl_q_normal((i + 0.5) / NOISES, 0, 1));
    for (int64_t t = 0; t < shape->tokens; t++) s->rows[t] = (uint32_t)t;
    for (int l = 0; l < shape->layers; l++) s->layer[l] = (int)((2 * (int64_t)l + 1) * shape->model_layers / (2 * shape->layers));
    for (int l = 0; l < shape->layers; l++)
        for (int h = 0; h < shape->heads; h++) init_head(s, &s->heads[l * shape->heads + h], l, h);
    plant(s);
}

int gbl_process_open(gbl_attention **out, const gbl_process *p, const gbl_process_shape *shape, gbl_err *err)
{
    *out = NULL;
    assert(shape->layers >= 1 && shape->layers <= shape->model_layers && shape->heads >= 1);
    assert(shape->prompt >= 1 && shape->tokens > shape->prompt && shape->tokens < (int64_t)1 << 24);
    if ((double)shape->layers * shape->heads * (double)shape->tokens > GBL_PROCESS_MOST) {
        gbl_fail(err, GBL_EINPUT, "%d layers of %d heads of %lld tokens are too many", shape->layers, shape->heads, (long long)shape->tokens);
        return gbl_expected(err, "a product of at most %d", GBL_PROCESS_MOST);
    }
    process *s = gbl_alloc(1, sizeof *s);
    if (!s) return gbl_nomem(err, sizeof *s);
    s->p = *p;
    s->shape = *shape;
    s->base = (gbl_attention){.layers = shape->layers, .heads = shape->heads, .kv_heads = shape->heads, .model_layers = shape->model_layers,
                              .tokens = shape->tokens, .prompt = shape->prompt, .n_rows = shape->tokens, .key_dims = KEY_DIMS,
                              .row = row, .keys = keys, .close = close_process};
    if (allocate(s)) {
        close_process(&s->base);
        return gbl_nomem(err, (size_t)shape->layers * (size_t)shape->heads * (size_t)shape->tokens * sizeof(float));
    }
    fill(s);
    s->base.layer = s->layer;
    s->base.rows = s->rows;
    s->base.needles = s->needles;
    snprintf(s->base.label, sizeof s->base.label, "synthetic: %s", p->name);
    *out = &s->base;
    return GBL_OK;
}
