/* What prompts find again, to the token: inside a block, in flight, in another order, behind a salt; and who goes first. */
#include "tests/unit/sim_help.h"

#include <unistd.h>

/* A trace of 512-token ids: "t_ms input output id,id,...;" a request. */
static void write_trace(const char *path, const char *rows) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (const char *at = rows; *at; at = strchr(at, ';') + 1) {
        long t, input, output;
        char ids[400];
        assert_int_equal(sscanf(at, "%ld %ld %ld %399[0-9,]", &t, &input, &output, ids), 4);
        fprintf(f, "{\"timestamp\":%ld,\"input_length\":%ld,\"output_length\":%ld,\"hash_ids\":[%s]}\n", t, input, output, ids);
    }
    fclose(f);
}

typedef struct outcome {
    double hit, ttft_max, ttft_mean, peak, evicted, fragmentation;
} outcome;

static outcome run(const char *rows, const char *engine, const char *policy) {
    char path[] = "/tmp/gable-reuse-XXXXXX", text[1200];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_trace(path, rows);
    snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\"},\"engine\":{\"runtime\":\"ideal\"%s},\"policy\":{%s}}", path, engine, policy);
    gbl_result *r = run_with(text, NULL);
    outcome o = {gbl_result_get(r, "kv.hit_tokens"), gbl_result_get(r, "ttft_ms.max"), gbl_result_get(r, "ttft_ms.mean"), gbl_result_get(r, "kv.peak_blocks"), gbl_result_get(r, "kv.evicted_blocks"),
                 gbl_result_get(r, "kv.fragmentation")};
    assert_int_equal((int)gbl_result_get(r, "requests.unfinished"), 0);
    gbl_result_free(r);
    unlink(path);
    return o;
}

static void radix_matches_inside_a_block(void **state) {
    (void)state;
    /* one id of two in a block of two */
    static const char fork[] = "0 1024 4 1,2;60000 1024 4 1,3;";
    assert_int_equal((int)run(fork, ",\"block_size\":1024", "\"prefix\":\"block\"").hit, 0);
    assert_int_equal((int)run(fork, ",\"block_size\":1024", "\"prefix\":\"radix\"").hit, 512);
    assert_int_equal((int)run(fork, ",\"block_size\":512", "\"prefix\":\"radix\"").hit, 512);
    /* equal prompts match to the token before the last, wherever they end and whatever the output was */
    for (int input = 990; input < 1026; input += 5) {
        char twice[80];
        snprintf(twice, sizeof twice, "0 %d 20 7,8,9;60000 %d 1 7,8,9;", input, input);
        assert_int_equal((int)run(twice, "", "\"prefix\":\"block\"").hit, (input - 1) / 16 * 16);
        assert_int_equal((int)run(twice, "", "\"prefix\":\"radix\"").hit, input - 1);
    }
    /* a prompt that goes on where another ended shares what both ids tell */
    assert_int_equal((int)run("0 700 1 1,2;60000 1500 1 1,2,3;", "", "\"prefix\":\"radix\"").hit, 700);
}

static void equal_prompts_in_flight(void **state) {
    (void)state;
    static const char both[] = "0 1024 64 1,2;0 1024 64 1,2;", late[] = "0 1024 64 1,2;100 1024 64 1,2;";
    static const char *const planned = "\"prefix\":\"block\"", *const computed = "\"prefix\":{\"use\":\"block\",\"share\":\"computed\"}";
    outcome p = run(both, "", planned), c = run(both, "", computed);
    assert_int_equal((int)p.hit, 1008); /* in the very step that computes it */
    assert_int_equal((int)c.hit, 0);    /* computed twice */
    assert_true(p.ttft_max < 0.7 * c.ttft_max);
    assert_int_equal((int)run(late, "", computed).hit, 1008);
    assert_int_equal((int)run(late, "", "\"prefix\":\"radix\"").hit, 1023); /* while the first still decodes */
    assert_int_equal((int)run("0 1020 64 1,2;100 1020 64 1,2;", "", "\"prefix\":\"radix\"").hit, 1008); /* its last block is still being written */
    assert_int_equal((int)run("0 1020 64 1,2;60000 1020 64 1,2;", "", "\"prefix\":\"radix\"").hit, 1019);
    /* with a budget of half a prompt the first half is there when the second prompt is looked up */
    assert_int_equal((int)run("0 1024 64 1,2;0 1024 64 1,2;", ",\"max_num_batched_tokens\":512", computed).hit, 1008);
}

/* Whatever the first copy was, only one is kept: two equal prompts in one step hold the blocks of one afterwards. */
static void computed_twice_kept_once(void **state) {
    (void)state;
    static const char both[] = "0 8192 2 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16;0 8192 2 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16;60000 512 2 99;";
    outcome twice = run(both, ",\"kv_blocks\":1100,\"max_num_batched_tokens\":16384", "\"prefix\":{\"use\":\"block\",\"share\":\"computed\"}");
    assert_int_equal((int)twice.evicted, 0); /* 512 blocks stay cached, not 1024: there is room for the third without evicting */
    assert_true(twice.peak > 1000);
}

static void chunks_come_in_any_order(void **state) {
    (void)state;
    static const char turned[] = "0 1536 1 1,2,3;60000 1536 1 3,1,2;";
    assert_int_equal((int)run(turned, "", "\"prefix\":\"block\"").hit, 0);
    /* 32 layers: (1.3 + 0.15 x 30.7) / 32 of each chunk but the first, rounded up: 95 of 512 */
    outcome blend = run(turned, "", "\"prefix\":\"chunk\""), none = run(turned, "", "\"prefix\":{\"use\":\"chunk\",\"recompute\":0,\"full_layers\":0}");
    assert_int_equal((int)blend.hit, 512 + 2 * (512 - 95));
    assert_int_equal((int)none.hit, 1535); /* the last token is computed */
    outcome all = run(turned, "", "\"prefix\":{\"use\":\"chunk\",\"recompute\":1}"), off = run(turned, "", "\"prefix\":\"off\"");
    assert_int_equal((int)all.hit, 512);
    assert_true(none.ttft_mean < blend.ttft_mean && blend.ttft_mean < all.ttft_mean && all.ttft_mean < off.ttft_mean);
    /* by a measure of each chunk: nothing, everything but the first, and between */
    assert_int_equal((int)run(turned, "", "\"prefix\":{\"use\":\"chunk\",\"by\":\"cfo\",\"cfo_mean\":0}").hit, 1535);
    assert_int_equal((int)run(turned, "", "\"prefix\":{\"use\":\"chunk\",\"by\":\"cfo\",\"cfo_most\":0}").hit, 512);
    double drawn = run(turned, "", "\"prefix\":{\"use\":\"chunk\",\"by\":\"cfo\"}").hit;
    assert_true(drawn > 512 && drawn < 1535);
}

static void longest_match_first(void **state) {
    (void)state;
    char rows[16000] = "", engine[] = ",\"kv_blocks\":400,\"max_num_seqs\":4";
    size_t n = 0;
    for (int q = 0; q < 8; q++) /* eight questions about each of six documents, asked in turn */
        for (int doc = 0; doc < 6; doc++) n += (size_t)snprintf(rows + n, sizeof rows - n, "0 2100 8 %d,%d,%d,%d,%d;", doc * 10 + 1, doc * 10 + 2, doc * 10 + 3, doc * 10 + 4, 1000 + q * 10 + doc);
    outcome lpm = run(rows, engine, "\"schedule\":\"lpm\",\"prefix\":\"block\""), fcfs = run(rows, engine, "\"schedule\":{\"use\":\"lpm\",\"fcfs_above\":0},\"prefix\":\"block\"");
    assert_true(lpm.hit > 1.5 * fcfs.hit);
    assert_int_equal((int)lpm.hit, 6 * 7 * 2048); /* all there is to find */
    outcome radix = run(rows, engine, "\"schedule\":\"lpm\",\"prefix\":\"radix\"");
    assert_true(radix.hit >= lpm.hit);
    outcome off = run(rows, engine, "\"schedule\":\"lpm\",\"prefix\":\"off\""), off_fcfs = run(rows, engine, "\"schedule\":{\"use\":\"lpm\",\"fcfs_above\":0},\"prefix\":\"off\"");
    assert_true(off.ttft_mean == off_fcfs.ttft_mean); /* nothing to sort by */
}

/* Pages hold 2 MiB / (8 KV heads x 128 x 2 bytes) = 1,024 tokens on one GPU, twice that on two; a group is a page for each of the
 * 32 layers' keys and values. */
static void virtual_memory_comes_in_pages(void **state) {
    (void)state;
    static const struct { int input; const char *engine, *page; int tokens; } at[] = {
        {1, "", "", 1024}, {1024, "", "", 1024}, {1025, "", "", 2048}, {3000, "", ",\"page_kib\":64", 3008}, {1025, "},\"cluster\":{\"tp\":2", "", 2048}, {2049, "},\"cluster\":{\"tp\":2", "", 4096}};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        char rows[40], policy[120];
        snprintf(rows, sizeof rows, "0 %d 1 1,2,3,4,5,6;", at[i].input);
        snprintf(policy, sizeof policy, "\"prefix\":\"off\",\"kvmem\":{\"use\":\"virtual\"%s}", at[i].page);
        outcome o = run(rows, at[i].engine, policy);
        assert_int_equal((int)o.peak * 16, at[i].tokens);
        assert_close(o.fragmentation, 1 - (double)at[i].input / at[i].tokens, 1e-9);
    }
    /* it grows by a page when the first is full: 1,020 + 9 tokens of which the last needs no KV */
    assert_int_equal((int)run("0 1020 6 1,2;", "", "\"prefix\":\"off\",\"kvmem\":\"virtual\"").peak * 16, 2048);
    assert_int_equal((int)run("0 1020 5 1,2;", "", "\"prefix\":\"off\",\"kvmem\":\"virtual\"").peak * 16, 1024);
}

static void contiguous_memory_is_reserved_whole(void **state) {
    (void)state;
    static const char four[] = "0 1000 24 1,2;0 1000 24 3,4;0 1000 24 5,6;0 1000 24 7,8;";
    static const char *const engine = ",\"kv_blocks\":512,\"max_model_len\":4096";
    outcome paged = run(four, engine, "\"prefix\":\"off\""), whole = run(four, engine, "\"prefix\":\"off\",\"kvmem\":\"contiguous\""), known = run(four, engine, "\"prefix\":\"off\",\"kvmem\":{\"use\":\"contiguous\",\"reserve\":\"request\"}");
    assert_int_equal((int)whole.peak, 512); /* two of 4,096 tokens; the others wait */
    assert_int_equal((int)known.peak, 4 * 64);
    assert_true(whole.ttft_max > 2 * paged.ttft_max);
    assert_true(paged.fragmentation < 0.01 && known.fragmentation < 0.03 && whole.fragmentation > 0.7);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(radix_matches_inside_a_block), cmocka_unit_test(equal_prompts_in_flight), cmocka_unit_test(computed_twice_kept_once),
                                       cmocka_unit_test(chunks_come_in_any_order), cmocka_unit_test(longest_match_first), cmocka_unit_test(virtual_memory_comes_in_pages),
                                       cmocka_unit_test(contiguous_memory_is_reserved_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
