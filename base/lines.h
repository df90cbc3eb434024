/* lines.h - a text file line by line, plain, gzip or zstd (told by its first bytes), "-" = standard input. Constant
 * memory; a line may be up to 64 MiB. CRLF and a missing final newline are fine. */
#ifndef GBL_LINES_H
#define GBL_LINES_H
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

typedef struct gbl_lines gbl_lines;
int gbl_lines_open(gbl_lines **out, const char *path, gbl_err *err);
int gbl_lines_open_text(gbl_lines **out, const char *name, const char *text, size_t len, gbl_err *err); /* borrows text */
void gbl_lines_close(gbl_lines *l);
/* 1: a line (without its end; NUL-terminated, may be changed in place, valid until the next call); 0: end; -1: error
 * (unreadable, truncated archive, a NUL byte, a line too long), with file:line in err. */
int gbl_lines_next(gbl_lines *l, char **line, size_t *len, gbl_err *err);
int64_t gbl_lines_number(const gbl_lines *l); /* of the line last returned, from 1 */
/* Share of the file's bytes, as they lie on disk, behind the line last returned, in steps of a block; -1: of no file of known size. */
double gbl_lines_share(const gbl_lines *l);
const char *gbl_lines_name(const gbl_lines *l);
/* Reads the whole of a (compressed) file; caller frees with gbl_free. */
int gbl_slurp(const char *path, char **out, size_t *len, size_t most, gbl_err *err);

#endif
