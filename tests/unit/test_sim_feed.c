/* Prompts that the host makes in pieces: times worked by hand, videos that share the host, random scenarios. */
#include "tests/unit/sim_help.h"

#include "base/random.h"

#define VIDEOS "{\"trace\":{\"generate\":{\"requests\":%d,\"arrival\":{\"use\":\"closed_loop\",\"concurrency\":%d},\"input\":{\"use\":\"fixed\",\"tokens\":8192},\"output\":{\"use\":\"fixed\",\"tokens\":1}}}," \
               "\"engine\":{\"runtime\":\"ideal\",\"max_num_batched_tokens\":1024},\"policy\":{\"prefix\":\"off\",\"execute\":%s}}"
static double ttft(int videos, const char *execute) {
    char text[900];
    snprintf(text, sizeof text, VIDEOS, videos, videos, execute);
    return value_of(text, "ttft_ms.max") / 1e3;
}

static void times_by_hand(void **state) {
    (void)state;
    double whole = ttft(1, "\"serial\""); /* 8 chunks of 1,024, of about 10 ms each */
    assert_close(ttft(1, "{\"use\":\"quickvideo\",\"overlap\":false}"), 12.6 + whole, 1e-9);
    /* groups come faster than they are computed: the first one's time, then the GPU's */
    assert_close(ttft(1, "{\"use\":\"quickvideo\",\"groups\":8,\"first_s\":1,\"decode_s\":1}"), 1 + whole, 1e-9);
    /* slower: all groups' times, then the last group */
    double last = ttft(1, "{\"use\":\"quickvideo\",\"groups\":8,\"first_s\":2,\"decode_s\":16}") - 16;
    assert_true(last > whole / 10 && last < whole / 5);
    /* others in proportion */
    assert_close(ttft(1, "{\"use\":\"quickvideo\",\"groups\":8,\"first_s\":2,\"decode_s\":9,\"tokens\":4096}") - 16, last, 1e-9);
    /* one group is the whole prompt; more groups than tokens are as many as tokens */
    assert_close(ttft(1, "{\"use\":\"quickvideo\",\"groups\":1,\"first_s\":3,\"decode_s\":3}"), 3 + whole, 1e-9);
    assert_true(ttft(1, "{\"use\":\"quickvideo\",\"groups\":65536,\"first_s\":0,\"decode_s\":0}") >= whole - 1e-9);
}

static void videos_share_the_host(void **state) {
    (void)state;
    double whole = ttft(1, "\"serial\"");
    double eight = ttft(8, "{\"use\":\"quickvideo\",\"groups\":1,\"first_s\":100,\"decode_s\":100}"), sixteen = ttft(16, "{\"use\":\"quickvideo\",\"groups\":1,\"first_s\":100,\"decode_s\":100}");
    assert_close(eight, 100 + 8 * whole, 1e-2);
    assert_close(sixteen, 200 + 16 * whole, 1e-2); /* 16 of an eighth each take twice as long */
    assert_close(ttft(16, "{\"use\":\"quickvideo\",\"groups\":1,\"first_s\":100,\"decode_s\":100,\"host_share\":0}"), 100 + 16 * whole, 1e-2);
}

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261121, 78, run, k) % n; }

static void random_scenarios_agree(void **state) {
    (void)state;
    static const char *const schedule[] = {"chunked", "prefill_first", "lpm", "shortest", "iteration"}, *const preempt[] = {"recompute", "swap"};
    static const char *const compress[] = {"", ",\"compress\":\"quickvideo\"", ",\"compress\":\"snapkv\"", ",\"compress\":\"kivi-4bit\""};
    double preempted = 0;
    for (uint64_t run = 0; run < 60; run++) {
        char text[1600];
        snprintf(text, sizeof text,
                 "{\"trace\":{\"generate\":{\"requests\":60,\"tenants\":2,\"arrival\":{\"use\":\"poisson\",\"rate_s\":20},\"input\":{\"use\":\"uniform\",\"low\":1,\"high\":700},\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":200}}},"
                 "\"model\":\"llama-2-7b\",\"cluster\":{\"replicas\":%d},\"engine\":{\"kv_blocks\":%d,\"max_num_batched_tokens\":%d,\"max_num_seqs\":%d,\"max_model_len\":1000},"
                 "\"policy\":{\"execute\":{\"use\":\"quickvideo\",\"first_s\":%s,\"decode_s\":1.5,\"groups\":%d,\"overlap\":%s,\"tenant\":%s},\"schedule\":\"%s\",\"preempt\":\"%s\"%s},\"run\":{\"seed\":%d%s}}",
                 1 + (int)pick(run, 1, 2), pick(run, 2, 2) ? 70 : 400, pick(run, 3, 2) ? 256 : 8192, pick(run, 4, 2) ? 64 : 5, pick(run, 5, 2) ? "0" : "0.3", pick(run, 6, 2) ? 5 : 64, pick(run, 7, 3) ? "true" : "false",
                 pick(run, 8, 2) ? "0" : "null", schedule[pick(run, 9, 5)], preempt[pick(run, 10, 2)], compress[pick(run, 11, 4)], (int)run, pick(run, 12, 4) ? "" : ",\"stop_s\":3");
        gbl_result *r = agreed(text);
        assert_non_null(r);
        preempted += gbl_result_get(r, "kv.preemptions");
        if (!strstr(text, "stop_s")) assert_close(gbl_result_get(r, "requests.completed") + gbl_result_get(r, "requests.rejected"), 60, 0);
        gbl_result_free(r);
    }
    assert_true(preempted > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_by_hand), cmocka_unit_test(videos_share_the_host), cmocka_unit_test(random_scenarios_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
