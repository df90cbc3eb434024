/* Steps of other than one token: counts worked by hand, conservation and equality under random scenarios, preemption. */
#include "tests/unit/sim_help.h"

#include "base/random.h"

/* One request alone. */
#define LONE "{\"trace\":{\"generate\":{\"requests\":1,\"input\":{\"use\":\"fixed\",\"tokens\":%d},\"output\":{\"use\":\"fixed\",\"tokens\":%d}}},\"model\":\"%s\"," \
             "\"engine\":{\"runtime\":\"ideal\",\"block_size\":1},\"policy\":{\"execute\":%s%s}}"
static double lone(int in, int out, const char *model, const char *execute, const char *more, const char *name) {
    char text[900];
    snprintf(text, sizeof text, LONE, in, out, model, execute, more);
    return value_of(text, name);
}

static void counts_by_hand(void **state) {
    (void)state;
    /* 256 positions, 4 a step: 64 steps, the first of which is the prompt's */
    assert_close(lone(100, 256, "llada-8b", "{\"use\":\"denoise\",\"tokens\":4}", "", "sim.steps"), 64, 0);
    assert_close(lone(100, 256, "llada-8b", "{\"use\":\"denoise\",\"tokens\":4}", "", "itl_ms.n"), 63, 0);
    assert_close(lone(100, 256, "llada-8b", "\"denoise\"", "", "kv.peak_blocks"), 100, 0);   /* the prompt's; nothing is cached */
    assert_close(lone(100, 256, "llada-8b", "\"dkv_cache\"", "", "kv.peak_blocks"), 356, 0); /* prompt and output */
    assert_close(lone(100, 255, "llada-8b", "{\"use\":\"dkv_cache\",\"tokens\":4}", "", "sim.steps"), 64, 0);
    assert_close(value_of("{\"trace\":{\"generate\":{\"requests\":1,\"input\":{\"use\":\"fixed\",\"tokens\":100},\"output\":{\"use\":\"fixed\",\"tokens\":256}}},\"model\":\"mamba-2.8b\","
                          "\"engine\":{\"runtime\":\"ideal\"},\"policy\":{\"execute\":{\"use\":\"dkv_cache\",\"tokens\":4}}}", "sim.steps"), 64, 0); /* no attention, no KV, no blocks */
    /* grids: 13 steps, the last of which keeps nothing */
    assert_close(lone(1, 10521, "llama-3.1-8b", "\"scales\"", "", "sim.steps"), 13, 0);
    assert_close(lone(1, 10521, "llama-3.1-8b", "\"scales\"", "", "kv.peak_blocks"), 6425, 0);
    assert_close(lone(1, 680, "llama-3.1-8b", "{\"use\":\"scales\",\"images\":\"var-256\"}", "", "kv.peak_blocks"), 680 - 256, 0);
    assert_close(lone(1, 10521, "llama-3.1-8b", "\"scales\"", "", "requests.completed"), 1, 0);
    /* 15,000 tokens are 22 images of 680 and one that is drawn whole; each takes the room of the one before */
    assert_close(lone(1, 15000, "infinity-2b", "{\"use\":\"scales\",\"images\":\"var-256\"}", "", "sim.steps"), 23 * 10, 0);
    assert_close(lone(1, 15000, "infinity-2b", "{\"use\":\"scales\",\"images\":\"var-256\"}", "", "kv.peak_blocks"), 680 - 256, 0);
    assert_close(lone(1, 13, "infinity-2b", "\"scales\"", "", "sim.steps"), 13, 0);
    assert_close(lone(1, 2, "infinity-2b", "\"scales\"", "", "sim.steps"), 13, 0);
}

/* What a step computes is what the formulas say: FLOPs of the layers in sum. 2 x (parameters without the embedding) a token and row. */
static void work_by_hand(void **state) {
    (void)state;
    double P = 100, G = 128, layers = 2 * 32.0 * (4 * 4096.0 * 4096 + 3 * 4096.0 * 12288), head = 2 * 126464.0 * 4096, pair = 4 * 32.0 * 4096;
    static const char *const use[] = {"\"denoise\"", "\"dkv_cache\"", "{\"use\":\"dkv_cache\",\"variant\":\"pd\",\"refresh\":4}", "{\"use\":\"dkv_cache\",\"variant\":\"greedy\",\"refresh\":2}", "{\"use\":\"freecache\",\"block\":32}"};
    for (int v = 0; v < 5; v++) {
        double rows = 0, pairs = 0;
        for (int t = 0; t < 128; t++) {
            int frozen = t / 32 * 32;
            double all = P + G, some = G - t + 1;
            double q = v == 0 || t == 0 ? all : v == 1 ? (t % 8 ? some : all) : v == 2 ? (t % 4 ? some : G) : v == 3 ? (t % 2 ? 6 : all) : G - frozen;
            rows += q;
            pairs += q * (P + G);
        }
        char text[900];
        snprintf(text, sizeof text, LONE, 100, 128, "llada-8b", use[v], "");
        gbl_result *r = run_of(text, 0);
        double want = (layers + head) * rows + pair * pairs;
        assert_close(gbl_result_get(r, "mfu") * gbl_result_get(r, "duration_s") * 989.4e12, want, 2e-3);
        gbl_result_free(r);
    }
}

/* Attention that goes both ways computes a prompt whole, with the output behind it: whatever the budget, and as any later step that computes all. */
static void first_step_as_the_later(void **state) {
    (void)state;
    static const char budget[] = "{\"trace\":{\"generate\":{\"requests\":1,\"input\":{\"use\":\"fixed\",\"tokens\":3000},\"output\":{\"use\":\"fixed\",\"tokens\":8}}},"
        "\"model\":\"llada-8b\",\"engine\":{\"runtime\":\"ideal\",\"max_num_batched_tokens\":%d},\"policy\":{\"execute\":\"denoise\"}}";
    char text[900];
    double first = lone(150, 256, "llada-8b", "\"denoise\"", "", "ttft_ms.max");
    assert_close(first, lone(150, 256, "llada-8b", "\"denoise\"", "", "itl_ms.p50"), 1e-6);
    for (int most = 256; most <= 8192; most *= 32) {
        snprintf(text, sizeof text, budget, most);
        assert_close(value_of(text, "sim.steps"), 8, 0);
        assert_close(value_of(text, "ttft_ms.max"), value_of(text, "itl_ms.p50"), 1e-6);
    }
}

#define SMASH ",\"compress\":\"hamburger{tokens=2}\""
static void several_tokens_a_step(void **state) {
    (void)state;
    char text[900];
    /* p + steps KV tokens, exactly: one a step, and none for the first */
    double steps = lone(1024, 4096, "llama-3.2-1b", "\"hamburger\"", SMASH, "sim.steps");
    assert_close(lone(1024, 4096, "llama-3.2-1b", "\"hamburger\"", SMASH, "kv.peak_blocks"), 1024 + steps - 1, 0);
    assert_close(lone(1024, 4096, "llama-3.2-1b", "\"hamburger\"", SMASH, "itl_ms.n"), steps - 1, 0);
    snprintf(text, sizeof text,
             "{\"trace\":{\"generate\":{\"requests\":200,\"arrival\":{\"use\":\"closed_loop\",\"concurrency\":1},\"input\":{\"use\":\"fixed\",\"tokens\":8},\"output\":{\"use\":\"fixed\",\"tokens\":1000}}},"
             "\"model\":\"llama-3.2-1b\",\"policy\":{\"execute\":\"hamburger\",\"compress\":\"hamburger{tokens=2.25}\"}}");
    assert_close(200e3 / value_of(text, "sim.steps"), 2.25, 0.01);
}

/* Depths of 1 to 4, each as often: two and a half runs a token, and KV as of any decode. */
static void recursions_one_by_one(void **state) {
    (void)state;
    static const char more[] = ",\"compress\":\"mor{recursions=4}\"";
    char text[900];
    assert_close(lone(50, 200, "smollm-360m", "\"mor\"", more, "itl_ms.n"), 199, 0);
    assert_close(lone(50, 200, "smollm-360m", "\"mor\"", more, "kv.peak_blocks"), lone(50, 200, "smollm-360m", "\"serial\"", more, "kv.peak_blocks"), 0);
    snprintf(text, sizeof text,
             "{\"trace\":{\"generate\":{\"requests\":100,\"arrival\":{\"use\":\"closed_loop\",\"concurrency\":1},\"input\":{\"use\":\"fixed\",\"tokens\":8},\"output\":{\"use\":\"fixed\",\"tokens\":401}}},"
             "\"model\":\"smollm-360m\",\"policy\":{\"execute\":\"mor\",\"compress\":\"mor{recursions=4}\"}}");
    assert_close((value_of(text, "sim.steps") - 100) / 40000, 2.5, 0.01);
}

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261121, 77, run, k) % n; }

static void random_scenario(char *out, size_t size, uint64_t run) {
    static const char *const use[] = {"\"serial\"", "\"denoise\"", "{\"use\":\"denoise\",\"tokens\":3,\"tenant\":1}", "\"dkv_cache\"", "{\"use\":\"dkv_cache\",\"variant\":\"greedy\",\"tenant\":0}", "\"freecache\"",
                                      "{\"use\":\"freecache\",\"accept\":3.5,\"guide\":0.2,\"tenant\":1}", "{\"use\":\"scales\",\"images\":\"var-256\",\"tenant\":2}", "\"hamburger\"", "\"mor\""};
    static const char *const schedule[] = {"chunked", "prefill_first", "lpm", "shortest"}, *const preempt[] = {"recompute", "swap"};
    static const char *const compress[] = {"", ",\"compress\":\"fp8_kv\"", ",\"compress\":\"streamingllm\"", ",\"compress\":\"kivi-4bit\""};
    uint64_t how = pick(run, 1, 10);
    snprintf(out, size,
             "{\"trace\":{\"generate\":{\"requests\":60,\"tenants\":3,\"arrival\":{\"use\":\"poisson\",\"rate_s\":20},\"input\":{\"use\":\"uniform\",\"low\":1,\"high\":500},\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":300}}},"
             "\"model\":\"llama-2-7b\",\"cluster\":{\"replicas\":%d},\"engine\":{\"kv_blocks\":%d,\"block_size\":%d,\"max_num_batched_tokens\":%d,\"max_num_seqs\":%d},"
             "\"policy\":{\"execute\":%s,\"schedule\":\"%s\",\"preempt\":\"%s\"%s},\"run\":{\"seed\":%d%s}}",
             1 + (int)pick(run, 2, 2), pick(run, 3, 2) ? 70 : 400, pick(run, 4, 2) ? 16 : 32, pick(run, 5, 2) ? 256 : 8192, pick(run, 6, 2) ? 64 : 5, use[how], schedule[pick(run, 7, 4)], preempt[pick(run, 8, 2)],
             how == 8 ? ",\"compress\":\"hamburger\"" : how == 9 ? ",\"compress\":\"mor\"" : compress[pick(run, 9, 4)], (int)run, pick(run, 10, 4) ? "" : ",\"stop_s\":3");
}

/* The engine asserts its accounts in each run; here bytes with and without holds, and everybody served. */
static void random_scenarios_agree(void **state) {
    (void)state;
    double preempted = 0, held = 0;
    for (uint64_t run = 0; run < 60; run++) {
        char text[1600];
        random_scenario(text, sizeof text, run);
        gbl_result *r = agreed(text);
        assert_non_null(r);
        preempted += gbl_result_get(r, "kv.preemptions");
        held += gbl_result_get(r, "sim.steps_fast");
        if (!strstr(text, "stop_s")) assert_close(gbl_result_get(r, "requests.completed") + gbl_result_get(r, "requests.rejected"), 60, 0);
        gbl_result_free(r);
    }
    assert_true(preempted > 20);
    assert_true(held > 50); /* those who decode are held where they are alone */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_by_hand), cmocka_unit_test(work_by_hand), cmocka_unit_test(first_step_as_the_later), cmocka_unit_test(several_tokens_a_step), cmocka_unit_test(recursions_one_by_one), cmocka_unit_test(random_scenarios_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
