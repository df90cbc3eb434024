/* body_kv.h - what KV compression does to the cache: quantise, dequantise, accumulate scores, select, gather, compact, merge.
 *
 *   kernel      group                       bytes                                       lanes
 *   quantise    a block [d][tokens]         2 x 2 an element (range, then codes), codes, 4 a token    GBL_WIDTH
 *   dequantise  a block                     codes, 4 a token, 2 an element               GBL_WIDTH
 *   score       GBL_STREAM x GBL_STREAM_WORDS scores: sum read and written, new one read: 12 a score; 4 a group: the least   GBL_STREAM
 *   select      a row of n 16-bit keys      3 x 2 a key (two histograms, one collection), 4 a chosen one   GBL_STREAM
 *   gather      a row                       4, and the row twice                         GBL_STREAM
 *   compact     a sequence, in place        1 a row (mask), kept rows twice              GBL_STREAM
 *   merge       a pair of rows              two rows read, one written                   GBL_WIDTH */
#ifndef GBL_BODY_KV_H
#define GBL_BODY_KV_H
#include "validate/probe/body_move.h"

GBL_INLINE void gbl_quantise_body(int group, const int format, const GBL_GLOBAL gbl_u16 *from, GBL_GLOBAL gbl_u8 *codes, GBL_GLOBAL float *scales, int d)
{
    GBL_PRIVATE(float, most, 1);
    GBL_PRIVATE(float, by, 1);
    const GBL_GLOBAL gbl_u16 *block = from + (gbl_wide)group * d * GBL_WIDTH;
    GBL_GLOBAL gbl_u8 *to = codes + (gbl_wide)group * d * GBL_WIDTH / GBL_PACK(format);
    GBL_LANES(l, GBL_WIDTH) GBL_MY(most, 0, l) = 1e-20f; /* a row of zeros has a scale, too */
    for (int e = 0; e < d; e++)
        GBL_LANES(l, GBL_WIDTH) GBL_MY(most, 0, l) = gbl_larger(GBL_MY(most, 0, l), gbl_size(gbl_bf16_float(block[e * GBL_WIDTH + l])));
    GBL_LANES(l, GBL_WIDTH) {
        float scale = GBL_MY(most, 0, l) / GBL_CODE_MOST(format);
        scales[(gbl_wide)group * GBL_WIDTH + l] = scale;
        GBL_MY(by, 0, l) = 1.0f / scale;
    }
    for (int e = 0; e < d; e += GBL_PACK(format))
        GBL_LANES(l, GBL_WIDTH) {
            gbl_u32 word = 0;
            for (int u = 0; u < GBL_PACK(format); u++)
                word |= gbl_code_of(format, gbl_bf16_float(block[(e + u) * GBL_WIDTH + l]) * GBL_MY(by, 0, l), u);
            to[e / GBL_PACK(format) * GBL_WIDTH + l] = (gbl_u8)word;
        }
}

GBL_INLINE void gbl_dequantise_body(int group, const int format, const GBL_GLOBAL gbl_u8 *codes, const GBL_GLOBAL float *scales, GBL_GLOBAL gbl_u16 *to, int d)
{
    GBL_PRIVATE(float, scale, 1);
    const GBL_GLOBAL gbl_u8 *block = codes + (gbl_wide)group * d * GBL_WIDTH / GBL_PACK(format);
    GBL_LANES(l, GBL_WIDTH) GBL_MY(scale, 0, l) = scales[(gbl_wide)group * GBL_WIDTH + l];
    for (int e = 0; e < d; e += GBL_PACK(format))
        GBL_LANES(l, GBL_WIDTH) {
            gbl_u32 word = gbl_code_load(format, block, e / GBL_PACK(format) * GBL_WIDTH + l);
            for (int u = 0; u < GBL_PACK(format); u++)
                to[((gbl_wide)group * d + e + u) * GBL_WIDTH + l] = gbl_float_bf16(gbl_code_float(format, word, u) * GBL_MY(scale, 0, l));
        }
}

#define GBL_QUANTISE_OF(name, format)                                                                                                             \
    GBL_KERNEL gbl_probe_quantise_##name(GBL_GROUP const GBL_GLOBAL gbl_u16 *from, GBL_GLOBAL gbl_u8 *codes, GBL_GLOBAL float *scales, int d)        \
    {                                                                                                                                             \
        gbl_quantise_body(GBL_GROUP_ID, format, from, codes, scales, d);                                                                          \
    }                                                                                                                                             \
    GBL_KERNEL gbl_probe_dequantise_##name(GBL_GROUP const GBL_GLOBAL gbl_u8 *codes, const GBL_GLOBAL float *scales, GBL_GLOBAL gbl_u16 *to, int d) \
    {                                                                                                                                             \
        gbl_dequantise_body(GBL_GROUP_ID, format, codes, scales, to, d);                                                                          \
    }
GBL_QUANTISE_OF(int8, GBL_KV_INT8)
GBL_QUANTISE_OF(fp8, GBL_KV_FP8)
GBL_QUANTISE_OF(int4, GBL_KV_INT4)
GBL_QUANTISE_OF(int2, GBL_KV_INT2)

/* sums += scores; least[group]: the smallest sum of the group's share, which an eviction looks for. */
GBL_KERNEL gbl_probe_score(GBL_GROUP const GBL_GLOBAL float *scores, GBL_GLOBAL float *sums, GBL_GLOBAL float *least, int n)
{
    GBL_SHARED(float, low, GBL_STREAM);
    GBL_LANES(l, GBL_STREAM) low[l] = 3e38f;
    for (int i = 0; i < GBL_STREAM_WORDS; i++) {
        int base = (GBL_GROUP_ID * GBL_STREAM_WORDS + i) * GBL_STREAM;
        GBL_LANES(l, GBL_STREAM) if (base + l < n) {
            float now = sums[base + l] + scores[base + l];
            sums[base + l] = now;
            low[l] = now < low[l] ? now : low[l];
        }
    }
    GBL_SYNC;
    GBL_LANES(l, GBL_STREAM) if (l == 0) {
        float best = low[0];
        for (int j = 1; j < GBL_STREAM; j++) best = low[j] < best ? low[j] : best;
        least[GBL_GROUP_ID] = best;
    }
}

/* The bin in which the k-th largest falls; *rest: how many of that bin are wanted. */
GBL_INLINE int gbl_select_bin(const GBL_LOCAL int *bins, int k, int *rest)
{
    int bin = 255;
    while (bin > 0 && bins[bin] < k) k -= bins[bin--];
    *rest = k;
    return bin;
}

/* Positions of the k largest of a row's n keys, unordered; equal keys as they come. Radix selection by upper, then lower byte. */
GBL_KERNEL gbl_probe_select(GBL_GROUP const GBL_GLOBAL gbl_u16 *keys, GBL_GLOBAL int *chosen, int n, int k)
{
    GBL_SHARED(int, bins, 256);
    GBL_SHARED(int, found, 4); /* upper bin, wanted in it, lower bin, wanted in it; then the counters */
    GBL_SHARED(int, count, 2); /* above the limit, at it */
    const GBL_GLOBAL gbl_u16 *row = keys + (gbl_wide)GBL_GROUP_ID * n;
    GBL_GLOBAL int *to = chosen + (gbl_wide)GBL_GROUP_ID * k;
    for (int pass = 0; pass < 2; pass++) {
        for (int b = 0; b < 256; b += GBL_STREAM)
            GBL_LANES(l, GBL_STREAM) bins[b + l] = 0;
        GBL_SYNC;
        for (int i = 0; i < n; i += GBL_STREAM)
            GBL_LANES(l, GBL_STREAM) if (i + l < n) {
                int key = row[i + l];
                if (pass == 0) GBL_COUNT_UP(&bins[key >> 8]);
                else if (key >> 8 == found[0]) GBL_COUNT_UP(&bins[key & 255]);
            }
        GBL_SYNC;
        GBL_LANES(l, GBL_STREAM) if (l == 0) {
            int rest = 0;
            found[2 * pass] = gbl_select_bin(bins, pass ? found[1] : k, &rest);
            found[2 * pass + 1] = rest;
            count[0] = count[1] = 0;
        }
        GBL_SYNC;
    }
    for (int i = 0; i < n; i += GBL_STREAM)
        GBL_LANES(l, GBL_STREAM) if (i + l < n) {
            int key = row[i + l], limit = found[0] << 8 | found[2];
            if (key > limit) to[GBL_COUNT_UP(&count[0])] = i + l;
            else if (key == limit) {
                int nth = GBL_COUNT_UP(&count[1]);
                if (nth < found[3]) to[k - found[3] + nth] = i + l;
            }
        }
}

/* Row `group` of `words` 32-bit words from where index says. */
GBL_KERNEL gbl_probe_gather(GBL_GROUP const GBL_GLOBAL gbl_u32 *from, const GBL_GLOBAL int *index, GBL_GLOBAL gbl_u32 *to, int words)
{
    GBL_SHARED(int, at, 1);
    GBL_LANES(l, GBL_STREAM) if (l == 0) at[0] = index[GBL_GROUP_ID];
    GBL_SYNC;
    const GBL_GLOBAL gbl_u32 *row = from + (gbl_wide)at[0] * words;
    for (int i = 0; i < words; i += GBL_STREAM)
        GBL_LANES(l, GBL_STREAM) if (i + l < words) to[(gbl_wide)GBL_GROUP_ID * words + i + l] = row[i + l];
}

/* Rows with a mask of 1 move to the front, in order and in place: a lane reads and writes its own columns alone. */
GBL_KERNEL gbl_probe_compact(GBL_GROUP GBL_GLOBAL gbl_u32 *rows, const GBL_GLOBAL gbl_u8 *mask, int n, int words)
{
    GBL_SHARED(gbl_u8, keep, GBL_STREAM);
    GBL_GLOBAL gbl_u32 *row = rows + (gbl_wide)GBL_GROUP_ID * n * words;
    int kept = 0;
    for (int i = 0; i < n; i += GBL_STREAM) {
        GBL_LANES(l, GBL_STREAM) if (i + l < n) keep[l] = mask[(gbl_wide)GBL_GROUP_ID * n + i + l];
        GBL_SYNC;
        for (int j = 0; j < GBL_STREAM && i + j < n; j++) {
            if (!keep[j]) continue;
            for (int w = 0; w < words; w += GBL_STREAM)
                GBL_LANES(l, GBL_STREAM) if (w + l < words) row[(gbl_wide)kept * words + w + l] = row[(gbl_wide)(i + j) * words + w + l];
            kept++;
        }
        GBL_SYNC;
    }
}

/* a = the direction between rows a and b at 60 : 40, of their mean length (MiniCache's interpolation, arXiv 2405.14366, with
 * the angle's weights linear); d elements in bf16, a multiple of GBL_WIDTH up to GBL_DIM_MOST. Ten FLOP an element: three
 * products for lengths and angle, and the weighted sum times the length. */
GBL_KERNEL gbl_probe_merge(GBL_GROUP GBL_GLOBAL gbl_u16 *a, const GBL_GLOBAL gbl_u16 *b, int d)
{
    GBL_SHARED(float, part, 3 * GBL_WIDTH);
    GBL_PRIVATE(float, x, GBL_DIM_MOST / GBL_WIDTH);
    GBL_PRIVATE(float, y, GBL_DIM_MOST / GBL_WIDTH);
    GBL_PRIVATE(float, sum, 3);
    gbl_wide at = (gbl_wide)GBL_GROUP_ID * d;
    for (int i = 0; i < 3; i++)
        GBL_LANES(l, GBL_WIDTH) GBL_MY(sum, i, l) = 0;
    GBL_UNROLL for (int i = 0; i < GBL_DIM_MOST / GBL_WIDTH; i++) {
        if (i * GBL_WIDTH >= d) continue;
        GBL_LANES(l, GBL_WIDTH) {
            float u = gbl_bf16_float(a[at + i * GBL_WIDTH + l]), v = gbl_bf16_float(b[at + i * GBL_WIDTH + l]);
            GBL_MY(x, i, l) = u;
            GBL_MY(y, i, l) = v;
            GBL_MY(sum, 0, l) = gbl_fma(u, u, GBL_MY(sum, 0, l));
            GBL_MY(sum, 1, l) = gbl_fma(v, v, GBL_MY(sum, 1, l));
            GBL_MY(sum, 2, l) = gbl_fma(u, v, GBL_MY(sum, 2, l));
        }
    }
    for (int i = 0; i < 3; i++)
        GBL_LANES(l, GBL_WIDTH) part[i * GBL_WIDTH + l] = GBL_MY(sum, i, l);
    GBL_SYNC;
    GBL_LANES(l, GBL_WIDTH) if (l < 3) {
        float total = 0;
        for (int j = 0; j < GBL_WIDTH; j++) total = total + part[l * GBL_WIDTH + j];
        part[l * GBL_WIDTH] = total;
    }
    GBL_SYNC;
    float p = gbl_root(part[0]) + 1e-20f, q = gbl_root(part[GBL_WIDTH]) + 1e-20f, cosine = part[2 * GBL_WIDTH] / (p * q);
    float length = 0.5f * (p + q) / (gbl_root(0.36f + 0.16f + 0.48f * cosine) + 1e-20f), left = 0.6f / p, right = 0.4f / q;
    GBL_UNROLL for (int i = 0; i < GBL_DIM_MOST / GBL_WIDTH; i++) {
        if (i * GBL_WIDTH >= d) continue;
        GBL_LANES(l, GBL_WIDTH)
            a[at + i * GBL_WIDTH + l] = gbl_float_bf16(gbl_fma(left, GBL_MY(x, i, l), right * GBL_MY(y, i, l)) * length);
    }
}

#endif
