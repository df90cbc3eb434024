/* sens_keep.c - the answer of `gable sens` in the store: table `sens`, a row a metric and input. */
#include <math.h>

#include "reports/sens.h"
#include "reports/store_db.h"

static void bind_number(sqlite3_stmt *st, int i, double v)
{
    if (isnan(v)) {
        sqlite3_bind_null(st, i);
    } else {
        sqlite3_bind_double(st, i, v);
    }
}

static int insert(sqlite3_stmt *st, const gbl_sens *s, int64_t run, int metric, int input)
{
    sqlite3_bind_int64(st, 1, run);
    sqlite3_bind_text(st, 2, gbl_sens_metric[metric], -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, gbl_sens_input_name[input], -1, SQLITE_STATIC);
    sqlite3_bind_double(st, 4, s->step);
    bind_number(st, 5, s->base[metric]);
    bind_number(st, 6, s->elasticity[input][metric]);
    bind_number(st, 7, s->samples ? s->sobol[input][metric] : NAN);
    int good = sqlite3_step(st) == SQLITE_DONE;
    sqlite3_reset(st);
    return good;
}

int gbl_sens_keep(const gbl_sens *s, const char *path, int64_t run, gbl_err *err)
{
    static const char sql[] = "INSERT INTO sens (run, metric, input, step, base, elasticity, sobol) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int code = gbl_db_connect(&db, path, SQLITE_OPEN_READWRITE, err);
    if (code) {
        return code;
    }
    long refused = gbl_alloc_refused();
    int good = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK;
    for (int m = 0; m < GBL_SENS_METRICS; m++) {
        for (int i = 0; i < GBL_INPUTS && good; i++) {
            good = insert(st, s, run, m, i);
        }
    }
    sqlite3_finalize(st);
    code = good ? gbl_db_commit(db, path, refused, err) : gbl_db_fail(err, db, path, "write the store");
    sqlite3_close(db);
    return code;
}
