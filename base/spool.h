/* spool.h - a place for an answer that may still fail half-way: an unlinked temporary file, so nothing is left behind. */
#ifndef GBL_SPOOL_H
#define GBL_SPOOL_H
#include <stdio.h>
#include "base/err.h"

FILE *gbl_spool_new(gbl_err *err); /* NULL: err is filled; the caller closes it */

#endif
