/* keep.h - what is kept of a run. While it simulates, rows go to unlinked temporary files, so that memory
 * stays flat and the store is locked only for the one short transaction at the end. */
#ifndef GBL_KEEP_H
#define GBL_KEEP_H
#include "reports/store.h"
#include "sim/run.h"

enum gbl_keep_requests { GBL_KEEP_NONE, GBL_KEEP_SAMPLE, GBL_KEEP_ALL };
extern const char *const gbl_keep_word[]; /* "none", "sample", "all" */
enum { GBL_KEEP_SAMPLE_SIZE = 1000 }; /* requests, those with the smallest keyed draws */

typedef struct gbl_keep gbl_keep;
/* Opens the store, so that one that cannot be written fails before the simulation. */
int gbl_keep_open(gbl_keep **out, const char *db, enum gbl_keep_requests requests, int64_t seed, gbl_err *err);
/* The same into a record (gbl_store_record), for a worker process; its commit only ends the record. */
int gbl_keep_record(gbl_keep **out, FILE *to, enum gbl_keep_requests requests, int64_t seed, gbl_err *err);
/* Sets the options' callbacks. Their `stop`, set before, is heard by the commit, too. */
void gbl_keep_listen(gbl_keep *k, gbl_run_options *opt);
/* Writes everything in one transaction and commits it; *run_id is the run's number. A `stop` meanwhile undoes all. */
int gbl_keep_commit(gbl_keep *k, const gbl_scenario *s, const gbl_result *r, int64_t *run_id, gbl_err *err);
void gbl_keep_close(gbl_keep *k); /* NULL allowed */

#endif
