/* store_db.h - what the files of this room share about SQLite: opening, messages, functions. Not for other rooms. */
#ifndef GBL_STORE_DB_H
#define GBL_STORE_DB_H
#include <sqlite3.h>
#include <stdio.h>
#include "base/err.h"
#include "reports/store.h"

enum { GBL_DB_BUSY_MS = 10000 };

/* Turns the failure SQLite reports on `db` into a message: `doing` is a phrase like "write the store". Always returns
 * an error code. db NULL counts as out of memory. */
int gbl_db_fail(gbl_err *err, sqlite3 *db, const char *path, const char *doing);
/* Opens with the house's settings (strict quoting, foreign keys, busy timeout). *out is NULL on error. */
int gbl_db_connect(sqlite3 **out, const char *path, int sqlite_flags, gbl_err *err);
/* Told by the header's two numbers: fresh (no tables yet) or ours in this program's layout, to be written; anything else
 * fails. *fresh may be NULL: then fresh fails. */
int gbl_db_identify(sqlite3 *db, const char *path, int *fresh, gbl_err *err);
/* COMMIT, unless memory was refused (gbl_alloc_refused) since there were `refused`: part of what is to be kept may be missing. */
int gbl_db_commit(sqlite3 *db, const char *path, long refused, gbl_err *err);
/* For readers: the file must exist; opened immutable where it cannot be written; percentile and median registered. */
int gbl_db_open_read(sqlite3 **out, const char *path, gbl_err *err);
/* First column of the first row, or `none`. SQL is the caller's own, so a failure to compile it asserts. */
int64_t gbl_db_int(sqlite3 *db, const char *sql, int64_t none);
/* The handle under a store, and what to do after it failed: the message, and the open run is rolled back. */
sqlite3 *gbl_store_handle(gbl_store *s);
int gbl_store_failed(gbl_store *s, gbl_err *err);
int gbl_store_is_fresh(const gbl_store *s); /* no tables yet */
int gbl_percentile_register(sqlite3 *db);
/* Steps `st` to its end and prints every row. Returns SQLite's last code (SQLITE_DONE, or an error). */
int gbl_rows_print(sqlite3_stmt *st, enum gbl_sql_format f, FILE *to);
/* GBL_EINPUT when `to` has taken an error (disk full, pipe closed). */
int gbl_rows_flushed(FILE *to, gbl_err *err);

#endif
