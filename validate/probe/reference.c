/* reference.c - what every kernel should have computed, in double precision, and how far off rounding may take it.
 *
 * Roundings: u = 2^-24 of a float operation, h = 2^-8 of a stored bf16. A sum of n products is off by at most (n + 2) u times the sum of the products' sizes (Higham,
 * Accuracy and Stability of Numerical Algorithms, 2002, section 3.1). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "validate/probe/body_move.h"
#include "validate/probe/values.h"

static const double u = 0x1p-24, h = 0x1p-8;

typedef struct judge {
    const gbl_case *c;
    void *const *before, *const *after;
    double worst;
} judge;

static void hold(judge *j, double got, double want, double bound)
{
    double off = fabs(got - want) / (bound > 0 ? bound : 1e-300);
    if (got - want == 0) off = 0;
    if (!(off <= j->worst)) j->worst = isnan(off) ? INFINITY : off;
}

static void hold_true(judge *j, int is)
{
    if (!is) j->worst = INFINITY;
}

/* ---- number formats by their definitions ---- */

static double bf16(const void *from, size_t i)
{
    uint16_t x = ((const uint16_t *)from)[i];
    int e = x >> 7 & 255, m = x & 127;
    double size = e ? ldexp(128 + m, e - 134) : ldexp(m, -133);
    return x >> 15 ? -size : size;
}

static double e4m3(unsigned x)
{
    int e = (int)(x >> 3 & 15), m = (int)(x & 7);
    double size = e ? ldexp(8 + m, e - 10) : ldexp(m, -9);
    return x & 128 ? -size : size;
}

/* Element `i` of a run that is packed in words `stride` apart: words of neighbours along i, a column of them each. */
static double code(int format, const uint8_t *from, size_t i, size_t column, size_t stride)
{
    size_t pack = format == GBL_KV_INT4 ? 2 : format == GBL_KV_INT2 ? 4 : 1, at = i / pack * stride + column;
    if (format == GBL_KV_BF16) return bf16(from, at);
    unsigned x = from[at], part = x >> (8 / pack * (i % pack));
    if (format == GBL_KV_FP8) return e4m3(x);
    if (format == GBL_KV_INT8) return x < 128 ? (double)x : (double)x - 256;
    return format == GBL_KV_INT4 ? (double)(part & 15) - 8 : (double)(part & 3) - 1.5;
}

static size_t code_bytes(int format, size_t n)
{
    return format == GBL_KV_BF16 ? 2 * n : format == GBL_KV_INT4 ? n / 2 : format == GBL_KV_INT2 ? n / 4 : n;
}

/* ---- attention ---- */

typedef struct cache {
    int format, g, d;
    const uint8_t *keys, *values;
    const float *key_scale, *value_scale;
    const int32_t *table;
} cache;

static double element(const cache *k, int value, size_t token, int head, int e)
{
    size_t block = (size_t)k->table[token / GBL_WIDTH] * (size_t)k->g + (size_t)head, slot = token % GBL_WIDTH;
    const uint8_t *from = (value ? k->values : k->keys) + code_bytes(k->format, block * GBL_WIDTH * (size_t)k->d);
    const float *scale = value ? k->value_scale : k->key_scale;
    double x = value ? code(k->format, from, slot, (size_t)e, (size_t)k->d) : code(k->format, from, (size_t)e, slot, GBL_WIDTH);
    return k->format == GBL_KV_BF16 ? x : x * (double)scale[block * GBL_WIDTH + slot];
}

/* One query over the first n tokens. The weights are off by what their scores are, twice (numerator and sum), and by the exponential. */
static void attend(judge *j, const cache *k, const void *q, size_t at, size_t n, int head, const void *out, double *weight)
{
    double top = -INFINITY, total = 0, worst = 0;
    for (size_t t = 0; t < n; t++) {
        double s = 0, size = 0;
        for (int e = 0; e < k->d; e++) {
            double x = bf16(q, at + (size_t)e) * element(k, 0, t, head, e);
            s += x;
            size += fabs(x);
        }
        weight[t] = s;
        worst = fmax(worst, (k->d + 4) * u * size);
        top = fmax(top, s);
    }
    for (size_t t = 0; t < n; t++) total += weight[t] = exp(weight[t] - top);
    /* 2e-7: the exponential itself; a rescaling a block rounds sums and outputs once more each. */
    double off = expm1(2 * worst) + 2 * (2e-7 + 4 * u * fabs(top)) + (2.0 * (double)n + 4) * u;
    for (int e = 0; e < k->d; e++) {
        double o = 0, size = 0;
        for (size_t t = 0; t < n; t++) {
            double x = weight[t] / total * element(k, 1, t, head, e);
            o += x;
            size += fabs(x);
        }
        hold(j, bf16(out, at + (size_t)e), o, off * size + h * fabs(o) + 1e-30);
    }
}

static void judge_decode(judge *j)
{
    const int64_t *v = j->c->v;
    int heads = (int)v[2], g = (int)v[3], d = (int)v[4];
    size_t len = (size_t)v[1], blocks = (len + GBL_WIDTH - 1) / GBL_WIDTH;
    cache k = {gbl_case_kv_format(j->c->format), g, d, j->before[1], j->before[2], j->before[3], j->before[4], NULL};
    double *weight = gbl_alloc(len, sizeof *weight);
    hold_true(j, weight != NULL);
    for (int s = 0; weight && s < v[0]; s++)
        for (int head = 0; head < heads; head++) {
            k.table = (const int32_t *)j->before[5] + (size_t)s * blocks;
            attend(j, &k, j->before[0], ((size_t)s * (size_t)heads + (size_t)head) * (size_t)d, len, head / (heads / g), j->after[6], weight);
        }
    gbl_free(weight);
}

static void judge_prefill(judge *j)
{
    const int64_t *v = j->c->v;
    int heads = (int)v[3], g = (int)v[4], d = (int)v[5];
    size_t chunk = (size_t)v[1], cached = (size_t)v[2], blocks = (cached + chunk + GBL_WIDTH - 1) / GBL_WIDTH;
    cache k = {GBL_KV_BF16, g, d, j->before[1], j->before[2], NULL, NULL, NULL};
    double *weight = gbl_alloc(cached + chunk, sizeof *weight);
    hold_true(j, weight != NULL);
    for (size_t row = 0; weight && row < (size_t)v[0] * chunk; row++)
        for (int head = 0; head < heads; head++) {
            k.table = (const int32_t *)j->before[3] + row / chunk * blocks;
            attend(j, &k, j->before[0], (row * (size_t)heads + (size_t)head) * (size_t)d, cached + row % chunk + 1, head / (heads / g), j->after[4], weight);
        }
    gbl_free(weight);
}

/* ---- products and streams ---- */

static void judge_gemm(judge *j)
{
    size_t m = (size_t)j->c->v[0], n = (size_t)j->c->v[1], k = (size_t)j->c->v[2];
    for (size_t row = 0; row < m; row++)
        for (size_t col = 0; col < n; col++) {
            double sum = 0, size = 0;
            for (size_t i = 0; i < k; i++) {
                double x = bf16(j->before[0], row * k + i) * bf16(j->before[1], (col / GBL_WIDTH * k + i) * GBL_WIDTH + col % GBL_WIDTH);
                sum += x;
                size += fabs(x);
            }
            hold(j, bf16(j->after[2], row * n + col), sum, ((double)k + 2) * u * size + h * fabs(sum));
        }
}

static void judge_copy(judge *j)
{
    hold_true(j, !memcmp(j->before[0], j->after[1], j->c->buffer[0].bytes));
}

static void judge_triad(judge *j)
{
    const float *a = j->before[0], *b = j->before[1], *to = j->after[2];
    for (int64_t i = 0; i < j->c->v[0]; i++) hold(j, to[i], (double)a[i] + 3 * (double)b[i], 2 * u * ((double)a[i] + 3 * (double)b[i]));
}

/* ---- compression ---- */

static double code_most(int format)
{
    return format == GBL_KV_INT8 ? 127 : format == GBL_KV_FP8 ? 448 : format == GBL_KV_INT4 ? 7 : 1.5;
}

/* What a code may be off in units of the scale, for a value of x scales: half a step. */
static double half_step(int format, double x)
{
    if (format != GBL_KV_FP8) return 0.5;
    int e;
    frexp(fabs(x), &e);
    return ldexp(1, (e < -5 ? -5 : e) - 5);
}

static void judge_quantise(judge *j)
{
    int format = gbl_case_kv_format(j->c->format);
    size_t d = (size_t)j->c->v[1], rows = (size_t)j->c->v[0] / d;
    const float *scale = j->after[2];
    for (size_t row = 0; row < rows; row++) {
        size_t block = row / GBL_WIDTH, slot = row % GBL_WIDTH;
        const uint8_t *codes = (const uint8_t *)j->after[1] + code_bytes(format, block * d * GBL_WIDTH);
        double most = 0;
        for (size_t e = 0; e < d; e++) most = fmax(most, fabs(bf16(j->before[0], (block * d + e) * GBL_WIDTH + slot)));
        hold(j, scale[row], most / code_most(format), 2 * u * most / code_most(format));
        for (size_t e = 0; e < d; e++) {
            double x = bf16(j->before[0], (block * d + e) * GBL_WIDTH + slot) / (double)scale[row];
            hold(j, code(format, codes, e, slot, GBL_WIDTH), x, half_step(format, x) + 4 * u * fabs(x));
        }
    }
}

static void judge_dequantise(judge *j)
{
    int format = gbl_case_kv_format(j->c->format);
    size_t d = (size_t)j->c->v[1];
    for (size_t i = 0; i < (size_t)j->c->v[0]; i++) {
        size_t block = i / (d * GBL_WIDTH), e = i / GBL_WIDTH % d, slot = i % GBL_WIDTH;
        const uint8_t *codes = (const uint8_t *)j->before[0] + code_bytes(format, block * d * GBL_WIDTH);
        double want = code(format, codes, e, slot, GBL_WIDTH) * (double)((const float *)j->before[1])[block * GBL_WIDTH + slot];
        hold(j, bf16(j->after[2], i), want, h * fabs(want));
    }
}

static void judge_scores(judge *j)
{
    const float *added = j->before[0], *was = j->before[1], *now = j->after[1], *least = j->after[2];
    int64_t n = j->c->v[0] * j->c->v[1], each = GBL_STREAM * GBL_STREAM_WORDS; /* the same everywhere */
    for (int64_t i = 0, group = 0; i < n; i += each, group++) {
        float low = INFINITY;
        for (int64_t at = i; at < n && at < i + each; at++) {
            hold(j, now[at], (double)was[at] + (double)added[at], u * ((double)was[at] + (double)added[at]));
            low = now[at] < low ? now[at] : low;
        }
        hold(j, least[group], low, 0);
    }
}

static int by_size(const void *a, const void *b)
{
    int x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return (x < y) - (x > y);
}

static void judge_row_of_top_k(judge *j, const uint16_t *keys, const int32_t *chosen, size_t n, size_t k, uint16_t *sorted, uint8_t *seen)
{
    memcpy(sorted, keys, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    memset(seen, 0, n);
    size_t above = 0, wanted = 0;
    for (size_t i = 0; i < n; i++) wanted += keys[i] > sorted[k - 1];
    for (size_t i = 0; i < k; i++) {
        int fine = chosen[i] >= 0 && (size_t)chosen[i] < n && !seen[chosen[i]] && keys[chosen[i]] >= sorted[k - 1];
        hold_true(j, fine);
        if (!fine) return;
        seen[chosen[i]] = 1;
        above += keys[chosen[i]] > sorted[k - 1];
    }
    hold_true(j, above == wanted);
}

static void judge_top_k(judge *j)
{
    size_t n = (size_t)j->c->v[1], k = (size_t)j->c->v[2];
    uint16_t *sorted = gbl_alloc(n, sizeof *sorted);
    uint8_t *seen = gbl_alloc(n, 1);
    hold_true(j, sorted && seen);
    for (size_t row = 0; sorted && seen && k && row < (size_t)j->c->v[0]; row++)
        judge_row_of_top_k(j, (const uint16_t *)j->before[0] + row * n, (const int32_t *)j->after[1] + row * k, n, k, sorted, seen);
    gbl_free(sorted);
    gbl_free(seen);
}

static void judge_gather(judge *j)
{
    size_t width = (size_t)j->c->v[2];
    const int32_t *index = j->before[1];
    for (size_t i = 0; i < (size_t)j->c->v[1]; i++)
        hold_true(j, !memcmp((const char *)j->before[0] + (size_t)index[i] * width, (const char *)j->after[2] + i * width, width));
}

static void judge_compact(judge *j)
{
    size_t width = (size_t)j->c->v[2], each = (size_t)j->c->arg[0];
    const uint8_t *mask = j->before[1];
    for (size_t i = 0, to = 0; i < (size_t)j->c->v[0]; i++) {
        if (i % each == 0) to = i;
        if (!mask[i]) continue;
        hold_true(j, !memcmp((const char *)j->before[0] + i * width, (const char *)j->after[0] + to++ * width, width));
    }
}

static void judge_merge(judge *j)
{
    size_t d = (size_t)j->c->v[1] / 2;
    for (size_t row = 0; row < (size_t)j->c->v[0]; row++) {
        double p = 0, q = 0, dot = 0;
        for (size_t e = 0; e < d; e++) {
            double x = bf16(j->before[0], row * d + e), y = bf16(j->before[1], row * d + e);
            p += x * x;
            q += y * y;
            dot += x * y;
        }
        p = sqrt(p), q = sqrt(q);
        double length = (p + q) / 2 / sqrt(0.36 + 0.16 + 0.48 * dot / (p * q));
        for (size_t e = 0; e < d; e++) {
            double x = 0.6 * bf16(j->before[0], row * d + e) / p * length, y = 0.4 * bf16(j->before[1], row * d + e) / q * length;
            hold(j, bf16(j->after[0], row * d + e), x + y, h * fabs(x + y) + ((double)d + 20) * u * 4 * (fabs(x) + fabs(y)));
        }
    }
}

/* ---- between products ---- */

static void judge_norm(judge *j)
{
    size_t n = (size_t)j->c->v[1];
    for (size_t row = 0; row < (size_t)j->c->v[0]; row++) {
        double square = 0;
        for (size_t i = row * n; i < (row + 1) * n; i++) {
            double now = bf16(j->before[0], i) + bf16(j->before[1], i);
            hold(j, bf16(j->after[1], i), now, h * fabs(now));
            square += now * now;
        }
        double by = 1 / sqrt(square / (double)n + 1e-5);
        for (size_t i = row * n; i < (row + 1) * n; i++) {
            double want = (bf16(j->before[0], i) + bf16(j->before[1], i)) * by * bf16(j->before[2], i - row * n);
            hold(j, bf16(j->after[3], i), want, (h + ((double)n + 10) * u) * fabs(want));
        }
    }
}

/* Element `e` of a turned head, and its bound. */
static double turned(const judge *j, size_t at, size_t e, size_t d, size_t position, double scale, double *size)
{
    const float *turn = (const float *)j->before[1] + position * d;
    size_t pair = e % (d / 2);
    double c = (double)turn[2 * pair] * scale, s = (double)turn[2 * pair + 1] * scale, x = bf16(j->before[0], at + pair), y = bf16(j->before[0], at + d / 2 + pair);
    double a = e < d / 2 ? x * c : y * c, b = e < d / 2 ? -y * s : x * s;
    *size = h * fabs(a + b) + 6 * u * (fabs(a) + fabs(b));
    return a + b;
}

static void judge_rope(judge *j)
{
    const int64_t *v = j->c->v;
    size_t chunk = (size_t)v[1], from = (size_t)v[2], heads = (size_t)v[3], g = (size_t)v[4], d = (size_t)v[5], all = heads + 2 * g;
    size_t blocks = (from + chunk + GBL_WIDTH - 1) / GBL_WIDTH;
    for (size_t token = 0; token < (size_t)v[0] * chunk; token++)
        for (size_t head = 0; head < all; head++)
            for (size_t e = 0; e < d; e++) {
                size_t at = (token * all + head) * d, position = from + token % chunk, slot = position % GBL_WIDTH;
                const int32_t *table = (const int32_t *)j->before[2] + token / chunk * blocks;
                size_t block = ((size_t)table[position / GBL_WIDTH] * g + (head - heads) % g) * d * GBL_WIDTH;
                double bound = 0, want = turned(j, at, e, d, position, head < heads ? 1 / sqrt((double)d) : 1, &bound);
                if (head < heads) hold(j, bf16(j->after[3], (token * heads + head) * d + e), want, bound);
                else if (head < heads + g) hold(j, bf16(j->after[4], block + e * GBL_WIDTH + slot), want, bound);
                else hold(j, bf16(j->after[5], block + slot * d + e), bf16(j->before[0], at + e), 0);
            }
}

static void judge_activate(judge *j)
{
    size_t n = (size_t)j->c->v[1];
    for (size_t i = 0; i < (size_t)j->c->v[0] * n; i++) {
        double x = bf16(j->before[0], i / n * 2 * n + i % n), y = bf16(j->before[0], i / n * 2 * n + n + i % n), want = x / (1 + exp(-x)) * y;
        hold(j, bf16(j->after[1], i), want, (h + 1e-6) * fabs(want));
    }
}

double gbl_values_judge(const gbl_case *c, void *const *before, void *const *after)
{
    static const struct { const char *probe; void (*fn)(judge *j); } of[] = {
        {"copy", judge_copy},         {"triad", judge_triad},   {"gemm", judge_gemm},     {"prefill", judge_prefill}, {"decode", judge_decode},
        {"quantise", judge_quantise}, {"dequantise", judge_dequantise}, {"scores", judge_scores}, {"top_k", judge_top_k}, {"gather", judge_gather},
        {"compact", judge_compact},   {"merge", judge_merge},   {"norm", judge_norm},     {"rope", judge_rope},       {"activate", judge_activate}};
    judge j = {c, before, after, 0};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (!strcmp(of[i].probe, c->probe)) {
            of[i].fn(&j);
            return j.worst;
        }
    return INFINITY;
}
