/* sweep_run.h - the points of a sweep, simulated on all cores, ranked and kept. */
#ifndef GBL_SWEEP_RUN_H
#define GBL_SWEEP_RUN_H
#include "base/term.h"
#include "reports/keep.h"
#include "reports/shard.h"
#include "reports/standings.h"
#include "reports/sweep.h"

typedef struct gbl_sweep_ask {
    const gbl_sweep *sweep;
    const char *db; /* the store; NULL: nothing is written */
    gbl_shard shard;
    int is_shard; /* the store takes a rollback journal, for network file systems */
    int resume;   /* simulate only what the store does not hold yet */
    int jobs;     /* runs at a time; 0: one a core */
    int threads;  /* in threads, for a program that has more than one anyway, instead of processes (reports/work.h) */
    enum gbl_keep_requests requests;
    enum gbl_progress_mode progress;
    const volatile int *stop; /* or NULL */
} gbl_sweep_ask;

typedef struct gbl_swept {
    gbl_standings *standings; /* of the points that are done */
    size_t points, simulated; /* of this shard; of them not found in the store */
    int64_t sweep;            /* its number in the store, 0: none */
} gbl_swept;

/* `out` says what was done also after an error, but for GBL_EINTERRUPT with an empty message when *stop was set, and is to
 * be given to gbl_swept_fini in any case. */
int gbl_sweep_run(gbl_swept *out, const gbl_sweep_ask *ask, gbl_err *err);
void gbl_swept_fini(gbl_swept *s);

#endif
