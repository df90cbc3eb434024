/* calib.c - see calib.h. One table feeds the reader, the printers and the fits. */
#include "models/calib.h"

#include <stddef.h>
#include <string.h>

#include "models/cards.h"

/* TIME: time in proportion; RATE: in inverse proportion; FORM: neither. */
#define ROW(g, k, field, unit, low, high, time) {g, k, (unsigned)offsetof(gbl_calib, field), unit, low, high, time, 0}
#define OPTION(g, k, field, low, high) {g, k, (unsigned)offsetof(gbl_calib, field), 1, low, high, FORM, 1}
enum { RATE = -1, FORM, TIME };
#define GEMM_ROWS(g, f)                                                                                              \
    ROW(g, "t0_us", f.t0, 1e-6, 0, 1000, TIME), ROW(g, "e_c", f.e_c, 1, 0.01, 1.2, RATE), ROW(g, "e_m", f.e_m, 1, 0.01, 1.2, RATE),    \
        ROW(g, "l2_B_clock_sm", f.l2, 1, 1, 10000, RATE), ROW(g, "t_w_us", f.t_w, 1e-6, 0, 1000, TIME), ROW(g, "q", f.q, 1, 0, 1, FORM), \
        ROW(g, "p", f.p, 1, 1, 20, FORM), ROW(g, "phi_c", f.phi_c, 1, 0.1, 2, FORM), ROW(g, "phi_m", f.phi_m, 1, 0.1, 2, FORM)

static const gbl_calib_row rows[] = {
    GEMM_ROWS("gemm", gemm),
    OPTION("gemm", "tile_rows", gemm.tile_rows, 0, 4096),
    OPTION("gemm", "tile_columns", gemm.tile_columns, 0, 4096),
    GEMM_ROWS("gemm_fp8", gemm_fp8),
    ROW("gemm_fp8", "quant_passes", fp8_quant, 1, 0, 20, TIME),
    ROW("gemm_fp8", "dispatch_us_per_M", fp8_dispatch, 1e-12, 0, 10, TIME),
    ROW("gemm_fp8", "odd_rows_GB_s", fp8_odd_bps, 1e9, 1, 1e6, RATE),
    ROW("decode", "t0_us", dec_t0, 1e-6, 0, 1000, TIME),
    ROW("decode", "t_cta_us", dec_t_cta, 1e-6, 0, 1000, TIME),
    ROW("decode", "e_m", dec_e_m, 1, 0.01, 1.2, RATE),
    ROW("decode", "g", dec_g, 1, 0.01, 100, FORM),
    ROW("decode", "p", dec_p, 1, 1, 20, FORM),
    ROW("decode", "combine_us", dec_comb, 1e-6, 0, 1000, TIME),
    ROW("decode", "transpose_us", dec_copy, 1e-6, 0, 1000, TIME),
    ROW("decode", "fp8_t0_us", dec_fp8_t0, 1e-6, 0, 1000, TIME),
    ROW("decode", "fp8_e_m", dec_fp8_e_m, 1, 0.01, 1.2, RATE),
    OPTION("decode", "dense_p", dec_dense_p, 0, 20),
    ROW("decode", "split_mha", dec_split_mha, 1, 0, 1, FORM),
    ROW("prefill", "t0_us", pre_t0, 1e-6, 0, 1000, TIME),
    ROW("prefill", "e_c", pre_e_c, 1, 0.01, 1.2, RATE),
    ROW("prefill", "e_m", pre_e_m, 1, 0.01, 1.2, RATE),
    ROW("prefill", "q", pre_q, 1, 0, 1, FORM),
    ROW("prefill", "kv_B_element", pre_kvw, 1, 0, 100, FORM),
    ROW("prefill", "t_w_us", pre_t_w, 1e-6, 0, 1000, TIME),
    ROW("prefill", "droop", pre_droop, 1, 0, 0.9, FORM),
    ROW("prefill", "fp8_e_c", pre_fp8_e_c, 1, 0.01, 1.2, RATE),
    ROW("prefill", "softmax", pre_softmax, 1, 0, 10, FORM),
    ROW("prefill", "tile_rows", pre_rows, 1, 2, 1024, FORM),
    ROW("prefill", "decode_tile_share", pre_decode, 1, 0, 2, FORM),
    ROW("small", "t0_us", small_t0, 1e-6, 0, 1000, TIME),
    ROW("small", "kernels_layer", small_n, 1, 0, 1000, FORM),
    ROW("small", "e_m", small_e_m, 1, 0.01, 1.2, RATE),
    ROW("moe", "e_c", moe_e_c, 1, 0.01, 1.2, RATE),
    ROW("moe", "e_m", moe_e_m, 1, 0.01, 1.2, RATE),
    ROW("moe", "activation_passes", moe_passes, 1, 0, 100, FORM),
    ROW("moe", "p", moe_p, 1, 1, 20, FORM),
    ROW("moe", "routing_us", moe_t0, 1e-6, 0, 1000, TIME),
    ROW("moe", "rows_padded", moe_rows, 1, 1, 1024, FORM),
    ROW("all_reduce", "engine_extra_us", ar_extra, 1e-6, 0, 10000, TIME),
    ROW("all_reduce", "a0_us", ar_a0, 1e-6, 0, 10000, TIME),
    ROW("all_reduce", "a1_us", ar_a1, 1e-6, 0, 10000, TIME),
    ROW("all_reduce", "e1", ar_e1, 1, 0.01, 2, RATE),
    ROW("all_reduce", "a2_us", ar_a2, 1e-6, 0, 10000, TIME),
    ROW("all_reduce", "e2", ar_e2, 1, 0.01, 2, RATE),
    ROW("all_reduce", "big_a_us", ar_big_a, 1e-6, 0, 10000, TIME),
    ROW("all_reduce", "big_rank_us", ar_big_rank, 1e-6, 0, 10000, TIME),
    ROW("all_reduce", "big_sqrt_us", ar_big_sqrt, 1e-6, 0, 10000, TIME),
    ROW("all_reduce", "big_e", ar_big_e, 1, 0.01, 2, RATE),
    ROW("all_reduce", "big_gain", ar_big_gain, 1, 0, 2, FORM),
    ROW("pcie_all_reduce", "a_us", pcie_ar_a, 1e-6, 0, 10000, TIME),
    ROW("pcie_all_reduce", "rank_us", pcie_ar_rank, 1e-6, 0, 10000, TIME),
    ROW("pcie_all_reduce", "e", pcie_ar_e, 1, 0.01, 2, RATE),
    ROW("copy", "e", copy_e, 1, 0.01, 1.2, RATE),
    ROW("copy", "piece_us", copy_piece, 1e-6, 0, 10000, TIME),
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};

const gbl_calib_row *gbl_calib_rows(void)
{
    return rows;
}

int gbl_calib_find(const char *group, const char *key)
{
    for (int i = 0; rows[i].group; i++)
        if (!strcmp(rows[i].group, group) && !strcmp(rows[i].key, key))
            return i;
    return -1;
}

double *gbl_calib_at(gbl_calib *v, const gbl_calib_row *r)
{
    return (double *)(void *)((char *)v + r->offset);
}

double gbl_calib_get(const gbl_calib *v, const gbl_calib_row *r)
{
    return *(const double *)(const void *)((const char *)v + r->offset) / r->unit;
}

/* Keys of a group: its parameters, and the words about it. */
static int group_keys(const gbl_node *g, const char *group, gbl_err *err)
{
    const char *known[40] = {"source", "note", "covariance", "scatter", "hold_out"};
    size_t n = 5;
    for (const gbl_calib_row *r = rows; r->group; r++)
        if (!strcmp(r->group, group) && n < 39)
            known[n++] = r->key;
    known[n] = NULL;
    if (gbl_node_only(g, known, err))
        return err->code;
    return gbl_node_get(g, "source") ? 0 : gbl_card_missing(g, "source", err);
}

static int read_row(const gbl_node *g, const gbl_calib_row *r, int whole, gbl_calib *v, gbl_calib *se, gbl_err *err)
{
    double number = 0, error = 0;
    gbl_card_number what = {r->key, &number, &error, r->low, r->high, whole};
    if (!gbl_node_get(g, r->key) && (!whole || r->optional))
        return 0;
    if (gbl_card_number_read(g, &what, err))
        return err->code;
    *gbl_calib_at(v, r) = number * r->unit;
    *gbl_calib_at(se, r) = error * r->unit;
    return 0;
}

int gbl_calib_read(const gbl_node *n, int whole, gbl_calib *v, gbl_calib *se, gbl_err *err)
{
    const gbl_node *g = NULL;
    const char *group = NULL;
    for (const gbl_calib_row *r = rows; r->group; r++) {
        if (!group || strcmp(group, r->group)) {
            group = r->group;
            g = gbl_node_get(n, group);
            if (!g && whole)
                return gbl_card_missing(n, group, err);
            if (g && group_keys(g, group, err))
                return err->code;
        }
        if (g && read_row(g, r, whole, v, se, err))
            return err->code;
    }
    return 0;
}
