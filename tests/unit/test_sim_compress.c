/* A compressed KV cache in the engine: what lies, moves and is shared is what the algebra says, and holds change nothing. */
#include "tests/unit/sim_help.h"

#include <math.h>
#include <unistd.h>

#include "base/random.h"

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261122, 71, run, k) % n; }

/* A number of the tier "dram" in kv.by_tier. */
static double of_dram(const char *text, const char *key) {
    gbl_result *r = run_of(text, 0);
    char name[64];
    char *json = without_sim(r);
    snprintf(name, sizeof name, "\"%s\":", key);
    const char *at = strstr(strstr(json, "\"by_tier\""), "{\"name\":\"dram\"");
    assert_non_null(at);
    assert_non_null(at = strstr(at, name));
    double v = strtod(at + strlen(name), NULL);
    free(json);
    gbl_result_free(r);
    return v;
}

static gbl_arena *arena;
static char trace_path[] = "/tmp/gable-compress-XXXXXX";

static gbl_kv_plan *plan_of(const char *methods, gbl_llm *m) {
    gbl_kv_plan *plan;
    gbl_err err = {0};
    assert_int_equal(gbl_llm_load(m, "llama-2-7b", "", arena, &err), 0);
    if (gbl_kv_plan_text(&plan, methods, m, 2, arena, &err)) fail_msg("%s: %s", methods, err.what);
    return plan;
}

/* ---- prefixes and tiers ---- */

/* Conversations that grow, far apart in time, so that the order of their blocks' use does not hang on speed. */
static void write_trace(uint64_t run, int apart_ms) {
    FILE *f = fopen(trace_path, "w");
    assert_non_null(f);
    int64_t t = 0;
    for (uint64_t i = 0; i < 120; i++) {
        uint64_t k = 100 + 8 * i, family = pick(run, k, 12), input = 1 + pick(run, k + 1, 1500), output = 1 + pick(run, k + 2, 60), ids = (input + 511) / 512, own = pick(run, k + 5, ids + 1);
        t += apart_ms > 1000 ? apart_ms : (int64_t)pick(run, k + 3, (uint64_t)apart_ms);
        fprintf(f, "{\"timestamp\":%lld,\"input_length\":%llu,\"output_length\":%llu,\"hash_ids\":[", (long long)t, (unsigned long long)input, (unsigned long long)output);
        for (uint64_t b = 0; b < ids; b++) fprintf(f, "%s%llu", b ? "," : "", (unsigned long long)(b < own ? family * 1000 + b : 1000000 + i * 100 + b));
        fprintf(f, "]}\n");
    }
    fclose(f);
}

#define SERIAL "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"model\":\"llama-2-7b\",\"engine\":{\"kv_blocks\":%d},\"policy\":{\"compress\":%s}%s}"

static double hits(int blocks, const char *methods, const char *tiers) {
    char text[800];
    snprintf(text, sizeof text, SERIAL, trace_path, blocks, methods, tiers);
    return value_of(text, "kv.hit_tokens");
}

static void codes_are_shared_as_the_tokens_were(void **state) {
    (void)state;
    write_trace(1, 20000);
    double roomy = hits(20000, "[]", "");
    assert_true(roomy > 2000);
    assert_close(hits(20000, "[\"fp8_kv\"]", ""), roomy, 0);
    assert_close(hits(20000, "[\"kivi-2bit\"]", ""), roomy, 0);
    assert_close(hits(20000, "[\"gear\"]", ""), roomy, 0);
    assert_close(hits(20000, "[\"think\"]", ""), 0, 0); /* a prompt's own queries choose its channels */
    double narrow = hits(200, "[]", "");
    assert_true(narrow < roomy);
    assert_close(hits(100, "[\"fp8_kv\"]", ""), narrow, 0); /* half the bytes hold as many */
    assert_true(hits(200, "[\"fp8_kv\"]", "") > narrow);
}

static void tiers_hold_codes(void **state) {
    (void)state;
    char full[800], half[800], keys[][16] = {"written_bytes", "loaded_bytes"};
    write_trace(1, 20000);
    snprintf(full, sizeof full, SERIAL, trace_path, 200, "[]", ",\"tiers\":[{\"name\":\"dram\",\"bytes\":20e9,\"write\":\"through\"}]");
    snprintf(half, sizeof half, SERIAL, trace_path, 100, "[\"fp8_kv\"]", ",\"tiers\":[{\"name\":\"dram\",\"bytes\":10e9,\"write\":\"through\"}]");
    assert_close(value_of(half, "kv.hit_tokens"), value_of(full, "kv.hit_tokens"), 0);
    assert_close(of_dram(half, "hit_tokens"), of_dram(full, "hit_tokens"), 0);
    for (int i = 0; i < 2; i++) {
        double bytes = of_dram(full, keys[i]);
        assert_true(bytes > 0);
        assert_close(of_dram(half, keys[i]), bytes / 2, 0);
    }
}

/* ---- what moves ---- */

#define SPLIT "{\"trace\":{\"generate\":{\"requests\":30,\"arrival\":{\"use\":\"poisson\",\"rate_s\":3},\"input\":{\"use\":\"fixed\",\"tokens\":%d},\"output\":{\"use\":\"fixed\",\"tokens\":40}}}," \
              "\"model\":\"llama-2-7b\",\"cluster\":{\"pools\":[{\"name\":\"p\",\"hardware\":\"h100-sxm\",\"role\":\"prefill\"},{\"name\":\"d\",\"hardware\":\"h100-sxm\",\"role\":\"decode\"}]}," \
              "\"policy\":{\"prefix\":\"off\",\"compress\":%s}}"

static void a_prompt_is_handed_over_in_codes(void **state) {
    (void)state;
    static const char *const methods[] = {"fp8_kv", "kivi-2bit", "gear", "snapkv{cap=300}", "cskv", "mikv"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        for (int input = 333; input <= 1333; input += 500) {
            char text[1000], quoted[64];
            gbl_llm m;
            gbl_kv_plan *plan = plan_of(methods[i], &m);
            snprintf(quoted, sizeof quoted, "\"%s\"", methods[i]);
            snprintf(text, sizeof text, SPLIT, input, quoted);
            assert_close(value_of(text, "network.bytes"), 30 * (double)gbl_kv_paged_q8(plan, input, input, 16) / 256, 1e-12);
            gbl_kv_plan_free(plan);
        }
}

/* Of a sequence at n, out and in again; 0 where n is no context of it. */
static double swapped(const gbl_kv_plan *plan, int64_t n) { return n ? 2 * (double)gbl_kv_paged_q8(plan, 1024, n, 16) / 256 : 0; }

/* Two requests that one pool cannot hold to their ends: one is swapped out and in, once or (where a flush of the other's residue makes
 * room for a moment) twice. What moved is twice what the algebra says of the contexts that it had. */
static void a_swap_moves_codes(void **state) {
    (void)state;
    static const char *const methods[] = {"fp8_kv", "kivi-2bit", "snapkv{cap=600}"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        gbl_llm m;
        gbl_kv_plan *plan = plan_of(methods[i], &m);
        double full = gbl_kv_full_bytes(plan, 16);
        int64_t room = (int64_t)ceil(2.0 * (double)gbl_kv_paged_bytes(plan, 1024, 1590, 16) / full);
        int64_t whole = (1024 + 600 + 15) / 16 + 1; /* where a prompt stands whole before it shrinks */
        int found = 0;
        char text[900];
        if (room < whole && plan->peak_when >= 0) room = whole;
        snprintf(text, sizeof text,
                 "{\"trace\":{\"generate\":{\"requests\":2,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":5},\"input\":{\"use\":\"fixed\",\"tokens\":1024},\"output\":{\"use\":\"fixed\",\"tokens\":600}}},"
                 "\"model\":\"llama-2-7b\",\"engine\":{\"kv_blocks\":%lld},\"policy\":{\"prefix\":\"off\",\"preempt\":\"swap\",\"compress\":\"%s\"}}", (long long)room, methods[i]);
        double moved = value_of(text, "kv.swapped_bytes"), times = value_of(text, "kv.preemptions");
        assert_true(times == 1 || times == 2);
        for (int64_t n = 1400; n < 1624; n++)
            for (int64_t then = times == 2 ? n : 0; then < (times == 2 ? 1624 : 1); then++) found |= fabs(moved - swapped(plan, n) - swapped(plan, then)) < 1;
        if (!found) fail_msg("%s: %.0f bytes were swapped, which is not twice those of any context", methods[i], moved);
        gbl_kv_plan_free(plan);
    }
}

/* ---- holds ---- */

static void scenario_text(char *out, size_t size, uint64_t run) {
    static const char *const methods[] = {"fp8_kv", "kivi-2bit", "gear", "cq-8c8b-window", "mikv", "snapkv{cap=100}", "h2o", "streamingllm{cap=200}", "cskv", "minicache", "matryoshkakv", "think",
                                          "snapkv{cap=300},think,gear", "cskv,minicache", "streamingllm{cap=200},kivi-4bit", "snapkv,kivi-4bit,minicache{overlap=0.8}", "compress_kv_heads,int4_kv",
                                          "h2o,fp8_kv"};
    static const char *const schedule[] = {"chunked", "prefill_first", "iteration", "static", "lpm", "priority"}, *const preempt[] = {"recompute", "swap"}, *const prefix[] = {"block", "off", "radix"},
                             *const model[] = {"llama-2-7b", "llama-3.1-8b"}, *const runtime[] = {"vllm", "ideal", "hf_eager"};
    static const int blocks[] = {110, 250, 900}, seqs[] = {4, 32, 128}, tokens[] = {512, 2048, 8192};
    const char *method = methods[run % (sizeof methods / sizeof *methods)];
    char source[300], tiers[200] = "", pools[300] = "";
    if (pick(run, 1, 2)) snprintf(source, sizeof source, "{\"file\":\"%s\",\"format\":\"mooncake\"}", trace_path);
    else
        snprintf(source, sizeof source, "{\"generate\":{\"requests\":90,\"arrival\":{\"use\":\"poisson\",\"rate_s\":%d},\"input\":{\"use\":\"uniform\",\"low\":50,\"high\":1500},\"output\":{\"use\":\"uniform\",\"low\":2,\"high\":300}}}",
                 pick(run, 2, 2) ? 4 : 20);
    if (strstr("fp8_kv int4_kv", method) && pick(run, 3, 3)) snprintf(tiers, sizeof tiers, ",\"tiers\":[{\"name\":\"dram\",\"bytes\":2e9}]");
    else if (!pick(run, 4, 3)) snprintf(pools, sizeof pools, "\"cluster\":{\"pools\":[{\"name\":\"p\",\"hardware\":\"h100-sxm\",\"role\":\"prefill\"},{\"name\":\"d\",\"hardware\":\"h100-sxm\",\"role\":\"decode\"}]},");
    snprintf(out, size,
             "{\"trace\":%s,\"model\":\"%s\",%s\"engine\":{\"runtime\":\"%s\",\"max_num_seqs\":%d,\"max_num_batched_tokens\":%d,\"block_size\":%d,\"kv_blocks\":%d},"
             "\"policy\":{\"schedule\":\"%s\",\"preempt\":\"%s\",\"prefix\":\"%s\",\"compress\":\"%s\"}%s,\"run\":{\"seed\":%d}}",
             source, model[pick(run, 5, 2)], pools, runtime[pick(run, 6, 3)], seqs[pick(run, 7, 3)], tokens[pick(run, 8, 3)], pick(run, 9, 2) ? 16 : 32, blocks[pick(run, 10, 3)],
             schedule[pick(run, 11, 6)], preempt[pick(run, 12, 2)], prefix[*tiers ? 0 : pick(run, 13, 3)], method, tiers, (int)run);
}

/* Random compositions under random engines: the same bytes with holds and with every sequence and step by itself. The engine
 * asserts its conservation laws in each. */
static void exact_and_fast_agree(void **state) {
    (void)state;
    double held = 0, preempted = 0, served = 0;
    int ran = 0;
    for (uint64_t run = 0; run < 36; run++) {
        char text[2000];
        write_trace(run, 300);
        scenario_text(text, sizeof text, run);
        gbl_result *a = agreed(text);
        if (!a) continue; /* what the engine refuses (pools too small for a peak, options that do not go together) */
        ran++;
        held += gbl_result_get(a, "sim.steps_fast");
        preempted += gbl_result_get(a, "kv.preemptions");
        served += gbl_result_get(a, "requests.completed");
        gbl_result_free(a);
    }
    assert_true(ran >= 20 && held > 5000 && preempted > 20 && served > 1000); /* not vacuous */
}

static int make(void **state) {
    (void)state;
    int fd = mkstemp(trace_path);
    if (fd >= 0) close(fd);
    return fd < 0 || !(arena = gbl_arena_new());
}

static int drop(void **state) {
    (void)state;
    unlink(trace_path);
    gbl_arena_free(arena);
    return 0;
}

/* A method that keeps everything changes nothing, whatever the runtime and however prompts and decodes mix. */
static void nothing_done_is_nothing_changed(void **state) {
    (void)state;
    static const char *const runtimes[] = {"vllm", "ideal", "hf_eager"};
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++) {
        double v[2][3];
        for (int k = 0; k < 2; k++) {
            char text[1024];
            snprintf(text, sizeof text,
                     "{\"gable\":\"scenario/1\",\"model\":\"llama-2-7b\",\"engine\":{\"runtime\":\"%s\"},\"trace\":{\"generate\":{\"requests\":60,\"arrival\":{\"use\":\"poisson\",\"rate_s\":6},"
                     "\"input\":{\"use\":\"uniform\",\"low\":300,\"high\":3000},\"output\":{\"use\":\"uniform\",\"low\":20,\"high\":200}}},\"policy\":{\"prefix\":\"off\",\"compress\":%s}}",
                     runtimes[i], k ? "[{\"use\":\"snapkv\",\"cap\":100000}]" : "[]");
            gbl_result *r = run_of(text, 0);
            v[k][0] = gbl_result_get(r, "tpot_ms.mean");
            v[k][1] = gbl_result_get(r, "ttft_ms.mean");
            v[k][2] = gbl_result_get(r, "kv.peak_blocks");
            gbl_result_free(r);
        }
        for (int m = 0; m < 3; m++) assert_close(v[1][m], v[0][m], 1e-9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_done_is_nothing_changed), cmocka_unit_test(codes_are_shared_as_the_tokens_were), cmocka_unit_test(tiers_hold_codes), cmocka_unit_test(a_prompt_is_handed_over_in_codes),
                                       cmocka_unit_test(a_swap_moves_codes), cmocka_unit_test(exact_and_fast_agree)};
    return cmocka_run_group_tests_name("sim_compress", tests, make, drop);
}
