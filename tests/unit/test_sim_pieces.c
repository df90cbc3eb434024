/* KV that policies in C count piece by piece: bytes, steps and holds in the engine are what the pieces say. */
#include "tests/unit/sim_help.h"

#include <math.h>

#include "base/random.h"
#include "models/compress.h"

static gbl_arena *arena;

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261121, 72, run, k) % n; }

/* ---- bytes and work of pieces ---- */

static gbl_kv_plan *beneath(const char *list, const char *model, gbl_doc **doc) {
    gbl_kv_plan *plan;
    gbl_llm m;
    gbl_err err = {0};
    assert_int_equal(gbl_llm_load(&m, model, "", arena, &err), 0);
    assert_int_equal(gbl_doc_parse(doc, "list", list, strlen(list), &err), 0);
    if (gbl_kv_plan_beneath(&plan, gbl_doc_root(*doc), gbl_node_first(gbl_doc_root(*doc)), &m, 2, "", arena, &err)) fail_msg("%s", err.what);
    return plan;
}

/* Llama-2-7B: 32 layers, 32 heads of 128: 512 bytes a token, layer and head in 16 bits. */
static void pieces_weigh_what_their_tokens_do(void **state) {
    (void)state;
    gbl_doc *doc;
    gbl_kv_plan *plan = beneath("[\"locret\"]", "llama-2-7b", &doc);
    const gbl_kv_piece p[2] = {{.layers = 32, .heads = 16, .hbm = 100, .dram = 60, .read = 70, .up = 20, .down = 3, .index = 5},
                               {.layers = 32, .heads = 16, .hbm = 33, .read = 33, .keys = 10, .queries = 1, .ranked = 40, .gathered = 7, .products = 11, .flops = 9}};
    assert_int_equal(gbl_kv_pieces_q8(plan, p, 2, 16), 256LL * 512 * ((112 + 48) * 512 + 5 * 256)); /* whole pages; an index of K alone */
    gbl_kv_read r = gbl_kv_pieces_read(plan, p, 2);
    assert_int_equal(r.bytes_q8, 256LL * 512 * 512 * 103);
    assert_int_equal(r.link_q8, 256LL * 512 * 512 * 20);
    assert_int_equal(r.attended, 512 * 103);
    assert_int_equal(r.quantised, 0);
    gbl_kv_toll t = gbl_kv_pieces_toll(plan, p, 2);
    assert_int_equal(t.down_q8, 256LL * 512 * 512 * 3);
    assert_int_equal(t.dram_q8, 256LL * 512 * 512 * 60);
    assert_int_equal(t.bytes_q8, 256LL * 512 * (10 * 256 + 40 * 6 + 7 * 2 * 512));
    assert_int_equal(t.tensor_flops, 512LL * (2 * 128 * 10 + 11));
    assert_int_equal(t.vector_flops, 512 * 9);
    const gbl_kv_piece chunk[2] = {{.layers = 32, .heads = 16, .read = 1000}, {.layers = 32, .heads = 16, .read = 100, .within = 50}};
    assert_int_equal(gbl_kv_pieces_before(chunk, 2, 1), 550);
    /* of 200 queries: 200 x 1000 + 20,100 pairs, and 200 x 100 + 50 x 51 / 2 + 150 x 50 */
    assert_int_equal(gbl_kv_pieces_before(chunk, 2, 200), ((200 * 1100 + 20100 + 1275 + 7500) / 2 - 20100) / 200);
    assert_true(gbl_kv_pieces_before(chunk + 1, 1, 2000) < 0);
    gbl_kv_plan_free(plan);
    gbl_doc_free(doc);
    plan = beneath("[\"locret\", \"int8_kv\"]", "llama-2-7b", &doc);
    assert_true(gbl_kv_pieces_read(plan, p, 2).bytes_q8 * 2 >= r.bytes_q8 && gbl_kv_pieces_read(plan, p, 2).bytes_q8 * 2 < r.bytes_q8 * 11 / 10); /* codes and their scales */
    assert_int_equal(gbl_kv_pieces_read(plan, p, 2).quantised, 512 * 103);
    gbl_kv_plan_free(plan);
    gbl_doc_free(doc);
}

/* ---- what is not done changes nothing ---- */

#define STREAM "\"trace\":{\"generate\":{\"requests\":60,\"arrival\":{\"use\":\"poisson\",\"rate_s\":6},\"input\":{\"use\":\"uniform\",\"low\":300,\"high\":3000}," \
               "\"output\":{\"use\":\"uniform\",\"low\":20,\"high\":200}}}"

static void a_policy_that_keeps_all_changes_nothing(void **state) {
    (void)state;
    static const char *const all[] = {"[]", "[{\"use\":\"locret\",\"budget\":1000000,\"head_width\":1}]", "[{\"use\":\"alisa\",\"ratio\":1}]"};
    static const char *const runtimes[] = {"vllm", "ideal", "hf_eager"}, *const names[] = {"tpot_ms.mean", "ttft_ms.mean", "kv.peak_blocks", "mbu"};
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++) {
        double v[3][4];
        for (int k = 0; k < 3; k++) {
            char text[1024];
            snprintf(text, sizeof text, "{\"model\":\"llama-2-7b\",\"engine\":{\"runtime\":\"%s\",\"kv_blocks\":100000,\"max_num_seqs\":8}," STREAM ",\"policy\":{\"prefix\":\"off\",\"compress\":%s}}", runtimes[i], all[k]);
            gbl_result *r = run_of(text, 0);
            for (int m = 0; m < 4; m++) v[k][m] = gbl_result_get(r, names[m]);
            gbl_result_free(r);
        }
        for (int m = 0; m < 4; m++) {
            assert_close(v[1][m], v[0][m], 0.01); /* its score of each token is computed all the same */
            assert_close(v[2][m], v[0][m], m == 2 ? 0 : 1e-9);
        }
    }
}

/* ---- what each policy is about ---- */

#define ONE(input, output) "\"trace\":{\"generate\":{\"requests\":1,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":1},\"input\":{\"use\":\"fixed\",\"tokens\":" #input "}," \
                           "\"output\":{\"use\":\"fixed\",\"tokens\":" #output "}}}"

/* A prompt of 20,000 in chunks of 2,000 under a budget of 4,096: most is held by a chunk in the middle, 4,096 and 2,000. */
static void locret_holds_its_budget_and_a_chunk(void **state) {
    (void)state;
    assert_close(value_of("{\"model\":\"llama-3.1-8b\",\"engine\":{\"max_num_batched_tokens\":2000,\"kv_blocks\":4000}," ONE(20000, 20) ",\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"locret\",\"budget\":4096}]}}",
                           "kv.peak_blocks"), (4096 + 2000) / 16, 0);
}

/* A prompt of 2,000 in 16 chunks of 125 and 100 further tokens, all of it in host memory: a chunk fetches what is before it, a step the 2,000
 * and more before its own token, and most is held as the last token is computed: one layer of 32 whole. */
static void alisa_fetches_what_it_attends_and_holds_a_layer_of_it(void **state) {
    (void)state;
    static const char text[] = "{\"model\":\"llama-2-7b\",\"engine\":{\"runtime\":\"ideal\",\"block_size\":1,\"max_num_batched_tokens\":%d}," ONE(2000, 101) ",\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"alisa\",\"ratio\":1,\"offload\":1}]}}";
    char pieces[1000], whole[1000];
    snprintf(pieces, sizeof pieces, text, 125);
    snprintf(whole, sizeof whole, text, 4000);
    double token = 512.0 * 1024, decodes = 100 * 2000 + 99 * 100 / 2, chunks = 125 * (15 * 16 / 2);
    assert_close(value_of(whole, "kv.fetched_bytes"), decodes * token, 0);
    assert_close(value_of(pieces, "kv.fetched_bytes"), (decodes + chunks) * token, 0);
    assert_close(value_of(whole, "kv.peak_blocks"), ceil(2100 / 32.0), 0);
    assert_true(value_of(pieces, "ttft_ms.mean") > value_of(whole, "ttft_ms.mean") + 1e3 * chunks * token / 64e9); /* PCIe 5 x 16 */
}

/* All of each sequence below: of 40 that would each decode with a layer of 1,050 tokens a pool of 400 has room for 12. */
static void what_is_fetched_takes_room(void **state) {
    (void)state;
    gbl_result *r = run_of("{\"model\":\"llama-2-7b\",\"engine\":{\"block_size\":1,\"kv_blocks\":400,\"max_num_seqs\":64},\"trace\":{\"generate\":{\"requests\":40,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":1000},"
                              "\"input\":{\"use\":\"fixed\",\"tokens\":1000},\"output\":{\"use\":\"fixed\",\"tokens\":51}}},\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"alisa\",\"ratio\":1,\"offload\":1}]}}", 0);
    double peak = gbl_result_get(r, "kv.peak_blocks");
    assert_close(gbl_result_get(r, "requests.completed"), 40, 0);
    assert_true(peak > 11 * 1000 / 32.0 && peak <= 400);
    gbl_result_free(r);
}

/* A long answer beside a short prompt: what passes through a layer grows, what is kept beside it shrinks, and the pool holds both. */
static void alisa_alone_outgrows_the_pool(void **state) {
    (void)state;
    static const char *const ratio[] = {"1", "0.2"};
    for (int i = 0; i < 2; i++) {
        char text[1000];
        snprintf(text, sizeof text, "{\"model\":\"llama-2-7b\",\"engine\":{\"max_model_len\":4096,\"kv_blocks\":30,\"max_num_batched_tokens\":256}," ONE(50, 4000) ",\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"alisa\",\"ratio\":%s}]}}", ratio[i]);
        gbl_result *r = run_of(text, 0);
        assert_close(gbl_result_get(r, "requests.completed"), 1, 0);
        assert_true(gbl_result_get(r, "kv.peak_blocks") > 25 && gbl_result_get(r, "kv.peak_blocks") <= 30);
        assert_true(gbl_result_get(r, "kv.fetched_bytes") > 0);
        gbl_result_free(r);
    }
}

/* Four sequences to 1,100 tokens share a pool of 1,600: what does not fit lies in host memory, nobody is preempted, and each step fetches
 * all of it at ratio 1. */
static void alisa_puts_down_what_does_not_fit(void **state) {
    (void)state;
    gbl_result *r = run_of("{\"model\":\"llama-2-7b\",\"engine\":{\"kv_blocks\":100,\"max_num_seqs\":4},\"trace\":{\"generate\":{\"requests\":4,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":100},"
                              "\"input\":{\"use\":\"fixed\",\"tokens\":900},\"output\":{\"use\":\"fixed\",\"tokens\":201}}},\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"alisa\",\"ratio\":1}]}}", 0);
    assert_close(gbl_result_get(r, "kv.preemptions"), 0, 0);
    assert_close(gbl_result_get(r, "requests.completed"), 4, 0);
    double token = 512.0 * 1024, most = gbl_result_get(r, "kv.dram_peak_bytes") / token, fetched = gbl_result_get(r, "kv.fetched_bytes") / token;
    assert_true(most >= 4 * 1100 - 1600 && most < 4 * 1100 - 600); /* some of the pool is for a prompt's layer, and shares are whole pages */
    assert_true(fetched > 200 * (4 * 900 - 1600) && fetched < 200 * most + 4 * 900);
    assert_true(gbl_result_get(r, "kv.peak_blocks") <= 100);
    gbl_result_free(r);
}

/* The same with little host memory: the oldest are computed again, which costs steps as long as prompts. */
static void alisa_computes_again_what_lies_nowhere(void **state) {
    (void)state;
    static const char text[] = "{\"model\":\"llama-2-7b\",\"engine\":{\"kv_blocks\":100,\"max_num_seqs\":4},\"trace\":{\"generate\":{\"requests\":4,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":100},"
                               "\"input\":{\"use\":\"fixed\",\"tokens\":900},\"output\":{\"use\":\"fixed\",\"tokens\":201}}},\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"alisa\",\"ratio\":1}]}%s}";
    char scarce[1000], plenty[1000];
    snprintf(scarce, sizeof scarce, text, ",\"tiers\":[{\"name\":\"dram\",\"bytes\":5e8}]");
    snprintf(plenty, sizeof plenty, text, "");
    assert_true(value_of(scarce, "kv.dram_peak_bytes") <= 5e8);
    assert_true(value_of(scarce, "mfu") > 2 * value_of(plenty, "mfu"));
}

/* Of 8 heads 4 stream and keep 128 + 8,192 tokens of a prompt and the chunk under way; the others keep all, and two keys for each 16 tokens in
 * pages of 64. The last chunk is the largest. */
static void lserve_has_two_pools(void **state) {
    (void)state;
    double half = 4.0 * 32 * 512, held = (128 + 8192 + 4000 + 20000) * half + 313 * 8 * half / 2;
    assert_close(value_of("{\"model\":\"llama-3.1-8b\",\"engine\":{\"max_num_batched_tokens\":4000}," ONE(20000, 20) ",\"policy\":{\"prefix\":\"off\",\"compress\":[\"lserve\"]}}", "kv.peak_blocks"), ceil(held / (16 * 2 * half)), 0);
}

/* A prompt in one piece: the whole budget and one layer. */
static void cake_cascades(void **state) {
    (void)state;
    double peak = value_of("{\"model\":\"llama-3.1-8b\",\"engine\":{\"max_num_batched_tokens\":32000}," ONE(20000, 20) ",\"policy\":{\"prefix\":\"off\",\"compress\":[\"cake\"]}}", "kv.peak_blocks");
    assert_close(peak * 16, 31 * 1024 / 32.0 + 20000 / 32.0, 0.05); /* the last layer's own share is not known here */
    double even = value_of("{\"model\":\"llama-3.1-8b\",\"engine\":{\"max_num_batched_tokens\":32000}," ONE(20000, 20) ",\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"cake\",\"spread\":0}]}}", "kv.peak_blocks");
    assert_close(even * 16, 31 * 1024 / 32.0 + 20000 / 32.0, 0.01);
}

/* Blocks of a whole page leave no holes; of half a page, chosen one by one, they do. */
static void kvcrush_pays_for_blocks_smaller_than_pages(void **state) {
    (void)state;
    static const char text[] = "{\"model\":\"llama-3.1-8b\",\"engine\":{\"max_num_batched_tokens\":32000,\"kv_blocks\":1400,\"block_size\":32}," ONE(20000, 600) ",\"policy\":{\"prefix\":\"off\",\"compress\":[{\"use\":\"kvcrush\",\"cap\":4096,\"block\":%d}]}}";
    char whole[1000], half[1000], quarter[1000];
    snprintf(whole, sizeof whole, text, 32);
    snprintf(half, sizeof half, text, 16);
    snprintf(quarter, sizeof quarter, text, 8);
    double a = value_of(whole, "kv.mean_blocks"), b = value_of(half, "kv.mean_blocks"), c = value_of(quarter, "kv.mean_blocks");
    assert_true(a < b && b < c && c < 625);
}

/* Sentences of 20 tokens: some 30 fetches of 1,024 tokens in 600 steps, each drawn from the seed. */
static void sentencekv_fetches_by_sentence(void **state) {
    (void)state;
    double fetched = value_of("{\"model\":\"llama-3.1-8b\"," ONE(20000, 601) ",\"policy\":{\"prefix\":\"off\",\"compress\":[\"sentencekv\"]}}", "kv.fetched_bytes") / (1024 * 131072.0);
    assert_true(fetched == floor(fetched) && fetched > 15 && fetched < 50);
    assert_close(value_of("{\"model\":\"llama-3.1-8b\"," ONE(20000, 601) ",\"policy\":{\"prefix\":\"off\",\"compress\":[\"sentencekv\"]}}", "kv.dram_peak_bytes"), (3072 - 64) * 131072.0, 0);
}

/* Host memory for the prompts of two of four sequences: the others wait. */
static void host_memory_is_set_aside_at_admission(void **state) {
    (void)state;
    gbl_result *r = run_of("{\"model\":\"llama-2-7b\",\"engine\":{\"kv_blocks\":2000},\"trace\":{\"generate\":{\"requests\":4,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":100},"
                              "\"input\":{\"use\":\"fixed\",\"tokens\":1064},\"output\":{\"use\":\"fixed\",\"tokens\":50}}},\"policy\":{\"prefix\":\"off\",\"compress\":[\"sentencekv\"]},"
                              "\"tiers\":[{\"name\":\"dram\",\"bytes\":1.1e9}]}", 0);
    assert_close(gbl_result_get(r, "kv.dram_peak_bytes"), 2 * 1000 * 512.0 * 1024, 0);
    assert_close(gbl_result_get(r, "requests.completed"), 4, 0);
    gbl_result_free(r);
}

/* ---- who composes ---- */

static void refused(const char *compress, const char *more, const char *what) {
    char text[1000];
    gbl_scenario *s;
    gbl_err err;
    snprintf(text, sizeof text, "{" ONE(100, 10) ",%s\"policy\":{\"prefix\":\"off\",\"compress\":%s}}", more, compress);
    assert_int_equal(bind_text(&s, text, &err), GBL_EINPUT);
    if (!strstr(err.what, what)) fail_msg("%s: %s", compress, err.what);
}

static void policies_refuse_what_they_cannot_stand_on(void **state) {
    (void)state;
    refused("[\"alisa\",\"locret\"]", "", "two policies");
    refused("[\"alisa\",\"snapkv\"]", "", "counts tokens, too");
    refused("[\"alisa\",\"kivi-2bit\"]", "", "counts tokens, too");
    refused("[\"locret\",\"minicache\"]", "", "counts tokens, too");
    refused("[{\"use\":\"alisa\",\"ration\":0.5}]", "", "ration");
    refused("[{\"use\":\"kvcrush\",\"cap\":100}]", "", "do not agree");
    refused("[{\"use\":\"cake\",\"cap\":31}]", "", "do not agree");
    refused("[{\"use\":\"lserve\",\"logical\":65}]", "", "do not agree");
    refused("[{\"use\":\"sentencekv\",\"kept\":63}]", "", "do not agree");
    refused("[{\"use\":\"alisa\",\"ratio\":5}]", "", "ratio");
    refused("\"alisa{ratio=nan}\"", "", "");
    refused("[\"locret\"]", "\"tiers\":[{\"name\":\"dram\",\"bytes\":1e9}],", "in device memory alone");
    refused("[\"alisa\"]", "\"tiers\":[{\"name\":\"ssd\",\"bytes\":1e12}],", "read by nothing");
    refused("[\"alisa\"]", "\"tiers\":[{\"name\":\"dram\",\"bytes\":1e9,\"promote\":\"move\"}],", "promote");
    refused("[\"alisa\"]", "\"model\":\"gpt-oss-20b\",", "does not fit");
    refused("[\"alisa\"]", "\"model\":\"deepseek-v2-lite\",", "does not fit");
    refused("[\"alisa\"]", "\"cluster\":{\"pools\":[{\"name\":\"p\",\"hardware\":\"h100-sxm\",\"role\":\"prefill\"},{\"name\":\"d\",\"hardware\":\"h100-sxm\",\"role\":\"decode\"}]},", "does not move");
}

/* ---- holds ---- */

static void scenario_text(char *out, size_t size, uint64_t run) {
    static const char *const methods[] = {
        "[{\"use\":\"locret\",\"budget\":300}]", "[{\"use\":\"locret\",\"budget\":1000},\"int8_kv\"]", "[{\"use\":\"alisa\",\"ratio\":1}]", "[\"alisa\"]", "[\"alisa\",\"int4_kv\"]",
        "[{\"use\":\"alisa\",\"ratio\":0.5,\"offload\":0.4}]", "[{\"use\":\"alisa\",\"ratio\":1},\"fp8_kv\"]", "[{\"use\":\"lserve\",\"budget\":512,\"local\":100},\"int8_kv\"]",
        "[{\"use\":\"lserve\",\"budget\":64,\"interval\":1,\"prompt_local\":200}]", "[{\"use\":\"sentencekv\",\"budget\":100,\"kept\":600}]", "[{\"use\":\"sentencekv\",\"sentence\":3}]",
        "[{\"use\":\"cake\",\"cap\":400}]", "[{\"use\":\"cake\",\"cap\":128,\"spread\":2},\"fp8_kv\"]", "[{\"use\":\"kvcrush\",\"cap\":320}]", "[{\"use\":\"kvcrush\",\"block\":8,\"crush\":0}]"};
    static const char *const schedule[] = {"chunked", "prefill_first", "iteration", "static", "lpm", "priority"}, *const preempt[] = {"recompute", "swap"},
                             *const model[] = {"llama-2-7b", "llama-3.1-8b"}, *const runtime[] = {"vllm", "ideal", "hf_eager", "flexgen"};
    static const int blocks[] = {110, 250, 900}, seqs[] = {4, 32, 128}, tokens[] = {512, 2048, 8192};
    const char *method = methods[run % (sizeof methods / sizeof *methods)], *host = "";
    if ((strstr(method, "alisa") || strstr(method, "sentencekv")) && pick(run, 14, 2)) host = "\"tiers\":[{\"name\":\"dram\",\"bytes\":1e9}],";
    snprintf(out, size,
             "{\"trace\":{\"generate\":{\"requests\":60,\"arrival\":{\"use\":\"poisson\",\"rate_s\":%d},\"input\":{\"use\":\"uniform\",\"low\":20,\"high\":1500},\"output\":{\"use\":\"uniform\",\"low\":2,\"high\":300}}},"
             "\"model\":\"%s\",%s\"engine\":{\"runtime\":\"%s\",\"max_num_seqs\":%d,\"max_num_batched_tokens\":%d,\"block_size\":%d,\"kv_blocks\":%d},"
             "\"policy\":{\"schedule\":\"%s\",\"preempt\":\"%s\",\"prefix\":\"off\",\"compress\":%s},%s\"run\":{\"seed\":%d}}",
             pick(run, 2, 2) ? 4 : 20, model[pick(run, 5, 2)], pick(run, 4, 4) ? "" : "\"clients\":{\"cancel_share\":0.2,\"cancel_s\":3,\"timeout_s\":20},", runtime[pick(run, 6, 4)], seqs[pick(run, 7, 3)], tokens[pick(run, 8, 3)],
             pick(run, 9, 2) ? 16 : 32, blocks[pick(run, 10, 3)], schedule[pick(run, 11, 6)], preempt[pick(run, 12, 2)], method, host, (int)run);
}

/* Random policies under random engines: the same bytes with holds and with every sequence and step asked about by itself. The engine
 * checks every answer, and asserts its conservation laws. */
static void exact_and_fast_agree(void **state) {
    (void)state;
    double held = 0, preempted = 0, served = 0, fetched = 0;
    int ran = 0;
    for (uint64_t run = 0; run < 60; run++) {
        char text[2000];
        scenario_text(text, sizeof text, run);
        gbl_result *a = agreed(text);
        if (!a) continue; /* a pool too small for a prompt */
        ran++;
        held += gbl_result_get(a, "sim.steps_fast");
        preempted += gbl_result_get(a, "kv.preemptions");
        served += gbl_result_get(a, "requests.completed");
        fetched += gbl_result_get(a, "kv.fetched_bytes");
        gbl_result_free(a);
    }
    assert_true(ran >= 40 && held > 5000 && preempted > 5 && served > 1000 && fetched > 1e9); /* not vacuous */
}

static int make(void **state) {
    (void)state;
    return !(arena = gbl_arena_new());
}

static int drop(void **state) {
    (void)state;
    gbl_arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces_weigh_what_their_tokens_do), cmocka_unit_test(a_policy_that_keeps_all_changes_nothing), cmocka_unit_test(locret_holds_its_budget_and_a_chunk),
                                       cmocka_unit_test(alisa_puts_down_what_does_not_fit), cmocka_unit_test(alisa_fetches_what_it_attends_and_holds_a_layer_of_it),
                                       cmocka_unit_test(what_is_fetched_takes_room), cmocka_unit_test(alisa_alone_outgrows_the_pool),  cmocka_unit_test(alisa_computes_again_what_lies_nowhere), cmocka_unit_test(lserve_has_two_pools), cmocka_unit_test(cake_cascades), cmocka_unit_test(kvcrush_pays_for_blocks_smaller_than_pages), cmocka_unit_test(sentencekv_fetches_by_sentence),
                                       cmocka_unit_test(host_memory_is_set_aside_at_admission), cmocka_unit_test(policies_refuse_what_they_cannot_stand_on),
                                       cmocka_unit_test(exact_and_fast_agree)};
    return cmocka_run_group_tests_name("sim_pieces", tests, make, drop);
}
