/* The store: what is written comes back, what fails leaves nothing, what is killed opens clean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reports/export.h"
#include "reports/store.h"

static char folder[64];

static const char *at(const char *name)
{
    static char path[4][256];
    static int turn;
    char *p = path[turn++ & 3];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static int exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static const gbl_run_row sample_run = {.name = "t", .scenario_json = "{\"model\":\"m\"}", .version = "0", .calibration = "datasheet",
                                       .runtime = "ideal", .started_utc = "2026-01-01T00:00:00Z", .host = "h", .scenario_hash = 0xabc, .seed = 7,
                                       .cards_json = "{}", .result_json = "{\"duration_s\":2.5,\"mfu\":0.25}"};

static gbl_request_row request_row(int64_t serial)
{
    gbl_request_row r = {.serial = serial, .session = -1, .input = 100, .output = 11, .arrival_ns = serial * 1000000, .status = "completed"};
    r.scheduled_ns = r.arrival_ns + 2000000;
    r.first_token_ns = r.arrival_ns + 50000000;
    r.finish_ns = r.first_token_ns + 100000000;
    return r;
}

static gbl_store *opened(const char *path, int flags)
{
    gbl_store *s = NULL;
    gbl_err err = {0};
    if (gbl_store_open(&s, path, flags, &err) != GBL_OK) {
        fail_msg("open: %s", err.what);
    }
    return s;
}

static int write_run(gbl_store *s, int requests, gbl_err *err)
{
    int64_t id = 0;
    int code = gbl_store_begin(s, &sample_run, &id, err);
    for (int i = 0; i < requests && code == GBL_OK; i++) {
        gbl_request_row r = request_row(i);
        code = gbl_store_request(s, &r, err);
    }
    return code != GBL_OK ? code : gbl_store_commit(s, err);
}

/* The output of a query, or the message; static. */
static const char *sql(const char *path, const char *query, enum gbl_sql_format f)
{
    static char out[20000];
    gbl_err err = {0};
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    int code = gbl_store_sql(path, query, f, to, &err);
    fclose(to);
    if (code == GBL_OK) {
        snprintf(out, sizeof out, "%s", text);
    } else {
        assert_int_equal(n, 0); /* an error prints nothing */
        snprintf(out, sizeof out, "%d|%s|%s|%s|%s", code, err.what, err.where, err.expected, err.nearest);
    }
    free(text);
    return out;
}

static void test_roundtrip(void **state)
{
    (void)state;
    const char *path = at("round.db");
    gbl_store *s = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    int64_t id = 0;
    assert_int_equal(gbl_store_begin(s, &sample_run, &id, &err), 0);
    assert_int_equal(id, 1);
    assert_int_equal(gbl_store_param(s, "run.seed", "7", &err), 0);
    assert_int_equal(gbl_store_metric(s, "ttft_ms", "p99", 12.5, &err), 0);
    assert_int_equal(gbl_store_metric(s, "itl_ms", "p99", NAN, &err), 0);
    gbl_request_row r = request_row(3);
    assert_int_equal(gbl_store_request(s, &r, &err), 0);
    gbl_request_row never = {.serial = 4, .input = 9, .output = 2, .arrival_ns = 5, .scheduled_ns = -1, .first_token_ns = -1, .finish_ns = -1, .status = "rejected"};
    assert_int_equal(gbl_store_request(s, &never, &err), 0);
    assert_int_equal(gbl_store_timeline(s, &(gbl_sample){.t_ns = 10, .running = 1, .waiting = 2, .used_blocks = 3}, &err), 0);
    assert_int_equal(gbl_store_timeline(s, &(gbl_sample){.t_ns = 10, .running = 4, .waiting = 5, .used_blocks = 6}, &err), 0);
    assert_int_equal(gbl_store_note(s, "first", &err), 0);
    assert_int_equal(gbl_store_note(s, "second", &err), 0);
    assert_int_equal(gbl_store_result(s, "{\"duration_s\":9}", &err), 0);
    assert_int_equal(gbl_store_commit(s, &err), 0);
    assert_string_equal(sql(path, "SELECT ttft_ms, tpot_ms, e2el_ms, queue_ms FROM request_ms WHERE serial = 3", GBL_SQL_CSV), "ttft_ms,tpot_ms,e2el_ms,queue_ms\n50,10,150,2\n");
    assert_string_equal(sql(path, "SELECT ttft_ms, status FROM request_ms WHERE serial = 4", GBL_SQL_JSON), "[\n{\"ttft_ms\":null,\"status\":\"rejected\"}\n]\n");
    assert_string_equal(sql(path, "SELECT run, replica, t_ns, running, waiting, used_blocks FROM timeline", GBL_SQL_CSV), "run,replica,t_ns,running,waiting,used_blocks\n1,0,10,4,5,6\n");
    assert_string_equal(sql(path, "SELECT seq, text FROM note ORDER BY seq", GBL_SQL_CSV), "seq,text\n0,first\n1,second\n");
    assert_string_equal(sql(path, "SELECT duration_s, model, seed FROM latest", GBL_SQL_CSV), "duration_s,model,seed\n9,m,7\n");
    assert_string_equal(sql(path, "SELECT value, name FROM metric ORDER BY name", GBL_SQL_TABLE), "value  name\n-----  -------\n    -  itl_ms\n 12.5  ttft_ms\n");
    assert_string_equal(sql(path, "PRAGMA journal_mode", GBL_SQL_CSV), "journal_mode\nwal\n");
    gbl_store_close(s);
    assert_false(exists(at("round.db-wal")));
}

static void test_failed_first_run_leaves_no_file(void **state)
{
    (void)state;
    const char *path = at("first.db");
    gbl_store *s = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    assert_int_equal(gbl_store_begin(s, &sample_run, NULL, &err), 0);
    gbl_store_rollback(s);
    gbl_run_row bad = sample_run;
    bad.scenario_json = "{not json";
    assert_int_equal(gbl_store_begin(s, &bad, NULL, &err), GBL_EFAULT);
    gbl_store_close(s);
    assert_false(exists(path));
    assert_false(exists(at("first.db-journal")));
    s = opened(path, GBL_STORE_WRITE); /* the same store may go on after a failure */
    assert_int_equal(gbl_store_begin(s, &bad, NULL, &err), GBL_EFAULT);
    assert_int_equal(write_run(s, 2, &err), 0);
    gbl_store_close(s);
    assert_string_equal(sql(path, "SELECT count(*) AS n FROM request", GBL_SQL_CSV), "n\n2\n");
}

static void test_failed_row_rolls_back_its_run_only(void **state)
{
    (void)state;
    const char *path = at("row.db");
    gbl_store *s = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    assert_int_equal(write_run(s, 5, &err), 0);
    assert_int_equal(gbl_store_begin(s, &sample_run, NULL, &err), 0);
    gbl_request_row r = request_row(1);
    assert_int_equal(gbl_store_request(s, &r, &err), 0);
    assert_int_equal(gbl_store_request(s, &r, &err), GBL_EFAULT); /* a serial twice */
    assert_non_null(strstr(err.what, "UNIQUE"));
    gbl_store_close(s);
    assert_string_equal(sql(path, "SELECT (SELECT count(*) FROM run) AS r, count(*) AS n FROM request", GBL_SQL_CSV), "r,n\n1,5\n");
}

/* Runs fn in a child, as nobody when we are root (root may write everything). Returns its exit status. */
static int in_child(int (*fn)(const char *), const char *path)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) || setuid(65534))) {
            _exit(99);
        }
        _exit(fn(path));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int expect_open_fails(const char *path, const char *what, const char *expected)
{
    gbl_store *s = NULL;
    gbl_err err = {0};
    int code = gbl_store_open(&s, path, GBL_STORE_WRITE, &err);
    if (code != GBL_EINPUT || strcmp(err.what, what) || strcmp(err.where, path) || strcmp(err.expected, expected)) {
        fprintf(stderr, "code %d\n%s\n%s\n%s\n", code, err.what, err.where, err.expected);
        gbl_store_close(s);
        return 1;
    }
    return 0;
}

static int child_read_only_file(const char *path)
{
    return expect_open_fails(path, "cannot write the store: it is read-only", "a file this user may write to");
}

static int child_read_only_folder(const char *path)
{
    return expect_open_fails(path, "cannot open the store: its folder is read-only", "a folder this user may write to");
}

static int child_reads_immutable(const char *path)
{
    const char *got = sql(path, "SELECT count(*) AS n FROM request", GBL_SQL_CSV);
    return strcmp(got, "n\n3\n") ? fprintf(stderr, "%s\n", got), 1 : 0;
}

static void test_read_only(void **state)
{
    (void)state;
    char dir[200], path[256], new_path[256];
    snprintf(dir, sizeof dir, "%s/ro", folder);
    snprintf(path, sizeof path, "%s/a.db", dir);
    snprintf(new_path, sizeof new_path, "%s/new.db", dir);
    assert_int_equal(mkdir(dir, 0755), 0);
    gbl_store *s = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    assert_int_equal(write_run(s, 3, &err), 0);
    gbl_store_close(s);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(dir, 0555), 0);
    assert_int_equal(in_child(child_read_only_file, path), 0);
    assert_int_equal(in_child(child_read_only_folder, new_path), 0);
    assert_int_equal(in_child(child_reads_immutable, path), 0);
    assert_false(exists(new_path));
    char side[300];
    snprintf(side, sizeof side, "%s-shm", path);
    assert_false(exists(side));
    assert_int_equal(chmod(dir, 0755), 0);
}

static void test_bad_files(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/none/a.db", folder);
    char want[300];
    snprintf(want, sizeof want, "an existing folder in place of %s/none", folder);
    assert_int_equal(expect_open_fails(path, "cannot open the store: its folder does not exist", want), 0);
    assert_int_equal(expect_open_fails(folder, "cannot open the store: this is a folder", "the name of a file"), 0);
    snprintf(path, sizeof path, "%s/text.db", folder);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 300; i++) {
        fputs("this is no data base\n", f);
    }
    fclose(f);
    assert_int_equal(expect_open_fails(path, "cannot open the store: this is no SQLite file", "a store written by `gable run --db`, or a new name"), 0);
    assert_non_null(strstr(sql(at("missing.db"), "SELECT 1", GBL_SQL_CSV), "cannot open the store: there is no such file|"));
    assert_false(exists(at("missing.db")));
    gbl_err err = {0};
    gbl_store *s = NULL;
    assert_int_equal(gbl_store_open(&s, "", GBL_STORE_WRITE, &err), GBL_EINPUT);
    assert_string_equal(err.what, "cannot open the store: its name is empty");
}

static void change(const char *path, const char *statement)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_versions(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/version.db", folder);
    gbl_store *s = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    assert_int_equal(write_run(s, 1, &err), 0);
    gbl_store_close(s);
    change(path, "PRAGMA user_version = 99");
    assert_int_equal(expect_open_fails(path, "the store has layout version 99, newer than this program's 4", "layout version 4: use a newer gable, or another file"), 0);
    change(path, "PRAGMA user_version = 0");
    assert_int_equal(expect_open_fails(path, "the store has layout version 0, older than this program's 4", "layout version 4: use the older gable, or another file"), 0);
    /* Layout 1 lacks columns; it is read, and never written. */
    change(path, "PRAGMA user_version = 1");
    assert_string_equal(sql(path, "SELECT count(*) AS n FROM run", GBL_SQL_CSV), "n\n1\n");
    assert_int_equal(expect_open_fails(path, "the store has layout version 1, older than this program's 4", "another file to write to: layout 1 is only read"), 0);
    snprintf(path, sizeof path, "%s/foreign.db", folder);
    change(path, "CREATE TABLE mine (a)");
    assert_int_equal(expect_open_fails(path, "this SQLite file is no store of gable", "a store written by `gable run --db`, or a new name"), 0);
}

static void test_locked(void **state)
{
    (void)state;
    const char *path = at("locked.db");
    gbl_store *a = opened(path, GBL_STORE_WRITE), *b = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    assert_int_equal(gbl_store_begin(a, &sample_run, NULL, &err), 0);
    assert_int_equal(gbl_store_begin(b, &sample_run, NULL, &err), GBL_EINPUT);
    assert_string_equal(err.what, "cannot write the store: another program has locked it");
    gbl_store_close(b);
    assert_true(exists(path)); /* a's first run is not lost with b's file */
    assert_int_equal(gbl_store_commit(a, &err), 0);
    gbl_store_close(a);
    assert_string_equal(sql(path, "SELECT count(*) AS n FROM run", GBL_SQL_CSV), "n\n1\n");
}

static void test_removed_meanwhile(void **state)
{
    (void)state;
    const char *path = at("gone.db");
    gbl_store *s = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    assert_int_equal(gbl_store_begin(s, &sample_run, NULL, &err), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(gbl_store_commit(s, &err), GBL_EINPUT);
    assert_string_equal(err.what, "cannot write the store: it was removed or replaced meanwhile");
    gbl_store_close(s);
    assert_false(exists(path));
}

static int child_full(const char *path, int old_runs)
{
    struct rlimit limit = {2 << 20, 2 << 20};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    gbl_store *s = NULL;
    gbl_err err = {0};
    if (gbl_store_open(&s, path, GBL_STORE_WRITE, &err) != GBL_OK) {
        return 2;
    }
    int code = old_runs ? write_run(s, 1, &err) : GBL_OK; /* a small one fits */
    if (code == GBL_OK) {
        code = write_run(s, 400000, &err);
    }
    gbl_store_close(s);
    int as_said = strcmp(err.what, "cannot write the store: the file would grow over its size limit") == 0 &&
                  strcmp(err.expected, "free space; nothing of this run was kept, earlier runs are whole") == 0;
    if (code == GBL_EINPUT && as_said) {
        return 0;
    }
    fprintf(stderr, "%d %s %s\n", code, err.what, err.expected);
    return 3;
}

static int child_full_new(const char *path) { return child_full(path, 0); }
static int child_full_old(const char *path) { return child_full(path, 1); }

static void test_full_disk(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/full.db", folder);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(in_child(child_full_new, path), 0);
    assert_false(exists(path));
    assert_int_equal(in_child(child_full_old, path), 0);
    assert_string_equal(sql(path, "SELECT (SELECT count(*) FROM run) AS r, count(*) AS n FROM request", GBL_SQL_CSV), "r,n\n1,1\n");
    assert_string_equal(sql(path, "PRAGMA integrity_check", GBL_SQL_CSV), "integrity_check\nok\n");
}

/* Writes runs of 200 requests for ever; one byte to fd after each commit. */
static void write_for_ever(const char *path, int flags, int fd)
{
    gbl_store *s = NULL;
    gbl_err err = {0};
    if (gbl_store_open(&s, path, flags, &err) != GBL_OK) {
        _exit(1);
    }
    while (write_run(s, 200, &err) == GBL_OK && write(fd, "x", 1) == 1) {
    }
    _exit(1);
}

static int kill_once(const char *path, int flags, long microseconds)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[0]);
        write_for_ever(path, flags, fd[1]);
    }
    close(fd[1]);
    struct timespec wait = {0, microseconds * 1000};
    nanosleep(&wait, NULL);
    kill(pid, SIGKILL);
    int status = 0, committed = 0;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
    char byte;
    while (read(fd[0], &byte, 1) == 1) {
        committed++;
    }
    close(fd[0]);
    return committed;
}

static void test_killed_at_any_instant(void **state)
{
    (void)state;
    int total = 0;
    for (int round = 0; round < 50; round++) {
        char path[256];
        snprintf(path, sizeof path, "%s/killed%d.db", folder, round / 5); /* young stores and grown ones */
        int flags = round / 5 % 2 ? GBL_STORE_WRITE | GBL_STORE_SHARD : GBL_STORE_WRITE;
        int before = exists(path) && round % 5 ? atoi(sql(path, "SELECT count(*) AS n FROM run", GBL_SQL_CSV) + 2) : 0;
        int committed = kill_once(path, flags, 300 + (long)round * 7919 % 30000);
        total += committed;
        gbl_store *s = opened(path, flags); /* opens clean, and takes one run more */
        gbl_err err = {0};
        assert_int_equal(write_run(s, 200, &err), 0);
        gbl_store_close(s);
        assert_string_equal(sql(path, "PRAGMA integrity_check", GBL_SQL_CSV), "integrity_check\nok\n");
        int runs = atoi(sql(path, "SELECT count(*) AS n FROM run", GBL_SQL_CSV) + 2);
        assert_true(runs >= before + committed + 1); /* the last commit may not have been reported */
        assert_true(runs <= before + committed + 2);
        assert_string_equal(sql(path, "SELECT count(*) AS bad FROM (SELECT id FROM run LEFT JOIN request ON run = id GROUP BY id HAVING count(serial) <> 200)", GBL_SQL_CSV), "bad\n0\n");
    }
    assert_true(total > 0);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void test_many_rows_and_export(void **state)
{
    (void)state;
    const char *path = at("many.db");
    gbl_store *s = opened(path, GBL_STORE_WRITE);
    gbl_err err = {0};
    double t0 = now_s();
    assert_int_equal(write_run(s, 100000, &err), 0);
    print_message("100,000 requests stored in %.3f s\n", now_s() - t0);
    assert_int_equal(write_run(s, 0, &err), 0);
    gbl_store_close(s);
    FILE *to = tmpfile();
    assert_int_equal(gbl_export_requests(path, 1, GBL_EXPORT_CSV, to, &err), 0);
    rewind(to);
    char line[600];
    int lines = 0;
    while (fgets(line, sizeof line, to)) {
        if (lines == 0) {
            assert_string_equal(line, "run,serial,session,turn,tenant,replica,status,input,output,cached,preemptions,arrival_ns,scheduled_ns,first_token_ns,finish_ns,queue_ms,ttft_ms,tpot_ms,e2el_ms\n");
        } else if (lines == 1) {
            assert_string_equal(line, "1,0,-1,0,0,0,completed,100,11,0,0,0,2000000,50000000,150000000,2,50,10,150\n");
        }
        lines++;
    }
    assert_int_equal(lines, 100001);
    fclose(to);
    assert_int_equal(gbl_export_requests(path, 0, GBL_EXPORT_JSONL, stdout, &err), GBL_EINPUT);
    assert_string_equal(err.what, "run 2 keeps no requests");
    assert_int_equal(gbl_export_requests(path, 5, GBL_EXPORT_JSONL, stdout, &err), GBL_EINPUT);
    assert_string_equal(err.what, "there is no run 5");
    assert_string_equal(err.expected, "a run from 1 to 2");
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gable-store-XXXXXX");
    return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roundtrip),
        cmocka_unit_test(test_failed_first_run_leaves_no_file),
        cmocka_unit_test(test_failed_row_rolls_back_its_run_only),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_locked),
        cmocka_unit_test(test_removed_meanwhile),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_killed_at_any_instant),
        cmocka_unit_test(test_many_rows_and_export),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
