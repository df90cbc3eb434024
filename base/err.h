/* err.h - how a function says what went wrong.
 *
 * Functions that can fail on input return 0 or a GBL_E code and take a `gbl_err *` last (never NULL). Bugs assert.
 * A message has up to four lines: what; where (file:line:col or key path); what was expected; the nearest known
 * name. The cli prints it on stderr and exits with the code. */
#ifndef GBL_ERR_H
#define GBL_ERR_H
#include <stddef.h>

enum { GBL_OK = 0, GBL_EFAULT = 1, GBL_EINPUT = 2, GBL_EREGRESSED = 3, GBL_EINFEASIBLE = 4, GBL_EINTERRUPT = 130, GBL_ETERM = 143 };

typedef struct gbl_err {
    int code;
    int misfit; /* the document is right, but what it describes cannot run (does not fit, does not divide) */
    char what[512], where[1024], expected[512], nearest[256];
} gbl_err;

/* Sets code and what, clears the rest; returns code. */
int gbl_fail(gbl_err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Add a line to a failed error; return its code, so that they chain in a return statement. */
int gbl_where(gbl_err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int gbl_expected(gbl_err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int gbl_nearest(gbl_err *e, const char *name); /* NULL: none */
int gbl_nomem(gbl_err *e, size_t bytes);       /* GBL_EFAULT "out of memory" */
/* Writes the message, one to four lines, each line ended; returns its length (snprintf's rule). */
int gbl_err_text(const gbl_err *e, char *out, size_t size);

#endif
