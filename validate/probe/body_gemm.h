/* body_gemm.h - c = a w in bf16 with fp32 sums: a is m x k by rows, w k x n in panels of GBL_WIDTH columns as engines pack
 * them once ([n / GBL_WIDTH][k][GBL_WIDTH]), c m x n by rows. n a multiple of GBL_WIDTH, k of GBL_GEMM_DEPTH.
 *
 * A group makes a tile of `rows` x GBL_WIDTH; lanes GBL_WIDTH, a column each. Row blocks of one panel follow each other, so that
 * the panel stays in cache. One kernel for each number of rows that keeps its sums in registers; a ragged last block computes
 * its last row again.
 *
 *   multiply-adds  ceil(m / rows) rows n k
 *   bytes read     ceil(m / rows) n k 2 (weights) + (n / GBL_WIDTH) ceil(m / rows) rows k 2 (activations); written m n 2 */
#ifndef GBL_BODY_GEMM_H
#define GBL_BODY_GEMM_H
#include "validate/probe/body.h"

enum { GBL_GEMM_DEPTH = 64, GBL_GEMM_ROWS_MOST = 12 };

GBL_INLINE void gbl_gemm_body(int group, const int rows, GBL_LOCAL float *tile, const GBL_GLOBAL gbl_u16 *a, const GBL_GLOBAL gbl_u16 *w,
                              GBL_GLOBAL gbl_u16 *c, int m, int n, int k)
{
    GBL_PRIVATE(float, sum, GBL_GEMM_ROWS_MOST);
    int blocks = (m + rows - 1) / rows, panel = group / blocks, row = group % blocks * rows;
    const GBL_GLOBAL gbl_u16 *column = w + (gbl_wide)panel * k * GBL_WIDTH;
    GBL_LANES(l, GBL_WIDTH)
        for (int i = 0; i < rows; i++) GBL_MY(sum, i, l) = 0;
    for (int k0 = 0; k0 < k; k0 += GBL_GEMM_DEPTH) {
        for (int i = 0; i < rows; i++) {
            const GBL_GLOBAL gbl_u16 *line = a + (gbl_wide)(row + i < m ? row + i : m - 1) * k + k0;
            for (int j = 0; j < GBL_GEMM_DEPTH; j += GBL_WIDTH)
                GBL_LANES(l, GBL_WIDTH) tile[i * GBL_GEMM_DEPTH + j + l] = gbl_bf16_float(line[j + l]);
        }
        GBL_SYNC;
        for (int kk = 0; kk < GBL_GEMM_DEPTH; kk++)
            GBL_LANES(l, GBL_WIDTH) {
                float x = gbl_bf16_float(column[(gbl_wide)(k0 + kk) * GBL_WIDTH + l]);
                GBL_UNROLL for (int i = 0; i < rows; i++)
                    GBL_MY(sum, i, l) = gbl_fma(tile[i * GBL_GEMM_DEPTH + kk], x, GBL_MY(sum, i, l));
            }
        GBL_SYNC;
    }
    for (int i = 0; i < rows && row + i < m; i++)
        GBL_LANES(l, GBL_WIDTH) c[(gbl_wide)(row + i) * n + panel * GBL_WIDTH + l] = gbl_float_bf16(GBL_MY(sum, i, l));
}

#define GBL_GEMM_OF(rows)                                                                                                       \
    GBL_KERNEL gbl_probe_gemm_##rows(GBL_GROUP const GBL_GLOBAL gbl_u16 *a, const GBL_GLOBAL gbl_u16 *w, GBL_GLOBAL gbl_u16 *c, \
                                     int m, int n, int k)                                                                       \
    {                                                                                                                           \
        GBL_SHARED(float, tile, rows * GBL_GEMM_DEPTH);                                                                         \
        gbl_gemm_body(GBL_GROUP_ID, rows, tile, a, w, c, m, n, k);                                                              \
    }
GBL_GEMM_OF(1)
GBL_GEMM_OF(2)
GBL_GEMM_OF(4)
GBL_GEMM_OF(8)
GBL_GEMM_OF(12)

#endif
