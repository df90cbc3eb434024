/* stored.h - reading back what a store holds of a run. */
#ifndef GBL_STORED_H
#define GBL_STORED_H
#include <stdint.h>
#include "base/err.h"
#include "base/mem.h"

/* The canonical scenario of run `id`, in the arena. */
int gbl_stored_scenario(const char *db, int64_t id, const char **text, size_t *len, gbl_arena *a, gbl_err *err);

#endif
