/* apart.h - work that may crash or never end, in a process of its own. */
#ifndef GBL_APART_H
#define GBL_APART_H
#include <stddef.h>

/* Leaves in `says` what is wrong, "" for nothing. */
typedef void gbl_apart_job(void *ctx, char *says, size_t size);
/* Runs it in a child that may take `limit_s` seconds of processor time, and twice that many and a minute in all; what ends the child early is
 * said. 1: it took too long. */
int gbl_apart(gbl_apart_job *job, void *ctx, int limit_s, char *says, size_t size);

#endif
