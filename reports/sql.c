/* sql.c - `gable sql`: one reading statement against a store. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "reports/store_db.h"

static int is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++) {
        if (sqlite3_stricmp(name, *list) == 0) {
            return 1;
        }
    }
    return 0;
}

/* PRAGMAs that only tell. */
static int tells(const char *name, const char *arg)
{
    static const char *const with_arg[] = {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list", NULL};
    static const char *const bare[] = {"user_version", "application_id", "page_count", "page_size", "journal_mode", "integrity_check", "quick_check", "function_list", NULL};
    return is_one_of(name, with_arg) || (!arg && is_one_of(name, bare));
}

/* SQLite asks before it compiles each action; `refused` remembers that it was us who said no. */
static int authorise(void *refused, int action, const char *a, const char *b, const char *db, const char *trigger)
{
    (void)db;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        if (b && sqlite3_stricmp(b, "load_extension") != 0) {
            return SQLITE_OK;
        }
        break;
    case SQLITE_PRAGMA:
        if (tells(a, b)) {
            return SQLITE_OK;
        }
        break;
    case SQLITE_UPDATE: /* how json_each and its like declare their columns; a real UPDATE of it SQLite itself refuses */
        if (a && strcmp(a, "sqlite_master") == 0) {
            return SQLITE_OK;
        }
        break;
    default:
        break;
    }
    *(int *)refused = 1;
    return SQLITE_DENY;
}

/* "query:line:column" of a byte offset; "query" where it is unknown. */
static void where_in_query(gbl_err *err, const char *query, long offset)
{
    if (offset < 0) {
        gbl_where(err, "query");
        return;
    }
    long line = 1, column = 1;
    for (long i = 0; i < offset && query[i]; i++) {
        int start = ((unsigned char)query[i] & 0xc0) != 0x80;
        line += query[i] == '\n';
        column = query[i] == '\n' ? 1 : column + start;
    }
    gbl_where(err, "query:%ld:%ld", line, column);
}

/* Names SQL `list` yields, nearest to `name`; "" for none. */
static void nearest_of(sqlite3 *db, const char *list, const char *name, char *out, size_t size)
{
    gbl_arena *a = gbl_arena_new();
    sqlite3_stmt *st = NULL;
    const char *known[512];
    size_t n = 0;
    out[0] = 0;
    if (a && sqlite3_prepare_v2(db, list, -1, &st, NULL) == SQLITE_OK) {
        while (n < 512 && sqlite3_step(st) == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(st, 0);
            if (!text || !(known[n] = gbl_arena_text(a, text))) {
                break;
            }
            n++;
        }
        for (size_t i = 0; i < n; i++) {
            if (sqlite3_stricmp(known[i], name) == 0) known[i--] = known[--n]; /* it exists elsewhere: no help */
        }
        const char *best = gbl_near(name, known, n);
        snprintf(out, size, "%s", best ? best : "");
    }
    sqlite3_finalize(st);
    gbl_arena_free(a);
}

static int is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Where `word` first stands in the query as a whole word: SQLite gives no offset for an unknown table. -1: nowhere. */
static long offset_of_word(const char *query, const char *word)
{
    size_t n = strlen(word);
    for (const char *q = query; *q && n; q++) {
        if (sqlite3_strnicmp(q, word, (int)n) == 0 && (q == query || !is_word(q[-1])) && !is_word(q[n])) {
            return (long)(q - query);
        }
    }
    return -1;
}

/* Columns of the tables that the query names, nearest to `name`; where it names none, of all. */
static void nearest_column(sqlite3 *db, const char *query, const char *name, char *out, size_t size)
{
    static const char of_named[] = "SELECT DISTINCT i.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS i WHERE s.name IN (";
    char list[2048];
    int n = snprintf(list, sizeof list, "%s", of_named), some = 0;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')", -1, &st, NULL) == SQLITE_OK) {
        while (sqlite3_step(st) == SQLITE_ROW) {
            const char *table = (const char *)sqlite3_column_text(st, 0);
            if (table && offset_of_word(query, table) >= 0 && n + 2 * (int)strlen(table) + 8 < (int)sizeof list) {
                sqlite3_snprintf((int)sizeof list - n, list + n, "%s%Q", some++ ? "," : "", table);
                n += (int)strlen(list + n);
            }
        }
    }
    sqlite3_finalize(st);
    snprintf(list + n, sizeof list - (size_t)n, ")");
    nearest_of(db, some ? list : "SELECT DISTINCT i.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS i", name, out, size);
}

/* What SQLite says, with the names it would have known. */
static int fail_compile(sqlite3 *db, const char *query, int refused, gbl_err *err)
{
    static const char no_table[] = "no such table: ", no_column[] = "no such column: ";
    char message[400], near[128] = "";
    long offset = -1;
#if SQLITE_VERSION_NUMBER >= 3038000
    offset = sqlite3_error_offset(db);
#endif
    snprintf(message, sizeof message, "%s", sqlite3_errmsg(db));
    sqlite3_set_authorizer(db, NULL, NULL);
    if (offset < 0 && strncmp(message, no_table, sizeof no_table - 1) == 0) {
        offset = offset_of_word(query, message + sizeof no_table - 1);
    }
    if (refused) {
        gbl_fail(err, GBL_EINPUT, "SQL: a statement may only read (%s)", message);
    } else {
        gbl_fail(err, GBL_EINPUT, "SQL: %s", message);
    }
    where_in_query(err, query, offset);
    if (refused) {
        return gbl_expected(err, "SELECT, WITH, VALUES, EXPLAIN or a PRAGMA that tells, like table_info(run)");
    }
    if (strncmp(message, no_table, sizeof no_table - 1) == 0) {
        nearest_of(db, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')", message + sizeof no_table - 1, near, sizeof near);
        gbl_expected(err, "a table or view: run, run_param, metric, request, timeline, step, sens, note, claim, profile, measurement; "
                          "summary, latest, newest, request_ms, request_part, time_went, load_10s, occupancy, operator, metric_wide");
    } else if (strncmp(message, no_column, sizeof no_column - 1) == 0) {
        const char *name = message + sizeof no_column - 1, *dot = strrchr(name, '.');
        nearest_column(db, query, dot ? dot + 1 : name, near, sizeof near);
        gbl_expected(err, "a column (texts are written in single quotes); `PRAGMA table_info(TABLE)` lists them");
    } else {
        gbl_expected(err, "one statement of SQLite's SQL");
    }
    return gbl_nearest(err, near[0] ? near : NULL);
}

/* SQL after the first statement, beyond blanks and comments? */
static int has_second(sqlite3 *db, const char *tail)
{
    while (tail && *tail) {
        sqlite3_stmt *st = NULL;
        const char *next = NULL;
        int rc = sqlite3_prepare_v2(db, tail, -1, &st, &next);
        int something = st != NULL || rc != SQLITE_OK;
        sqlite3_finalize(st);
        if (something || next == tail) {
            return something;
        }
        tail = next;
    }
    return 0;
}

static int prepare(sqlite3 *db, sqlite3_stmt **st, const char *query, gbl_err *err)
{
    int refused = 0;
    const char *tail = NULL;
    sqlite3_set_authorizer(db, authorise, &refused);
    int rc = sqlite3_prepare_v2(db, query, -1, st, &tail);
    if (rc != SQLITE_OK) {
        return fail_compile(db, query, refused, err);
    }
    if (!*st && !has_second(db, tail)) {
        gbl_fail(err, GBL_EINPUT, "SQL: the query is empty");
        return gbl_expected(err, "one statement, like \"SELECT * FROM latest\"");
    }
    int second = has_second(db, tail);
    sqlite3_set_authorizer(db, NULL, NULL);
    if (second) {
        gbl_fail(err, GBL_EINPUT, "SQL: more than one statement");
        where_in_query(err, query, (long)(tail - query) + (long)strspn(tail, " \t\r\n;"));
        return gbl_expected(err, "one statement a call");
    }
    if (sqlite3_column_count(*st) == 0) { /* VACUUM asks nobody */
        gbl_fail(err, GBL_EINPUT, "SQL: a statement may only read (this one gives no rows)");
        return gbl_expected(err, "a statement that reads, like \"SELECT * FROM latest\"");
    }
    return GBL_OK;
}

/* ---------------------------------------------------------------- a reader ---- */

struct gbl_reader {
    sqlite3 *db;
    char path[];
};

int gbl_reader_open(gbl_reader **out, const char *path, gbl_err *err)
{
    size_t n = strlen(path) + 1;
    gbl_reader *r = *out = gbl_alloc(1, sizeof *r + n);
    if (!r) {
        return gbl_nomem(err, n);
    }
    memcpy(r->path, path, n);
    int code = gbl_db_open_read(&r->db, path, err);
    if (code != GBL_OK) {
        gbl_free(r);
        *out = NULL;
    }
    return code;
}

void gbl_reader_close(gbl_reader *r)
{
    if (r) {
        sqlite3_close(r->db);
        gbl_free(r);
    }
}

int gbl_reader_sql(gbl_reader *r, const char *query, enum gbl_sql_format f, FILE *to, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    int code = prepare(r->db, &st, query, err);
    if (code == GBL_OK) {
        int rc = gbl_rows_print(st, f, to);
        if (rc == SQLITE_ERROR || rc == SQLITE_MISMATCH || rc == SQLITE_TOOBIG || rc == SQLITE_RANGE) {
            gbl_fail(err, GBL_EINPUT, "SQL: %s", sqlite3_errmsg(r->db)); /* found only while running: percentile's p, bad JSON */
            code = gbl_expected(err, "values the functions of the query take");
        } else if (rc == SQLITE_NOMEM) {
            code = gbl_nomem(err, 0);
        } else if (rc != SQLITE_DONE) {
            code = gbl_db_fail(err, r->db, r->path, "read the store");
        } else {
            code = gbl_rows_flushed(to, err);
        }
    }
    sqlite3_finalize(st);
    return code;
}

int gbl_store_sql(const char *path, const char *query, enum gbl_sql_format f, FILE *to, gbl_err *err)
{
    gbl_reader *r = NULL;
    int code = gbl_reader_open(&r, path, err);
    if (code == GBL_OK) {
        code = gbl_reader_sql(r, query, f, to, err);
    }
    gbl_reader_close(r);
    return code;
}
