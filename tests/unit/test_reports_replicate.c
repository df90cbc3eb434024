/* Replications: the interval of the mean wait of an M/M/1 queue holds the truth as often as it says; the number of threads
 * changes no byte; a queue that grows is called so. And the gate on a slot-bound scenario: 10 % fewer slots never pass, an
 * unchanged policy always does. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/compare.h"
#include "reports/gate.h"
#include "sim/selftest.h"

static char flat_model[64]; /* a step costs nearly the same whatever its KV */
static char scratch_file[64];

static int write_flat_model(void **state)
{
    (void)state;
    strcpy(flat_model, "/tmp/gable-flat-XXXXXX.json");
    strcpy(scratch_file, "/tmp/gable-base-XXXXXX.json");
    int a = mkstemps(flat_model, 5), b = mkstemps(scratch_file, 5);
    int bad = a < 0 || b < 0 || write(a, gbl_selftest_flat_model, strlen(gbl_selftest_flat_model)) < 0;
    if (a >= 0) close(a);
    if (b >= 0) close(b);
    return bad;
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(flat_model) | unlink(scratch_file);
}

static void must(int code, const gbl_err *err)
{
    char text[2400];
    if (!code) return;
    gbl_err_text(err, text, sizeof text);
    fail_msg("%s", text);
}

static gbl_origin queue(char *text, size_t size, int requests, double rate, int mean, double warmup_s)
{
    int n = snprintf(text, size,
                     "{\"name\":\"queue\",\"trace\":{\"generate\":{\"requests\":%d,\"arrival\":{\"use\":\"poisson\",\"rate_s\":%.17g},\"input\":{\"use\":\"fixed\",\"tokens\":1},"
                     "\"output\":{\"use\":\"geometric\",\"mean\":%d}}},\"model\":\"%s\",\"engine\":{\"runtime\":\"ideal\",\"max_num_seqs\":1},"
                     "\"policy\":{\"prefix\":\"off\"},\"run\":{\"warmup_s\":%.17g}}",
                     requests, rate, mean, flat_model, warmup_s);
    return (gbl_origin){.text = text, .len = (size_t)n, .name = "queue"};
}

static void replicate(gbl_outcome *out, const gbl_origin *from, size_t n, int64_t seed, int64_t threads)
{
    gbl_err err = {0};
    gbl_job *jobs = calloc(n, sizeof *jobs);
    gbl_replicate_options o = {.threads = threads, .progress = GBL_PROGRESS_OFF};
    assert_non_null(jobs);
    for (size_t i = 0; i < n; i++) jobs[i] = (gbl_job){from, seed + (int64_t)i, NAN, i == 0};
    must(gbl_replicate(out, jobs, n, &o, &err), &err);
    free(jobs);
}

typedef struct mm1 {
    double mean_s, square_s; /* of the service time */
} mm1;

static mm1 service(int mean)
{
    char text[900];
    gbl_err err = {0};
    gbl_scenario *s;
    gbl_cost *c;
    gbl_origin from = queue(text, sizeof text, 1, 1, mean, 0);
    must(gbl_origin_open(&s, &from, &err), &err);
    must(gbl_scenario_cost(s, 0, &c, &err), &err);
    double step = (gbl_selftest_service_s(c, 401) - gbl_selftest_service_s(c, 1)) / 400, first = gbl_selftest_service_s(c, 1) - step, m = mean * step + first;
    gbl_cost_free(c);
    gbl_scenario_free(s);
    return (mm1){m, (double)mean * (mean - 1) * step * step + m * m};
}

static void interval_holds_the_truth_of_m_m_1(void **state)
{
    (void)state;
    enum { INTERVALS = 200, RUNS = 5, REQUESTS = 1000, WARM = 120, MEAN = 60 };
    mm1 q = service(MEAN);
    double rate = 0.5 / q.mean_s, truth_ms = 1e3 * rate * q.square_s / (2 * (1 - 0.5)); /* Pollaczek and Khinchine */
    char text[900];
    gbl_origin from = queue(text, sizeof text, REQUESTS, rate, MEAN, WARM / rate);
    gbl_outcome *out = calloc(INTERVALS * RUNS, sizeof *out);
    gbl_measures m;
    gbl_err err = {0};
    int held = 0;
    assert_non_null(out);
    replicate(out, &from, INTERVALS * RUNS, 1, 0);
    for (int i = 0; i < INTERVALS; i++) {
        must(gbl_measures_init(&m, out + i * RUNS, RUNS, &err), &err);
        size_t k = (size_t)(gbl_measures_of(&m, "queue_ms.mean") - m.value) / m.runs;
        gbl_interval v = gbl_measure_interval(&m, k, out + i * RUNS, 0.95);
        held += v.low <= truth_ms && truth_ms <= v.high;
        gbl_measures_fini(&m);
    }
    print_message("# %d of %d intervals hold the mean wait of M/M/1, %.4f ms\n", held, INTERVALS, truth_ms);
    assert_in_range(held, 184, 196); /* 92 to 98 % */
    assert_int_equal(gbl_outcomes_growth(out, INTERVALS * RUNS).growing, 0);
    gbl_outcomes_fini(out, INTERVALS * RUNS);
    free(out);
}

/* The same of the requests of one run, or the run says that it is too short. */
static void one_run_holds_the_truth_or_is_refused(void **state)
{
    (void)state;
    enum { RUNS = 200, MEAN = 60 };
    static const struct { double load; int requests, least; } row[] = {{0.5, 4000, 190}, {0.8, 1000, 0}};
    mm1 q = service(MEAN);
    for (int c = 0; c < 2; c++) {
        double rate = row[c].load / q.mean_s, truth_ms = 1e3 * rate * q.square_s / (2 * (1 - row[c].load));
        char text[900];
        gbl_origin from = queue(text, sizeof text, row[c].requests, rate, MEAN, 0);
        gbl_err err = {0};
        int given = 0, held = 0;
        for (int r = 0; r < RUNS; r++) {
            gbl_outcome out;
            gbl_measures m;
            replicate(&out, &from, 1, 1 + r, 1);
            must(gbl_measures_init(&m, &out, 1, &err), &err);
            size_t k = (size_t)(gbl_measures_of(&m, "queue_ms.mean") - m.value) / m.runs;
            gbl_interval v = gbl_measure_interval(&m, k, &out, 0.95);
            given += !isnan(v.low);
            held += v.low <= truth_ms && truth_ms <= v.high;
            gbl_measures_fini(&m);
            gbl_outcomes_fini(&out, 1);
        }
        print_message("# load %.1f, %d requests: %d of %d single runs give an interval, %d hold the mean wait\n", row[c].load, row[c].requests, given, RUNS, held);
        assert_true(given >= row[c].least && given - held <= RUNS * 8 / 100);
        if (row[c].least) assert_in_range(held, given * 92 / 100, given * 98 / 100);
    }
}

static void an_overload_is_unstable(void **state)
{
    (void)state;
    enum { MEAN = 60 };
    mm1 q = service(MEAN);
    const struct { double load; size_t runs; int growing; } cases[] = {{1.3, 1, 1}, {1.1, 10, 1}, {0.7, 1, 0}, {0.9, 10, 0}};
    for (size_t i = 0; i < 4; i++) {
        char text[900];
        gbl_outcome out[10];
        gbl_origin from = queue(text, sizeof text, 1500, cases[i].load / q.mean_s, MEAN, 0);
        replicate(out, &from, cases[i].runs, 1, 0);
        gbl_growth g = gbl_outcomes_growth(out, cases[i].runs);
        if (g.growing != cases[i].growing) fail_msg("load %g: growing %d, p %g, share %g, climb %g", cases[i].load, g.growing, g.p, g.share, g.climb);
        gbl_outcomes_fini(out, cases[i].runs);
    }
}

static char *told(const gbl_origin *from, int64_t threads)
{
    gbl_outcome out[7];
    gbl_job jobs[7];
    gbl_err err = {0};
    gbl_replicate_options o = {.threads = threads, .progress = GBL_PROGRESS_OFF};
    for (int i = 0; i < 7; i++) jobs[i] = (gbl_job){from, 40 + i, NAN, i == 0};
    must(gbl_replicate(out, jobs, 7, &o, &err), &err);
    gbl_replication_report r = {.outcome = out, .job = jobs, .n = 7, .warmup_s = NAN, .confidence = 0.95};
    gbl_json *j = gbl_json_new(2);
    gbl_json_obj(j, NULL);
    must(gbl_replications_json(&r, j, &err), &err);
    gbl_json_end(j);
    char *text = strdup(gbl_json_text(j));
    gbl_json_free(j);
    gbl_outcomes_fini(out, 7);
    return text;
}

static void threads_change_no_byte(void **state)
{
    (void)state;
    char text[900];
    gbl_origin from = queue(text, sizeof text, 300, 20, 60, 0);
    char *one = told(&from, 1), *three = told(&from, 3), *many = told(&from, 16);
    assert_string_equal(one, three);
    assert_string_equal(one, many);
    free(one);
    free(three);
    free(many);
}

static int fourth_fails(void *to, size_t job, const gbl_scenario *s, gbl_run_options *run, gbl_err *err)
{
    (void)to;
    (void)s;
    (void)run;
    return job >= 4 ? gbl_fail(err, GBL_EINPUT, "job %zu", job) : 0;
}

static int count_in_order(void *to, size_t job, const gbl_scenario *s, const gbl_result *r, gbl_err *err)
{
    (void)s;
    (void)r;
    (void)err;
    size_t *next = to;
    assert_int_equal(job, *next);
    ++*next;
    return 0;
}

static void the_first_failure_is_told_and_ends_come_in_order(void **state)
{
    (void)state;
    char text[900];
    gbl_origin from = queue(text, sizeof text, 50, 20, 60, 0);
    gbl_outcome out[12];
    gbl_job jobs[12];
    for (int i = 0; i < 12; i++) jobs[i] = (gbl_job){&from, i, NAN, 0};
    for (int64_t threads = 1; threads < 6; threads++) {
        gbl_err err = {0};
        size_t next = 0;
        gbl_replicate_options o = {.threads = threads, .progress = GBL_PROGRESS_OFF, .end = count_in_order, .to = &next};
        must(gbl_replicate(out, jobs, 12, &o, &err), &err);
        assert_int_equal(next, 12);
        gbl_outcomes_fini(out, 12);
        next = 0;
        o.begin = fourth_fails;
        assert_int_equal(gbl_replicate(out, jobs, 12, &o, &err), GBL_EINPUT);
        assert_string_equal(err.what, "job 4");
        assert_true(next <= 4);
    }
}

static void warmup_leaves_the_filling_out(void **state)
{
    (void)state;
    char text[900];
    mm1 q = service(60);
    gbl_origin from = queue(text, sizeof text, 1500, 0.8 / q.mean_s, 60, 0);
    gbl_outcome out[20];
    gbl_job jobs[20];
    gbl_err err = {0};
    double cut;
    int settled;
    gbl_replicate_options o = {.progress = GBL_PROGRESS_OFF};
    for (int i = 0; i < 20; i++) jobs[i] = (gbl_job){&from, i, NAN, 1};
    must(gbl_replicate(out, jobs, 20, &o, &err), &err);
    must(gbl_warmup_find(out, 20, &cut, &settled, &err), &err);
    assert_true(settled);
    assert_true(cut > 0 && cut < 700 * q.mean_s / 0.8);
    gbl_outcomes_fini(out, 20);
}

/* ---------------------------------------------------------------- the gate ---- */

enum { SEEDS = 30 };

static gbl_origin slots(char *text, size_t size, int max_num_seqs)
{
    int n = snprintf(text, size,
                     "{\"name\":\"slots\",\"trace\":{\"generate\":{\"requests\":240,\"arrival\":{\"use\":\"poisson\",\"rate_s\":34},\"input\":{\"use\":\"fixed\",\"tokens\":60},"
                     "\"output\":{\"use\":\"geometric\",\"mean\":80}}},\"engine\":{\"max_num_seqs\":%d},\"policy\":{\"prefix\":\"off\"}}",
                     max_num_seqs);
    return (gbl_origin){.text = text, .len = (size_t)n, .name = "slots"};
}

static gbl_baseline *baseline_of(const gbl_origin *from, const gbl_outcome *out, int64_t seed)
{
    gbl_err err = {0};
    gbl_scenario *s;
    gbl_baseline *b;
    must(gbl_origin_open(&s, from, &err), &err);
    gbl_json *j = gbl_json_new(2);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "gable", "baseline/1");
    gbl_json_str(j, "version", GBL_VERSION);
    gbl_json_arr(j, "scenarios");
    must(gbl_baseline_entry_json(j, "slots", s, out, SEEDS, seed, &err), &err);
    gbl_json_end(j);
    gbl_json_end(j);
    FILE *f = fopen(scratch_file, "w");
    assert_non_null(f);
    fputs(gbl_json_text(j), f);
    fclose(f);
    gbl_json_free(j);
    gbl_scenario_free(s);
    must(gbl_baseline_read(&b, scratch_file, &err), &err);
    return b;
}

static size_t regressions(const gbl_baseline *b, const gbl_outcome *now, size_t n_now, int paired)
{
    const char *metrics[64];
    gbl_judged row[64];
    gbl_gate g = {.row = row, .paired = paired, .confidence = 0.95};
    gbl_err err = {0};
    size_t n;
    must(gbl_gate_metrics(metrics, 64, &n, b, NULL, 0, &err), &err);
    must(gbl_gate_add(&g, &b->entry[0], now, n_now, metrics, n, NULL, 0, &err), &err);
    must(gbl_gate_judge(&g, &err), &err);
    assert_int_equal(g.n, 8);
    return g.regressed;
}

/* Groups of seeds, each judged against the group before it, unpaired, and against itself, paired. A hundred of them where time
 * is no matter (CHECK=1, as in make check). */
static void unchanged_passes_a_hundred_times(void **state)
{
    (void)state;
    enum { OURS = GBL_GATE_MORE * SEEDS };
    const size_t times = getenv("CHECK") ? 100 : 25;
    char text[900];
    gbl_origin from = slots(text, sizeof text, 20);
    gbl_outcome *out = calloc(SEEDS + times * OURS, sizeof *out), again[SEEDS];
    assert_non_null(out);
    replicate(out, &from, SEEDS + times * OURS, 1, 0);
    for (size_t i = 0; i < times; i++) {
        gbl_baseline *b = baseline_of(&from, out + i * OURS, (int64_t)(1 + i * OURS));
        assert_int_equal(regressions(b, out + SEEDS + i * OURS, OURS, 0), 0);
        if (i % 10 == 0) {
            replicate(again, &from, SEEDS, (int64_t)(1 + i * OURS), 2);
            assert_int_equal(regressions(b, again, SEEDS, 1), 0);
            gbl_outcomes_fini(again, SEEDS);
        }
        gbl_baseline_free(b);
    }
    gbl_outcomes_fini(out, SEEDS + times * OURS);
    free(out);
}

static void fewer_slots_are_caught_every_time(void **state)
{
    (void)state;
    char text[900], fewer_text[900];
    gbl_origin from = slots(text, sizeof text, 20), fewer = slots(fewer_text, sizeof fewer_text, 18);
    gbl_outcome was[SEEDS], now[SEEDS], other[GBL_GATE_MORE * SEEDS];
    int unpaired = 0;
    for (int i = 0; i < 20; i++) {
        replicate(was, &from, SEEDS, 1000 * i, 0);
        replicate(now, &fewer, SEEDS, 1000 * i, 0);
        replicate(other, &fewer, GBL_GATE_MORE * SEEDS, 1000 * i + 500, 0);
        gbl_baseline *b = baseline_of(&from, was, 1000 * i);
        assert_true(regressions(b, now, SEEDS, 1) > 0);
        unpaired += regressions(b, other, GBL_GATE_MORE * SEEDS, 0) > 0;
        gbl_outcomes_fini(other, GBL_GATE_MORE * SEEDS);
        gbl_baseline *c = baseline_of(&fewer, now, 1000 * i);
        assert_int_equal(regressions(c, was, SEEDS, 1), 0); /* more slots are no regression */
        gbl_baseline_free(b);
        gbl_baseline_free(c);
        gbl_outcomes_fini(was, SEEDS);
        gbl_outcomes_fini(now, SEEDS);
    }
    print_message("# other seeds catch 10 %% fewer slots %d times of 20\n", unpaired);
    assert_true(unpaired >= 16);
}

static void inputs_are_told_apart_from_the_policy(void **state)
{
    (void)state;
    static const struct { const char *set, *differs; } cases[] = {
        {"run.seed=5", ""}, {"name=other", ""}, {"engine.max_num_seqs=3", ""}, {"policy.schedule=prefill_first", ""}, {"engine.runtime=ideal", ""},
        {"trace.rate_scale=2", "trace"}, {"model=llama-2-7b", "model"}, {"cluster.replicas=2", "cluster"}, {"slo.ttft_ms=100", "slo"}, {"run.warmup_s=3", "run"}};
    char text[900];
    gbl_origin from = slots(text, sizeof text, 20);
    gbl_err err = {0};
    gbl_scenario *s;
    gbl_doc *was, *now;
    must(gbl_origin_open(&s, &from, &err), &err);
    must(gbl_inputs_of(&was, s, &err), &err);
    gbl_scenario_free(s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[256];
        from.sets = &cases[i].set;
        from.n_sets = 1;
        must(gbl_origin_open(&s, &from, &err), &err);
        must(gbl_inputs_of(&now, s, &err), &err);
        gbl_inputs_differ(gbl_doc_root(was), gbl_doc_root(now), words, sizeof words);
        assert_string_equal(words, cases[i].differs);
        gbl_doc_free(now);
        gbl_scenario_free(s);
    }
    gbl_doc_free(was);
}

/* ---------------------------------------------------------------- comparing ---- */

static void comparison_says_what_it_rests_on(void **state)
{
    (void)state;
    static const char *const metrics[] = {"e2el_ms.mean", "ttft_ms.p99", "throughput.output_tok_s"};
    char text[900], other[900];
    gbl_compared row[3];
    gbl_err err = {0};
    gbl_origin from = slots(text, sizeof text, 20), to = slots(other, sizeof other, 18);
    gbl_outcome a[SEEDS], b[SEEDS];
    replicate(a, &from, SEEDS, 1, 0);
    replicate(b, &to, SEEDS, 1, 0);
    gbl_comparison c = {.a = a, .b = b, .n = SEEDS, .same_work = 1, .confidence = 0.95};
    must(gbl_compare(row, &c, metrics, 3, &err), &err);
    assert_string_equal(row[0].method, "seeds");
    assert_true(row[0].test.difference.low > 0 && row[0].test.p < 0.001 && row[0].p_adjusted >= row[0].test.p);
    assert_true(row[0].higher > row[0].lower && row[0].higher + row[0].lower <= 1);
    assert_close(row[0].test.difference.mean, row[0].test.b - row[0].test.a, 1e-9);
    c.n = 1; /* one seed: what a replayed trace gives */
    must(gbl_compare(row, &c, metrics, 3, &err), &err);
    assert_string_equal(row[0].method, "requests");
    assert_string_equal(row[1].method, "requests");
    assert_string_equal(row[2].method, "exact");
    assert_true(row[0].test.difference.low < row[0].test.difference.mean && row[0].test.difference.mean < row[0].test.difference.high);
    c.same_work = 0;
    must(gbl_compare(row, &c, metrics, 3, &err), &err);
    assert_string_equal(row[0].method, "exact");
    static const char *const unknown[] = {"ttft_ms.p98"};
    assert_int_equal(gbl_compare(row, &c, unknown, 1, &err), GBL_EINPUT);
    gbl_outcomes_fini(a, SEEDS);
    gbl_outcomes_fini(b, SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(interval_holds_the_truth_of_m_m_1),
                                       cmocka_unit_test(one_run_holds_the_truth_or_is_refused), cmocka_unit_test(an_overload_is_unstable),
                                       cmocka_unit_test(threads_change_no_byte),
                                       cmocka_unit_test(the_first_failure_is_told_and_ends_come_in_order),
                                       cmocka_unit_test(warmup_leaves_the_filling_out),
                                       cmocka_unit_test(unchanged_passes_a_hundred_times),
                                       cmocka_unit_test(fewer_slots_are_caught_every_time),
                                       cmocka_unit_test(inputs_are_told_apart_from_the_policy),
                                       cmocka_unit_test(comparison_says_what_it_rests_on)};
    return cmocka_run_group_tests(tests, write_flat_model, remove_files);
}
