/* body_attention.h - prefill and paged decode attention over one paged KV cache, softmax in one pass (FlashAttention's).
 *
 * KV lies in blocks of GBL_WIDTH tokens; a block has for each KV head its keys by element ([d][tokens], so that a lane is a token)
 * and its values by token ([tokens][d], so that a lane is an element). A table gives each sequence's blocks. Keys and values in
 * codes (GBL_KV_*): packed words hold neighbouring elements of a key, and neighbouring tokens of a value; one float a token and
 * KV head scales each ([block][head][tokens]). Queries come multiplied by 1/sqrt(d). h heads share g KV heads, h/g of them one.
 * d a multiple of GBL_WIDTH, at most GBL_DIM_MOST.
 *
 * Lanes GBL_WIDTH. Computed is what blocks and tiles hold: keys up to the end of a block, GBL_PREFILL_ROWS queries a tile.
 *   decode   one group a sequence and KV head;  multiply-adds 2 d h b ceil(len / GBL_WIDTH) GBL_WIDTH
 *   prefill  one group a tile and head;         multiply-adds 2 d h b (sum over tiles of rows x keys up to the tile's end)
 * A tile is worked on in parts of GBL_ATTEND_ROWS queries; those of the last tile that hold none are left out.
 * Bytes: keys, values and scales of those blocks once a group and part, the table 4 a block and lane, queries and outputs. */
#ifndef GBL_BODY_ATTENTION_H
#define GBL_BODY_ATTENTION_H
#include "validate/probe/body.h"

enum { GBL_PREFILL_ROWS = 32, GBL_ATTEND_ROWS = 8, GBL_ATTEND_PARTS = GBL_DIM_MOST / GBL_WIDTH };
#define GBL_UNSEEN -1e30f

/* The block's keys and values, and where its scales are (not read in bf16). */
typedef struct gbl_kv_block {
    const GBL_GLOBAL gbl_u8 *key, *value;
    const GBL_GLOBAL float *key_scale, *value_scale;
} gbl_kv_block;

GBL_INLINE gbl_kv_block gbl_kv_block_at(const int format, const GBL_GLOBAL gbl_u8 *keys, const GBL_GLOBAL gbl_u8 *values,
                                        const GBL_GLOBAL float *key_scales, const GBL_GLOBAL float *value_scales, int block, int g, int head, int d)
{
    gbl_wide at = (gbl_wide)block * g + head, bytes = at * GBL_WIDTH * d * (format == GBL_KV_BF16 ? 2 : 1) / GBL_PACK(format);
    gbl_kv_block b;
    b.key = keys + bytes;
    b.value = values + bytes;
    b.key_scale = format == GBL_KV_BF16 ? key_scales : key_scales + at * GBL_WIDTH;
    b.value_scale = format == GBL_KV_BF16 ? value_scales : value_scales + at * GBL_WIDTH;
    return b;
}

/* p[i][l] = score of query i and key l: the first seen + i x step keys, the others as good as none. */
GBL_INLINE void gbl_attend_scores(const int format, const int rows, int d, const GBL_LOCAL float *q, gbl_kv_block b, int seen, int step,
                                  GBL_LOCAL float *p)
{
    GBL_PRIVATE(float, s, GBL_ATTEND_ROWS);
    for (int i = 0; i < rows; i++)
        GBL_LANES(l, GBL_WIDTH) GBL_MY(s, i, l) = 0;
    for (int e = 0; e < d; e += GBL_PACK(format))
        GBL_LANES(l, GBL_WIDTH) {
            gbl_u32 word = gbl_code_load(format, b.key, e / GBL_PACK(format) * GBL_WIDTH + l);
            for (int u = 0; u < GBL_PACK(format); u++) {
                float x = gbl_code_float(format, word, u);
                GBL_UNROLL for (int i = 0; i < rows; i++) GBL_MY(s, i, l) = gbl_fma(q[i * d + e + u], x, GBL_MY(s, i, l));
            }
        }
    GBL_PRIVATE(float, scale, 1);
    GBL_LANES(l, GBL_WIDTH) GBL_MY(scale, 0, l) = format == GBL_KV_BF16 ? 1.0f : b.key_scale[l];
    for (int i = 0; i < rows; i++)
        GBL_LANES(l, GBL_WIDTH) {
            float x = format == GBL_KV_BF16 ? GBL_MY(s, i, l) : GBL_MY(s, i, l) * GBL_MY(scale, 0, l);
            p[i * GBL_WIDTH + l] = l < seen + i * step ? x : GBL_UNSEEN;
        }
}

/* Raises top[i] to the row's maximum; fade[i] is what sums made under the old one are worth. */
GBL_INLINE void gbl_attend_top(const int rows, const GBL_LOCAL float *p, GBL_LOCAL float *top, GBL_LOCAL float *fade)
{
    GBL_LANES(l, rows) if (l < rows) {
        const GBL_LOCAL float *row = p + l * GBL_WIDTH;
        float a = top[l], b = row[0], c = row[1], e = row[2];
        for (int j = 3; j < GBL_WIDTH - 2; j += 3) { /* three chains: the CPU's comparisons wait for each other */
            b = gbl_larger(b, row[j]);
            c = gbl_larger(c, row[j + 1]);
            e = gbl_larger(e, row[j + 2]);
        }
        float now = gbl_larger(gbl_larger(gbl_larger(a, b), gbl_larger(c, e)), gbl_larger(row[GBL_WIDTH - 2], row[GBL_WIDTH - 1]));
        fade[l] = gbl_exp(a - now);
        top[l] = now;
    }
}

/* out += p v, under the new maximum. Row `at` of sum and out is the first query's. */
GBL_INLINE void gbl_attend_values(const int format, const int rows, const int at, int d, gbl_kv_block b, GBL_LOCAL float *p, const GBL_LOCAL float *top,
                                  const GBL_LOCAL float *fade, GBL_PRIVATE_ARG(float, sum), GBL_PRIVATE_ARG(float, out))
{
    GBL_PRIVATE(float, scale, 1);
    GBL_LANES(l, GBL_WIDTH) GBL_MY(scale, 0, l) = format == GBL_KV_BF16 ? 1.0f : b.value_scale[l];
    for (int i = 0; i < rows; i++)
        GBL_LANES(l, GBL_WIDTH) {
            float x = gbl_exp(p[i * GBL_WIDTH + l] - top[i]);
            GBL_MY(sum, at + i, l) = GBL_MY(sum, at + i, l) * fade[i] + x;
            p[i * GBL_WIDTH + l] = format == GBL_KV_BF16 ? x : x * GBL_MY(scale, 0, l);
        }
    GBL_SYNC;
    GBL_UNROLL for (int part = 0; part < GBL_ATTEND_PARTS; part++) {
        if (part * GBL_WIDTH >= d) continue;
        GBL_PRIVATE(float, o, GBL_ATTEND_ROWS);
        for (int i = 0; i < rows; i++)
            GBL_LANES(l, GBL_WIDTH) GBL_MY(o, i, l) = GBL_MY(out, (at + i) * GBL_ATTEND_PARTS + part, l) * fade[i];
        for (int t = 0; t < GBL_WIDTH; t += GBL_PACK(format))
            GBL_LANES(l, GBL_WIDTH) {
                gbl_u32 word = gbl_code_load(format, b.value, t / GBL_PACK(format) * d + part * GBL_WIDTH + l);
                for (int u = 0; u < GBL_PACK(format); u++) {
                    float x = gbl_code_float(format, word, u);
                    GBL_UNROLL for (int i = 0; i < rows; i++) GBL_MY(o, i, l) = gbl_fma(p[i * GBL_WIDTH + t + u], x, GBL_MY(o, i, l));
                }
            }
        for (int i = 0; i < rows; i++)
            GBL_LANES(l, GBL_WIDTH) GBL_MY(out, (at + i) * GBL_ATTEND_PARTS + part, l) = GBL_MY(o, i, l);
    }
    GBL_SYNC;
}

/* Rows begin: nothing seen. */
GBL_INLINE void gbl_attend_begin(const int rows, GBL_LOCAL float *top, GBL_PRIVATE_ARG(float, sum), GBL_PRIVATE_ARG(float, out))
{
    GBL_LANES(l, rows) if (l < rows) top[l] = GBL_UNSEEN;
    GBL_UNROLL for (int i = 0; i < rows; i++) {
        GBL_LANES(l, GBL_WIDTH) GBL_MY(sum, i, l) = 0;
        GBL_UNROLL for (int part = 0; part < GBL_ATTEND_PARTS; part++)
            GBL_LANES(l, GBL_WIDTH) GBL_MY(out, i * GBL_ATTEND_PARTS + part, l) = 0;
    }
}

/* Writes the first `n` of the rows at `at` to to[i x stride]. */
GBL_INLINE void gbl_attend_end(const int rows, const int at, int n, int d, GBL_LOCAL float *p, GBL_LOCAL float *fade, GBL_PRIVATE_ARG(float, sum),
                               GBL_PRIVATE_ARG(float, out), GBL_GLOBAL gbl_u16 *to, gbl_wide stride)
{
    for (int i = 0; i < rows; i++)
        GBL_LANES(l, GBL_WIDTH) p[i * GBL_WIDTH + l] = GBL_MY(sum, at + i, l);
    GBL_SYNC;
    GBL_LANES(l, rows) if (l < rows) {
        float total = 0;
        for (int j = 0; j < GBL_WIDTH; j++) total = total + p[l * GBL_WIDTH + j];
        fade[l] = 1.0f / total;
    }
    GBL_SYNC;
    GBL_UNROLL for (int i = 0; i < rows; i++)
        GBL_UNROLL for (int part = 0; part < GBL_ATTEND_PARTS; part++) {
            if (i >= n || part * GBL_WIDTH >= d) continue;
            GBL_LANES(l, GBL_WIDTH)
                to[i * stride + part * GBL_WIDTH + l] = gbl_float_bf16(GBL_MY(out, (at + i) * GBL_ATTEND_PARTS + part, l) * fade[i]);
        }
    GBL_SYNC;
}

/* ---- decode: `len` tokens in the cache of each of the sequences, the new one among them ---- */

GBL_INLINE void gbl_decode_body(int group, const int format, const int rows, GBL_LOCAL float *q, GBL_LOCAL float *p, GBL_LOCAL float *top,
                                GBL_LOCAL float *fade, const GBL_GLOBAL gbl_u16 *queries, const GBL_GLOBAL gbl_u8 *keys, const GBL_GLOBAL gbl_u8 *values,
                                const GBL_GLOBAL float *key_scales, const GBL_GLOBAL float *value_scales, const GBL_GLOBAL int *table,
                                GBL_GLOBAL gbl_u16 *outputs, int len, int g, int d)
{
    GBL_PRIVATE(float, sum, GBL_ATTEND_ROWS);
    GBL_PRIVATE(float, out, GBL_ATTEND_ROWS * GBL_ATTEND_PARTS);
    int sequence = group / g, head = group % g, blocks = (len + GBL_WIDTH - 1) / GBL_WIDTH;
    gbl_wide first = ((gbl_wide)sequence * g + head) * rows * d; /* the h/g queries of a KV head follow each other */
    for (int e = 0; e < rows * d; e += GBL_WIDTH)
        GBL_LANES(l, GBL_WIDTH) q[e + l] = gbl_bf16_float(queries[first + e + l]);
    gbl_attend_begin(rows, top, sum, out);
    GBL_SYNC;
    for (int i = 0; i < blocks; i++) {
        gbl_kv_block b = gbl_kv_block_at(format, keys, values, key_scales, value_scales, table[(gbl_wide)sequence * blocks + i], g, head, d);
        gbl_attend_scores(format, rows, d, q, b, len - i * GBL_WIDTH, 0, p);
        GBL_SYNC;
        gbl_attend_top(rows, p, top, fade);
        GBL_SYNC;
        gbl_attend_values(format, rows, 0, d, b, p, top, fade, sum, out);
    }
    gbl_attend_end(rows, 0, rows, d, p, fade, sum, out, outputs + first, d);
}

#define GBL_DECODE_OF(name, format, rows)                                                                                                  \
    GBL_KERNEL gbl_probe_decode_##name##_##rows(GBL_GROUP const GBL_GLOBAL gbl_u16 *queries, const GBL_GLOBAL gbl_u8 *keys,                 \
                                                const GBL_GLOBAL gbl_u8 *values, const GBL_GLOBAL float *key_scales,                       \
                                                const GBL_GLOBAL float *value_scales, const GBL_GLOBAL int *table,                         \
                                                GBL_GLOBAL gbl_u16 *outputs, int len, int g, int d)                                        \
    {                                                                                                                                      \
        GBL_SHARED(float, q, rows * GBL_DIM_MOST);                                                                                         \
        GBL_SHARED(float, p, rows * GBL_WIDTH);                                                                                            \
        GBL_SHARED(float, top, rows);                                                                                                      \
        GBL_SHARED(float, fade, rows);                                                                                                     \
        gbl_decode_body(GBL_GROUP_ID, format, rows, q, p, top, fade, queries, keys, values, key_scales, value_scales, table, outputs, len, \
                        g, d);                                                                                                             \
    }
#define GBL_DECODE_FORMATS(rows)                 \
    GBL_DECODE_OF(bf16, GBL_KV_BF16, rows)       \
    GBL_DECODE_OF(int8, GBL_KV_INT8, rows)       \
    GBL_DECODE_OF(fp8, GBL_KV_FP8, rows)         \
    GBL_DECODE_OF(int4, GBL_KV_INT4, rows)       \
    GBL_DECODE_OF(int2, GBL_KV_INT2, rows)
GBL_DECODE_FORMATS(1)
GBL_DECODE_FORMATS(4)
GBL_DECODE_FORMATS(8)

/* ---- prefill: `chunk` new tokens of each sequence behind `cached` ones, bf16, all of them in the cache ---- */

GBL_KERNEL gbl_probe_prefill(GBL_GROUP const GBL_GLOBAL gbl_u16 *queries, const GBL_GLOBAL gbl_u8 *keys, const GBL_GLOBAL gbl_u8 *values,
                             const GBL_GLOBAL int *table, GBL_GLOBAL gbl_u16 *outputs, int chunk, int cached, int h, int g, int d)
{
    GBL_SHARED(float, q, GBL_PREFILL_ROWS * GBL_DIM_MOST);
    GBL_SHARED(float, p, GBL_ATTEND_ROWS * GBL_WIDTH);
    GBL_SHARED(float, top, GBL_PREFILL_ROWS);
    GBL_SHARED(float, fade, GBL_ATTEND_ROWS);
    GBL_PRIVATE(float, sum, GBL_PREFILL_ROWS);
    GBL_PRIVATE(float, out, GBL_PREFILL_ROWS * GBL_ATTEND_PARTS);
    int tiles = (chunk + GBL_PREFILL_ROWS - 1) / GBL_PREFILL_ROWS, total = (cached + chunk + GBL_WIDTH - 1) / GBL_WIDTH;
    int tile = GBL_GROUP_ID % tiles, head = GBL_GROUP_ID / tiles % h, sequence = GBL_GROUP_ID / tiles / h;
    int row = tile * GBL_PREFILL_ROWS, blocks = (cached + row + GBL_PREFILL_ROWS + GBL_WIDTH - 1) / GBL_WIDTH;
    gbl_wide first = (((gbl_wide)sequence * chunk + row) * h + head) * d;
    if (blocks > total) blocks = total;
    int live = chunk - row < GBL_PREFILL_ROWS ? (chunk - row + GBL_ATTEND_ROWS - 1) / GBL_ATTEND_ROWS * GBL_ATTEND_ROWS : GBL_PREFILL_ROWS;
    for (int i = 0; i < live; i++) /* rows beyond the last repeat it */
        for (int e = 0; e < d; e += GBL_WIDTH)
            GBL_LANES(l, GBL_WIDTH)
                q[i * d + e + l] = gbl_bf16_float(queries[first + (gbl_wide)(row + i < chunk ? i : chunk - 1 - row) * h * d + e + l]);
    gbl_attend_begin(GBL_PREFILL_ROWS, top, sum, out);
    GBL_SYNC;
    for (int i = 0; i < blocks; i++) {
        gbl_kv_block b = gbl_kv_block_at(GBL_KV_BF16, keys, values, 0, 0, table[sequence * total + i], g, head / (h / g), d);
        int seen = cached + row + 1 - i * GBL_WIDTH; /* by the tile's first query */
        GBL_UNROLL for (int at = 0; at < GBL_PREFILL_ROWS; at += GBL_ATTEND_ROWS) {
            if (at >= live) continue;
            gbl_attend_scores(GBL_KV_BF16, GBL_ATTEND_ROWS, d, q + at * d, b, seen + at, 1, p);
            GBL_SYNC;
            gbl_attend_top(GBL_ATTEND_ROWS, p, top + at, fade);
            GBL_SYNC;
            gbl_attend_values(GBL_KV_BF16, GBL_ATTEND_ROWS, at, d, b, p, top + at, fade, sum, out);
        }
    }
    GBL_UNROLL for (int at = 0; at < GBL_PREFILL_ROWS; at += GBL_ATTEND_ROWS)
        gbl_attend_end(GBL_ATTEND_ROWS, at, chunk - row - at, d, p, fade, sum, out, outputs + first + (gbl_wide)at * h * d, (gbl_wide)h * d);
}

#endif
