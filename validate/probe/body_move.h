/* body_move.h - copy and triad: how fast memory and caches stream; peak: how fast registers multiply. 32-bit words; lanes
 * GBL_STREAM; a group takes GBL_STREAM x GBL_STREAM_WORDS words, the last one what is left.
 *
 *   copy   to = from              8 bytes a word
 *   triad  to = a + 3 b          12 bytes and a multiply-add a word (STREAM's; McCalpin 1995)
 *   peak   n x GBL_PEAK_CHAINS multiply-adds a lane (GBL_WIDTH of them), a value a lane and group written */
#ifndef GBL_BODY_MOVE_H
#define GBL_BODY_MOVE_H
#include "validate/probe/body.h"

enum { GBL_STREAM_WORDS = 8 * 256 / GBL_STREAM };

GBL_KERNEL gbl_probe_copy(GBL_GROUP const GBL_GLOBAL gbl_u32 *from, GBL_GLOBAL gbl_u32 *to, int n)
{
    for (int i = 0; i < GBL_STREAM_WORDS; i++) {
        int base = (GBL_GROUP_ID * GBL_STREAM_WORDS + i) * GBL_STREAM;
        GBL_LANES(l, GBL_STREAM) if (base + l < n) to[base + l] = from[base + l];
    }
}

GBL_KERNEL gbl_probe_triad(GBL_GROUP const GBL_GLOBAL float *a, const GBL_GLOBAL float *b, GBL_GLOBAL float *to, int n)
{
    for (int i = 0; i < GBL_STREAM_WORDS; i++) {
        int base = (GBL_GROUP_ID * GBL_STREAM_WORDS + i) * GBL_STREAM;
        GBL_LANES(l, GBL_STREAM) if (base + l < n) to[base + l] = gbl_fma(b[base + l], 3.0f, a[base + l]);
    }
}

enum { GBL_PEAK_CHAINS = 12 };
GBL_KERNEL gbl_probe_peak(GBL_GROUP GBL_GLOBAL float *to, int n)
{
    GBL_PRIVATE(float, x, GBL_PEAK_CHAINS);
    for (int i = 0; i < GBL_PEAK_CHAINS; i++)
        GBL_LANES(l, GBL_WIDTH) GBL_MY(x, i, l) = (float)(i + l);
    for (int k = 0; k < n; k++)
        GBL_LANES(l, GBL_WIDTH) {
            GBL_UNROLL for (int i = 0; i < GBL_PEAK_CHAINS; i++) GBL_MY(x, i, l) = gbl_fma(GBL_MY(x, i, l), 0.5f, 1.0f);
        }
    GBL_LANES(l, GBL_WIDTH) {
        float sum = 0;
        for (int i = 0; i < GBL_PEAK_CHAINS; i++) sum = sum + GBL_MY(x, i, l);
        to[GBL_GROUP_ID * GBL_WIDTH + l] = sum;
    }
}

#endif
