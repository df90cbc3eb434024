/* probe_rows.h - what a probe printed: JSON lines, one object a measured kernel (validate/probe/PROTOCOL.md), read and checked
 * whole. A file may begin with a header line {"gable": "probe/1", ...} and may hold empty lines; anything else that is not a
 * row of the protocol is refused with file:line:col. */
#ifndef GBL_PROBE_ROWS_H
#define GBL_PROBE_ROWS_H
#include <stdint.h>
#include "base/doc.h"
#include "base/mem.h"

typedef struct gbl_probe_row {
    const char *probe;    /* "decode" */
    const char *kernel;   /* whose: "body", "cublas", "cublaslt", ...; "body" where not said */
    const char *format;   /* "bf16", "int4", ...; "" where none */
    const char *shape;    /* canonical JSON object of numbers, words and truths */
    double us, low_us, high_us; /* median, and its 95 % interval */
    double flops, bytes;  /* algorithmic, of one repetition; NaN: not said */
    int64_t repetitions, line;
    uint8_t noisy;        /* says so, or its interval is wider than 5 % of the median */
    uint8_t throttled;    /* the device named a reason */
    uint8_t cold;         /* caches were emptied before each repetition */
} gbl_probe_row;

typedef struct gbl_probe_rows gbl_probe_rows;
struct gbl_probe_rows {
    gbl_arena *arena; /* owns every text */
    gbl_probe_row *row;
    size_t n, room;
    const char *device, *driver, *backend; /* of all rows; NULL until a row says; backend: "cuda", "opencl", "cpu" */
    const char *date; /* of the header line, or NULL */
};

int gbl_probe_rows_init(gbl_probe_rows *p, gbl_err *err);
void gbl_probe_rows_fini(gbl_probe_rows *p); /* also of a zeroed struct */
/* Appends one line; `name` and `line` are what messages call its place. Rows of two devices do not go together. */
int gbl_probe_rows_take(gbl_probe_rows *p, const char *name, int64_t line, const char *text, size_t len, gbl_err *err);
/* Appends a file (plain, gzip, zstd; "-" = standard input). A file without rows is refused. */
int gbl_probe_rows_read(gbl_probe_rows *p, const char *path, gbl_err *err);
/* 1 when the file's first line begins with a brace. */
int gbl_probe_rows_is(const char *path);

/* The row as a class of kernels_rows.h would store it: its operation, and the shape as JSON with the columns of that class, in the
 * arena. Rows of no class keep their probe's name and their shape; pageable copies are
 * host_copy_pageable. *fits: of a class. NULL: no memory. */
const char *gbl_probe_row_stored(gbl_probe_rows *p, const gbl_probe_row *r, const char **operation, int *fits);

#endif
