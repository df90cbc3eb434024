/* `gable sql`: reads only, says where an error is, prints the three formats; percentile agrees with numpy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "reports/store.h"

static char path[64];

static char *capture(const char *query, enum gbl_sql_format f, gbl_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    memset(err, 0, sizeof *err);
    gbl_store_sql(path, query, f, to, err);
    fclose(to);
    return text;
}

static void expect(const char *query, enum gbl_sql_format f, const char *want)
{
    gbl_err err;
    char *got = capture(query, f, &err);
    if (err.code) {
        fail_msg("%s: %s", query, err.what);
    }
    assert_string_equal(got, want);
    free(got);
}

static void refuse(const char *query, const char *what, const char *where, const char *nearest)
{
    gbl_err err;
    char *got = capture(query, GBL_SQL_TABLE, &err);
    assert_int_equal(err.code, GBL_EINPUT);
    assert_string_equal(got, "");
    assert_string_equal(err.what, what);
    assert_string_equal(err.where, where);
    if (nearest) {
        assert_non_null(strstr(err.nearest, nearest));
    }
    free(got);
}

static void test_formats(void **state)
{
    (void)state;
    const char *q = "SELECT 1 AS a, 'x,\"y' || char(10) || 'z' AS b, 0.1 AS c, NULL AS d, x'0aff' AS e";
    expect(q, GBL_SQL_CSV, "a,b,c,d,e\n1,\"x,\"\"y\nz\",0.1,,0aff\n");
    expect(q, GBL_SQL_JSON, "[\n{\"a\":1,\"b\":\"x,\\\"y\\nz\",\"c\":0.1,\"d\":null,\"e\":\"0aff\"}\n]\n");
    expect(q, GBL_SQL_JSONL, "{\"a\":1,\"b\":\"x,\\\"y\\nz\",\"c\":0.1,\"d\":null,\"e\":\"0aff\"}\n");
    expect(q, GBL_SQL_TABLE, "a  b          c  d  e\n-  -------  ---  -  ----\n1  x,\"y\\nz  0.1  -  0aff\n");
    expect("SELECT 1 AS a, 2 AS a, 3 AS a", GBL_SQL_JSONL, "{\"a\":1,\"a_2\":2,\"a_3\":3}\n");
    expect("SELECT 1 AS n WHERE 0", GBL_SQL_JSON, "[]\n");
    expect("SELECT 1 AS n WHERE 0", GBL_SQL_CSV, "n\n");
    expect("SELECT 1 AS n WHERE 0", GBL_SQL_TABLE, "n\n-\n");
    expect("SELECT 9007199254740993 AS big, 'caf\xc3\xa9' AS s -- a comment\n;  ", GBL_SQL_TABLE, "             big  s\n----------------  ----\n9007199254740993  caf\xc3\xa9\n");
}

static void test_long_table(void **state)
{
    (void)state;
    gbl_err err;
    char *got = capture("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000) SELECT i FROM c", GBL_SQL_TABLE, &err);
    assert_int_equal(err.code, 0);
    int lines = 0;
    for (const char *s = got; *s; s++) {
        lines += *s == '\n';
    }
    assert_int_equal(lines, 5002);
    free(got);
}

/* numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [0, 10, 50, 90, 99, 100]) = 1, 1, 3.5, 6.9, 8.79, 9 */
static void test_percentile(void **state)
{
    (void)state;
    const char *in = "(VALUES (3), (1), (4), (1), (5), (9), (2), (6), (NULL))";
    char q[600];
    snprintf(q, sizeof q, "SELECT percentile(column1, 0) AS a, percentile(column1, 10) AS b, percentile(column1, 50) AS c,"
                          " round(percentile(column1, 90), 9) AS d, round(percentile(column1, 99), 9) AS e, percentile(column1, 100) AS f, median(column1) AS g FROM %s", in);
    expect(q, GBL_SQL_CSV, "a,b,c,d,e,f,g\n1,1,3.5,6.9,8.79,9,3.5\n");
    expect("SELECT percentile(ttft_ms, 50) AS p FROM request_ms WHERE 0", GBL_SQL_JSON, "[\n{\"p\":null}\n]\n");
    refuse("SELECT percentile(1, 101)", "SQL: percentile(x, p): p must be a number from 0 to 100", "", NULL);
    refuse("SELECT percentile('a', 50)", "SQL: percentile(x, p): x must be a number", "", NULL);
    refuse("SELECT percentile(column1, column1) FROM (VALUES (1), (2))", "SQL: percentile(x, p): p must be the same in every row", "", NULL);
}

static void test_reads_only(void **state)
{
    (void)state;
    static const char *const writes[] = {"DELETE FROM run", "UPDATE run SET name = 'x'", "DROP TABLE run", "CREATE TABLE t (a)", "ATTACH 'x.db' AS x", "BEGIN", "PRAGMA user_version = 5",
                                         "PRAGMA query_only = 0", "VACUUM", "INSERT INTO note VALUES (1, 1, 'a')", "SELECT load_extension('x')"};
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        gbl_err err;
        char *got = capture(writes[i], GBL_SQL_CSV, &err);
        assert_int_equal(err.code, GBL_EINPUT);
        assert_true(strncmp(err.what, "SQL: a statement may only read", 30) == 0);
        assert_string_equal(got, "");
        free(got);
    }
    expect("SELECT name FROM run", GBL_SQL_CSV, "name\nr\n");
    expect("SELECT name FROM pragma_table_info('run') WHERE name = 'seed'", GBL_SQL_CSV, "name\nseed\n");
    expect("SELECT value FROM json_each('[5]')", GBL_SQL_CSV, "value\n5\n");
    refuse("UPDATE sqlite_master SET sql = ''", "SQL: table sqlite_master may not be modified", "query", NULL);
}

static void test_messages(void **state)
{
    (void)state;
    refuse("SELECT * FROM requests", "SQL: no such table: requests", "query:1:15", "request");
    refuse("SELECT ttft_m FROM request_ms", "SQL: no such column: ttft_m", "query:1:8", "ttft_ms");
    refuse("SELECT *\nFORM run", "SQL: near \"FORM\": syntax error", "query:2:1", NULL);
    refuse("SELECT \"run\"", "SQL: no such column: run", "query:1:8", NULL);
    refuse("SELECT 1; SELECT 2", "SQL: more than one statement", "query:1:11", NULL);
    refuse("SELECT 1;; DROP TABLE run", "SQL: more than one statement", "query:1:12", NULL);
    refuse("", "SQL: the query is empty", "", NULL);
    refuse(" -- nothing", "SQL: the query is empty", "", NULL);
}

static void test_output_full(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    gbl_err err = {0};
    if (!full) {
        skip();
    }
    assert_int_equal(gbl_store_sql(path, "SELECT 1", GBL_SQL_CSV, full, &err), GBL_EINPUT);
    assert_string_equal(err.what, "cannot write the rows: the output is closed or its disk is full");
    fclose(full);
}

/* Every allocation of ours fails once: an error each time, never a fault. */
static void test_no_memory(void **state)
{
    (void)state;
    int failures = 0;
    for (long n = 1; n < 400; n++) {
        gbl_err err = {0};
        FILE *to = fopen("/dev/null", "w");
        gbl_alloc_fail_at(n);
        int code = gbl_store_sql(path, "SELECT percentile(id, 50), name FROM run GROUP BY name", n % 2 ? GBL_SQL_JSON : GBL_SQL_TABLE, to, &err);
        gbl_alloc_fail_at(0);
        fclose(to);
        failures += code != 0;
        assert_true(code == 0 || err.what[0]);
    }
    assert_true(failures > 3);
}

static int make_store(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/gable-sql-%ld.db", (long)getpid());
    gbl_err err = {0};
    gbl_store *s = NULL;
    gbl_run_row run = {.name = "r", .scenario_json = "{}"};
    int code = gbl_store_open(&s, path, GBL_STORE_WRITE, &err);
    code = code ? code : gbl_store_begin(s, &run, NULL, &err);
    code = code ? code : gbl_store_commit(s, &err);
    gbl_store_close(s);
    return code;
}

static int remove_store(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_long_table),
        cmocka_unit_test(test_percentile),
        cmocka_unit_test(test_reads_only),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_output_full),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
