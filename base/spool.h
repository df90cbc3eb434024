/* spool.h - temporary files, in $TMPDIR or else /tmp. */
#ifndef GBL_SPOOL_H
#define GBL_SPOOL_H
#include <stdio.h>
#include "base/err.h"

/* A place for an answer that may still fail half-way: a file without a name, so nothing is left behind. NULL: err is filled;
 * the caller closes it. */
FILE *gbl_spool_new(gbl_err *err);
/* One with a name, for whoever has to open it again: into path[size], ending as `ending` says (".json", ""). The caller closes
 * and unlinks it. NULL: err is filled, and path is empty. */
FILE *gbl_spool_named(char *path, size_t size, const char *ending, gbl_err *err);

#endif
