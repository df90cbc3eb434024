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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lone_requests), cmocka_unit_test(test_kv_bytes), cmocka_unit_test(test_cannot_run), cmocka_unit_test(test_sobol)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
