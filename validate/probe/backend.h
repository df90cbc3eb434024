/* backend.h - where a kernel runs: this CPU's threads, or an OpenCL device. Both time launches from ready to finished, by
 * the monotonic clock; a CPU with one thread (OMP_NUM_THREADS=1) by that thread's CPU time, so that it can be measured on a busy machine. */
#ifndef GBL_BACKEND_H
#define GBL_BACKEND_H
#include <stddef.h>
#include "base/err.h"

enum { GBL_BUFFERS_MOST = 8, GBL_ARGS_MOST = 8 };
typedef struct gbl_backend gbl_backend;
typedef struct gbl_memory gbl_memory; /* of one backend */

/* "cpu", or "opencl": the first device of the first platform. NULL and an error where it cannot be had. */
gbl_backend *gbl_backend_open(const char *kind, gbl_err *err);
void gbl_backend_close(gbl_backend *b);
const char *gbl_backend_device(const gbl_backend *b);
const char *gbl_backend_driver(const gbl_backend *b);
int gbl_backend_units(const gbl_backend *b);      /* cores or compute units */
int gbl_backend_gemm_rows(const gbl_backend *b);  /* rows of the largest product kernel that its registers hold */
int gbl_backend_stream(const gbl_backend *b);     /* GBL_STREAM there */
int gbl_backend_own_clock(const gbl_backend *b); /* CPU time of the one thread */
size_t gbl_backend_cache(const gbl_backend *b);   /* bytes of the last cache; 0: not known */

gbl_memory *gbl_memory_new(gbl_backend *b, size_t bytes, gbl_err *err); /* zeroed */
void gbl_memory_free(gbl_memory *m);
int gbl_memory_write(gbl_memory *m, const void *from, size_t bytes, gbl_err *err);
int gbl_memory_read(gbl_memory *m, void *to, size_t bytes, gbl_err *err);

typedef struct gbl_launch {
    char kernel[24]; /* "gemm_12" */
    int groups, stream; /* lanes GBL_STREAM instead of GBL_WIDTH */
    int n_buffers, n_args;
    gbl_memory *buffer[GBL_BUFFERS_MOST];
    int arg[GBL_ARGS_MOST];
} gbl_launch;
/* Runs the launches one after the other and waits; *s: seconds of all of them. */
int gbl_backend_run(gbl_backend *b, const gbl_launch *launch, int n, double *s, gbl_err *err);
/* Drives what the caches hold out of them. */
int gbl_backend_flush(gbl_backend *b, gbl_err *err);

#endif
