/* measurements.c - see measurements.h. */
#include "reports/measurements.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "reports/schema.h"
#include "reports/store_db.h"

static const char doing[] = "write the store";

struct gbl_measurements {
    sqlite3 *db;
    sqlite3_stmt *insert;
    char *path;
    int made; /* the file was not there before */
    long refused; /* allocations, before the transaction */
};

static int begin(gbl_measurements *m, gbl_err *err)
{
    static const char sql[] = "INSERT INTO measurement (hardware, operation, shape, quantity, measured, modelled, source)"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    int fresh = 0;
    int code = gbl_db_connect(&m->db, m->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (code) return code;
    m->refused = gbl_alloc_refused();
    if (sqlite3_exec(m->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) return gbl_db_fail(err, m->db, m->path, doing);
    if ((code = gbl_db_identify(m->db, m->path, &fresh, err))) return code;
    if (fresh && sqlite3_exec(m->db, gbl_schema_sql(), NULL, NULL, NULL) != SQLITE_OK) return gbl_db_fail(err, m->db, m->path, doing);
    if (sqlite3_prepare_v2(m->db, sql, -1, &m->insert, NULL) != SQLITE_OK) return gbl_db_fail(err, m->db, m->path, doing);
    return 0;
}

int gbl_measurements_open(gbl_measurements **out, const char *db, gbl_err *err)
{
    struct stat st;
    gbl_measurements *m = gbl_alloc(1, sizeof *m);
    *out = NULL;
    if (m) m->path = gbl_alloc(strlen(db) + 1, 1);
    if (!m || !m->path) {
        gbl_free(m);
        return gbl_nomem(err, strlen(db));
    }
    memcpy(m->path, db, strlen(db) + 1);
    m->made = stat(db, &st) != 0;
    int code = begin(m, err);
    if (!code) *out = m;
    else gbl_measurements_close(m, 0, NULL);
    return code;
}

int gbl_measurements_add(gbl_measurements *m, const gbl_measurement *row, gbl_err *err)
{
    const char *const text[] = {row->hardware, row->operation, row->shape, row->quantity};
    for (int i = 0; i < 4; i++) sqlite3_bind_text(m->insert, i + 1, text[i], -1, SQLITE_TRANSIENT);
    sqlite3_bind_double(m->insert, 5, row->measured);
    if (isnan(row->modelled)) sqlite3_bind_null(m->insert, 6);
    else sqlite3_bind_double(m->insert, 6, row->modelled);
    sqlite3_bind_text(m->insert, 7, row->source, -1, SQLITE_TRANSIENT);
    int done = sqlite3_step(m->insert) == SQLITE_DONE;
    int code = done ? 0 : gbl_db_fail(err, m->db, m->path, doing);
    sqlite3_reset(m->insert);
    return code;
}

int gbl_measurements_close(gbl_measurements *m, int keep, gbl_err *err)
{
    struct stat st;
    int code = 0;
    sqlite3_finalize(m->insert);
    if (keep) code = gbl_db_commit(m->db, m->path, m->refused, err);
    if (m->db) {
        sqlite3_exec(m->db, "ROLLBACK", NULL, NULL, NULL); /* nothing to do after a commit */
        sqlite3_close(m->db);
    }
    if (m->made && (!keep || code) && stat(m->path, &st) == 0 && st.st_size == 0) unlink(m->path);
    gbl_free(m->path);
    gbl_free(m);
    return code;
}
