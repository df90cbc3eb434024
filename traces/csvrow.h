/* csvrow.h - a file of rows whose columns go by the names of its header, in any order; others are skipped. */
#ifndef GBL_CSVROW_H
#define GBL_CSVROW_H
#include "traces/reader.h"

enum { GBL_CROW_FIELDS = 256, GBL_CROW_NAMES = 24 };
typedef struct gbl_crow {
    const char *const *names;
    int n, fields, where[GBL_CROW_NAMES]; /* field number of each name, -1: not there */
    const char *line, *at[GBL_CROW_FIELDS];
    size_t len[GBL_CROW_FIELDS];
    const gbl_rows *rows;
    gbl_err *err; /* of the row last read */
} gbl_crow;

/* Reads the header. The first `required` names must be there; `expected` says so. 0 or -1. */
int gbl_crow_header(gbl_crow *c, gbl_rows *rows, const char *const *names, int n, int required, const char *expected, gbl_err *err);
/* 1: a row of as many fields as the header; 0: end; -1: error. */
int gbl_crow_next(gbl_crow *c, gbl_rows *rows, gbl_err *err);
int gbl_crow_has(const gbl_crow *c, int k); /* the column is there, and in this row not empty */
/* Values of column k; 0 or -1. */
int gbl_crow_count(gbl_crow *c, int k, int64_t *out);                     /* tokens, 0..GBL_ROW_TOKENS */
int gbl_crow_time(gbl_crow *c, int k, const char *unit, int64_t *out_ns); /* as gbl_row_time */
uint64_t gbl_crow_name(const gbl_crow *c, int k);                         /* its text, as a hash */
int gbl_crow_is(const gbl_crow *c, int k, const char *text);
int gbl_crow_fail(gbl_crow *c, int k, const char *fmt, ...) __attribute__((format(printf, 3, 4))); /* at the field; -1 */
/* Complains that the file has no arrival times, and says how to use its lengths. Returns -1. */
int gbl_crow_no_times(gbl_crow *c, int k, const char *why, const char *input, const char *output);

#endif
