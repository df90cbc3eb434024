/* Sweeps below the command line: points of a document, workers that fail and die, records, merging. */
#include "tests/unit/check.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/ledger.h"
#include "reports/merge.h"
#include "reports/standings.h"
#include "reports/work.h"
#include "sim/run.h"

static char folder[64];

static const char *at(const char *name)
{
    static char path[4][256];
    static int turn;
    char *p = path[turn++ & 3];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static gbl_sweep *sweep_of(const char *text, gbl_err *err)
{
    const char *path = at("sweep.json");
    FILE *f = fopen(path, "w");
    gbl_sweep *s;
    fputs(text, f);
    fclose(f);
    return gbl_sweep_open(&s, path, NULL, 0, err) ? NULL : s;
}

static gbl_sweep *good_sweep(const char *text)
{
    gbl_err err = {0};
    gbl_sweep *s = sweep_of(text, &err);
    if (!s) fail_msg("%s (%s)", err.what, err.where);
    return s;
}

#define HEAD "{\"gable\": \"sweep/1\", "

/* ---------------------------------------------------------------- points ---- */

/* The list turns slowest, then the hypercube, then the grid, its last key fastest. */
static void points_are_a_product_in_order(void **state)
{
    (void)state;
    gbl_sweep *s = good_sweep(HEAD "\"list\": [{\"cluster.tp\": 1}, {\"cluster.tp\": 2, \"engine.kv\": \"fp8\"}],"
                                   " \"grid\": {\"engine.max_num_seqs\": [8, 9], \"run.seed\": [5, 6, 7]}}");
    char v[32];
    assert_int_equal(gbl_sweep_size(s), 12);
    assert_int_equal(gbl_sweep_keys(s), 4);
    assert_string_equal(gbl_sweep_point(s, 0)->vary, "{\"cluster.tp\":1,\"engine.max_num_seqs\":8,\"run.seed\":5}");
    assert_string_equal(gbl_sweep_point(s, 1)->vary, "{\"cluster.tp\":1,\"engine.max_num_seqs\":8,\"run.seed\":6}");
    assert_string_equal(gbl_sweep_point(s, 3)->vary, "{\"cluster.tp\":1,\"engine.max_num_seqs\":9,\"run.seed\":5}");
    assert_string_equal(gbl_sweep_point(s, 11)->vary, "{\"cluster.tp\":2,\"engine.kv\":\"fp8\",\"engine.max_num_seqs\":9,\"run.seed\":7}");
    assert_string_equal(gbl_sweep_value(s, 0, 1, v, sizeof v), "-");
    assert_string_equal(gbl_sweep_value(s, 11, 1, v, sizeof v), "fp8");
    for (size_t i = 0; i < 12; i++) {
        gbl_scenario *of;
        gbl_err err = {0};
        assert_int_equal(gbl_sweep_scenario(s, i, &of, &err), 0);
        assert_int_equal(of->seed, 5 + i % 3);
        assert_int_equal(of->seed, gbl_sweep_point(s, i)->seed);
        assert_int_equal(of->max_num_seqs, 8 + i / 3 % 2);
        assert_int_equal(of->flat.tp, 1 + i / 6);
        gbl_scenario_free(of);
    }
    gbl_sweep_free(s);
}

static void equal_points_run_once(void **state)
{
    (void)state;
    /* 256 is the default, so three of the four are one scenario. */
    gbl_sweep *s = good_sweep(HEAD "\"list\": [{\"engine.max_num_seqs\": 256}, {\"run.seed\": 1}, {\"run.seed\": 2}, {\"run.seed\": 1, \"engine.max_num_seqs\": 256}]}");
    assert_int_equal(gbl_sweep_size(s), 2);
    assert_int_equal(gbl_sweep_dropped(s), 2);
    assert_string_equal(gbl_sweep_point(s, 1)->vary, "{\"run.seed\":2}");
    gbl_sweep_free(s);
}

/* One sample a stratum for every key, whatever its scale; integers reach both ends. */
static void latin_samples_fill_every_stratum(void **state)
{
    (void)state;
    enum { N = 40 };
    gbl_sweep *s = good_sweep(HEAD "\"latin\": {\"samples\": 40, \"keys\": {\"slo.ttft_ms\": {\"low\": 100, \"high\": 900},"
                                   " \"slo.tpot_ms\": {\"low\": 1, \"high\": 1000, \"scale\": \"log\"}, \"engine.block_size\": {\"low\": 1, \"high\": 40, \"integer\": true}}}}");
    int seen[3][N] = {{0}}, paired = 0;
    assert_int_equal(gbl_sweep_size(s), N);
    for (size_t i = 0; i < N; i++) {
        char v[3][40];
        for (size_t k = 0; k < 3; k++) gbl_sweep_value(s, i, k, v[k], sizeof v[k]);
        int a = (int)((atof(v[0]) - 100) / 800 * N), b = (int)(log(atof(v[1])) / log(1000) * N), c = atoi(v[2]) - 1;
        assert_true(a >= 0 && a < N && b >= 0 && b < N && c >= 0 && c < N);
        seen[0][a]++;
        seen[1][b]++;
        seen[2][c]++;
        paired += a == b;
    }
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < N; i++) assert_int_equal(seen[k][i], 1);
    assert_true(paired < N / 2); /* the keys are permuted apart from each other */
    gbl_sweep_free(s);
}

static void same_points_same_hash(void **state)
{
    (void)state;
    gbl_sweep *a = good_sweep(HEAD "\"grid\": {\"run.seed\": [1, 2]}}");
    uint64_t hash = gbl_sweep_hash(a);
    gbl_sweep_free(a);
    gbl_sweep *b = good_sweep(HEAD "\"list\": [{\"run\": {\"seed\": 1}}, {\"run\": {\"seed\": 2}}]}");
    assert_true(gbl_sweep_hash(b) == hash);
    gbl_sweep_free(b);
    gbl_sweep *c = good_sweep(HEAD "\"grid\": {\"run.seed\": [2, 1]}}");
    assert_true(gbl_sweep_hash(c) != hash);
    gbl_sweep_free(c);
}

static void bad_documents_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]", "{}", HEAD "\"grid\": {}}", HEAD "\"grid\": []}", HEAD "\"list\": []}", HEAD "\"list\": [1]}", HEAD "\"list\": [{}]}",
        HEAD "\"latin\": {}}", HEAD "\"latin\": {\"samples\": 3}}", HEAD "\"latin\": {\"samples\": 2, \"keys\": {}}}",
        HEAD "\"latin\": {\"samples\": 2, \"keys\": {\"run.seed\": {\"low\": 2, \"high\": 1}}}}",
        HEAD "\"latin\": {\"samples\": 2, \"keys\": {\"run.seed\": {\"low\": 1}}}}",
        HEAD "\"latin\": {\"samples\": 2, \"keys\": {\"run.seed\": {\"low\": 0.5, \"high\": 2, \"integer\": true}}}}",
        HEAD "\"latin\": {\"samples\": 2, \"keys\": {\"run.seed\": {\"low\": 0, \"high\": 2, \"scale\": \"log\"}}}}",
        HEAD "\"latin\": {\"samples\": 2, \"keys\": {\"run.seed\": {\"low\": 0, \"high\": 2, \"scale\": \"root\"}}}}",
        HEAD "\"grid\": {\"run\": [{}], \"run.seed\": [1]}}", HEAD "\"grid\": {\"\": [1]}}", HEAD "\"grid\": {\"run..seed\": [1]}}",
        HEAD "\"scenario\": 3, \"grid\": {\"run.seed\": [1]}}", HEAD "\"scenario\": \"-\", \"grid\": {\"run.seed\": [1]}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gbl_err err = {0};
        gbl_sweep *s = sweep_of(bad[i], &err);
        if (s || err.code != GBL_EINPUT || !err.what[0] || !err.where[0] || !err.expected[0])
            fail_msg("%s: %d '%s' at '%s', expected '%s'", bad[i], err.code, err.what, err.where, err.expected);
    }
}

static void memory_may_run_out(void **state)
{
    (void)state;
    for (long n = 1;; n += n < 200 ? 1 : 37) { /* there are thousands; the later ones repeat per point */
        gbl_err err = {0};
        gbl_alloc_fail_at(n);
        gbl_sweep *s = sweep_of(HEAD "\"list\": [{\"cluster.tp\": 1}], \"grid\": {\"run.seed\": [1, 2]}, \"latin\": {\"samples\": 2, \"keys\": {\"slo.ttft_ms\": {\"low\": 1, \"high\": 2}}}}", &err);
        int whole = gbl_alloc_count() < n;
        gbl_alloc_fail_at(0);
        if (!s) assert_int_equal(err.code, GBL_EFAULT);
        gbl_sweep_free(s);
        if (whole) break;
    }
}

/* ---------------------------------------------------------------- workers ---- */

typedef struct tally {
    size_t fail_at, die_at, refuse_at;
    int done[100], n;
    volatile int stop;
} tally;

static int square(void *to, size_t i, FILE *out, gbl_err *err)
{
    tally *t = to;
    if (i == t->die_at) raise(SIGKILL);
    if (i == t->fail_at) {
        gbl_fail(err, GBL_EINPUT, "task %zu does not like it", i);
        return gbl_expected(err, "another number");
    }
    t->done[i] = 77; /* a worker's own memory: nobody sees it */
    size_t v = i * i;
    return fwrite(&v, sizeof v, 1, out) == 1 ? GBL_OK : GBL_EFAULT;
}

static int add_up(void *to, size_t i, FILE *in, gbl_err *err)
{
    tally *t = to;
    size_t v = 0;
    if (i == t->refuse_at) return gbl_fail(err, GBL_EINPUT, "no room");
    assert_int_equal(fread(&v, sizeof v, 1, in), 1);
    assert_int_equal(fgetc(in), EOF); /* nothing of the task before it */
    assert_int_equal(v, i * i);
    t->done[i]++;
    t->n++;
    t->stop = t->stop && t->n >= 5 ? 2 : t->stop;
    return GBL_OK;
}

static int work(tally *t, int jobs, size_t *failed, gbl_err *err)
{
    gbl_work w = {.tasks = 100, .jobs = jobs, .what = "squares", .progress = GBL_PROGRESS_OFF, .task = square, .done = add_up, .to = t};
    return gbl_work_run(&w, failed, err);
}

static void every_task_is_done_once(void **state)
{
    (void)state;
    for (int jobs = 0; jobs <= 120; jobs += jobs < 4 ? 1 : 58) {
        tally t = {.fail_at = 1000, .die_at = 1000, .refuse_at = 1000};
        gbl_err err = {0};
        size_t failed;
        assert_int_equal(work(&t, jobs, &failed, &err), 0);
        assert_int_equal(t.n, 100);
        for (int i = 0; i < 100; i++) assert_int_equal(t.done[i], 1);
    }
}

/* Each worker takes three of the caller's files; where they are few, so are the workers. */
static void few_files_are_enough(void **state)
{
    (void)state;
    tally t = {.fail_at = 1000, .die_at = 1000, .refuse_at = 1000};
    struct rlimit was, low;
    gbl_err err = {0};
    size_t failed;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    low = (struct rlimit){90, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int code = work(&t, 1000, &failed, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_int_equal(code, 0);
    assert_int_equal(t.n, 100);
}

static void an_error_names_its_task(void **state)
{
    (void)state;
    tally bad = {.fail_at = 30, .die_at = 1000, .refuse_at = 1000};
    gbl_err err = {0};
    size_t failed;
    assert_int_equal(work(&bad, 3, &failed, &err), GBL_EINPUT);
    assert_int_equal(failed, 30);
    assert_string_equal(err.what, "task 30 does not like it");
    assert_string_equal(err.expected, "another number");
    assert_int_equal(bad.done[30], 0);
    assert_true(bad.n >= 28); /* what the others had done was taken in */

    tally dies = {.fail_at = 1000, .die_at = 40, .refuse_at = 1000};
    assert_int_equal(work(&dies, 2, &failed, &err), GBL_EFAULT);
    assert_int_equal(failed, 40);
    assert_non_null(strstr(err.what, "killed by signal 9"));

    tally full = {.fail_at = 1000, .die_at = 1000, .refuse_at = 50};
    assert_int_equal(work(&full, 2, &failed, &err), GBL_EINPUT);
    assert_int_equal(failed, 50);
    assert_string_equal(err.what, "no room");
}

static void a_signal_ends_the_work(void **state)
{
    (void)state;
    tally t = {.fail_at = 1000, .die_at = 1000, .refuse_at = 1000, .stop = 1};
    gbl_work w = {.tasks = 100, .jobs = 2, .what = "squares", .progress = GBL_PROGRESS_OFF, .stop = &t.stop, .task = square, .done = add_up, .to = &t};
    gbl_err err = {0};
    size_t failed;
    assert_int_equal(gbl_work_run(&w, &failed, &err), GBL_EINTERRUPT);
    assert_int_equal(failed, 100);
    assert_true(t.n < 100);
}

/* ---------------------------------------------------------------- stores ---- */

/* A made-up run: what counts is that every call comes back out of the record as it went in. */
static void record_run(FILE *to, const gbl_sweep *s, size_t point, const char *result)
{
    const gbl_sweep_at *p = gbl_sweep_point(s, point);
    gbl_run_row row = {.name = "r", .scenario_json = "{}", .version = GBL_VERSION, .calibration = "fitted", .runtime = "ideal", .started_utc = "then",
                       .host = "here", .scenario_hash = p->hash, .seed = p->seed, .cards_json = p->cards};
    int64_t part[GBL_PARTS] = {1, 2, 3};
    gbl_request_row q = {.serial = 4, .session = -1, .input = 5, .output = 6, .scheduled_ns = -1, .first_token_ns = -1, .finish_ns = -1, .status = "completed", .part_ns = part};
    gbl_store *r;
    gbl_err err = {0};
    assert_int_equal(gbl_store_record(&r, to, &err), 0);
    assert_int_equal(gbl_store_begin(r, &row, NULL, &err), 0);
    assert_int_equal(gbl_store_result(r, result, &err), 0);
    assert_int_equal(gbl_store_param(r, "a.b", "[1]", &err), 0);
    assert_int_equal(gbl_store_metric(r, "m", "p50", 0.5, &err), 0);
    assert_int_equal(gbl_store_metric(r, "m", "p99", NAN, &err), 0);
    assert_int_equal(gbl_store_request(r, &q, &err), 0);
    assert_int_equal(gbl_store_timeline(r, &(gbl_sample){.replica = 1, .t_ns = 2, .running = 3, .waiting = 4, .used_blocks = 5, .busy_us = {6, [GBL_R_HOST] = 7.6F}}, &err), 0);
    assert_int_equal(gbl_store_note(r, "a note", &err), 0);
    assert_int_equal(gbl_store_commit(r, &err), 0);
    gbl_store_close(r);
}

static int skip_have(void *to, size_t point, int64_t run, const char *result, gbl_err *err)
{
    (void)err;
    (void)result;
    assert_int_equal(run, 1 + (int64_t)point);
    ++*(int *)to;
    return GBL_OK;
}

static void keep_point(const char *path, const gbl_sweep *s, size_t point, const char *result)
{
    gbl_store *store;
    gbl_ledger *l;
    gbl_err err = {0};
    int64_t run = 0;
    int have = 0;
    FILE *f = tmpfile();
    record_run(f, s, point, result);
    rewind(f);
    assert_int_equal(gbl_store_open(&store, path, GBL_STORE_WRITE, &err), 0);
    assert_int_equal(gbl_ledger_open(&l, store, s, "all", &err), 0);
    assert_int_equal(gbl_ledger_resume(l, NULL, skip_have, &have, &err), 0);
    if (gbl_ledger_keep(l, point, f, &run, &err)) fail_msg("%s %s", err.what, err.where);
    assert_int_equal(run, 1 + (int64_t)point);
    gbl_ledger_close(l);
    gbl_store_close(store);
    fclose(f);
}

static const char *sql(const char *path, const char *query)
{
    static char out[4096];
    gbl_err err = {0};
    FILE *f = tmpfile();
    if (gbl_store_sql(path, query, GBL_SQL_CSV, f, &err)) fail_msg("%s %s", err.what, err.where);
    rewind(f);
    out[fread(out, 1, sizeof out - 1, f)] = '\0';
    fclose(f);
    return out;
}

static void a_record_comes_back_as_it_was(void **state)
{
    (void)state;
    gbl_sweep *s = good_sweep(HEAD "\"grid\": {\"run.seed\": [1, 2, 3]}}");
    const char *path = at("record.db");
    keep_point(path, s, 2, "{\"requests\":{\"injected\":1}}");
    assert_string_equal(sql(path, "SELECT id, name, seed, started_utc, plugins, result FROM run"), "id,name,seed,started_utc,plugins,result\n3,r,3,then,{},\"{\"\"requests\"\":{\"\"injected\"\":1}}\"\n");
    assert_string_equal(sql(path, "SELECT * FROM metric"), "run,name,stat,value\n3,m,p50,0.5\n3,m,p99,\n");
    assert_string_equal(sql(path, "SELECT * FROM run_param"), "run,key,value\n3,a.b,[1]\n");
    assert_string_equal(sql(path, "SELECT run, replica, t_ns, running, waiting, used_blocks, sm_us, hbm_us, host_us FROM timeline"),
                        "run,replica,t_ns,running,waiting,used_blocks,sm_us,hbm_us,host_us\n3,1,2,3,4,5,6,0,8\n");
    assert_string_equal(sql(path, "SELECT * FROM note"), "run,seq,text\n3,0,a note\n");
    assert_string_equal(sql(path, "SELECT serial, session, input, output, finish_ns, status, queue_ns, prefill_sm_ns FROM request"),
                        "serial,session,input,output,finish_ns,status,queue_ns,prefill_sm_ns\n4,-1,5,6,,completed,2,3\n");
    keep_point(path, s, 0, "{\"requests\":{\"injected\":1}}");
    gbl_store *store;
    gbl_ledger *l;
    gbl_err err = {0};
    int have = 0;
    assert_int_equal(gbl_store_open(&store, path, GBL_STORE_WRITE, &err), 0);
    assert_int_equal(gbl_ledger_open(&l, store, s, "all", &err), 0);
    assert_int_equal(gbl_ledger_resume(l, NULL, skip_have, &have, &err), 0);
    assert_int_equal(have, 2);
    gbl_ledger_close(l);
    gbl_store_close(store);
    gbl_sweep_free(s);
}

/* A point that another process has just done stays its own: nothing twice. */
static void a_point_that_was_taken_stays(void **state)
{
    (void)state;
    gbl_sweep *s = good_sweep(HEAD "\"grid\": {\"run.seed\": [1, 2]}}");
    const char *path = at("taken.db");
    keep_point(path, s, 1, "{\"a\":1,\"requests\":{\"injected\":1}}");
    gbl_store *store;
    gbl_ledger *l;
    gbl_err err = {0};
    int64_t run;
    int have = 0;
    FILE *f = tmpfile();
    record_run(f, s, 1, "{\"a\":2}");
    rewind(f);
    assert_int_equal(gbl_store_open(&store, path, GBL_STORE_WRITE, &err), 0);
    assert_int_equal(gbl_ledger_open(&l, store, s, "all", &err), 0);
    assert_int_equal(gbl_ledger_resume(l, NULL, skip_have, &have, &err), 0);
    assert_int_equal(gbl_ledger_keep(l, 1, f, &run, &err), 0);
    assert_int_equal(run, 2);
    fclose(f);
    f = tmpfile(); /* a record that breaks off leaves nothing */
    record_run(f, s, 0, "{}");
    fflush(f);
    long end = ftell(f);
    assert_int_equal(ftruncate(fileno(f), end / 2), 0);
    rewind(f);
    assert_int_equal(gbl_ledger_keep(l, 0, f, &run, &err), GBL_EFAULT);
    fclose(f);
    gbl_ledger_close(l);
    gbl_store_close(store);
    assert_string_equal(sql(path, "SELECT id, json_extract(result, '$.a') AS a FROM run"), "id,a\n2,1\n");
    gbl_sweep_free(s);
}

static void change(const char *path, const char *statement)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void merging_refuses_what_differs(void **state)
{
    (void)state;
    gbl_sweep *s = good_sweep(HEAD "\"grid\": {\"run.seed\": [1, 2]}}");
    char a[256], b[256], out[256];
    snprintf(a, sizeof a, "%s", at("a.db"));
    snprintf(b, sizeof b, "%s", at("b.db"));
    snprintf(out, sizeof out, "%s", at("out.db"));
    const char *both[] = {a, b};
    gbl_merged m;
    gbl_err err = {0};
    keep_point(a, s, 0, "{\"v\":1,\"sim\":{\"wall_s\":1}}");
    keep_point(b, s, 0, "{\"v\":1,\"sim\":{\"wall_s\":2}}");
    keep_point(b, s, 1, "{\"v\":2}");
    assert_int_equal(gbl_merge(&m, out, both, 2, GBL_PROGRESS_OFF, NULL, &err), 0);
    assert_int_equal(m.merged, 2);
    assert_int_equal(m.there, 1); /* only its clock differs */
    assert_int_equal(m.missing, 0);
    assert_int_equal(m.first_missing, -1);
    unlink(out);
    change(b, "UPDATE run SET result = '{\"v\":3}' WHERE id = 1");
    assert_int_equal(gbl_merge(&m, out, both, 2, GBL_PROGRESS_OFF, NULL, &err), GBL_EINPUT);
    assert_string_equal(err.what, "point 0 has two results that differ");
    assert_int_not_equal(access(out, F_OK), 0);
    change(b, "UPDATE sweep SET version = '9.9'");
    assert_int_equal(gbl_merge(&m, out, both, 2, GBL_PROGRESS_OFF, NULL, &err), GBL_EINPUT);
    assert_string_equal(err.what, "different versions of the code simulated them: " GBL_VERSION " and 9.9");
    assert_non_null(strstr(err.where, "a.db and "));
    change(b, "UPDATE sweep SET version = '" GBL_VERSION "', cards = json_set(cards, '$.\"trace:x.csv\"', 'aa')");
    assert_int_equal(gbl_merge(&m, out, both, 2, GBL_PROGRESS_OFF, NULL, &err), GBL_EINPUT);
    assert_string_equal(err.what, "trace:x.csv is not the same in both: none and aa");
    change(b, "INSERT INTO sweep (hash, version, cards, requests, points, first_run, document) VALUES ('00', '1', '{}', 'all', 1, 9, '{}')");
    assert_int_equal(gbl_merge(&m, out, both, 2, GBL_PROGRESS_OFF, NULL, &err), GBL_EINPUT);
    assert_string_equal(err.what, "the store holds more than one sweep");
    volatile int stop = 1;
    assert_int_equal(gbl_merge(&m, out, both, 1, GBL_PROGRESS_OFF, &stop, &err), GBL_EINTERRUPT);
    assert_int_not_equal(access(out, F_OK), 0);
    gbl_sweep_free(s);
}

static void the_best_comes_first(void **state)
{
    (void)state;
    gbl_sweep *s = good_sweep(HEAD "\"grid\": {\"run.seed\": [1, 2, 3, 4]}}");
    gbl_standings *r;
    gbl_err err = {0};
    char text[4096];
    assert_int_equal(gbl_standings_new(&r, s, &err), 0);
    assert_int_equal(gbl_standings_add(r, 3, 9, "{\"goodput\":{\"request_s\":5.0}}", &err), 0);
    assert_int_equal(gbl_standings_add(r, 0, 0, "{\"goodput\":{\"request_s\":null}}", &err), 0);
    assert_int_equal(gbl_standings_add(r, 1, 0, "{\"goodput\":{\"request_s\":7.5},\"ttft_ms\":{\"p99\":2}}", &err), 0);
    assert_false(gbl_standings_has(r, 2));
    FILE *f = tmpfile();
    assert_int_equal(gbl_standings_json(r, GBL_STAND_GOODPUT, f, &err), 0);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, "[\n{\"point\":0,\"rank\":3,\"run\":null,\"vary\":{\"run.seed\":1},\"goodput\":{\"request_s\":null}},\n"
                              "{\"point\":1,\"rank\":1,\"run\":null,\"vary\":{\"run.seed\":2},\"goodput\":{\"request_s\":7.5},\"ttft_ms\":{\"p99\":2}},\n"
                              "{\"point\":3,\"rank\":2,\"run\":9,\"vary\":{\"run.seed\":4},\"goodput\":{\"request_s\":5.0}}\n]\n");
    gbl_standings_free(r);
    gbl_sweep_free(s);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gable-sweep-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_a_product_in_order), cmocka_unit_test(equal_points_run_once), cmocka_unit_test(latin_samples_fill_every_stratum),
        cmocka_unit_test(same_points_same_hash),         cmocka_unit_test(bad_documents_are_refused), cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(every_task_is_done_once), cmocka_unit_test(few_files_are_enough),       cmocka_unit_test(an_error_names_its_task), cmocka_unit_test(a_signal_ends_the_work),
        cmocka_unit_test(a_record_comes_back_as_it_was), cmocka_unit_test(a_point_that_was_taken_stays), cmocka_unit_test(merging_refuses_what_differs),
        cmocka_unit_test(the_best_comes_first)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
