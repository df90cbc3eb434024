/* store_db.c - opening SQLite files and saying in people's words why one cannot be opened, read or written. */
#include "reports/store_db.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "reports/schema.h"

/* SQLite takes ":memory:", "file:..." and "" for something else than a file's name; "./" in front keeps them names. */
static char *plain_path(const char *path)
{
    size_t n = strlen(path);
    char *p = gbl_alloc(n + 3, 1);
    if (!p) {
        return NULL;
    }
    size_t at = 0;
    if (path[0] != '/') {
        p[at++] = '.';
        p[at++] = '/';
    }
    memcpy(p + at, path, n);
    return p;
}

/* The URI of a file whose folder nobody writes: no locks, no side files. */
static char *immutable_uri(const char *path)
{
    static const char hex[] = "0123456789ABCDEF", tail[] = "?immutable=1";
    size_t n = strlen(path), at = 5;
    char *u = gbl_alloc(5 + 3 * n + sizeof tail, 1);
    if (!u) {
        return NULL;
    }
    memcpy(u, "file:", 5);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)path[i];
        if (c == '%' || c == '?' || c == '#' || c < 0x20 || c >= 0x7f) {
            u[at++] = '%';
            u[at++] = hex[c >> 4];
            u[at++] = hex[c & 15];
        } else {
            u[at++] = (char)c;
        }
    }
    memcpy(u + at, tail, sizeof tail);
    return u;
}

/* The folder a path lies in, into out. */
static void folder_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!slash) {
        snprintf(out, size, ".");
    } else {
        snprintf(out, size, "%.*s", (int)(n ? n : 1), path);
    }
}

static int fail_cannot_open(gbl_err *err, const char *path, const char *doing, int os_errno)
{
    char folder[1024];
    struct stat st;
    folder_of(path, folder, sizeof folder);
    if (stat(folder, &st) != 0) {
        gbl_fail(err, GBL_EINPUT, "cannot %s: its folder does not exist", doing);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "an existing folder in place of %s", folder);
    }
    if (!S_ISDIR(st.st_mode)) {
        gbl_fail(err, GBL_EINPUT, "cannot %s: %s is no folder", doing, folder);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a path whose parent is a folder");
    }
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        gbl_fail(err, GBL_EINPUT, "cannot %s: this is a folder", doing);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "the name of a file");
    }
    if (access(folder, W_OK) != 0) {
        gbl_fail(err, GBL_EINPUT, "cannot %s: its folder is read-only", doing);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a folder this user may write to");
    }
    gbl_fail(err, GBL_EINPUT, "cannot %s: %s", doing, os_errno ? strerror(os_errno) : "the file cannot be opened");
    gbl_where(err, "%s", path);
    return gbl_expected(err, "a file this user may read and write");
}

static int fail_space(gbl_err *err, const char *path, const char *doing, int os_errno)
{
    gbl_fail(err, GBL_EINPUT, "cannot %s: %s", doing,
             os_errno == EFBIG ? "the file would grow over its size limit" : os_errno == EDQUOT ? "the disk quota is used up" : "the disk is full");
    gbl_where(err, "%s", path);
    return gbl_expected(err, "free space; nothing of this run was kept, earlier runs are whole");
}

int gbl_db_fail(gbl_err *err, sqlite3 *db, const char *path, const char *doing)
{
    if (!db) {
        return gbl_nomem(err, 0);
    }
    int code = sqlite3_extended_errcode(db), os_errno = sqlite3_system_errno(db);
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return gbl_nomem(err, 0);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        gbl_fail(err, GBL_EINPUT, "cannot %s: another program has locked it", doing);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a store that is free within %d s: wait for the other program, or name another file", GBL_DB_BUSY_MS / 1000);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        gbl_fail(err, GBL_EINPUT, "cannot %s: it is read-only", doing);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a file and folder this user may write to");
    case SQLITE_FULL:
        return fail_space(err, path, doing, ENOSPC);
    case SQLITE_NOTADB:
        gbl_fail(err, GBL_EINPUT, "cannot %s: this is no SQLite file", doing);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a store written by `gable run --db`, or a new name");
    case SQLITE_CORRUPT:
        gbl_fail(err, GBL_EINPUT, "cannot %s: the file is damaged (%s)", doing, sqlite3_errmsg(db));
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a whole SQLite file; `sqlite3 FILE .recover` may save its rows");
    case SQLITE_CANTOPEN:
        return fail_cannot_open(err, path, doing, os_errno);
    case SQLITE_IOERR:
        if (os_errno == ENOSPC || os_errno == EFBIG || os_errno == EDQUOT) {
            return fail_space(err, path, doing, os_errno);
        }
        gbl_fail(err, GBL_EINPUT, "cannot %s: %s", doing, os_errno ? strerror(os_errno) : sqlite3_errmsg(db));
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a disk without errors");
    default:
        gbl_fail(err, GBL_EFAULT, "cannot %s: %s", doing, sqlite3_errmsg(db));
        return gbl_where(err, "%s", path);
    }
}

/* Another program writes: waits for it, and says so to whoever has been looking at nothing for a second. */
static int wait_for_lock(void *db, int times)
{
    enum { STEP_MS = 50, SILENT_MS = 1000 };
    if (times * STEP_MS >= GBL_DB_BUSY_MS) {
        return 0;
    }
    if (times * STEP_MS == SILENT_MS) {
        fprintf(stderr, "gable: waiting for %s: another program has locked it\n", sqlite3_db_filename(db, "main"));
    }
    sqlite3_sleep(STEP_MS);
    return 1;
}

int gbl_db_connect(sqlite3 **out, const char *path, int sqlite_flags, gbl_err *err)
{
    *out = NULL;
    if (!path[0]) {
        gbl_fail(err, GBL_EINPUT, "cannot open the store: its name is empty");
        return gbl_expected(err, "the name of a file");
    }
    sqlite3 *db = NULL;
    char *name = plain_path(path);
    char *uri = name && (sqlite_flags & SQLITE_OPEN_URI) ? immutable_uri(name) : NULL;
    if (!name || (!uri && (sqlite_flags & SQLITE_OPEN_URI))) {
        gbl_free(name);
        return gbl_nomem(err, strlen(path));
    }
    int rc = sqlite3_open_v2(uri ? uri : name, &db, sqlite_flags | SQLITE_OPEN_NOMUTEX, NULL);
    gbl_free(uri);
    gbl_free(name);
    if (rc != SQLITE_OK) {
        int code = gbl_db_fail(err, db, path, "open the store");
        sqlite3_close(db);
        return code;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_handler(db, wait_for_lock, db);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    *out = db;
    return GBL_OK;
}

/* The number a PRAGMA or SELECT answers with; -1 with SQLite's error left on db. */
static int ask(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *out = sqlite3_column_int64(st, 0);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_OK) {
        sqlite3_finalize(st);
        return -1;
    }
    sqlite3_finalize(st);
    return 0;
}

int gbl_db_commit(sqlite3 *db, const char *path, long refused, gbl_err *err)
{
    if (gbl_alloc_refused() != refused) {
        return gbl_nomem(err, 0);
    }
    return sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? GBL_OK : gbl_db_fail(err, db, path, "write the store");
}

int64_t gbl_db_int(sqlite3 *db, const char *sql, int64_t none)
{
    int64_t v = none;
    return ask(db, sql, &v) == 0 ? v : none;
}

static int fail_version(const char *path, int64_t version, int64_t oldest, gbl_err *err)
{
    int newer = version > GBL_SCHEMA_VERSION;
    gbl_fail(err, GBL_EINPUT, "the store has layout version %lld, %s than this program's %d", (long long)version, newer ? "newer" : "older", GBL_SCHEMA_VERSION);
    gbl_where(err, "%s", path);
    if (oldest > GBL_SCHEMA_OLDEST && version >= GBL_SCHEMA_OLDEST && !newer) {
        return gbl_expected(err, "another file to write to: layout %lld is only read", (long long)version);
    }
    return gbl_expected(err, "layout version %d: use %s gable, or another file", GBL_SCHEMA_VERSION, newer ? "a newer" : "the older");
}

static int identify(sqlite3 *db, const char *path, int *fresh, int64_t oldest, gbl_err *err)
{
    int64_t app = 0, version = 0, things = 0;
    if (ask(db, "SELECT count(*) FROM sqlite_schema", &things) || ask(db, "PRAGMA application_id", &app) || ask(db, "PRAGMA user_version", &version)) {
        return gbl_db_fail(err, db, path, "open the store");
    }
    if (fresh) {
        *fresh = 0;
    }
    if (things == 0 && app == 0 && version == 0) {
        if (fresh) {
            *fresh = 1;
            return GBL_OK;
        }
        gbl_fail(err, GBL_EINPUT, "the store is empty");
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a store with at least one run: gable run --db %s", path);
    }
    if (app != GBL_SCHEMA_APPLICATION) {
        gbl_fail(err, GBL_EINPUT, "this SQLite file is no store of gable");
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a store written by `gable run --db`, or a new name");
    }
    if (version < oldest || version > GBL_SCHEMA_VERSION) {
        return fail_version(path, version, oldest, err);
    }
    return GBL_OK;
}

int gbl_db_identify(sqlite3 *db, const char *path, int *fresh, gbl_err *err)
{
    return identify(db, path, fresh, GBL_SCHEMA_VERSION, err);
}

/* A log beside the file that holds rows the file does not: without write access SQLite cannot take them in. */
static int has_log(const char *path)
{
    char log[4096];
    struct stat st;
    int n = snprintf(log, sizeof log, "%s-wal", path);
    return n > 0 && n < (int)sizeof log && stat(log, &st) == 0 && st.st_size > 0;
}

static int open_immutable(sqlite3 **out, const char *path, gbl_err *err)
{
    if (has_log(path)) {
        gbl_fail(err, GBL_EINPUT, "the store is read-only and its log has not been merged into it");
        gbl_where(err, "%s-wal", path);
        return gbl_expected(err, "a copy of the store and its log in a folder this user may write to");
    }
    return gbl_db_connect(out, path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
}

/* Opened for writing where possible even to read: only so can SQLite recover after a crash and clear its side files away.
 * query_only then refuses every change. */
int gbl_db_open_read(sqlite3 **out, const char *path, gbl_err *err)
{
    struct stat st;
    *out = NULL;
    if (path[0] && stat(path, &st) != 0) {
        gbl_fail(err, GBL_EINPUT, "cannot open the store: %s", errno == ENOENT ? "there is no such file" : strerror(errno));
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a store written by `gable run --db %s`", path);
    }
    char folder[1024];
    folder_of(path, folder, sizeof folder);
    int writable = path[0] && access(path, W_OK) == 0 && access(folder, W_OK) == 0;
    int code = writable ? gbl_db_connect(out, path, SQLITE_OPEN_READWRITE, err) : open_immutable(out, path, err);
    if (code == GBL_OK) {
        code = identify(*out, path, NULL, GBL_SCHEMA_OLDEST, err);
    }
    if (code == GBL_OK && (gbl_percentile_register(*out) != SQLITE_OK || sqlite3_exec(*out, "PRAGMA query_only = 1", NULL, NULL, NULL) != SQLITE_OK)) {
        code = gbl_db_fail(err, *out, path, "open the store");
    }
    if (code != GBL_OK) {
        sqlite3_close(*out);
        *out = NULL;
    }
    return code;
}
