/* The report page: whole, escaped, from the store alone, and in place at once or not at all. */
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
#include "reports/html.h"
#include "reports/store.h"

static char folder[64], db[128], out[128], library[128];

static const char result[] =
    "{\"requests\":{\"injected\":50,\"completed\":50,\"rejected\":0,\"unfinished\":0},\"duration_s\":50,"
    "\"throughput\":{\"request_s\":1,\"output_tok_s\":1234567},\"ttft_ms\":{\"mean\":60,\"p50\":50,\"p90\":80,\"p95\":90,\"p99\":%d,\"p999\":96,\"max\":97,\"n\":50},"
    "\"tpot_ms\":{\"mean\":null,\"p50\":null,\"p90\":null,\"p95\":null,\"p99\":null,\"p999\":null,\"max\":null,\"n\":0},"
    "\"goodput\":{\"request_s\":0.9,\"slo_attainment\":%s},\"kv\":{\"capacity_blocks\":1000},\"util\":{\"sm\":0.5},\"quality\":[{\"task\":\"<gsm8k>\",\"value\":70.1,\"baseline\":71,\"source\":\"paper\"}]}";

static const char scenario[] = "{\"name\":\"n\",\"model\":\"m<1>\",\"cluster\":{\"hardware\":\"h\",\"replicas\":2,\"tp\":1},\"engine\":{\"max_num_seqs\":%d},\"slo\":{\"ttft_ms\":77,\"attain\":0.9}}";

static void add_run(gbl_store *s, int k, int rows)
{
    char text[2000], sc[500];
    gbl_err err = {0};
    snprintf(text, sizeof text, result, 95 + k, k ? "0.95" : "0.5");
    snprintf(sc, sizeof sc, scenario, 64 << k);
    gbl_run_row run = {.name = "</title><script>alert(1)</script>", .scenario_json = sc, .version = "0.1", .runtime = "ideal", .calibration = "datasheet", .started_utc = "2026",
                       .host = "h&h", .scenario_hash = 5, .seed = k, .cards_json = "{\"hardware:h\":\"00ff\"}", .result_json = text};
    assert_int_equal(gbl_store_begin(s, &run, NULL, &err), 0);
    for (int i = 0; i < rows; i++) {
        gbl_request_row r = {.serial = i, .input = 10, .output = i % 3 ? 5 : 1, .arrival_ns = i * 1000000000LL, .status = "completed"};
        r.scheduled_ns = r.arrival_ns;
        r.first_token_ns = r.arrival_ns + 1000000LL * (50 + i);
        r.finish_ns = r.first_token_ns + 40000000LL * (r.output - 1);
        assert_int_equal(gbl_store_request(s, &r, &err), 0);
        assert_int_equal(gbl_store_timeline(s, &(gbl_sample){.replica = i % 2, .t_ns = r.arrival_ns, .running = 3, .waiting = 1, .used_blocks = 100, .busy_us = {250000}}, &err), 0);
    }
    assert_int_equal(gbl_store_commit(s, &err), 0);
}

static void make_store(int runs, int rows)
{
    gbl_store *s = NULL;
    gbl_err err = {0};
    unlink(db);
    unlink(out);
    assert_int_equal(gbl_store_open(&s, db, GBL_STORE_WRITE, &err), 0);
    for (int k = 0; k < runs; k++) {
        add_run(s, k, rows);
    }
    gbl_store_close(s);
}

static char *read_page(void)
{
    FILE *f = fopen(out, "r");
    assert_non_null(f);
    char *text = calloc(1, 4 << 20);
    assert_true(fread(text, 1, (4 << 20) - 1, f) > 0);
    fclose(f);
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text++) {
        n++;
    }
    return n;
}

static char *made_page(void)
{
    gbl_err err = {0};
    if (gbl_report_html(db, out, &err) != 0) {
        fail_msg("%s | %s", err.what, err.where);
    }
    return read_page();
}

static void has(const char *text, const char *what)
{
    if (!strstr(text, what)) {
        fail_msg("the page lacks: %s", what);
    }
}

static void test_one_run(void **state)
{
    (void)state;
    make_store(1, 50);
    char *t = made_page();
    has(t, "Content-Security-Policy\" content=\"default-src 'none'");
    has(t, "&lt;/title&gt;&lt;script&gt;alert(1)");
    assert_null(strstr(t, "<script>alert"));
    has(t, "m&lt;1&gt;");
    has(t, "&lt;gsm8k&gt;");
    has(t, "<strong>Misses the SLO</strong> <span>50 % of requests are good, 90 % wanted");
    has(t, "1,234,567");
    has(t, "data-v=\"95\">95</td>");
    has(t, "56 %</td>"); /* of ttft 50..99 ms, 28 of 50 are within 77 */
    has(t, "id=\"c-latency\"");
    has(t, "id=\"c-kv\"");
    has(t, "/*library*/");
    has(t, "00ff");
    has(t, "2 \xc3\x97 h, tp 1");
    assert_null(strstr(t, "id=\"runs\""));
    assert_null(strstr(t, "http://"));
    assert_null(strstr(t, "https://"));
    assert_int_equal(count(t, "<table"), count(t, "<caption>"));
    assert_int_equal(count(t, "<section"), count(t, "</section>"));
    assert_int_equal(count(t, "<div"), count(t, "</div>"));
    assert_int_equal(count(t, "<script"), count(t, "</script>"));
    free(t);
    struct stat st;
    assert_int_equal(stat(out, &st), 0);
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
}

static void test_runs_side_by_side(void **state)
{
    (void)state;
    make_store(10, 12);
    char *t = made_page();
    has(t, "<strong>Meets the SLO</strong>");
    has(t, "10 of 10");
    has(t, "id=\"runs\"");
    has(t, "<code>engine.max_num_seqs</code></th><td>32768</td><td>16384</td>");
    has(t, "\"label\":\"run 3\"");
    assert_null(strstr(t, "\"label\":\"run 2\"")); /* eight runs, no more */
    assert_int_equal(count(t, "class=\"n best\" data-v=\"97\">97<"), 1); /* the smallest p99 of runs 3 to 10 */
    free(t);
}

static void test_without_rows_or_library(void **state)
{
    (void)state;
    make_store(2, 0);
    setenv("GABLE_CHARTJS", "/nowhere/chart.js", 1);
    char *t = made_page();
    has(t, "Chart.js was not found");
    assert_null(strstr(t, "<canvas"));
    has(t, "Latencies of the newest run");
    free(t);
    setenv("GABLE_CHARTJS", library, 1);
    t = made_page();
    has(t, "keeps no request rows");
    has(t, "[50,50],[80,90],[90,95],[96,99],[96,99.9],[97,100]");
    assert_null(strstr(t, "id=\"c-load\""));
    free(t);
}

static void test_bare_run(void **state)
{
    (void)state;
    gbl_store *s = NULL;
    gbl_err err = {0};
    gbl_run_row run = {.name = "", .scenario_json = "{\"slo\":null,\"policy\":{\"schedule\":5}}", .result_json = NULL};
    unlink(db);
    assert_int_equal(gbl_store_open(&s, db, GBL_STORE_WRITE, &err), 0);
    assert_int_equal(gbl_store_begin(s, &run, NULL, &err), 0);
    assert_int_equal(gbl_store_commit(s, &err), 0);
    gbl_store_close(s);
    char *t = made_page();
    has(t, "unnamed scenario");
    has(t, "No verdict");
    free(t);
}

static void test_errors(void **state)
{
    (void)state;
    make_store(1, 1);
    gbl_err err = {0};
    char where[200];
    snprintf(where, sizeof where, "%s/none/r.html", folder);
    assert_int_equal(gbl_report_html(db, where, &err), GBL_EINPUT);
    assert_string_equal(err.what, "cannot write the file: No such file or directory");
    assert_string_equal(err.where, where);
    assert_int_equal(gbl_report_html(db, folder, &err), GBL_EINPUT);
    assert_string_equal(err.what, "cannot write the file: Is a directory");
    snprintf(where, sizeof where, "%s/none.db", folder);
    assert_int_equal(gbl_report_html(where, out, &err), GBL_EINPUT);
    assert_string_equal(err.what, "cannot open the store: there is no such file");
    assert_int_equal(access(out, F_OK), -1);
    assert_int_equal(gbl_report_html(db, "/dev/full", &err), GBL_EINPUT);
    struct stat st;
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode)); /* a device stays one */
}

/* The nth allocation fails, for every n until it goes through: an error, and the old page stays. */
static void test_no_memory(void **state)
{
    (void)state;
    make_store(2, 3);
    FILE *f = fopen(out, "w");
    fputs("old", f);
    fclose(f);
    int code = 1;
    for (long n = 1; code && n < 100000; n++) {
        gbl_err err = {0};
        gbl_alloc_fail_at(n);
        code = gbl_report_html(db, out, &err);
        gbl_alloc_fail_at(0);
        if (code) {
            assert_true(err.what[0]);
            char *t = read_page();
            assert_string_equal(t, "old");
            free(t);
        }
    }
    assert_int_equal(code, 0);
    char *t = read_page();
    has(t, "<canvas"); /* want of memory is an error, not a lesser page */
    free(t);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gable-html-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(db, sizeof db, "%s/a.db", folder);
    snprintf(out, sizeof out, "%s/a.html", folder);
    snprintf(library, sizeof library, "%s/chart.js", folder);
    FILE *f = fopen(library, "w");
    if (!f) {
        return -1;
    }
    fputs("/*library*/", f);
    fclose(f);
    return setenv("GABLE_CHARTJS", library, 1);
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
        cmocka_unit_test(test_one_run),    cmocka_unit_test(test_runs_side_by_side), cmocka_unit_test(test_without_rows_or_library),
        cmocka_unit_test(test_bare_run),   cmocka_unit_test(test_errors),            cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
