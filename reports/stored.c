#include "reports/stored.h"

#include <inttypes.h>

#include "reports/store_db.h"

static int no_such_run(sqlite3 *db, const char *path, int64_t id, gbl_err *err)
{
    int64_t last = gbl_db_int(db, "SELECT max(id) FROM run", 0);
    gbl_fail(err, GBL_EINPUT, "the store has no run %" PRId64, id);
    gbl_where(err, "%s", path);
    if (last) return gbl_expected(err, "a number up to %" PRId64 "; `gable sql 'select run, name from summary' --db %s` lists them", last, path);
    return gbl_expected(err, "a store with runs");
}

int gbl_stored_scenario(const char *path, int64_t id, const char **text, size_t *len, gbl_arena *a, gbl_err *err)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int code = gbl_db_open_read(&db, path, err);
    if (code) return code;
    if (sqlite3_prepare_v2(db, "SELECT scenario FROM run WHERE id = ?1", -1, &st, NULL) != SQLITE_OK) {
        code = gbl_db_fail(err, db, path, "read the store");
        sqlite3_close(db);
        return code;
    }
    sqlite3_bind_int64(st, 1, id);
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW) {
        *len = (size_t)sqlite3_column_bytes(st, 0);
        *text = gbl_arena_textn(a, (const char *)sqlite3_column_text(st, 0), *len);
        if (!*text) code = gbl_nomem(err, *len);
    } else {
        code = step == SQLITE_DONE ? no_such_run(db, path, id, err) : gbl_db_fail(err, db, path, "read the store");
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return code;
}

int gbl_stored_timeline(const char *path, int64_t id, int (*on_sample)(void *to, const gbl_sample *s, gbl_err *err), void *to, gbl_err *err)
{
    static const char sql[] =
        "SELECT t_ns, replica, running, waiting, used_blocks FROM timeline"
        " WHERE run = CASE ?1 WHEN 0 THEN (SELECT max(id) FROM run) ELSE ?1 END ORDER BY t_ns, replica";
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int code = gbl_db_open_read(&db, path, err), rc = SQLITE_DONE;
    if (code == GBL_OK && (rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL)) == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, id);
        while (code == GBL_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
            gbl_sample s = {.t_ns = sqlite3_column_int64(st, 0), .replica = sqlite3_column_int(st, 1), .running = sqlite3_column_int(st, 2),
                            .waiting = sqlite3_column_int(st, 3), .used_blocks = sqlite3_column_int64(st, 4)};
            code = on_sample(to, &s, err);
        }
    }
    if (code == GBL_OK && rc != SQLITE_DONE) {
        code = gbl_db_fail(err, db, path, "read the store");
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return code;
}
