/* store.c - writing runs.
 *
 * A new store's tables are made inside its first run's transaction, in rollback mode, so the file holds either nothing
 * or a whole run; WAL is switched on after that first commit. A file of zero bytes that this store made and never
 * filled is removed at close, under an exclusive lock so that nobody else's first run is lost with it. */
#include "reports/store.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "reports/schema.h"
#include "reports/store_db.h"
#include "reports/tape.h"
#include "sim/run.h"

_Static_assert(GBL_R_N == 9, "a column a resource: below and in schema.c");
_Static_assert(GBL_PARTS == 12, "a column a part: below and in schema.c");

enum statement { ST_RUN, ST_RESULT, ST_PARAM, ST_METRIC, ST_REQUEST, ST_TIMELINE, ST_STEP, ST_NOTE, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
    [ST_RUN] = "INSERT INTO run (name, scenario, scenario_hash, cards, plugins, seed, version, runtime, calibration, started_utc, host, result, id)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, coalesce(?13,"
               " 1 + max(coalesce((SELECT max(id) FROM run), 0), coalesce((SELECT max(first_run + points - 1) FROM sweep), 0))))",
    [ST_RESULT] = "UPDATE run SET result = ?2 WHERE id = ?1",
    [ST_PARAM] = "INSERT INTO run_param (run, key, value) VALUES (?1, ?2, ?3)",
    [ST_METRIC] = "INSERT INTO metric (run, name, stat, value) VALUES (?1, ?2, ?3, ?4)",
    [ST_REQUEST] = "INSERT INTO request (run, serial, session, turn, tenant, replica, input, output, cached, preemptions,"
                   " arrival_ns, scheduled_ns, first_token_ns, finish_ns, status,"
                   " frontend_ns, queue_ns, prefill_sm_ns, prefill_hbm_ns, prefill_link_ns, prefill_host_ns,"
                   " decode_sm_ns, decode_hbm_ns, decode_link_ns, decode_host_ns, transfer_ns, preempt_ns)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
                   " ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)",
    [ST_TIMELINE] = "INSERT INTO timeline (run, replica, t_ns, running, waiting, used_blocks, capacity_blocks,"
                    " sm_us, hbm_us, pcie_h2d_us, pcie_d2h_us, nvlink_us, dram_us, ssd_us, network_us, host_us)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
                    " ON CONFLICT (run, replica, t_ns) DO UPDATE SET"
                    " running = excluded.running, waiting = excluded.waiting, used_blocks = excluded.used_blocks",
    [ST_STEP] = "INSERT INTO step (run, phase, sequences, tokens, time_us, flop_s, hbm_byte_s, operators) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ST_NOTE] = "INSERT INTO note (run, seq, text) VALUES (?1, (SELECT count(*) FROM note WHERE run = ?1), ?2)",
};

struct gbl_store {
    sqlite3 *db;
    char *path;
    int flags;
    int made;  /* this store made the file */
    int fresh; /* the file has no tables yet */
    int entered; /* a transaction is open */
    int64_t run; /* open run, 0 = none */
    long refused; /* allocations, before the transaction */
    FILE *tape;  /* instead of db: calls are written down */
    sqlite3_stmt *st[STATEMENTS];
};

static int set_journal(gbl_store *s)
{
    const char *sql = s->flags & GBL_STORE_SHARD ? "PRAGMA journal_mode = DELETE" : "PRAGMA journal_mode = WAL";
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

static int open_checked(gbl_store *s, gbl_err *err)
{
    int code = gbl_db_connect(&s->db, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (code != GBL_OK) {
        return code;
    }
    if (sqlite3_db_readonly(s->db, "main") == 1) {
        gbl_fail(err, GBL_EINPUT, "cannot write the store: it is read-only");
        gbl_where(err, "%s", s->path);
        return gbl_expected(err, "a file this user may write to");
    }
    code = gbl_db_identify(s->db, s->path, &s->fresh, err);
    if (code != GBL_OK) {
        return code;
    }
    /* An old store takes the wanted journal now. WAL may lose to a reader and then stays for next time; a shard's
     * rollback journal may not, since its file system cannot carry WAL's shared memory. */
    if (!s->fresh && set_journal(s) != SQLITE_OK) {
        int busy = (sqlite3_errcode(s->db) & 0xff) == SQLITE_BUSY;
        if (!busy || s->flags & GBL_STORE_SHARD) {
            return gbl_db_fail(err, s->db, s->path, "write the store");
        }
    }
    if (s->flags & GBL_STORE_SHARD) {
        sqlite3_exec(s->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
    }
    sqlite3_exec(s->db, "PRAGMA cache_size = -16384", NULL, NULL, NULL); /* KiB: a big run's inner pages stay in memory */
    return GBL_OK;
}

int gbl_store_open(gbl_store **out, const char *path, int flags, gbl_err *err)
{
    assert(out && path && err && (flags & GBL_STORE_WRITE));
    *out = NULL;
    gbl_store *s = gbl_alloc(1, sizeof *s);
    size_t n = strlen(path) + 1;
    if (!s || !(s->path = gbl_alloc(n, 1))) {
        gbl_free(s);
        return gbl_nomem(err, n);
    }
    memcpy(s->path, path, n);
    s->flags = flags;
    struct stat st;
    s->made = stat(path, &st) != 0 && errno == ENOENT;
    int code = open_checked(s, err);
    if (code != GBL_OK) {
        gbl_store_close(s);
        return code;
    }
    *out = s;
    return GBL_OK;
}

int gbl_store_record(gbl_store **out, FILE *to, gbl_err *err)
{
    gbl_store *s = *out = gbl_alloc(1, sizeof *s);
    if (!s) {
        return gbl_nomem(err, sizeof *s);
    }
    s->tape = to;
    return GBL_OK;
}

sqlite3 *gbl_store_handle(gbl_store *s)
{
    return s->db;
}

int gbl_store_is_fresh(const gbl_store *s)
{
    return s->fresh;
}

/* Removes the file this store made but never filled. The exclusive lock says that nobody else is filling it. */
static void remove_unfilled(gbl_store *s)
{
    /* The disk may be full. A shard's lock goes with the next read. */
    static const char no_journal[] = "PRAGMA locking_mode = NORMAL; SELECT count(*) FROM sqlite_schema; PRAGMA journal_mode = MEMORY";
    struct stat st;
    sqlite3_busy_timeout(s->db, 0);
    sqlite3_exec(s->db, no_journal, NULL, NULL, NULL);
    if (sqlite3_exec(s->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK) {
        if (stat(s->path, &st) == 0 && st.st_size == 0) {
            unlink(s->path);
        }
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

void gbl_store_close(gbl_store *s)
{
    if (!s) {
        return;
    }
    if (s->db) {
        gbl_store_rollback(s);
        for (int i = 0; i < STATEMENTS; i++) {
            sqlite3_finalize(s->st[i]);
        }
        if (s->made && s->fresh) {
            remove_unfilled(s);
        }
        sqlite3_close(s->db);
    }
    gbl_free(s->path);
    gbl_free(s);
}

/* A failed row leaves nothing of its run. */
static int fail_write(gbl_store *s, gbl_err *err)
{
    int code = gbl_db_fail(err, s->db, s->path, "write the store");
    gbl_store_rollback(s);
    return code;
}

int gbl_store_failed(gbl_store *s, gbl_err *err)
{
    return fail_write(s, err);
}

static sqlite3_stmt *statement(gbl_store *s, enum statement which)
{
    assert(!s->tape); /* a call without its place in tape.c */
    if (!s->st[which] && sqlite3_prepare_v3(s->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, &s->st[which], NULL) != SQLITE_OK) {
        return NULL;
    }
    return s->st[which];
}

static int run_statement(gbl_store *s, sqlite3_stmt *st, gbl_err *err)
{
    if (sqlite3_step(st) != SQLITE_DONE) {
        return fail_write(s, err); /* which resets st, or does away with it */
    }
    sqlite3_reset(st);
    return GBL_OK;
}

static void bind_text(sqlite3_stmt *st, int i, const char *text, const char *none)
{
    const char *v = text ? text : none;
    if (v) {
        sqlite3_bind_text(st, i, v, -1, SQLITE_TRANSIENT);
    } else {
        sqlite3_bind_null(st, i);
    }
}

static void bind_time(sqlite3_stmt *st, int i, int64_t t_ns)
{
    if (t_ns < 0) {
        sqlite3_bind_null(st, i);
    } else {
        sqlite3_bind_int64(st, i, t_ns);
    }
}

/* Rows would go to a file that no longer has a name. */
static int fail_moved(gbl_store *s, gbl_err *err)
{
    gbl_store_rollback(s);
    gbl_fail(err, GBL_EINPUT, "cannot write the store: it was removed or replaced meanwhile");
    gbl_where(err, "%s", s->path);
    return gbl_expected(err, "a store that stays in place while gable writes to it");
}

/* Takes the write lock, and makes the tables where there are none. */
static int begin_locked(gbl_store *s, gbl_err *err)
{
    s->refused = gbl_alloc_refused();
    if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        return gbl_db_fail(err, s->db, s->path, "write the store");
    }
    int moved = 0;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved) {
        return fail_moved(s, err);
    }
    if (s->fresh) { /* somebody else may have made them since */
        int code = gbl_db_identify(s->db, s->path, &s->fresh, err);
        if (code != GBL_OK) {
            gbl_store_rollback(s);
            return code;
        }
    }
    if ((s->fresh && sqlite3_exec(s->db, gbl_schema_sql(), NULL, NULL, NULL) != SQLITE_OK) ||
        sqlite3_exec(s->db, gbl_schema_sweep_sql(), NULL, NULL, NULL) != SQLITE_OK) {
        return fail_write(s, err);
    }
    s->entered = 1;
    return GBL_OK;
}

int gbl_store_enter(gbl_store *s, gbl_err *err)
{
    assert(s && err && !s->entered && !s->tape);
    return begin_locked(s, err);
}

int gbl_store_begin(gbl_store *s, const gbl_run_row *run, int64_t *run_id, gbl_err *err)
{
    assert(s && run && err && !s->run);
    if (s->tape) {
        s->run = 1;
        return gbl_tape_run(s->tape, run, err);
    }
    int code = s->entered ? GBL_OK : begin_locked(s, err);
    if (code != GBL_OK) {
        return code;
    }
    sqlite3_stmt *st = statement(s, ST_RUN);
    if (!st) {
        return fail_write(s, err);
    }
    char hash[17];
    gbl_hex64(hash, run->scenario_hash);
    bind_text(st, 1, run->name, "");
    bind_text(st, 2, run->scenario_json, "{}");
    bind_text(st, 3, hash, NULL);
    bind_text(st, 4, run->cards_json, "{}");
    bind_text(st, 5, run->plugins_json, "{}");
    sqlite3_bind_int64(st, 6, run->seed);
    bind_text(st, 7, run->version, "");
    bind_text(st, 8, run->runtime, "");
    bind_text(st, 9, run->calibration, "datasheet");
    bind_text(st, 10, run->started_utc, "");
    bind_text(st, 11, run->host, "");
    bind_text(st, 12, run->result_json, NULL);
    if (run->id) {
        sqlite3_bind_int64(st, 13, run->id);
    }
    code = run_statement(s, st, err);
    if (code != GBL_OK) {
        return code;
    }
    sqlite3_clear_bindings(st); /* the JSON texts need not stay in memory */
    s->run = sqlite3_last_insert_rowid(s->db);
    if (run_id) {
        *run_id = s->run;
    }
    return GBL_OK;
}

/* A statement of the open run with ?1 bound to it; NULL with err filled. */
static sqlite3_stmt *row(gbl_store *s, enum statement which, gbl_err *err)
{
    assert(s && err && s->run);
    sqlite3_stmt *st = statement(s, which);
    if (!st) {
        fail_write(s, err);
        return NULL;
    }
    sqlite3_bind_int64(st, 1, s->run);
    return st;
}

int gbl_store_result(gbl_store *s, const char *result_json, gbl_err *err)
{
    if (s->tape) {
        return gbl_tape_result(s->tape, result_json, err);
    }
    sqlite3_stmt *st = row(s, ST_RESULT, err);
    if (!st) {
        return err->code;
    }
    bind_text(st, 2, result_json, NULL);
    return run_statement(s, st, err);
}

int gbl_store_param(gbl_store *s, const char *key, const char *json_value, gbl_err *err)
{
    if (s->tape) {
        return gbl_tape_param(s->tape, key, json_value, err);
    }
    sqlite3_stmt *st = row(s, ST_PARAM, err);
    if (!st) {
        return err->code;
    }
    bind_text(st, 2, key, "");
    bind_text(st, 3, json_value, "null");
    return run_statement(s, st, err);
}

int gbl_store_metric(gbl_store *s, const char *name, const char *stat, double value, gbl_err *err)
{
    if (s->tape) {
        return gbl_tape_metric(s->tape, name, stat, value, err);
    }
    sqlite3_stmt *st = row(s, ST_METRIC, err);
    if (!st) {
        return err->code;
    }
    bind_text(st, 2, name, "");
    bind_text(st, 3, stat, "");
    if (isfinite(value)) {
        sqlite3_bind_double(st, 4, value);
    } else {
        sqlite3_bind_null(st, 4);
    }
    return run_statement(s, st, err);
}

int gbl_store_request(gbl_store *s, const gbl_request_row *r, gbl_err *err)
{
    if (s->tape) {
        return gbl_tape_request(s->tape, r, err);
    }
    sqlite3_stmt *st = row(s, ST_REQUEST, err);
    if (!st) {
        return err->code;
    }
    sqlite3_bind_int64(st, 2, r->serial);
    sqlite3_bind_int64(st, 3, r->session);
    sqlite3_bind_int64(st, 4, r->turn);
    sqlite3_bind_int64(st, 5, r->tenant);
    sqlite3_bind_int64(st, 6, r->replica);
    sqlite3_bind_int64(st, 7, r->input);
    sqlite3_bind_int64(st, 8, r->output);
    sqlite3_bind_int64(st, 9, r->cached);
    sqlite3_bind_int64(st, 10, r->preemptions);
    sqlite3_bind_int64(st, 11, r->arrival_ns);
    bind_time(st, 12, r->scheduled_ns);
    bind_time(st, 13, r->first_token_ns);
    bind_time(st, 14, r->finish_ns);
    sqlite3_bind_text(st, 15, r->status, -1, SQLITE_STATIC); /* bound anew before every step */
    for (int i = 0; i < GBL_PARTS; i++) {
        bind_time(st, 16 + i, r->part_ns ? r->part_ns[i] : -1);
    }
    return run_statement(s, st, err);
}

int gbl_store_timeline(gbl_store *s, const gbl_sample *sample, gbl_err *err)
{
    if (s->tape) {
        return gbl_tape_timeline(s->tape, sample, err);
    }
    sqlite3_stmt *st = row(s, ST_TIMELINE, err);
    if (!st) {
        return err->code;
    }
    const int64_t v[] = {sample->replica, sample->t_ns, sample->running, sample->waiting, sample->used_blocks, sample->capacity_blocks};
    for (int i = 0; i < 6; i++) {
        sqlite3_bind_int64(st, 2 + i, v[i]);
    }
    for (int i = 0; i < GBL_R_N; i++) {
        sqlite3_bind_int64(st, 8 + i, llround((double)sample->busy_us[i]));
    }
    return run_statement(s, st, err);
}

int gbl_store_step(gbl_store *s, const gbl_step_row *step, gbl_err *err)
{
    if (s->tape) {
        return gbl_tape_step(s->tape, step, err);
    }
    sqlite3_stmt *st = row(s, ST_STEP, err);
    if (!st) {
        return err->code;
    }
    bind_text(st, 2, step->phase, "");
    sqlite3_bind_int64(st, 3, step->sequences);
    sqlite3_bind_int64(st, 4, step->tokens);
    sqlite3_bind_double(st, 5, step->time_us);
    sqlite3_bind_double(st, 6, step->flop_s);
    sqlite3_bind_double(st, 7, step->hbm_byte_s);
    bind_text(st, 8, step->operators_json, "[]");
    return run_statement(s, st, err);
}

int gbl_store_note(gbl_store *s, const char *text, gbl_err *err)
{
    if (s->tape) {
        return gbl_tape_note(s->tape, text, err);
    }
    sqlite3_stmt *st = row(s, ST_NOTE, err);
    if (!st) {
        return err->code;
    }
    bind_text(st, 2, text, "");
    return run_statement(s, st, err);
}

int gbl_store_commit(gbl_store *s, gbl_err *err)
{
    assert(s && err && (s->run || s->entered));
    if (s->tape) {
        s->run = 0;
        return gbl_tape_end(s->tape, err);
    }
    int moved = 0;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved) {
        return fail_moved(s, err);
    }
    if (gbl_db_commit(s->db, s->path, s->refused, err) != GBL_OK) {
        gbl_store_rollback(s);
        return err->code;
    }
    s->run = s->entered = 0;
    if (s->fresh) {
        s->fresh = 0;
        set_journal(s); /* a reader in the way leaves the rollback journal for now: as safe, only slower */
    }
    return GBL_OK;
}

void gbl_store_rollback(gbl_store *s)
{
    assert(s);
    s->run = s->entered = 0;
    if (s->tape) {
        return;
    }
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_reset(s->st[i]);
    }
    if (!sqlite3_get_autocommit(s->db)) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    if (s->fresh) { /* the tables went with it, and statements that name them */
        for (int i = 0; i < STATEMENTS; i++) {
            sqlite3_finalize(s->st[i]);
            s->st[i] = NULL;
        }
    }
}
