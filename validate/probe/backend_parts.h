/* backend_parts.h - the inside of backend.h: a table of functions for each kind. */
#ifndef GBL_BACKEND_PARTS_H
#define GBL_BACKEND_PARTS_H
#include "validate/probe/backend.h"

struct gbl_backend {
    char device[200], driver[200];
    int units, gemm_rows, stream;
    int own_clock; /* one thread computes: its CPU time, to which other programs add nothing, instead of the time of day */
    size_t cache;
    gbl_memory *broom; /* what a flush walks through */
    int (*launch)(gbl_backend *b, const gbl_launch *l, gbl_err *err);
    int (*wait)(gbl_backend *b, gbl_err *err);
    int (*memory_new)(gbl_backend *b, gbl_memory *m, gbl_err *err);
    void (*memory_free)(gbl_memory *m);
    int (*memory_move)(gbl_memory *m, void *host, size_t bytes, int to_host, gbl_err *err);
    void (*close)(gbl_backend *b);
};
struct gbl_memory {
    gbl_backend *of;
    void *at; /* address or cl_mem */
    size_t bytes;
};

gbl_backend *gbl_backend_cpu(gbl_err *err);
gbl_backend *gbl_backend_opencl(gbl_err *err);

#endif
