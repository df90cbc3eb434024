/* merge.c - copies runs between stores. Tables that belong to a run are told by their first column, `run`, so one that is
 * added to the layout comes along by itself. */
#include "reports/merge.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/doc.h"
#include "base/mem.h"
#include "reports/store_db.h"

/* What a store says of its sweep. Text in the merge's arena. */
typedef struct sweep_row {
    int64_t id, first_run, points;
    const char *hash, *version, *cards, *requests, *document;
    const char *path; /* of the store */
} sweep_row;

typedef struct merge {
    gbl_arena *arena;
    gbl_store *store;
    sqlite3 *db; /* the store's */
    const char *path;
    sweep_row to;
    gbl_merged *out;
    const volatile int *stop;
    gbl_progress *progress;
    int64_t seen;
    gbl_err *err;
} merge;

/* ---------------------------------------------------------------- what a store holds ---- */

static int fail_read(merge *m, sqlite3 *from, const char *path)
{
    return gbl_db_fail(m->err, from, path, "read the store");
}

/* NULL: no memory. */
static const char *column(merge *m, sqlite3_stmt *st, int i)
{
    const char *text = (const char *)sqlite3_column_text(st, i);
    if (!text && sqlite3_column_type(st, i) != SQLITE_NULL) {
        return NULL;
    }
    return gbl_arena_text(m->arena, text ? text : "");
}

/* The newest sweep of a store, 1; 0 where there is none; -1 with err filled. Another one beside it is refused. */
static int read_sweep(merge *m, sqlite3 *db, const char *path, sweep_row *out)
{
    sqlite3_stmt *st = NULL;
    int64_t there = gbl_db_int(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'sweep'", -1);
    if (there < 1) {
        return there < 0 ? fail_read(m, db, path), -1 : 0;
    }
    if (gbl_db_int(db, "SELECT count(DISTINCT hash || version || cards || requests) FROM sweep", 0) > 1) {
        gbl_fail(m->err, GBL_EINPUT, "the store holds more than one sweep");
        gbl_where(m->err, "%s", path);
        gbl_expected(m->err, "a store with one sweep, as `gable sweep --shard k/N --db` writes it");
        return -1;
    }
    if (sqlite3_prepare_v2(db, "SELECT id, first_run, points, hash, version, cards, requests, document FROM sweep ORDER BY id DESC LIMIT 1", -1, &st, NULL) != SQLITE_OK) {
        fail_read(m, db, path);
        return -1;
    }
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *out = (sweep_row){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2),
                           column(m, st, 3), column(m, st, 4), column(m, st, 5), column(m, st, 6), column(m, st, 7), path};
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        fail_read(m, db, path);
    } else if (rc == SQLITE_ROW && !(out->hash && out->version && out->cards && out->requests && out->document)) {
        rc = gbl_nomem(m->err, 0);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

/* ---------------------------------------------------------------- whether they belong together ---- */

static int mismatch(merge *m, const sweep_row *a, const sweep_row *b, const char *expected)
{
    gbl_where(m->err, "%s and %s", a->path, b->path);
    return gbl_expected(m->err, "%s", expected);
}

/* Names the first card or trace that the two have with different content, or that only one has. */
static int fail_cards(merge *m, const sweep_row *a, const sweep_row *b)
{
    gbl_doc *x = NULL, *y = NULL;
    const char *name = "", *in_a = "none", *in_b = "none";
    int code = gbl_doc_parse(&x, a->path, a->cards, strlen(a->cards), m->err);
    code = code ? code : gbl_doc_parse(&y, b->path, b->cards, strlen(b->cards), m->err);
    for (int turn = 0; turn < 2 && !code && !name[0]; turn++) {
        const gbl_node *one = gbl_doc_root(turn ? y : x), *other = gbl_doc_root(turn ? x : y);
        for (const gbl_node *n = gbl_node_first(one); n && !name[0]; n = gbl_node_next(n)) {
            const gbl_node *same = gbl_node_get(other, gbl_node_key(n));
            if (!same || strcmp(gbl_node_text(same), gbl_node_text(n)) != 0) {
                name = gbl_node_key(n);
                *(turn ? &in_b : &in_a) = gbl_node_text(n);
                *(turn ? &in_a : &in_b) = same ? gbl_node_text(same) : "none";
            }
        }
    }
    if (!code) {
        gbl_fail(m->err, GBL_EINPUT, "%s is not the same in both: %s and %s", name, in_a, in_b);
        code = mismatch(m, a, b, "shards that were simulated with the same cards and traces");
    }
    gbl_doc_free(x);
    gbl_doc_free(y);
    return code;
}

static int same_sweep(merge *m, const sweep_row *a, const sweep_row *b)
{
    if (strcmp(a->hash, b->hash) != 0) {
        gbl_fail(m->err, GBL_EINPUT, "these are different sweeps: of %" PRId64 " points (%s) and of %" PRId64 " points (%s)", a->points, a->hash, b->points, b->hash);
        return mismatch(m, a, b, "shards of one sweep, with the same --set and --seed");
    }
    if (strcmp(a->version, b->version) != 0) {
        gbl_fail(m->err, GBL_EINPUT, "different versions of the code simulated them: %s and %s", a->version, b->version);
        return mismatch(m, a, b, "shards of one version of gable");
    }
    if (strcmp(a->cards, b->cards) != 0) {
        return fail_cards(m, a, b);
    }
    if (strcmp(a->requests, b->requests) != 0) {
        gbl_fail(m->err, GBL_EINPUT, "one keeps requests \"%s\", the other \"%s\"", a->requests, b->requests);
        return mismatch(m, a, b, "shards with the same --requests");
    }
    return GBL_OK;
}

static int same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int check_input(merge *m, const char *path, sweep_row *row)
{
    sqlite3 *db = NULL;
    if (same_file(path, m->path)) {
        gbl_fail(m->err, GBL_EINPUT, "the store to write is among those to read");
        gbl_where(m->err, "%s", path);
        return gbl_expected(m->err, "another name in front: gable merge OUT.db IN.db...");
    }
    int code = gbl_db_open_read(&db, path, m->err);
    if (code) {
        return code;
    }
    int found = read_sweep(m, db, path, row);
    assert(found >= 0 || m->err->code);
    sqlite3_close(db);
    if (found == 0) {
        gbl_fail(m->err, GBL_EINPUT, "the store holds no sweep");
        gbl_where(m->err, "%s", path);
        return gbl_expected(m->err, "a store that `gable sweep --shard k/N --db` wrote");
    }
    return found < 0 ? m->err->code : GBL_OK;
}

static int check_inputs(merge *m, const char *const *inputs, size_t n)
{
    int code = check_input(m, inputs[0], &m->to);
    for (size_t i = 1; i < n && !code; i++) {
        sweep_row row;
        code = check_input(m, inputs[i], &row);
        code = code ? code : same_sweep(m, &m->to, &row);
    }
    return code;
}

/* ---------------------------------------------------------------- copying ---- */

/* Copies the rows of one table that belong to run `old`, as run `id`. `key` is the column that says so, the first. */
static int copy_table(merge *m, sqlite3 *from, const char *path, const char *table, const char *key, int64_t old, int64_t id)
{
    sqlite3_stmt *in = NULL, *to = NULL;
    char *select = sqlite3_mprintf("SELECT * FROM \"%w\" WHERE \"%w\" = ?1", table, key), *insert = NULL;
    int code = GBL_OK, rc = select ? sqlite3_prepare_v2(from, select, -1, &in, NULL) : SQLITE_NOMEM, columns = sqlite3_column_count(in);
    if (rc == SQLITE_OK) {
        insert = sqlite3_mprintf("INSERT INTO \"%w\" VALUES (?1", table);
        for (int i = 1; i < columns && insert; i++) {
            insert = sqlite3_mprintf("%z, ?%d", insert, i + 1);
        }
        insert = insert ? sqlite3_mprintf("%z)", insert) : NULL;
        sqlite3_bind_int64(in, 1, old);
    }
    if (rc != SQLITE_OK) {
        code = fail_read(m, from, path);
    } else if (!insert || sqlite3_prepare_v2(m->db, insert, -1, &to, NULL) != SQLITE_OK) {
        code = gbl_store_failed(m->store, m->err);
    }
    while (!code && (rc = sqlite3_step(in)) == SQLITE_ROW) {
        int wrote = sqlite3_bind_int64(to, 1, id);
        for (int i = 1; i < columns && wrote == SQLITE_OK; i++) {
            wrote = sqlite3_bind_value(to, i + 1, sqlite3_column_value(in, i));
        }
        wrote = wrote == SQLITE_OK ? sqlite3_step(to) : wrote;
        sqlite3_reset(to);
        if (wrote != SQLITE_DONE) {
            code = gbl_store_failed(m->store, m->err);
        }
    }
    if (!code && rc != SQLITE_DONE) {
        code = fail_read(m, from, path);
    }
    sqlite3_finalize(in);
    sqlite3_finalize(to);
    sqlite3_free(select);
    sqlite3_free(insert);
    return code;
}

static int copy_run(merge *m, sqlite3 *from, const char *path, int64_t old, int64_t id)
{
    sqlite3_stmt *st = NULL;
    int code = copy_table(m, from, path, "run", "id", old, id);
    if (code) {
        return code;
    }
    if (sqlite3_prepare_v2(from, "SELECT s.name FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c WHERE s.type = 'table' AND c.cid = 0 AND c.name = 'run' ORDER BY s.name",
                           -1, &st, NULL) != SQLITE_OK) {
        return fail_read(m, from, path);
    }
    int rc = SQLITE_DONE;
    while (!code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(st, 0);
        code = table ? copy_table(m, from, path, table, "run", old, id) : gbl_nomem(m->err, 0);
    }
    if (!code && rc != SQLITE_DONE) {
        code = fail_read(m, from, path);
    }
    sqlite3_finalize(st);
    return code;
}

/* The result of the run that is a point here, without what a clock measured; 1 found, 0 not, -1 err. */
static int point_here(merge *m, int64_t point, const char **result)
{
    sqlite3_stmt *st = NULL;
    *result = NULL;
    if (sqlite3_prepare_v2(m->db, "SELECT json_remove(r.result, '$.sim') FROM sweep_point AS p JOIN run AS r ON r.id = p.run WHERE p.sweep = ?1 AND p.point = ?2", -1, &st, NULL) != SQLITE_OK) {
        gbl_store_failed(m->store, m->err);
        return -1;
    }
    sqlite3_bind_int64(st, 1, m->to.id);
    sqlite3_bind_int64(st, 2, point);
    int rc = sqlite3_step(st), found = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        found = -1;
        gbl_store_failed(m->store, m->err);
    } else if (found && !(*result = column(m, st, 0))) {
        found = -1;
        gbl_nomem(m->err, 0);
    }
    sqlite3_finalize(st);
    return found;
}

static int name_point(merge *m, int64_t point, int64_t run, const char *vary)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(m->db, "INSERT INTO sweep_point (sweep, point, run, vary) VALUES (?1, ?2, ?3, ?4)", -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, m->to.id);
        sqlite3_bind_int64(st, 2, point);
        sqlite3_bind_int64(st, 3, run);
        sqlite3_bind_text(st, 4, vary, -1, SQLITE_STATIC);
        rc = sqlite3_step(st);
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_store_failed(m->store, m->err);
    sqlite3_finalize(st);
    return code;
}

/* One point of an input: point, run, vary, result without `sim`. */
static int take_point(merge *m, sqlite3 *from, const char *path, sqlite3_stmt *st)
{
    int64_t point = sqlite3_column_int64(st, 0), run = m->to.first_run + point;
    const char *here, *theirs = column(m, st, 3), *vary = column(m, st, 2);
    int found = theirs && vary ? point_here(m, point, &here) : (gbl_nomem(m->err, 0), -1);
    if (m->stop && *m->stop) {
        return gbl_fail(m->err, GBL_EINTERRUPT, "%s", "");
    }
    if (found < 0) {
        return m->err->code;
    }
    if (found && strcmp(here, theirs) != 0) {
        gbl_fail(m->err, GBL_EINPUT, "point %" PRId64 " has two results that differ", point);
        gbl_where(m->err, "%s, run %lld", path, (long long)sqlite3_column_int64(st, 1));
        return gbl_expected(m->err, "one result a point: a store of this sweep was changed or made by another build");
    }
    if (found) {
        m->out->there++;
        return GBL_OK;
    }
    int code = copy_run(m, from, path, sqlite3_column_int64(st, 1), run);
    m->out->merged += !code;
    return code ? code : name_point(m, point, run, vary);
}

static int take_input(merge *m, const char *path)
{
    static const char sql[] = "SELECT p.point, p.run, p.vary, json_remove(r.result, '$.sim') FROM sweep_point AS p JOIN run AS r ON r.id = p.run WHERE p.sweep = ?1 ORDER BY p.point";
    sqlite3 *from = NULL;
    sqlite3_stmt *st = NULL;
    sweep_row row;
    int code = gbl_db_open_read(&from, path, m->err), rc = SQLITE_DONE;
    int found = code ? 1 : read_sweep(m, from, path, &row);
    assert(found >= 0 || m->err->code);
    if (found < 0) {
        code = m->err->code;
    } else if (!code && (!found || sqlite3_prepare_v2(from, sql, -1, &st, NULL) != SQLITE_OK)) {
        code = fail_read(m, from, path);
        assert(code);
    }
    if (!code) {
        code = same_sweep(m, &m->to, &row);
        sqlite3_bind_int64(st, 1, row.id);
    }
    while (!code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        code = take_point(m, from, path, st);
        gbl_progress_tick(m->progress, (double)++m->seen, (double)m->to.points, "");
    }
    if (!code && rc != SQLITE_DONE) {
        code = fail_read(m, from, path);
    }
    sqlite3_finalize(st);
    sqlite3_close(from);
    return code;
}

/* ---------------------------------------------------------------- the store ---- */

static int insert_sweep(merge *m)
{
    sqlite3_stmt *st = NULL;
    m->to.first_run = 1 + gbl_db_int(m->db, "SELECT coalesce(max(id), 0) FROM run", 0);
    int rc = sqlite3_prepare_v2(m->db, "INSERT INTO sweep (hash, version, cards, requests, points, first_run, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", -1, &st, NULL);
    if (rc == SQLITE_OK) {
        const char *const text[] = {m->to.hash, m->to.version, m->to.cards, m->to.requests};
        for (int i = 0; i < 4; i++) {
            sqlite3_bind_text(st, i + 1, text[i], -1, SQLITE_STATIC);
        }
        sqlite3_bind_int64(st, 5, m->to.points);
        sqlite3_bind_int64(st, 6, m->to.first_run);
        sqlite3_bind_text(st, 7, m->to.document, -1, SQLITE_STATIC);
        rc = sqlite3_step(st);
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_store_failed(m->store, m->err);
    sqlite3_finalize(st);
    m->to.id = sqlite3_last_insert_rowid(m->db);
    return code;
}

/* The sweep's row in the open transaction; a store that holds another sweep is refused. */
static int enter_sweep(merge *m)
{
    sweep_row there;
    int found = read_sweep(m, m->db, m->path, &there);
    if (found < 0) {
        return m->err->code;
    }
    if (!found) {
        return insert_sweep(m);
    }
    int code = same_sweep(m, &there, &m->to);
    m->to.id = there.id;
    m->to.first_run = there.first_run;
    return code;
}

static void count_missing(merge *m)
{
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM sweep_point WHERE sweep = %" PRId64, m->to.id);
    m->out->missing = m->to.points - gbl_db_int(m->db, sql, 0);
    snprintf(sql, sizeof sql,
             "SELECT CASE WHEN EXISTS (SELECT 1 FROM sweep_point WHERE sweep = %" PRId64 " AND point = 0) THEN"
             " (SELECT min(point) + 1 FROM sweep_point AS p WHERE sweep = %" PRId64 " AND NOT EXISTS"
             " (SELECT 1 FROM sweep_point AS q WHERE q.sweep = p.sweep AND q.point = p.point + 1)) ELSE 0 END",
             m->to.id, m->to.id);
    m->out->first_missing = m->out->missing ? gbl_db_int(m->db, sql, -1) : -1;
    m->out->points = m->to.points;
    m->out->sweep = m->to.id;
}

static int merge_all(merge *m, const char *const *inputs, size_t n)
{
    int code = gbl_store_open(&m->store, m->path, GBL_STORE_WRITE, m->err);
    if (code || (code = gbl_store_enter(m->store, m->err))) {
        return code;
    }
    m->db = gbl_store_handle(m->store);
    code = enter_sweep(m);
    for (size_t i = 0; i < n && !code; i++) {
        code = take_input(m, inputs[i]);
    }
    if (!code) {
        count_missing(m);
        code = gbl_store_commit(m->store, m->err);
    }
    if (code) {
        gbl_store_rollback(m->store);
    }
    return code;
}

int gbl_merge(gbl_merged *out, const char *path, const char *const *inputs, size_t n, enum gbl_progress_mode progress, const volatile int *stop, gbl_err *err)
{
    merge m = {.arena = gbl_arena_new(), .path = path, .out = out, .stop = stop, .err = err};
    memset(out, 0, sizeof *out);
    if (!m.arena) {
        return gbl_nomem(err, 0);
    }
    int code = check_inputs(&m, inputs, n);
    if (!code) {
        m.progress = gbl_progress_new("merge", progress);
        code = merge_all(&m, inputs, n);
    }
    gbl_store_close(m.store);
    gbl_progress_end(m.progress);
    gbl_arena_free(m.arena);
    return code;
}
