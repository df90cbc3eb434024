/* farm.h - independent jobs over processes: the same answers in the same order for any number of workers.
 *
 * A job is a function of its index that fills `size` bytes of plain data (no pointers), and whose answer hangs on nothing
 * that another job does to `ctx`. With one worker everything runs here, one after the other; with more, in the processes of
 * reports/work.h, so a crash is an error of that job, not of the caller. */
#ifndef GBL_FARM_H
#define GBL_FARM_H
#include <stddef.h>
#include "base/err.h"
#include "base/term.h"

typedef int gbl_farm_job(void *ctx, size_t i, void *out, gbl_err *err);
/* Fills out[0..n). The error is that of the smallest failing index. `stop` (may be NULL): set by a signal handler; what
 * runs is then ended and the code is GBL_EINTERRUPT or GBL_ETERM. */
int gbl_farm(gbl_farm_job *job, void *ctx, size_t n, int workers, size_t size, void *out, const volatile int *stop, gbl_err *err);

/* The same with a progress line. */
typedef struct gbl_farm_ask {
    gbl_farm_job *job;
    void *ctx;
    size_t n, size;
    void *out;
    int workers;
    const char *what; /* what the line calls the jobs */
    enum gbl_progress_mode progress;
    const volatile int *stop;
} gbl_farm_ask;
int gbl_farm_run(const gbl_farm_ask *ask, gbl_err *err);

#endif
