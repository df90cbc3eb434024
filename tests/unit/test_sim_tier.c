/* KV tiers below HBM: transfers worked by hand, the worth of a hit, and laws on random traces. */
#include "tests/unit/sim_help.h"

#include <unistd.h>

#include "base/random.h"

typedef struct outcome {
    int64_t ttft_ns[400], transfer_ns[400];
    gbl_result *result;
    char *json;
} outcome;

static int keep(void *to, const gbl_life *life, gbl_err *err) {
    (void)err;
    outcome *o = to;
    int64_t sum = 0;
    for (int i = 0; i < GBL_PARTS; i++) sum += life->part_ns[i];
    assert_int_equal(sum, life->finish_ns - life->arrival_ns);
    o->ttft_ns[life->serial] = life->first_ns - life->arrival_ns;
    o->transfer_ns[life->serial] = life->part_ns[GBL_PART_TRANSFER];
    return 0;
}

static void run_text(const char *text, int exact, outcome *o) {
    gbl_run_options opt = {.exact = exact, .progress = GBL_PROGRESS_OFF, .on_request = keep, .to = o};
    *o = (outcome){0};
    o->result = run_with(text, &opt);
    o->json = without_sim(o->result);
}

static void done(outcome *o) {
    gbl_result_free(o->result);
    free(o->json);
}

/* A number of a tier in kv.by_tier. */
static double of_tier(const outcome *o, const char *tier, const char *key) {
    char text[64];
    snprintf(text, sizeof text, "{\"name\":\"%s\"", tier);
    const char *at = strstr(strstr(o->json, "\"by_tier\""), text);
    assert_non_null(at);
    snprintf(text, sizeof text, "\"%s\":", key);
    at = strstr(at, text);
    assert_non_null(at);
    return strtod(at + strlen(text), NULL);
}

/* ---- three requests, by hand ---- */

/* Equal prompts of 1025 tokens before and after another of that size, with room for one in HBM (65 blocks of 16 tokens): the
 * first one's 64 full blocks go down for the second, and the third finds them there. */
static const char three[] = "{\"timestamp\":0,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[1,2,3]}\n"
                            "{\"timestamp\":10000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[4,5,6]}\n"
                            "{\"timestamp\":20000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[1,2,3]}\n";
#define THREE "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"runtime\":\"ideal\",\"kv_blocks\":65},\"policy\":{\"prefetch\":\"%s\"},\"tiers\":[%s]}"
enum { BLOCKS = 64, BLOCK_BYTES = 16 * 131072 }; /* llama-3.1-8b: 128 KiB a token */

static char trace_path[] = "/tmp/gable-tier-XXXXXX";
static void write_text(const char *text) {
    FILE *f = fopen(trace_path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void run_three(const char *tiers, const char *prefetch, outcome *o) {
    char text[1000];
    write_text(three);
    snprintf(text, sizeof text, THREE, trace_path, prefetch, tiers);
    run_text(text, 0, o);
}

static int64_t step_ns(int64_t chunk, int64_t cached, double *hbm_ns) {
    gbl_err err;
    gbl_scenario *s = bound("{\"engine\":{\"runtime\":\"ideal\",\"kv_blocks\":65}}");
    gbl_cost *c;
    gbl_batch b = {0};
    gbl_step_cost out;
    assert_int_equal(gbl_scenario_cost(s, 0, &c, &err), 0);
    gbl_batch_chunk(c, &b, chunk, cached, 1);
    gbl_cost_step(c, &b, &out);
    if (hbm_ns) *hbm_ns = out.demand.busy_ns[GBL_R_HBM];
    gbl_cost_free(c);
    gbl_scenario_free(s);
    return out.demand.alone_ns;
}

static double load_s(int blocks) { return blocks * (double)BLOCK_BYTES / 64e9; } /* h100-sxm: PCIe 5 x16, ideal runtime */

static void a_hit_costs_its_load(void **state) {
    (void)state;
    outcome o;
    run_three("{\"name\":\"dram\",\"bytes\":1e9,\"write\":\"through\"}", "off", &o);
    assert_int_equal(o.ttft_ns[0], step_ns(1025, 0, NULL));
    assert_int_equal(o.ttft_ns[1], step_ns(1025, 0, NULL)); /* written long ago: what goes need not be written now */
    int64_t load = (int64_t)ceil(load_s(BLOCKS) * 1e9);
    assert_int_equal(o.ttft_ns[2], load + step_ns(1, 1024, NULL));
    assert_int_equal(o.transfer_ns[2], load);
    assert_close(of_tier(&o, "dram", "hit_tokens"), 1024, 0);
    assert_close(of_tier(&o, "dram", "loaded_bytes"), (double)BLOCKS * BLOCK_BYTES, 0);
    assert_close(of_tier(&o, "dram", "written_bytes"), 2.0 * BLOCKS * BLOCK_BYTES, 0);
    assert_close(gbl_result_get(o.result, "kv.hit_tokens"), 1024, 0);
    done(&o);
}

/* Written back: 64 blocks leave for the third request while 64 come up. Each copy alone needs 64 GB/s of DRAM's 76.8 GB/s, so
 * side by side they run at 0.6 of their speed. */
static void what_leaves_meets_what_comes(void **state) {
    (void)state;
    outcome o;
    run_three("{\"name\":\"dram\",\"bytes\":1e9}", "off", &o);
    double load = load_s(BLOCKS) * 2 * 64 / 76.8;
    assert_close((double)o.ttft_ns[1], 1e9 * load_s(BLOCKS) + (double)step_ns(1025, 0, NULL), 1e-6); /* its place was wanted at once */
    assert_close((double)o.ttft_ns[2], 1e9 * load + (double)step_ns(1, 1024, NULL), 1e-6);
    assert_close(of_tier(&o, "dram", "written_bytes"), 2.0 * BLOCKS * BLOCK_BYTES, 0);
    done(&o);
}

/* Turning a tier on changes TTFT by what the saved prefill is worth, less the transfer. */
static void a_tier_is_worth_the_prefill_it_saves(void **state) {
    (void)state;
    outcome with, without, never;
    run_three("{\"name\":\"dram\",\"bytes\":1e9,\"write\":\"through\"}", "off", &with);
    run_three("", "off", &without);
    run_three("{\"name\":\"dram\",\"bytes\":1e9,\"write\":\"through\"}", "never", &never);
    int64_t saved = step_ns(1025, 0, NULL) - step_ns(1, 1024, NULL), load = (int64_t)ceil(load_s(BLOCKS) * 1e9);
    assert_true(saved > load);
    assert_int_equal(without.ttft_ns[2] - with.ttft_ns[2], saved - load);
    assert_int_equal(never.ttft_ns[2], without.ttft_ns[2]);
    assert_close(of_tier(&never, "dram", "hit_tokens"), 0, 0);
    done(&with);
    done(&without);
    done(&never);
}

/* A drive of 2.8 GB/s bounds the load; one of a tenth of that is not worth it, and `cost` computes instead. */
static void the_drive_bounds_and_cost_decides(void **state) {
    (void)state;
    outcome slow, fast, chosen;
    run_three("{\"name\":\"ssd\",\"bytes\":1e9,\"write\":\"through\"}", "off", &fast);
    double drive = (double)BLOCKS * BLOCK_BYTES / 2.8e9 * 1e9;
    assert_close((double)fast.ttft_ns[2], drive + (double)step_ns(1, 1024, NULL), 1e-6);
    run_three("{\"name\":\"ssd\",\"bytes\":1e9,\"write\":\"through\",\"bandwidth_GB_s\":0.28}", "off", &slow);
    assert_close((double)slow.ttft_ns[2], 10 * drive + (double)step_ns(1, 1024, NULL), 1e-6);
    run_three("{\"name\":\"ssd\",\"bytes\":1e9,\"write\":\"through\",\"bandwidth_GB_s\":0.28}", "cost", &chosen);
    assert_true(chosen.ttft_ns[2] <= step_ns(1025, 0, NULL));
    done(&slow);
    done(&fast);
    done(&chosen);
}

/* CacheGen's rule by hand: two chunks of 512 tokens take 239.7 ms each from a drive of 0.28 GB/s; each has half of the limit. The
 * first level that keeps it is loaded, and where none does the prompt is computed. */
static void encoded_chunks_keep_a_limit(void **state) {
    (void)state;
    static const struct {
        double slo_s, share;
    } is[] = {{0.1, 0.125}, {0.055, 0.105}, {0.048, 0.093}, {0.04, 0}};
    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        char text[1000];
        outcome o;
        write_text(three);
        snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"runtime\":\"ideal\",\"kv_blocks\":65},\"policy\":{\"prefetch\":{\"use\":\"cachegen\","
                 "\"slo_s\":%g,\"chunk_tokens\":512}},\"tiers\":[{\"name\":\"ssd\",\"bytes\":1e9,\"write\":\"through\",\"bandwidth_GB_s\":0.28}]}", trace_path, is[i].slo_s);
        run_text(text, 0, &o);
        double bytes = is[i].share * BLOCKS * BLOCK_BYTES;
        assert_close(of_tier(&o, "ssd", "loaded_bytes"), bytes, 1e-12);
        assert_close((double)o.ttft_ns[2], bytes / 0.28 + (double)(bytes > 0 ? step_ns(1, 1024, NULL) : step_ns(1025, 0, NULL)), 1e-6);
        done(&o);
    }
}

/* Layer by layer: of a prompt of 1537 tokens 1024 are found; the other 513 are computed beside the load, but for a layer. */
static void layers_overlap(void **state) {
    (void)state;
    static const char text[] = "{\"timestamp\":0,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[1,2,3]}\n"
                               "{\"timestamp\":10000,\"input_length\":1537,\"output_length\":1,\"hash_ids\":[4,5,6,7]}\n"
                               "{\"timestamp\":20000,\"input_length\":1537,\"output_length\":1,\"hash_ids\":[1,2,8,9]}\n";
    static const char *const tier[] = {"{\"name\":\"dram\",\"bytes\":1e9,\"write\":\"through\",\"layerwise\":true}",
                                       "{\"name\":\"ssd\",\"bytes\":1e9,\"write\":\"through\",\"layerwise\":true}"};
    char doc[1000];
    int64_t step = step_ns(513, 1024, NULL);
    for (int i = 0; i < 2; i++) {
        outcome o;
        write_text(text);
        snprintf(doc, sizeof doc, THREE, trace_path, "off", tier[i]);
        char *kv = strstr(doc, "65}"); /* room for the longer prompts */
        assert_non_null(kv);
        memcpy(kv, "97", 2);
        run_text(doc, 0, &o);
        double load = i ? (double)BLOCKS * BLOCK_BYTES / 2.8 : 1e9 * load_s(BLOCKS), layer = load / 32;
        if (i) assert_close((double)o.ttft_ns[2], load + (double)step / 32, 1e-5); /* the load is longer: then the last layer */
        else assert_close((double)o.ttft_ns[2], layer + (double)step, 1e-3);
        done(&o);
    }
}

/* ---- laws on random traces ---- */

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261122, 64, run, k) % n; }

/* Conversations that grow and are taken up again; `gap_ms` apart. */
static void write_random(uint64_t run, int gap_ms) {
    FILE *f = fopen(trace_path, "w");
    assert_non_null(f);
    for (uint64_t i = 0; i < 200; i++) {
        uint64_t family = pick(run, 10 * i, 9), ids = 1 + pick(run, 10 * i + 1, 6), own = pick(run, 10 * i + 2, ids + 1);
        fprintf(f, "{\"timestamp\":%llu,\"input_length\":%llu,\"output_length\":%llu,\"hash_ids\":[", (unsigned long long)i * (unsigned long long)gap_ms, (unsigned long long)(ids * 512),
                1 + (unsigned long long)pick(run, 10 * i + 3, 40));
        for (uint64_t b = 0; b < ids; b++) fprintf(f, "%s%llu", b ? "," : "", (unsigned long long)(b < own ? family * 100 + b : 10000 + i * 10 + b));
        fprintf(f, "]}\n");
    }
    fclose(f);
}

/* One after another, so that time changes no order: with LRU and blocks that move up, what a tier holds is what was put there
 * last, so a larger one holds all that a smaller one does. */
static void a_larger_tier_hits_no_less(void **state) {
    (void)state;
    char text[1000];
    double grew = 0;
    for (uint64_t run = 0; run < 6; run++) {
        double before = -1;
        write_random(run, 100000);
        for (int blocks = 20; blocks <= 2000; blocks = blocks * 5 / 2) {
            outcome o;
            snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"kv_blocks\":300},\"tiers\":[{\"name\":\"dram\",\"bytes\":%.0f,\"promote\":\"move\"}]}", trace_path,
                     (double)blocks * BLOCK_BYTES);
            run_text(text, 0, &o);
            double hits = gbl_result_get(o.result, "kv.hit_tokens");
            assert_true(hits >= before);
            grew += before >= 0 && hits > before;
            before = hits;
            assert_true(of_tier(&o, "dram", "peak_blocks") <= blocks);
            done(&o);
        }
    }
    assert_true(grew > 10);
}

/* Nothing is lost on the way down: with no bytes gone from the last tier, every token of an earlier turn is found again. */
static void tiers_keep_what_they_have_room_for(void **state) {
    (void)state;
    char text[1000];
    for (uint64_t run = 20; run < 26; run++) {
        outcome all, below;
        write_random(run, 50);
        snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"max_num_seqs\":1},\"run\":{\"seed\":1}}", trace_path);
        run_text(text, 0, &all); /* all in HBM */
        assert_close(gbl_result_get(all.result, "kv.evicted_blocks"), 0, 0);
        snprintf(text, sizeof text,
                 "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"max_num_seqs\":1,\"kv_blocks\":250},\"tiers\":[{\"name\":\"dram\",\"bytes\":%.0f,\"evict\":\"%s\"},{\"name\":\"ssd\",\"bytes\":1e12}]}",
                 trace_path, 100.0 * BLOCK_BYTES, run % 2 ? "s3fifo" : "lru");
        run_text(text, 0, &below);
        assert_close(gbl_result_get(below.result, "kv.hit_tokens"), gbl_result_get(all.result, "kv.hit_tokens"), 0);
        assert_true(of_tier(&below, "ssd", "hit_tokens") > 0);
        assert_close(of_tier(&below, "ssd", "evicted_blocks"), 0, 0);
        assert_close(of_tier(&below, "dram", "inserted_blocks"), of_tier(&below, "dram", "evicted_blocks") + of_tier(&below, "dram", "blocks"), 0);
        done(&all);
        done(&below);
    }
}

/* A queue of requests whose prefixes lie below: fetching while they wait never makes the mean wait longer, and hits the same. */
static void queueing_hides_loads(void **state) {
    (void)state;
    char text[1000];
    double ttft[2];
    for (int i = 0; i < 2; i++) {
        outcome o;
        write_random(3, 20);
        snprintf(text, sizeof text,
                 "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"runtime\":\"ideal\",\"max_num_seqs\":4,\"kv_blocks\":2000},\"policy\":{\"prefetch\":\"%s\"},"
                 "\"tiers\":[{\"name\":\"ssd\",\"bytes\":1e12,\"write\":\"through\"}]}",
                 trace_path, i ? "queue" : "off");
        run_text(text, 0, &o);
        ttft[i] = gbl_result_get(o.result, "ttft_ms.mean");
        assert_true(of_tier(&o, "ssd", "loaded_bytes") > 0);
        done(&o);
    }
    assert_true(ttft[1] < ttft[0]);
}

/* Requests put out by swapping use the first tier: all comes back, and what lies below already is not written again. */
static void swapping_writes_only_what_is_new(void **state) {
    (void)state;
    static const char crowd[] = "{\"trace\":{\"generate\":{\"requests\":400,\"arrival\":{\"use\":\"poisson\",\"rate_s\":12},\"input\":{\"use\":\"uniform\",\"low\":400,\"high\":1200},"
                                "\"output\":{\"use\":\"uniform\",\"low\":50,\"high\":400}}},\"engine\":{\"kv_blocks\":900},\"policy\":{\"preempt\":\"swap\"},"
                                "\"tiers\":[{\"name\":\"dram\",\"bytes\":%.0f}]}";
    char text[1000];
    static const double bytes[] = {8e9, 4e8, 1e7};
    for (int i = 0; i < 3; i++) {
        outcome o, exact;
        snprintf(text, sizeof text, crowd, bytes[i]);
        run_text(text, 0, &o);
        run_text(text, 1, &exact);
        assert_string_equal(o.json, exact.json);
        double down = of_tier(&o, "dram", "written_bytes"), up = of_tier(&o, "dram", "loaded_bytes");
        assert_true(gbl_result_get(o.result, "kv.preemptions") > 50);
        assert_close(gbl_result_get(o.result, "kv.swapped_bytes"), down + up, 0);
        if (i == 0) assert_true(down > 0 && down < 0.9 * up); /* many are put out more than once */
        if (i == 1) assert_true(up > 0);                      /* little room: some are computed again */
        if (i == 2) assert_close(up + down, 0, 0);            /* none: all are */
        done(&o);
        done(&exact);
    }
}

/* Blocks stay their user's on the way down. A conversation of 64 blocks comes back after three others went by, with room for
 * two in the tier: pinned there it is found whole, by recency it is gone but for what HBM still had. And of two that are alike
 * in size the one idle longest goes whole, so the other is whole when it comes back. */
static void a_tier_knows_whose_blocks_they_are(void **state) {
    (void)state;
    static const char turns[] = "{\"session_id\":\"a\",\"timestamp\":0,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[1,2,3]}\n"
                                "{\"session_id\":\"b\",\"timestamp\":10000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[11,12,13]}\n"
                                "{\"session_id\":\"c\",\"timestamp\":20000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[21,22,23]}\n"
                                "{\"session_id\":\"d\",\"timestamp\":30000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[31,32,33]}\n"
                                "{\"session_id\":\"a\",\"delay\":60000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[1,2,4]}\n";
    static const char again[] = "{\"timestamp\":0,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[1,2,3]}\n"
                                "{\"timestamp\":10000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[4,5,6]}\n"
                                "{\"timestamp\":20000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[7,8,9]}\n"
                                "{\"timestamp\":30000,\"input_length\":1025,\"output_length\":1,\"hash_ids\":[4,5,6]}\n";
    static const struct {
        const char *rows, *format, *evict;
        int hbm, least, most;
    } cases[] = {{turns, "aiperf", "{\"use\":\"pin_until\",\"pin_s\":200}", 140, 1024, 1024}, {turns, "aiperf", "\"lru\"", 140, 0, 200}, {again, "mooncake", "\"session\"", 65, 1024, 1024}};
    for (int i = 0; i < 3; i++) {
        char text[1000];
        outcome o;
        write_text(cases[i].rows);
        snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\",\"format\":\"%s\"},\"engine\":{\"kv_blocks\":%d},\"tiers\":[{\"name\":\"dram\",\"bytes\":%d,\"write\":\"through\",\"evict\":%s}]}", trace_path,
                 cases[i].format, cases[i].hbm, 128 * BLOCK_BYTES, cases[i].evict);
        run_text(text, 0, &o);
        double hits = of_tier(&o, "dram", "hit_tokens");
        assert_true(hits >= cases[i].least && hits <= cases[i].most);
        done(&o);
    }
}

/* What a small tier dropped is offered to it again when it leaves HBM; written through, no step waits for that. */
static void nobody_waits_for_write_through(void **state) {
    (void)state;
    static const char two[] = "{\"timestamp\":0,\"input_length\":5120,\"output_length\":4,\"hash_ids\":[1,2,3,4,5,6,7,8,9,10]}\n"
                              "{\"timestamp\":60000,\"input_length\":5120,\"output_length\":4,\"hash_ids\":[11,12,13,14,15,16,17,18,19,20]}\n";
    static const char *const tiers[] = {"", "{\"name\":\"dram\",\"bytes\":4.2e8,\"write\":\"through\"}", "{\"name\":\"dram\",\"bytes\":4.2e8}"};
    outcome o[3];
    write_text(two);
    for (int i = 0; i < 3; i++) {
        char text[600];
        snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\",\"format\":\"mooncake\"},\"engine\":{\"runtime\":\"ideal\",\"kv_blocks\":400},\"tiers\":[%s]}", trace_path, tiers[i]);
        run_text(text, 0, &o[i]);
    }
    assert_int_equal(o[1].ttft_ns[1], o[0].ttft_ns[1]);
    assert_true(o[2].ttft_ns[1] > o[0].ttft_ns[1]);
    for (int i = 0; i < 3; i++) done(&o[i]);
}

int main(void) {
    int fd = mkstemp(trace_path);
    if (fd < 0) return 1;
    close(fd);
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_hit_costs_its_load), cmocka_unit_test(what_leaves_meets_what_comes), cmocka_unit_test(a_tier_is_worth_the_prefill_it_saves),
                                       cmocka_unit_test(the_drive_bounds_and_cost_decides), cmocka_unit_test(encoded_chunks_keep_a_limit), cmocka_unit_test(layers_overlap), cmocka_unit_test(a_larger_tier_hits_no_less),
                                       cmocka_unit_test(tiers_keep_what_they_have_room_for), cmocka_unit_test(queueing_hides_loads), cmocka_unit_test(swapping_writes_only_what_is_new),
                                       cmocka_unit_test(a_tier_knows_whose_blocks_they_are), cmocka_unit_test(nobody_waits_for_write_through)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(trace_path);
    return failed;
}
