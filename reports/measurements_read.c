/* measurements_read.c - reads table `measurement` of a store back; see measurements.h. */
#include <stdio.h>
#include <string.h>

#include "reports/measurements.h"
#include "reports/store_db.h"

int gbl_measurements_is_store(const char *path)
{
    char head[16] = {0};
    FILE *f = fopen(path, "rb");
    if (!f) return 0;
    size_t n = fread(head, 1, sizeof head, f);
    fclose(f);
    return n == sizeof head && !memcmp(head, "SQLite format 3", 16);
}

static int each(sqlite3_stmt *s, gbl_measurement_reader *fn, void *to, gbl_err *err)
{
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *operation = (const char *)sqlite3_column_text(s, 1), *shape = (const char *)sqlite3_column_text(s, 2);
        if (!operation || !shape) return gbl_nomem(err, 0);
        int code = fn(to, sqlite3_column_int64(s, 0), operation, shape, sqlite3_column_double(s, 3), err);
        if (code) return code;
    }
    return 0;
}

int gbl_measurements_read(const char *path, const char *hardware, const char *quantity, gbl_measurement_reader *fn, void *to, gbl_err *err)
{
    static const char sql[] = "SELECT id, operation, shape, measured FROM measurement WHERE hardware = ?1 AND quantity = ?2 ORDER BY id";
    static const char doing[] = "read the measurements";
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int code = gbl_db_open_read(&db, path, err);
    if (!code && sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) code = gbl_db_fail(err, db, path, doing);
    if (!code) {
        sqlite3_bind_text(s, 1, hardware, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(s, 2, quantity, -1, SQLITE_TRANSIENT);
        code = each(s, fn, to, err);
        if (!code && sqlite3_reset(s) != SQLITE_OK) code = gbl_db_fail(err, db, path, doing);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    return code;
}
