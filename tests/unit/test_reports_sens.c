/* Elasticities where theory knows them, and what cannot matter is exactly nothing. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/sens.h"

enum { TTFT_P50, TTFT_P99, TPOT_P50, TPOT_P99, E2E, TOKENS, GOODPUT };

static char path[] = "/tmp/gable-sens-XXXXXX";

static gbl_sens solve(const char *text, int64_t sobol, int workers)
{
    static gbl_sens s;
    gbl_err err = {0};
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    gbl_sens_ask ask = {.path = path, .seed = GBL_NULL_INT, .sobol = sobol, .step = 0.1, .workers = workers};
    if (gbl_sens_solve(&s, &ask, &err)) fail_msg("%s (%s)", err.what, err.where);
    return s;
}

/* One request at a time, perfect machine, long outputs: time is bytes over bandwidth. */
#define LONE "{\"trace\": {\"generate\": {\"requests\": 20, \"arrival\": {\"use\": \"deterministic\", \"rate_s\": 0.01}, \"input\": {\"use\": \"fixed\", \"tokens\": 64}, " \
             "\"output\": {\"use\": \"fixed\", \"tokens\": 1000}}}, \"engine\": {\"runtime\": \"ideal\"}, \"slo\": {\"ttft_ms\": 1e6, \"tpot_ms\": null}}"

static void test_lone_requests(void **state)
{
    (void)state;
    gbl_sens s = solve(LONE, 0, 1);
    assert_close(s.elasticity[GBL_IN_HBM_BANDWIDTH][TPOT_P50], -1, 0.005);
    assert_close(s.elasticity[GBL_IN_HBM_BANDWIDTH][E2E], -1, 0.005);
    assert_close(s.elasticity[GBL_IN_OUTPUT_LENGTH][E2E], 1, 0.01);
    assert_close(s.elasticity[GBL_IN_ARRIVAL_RATE][TOKENS], 1, 0.02);
    static const int none[] = {GBL_IN_PCIE, GBL_IN_NVLINK, GBL_IN_DRAM, GBL_IN_SSD, GBL_IN_HOST_TIME, GBL_IN_HBM_SIZE};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        for (int m = 0; m < GBL_SENS_METRICS; m++) assert_true(s.elasticity[none[i]][m] == 0);
    assert_true(s.elasticity[GBL_IN_ARRIVAL_RATE][E2E] == 0); /* they never meet */
    assert_true(s.elasticity[GBL_IN_BURSTINESS][E2E] == 0);   /* equal gaps stay equal */
    assert_int_equal(s.runs, 25);
}

/* KV bytes take time in decodes and room in memory; under vllm both are seen. */
static void test_kv_bytes(void **state)
{
    (void)state;
    gbl_sens s = solve("{\"trace\": {\"generate\": {\"requests\": 60, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 40}, \"input\": {\"use\": \"fixed\", \"tokens\": 8000}, "
                       "\"output\": {\"use\": \"fixed\", \"tokens\": 200}}}}", 0, 2);
    assert_true(s.elasticity[GBL_IN_KV_BYTES][TPOT_P50] > 0.1);
    assert_true(s.elasticity[GBL_IN_HOST_TIME][E2E] > 0);
    assert_true(s.elasticity[GBL_IN_SM_FLOPS][TTFT_P50] < -0.3);
    gbl_sens one = solve("{\"trace\": {\"generate\": {\"requests\": 60, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 40}, \"input\": {\"use\": \"fixed\", \"tokens\": 8000}, "
                         "\"output\": {\"use\": \"fixed\", \"tokens\": 200}}}}", 0, 1);
    assert_memory_equal(one.elasticity, s.elasticity, sizeof s.elasticity); /* workers change nothing */
}

/* A closed loop of one client: the time of a request is that of its output, whatever its distribution, and throughput is not. */
static void test_closed_output(void **state)
{
    (void)state;
    static char csv[] = "/tmp/gable-sens-csv-XXXXXX";
    static const char *const output[] = {"{\"use\": \"fixed\", \"tokens\": 400}", "{\"use\": \"uniform\", \"low\": 300, \"high\": 500}", "{\"use\": \"lognormal\", \"mu\": 6, \"sigma\": 0.3, \"high\": 4000}",
                                         "{\"use\": \"geometric\", \"mean\": 400}", "{\"use\": \"histogram\", \"file\": \"%s\"}", "{\"use\": \"file\", \"file\": \"%s\"}"};
    int fd = mkstemp(csv);
    assert_true(fd >= 0 && write(fd, "tokens,weight\n300,1\n500,2\n", 26) == 26 && close(fd) == 0);
    for (size_t k = 0; k < sizeof output / sizeof *output; k++) {
        char length[256], text[900];
        snprintf(length, sizeof length, output[k], csv);
        snprintf(text, sizeof text, "{\"trace\": {\"generate\": {\"requests\": 200, \"arrival\": {\"use\": \"closed_loop\", \"concurrency\": 1}, \"input\": {\"use\": \"fixed\", \"tokens\": 64}, \"output\": %s}},"
                                    "\"engine\": {\"runtime\": \"ideal\"}}", length);
        gbl_sens s = solve(text, 0, 2);
        print_message("# %s: %.4f\n", output[k], s.elasticity[GBL_IN_OUTPUT_LENGTH][E2E]);
        assert_close(s.elasticity[GBL_IN_OUTPUT_LENGTH][E2E], 1, 0.03);
        assert_string_equal(s.note[GBL_IN_OUTPUT_LENGTH], "");
        assert_false(s.used[GBL_IN_BURSTINESS]);
    }
    unlink(csv);
}

/* Long contexts, one at a time: a decode reads weights and KV, so the KV's elasticity is its share of the bytes. And twice the
 * bytes leave room for half the tokens. */
static void test_kv_share(void **state)
{
    (void)state;
    gbl_sens s = solve("{\"trace\": {\"generate\": {\"requests\": 3, \"arrival\": {\"use\": \"deterministic\", \"rate_s\": 0.001}, \"input\": {\"use\": \"fixed\", \"tokens\": 100000}, "
                       "\"output\": {\"use\": \"fixed\", \"tokens\": 100}}}, \"engine\": {\"runtime\": \"ideal\"}}", 0, 2);
    double kv = 100050.0 * 131072, weights = 2.0 * (8030261248.0 - 128256.0 * 4096); /* llama-3.1-8b; one row of the embedding */
    print_message("# KV bytes %.4f, their share of a step's bytes %.4f\n", s.elasticity[GBL_IN_KV_BYTES][TPOT_P50], kv / (kv + weights));
    assert_close(s.elasticity[GBL_IN_KV_BYTES][TPOT_P50], kv / (kv + weights), 0.01);
    gbl_scenario *one, *two;
    gbl_cost *a, *b;
    gbl_err err = {0};
    assert_int_equal(gbl_scenario_open(&one, path, NULL, 0, &err), 0);
    assert_int_equal(gbl_scenario_open(&two, path, NULL, 0, &err), 0);
    two->kv_scale = 2;
    assert_int_equal(gbl_scenario_cost(one, 0, &a, &err), 0);
    assert_int_equal(gbl_scenario_cost(two, 0, &b, &err), 0);
    assert_close((double)gbl_cost_kv_blocks(a) / (double)gbl_cost_kv_blocks(b), 2, 0.001);
    assert_close(gbl_cost_context_switch_s(b, 100000) / gbl_cost_context_switch_s(a, 100000), 2, 0.01);
    assert_close(gbl_cost_kv_bytes_per_token(b), 2 * gbl_cost_kv_bytes_per_token(a), 0);
    gbl_cost_free(a);
    gbl_cost_free(b);
    gbl_scenario_free(one);
    gbl_scenario_free(two);
}

/* A tail that almost fills the memory: what does not fit with 10 % less says so. */
static void test_cannot_run(void **state)
{
    (void)state;
    gbl_sens s = solve("{\"model\": \"llama-2-13b\", \"cluster\": {\"hardware\": \"a100-40-sxm\"}, \"engine\": {\"memory_utilization\": 0.65, \"max_num_batched_tokens\": 512},"
                       "\"trace\": {\"generate\": {\"requests\": 10, \"output\": {\"use\": \"fixed\", \"tokens\": 8}, \"input\": {\"use\": \"fixed\", \"tokens\": 8}}}}", 0, 1);
    assert_true(isnan(s.elasticity[GBL_IN_HBM_SIZE][E2E]));
    assert_non_null(strstr(s.note[GBL_IN_HBM_SIZE], "does not fit"));
    assert_true(s.elasticity[GBL_IN_HBM_BANDWIDTH][E2E] < 0);
}

/* Lone requests hang on bandwidth and output length; with an almost linear answer the indices add up to one. */
static void test_sobol(void **state)
{
    (void)state;
    gbl_sens s = solve(LONE, 128, 2);
    double sum = 0;
    for (int i = 0; i < GBL_INPUTS; i++) sum += s.sobol[i][E2E];
    assert_close(sum, 1, 0.25);
    assert_close(s.sobol[GBL_IN_HBM_BANDWIDTH][E2E], 0.5, 0.4);
    assert_close(s.sobol[GBL_IN_OUTPUT_LENGTH][E2E], 0.5, 0.4);
    assert_close(s.sobol[GBL_IN_HBM_BANDWIDTH][TPOT_P50], 1, 0.25);
    assert_true(s.sobol[GBL_IN_NVLINK][E2E] == 0);
    double low = s.sobol_low[GBL_IN_HBM_BANDWIDTH][TPOT_P50], high = s.sobol_high[GBL_IN_HBM_BANDWIDTH][TPOT_P50];
    assert_true(low < 1 && high > 1 && high - low < 0.6); /* it holds the truth, and says something */
}

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lone_requests), cmocka_unit_test(test_kv_bytes), cmocka_unit_test(test_kv_share), cmocka_unit_test(test_closed_output), cmocka_unit_test(test_cannot_run), cmocka_unit_test(test_sobol)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
