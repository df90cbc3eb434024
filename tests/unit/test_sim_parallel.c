/* Replicas of several GPUs and every runtime, through the engine: the same bytes with holds and with --exact, and what more GPUs
 * must bring. */
#include "tests/unit/sim_help.h"

static void scenario(char *out, size_t size, const char *model, const char *cluster, const char *runtime, double rate) {
    snprintf(out, size,
             "{\"trace\":{\"generate\":{\"requests\":250,\"arrival\":{\"use\":\"poisson\",\"rate_s\":%g},\"input\":{\"use\":\"uniform\",\"low\":1,\"high\":1500},"
             "\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":200}}},\"model\":\"%s\",\"cluster\":{\"hardware\":\"h100-sxm\",%s},\"engine\":{\"runtime\":\"%s\"}}",
             rate, model, cluster, runtime);
}

static void exact_and_fast_agree(void **state) {
    static const struct { const char *model, *cluster, *runtime; } rows[] = {
        {"llama-3.1-8b", "\"pp\":2", "vllm"},           {"llama-3.1-8b", "\"pp\":5", "ideal"},         {"llama-3.1-70b", "\"tp\":4,\"pp\":4", "vllm"},
        {"llama-3.1-8b", "\"tp\":16", "vllm"},          {"gpt-oss-20b", "\"dp\":4,\"ep\":4", "vllm"},  {"gpt-oss-20b", "\"dp\":2", "sglang"},
        {"gpt-oss-20b", "\"tp\":2,\"ep\":2,\"pp\":2", "trtllm"}, {"gpt-oss-20b", "\"dp\":16,\"ep\":16", "vllm"}, {"mistral-7b-v0.1", "\"tp\":2,\"pp\":3", "vllm-v0"},
        {"llama-3.1-8b", "\"tp\":1", "hf_eager"},       {"llama-3.1-8b", "\"tp\":2", "flexgen"},       {"qwen3-30b-a3b", "\"tp\":2,\"dp\":4,\"ep\":8", "vllm"}};
    char text[900];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scenario(text, sizeof text, rows[i].model, rows[i].cluster, rows[i].runtime, 6);
        gbl_result *r = agreed(text);
        assert_non_null(r);
        gbl_result_free(r);
    }
}

/* Four stages under load: more KV, shorter queues, more tokens a second than one GPU; at low load no faster than it. */
static void a_pipeline_is_for_throughput(void **state) {
    char one[900], four[900];
    (void)state;
    scenario(one, sizeof one, "llama-3.1-8b", "\"pp\":1", "vllm", 60);
    scenario(four, sizeof four, "llama-3.1-8b", "\"pp\":4", "vllm", 60);
    assert_true(value_of(four, "duration_s") < value_of(one, "duration_s"));
    assert_true(value_of(four, "kv.capacity_blocks") > 4 * value_of(one, "kv.capacity_blocks"));
    scenario(one, sizeof one, "llama-3.1-8b", "\"pp\":1", "vllm", 0.05);
    scenario(four, sizeof four, "llama-3.1-8b", "\"pp\":4", "vllm", 0.05);
    assert_close(value_of(four, "tpot_ms.p50"), value_of(one, "tpot_ms.p50"), 0.02);
    assert_true(value_of(four, "tpot_ms.p50") > value_of(one, "tpot_ms.p50"));
    assert_true(value_of(four, "util.hbm") < value_of(one, "util.hbm") / 3);
}

static void networks_are_used_between_nodes(void **state) {
    char text[900];
    (void)state;
    scenario(text, sizeof text, "gpt-oss-20b", "\"dp\":16,\"ep\":16", "vllm", 6);
    assert_true(value_of(text, "util.network") > 0);
    scenario(text, sizeof text, "gpt-oss-20b", "\"dp\":8,\"ep\":8", "vllm", 6);
    assert_close(value_of(text, "util.network"), 0, 0);
    assert_true(value_of(text, "util.nvlink") > 0);
}

static void runtimes_change_the_answer(void **state) {
    static const char *const names[] = {"ideal", "sglang", "vllm", "vllm-v0", "hf_eager"};
    char text[900];
    double before = 0;
    (void)state;
    for (int i = 0; i < 5; i++) {
        scenario(text, sizeof text, "llama-3.1-8b", "\"tp\":1", names[i], 1);
        double now = value_of(text, "tpot_ms.p50");
        assert_true(now > before);
        before = now;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact_and_fast_agree), cmocka_unit_test(a_pipeline_is_for_throughput),
                                       cmocka_unit_test(networks_are_used_between_nodes), cmocka_unit_test(runtimes_change_the_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
