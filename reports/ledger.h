/* ledger.h - a sweep's place in a store: which run is which point.
 *
 * A sweep reserves run numbers for all its points with its first commit; point k is run first + k whenever it ends. So a
 * store's rows are the same for any number of workers, any split into shards, any order and after any crash. A run that
 * the store holds already (another sweep's, or of `gable run`) may stand for a point instead. */
#ifndef GBL_LEDGER_H
#define GBL_LEDGER_H
#include "reports/store.h"
#include "reports/sweep.h"

typedef struct gbl_ledger gbl_ledger;
/* `store` and `sweep` are borrowed. `requests` is the name of what its runs keep: "none", "sample", "all". */
int gbl_ledger_open(gbl_ledger **out, gbl_store *store, const gbl_sweep *sweep, const char *requests, gbl_err *err);
void gbl_ledger_close(gbl_ledger *l);
/* Looks for what is done: the same scenario, seed, version and cards, with the requests that are wanted. Calls `have` for
 * each of the points that `want` says yes to (NULL: all). Later points are added to the same sweep. */
int gbl_ledger_resume(gbl_ledger *l, int (*want)(void *to, size_t point), int (*have)(void *to, size_t point, int64_t run, const char *result_json, gbl_err *err),
                      void *to, gbl_err *err);
/* For a sweep that is not resumed: refuses it where the store holds points of it already, of those that `want` says yes to, since
 * they would stand there twice. */
int gbl_ledger_once(gbl_ledger *l, int (*want)(void *to, size_t point), void *to, const char *path, gbl_err *err);
/* Commits a recorded run as a point, in one transaction; *run is its number. Where another process has just done the same
 * point of a resumed sweep, its run stays and is named. */
int gbl_ledger_keep(gbl_ledger *l, size_t point, FILE *record, int64_t *run, gbl_err *err);
/* Writes the sweep's row if no point has: a shard without points is one, too. */
int gbl_ledger_settle(gbl_ledger *l, gbl_err *err);
int64_t gbl_ledger_sweep(const gbl_ledger *l); /* its number, 0 before the first commit */

#endif
