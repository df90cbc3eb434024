/* jsonrow.h - a row that is one JSON object, read in one pass without a tree: keys in any order, unknown ones skipped, a
 * known one twice refused, every complaint with file:line:column. */
#ifndef GBL_JSONROW_H
#define GBL_JSONROW_H
#include "base/scan.h"
#include "traces/reader.h"

typedef struct gbl_jrow {
    gbl_scan s;
    const gbl_rows *rows;
    gbl_err *err;
    const char *key; /* the known key whose value comes next */
} gbl_jrow;

/* A list of ids or of anything else that is counted in 64 bits; grows, never shrinks. */
typedef struct gbl_ids {
    uint64_t *id;
    size_t room;
    int32_t n;
} gbl_ids;

/* 1: the next row is an object and c stands behind its {; 0: end of file; -1: error. */
int gbl_jrow_next(gbl_jrow *c, gbl_rows *rows, gbl_err *err);
/* The next member of the object that c stands in: index in `names` (its value comes next), or -1 at the end of the object,
 * -2 on error. Others are skipped. `seen` starts as 0 and gathers a bit for each known key. */
int gbl_jrow_key(gbl_jrow *c, const char *const *names, int n, unsigned *seen);
int gbl_jrow_done(gbl_jrow *c); /* nothing may follow; 0 or -1 */

/* Values of the key last returned; 0 or -1. A null leaves *out alone and returns 1 where `gbl_jrow_null` was asked first. */
int gbl_jrow_null(gbl_jrow *c);                                   /* 1: it is null and is passed */
int gbl_jrow_count(gbl_jrow *c, int64_t *out);                    /* tokens, 0..GBL_ROW_TOKENS */
int gbl_jrow_time(gbl_jrow *c, const char *unit, int64_t *out_ns); /* "s", "ms", "us" or "ns"; >= 0 */
int gbl_jrow_whole(gbl_jrow *c, int64_t *out);                    /* any whole number of int64 */
int gbl_jrow_text(gbl_jrow *c, const char **at, size_t *len);     /* string, as it stands between its quotes */
int gbl_jrow_name(gbl_jrow *c, uint64_t *out);                    /* a string or a whole number, as a hash */
int gbl_jrow_open(gbl_jrow *c, enum gbl_token what);              /* [ or { comes next */
int gbl_jrow_ids(gbl_jrow *c, gbl_ids *out, const char *expected); /* an array of whole numbers, appended */
int gbl_jrow_skip(gbl_jrow *c);
/* Fails: names[k] is missing from the object that began at `from`; offers the unknown key that looks most like it. */
int gbl_jrow_missing(gbl_jrow *c, const char *from, const char *const *names, int n, int k, const char *expected);
/* Fails at the place `at`. Returns -1. */
int gbl_jrow_fail(gbl_jrow *c, const char *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
