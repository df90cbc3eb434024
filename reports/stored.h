/* stored.h - reading back what a store holds of a run. */
#ifndef GBL_STORED_H
#define GBL_STORED_H
#include <stdint.h>
#include "base/err.h"
#include "base/mem.h"
#include "sim/run.h"

/* The canonical scenario of run `id`, in the arena. */
int gbl_stored_scenario(const char *db, int64_t id, const char **text, size_t *len, gbl_arena *a, gbl_err *err);

/* The time line of run `id` (0: the newest), in the order of time and replica, without busy times; on_sample as in sim/run.h. */
int gbl_stored_timeline(const char *db, int64_t id, int (*on_sample)(void *to, const gbl_sample *s, gbl_err *err), void *to, gbl_err *err);

#endif
