/* farm.h - independent jobs over processes: the same answers in the same order for any number of workers.
 *
 * A job is a function of its index that fills `size` bytes of plain data (no pointers). With one worker everything runs
 * here, one after the other. With more, each job runs in a process of its own, forked from this one, so it sees all that
 * `ctx` holds and changes none of it; a crash is an error of that job, not of the caller. */
#ifndef GBL_FARM_H
#define GBL_FARM_H
#include <stddef.h>
#include "base/err.h"

typedef int gbl_farm_job(void *ctx, size_t i, void *out, gbl_err *err);
/* Fills out[0..n). The error is that of the smallest failing index. `stop` (may be NULL): set by a signal handler; what
 * runs is then ended and the code is GBL_EINTERRUPT or GBL_ETERM. */
int gbl_farm(gbl_farm_job *job, void *ctx, size_t n, int workers, size_t size, void *out, const volatile int *stop, gbl_err *err);
int gbl_farm_cores(void); /* that this process may use, at least 1 */

#endif
