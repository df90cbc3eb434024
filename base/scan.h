/* scan.h - the one-pass JSON scanner under doc.h, used alone by the JSONL readers: no tree, no allocation. */
#ifndef GBL_SCAN_H
#define GBL_SCAN_H
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum { GBL_DEPTH = 128 }; /* of nested arrays and objects */

typedef struct gbl_scan {
    const char *p, *end, *begin;
    const char *name; /* for messages */
    int64_t line;     /* line number of begin, for messages */
} gbl_scan;

enum gbl_token { GBL_T_END, GBL_T_OBJ, GBL_T_OBJ_END, GBL_T_ARR, GBL_T_ARR_END, GBL_T_COLON, GBL_T_COMMA, GBL_T_STR, GBL_T_NUM, GBL_T_TRUE, GBL_T_FALSE, GBL_T_NULL, GBL_T_BAD };
/* Next token; *at and *len give its text (a string's with its quotes stripped, escapes left in). GBL_T_BAD fills err. */
enum gbl_token gbl_scan_next(gbl_scan *s, const char **at, size_t *len, gbl_err *err);
/* For a flat reader: after the opening {, call this for each member: 1 key found (value next), 0 end of object, -1 bad. */
int gbl_scan_key(gbl_scan *s, const char **key, size_t *len, gbl_err *err);
/* The same for an array after its opening [: 1 value next, 0 end of array, -1 bad. */
int gbl_scan_item(gbl_scan *s, gbl_err *err);
/* Fails unless only blanks are left. */
int gbl_scan_done(gbl_scan *s, gbl_err *err);
int gbl_scan_int(gbl_scan *s, int64_t *out, gbl_err *err);  /* a number that is an exact integer */
int gbl_scan_real(gbl_scan *s, double *out, gbl_err *err);
int gbl_scan_skip(gbl_scan *s, gbl_err *err);               /* any value, whole */
/* Decodes the escapes of a string that gbl_scan_next passed; out holds len + 1 bytes. Returns the length. */
size_t gbl_scan_unescape(char *out, const char *at, size_t len);
void gbl_scan_place(const gbl_scan *s, const char *at, int64_t *line, int64_t *col); /* both from 1 */
/* Fails with "name:line:col" of `at`; name NULL stands for "text". Returns GBL_EINPUT. */
int gbl_scan_fail(const gbl_scan *s, const char *at, gbl_err *err, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
