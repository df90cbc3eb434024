/* export.c - request rows as CSV or JSON lines; which run it is. */
#include "reports/export.h"

#include <inttypes.h>

#include "reports/export_parts.h"
#include "reports/store_db.h"

static const char export_sql[] =
    "SELECT r.run, r.serial, r.session, r.turn, r.tenant, r.replica, r.status, r.input, r.output, r.cached, r.preemptions,"
    " r.arrival_ns, r.scheduled_ns, r.first_token_ns, r.finish_ns, m.queue_ms, m.ttft_ms, m.tpot_ms, m.e2el_ms"
    " FROM request AS r JOIN request_ms AS m ON m.run = r.run AND m.serial = r.serial WHERE r.run = ?1 ORDER BY r.serial";

/* A count with ?1 bound to the run; -1 on error. */
static int64_t count_of(sqlite3 *db, const char *sql, int64_t run)
{
    sqlite3_stmt *st = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_bind_int64(st, 1, run) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        n = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    return n;
}

static int check_run(sqlite3 *db, const char *path, int64_t run, gbl_err *err)
{
    int64_t runs = count_of(db, "SELECT count(*) FROM run WHERE id = ?1", run);
    int64_t rows = count_of(db, "SELECT EXISTS (SELECT 1 FROM request WHERE run = ?1)", run);
    if (runs < 0 || rows < 0) {
        return gbl_db_fail(err, db, path, "read the store");
    }
    if (!runs) {
        gbl_fail(err, GBL_EINPUT, "there is no run %" PRId64, run);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a run from 1 to %" PRId64, gbl_db_int(db, "SELECT coalesce(max(id), 0) FROM run", 0));
    }
    if (!rows) {
        gbl_fail(err, GBL_EINPUT, "run %" PRId64 " keeps no requests", run);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a run made with --requests all or --requests sample");
    }
    return GBL_OK;
}

static int print_requests(sqlite3 *db, const char *path, int64_t run, enum gbl_export_format f, FILE *to, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, export_sql, -1, &st, NULL) != SQLITE_OK || sqlite3_bind_int64(st, 1, run) != SQLITE_OK) {
        sqlite3_finalize(st);
        return gbl_db_fail(err, db, path, "read the store");
    }
    int rc = gbl_rows_print(st, f == GBL_EXPORT_CSV ? GBL_SQL_CSV : GBL_SQL_JSONL, to);
    int code = rc == SQLITE_DONE ? gbl_rows_flushed(to, err) : rc == SQLITE_NOMEM ? gbl_nomem(err, 0) : gbl_db_fail(err, db, path, "read the store");
    sqlite3_finalize(st);
    return code;
}

int gbl_export_requests(const char *path, int64_t run, enum gbl_export_format f, FILE *to, gbl_err *err)
{
    sqlite3 *db = NULL;
    int code = gbl_db_open_read(&db, path, err);
    if (code != GBL_OK) {
        return code;
    }
    if (run == 0) {
        run = gbl_db_int(db, "SELECT coalesce(max(id), 0) FROM run", 0);
    }
    code = check_run(db, path, run, err);
    if (code == GBL_OK) {
        code = f == GBL_EXPORT_BENCH ? gbl_export_bench(db, path, run, to, err) : f == GBL_EXPORT_TRACE ? gbl_export_trace_rows(db, path, run, to, err) : print_requests(db, path, run, f, to, err);
    }
    sqlite3_close(db);
    return code;
}
