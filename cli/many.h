/* many.h - what the commands that run many simulations share: -j, --progress, --db, and where scenarios come from. */
#ifndef GBL_MANY_H
#define GBL_MANY_H
#include "cli/fleet.h"
#include "reports/keep.h"
#include "cli/scene.h"
#include "reports/replicate.h"

typedef struct gbl_many_opt {
    const char *db;
    int64_t threads;
    int32_t progress;
} gbl_many_opt;

/* As many threads as reports/replicate.h makes at most. */
#define GBL_FLAG_MANY_JOBS(T, field) GBL_FLAG_AT_ONCE(T, field.threads, 256, "simulations at once; 0: one a core. The answer is the same for any")
#define GBL_FLAG_MANY_PROGRESS(T, field) GBL_FLAG_PROGRESS(T, field.progress)
#define GBL_FLAG_MANY_DB(T, field) \
    GBL_FLAG_DB(T, field.db, "keep every run in this SQLite store, made if it is not there; without it nothing is written")

/* Where to open the scenario at `path` from, with --set applied, but not --seed. path NULL: the shipped default; "-":
 * standard input, read here. */
int gbl_many_origin(gbl_origin *out, const char *path, const gbl_scene_opt *o, gbl_arena *a, gbl_err *err);
/* gbl_replicate with the flags; `run` gives exact and itl_per_request. With --db each run is kept, in the order of the
 * jobs. A signal ends it with the error of an interrupted command. */
int gbl_many_run(gbl_outcome *out, const gbl_job *jobs, size_t n, const gbl_many_opt *o, const gbl_run_options *run,
                 enum gbl_keep_requests requests, gbl_err *err);

#endif
