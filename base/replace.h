/* replace.h - a file that is written whole or not at all: beside its name, then renamed. A target that is no regular file (a
 * pipe, /dev/null) cannot be replaced and is written as it is; "-" is standard output. */
#ifndef GBL_REPLACE_H
#define GBL_REPLACE_H
#include <stdio.h>
#include "base/err.h"

typedef struct gbl_replace {
    FILE *to;
    long refused;    /* allocations (gbl_alloc_refused), before */
    char part[4096]; /* where it is written; empty: right into the target */
    char path[4096];
} gbl_replace;

/* 0, or GBL_EINPUT where the file cannot be made; then there is nothing to end. */
int gbl_replace_begin(gbl_replace *r, const char *path, gbl_err *err);
/* `code` is what came of the writing (err then filled): not 0, or memory was refused meanwhile, and the target stays as it was.
 * Otherwise flushes, syncs and
 * renames; a disk without room is GBL_EINPUT. Returns the code; in any case nothing is left beside the target. */
int gbl_replace_end(gbl_replace *r, int code, gbl_err *err);
/* GBL_EINPUT "cannot write PATH: ..." of an errno (0: unknown), in words that name what is to be done. */
int gbl_replace_fail(gbl_err *err, const char *path, int os_errno);

#endif
