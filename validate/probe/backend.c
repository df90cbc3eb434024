/* backend.c - what both kinds share; see backend.h. */
#include "validate/probe/backend.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "validate/probe/backend_parts.h"
#include "validate/probe/body_move.h"

enum { BROOM_LEAST = 64 << 20 }; /* bytes, where no size of a cache is known */

gbl_backend *gbl_backend_open(const char *kind, gbl_err *err)
{
    static const char *const known[] = {"cpu", "opencl"};
    if (!strcmp(kind, "cpu")) return gbl_backend_cpu(err);
    if (!strcmp(kind, "opencl")) return gbl_backend_opencl(err);
    gbl_fail(err, GBL_EINPUT, "no kernels run on \"%.40s\"", kind);
    gbl_expected(err, "cpu or opencl");
    gbl_nearest(err, gbl_near(kind, known, 2));
    return NULL;
}

void gbl_backend_close(gbl_backend *b)
{
    if (!b) return;
    gbl_memory_free(b->broom);
    b->close(b);
}

const char *gbl_backend_device(const gbl_backend *b) { return b->device; }
const char *gbl_backend_driver(const gbl_backend *b) { return b->driver; }
int gbl_backend_units(const gbl_backend *b) { return b->units; }
int gbl_backend_gemm_rows(const gbl_backend *b) { return b->gemm_rows; }
int gbl_backend_stream(const gbl_backend *b) { return b->stream; }
int gbl_backend_own_clock(const gbl_backend *b) { return b->own_clock; }
size_t gbl_backend_cache(const gbl_backend *b) { return b->cache; }

gbl_memory *gbl_memory_new(gbl_backend *b, size_t bytes, gbl_err *err)
{
    gbl_memory *m = gbl_alloc(1, sizeof *m);
    if (!m) {
        gbl_nomem(err, sizeof *m);
        return NULL;
    }
    m->of = b;
    m->bytes = bytes ? bytes : 4;
    if (!b->memory_new(b, m, err)) return m;
    gbl_free(m);
    return NULL;
}

void gbl_memory_free(gbl_memory *m)
{
    if (!m) return;
    m->of->memory_free(m);
    gbl_free(m);
}

int gbl_memory_write(gbl_memory *m, const void *from, size_t bytes, gbl_err *err)
{
    return m->of->memory_move(m, (void *)(uintptr_t)from, bytes, 0, err);
}

int gbl_memory_read(gbl_memory *m, void *to, size_t bytes, gbl_err *err)
{
    return m->of->memory_move(m, to, bytes, 1, err);
}

static double now_s(const gbl_backend *b)
{
    struct timespec t;
    clock_gettime(b->own_clock ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int gbl_backend_run(gbl_backend *b, const gbl_launch *launch, int n, double *s, gbl_err *err)
{
    if (b->wait(b, err)) return err->code;
    double start = now_s(b);
    for (int i = 0; i < n; i++)
        if (b->launch(b, &launch[i], err)) return err->code;
    if (b->wait(b, err)) return err->code;
    *s = now_s(b) - start;
    return 0;
}

/* A copy of twice the cache from one half of the broom to the other. */
int gbl_backend_flush(gbl_backend *b, gbl_err *err)
{
    size_t half = b->cache > BROOM_LEAST ? b->cache : BROOM_LEAST;
    if (!b->broom && !(b->broom = gbl_memory_new(b, 2 * half, err))) return err->code;
    int words = (int)(half / 4), per = GBL_STREAM_WORDS * GBL_STREAM;
    gbl_launch l = {"triad", (words + per - 1) / per, 1, 3, 1, {b->broom, b->broom, b->broom}, {words * 2}};
    double s;
    l.groups *= 2;
    return gbl_backend_run(b, &l, 1, &s, err);
}
