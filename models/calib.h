/* calib.h - the fitted parameters of a GPU: what its kernels reach of the data sheet, and what they cost besides.
 * One set an architecture, transferable by data sheet. Formulas stand beside the functions in kernels.h; values with
 * their sources and standard errors in the "calibration" object of the hardware cards. Seconds, bytes a second and
 * shares here; microseconds on the cards (keys ending in _us). */
#ifndef GBL_CALIB_H
#define GBL_CALIB_H
#include <stdint.h>
#include "base/doc.h"

typedef struct gbl_gemm_fit {
    double t0;     /* s: launch and prologue inside a CUDA graph */
    double e_c;    /* tensor-core efficiency of a full tile */
    double e_m;    /* achieved share of HBM bandwidth */
    double l2;     /* bytes a clock and SM that feed a tile from L2 */
    double t_w;    /* s: prologue and epilogue of a wave */
    double q;      /* wave quantisation, 1 = hard */
    double p;      /* exponent of the smooth maximum */
    double phi_c, phi_m; /* factors on e_c, e_m with real data at real power (1 in microbenchmarks) */
    double tile_rows, tile_columns; /* largest tile of kernels with 1, 2, 4 ... rows; 0: the tiles of cuBLAS, split along k, too */
} gbl_gemm_fit;

typedef struct gbl_calib {
    gbl_gemm_fit gemm;      /* 16-bit, also int8 and weight-only formats */
    gbl_gemm_fit gemm_fp8;
    double fp8_quant;       /* passes over 3 m k bytes when activations are quantised by a kernel of their own */
    double fp8_dispatch;    /* s a weight, at 129 rows, falling to 0 at 256 */
    double fp8_odd_bps;     /* bytes a second at which a kernel for m % 16 != 0 walks the weights once more (m > 256) */
    double dec_t0, dec_t_cta, dec_e_m, dec_g, dec_p;
    double dec_comb;        /* s: combination of the splits, KV above 128 tokens */
    double dec_copy;        /* s: query transposition when heads > kv_heads > 1 and more than one sequence */
    double dec_fp8_t0, dec_fp8_e_m; /* 8-bit KV: s more, share of HBM bandwidth instead of dec_e_m */
    double dec_dense_p;     /* exponent of the smooth maximum of reading and multiplying; 0: the larger, as where both have units of their own */
    double dec_split_mha;   /* 1: KV is split also where heads = kv_heads */
    double pre_t0, pre_e_c, pre_e_m, pre_q, pre_kvw, pre_droop;
    double pre_t_w;         /* s: prologue and epilogue of each wave after the first */
    double pre_fp8_e_c;     /* instead of pre_e_c with 8-bit KV */
    double pre_softmax;     /* exponentials beside the products of a head of 128: time share; smaller heads feel it more */
    double pre_rows;        /* query rows of a tile: 128 (FA3) or 64 (FA2) */
    double pre_decode;      /* share of a whole tile that a decode costs in a mixed batch: 0 where heads are packed */
    double small_t0, small_n, small_e_m; /* s, kernels a layer, share of HBM bandwidth */
    /* grouped GEMM: efficiencies, passes over the activations, exponent of the smooth maximum, s of routing (top-k,
     * alignment, reduction), rows an expert is padded to */
    double moe_e_c, moe_e_m, moe_passes, moe_p, moe_t0, moe_rows;
    double ar_extra;        /* s of waiting for each other, in an engine */
    double ar_a0, ar_a1, ar_e1, ar_a2, ar_e2, ar_big_a, ar_big_rank, ar_big_sqrt, ar_big_e, ar_big_gain; /* all-reduce over NVLink */
    double pcie_ar_a, pcie_ar_rank, pcie_ar_e;                                 /* over PCIe */
    double copy_e, copy_piece;           /* host-device copies: share of the link, s a piece */
} gbl_calib;

/* Reads the groups that `n` holds onto *v (and *se, both given); `whole` demands every parameter. */
int gbl_calib_read(const gbl_node *n, int whole, gbl_calib *v, gbl_calib *se, gbl_err *err);
/* Name of the parameter at an index ("gemm.t0_us"), for printing and for fits; NULL past the last. */
typedef struct gbl_calib_row {
    const char *group, *key;
    unsigned offset;     /* of the double in gbl_calib */
    double unit;         /* value in the struct = number on the card x unit */
    double low, high;    /* of the number on the card */
    int time;            /* +1: time in proportion to it, -1: to its inverse, 0: a matter of shape */
    int optional;        /* 0 where no card says it, and then not shown */
} gbl_calib_row;
const gbl_calib_row *gbl_calib_rows(void); /* ends with group NULL */
int gbl_calib_find(const char *group, const char *key); /* index of a row, or -1 */
double *gbl_calib_at(gbl_calib *v, const gbl_calib_row *r);
double gbl_calib_get(const gbl_calib *v, const gbl_calib_row *r); /* in the card's unit */

/* How sure the parameters are. A fitted group carries
 *   "covariance": {"parameters": [names], "matrix": [[lower], [triangle], ...]} in the card's units,
 *   "scatter": what single shapes are off besides, as the standard deviation of ln(time),
 *   "hold_out": errors on shapes that the fit did not see (for people).
 * A calibration taken from another GPU carries "transfer": what whole groups may be off besides, of ln(time) too. */
enum { GBL_CALIB_GROUPS = 16, GBL_COVARIANCE_MOST = 16 };
typedef struct gbl_spread_group {
    const char *name;
    int n;                                    /* parameters with covariance */
    int row[GBL_COVARIANCE_MOST];             /* indices into gbl_calib_rows() */
    double root[GBL_COVARIANCE_MOST * (GBL_COVARIANCE_MOST + 1) / 2]; /* lower Cholesky factor by rows, card's units */
    double scatter;
} gbl_spread_group;
typedef struct gbl_spread {
    gbl_spread_group group[GBL_CALIB_GROUPS]; /* in the table's order; name NULL past the last */
    double transfer;
} gbl_spread;
/* Reads what group objects of calibration `n` say onto *s, which starts zeroed or holds another card's. A parameter given
 * without covariance has none with the rest any more. */
int gbl_spread_read(const gbl_node *n, gbl_spread *s, gbl_err *err);

/* The kth draw of the parameters, a function of (seed, k) alone. Covariance by a multiplicative normal step (values keep
 * their sign), other standard errors each for themselves; then every group's times by e^(s z), s^2 = (w scatter)^2 +
 * transfer^2, with w = 1/2 where a step adds up four shapes of the group (products), else 1. Clamped to the rows' ranges. */
void gbl_calib_sample(const gbl_calib *v, const gbl_calib *se, const gbl_spread *s, uint64_t seed, uint64_t k, gbl_calib *out);

#endif
