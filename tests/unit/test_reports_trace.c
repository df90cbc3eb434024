/* The Chrome trace of a real run with preemptions, swaps and unfinished requests: slices nest, tile their request to the
 * nanosecond and add up to what the store says. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/doc.h"
#include "base/mem.h"
#include "reports/export.h"
#include "reports/keep.h"
#include "reports/store.h"

static const char scenario[] =
    "{\"name\": \"tight \\\"pool\\\" </script>\", \"trace\": {\"generate\": {\"requests\": 300, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 12},"
    " \"input\": {\"use\": \"uniform\", \"low\": 200, \"high\": 3000}, \"output\": {\"use\": \"fixed\", \"tokens\": 200}}},"
    " \"engine\": {\"kv_blocks\": 1100}, \"cluster\": {\"replicas\": 2}, \"policy\": {\"preempt\": \"%s\"}, \"run\": {\"stop_s\": 30}}";

static char folder[] = "/tmp/gable-trace-XXXXXX", db[64], json[64];
enum { LANES = 4096 };

static void good(int code, const gbl_err *err)
{
    if (code) fail_msg("%s %s %s", err->what, err->where, err->expected);
}

static void simulate(const char *preempt)
{
    char path[64];
    gbl_err err = {0};
    gbl_scenario *s = NULL;
    gbl_keep *keep = NULL;
    gbl_result *r = NULL;
    int64_t run = 0;
    snprintf(path, sizeof path, "%s/s.json", folder);
    FILE *f = fopen(path, "w");
    fprintf(f, scenario, preempt);
    fclose(f);
    unlink(db);
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF};
    good(gbl_scenario_open(&s, path, NULL, 0, &err), &err);
    good(gbl_keep_open(&keep, db, GBL_KEEP_ALL, s->seed, &err), &err);
    gbl_keep_listen(keep, &opt);
    good(gbl_run(&r, s, &opt, &err), &err);
    good(gbl_keep_commit(keep, s, r, &run, &err), &err);
    gbl_keep_close(keep);
    gbl_result_free(r);
    gbl_scenario_free(s);
}

static gbl_doc *exported(void)
{
    gbl_err err = {0};
    gbl_doc *d = NULL;
    FILE *f = fopen(json, "w+");
    good(gbl_export_requests(db, 0, GBL_EXPORT_TRACE, f, &err), &err);
    long n = ftell(f);
    char *text = malloc((size_t)n);
    rewind(f);
    assert_int_equal(fread(text, 1, (size_t)n, f), n);
    fclose(f);
    good(gbl_doc_parse(&d, "trace", text, (size_t)n, &err), &err);
    free(text);
    return d;
}

static int64_t ask(const char *sql)
{
    char line[64];
    gbl_err err = {0};
    FILE *f = tmpfile();
    good(gbl_store_sql(db, sql, GBL_SQL_CSV, f, &err), &err);
    rewind(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    return atoll(line);
}

static const char *text_of(const gbl_node *e, const char *key)
{
    return gbl_node_text(gbl_node_get(e, key));
}

static int64_t number_of(const gbl_node *e, const char *key)
{
    return (int64_t)gbl_node_num(gbl_node_get(e, key));
}

static int64_t ns_of(const gbl_node *e, const char *key)
{
    return (int64_t)(gbl_node_num(gbl_node_get(e, key)) * 1000 + 0.5);
}

typedef struct lane {
    int64_t at, end; /* where the parts have come to, where the request ends */
} lane;

typedef struct seen {
    lane lane[2][LANES];
    int64_t requests, counters, sum[6];
} seen;
static const char *const part[6] = {"frontend", "queue", "prefill", "decode", "transfer", "preempted"};

/* Slices come in the order of requests, each followed by its parts. */
static void take_slice(seen *s, const gbl_node *e)
{
    int64_t pid = number_of(e, "pid"), tid = number_of(e, "tid"), from = ns_of(e, "ts"), took = ns_of(e, "dur");
    assert_in_range(pid, 0, 1);
    assert_in_range(tid, 1, LANES - 1);
    lane *l = &s->lane[pid][tid];
    if (!strncmp(text_of(e, "name"), "request ", 8)) {
        assert_int_equal(l->at, l->end);   /* the parts of the one before have filled it */
        assert_true(from >= l->end);       /* one at a time */
        *l = (lane){from, from + took};
        s->requests++;
        return;
    }
    assert_int_equal(from, l->at);
    l->at += took;
    assert_true(l->at <= l->end);
    int which = 0;
    while (which < 6 && strcmp(text_of(e, "name"), part[which])) which++;
    assert_true(which < 6);
    s->sum[which] += took;
}

static void check_slices(const char *preempt)
{
    seen *s = calloc(1, sizeof *s);
    simulate(preempt);
    gbl_doc *d = exported();
    assert_string_equal(gbl_node_text(gbl_node_at(gbl_doc_root(d), "otherData.scenario")), "tight \"pool\" </script>");
    for (const gbl_node *e = gbl_node_first(gbl_node_get(gbl_doc_root(d), "traceEvents")); e; e = gbl_node_next(e)) {
        if (!strcmp(text_of(e, "ph"), "X")) take_slice(s, e);
        s->counters += !strcmp(text_of(e, "ph"), "C") && !strcmp(text_of(e, "name"), "KV blocks");
    }
    gbl_doc_free(d);
    int64_t all = 0;
    for (int i = 0; i < 6; i++) all += s->sum[i];
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < LANES; i++) assert_int_equal(s->lane[p][i].at, s->lane[p][i].end);
    assert_int_equal(s->requests, ask("SELECT count(*) FROM request WHERE status <> 'rejected'"));
    assert_int_equal(s->counters, ask("SELECT count(*) FROM timeline"));
    assert_int_equal(all, ask("WITH e AS (SELECT max((SELECT max(t_ns) FROM timeline), (SELECT max(finish_ns) FROM request)) AS t)"
                              " SELECT sum(max(coalesce(finish_ns, t), arrival_ns) - arrival_ns) FROM request, e WHERE status <> 'rejected'"));
    assert_true(ask("SELECT sum(preemptions) FROM request") > 10);
    assert_int_equal(s->sum[5], ask("SELECT sum(preempt_ns) FROM request"));
    assert_true(s->sum[4] >= ask("SELECT sum(transfer_ns) FROM request"));
    free(s);
}

static void test_recomputed(void **state)
{
    (void)state;
    check_slices("recompute");
}

static void test_swapped(void **state)
{
    (void)state;
    check_slices("swap");
    assert_true(ask("SELECT sum(transfer_ns) FROM request") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_recomputed), cmocka_unit_test(test_swapped)};
    if (!mkdtemp(folder)) return 1;
    snprintf(db, sizeof db, "%s/t.db", folder);
    snprintf(json, sizeof json, "%s/t.json", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || failed;
}
