/* Replicas that come and go: paid while held, cold when they return, nobody lost, and asked at every step the same. */
#include "tests/unit/sim_help.h"

static gbl_result *scaled(const char *scale, int replicas, double rate, int exact) {
    char text[1024];
    snprintf(text, sizeof text,
             "{\"gable\":\"scenario/1\",\"trace\":{\"generate\":{\"requests\":1500,\"arrival\":{\"use\":\"gamma\",\"rate_s\":%g,\"cv\":5},"
             "\"input\":{\"use\":\"uniform\",\"low\":200,\"high\":1500},\"output\":{\"use\":\"uniform\",\"low\":20,\"high\":300}}},"
             "\"cluster\":{\"replicas\":%d},\"policy\":{\"route\":\"least_requests\",\"scale\":%s}}",
             rate, replicas, scale);
    return run_of(text, exact);
}

#define QUICK "{\"use\":\"threshold\",\"delay_s\":5,\"interval_s\":1,\"calm_s\":5,\"up_queue\":1}"

static void held_is_paid(void **state) {
    (void)state;
    gbl_result *all = scaled("\"fixed\"", 6, 10, 0), *some = scaled(QUICK, 6, 10, 0);
    double span_h = gbl_result_get(all, "cost.usd") / 6, held = gbl_result_get(some, "scale.replicas_mean");
    assert_true(held > 1 && held < 5);
    assert_close(gbl_result_get(some, "cost.usd"), span_h * held * gbl_result_get(some, "duration_s") / gbl_result_get(all, "duration_s"), 1e-9);
    assert_close(gbl_result_get(some, "scale.gpu_h"), held * gbl_result_get(some, "duration_s") / 3600, 1e-9);
    assert_true(gbl_result_get(some, "scale.started") > 0 && gbl_result_get(some, "scale.given_back") > 0);
    assert_true(gbl_result_get(some, "ttft_ms.p99") > gbl_result_get(all, "ttft_ms.p99")); /* nothing comes for nothing */
    assert_close(gbl_result_get(some, "requests.completed"), 1500, 0);
    gbl_result_free(all);
    gbl_result_free(some);
}

static void a_delay_that_is_longer_serves_worse(void **state) {
    (void)state;
    gbl_result *soon = scaled(QUICK, 6, 25, 0), *late = scaled("{\"use\":\"threshold\",\"delay_s\":40,\"interval_s\":1,\"calm_s\":5,\"up_queue\":1}", 6, 25, 0);
    assert_true(gbl_result_get(late, "ttft_ms.p99") > gbl_result_get(soon, "ttft_ms.p99"));
    gbl_result_free(soon);
    gbl_result_free(late);
}

static void one_replica_is_fixed(void **state) { /* nothing to add: the same run but for what is said of scaling */
    (void)state;
    static const char *const same[] = {"ttft_ms.p99", "e2el_ms.mean", "kv.token_seconds", "cost.usd", "energy.joule", "util.hbm"};
    gbl_result *a = scaled("\"fixed\"", 1, 2, 0), *b = scaled("\"threshold\"", 1, 2, 0);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) assert_close(gbl_result_get(a, same[i]), gbl_result_get(b, same[i]), 1e-12);
    gbl_result_free(a);
    gbl_result_free(b);
}

static void holds_are_exact(void **state) {
    (void)state;
    gbl_result *fast = scaled(QUICK, 4, 15, 0), *exact = scaled(QUICK, 4, 15, 1);
    static const char *const same[] = {"ttft_ms.mean", "itl_ms.mean", "e2el_ms.max", "scale.replicas_mean", "kv.token_seconds", "energy.joule"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) assert_true(gbl_result_get(fast, same[i]) == gbl_result_get(exact, same[i]));
    gbl_result_free(fast);
    gbl_result_free(exact);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(held_is_paid), cmocka_unit_test(a_delay_that_is_longer_serves_worse),
                                       cmocka_unit_test(one_replica_is_fixed), cmocka_unit_test(holds_are_exact)};
    return cmocka_run_group_tests_name("sim_scale", tests, NULL, NULL);
}
