/* body_layer.h - the small kernels between a layer's products: norm with residual, rope with cache write, gated activation.
 * bf16 in and out; lanes GBL_STREAM.
 *
 *   kernel    group               bytes
 *   norm      a token             4 x 2 a hidden element (x, residual read; residual, normed written), 2 of its weight
 *   rope      a token and head    2 x 2 an element of queries, keys and values, 4 of the table an element of queries and keys
 *   activate  a token             3 x 2 an element of the FFN (gate and up read, product written) */
#ifndef GBL_BODY_LAYER_H
#define GBL_BODY_LAYER_H
#include "validate/probe/body.h"

enum { GBL_HIDDEN_MOST = 5120 };

/* residual += x; normed = residual / rms(residual) * weight. */
GBL_KERNEL gbl_probe_norm(GBL_GROUP const GBL_GLOBAL gbl_u16 *x, GBL_GLOBAL gbl_u16 *residual, const GBL_GLOBAL gbl_u16 *weight,
                          GBL_GLOBAL gbl_u16 *normed, int hidden)
{
    GBL_SHARED(float, row, GBL_HIDDEN_MOST);
    GBL_SHARED(float, part, GBL_STREAM);
    gbl_wide at = (gbl_wide)GBL_GROUP_ID * hidden;
    GBL_LANES(l, GBL_STREAM) part[l] = 0;
    for (int i = 0; i < hidden; i += GBL_STREAM)
        GBL_LANES(l, GBL_STREAM) if (i + l < hidden) {
            float now = gbl_bf16_float(x[at + i + l]) + gbl_bf16_float(residual[at + i + l]);
            residual[at + i + l] = gbl_float_bf16(now);
            row[i + l] = now;
            part[l] = part[l] + now * now;
        }
    GBL_SYNC;
    GBL_LANES(l, GBL_STREAM) if (l == 0) {
        float total = 0;
        for (int j = 0; j < GBL_STREAM; j++) total = total + part[j];
        part[0] = 1.0f / gbl_root(total / (float)hidden + 1e-5f);
    }
    GBL_SYNC;
    for (int i = 0; i < hidden; i += GBL_STREAM)
        GBL_LANES(l, GBL_STREAM) if (i + l < hidden)
            normed[at + i + l] = gbl_float_bf16(row[i + l] * part[0] * gbl_bf16_float(weight[i + l]));
}

/* Tokens at positions `from`.. of their sequence, `chunk` of each; qkv[token][h + 2 g][d] as the product leaves it. Queries are
 * turned, multiplied by 1/sqrt(d) (`turn` holds cosine and sine a position and half element) and written to q[token][h][d];
 * keys turned and written, like values, into the blocks of the cache (see body_attention.h). */
GBL_KERNEL gbl_probe_rope(GBL_GROUP const GBL_GLOBAL gbl_u16 *qkv, const GBL_GLOBAL float *turn, const GBL_GLOBAL int *table, GBL_GLOBAL gbl_u16 *q,
                          GBL_GLOBAL gbl_u16 *keys, GBL_GLOBAL gbl_u16 *values, int chunk, int from, int h, int g, int d)
{
    int heads = h + 2 * g, token = GBL_GROUP_ID / heads, head = GBL_GROUP_ID % heads, sequence = token / chunk, position = from + token % chunk;
    int blocks = (from + chunk + GBL_WIDTH - 1) / GBL_WIDTH, slot = position % GBL_WIDTH, pairs = d / 2;
    const GBL_GLOBAL gbl_u16 *in = qkv + (gbl_wide)GBL_GROUP_ID * d;
    const GBL_GLOBAL float *angle = turn + (gbl_wide)position * d;
    gbl_wide block = head < h ? 0 : ((gbl_wide)table[sequence * blocks + position / GBL_WIDTH] * g + (head - h) % g) * d * GBL_WIDTH;
    float scale = head < h ? 1.0f / gbl_root((float)d) : 1.0f;
    for (int i = 0; i < pairs; i += GBL_STREAM)
        GBL_LANES(l, GBL_STREAM) if (i + l < pairs) {
            gbl_u16 first = in[i + l], second = in[pairs + i + l];
            float x = gbl_bf16_float(first), y = gbl_bf16_float(second);
            if (head >= h + g) {
                values[block + slot * d + i + l] = first;
                values[block + slot * d + pairs + i + l] = second;
            } else {
                float c = angle[2 * (i + l)] * scale, s = angle[2 * (i + l) + 1] * scale;
                gbl_u16 low = gbl_float_bf16(x * c - y * s), high = gbl_float_bf16(y * c + x * s);
                if (head < h) {
                    q[((gbl_wide)token * h + head) * d + i + l] = low;
                    q[((gbl_wide)token * h + head) * d + pairs + i + l] = high;
                } else {
                    keys[block + (i + l) * GBL_WIDTH + slot] = low;
                    keys[block + (pairs + i + l) * GBL_WIDTH + slot] = high;
                }
            }
        }
}

/* out = gate / (1 + e^-gate) * up; gate_up[token][2][ffn]. */
GBL_KERNEL gbl_probe_activate(GBL_GROUP const GBL_GLOBAL gbl_u16 *gate_up, GBL_GLOBAL gbl_u16 *out, int ffn)
{
    const GBL_GLOBAL gbl_u16 *gate = gate_up + (gbl_wide)GBL_GROUP_ID * 2 * ffn, *up = gate + ffn;
    for (int i = 0; i < ffn; i += GBL_STREAM)
        GBL_LANES(l, GBL_STREAM) if (i + l < ffn) {
            float x = gbl_bf16_float(gate[i + l]), most = x < -80.0f ? -80.0f : x;
            out[(gbl_wide)GBL_GROUP_ID * ffn + i + l] = gbl_float_bf16(x / (1.0f + gbl_exp(-most)) * gbl_bf16_float(up[i + l]));
        }
}

#endif
