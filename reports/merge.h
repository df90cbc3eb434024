/* merge.h - the shards of a sweep into one store: the same rows as if one process had done it all. */
#ifndef GBL_MERGE_H
#define GBL_MERGE_H
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/term.h"

typedef struct gbl_merged {
    int64_t points;         /* of the sweep */
    int64_t merged, there;  /* runs taken in now; points that the store held already */
    int64_t missing;        /* points that neither holds */
    int64_t first_missing;  /* -1: none */
    int64_t sweep;          /* its number in the store */
} gbl_merged;

/* Takes the runs of every input into `path`, made if it is not there, in one transaction: all or nothing. Inputs must be
 * shards of one sweep, simulated by one version of the code with the same cards and traces; where they are not, the message
 * says which and what. A point that is there already stays, if its result is the same. */
int gbl_merge(gbl_merged *out, const char *path, const char *const *inputs, size_t n, enum gbl_progress_mode progress, const volatile int *stop, gbl_err *err);

#endif
