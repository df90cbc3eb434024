/* Random scenarios give the same bytes with holds (O(1) steps) and with --exact (every sequence, every step, the policy asked
 * each time), and keep the conservation laws, which the engine asserts in every run. */
#include "tests/unit/sim_help.h"

#include <unistd.h>

#include "base/random.h"

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261121, 64, run, k) % n; }

/* A trace with shared prefixes: families of conversations that grow, 64-token ids. */
static void write_trace(const char *path, uint64_t run) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    int64_t t = 0;
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t k = 100 + 8 * i, family = pick(run, k, 12), input = 1 + pick(run, k + 1, 1500), output = 1 + pick(run, k + 2, 200);
        t += (int64_t)(pick(run, k + 3, 4) ? pick(run, k + 4, 300) : 0);
        fprintf(f, "{\"timestamp\":%lld,\"input_length\":%llu,\"output_length\":%llu,\"hash_ids\":[", (long long)t, (unsigned long long)input, (unsigned long long)output);
        uint64_t ids = (input + 511) / 512, own = pick(run, k + 5, ids + 1);
        for (uint64_t b = 0; b < ids; b++)
            fprintf(f, "%s%llu", b ? "," : "", (unsigned long long)(b < own ? family * 1000 + b : 1000000 + i * 100 + b));
        fprintf(f, "]}\n");
    }
    fclose(f);
}

static char *run_json(const char *text, int exact, double *fast) {
    gbl_result *r = run_of(text, exact);
    if (fast) *fast = gbl_result_get(r, "sim.steps_fast");
    double bound = gbl_result_get(r, "kv.belady_on_this_order.hit_blocks");
    if (gbl_result_get(r, "kv.preemptions") == 0 && !isnan(bound)) assert_true(gbl_result_get(r, "kv.hits.hit_blocks") <= bound); /* a readmission is a use that no admission counts */
    char *out = without_sim(r);
    gbl_result_free(r);
    return out;
}

/* Tiers for two in three runs that cache: small ones, so that blocks go down, come up, and fall out. */
static const char *tiers_text(uint64_t run, char out[500]) {
    static const char *const evict[] = {"lru", "lru_tail", "fifo", "lfu", "clock", "twoq", "arc", "s3fifo", "sieve", "gdsf", "lec", "leaf_lru", "session", "random"};
    static const char *const prefetch[] = {"off", "queue", "cost", "never", "cachegen"};
    *out = 0;
    if (!pick(run, 12, 3) || !pick(run, 40, 3) || pick(run, 18, 5) == 3) return out;
    int n = snprintf(out, 500, ",\"prefetch\":\"%s\"},\"tiers\":[", prefetch[pick(run, 41, 5)]);
    for (uint64_t i = 0, of = 1 + pick(run, 42, 2); i < of; i++)
        n += snprintf(out + n, 500 - (size_t)n, "%s{\"name\":\"%s\",\"bytes\":%.0f,\"evict\":\"%s\",\"write\":\"%s\",\"promote\":\"%s\",\"layerwise\":%s}", i ? "," : "",
                      i || pick(run, 43, 4) == 0 ? "ssd" : "dram", 3e7 + (double)pick(run, 44 + i, 2000000000), evict[pick(run, 46 + i, 14)], pick(run, 48 + i, 2) ? "back" : "through",
                      pick(run, 50 + i, 2) ? "copy" : "move", pick(run, 52, 2) && pick(run, 41, 5) != 3 ? "true" : "false"); /* "never" loads no layers */
    snprintf(out + n, 500 - (size_t)n, "]");
    return strstr(out, "ssd") && strstr(strstr(out, "ssd") + 1, "ssd") ? "" : out; /* two of one name */
}

static void scenario_text(char *out, size_t size, uint64_t run, const char *trace) {
    static const char *const schedule[] = {"\"chunked\"", "{\"use\":\"chunked\",\"reserve\":\"prompt\"}", "{\"use\":\"chunked\",\"token_budget\":200}", "\"prefill_first\"",
                                           "{\"use\":\"iteration\",\"reserve\":\"request\"}", "{\"use\":\"static\",\"reserve\":\"request\"}", "\"lpm\"", "{\"use\":\"lpm\",\"mixed\":true}", "\"program\"", "\"batchllm\"",
                                           "\"fastswitch\""};
    static const char *const prefix[] = {"\"block\"", "{\"use\":\"block\",\"share\":\"computed\"}", "\"radix\"", "\"chunk\"", "{\"use\":\"radix\",\"share\":\"planned\"}"};
    static const char *const evict[] = {"\"lru\"", "\"lru_tail\"", "\"fifo\"", "\"lfu\"", "\"clock\"", "\"twoq\"", "\"arc\"", "\"s3fifo\"", "\"sieve\"", "\"gdsf\"", "\"lec\"", "\"leaf_lru\"",
                                        "\"session\"", "{\"use\":\"ttl\",\"ttl_s\":3}", "\"random\"", "\"none\"", "{\"use\":\"pin_until\",\"pin_s\":2}", "\"continuum\"", "{\"use\":\"continuum\",\"rule\":\"fixed\"}"};
    static const char *const preempt[] = {"\"recompute\"", "\"swap\"", "{\"use\":\"swap\",\"space_gib\":0.05}"};
    static const char *const runtime[] = {"ideal", "vllm"}, *const route[] = {"round_robin", "least_kv"}, *const model[] = {"llama-3.1-8b", "mistral-7b-v0.1", "gpt-oss-20b"};
    char source[700], tiers[500];
    if (pick(run, 1, 2)) snprintf(source, sizeof source, "{\"file\":\"%s\"}", trace);
    else
        snprintf(source, sizeof source,
                 "{\"generate\":{\"requests\":300,\"arrival\":{\"use\":\"%s\",%s},\"input\":{\"use\":\"uniform\",\"low\":1,\"high\":%d},\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":300}}}",
                 pick(run, 2, 2) ? "poisson" : "closed_loop", pick(run, 2, 2) ? "\"rate_s\":8" : "\"concurrency\":24", pick(run, 3, 2) ? 400 : 3000);
    static const char *const kvmem[] = {"\"paged\"", "{\"use\":\"contiguous\",\"reserve\":\"request\"}", "{\"use\":\"virtual\",\"page_kib\":128}"};
    int bs = pick(run, 4, 3) ? 16 : 64, cached = pick(run, 12, 3) > 0, bounded = cached && pick(run, 18, 5) != 3;
    snprintf(out, size,
             "{\"trace\":%s,\"model\":\"%s\",\"cluster\":{\"replicas\":%d},\"engine\":{\"runtime\":\"%s\",\"max_num_seqs\":%d,\"max_num_batched_tokens\":%d,\"block_size\":%d,\"kv_blocks\":%d},"
             "\"policy\":{\"schedule\":%s,\"preempt\":%s,\"prefix\":%s,\"kvmem\":%s%s%s,\"route\":\"%s\"%s,\"run\":{\"seed\":%d,\"warmup_s\":%d%s,\"belady\":%s}}",
             source, model[pick(run, 16, 3)], 1 + (int)pick(run, 5, 3), runtime[pick(run, 6, 2)], pick(run, 7, 2) ? 256 : 6, pick(run, 8, 2) ? 8192 : 512, bs, (int)(4000 + pick(run, 9, 12000)) / bs,
             schedule[pick(run, 10, 11)], preempt[pick(run, 11, 3)], cached ? prefix[pick(run, 18, 5)] : "\"off\"", kvmem[cached ? 0 : pick(run, 19, 3)], cached ? ",\"evict\":" : "",
             cached ? evict[pick(run, 13, 19)] : "", route[pick(run, 14, 2)], *tiers_text(run, tiers) ? tiers : "}", (int)run, (int)(pick(run, 15, 2) * 5), pick(run, 17, 4) ? "" : ",\"stop_s\":20", bounded ? "true" : "false");
}

static void exact_and_fast_agree(void **state) {
    (void)state;
    char trace[] = "/tmp/gable-exact-XXXXXX", text[3000];
    int fd = mkstemp(trace);
    assert_true(fd >= 0);
    close(fd);
    double held = 0, fast, tiered = 0;
    for (uint64_t run = 0; run < 120; run++) {
        write_trace(trace, run);
        scenario_text(text, sizeof text, run, trace);
        char *a = run_json(text, 0, &fast), *b = run_json(text, 1, NULL), *again = run_json(text, 0, NULL);
        held += fast;
        tiered += strstr(a, "loaded_bytes") && !strstr(a, "\"loaded_bytes\":0,");
        if (strcmp(a, b)) fail_msg("fast and exact differ for\n%s\n%s\n%s", text, a, b);
        assert_string_equal(a, again);
        free(a);
        free(b);
        free(again);
    }
    unlink(trace);
    assert_true(held > 10000); /* the property is not vacuous: holds did happen, and loads */
    assert_true(tiered > 10);
}

#define CROWD "{\"trace\":{\"generate\":{\"requests\":400,\"arrival\":{\"use\":\"poisson\",\"rate_s\":12},\"input\":{\"use\":\"uniform\",\"low\":400,\"high\":1200}," \
              "\"output\":{\"use\":\"uniform\",\"low\":50,\"high\":400}}},\"engine\":{\"kv_blocks\":900},\"policy\":{\"prefix\":\"off\",\"preempt\":\"%s\"}}"

static void pressure_preempts_and_swap_moves_bytes(void **state) {
    (void)state;
    char text[700];
    snprintf(text, sizeof text, CROWD, "swap");
    assert_true(value_of(text, "kv.preemptions") > 0);
    double bytes = value_of(text, "kv.swapped_bytes");
    assert_true(bytes > 0);
    assert_true(fmod(bytes, 2 * 16 * 131072.0) == 0); /* every block that goes out comes back */
    assert_true(value_of(text, "util.pcie_d2h") > 0);
    snprintf(text, sizeof text, CROWD, "recompute");
    assert_true(value_of(text, "kv.preemptions") > 0);
    assert_true(value_of(text, "kv.swapped_bytes") == 0);
}

static void too_long_is_rejected_and_the_run_goes_on(void **state) {
    (void)state;
    static const char text[] = "{\"trace\":{\"generate\":{\"requests\":50,\"arrival\":{\"use\":\"poisson\",\"rate_s\":5},\"input\":{\"use\":\"uniform\",\"low\":10,\"high\":3000},"
                               "\"output\":{\"use\":\"fixed\",\"tokens\":20}}},\"engine\":{\"kv_blocks\":64},\"policy\":{\"prefix\":\"off\"}}";
    assert_true(value_of(text, "requests.rejected") > 5);
    assert_close(value_of(text, "requests.rejected") + value_of(text, "requests.completed"), 50, 0);
}

/* What is stored with a run can be run again: same document, same result. */
static void stored_scenario_runs_again(void **state) {
    (void)state;
    char text[3000];
    for (uint64_t run = 0; run < 12; run++) {
        scenario_text(text, sizeof text, run | 1ull << 32, "traces/samples/chat.jsonl.gz");
        gbl_scenario *s = bound(text);
        char *stored = strdup(gbl_scenario_json(s, 2));
        gbl_scenario_free(s);
        s = bound(stored);
        assert_string_equal(gbl_scenario_json(s, 2), stored);
        gbl_scenario_free(s);
        char *a = run_json(text, 0, NULL), *b = run_json(stored, 0, NULL);
        assert_string_equal(a, b);
        free(a);
        free(b);
        free(stored);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact_and_fast_agree), cmocka_unit_test(stored_scenario_runs_again), cmocka_unit_test(pressure_preempts_and_swap_moves_bytes),
                                       cmocka_unit_test(too_long_is_rejected_and_the_run_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
