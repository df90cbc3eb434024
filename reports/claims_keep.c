/* claims_keep.c - table `claim`: published against simulated, the newest answer of each key. */
#include <math.h>
#include <unistd.h>

#include "reports/claims_parts.h"
#include "reports/schema.h"
#include "reports/store_db.h"

static int bind_text(sqlite3_stmt *st, int i, const char *text)
{
    return text ? sqlite3_bind_text(st, i, text, -1, SQLITE_TRANSIENT) : sqlite3_bind_null(st, i);
}

static int bind_number(sqlite3_stmt *st, int i, double v)
{
    return isnan(v) ? sqlite3_bind_null(st, i) : sqlite3_bind_double(st, i, v);
}

static int insert(sqlite3_stmt *st, const gbl_claim *s)
{
    bind_text(st, 1, s->key);
    bind_text(st, 2, s->quantity);
    bind_number(st, 3, s->is.published);
    bind_number(st, 4, s->is.simulated);
    bind_number(st, 5, s->ratio);
    bind_number(st, 6, s->is.tolerance);
    bind_text(st, 7, s->runtime);
    bind_text(st, 8, gbl_verdict_name(s->verdict));
    bind_text(st, 9, s->reason);
    bind_text(st, 10, s->source);
    int good = sqlite3_step(st) == SQLITE_DONE;
    sqlite3_reset(st);
    return good;
}

/* A statement over each row; those of claims that were there go first. */
static int write_rows(const gbl_claims *c, sqlite3 *db)
{
    sqlite3_stmt *drop = NULL, *add = NULL;
    int good = sqlite3_prepare_v2(db, "DELETE FROM claim WHERE key = ?1", -1, &drop, NULL) == SQLITE_OK &&
               sqlite3_prepare_v2(db,
                                  "INSERT INTO claim (key, quantity, published, simulated, ratio, tolerance, runtime, verdict, reason, source)"
                                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                                  -1, &add, NULL) == SQLITE_OK;
    for (size_t i = 0; i < c->n_files && good; i++) {
        bind_text(drop, 1, c->file[i].key);
        good = sqlite3_step(drop) == SQLITE_DONE;
        sqlite3_reset(drop);
    }
    for (size_t i = 0; i < c->n_rows && good; i++) good = insert(add, &c->row[i].says);
    sqlite3_finalize(drop);
    sqlite3_finalize(add);
    return good;
}

int gbl_claims_keep(const gbl_claims *c, const char *path, gbl_err *err)
{
    static const char doing[] = "write the store";
    sqlite3 *db = NULL;
    int fresh = 0, made = access(path, F_OK) != 0;
    int code = gbl_db_connect(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (code) return code;
    long refused = gbl_alloc_refused();
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) code = gbl_db_fail(err, db, path, doing);
    if (!code) code = gbl_db_identify(db, path, &fresh, err);
    if (!code && fresh && sqlite3_exec(db, gbl_schema_sql(), NULL, NULL, NULL) != SQLITE_OK) code = gbl_db_fail(err, db, path, doing);
    if (!code && !write_rows(c, db)) code = gbl_db_fail(err, db, path, doing);
    if (!code) code = gbl_db_commit(db, path, refused, err);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* nothing to do after a commit */
    sqlite3_close(db);
    if (code && made) unlink(path);
    return code;
}
