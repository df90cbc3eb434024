/* Schedulers of published systems: groups that share a beginning are served together, and priorities that change put requests
 * out and bring them back. */
#include "tests/unit/sim_help.h"

#include <unistd.h>

enum { MOST = 16 };
static int64_t first_ns[MOST];
static char trace_path[] = "/tmp/gable-published-XXXXXX";

static int keep(void *to, const gbl_life *life, gbl_err *err) {
    (void)to, (void)err;
    first_ns[life->serial] = life->first_ns;
    return 0;
}

static gbl_result *run_text(const char *text, int exact) {
    gbl_run_options opt = {.exact = exact, .progress = GBL_PROGRESS_OFF, .on_request = keep};
    return run_with(text, &opt);
}
static double number(gbl_result *r, const char *name) { return gbl_result_get(r, name); }

/* ---- batchllm ---- */

/* Nine requests of three groups in turn: two ids of 512 tokens are a group's, the third is a request's own. */
static void write_groups(const int output[3]) {
    FILE *f = fopen(trace_path, "w");
    assert_non_null(f);
    for (int i = 0; i < 9; i++)
        fprintf(f, "{\"timestamp\":0,\"input_length\":1536,\"output_length\":%d,\"hash_ids\":[%d,%d,%d]}\n", output[i % 3], 10 * (i % 3), 10 * (i % 3) + 1, 100 + i);
    fclose(f);
}

static gbl_result *run_groups(const char *schedule) {
    char text[600];
    snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"max_num_seqs\":2,\"kv_blocks\":220},\"policy\":{\"schedule\":\"%s\"}}", trace_path, schedule);
    return run_text(text, 0);
}

/* No first token of a group before the last first token of the group before it. */
static void check_order(const int group[3]) {
    for (int k = 0; k + 1 < 3; k++)
        for (int i = group[k]; i < 9; i += 3)
            for (int j = group[k + 1]; j < 9; j += 3) assert_true(first_ns[i] <= first_ns[j]);
}

static void groups_are_served_to_their_end(void **state) {
    (void)state;
    write_groups((const int[]){20, 20, 20});
    gbl_result *fcfs = run_groups("chunked"), *r = run_groups("batchllm");
    check_order((const int[]){0, 1, 2});
    assert_close(number(r, "kv.hit_tokens"), 6 * 1024, 0); /* each beginning is computed once */
    assert_true(number(fcfs, "kv.hit_tokens") < 3 * 1024);
    gbl_result_free(fcfs);
    gbl_result_free(r);
}

static void decode_heavy_groups_go_first(void **state) {
    (void)state;
    write_groups((const int[]){10, 30, 20});
    gbl_result *r = run_groups("batchllm");
    check_order((const int[]){1, 2, 0});
    gbl_result_free(r);
}

/* ---- fastswitch ---- */

static gbl_result *run_switch(const char *schedule, const char *tiers, int exact) {
    char text[900];
    snprintf(text, sizeof text,
             "{\"trace\":{\"generate\":{\"requests\":6,\"arrival\":{\"use\":\"closed_loop\",\"concurrency\":6},\"input\":{\"use\":\"fixed\",\"tokens\":800},\"output\":{\"use\":\"fixed\",\"tokens\":400},"
             "\"shared_prefix\":{\"groups\":6,\"tokens\":16}}},\"engine\":{\"kv_blocks\":160},\"policy\":{\"preempt\":\"swap\",\"schedule\":{\"use\":\"fastswitch\",%s}},\"tiers\":[%s]}",
             schedule, tiers);
    return run_text(text, exact);
}

/* Room for two of six. Constant priorities put nobody out but for want of blocks; drawn anew every ten steps they do, often. What
 * stays below is not written again. */
static void priorities_change_who_runs(void **state) {
    (void)state;
    gbl_result *still = run_switch("\"frequency\":0", "", 0), *turns = run_switch("\"frequency\":0.1", "", 0);
    gbl_result *copies = run_switch("\"frequency\":0.1", "{\"name\":\"dram\",\"bytes\":1e10}", 0);
    assert_close(number(still, "requests.completed"), 6, 0);
    assert_close(number(turns, "requests.completed"), 6, 0);
    assert_close(number(copies, "requests.completed"), 6, 0);
    assert_true(number(still, "kv.preemptions") <= 6);
    assert_true(number(turns, "kv.preemptions") > 4 * number(still, "kv.preemptions") + 20);
    assert_true(number(copies, "kv.swapped_bytes") / number(copies, "kv.preemptions") < 0.8 * number(turns, "kv.swapped_bytes") / number(turns, "kv.preemptions"));
    gbl_result_free(still);
    gbl_result_free(turns);
    gbl_result_free(copies);
}

static void a_priority_that_is_kept_is_constant(void **state) {
    (void)state;
    gbl_result *still = run_switch("\"frequency\":0", "", 0), *kept = run_switch("\"frequency\":0.1,\"pattern\":\"markov\",\"keep\":1", "", 0), *exact = run_switch("\"frequency\":0", "", 1);
    assert_close(number(kept, "kv.preemptions"), number(still, "kv.preemptions"), 0);
    assert_close(number(kept, "duration_s"), number(still, "duration_s"), 0);
    assert_close(number(exact, "duration_s"), number(still, "duration_s"), 0);
    gbl_result_free(still);
    gbl_result_free(kept);
    gbl_result_free(exact);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(groups_are_served_to_their_end), cmocka_unit_test(decode_heavy_groups_go_first), cmocka_unit_test(priorities_change_who_runs),
                                       cmocka_unit_test(a_priority_that_is_kept_is_constant)};
    int fd = mkstemp(trace_path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(trace_path);
    return failed;
}
