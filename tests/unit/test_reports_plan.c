/* Plans: bounds and bisection find what brute force finds, in a tenth of the runs; what is called nearest is feasible. */
#include "tests/unit/plan_help.h"

#include <signal.h>

#include "reports/farm.h"

/* ---------------------------------------------------------------- fleets ---- */

static void same_as_brute_force(const char *text)
{
    answer quick = solve(text), brute = solve_with(text, 1, 1);
    assert_int_equal(brute.code, 0);
    char *a = part(&quick, "best.choices"), *b = part(&brute, "best.choices");
    assert_string_equal(word(&quick, "verdict"), "feasible");
    assert_non_null(a);
    assert_non_null(b);
    assert_string_equal(a, b);
    assert_true(num(&quick, "best.usd_h") == num(&brute, "best.usd_h"));
    assert_true(num(&brute, "runs") == num(&brute, "grid"));
    if (num(&quick, "runs") * 10 > num(&quick, "grid")) fail_msg("%g runs of a grid of %g", num(&quick, "runs"), num(&quick, "grid"));
    assert_true(num(&quick, "bound.usd_h") <= num(&quick, "best.usd_h"));
    gbl_free(a);
    gbl_free(b);
    gbl_doc_free(quick.doc);
    gbl_doc_free(brute.doc);
}

static void test_fleet_small(void **state)
{
    (void)state;
    same_as_brute_force("{\"gable\": \"plan/1\", \"scenario\": {\"trace\": " TRACE "}, \"find\": \"fleet\", \"replications\": 1,"
                        "\"slo\": {\"ttft_ms\": 400, \"tpot_ms\": 25, \"attain\": 0.95}, \"choices\": {"
                        "\"cluster.hardware\": [\"l40s\", \"a100-80-sxm\", \"h100-sxm\"], \"cluster.tp\": [1, 2], \"engine.max_num_batched_tokens\": [1024, 8192],"
                        "\"cluster.replicas\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}}");
}

static void test_fleet_azure(void **state)
{
    (void)state;
    if (access("../shared/traces/AzureLLMInferenceTrace_code.csv", R_OK) != 0) {
        print_message("no Azure code trace here\n");
        skip();
    }
    char folder[1024], text[2048];
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(text, sizeof text,
             "{\"gable\": \"plan/1\", \"scenario\": {\"trace\": {\"file\": \"%s/../shared/traces/AzureLLMInferenceTrace_code.csv\", \"limit\": 1500}}, \"find\": \"fleet\","
             "\"slo\": {\"ttft_ms\": 500, \"tpot_ms\": 30, \"attain\": 0.99}, \"choices\": {\"cluster.hardware\": [\"l40s\", \"a100-80-sxm\", \"h100-sxm\"],"
             "\"cluster.tp\": [1, 2], \"engine.max_num_batched_tokens\": [2048, 8192], \"cluster.replicas\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}}",
             folder);
    same_as_brute_force(text);
}

/* Weights that do not fit are no error but a pruned combination, with the reason. */
static void test_fleet_pruned(void **state)
{
    (void)state;
    answer a = solve("{\"gable\": \"plan/1\", \"scenario\": {\"model\": \"llama-3.1-70b\", \"trace\": " TRACE "}, \"find\": \"fleet\", \"replications\": 1,"
                     "\"slo\": {\"ttft_ms\": 3000, \"tpot_ms\": 100, \"attain\": 0.9}, \"choices\": {\"cluster.tp\": [1, 4, 3], \"cluster.replicas\": [1, 2, 3, 4]}}");
    assert_string_equal(word(&a, "verdict"), "feasible");
    assert_true(num(&a, "best.gpus") == 4 * num(&a, "best.replicas"));
    assert_non_null(strstr(word(&a, "pruned.0.reason"), "does not fit"));
    assert_non_null(strstr(word(&a, "pruned.2.reason"), "does not divide"));
    assert_true(num(&a, "accounts.cannot_run") == 8);
    assert_accounts(&a);
    gbl_doc_free(a.doc);
}

/* ---------------------------------------------------------------- rates ---- */

#define RATE(slo, more) "{\"gable\": \"plan/1\", \"scenario\": {\"trace\": " TRACE "}, \"replications\": 2, \"slo\": " slo more "}"

static void test_rate(void **state)
{
    (void)state;
    const char *text = RATE("{\"ttft_ms\": 500, \"tpot_ms\": 25, \"attain\": 0.95}", ", \"granularity\": 0.05");
    answer a = solve(text), b = solve_with(text, 2, 0);
    assert_string_equal(word(&a, "verdict"), "feasible");
    double k = log(num(&a, "best.rate_s")) / log(1.05);
    assert_close(k, round(k), 1e-9); /* on the grid */
    assert_true(num(&a, "best.rate_s") < num(&a, "bound.rate_s"));
    assert_true(num(&a, "best.slo_attainment") >= 0.95);
    assert_true(num(&a, "runs") <= 30);
    char *one = part(&a, "best"), *two = part(&b, "best");
    assert_string_equal(one, two); /* workers change nothing */
    gbl_free(one);
    gbl_free(two);
    gbl_doc_free(b.doc);
    /* A stricter SLO can only lower the rate. */
    b = solve(RATE("{\"ttft_ms\": 500, \"tpot_ms\": 15, \"attain\": 0.95}", ", \"granularity\": 0.05"));
    assert_true(num(&b, "best.rate_s") <= num(&a, "best.rate_s"));
    gbl_doc_free(a.doc);
    gbl_doc_free(b.doc);
}

/* What is named as the nearest feasible SLO is feasible. */
static void test_infeasible(void **state)
{
    (void)state;
    answer a = solve(RATE("{\"ttft_ms\": 4, \"tpot_ms\": 25, \"attain\": 0.95}", ""));
    assert_string_equal(word(&a, "verdict"), "infeasible");
    assert_string_equal(word(&a, "binding.constraint"), "ttft_ms");
    assert_true(num(&a, "nearest_slo.ttft_ms") > 4);
    assert_true(num(&a, "nearest_slo.tpot_ms") == 25);
    char text[1024], *slo = part(&a, "nearest_slo");
    snprintf(text, sizeof text, "{\"gable\": \"plan/1\", \"scenario\": {\"trace\": " TRACE "}, \"replications\": 2, \"slo\": %s}", slo);
    answer b = solve(text);
    assert_string_equal(word(&b, "verdict"), "feasible");
    gbl_free(slo);
    gbl_doc_free(a.doc);
    gbl_doc_free(b.doc);
}

/* Requests that no machine of the choices takes: the context binds, and no other bound would help. */
static void test_context(void **state)
{
    (void)state;
    answer a = solve(RATE("{\"ttft_ms\": 1e6, \"tpot_ms\": null}", ", \"choices\": {\"engine.max_model_len\": [300]}"));
    assert_string_equal(word(&a, "verdict"), "infeasible");
    assert_string_equal(word(&a, "binding.constraint"), "context");
    assert_int_equal(gbl_node_kind(gbl_node_get(gbl_doc_root(a.doc), "nearest_slo")), GBL_NULL);
    gbl_doc_free(a.doc);
}

/* Without any bound on latency a rate ends where the queue grows, near what the machine completes at most. */
static void test_unstable(void **state)
{
    (void)state;
    answer a = solve("{\"gable\": \"plan/1\", \"scenario\": {\"engine\": {\"max_num_seqs\": 4}, \"trace\": {\"generate\": {\"requests\": 2000, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 1},"
                     "\"input\": {\"use\": \"fixed\", \"tokens\": 100}, \"output\": {\"use\": \"fixed\", \"tokens\": 100}}}}, \"replications\": 2,"
                     "\"slo\": {\"ttft_ms\": null, \"tpot_ms\": null}}");
    assert_string_equal(word(&a, "verdict"), "feasible");
    assert_string_equal(word(&a, "binding.constraint"), "throughput");
    assert_string_equal(word(&a, "binding.resource"), "batch slots");
    /* Four slots, each busy for a request's time in a batch of four. */
    double most = 4 / ((num(&a, "best.e2el_ms.p50") - num(&a, "best.queue_ms.p50")) * 1e-3);
    assert_close(num(&a, "best.rate_s"), most, 0.12);
    gbl_doc_free(a.doc);
}

/* Statistics as bounds; where they are given, the scenario's default bounds on each request are none. */
static void test_statistics(void **state)
{
    (void)state;
    answer a = solve(RATE("{\"tpot_p99_ms\": 20}", ", \"granularity\": 0.05"));
    assert_true(num(&a, "best.tpot_ms.p99") <= 20);
    assert_true(isnan(num(&a, "slo.ttft_ms")));
    assert_string_equal(word(&a, "binding.constraint"), "tpot_p99_ms");
    gbl_doc_free(a.doc);
    a = solve(RATE("{\"itl_ms\": 40}", ", \"rule\": \"sarathi\""));
    assert_true(num(&a, "slo.itl_p99_ms") == 40 && num(&a, "slo.queue_p50_ms") == 2000);
    assert_true(num(&a, "best.itl_ms.p99") <= 40);
    assert_true(num(&a, "best.queue_ms.p50") <= 2000);
    assert_true(num(&a, "best.scenario.trace.generate.requests") == 2048);
    gbl_doc_free(a.doc);
}

static void test_bad_documents(void **state)
{
    (void)state;
    static const struct { const char *text, *what; } bad[] = {
        {"[]", "a plan is a JSON object"},
        {"{\"gable\": \"sweep/1\"}", "this is a 'sweep/1' document"},
        {"{\"find\": \"rates\"}", NULL},
        {"{\"choices\": {\"trace.limit\": [1]}}", "'trace.limit' is no choice: it belongs to the question"},
        {"{\"choices\": {\"cluster.tp\": []}}", "the choices of 'cluster.tp' are no list"},
        {"{\"find\": \"fleet\", \"choices\": {\"cluster.replicas\": [0]}}", "0 replicas cannot be"},
        {"{\"slo\": {\"ttft_p98_ms\": 3}}", NULL},
        {"{\"slo\": {\"ttft_p99_ms\": -3}}", "ttft_p99_ms is below zero"},
        {"{\"scenario\": {\"trace\": {\"generate\": {\"requests\": 9, \"arrival\": {\"use\": \"closed_loop\", \"concurrency\": 2}}}}}", "a closed loop has no arrival rate to look for"},
        {"{\"choices\": {\"cluster.hardware\": [\"h1000\"]}}", NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answer a = solve_with(bad[i].text, 1, 0);
        if (a.code != GBL_EINPUT) fail_msg("%s: code %d", bad[i].text, a.code);
        if (bad[i].what) assert_string_equal(a.err.what, bad[i].what);
    }
}

/* ---------------------------------------------------------------- the farm ---- */

static int square(void *ctx, size_t i, void *out, gbl_err *err)
{
    const int *mode = ctx;
    *(double *)out = (double)(i * i);
    if (*mode == 1 && i >= 5) return gbl_fail(err, GBL_EINPUT, "job %zu", i);
    if (*mode == 2 && i == 3) raise(SIGKILL);
    if (*mode == 3 && i == 4) usleep(50000);
    if (*mode == 3 && i >= 4) return gbl_fail(err, GBL_EINPUT, "job %zu", i);
    return 0;
}

static void test_farm(void **state)
{
    (void)state;
    double v[40];
    gbl_err err = {0};
    for (int workers = 1; workers <= 3; workers++) {
        int mode = 0;
        memset(v, 0, sizeof v);
        assert_int_equal(gbl_farm(square, &mode, 40, workers, sizeof *v, v, NULL, &err), 0);
        for (int i = 0; i < 40; i++) assert_true(v[i] == (double)i * i);
        mode = 1;
        assert_int_equal(gbl_farm(square, &mode, 40, workers, sizeof *v, v, NULL, &err), GBL_EINPUT);
        assert_string_equal(err.what, "job 5"); /* the first, whoever was faster */
        mode = 3;
        assert_int_equal(gbl_farm(square, &mode, 40, workers, sizeof *v, v, NULL, &err), GBL_EINPUT);
        assert_string_equal(err.what, "job 4"); /* and surely was not */
        volatile int stop = SIGTERM;
        assert_int_equal(gbl_farm(square, &mode, 40, workers, sizeof *v, v, &stop, &err), GBL_ETERM);
    }
    int mode = 2;
    assert_int_equal(gbl_farm(square, &mode, 40, 2, sizeof *v, v, NULL, &err), GBL_EFAULT);
    assert_string_equal(err.what, "a worker died of signal 9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fleet_small), cmocka_unit_test(test_fleet_azure), cmocka_unit_test(test_fleet_pruned),
        cmocka_unit_test(test_rate),        cmocka_unit_test(test_infeasible),  cmocka_unit_test(test_context),     cmocka_unit_test(test_statistics), cmocka_unit_test(test_unstable),
        cmocka_unit_test(test_bad_documents), cmocka_unit_test(test_farm),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
