/* ledger.c - rows of sweep and sweep_point. */
#include "reports/ledger.h"

#include <string.h>

#include "base/text.h"
#include "reports/store_db.h"

struct gbl_ledger {
    gbl_store *store;
    const gbl_sweep *sweep;
    const char *requests;
    int resume;
    int64_t id, first_run;
};

/* A statement with the sweep's identity bound to ?1 to ?4; NULL with err filled. */
static sqlite3_stmt *prepare(gbl_ledger *l, const char *sql, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(gbl_store_handle(l->store), sql, -1, &st, NULL) != SQLITE_OK) {
        gbl_store_failed(l->store, err);
        return NULL;
    }
    return st;
}

static void bind_identity(const gbl_ledger *l, sqlite3_stmt *st)
{
    char hash[17];
    gbl_hex64(hash, gbl_sweep_hash(l->sweep));
    sqlite3_bind_text(st, 1, hash, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(st, 2, GBL_VERSION, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, gbl_sweep_cards(l->sweep), -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 4, l->requests, -1, SQLITE_STATIC);
}

/* Ends a statement that should have come to SQLITE_DONE or SQLITE_ROW. */
static int finish(gbl_ledger *l, sqlite3_stmt *st, int rc, gbl_err *err)
{
    int code = rc == SQLITE_DONE || rc == SQLITE_ROW ? GBL_OK : GBL_EFAULT;
    if (code) {
        gbl_err failed;
        code = gbl_store_failed(l->store, &failed); /* the handle's message, before finalize clears it */
        *err = failed;
    }
    sqlite3_finalize(st);
    return code;
}

int gbl_ledger_open(gbl_ledger **out, gbl_store *store, const gbl_sweep *sweep, const char *requests, gbl_err *err)
{
    gbl_ledger *l = *out = gbl_alloc(1, sizeof *l);
    if (!l) {
        return gbl_nomem(err, sizeof *l);
    }
    *l = (gbl_ledger){.store = store, .sweep = sweep, .requests = requests};
    return GBL_OK;
}

void gbl_ledger_close(gbl_ledger *l)
{
    gbl_free(l);
}

int64_t gbl_ledger_sweep(const gbl_ledger *l)
{
    return l->id;
}

/* The newest sweep of this identity in the store, if it is there. */
static int find_sweep(gbl_ledger *l, gbl_err *err)
{
    sqlite3_stmt *st = prepare(l, "SELECT id, first_run FROM sweep WHERE hash = ?1 AND version = ?2 AND cards = ?3 AND requests = ?4 ORDER BY id DESC LIMIT 1", err);
    if (!st) {
        return err->code;
    }
    bind_identity(l, st);
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        l->id = sqlite3_column_int64(st, 0);
        l->first_run = sqlite3_column_int64(st, 1);
    }
    return finish(l, st, rc, err);
}

static int insert_sweep(gbl_ledger *l, gbl_err *err)
{
    sqlite3 *db = gbl_store_handle(l->store);
    int64_t first = 1 + gbl_db_int(db, "SELECT max(coalesce((SELECT max(id) FROM run), 0), coalesce((SELECT max(first_run + points - 1) FROM sweep), 0))", 0);
    sqlite3_stmt *st = prepare(l, "INSERT INTO sweep (hash, version, cards, requests, points, first_run, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", err);
    if (!st) {
        return err->code;
    }
    bind_identity(l, st);
    sqlite3_bind_int64(st, 5, (int64_t)gbl_sweep_size(l->sweep));
    sqlite3_bind_int64(st, 6, first);
    sqlite3_bind_text(st, 7, gbl_sweep_document(l->sweep), -1, SQLITE_STATIC);
    int code = finish(l, st, sqlite3_step(st), err);
    if (!code) {
        l->id = sqlite3_last_insert_rowid(db);
        l->first_run = first;
    }
    return code;
}

/* Opens a transaction in which the sweep's row is there. *made: it was not before, so it goes if the transaction does. */
static int enter(gbl_ledger *l, int *made, gbl_err *err)
{
    int code = gbl_store_enter(l->store, err);
    *made = !l->id;
    if (!code && !l->id && l->resume) { /* another process may have made it since */
        code = find_sweep(l, err);
    }
    if (!code && !l->id) {
        code = insert_sweep(l, err);
    }
    if (code) {
        gbl_store_rollback(l->store);
    }
    return code;
}

static int leave(gbl_ledger *l, int made, int code, gbl_err *err)
{
    if (!code) {
        code = gbl_store_commit(l->store, err);
    }
    if (code) {
        gbl_store_rollback(l->store);
        l->id = made ? 0 : l->id;
    }
    return code;
}

static int insert_point(gbl_ledger *l, size_t point, int64_t run, gbl_err *err)
{
    sqlite3_stmt *st = prepare(l, "INSERT INTO sweep_point (sweep, point, run, vary) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING", err);
    if (!st) {
        return err->code;
    }
    sqlite3_bind_int64(st, 1, l->id);
    sqlite3_bind_int64(st, 2, (int64_t)point);
    sqlite3_bind_int64(st, 3, run);
    sqlite3_bind_text(st, 4, gbl_sweep_point(l->sweep, point)->vary, -1, SQLITE_STATIC);
    return finish(l, st, sqlite3_step(st), err);
}

/* ---------------------------------------------------------------- resume ---- */

/* Runs that stand for a point, the point's own first. A run with fewer requests than wanted does not do. */
static const char match_sql[] =
    "SELECT r.id, r.result, p.run IS NOT NULL FROM run AS r LEFT JOIN sweep_point AS p ON p.run = r.id AND p.sweep = ?6 AND p.point = ?7"
    " WHERE r.scenario_hash = ?1 AND r.seed = ?2 AND r.version = ?3 AND r.cards = ?4 AND r.result IS NOT NULL AND ("
    "   p.run IS NOT NULL OR ?5 = 'none' OR (SELECT count(*) FROM request AS q WHERE q.run = r.id) >="
    "   CASE ?5 WHEN 'all' THEN json_extract(r.result, '$.requests.injected') ELSE min(1000, json_extract(r.result, '$.requests.injected')) END)"
    " ORDER BY p.run IS NULL, r.id LIMIT 1";

typedef int (*have_fn)(void *to, size_t point, int64_t run, const char *result_json, gbl_err *err);

/* Looks for one point; *link is the run to be named its point, 0: none. */
static int match_point(gbl_ledger *l, sqlite3_stmt *st, size_t point, have_fn have, void *to, int64_t *link, gbl_err *err)
{
    const gbl_sweep_at *at = gbl_sweep_point(l->sweep, point);
    char hash[17];
    gbl_hex64(hash, at->hash);
    sqlite3_reset(st);
    sqlite3_bind_text(st, 1, hash, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(st, 2, at->seed);
    sqlite3_bind_text(st, 3, GBL_VERSION, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 4, at->cards, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 5, l->requests, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 6, l->id);
    sqlite3_bind_int64(st, 7, (int64_t)point);
    int rc = sqlite3_step(st);
    *link = 0;
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? GBL_OK : gbl_store_failed(l->store, err);
    }
    int64_t run = sqlite3_column_int64(st, 0);
    *link = sqlite3_column_int(st, 2) ? 0 : run;
    return have(to, point, run, (const char *)sqlite3_column_text(st, 1), err);
}

static int match_all(gbl_ledger *l, int (*want)(void *to, size_t point), have_fn have, void *to, gbl_err *err)
{
    sqlite3_stmt *st = prepare(l, match_sql, err);
    int code = st ? GBL_OK : err->code;
    for (size_t i = 0; i < gbl_sweep_size(l->sweep) && !code; i++) {
        int64_t link;
        if (want && !want(to, i)) {
            continue;
        }
        code = match_point(l, st, i, have, to, &link, err);
        if (!code && link) {
            code = insert_point(l, i, link, err);
        }
    }
    sqlite3_finalize(st);
    return code;
}

int gbl_ledger_resume(gbl_ledger *l, int (*want)(void *to, size_t point), have_fn have, void *to, gbl_err *err)
{
    int made;
    l->resume = 1;
    if (gbl_store_is_fresh(l->store)) {
        return GBL_OK;
    }
    int code = enter(l, &made, err);
    return code ? code : leave(l, made, match_all(l, want, have, to, err), err);
}

/* How many of the wanted points the sweep that was found has; -1 with err filled. */
static int64_t count_done(gbl_ledger *l, int (*want)(void *to, size_t point), void *to, gbl_err *err)
{
    sqlite3_stmt *st = prepare(l, "SELECT point FROM sweep_point WHERE sweep = ?1", err);
    int64_t n = 0;
    int rc = SQLITE_DONE;
    if (!st) {
        return -1;
    }
    sqlite3_bind_int64(st, 1, l->id);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        n += want(to, (size_t)sqlite3_column_int64(st, 0));
    }
    return finish(l, st, rc, err) ? -1 : n;
}

int gbl_ledger_once(gbl_ledger *l, int (*want)(void *to, size_t point), void *to, const char *path, gbl_err *err)
{
    if (gbl_store_is_fresh(l->store)) {
        return GBL_OK;
    }
    int code = find_sweep(l, err);
    int64_t id = l->id, done = !code && id ? count_done(l, want, to, err) : 0;
    l->id = 0;
    if (code || done <= 0) {
        return code ? code : done < 0 ? err->code : GBL_OK;
    }
    gbl_fail(err, GBL_EINPUT, "the store holds %lld of these points already, as sweep %lld", (long long)done, (long long)id);
    gbl_where(err, "%s", path);
    return gbl_expected(err, "--resume, which does what is missing, or another store: the same runs twice would count twice");
}

/* ---------------------------------------------------------------- keeping ---- */

/* The run that this point of a resumed sweep has by now, 0: none. */
static int64_t taken(gbl_ledger *l, size_t point, gbl_err *err)
{
    int64_t run = 0;
    sqlite3_stmt *st = l->resume ? prepare(l, "SELECT run FROM sweep_point WHERE sweep = ?1 AND point = ?2", err) : NULL;
    if (!st) {
        return 0;
    }
    sqlite3_bind_int64(st, 1, l->id);
    sqlite3_bind_int64(st, 2, (int64_t)point);
    if (sqlite3_step(st) == SQLITE_ROW) {
        run = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    return run;
}

int gbl_ledger_keep(gbl_ledger *l, size_t point, FILE *record, int64_t *run, gbl_err *err)
{
    int made, code = enter(l, &made, err);
    if (code) {
        return code;
    }
    err->code = GBL_OK;
    *run = taken(l, point, err);
    if (*run || err->code) {
        code = err->code;
        gbl_store_rollback(l->store);
        return code;
    }
    *run = l->first_run + (int64_t)point;
    code = gbl_store_play(l->store, record, *run, err);
    if (!code) {
        code = insert_point(l, point, *run, err);
    }
    return leave(l, made, code, err);
}

int gbl_ledger_settle(gbl_ledger *l, gbl_err *err)
{
    int made;
    if (l->id) {
        return GBL_OK;
    }
    int code = enter(l, &made, err);
    return code ? code : leave(l, made, GBL_OK, err);
}
