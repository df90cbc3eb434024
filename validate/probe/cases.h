/* cases.h - what is measured: a probe with a shape, as the kernel that runs it, its buffers, what the formulas of models/ say that
 * the operation needs, and what the kernel itself does (the formulas in the heads of the bodies), which an emulator can count. */
#ifndef GBL_CASES_H
#define GBL_CASES_H
#include <stdint.h>
#include "validate/probe/backend.h"

/* BF16: uniform in [-1, 1); WEIGHTS: in [-1/16, 1/16), which keeps activations near 1. */
enum gbl_fill { GBL_FILL_ZERO, GBL_FILL_BF16, GBL_FILL_WEIGHTS, GBL_FILL_F32, GBL_FILL_BYTES, GBL_FILL_SCALES, GBL_FILL_TABLE, GBL_FILL_INDEX, GBL_FILL_MASK, GBL_FILL_TURN };
typedef struct gbl_case_buffer {
    size_t bytes;
    enum gbl_fill fill;
    int range;   /* of a table: blocks; of an index: rows; of a mask: rows kept of `of`; of turns: elements a head */
    int of;
    int written; /* by the kernel */
} gbl_case_buffer;

enum { GBL_DIMS_MOST = 6 };
typedef struct gbl_case {
    const char *probe, *format; /* "decode", "int4"; format "" where there is none */
    int64_t v[GBL_DIMS_MOST];   /* the probe's dimensions, in its order */
    char kernel[24];
    int groups, stream, n_buffers, n_args;
    gbl_case_buffer buffer[GBL_BUFFERS_MOST];
    int arg[GBL_ARGS_MOST];
    double flops, bytes;  /* needed: models/ */
    double tile_flops;    /* of prefill: with pairs rounded up to tiles, as the time formula takes them */
    double fma;           /* multiply-adds of the kernel */
    double loads, stores; /* bytes of global memory that it reads and writes, again and again where it does */
    double aside;         /* of them: tables, weights of norms and partial results, which the formulas leave out */
} gbl_case;

typedef struct gbl_probe_kind {
    const char *name;
    const char *dim[GBL_DIMS_MOST + 1]; /* keys of the shape (PROTOCOL.md); NULL past the last */
    const char *about;
    int fitted;                         /* rows that calibration learns from */
    void (*plan)(gbl_case *c, int gemm_rows);
} gbl_probe_kind;
const gbl_probe_kind *gbl_probe_kinds(void); /* name NULL past the last */

/* Fills the case of these dimensions; gemm_rows: gbl_backend_gemm_rows. Errors: unknown probe or format, a shape that no kernel has. */
int gbl_case_plan(gbl_case *c, const char *probe, const char *format, const int64_t *v, int gemm_rows, gbl_err *err);
gbl_launch gbl_case_launch(const gbl_case *c); /* without its buffers */
int gbl_case_kv_format(const char *format); /* enum GBL_KV_*, -1: none */

/* The shapes that are measured; quick: a few small ones. Calls fn for each; stops at its first code. exact: of small shapes that leave
 * a kernel no choice, what has to equal the formulas to the last one: F FLOPs, T those of whole tiles, B bytes. */
typedef int gbl_case_visit(void *to, const char *probe, const char *format, const int64_t *v, const char *exact, gbl_err *err);
int gbl_case_each(int quick, gbl_case_visit *fn, void *to, gbl_err *err);

#endif
