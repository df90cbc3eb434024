/* output.h - the two streams and the two signals: stdout holds a whole answer or nothing, stderr the message. */
#ifndef GBL_OUTPUT_H
#define GBL_OUTPUT_H
#include <stdio.h>
#include "base/err.h"
#include "base/json.h"
#include "base/spool.h"

/* Opens descriptors 0 to 2 where the caller closed them, so that no file of ours gets their number. */
void gbl_output_guard(void);
/* Writes "gable: what" and the indented lines that the error has; control characters are shown as '?'. */
void gbl_output_error(const gbl_err *err);
void gbl_output_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void gbl_output_note(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* nothing is wrong */
/* Prints the JSON text with a final newline and frees the writer; GBL_EFAULT when it ran out of memory. */
int gbl_output_json(gbl_json *j, gbl_err *err);
/* For whoever prints much: GBL_EFAULT with the reason, in errno since the first write, while it is known. The flush may have nothing left to fail on. */
int gbl_output_printed(gbl_err *err);
/* Flushes stdout; GBL_EFAULT when anything written to it was lost. */
int gbl_output_flush(gbl_err *err);

/* Copies the spool to stdout (path NULL or "-") or to `path` (written beside it and renamed), and closes it, also on failure. */
int gbl_spool_deliver(FILE *spool, const char *path, gbl_err *err);

/* SIGINT and SIGTERM end the program at once, with a message and exit 130 or 143: for commands that have nothing to put in order. */
void gbl_signals_default(void);
/* From now on SIGINT and SIGTERM set the flag instead of ending the process; a third one ends it. */
void gbl_signals_catch(void);
const volatile int *gbl_signals_flag(void); /* the signal's number, 0 before */
/* An error of an interrupted command: code 130 or 143 by the signal, with `what` lost or kept. */
int gbl_signals_fail(gbl_err *err, const char *what);

#endif
