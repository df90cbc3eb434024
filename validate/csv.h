/* csv.h - a CSV file (RFC 4180 but for line breaks inside quotes; plain, gzip or zstd) row by row, with positions. */
#ifndef GBL_CSV_H
#define GBL_CSV_H
#include <stdint.h>
#include "base/err.h"
#include "base/lines.h"
#include "base/mem.h"

enum { GBL_CSV_FIELDS = 64 };
typedef struct gbl_csv {
    gbl_lines *lines;
    char *head[GBL_CSV_FIELDS], *field[GBL_CSV_FIELDS]; /* of the header; of the row last read, until the next */
    int n_head;
} gbl_csv;

/* Opens the file and reads its header; the header's names live in `a`. A column named twice is refused. */
int gbl_csv_open(gbl_csv *c, const char *path, gbl_arena *a, gbl_err *err);
void gbl_csv_close(gbl_csv *c);
/* 1: a row with as many fields as the header; 0: end; -1: error. Blank lines are passed over. */
int gbl_csv_next(gbl_csv *c, gbl_err *err);
int gbl_csv_column(const gbl_csv *c, const char *name); /* its index, or -1 */
/* Fails at the current row, naming file and line. Returns GBL_EINPUT. */
int gbl_csv_fail(const gbl_csv *c, gbl_err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
