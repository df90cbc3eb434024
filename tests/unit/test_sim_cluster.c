/* Clusters: prompts computed here and decoded there, worked by hand; random pools and policies keep the engine's laws (asserted
 * in every run) and give the same bytes with holds, with --exact, and again. */
#include "tests/unit/sim_help.h"

#include <unistd.h>

#include "base/random.h"

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261122, 65, run, k) % n; }

typedef struct outcome {
    gbl_life life[4];
    char *json; /* everything but "sim" */
    double fast, moves, preemptions, gone, retried, rejected;
} outcome;

static int keep_life(void *to, const gbl_life *l, gbl_err *err) {
    (void)err;
    if (l->serial < 4) ((outcome *)to)->life[l->serial] = *l;
    return 0;
}

static outcome run(const char *text, int exact) {
    outcome o = {0};
    gbl_run_options opt = {.exact = exact, .progress = GBL_PROGRESS_OFF, .on_request = keep_life, .to = &o};
    gbl_result *r = run_with(text, &opt);
    o.json = without_sim(r);
    o.fast = gbl_result_get(r, "sim.steps_fast");
    o.moves = gbl_result_get(r, "network.transfers");
    o.preemptions = gbl_result_get(r, "kv.preemptions");
    o.gone = fmax(0, gbl_result_get(r, "requests.cancelled")) + fmax(0, gbl_result_get(r, "requests.timed_out")); /* 0 for NaN */
    o.retried = fmax(0, gbl_result_get(r, "requests.retried"));
    o.rejected = gbl_result_get(r, "requests.rejected");
    gbl_result_free(r);
    return o;
}

/* ---- by hand ---- */

#define ONE "{\"trace\":{\"generate\":{\"requests\":%d,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":1e9},\"input\":{\"use\":\"fixed\",\"tokens\":1600},\"output\":{\"use\":\"fixed\",\"tokens\":2}}}," \
            "\"cluster\":{\"kv_transfer\":\"%s\",\"network_share\":1,\"network_latency_us\":0,\"pools\":[{\"name\":\"p\",\"replicas\":%d,\"role\":\"prefill\"},{\"name\":\"d\",\"role\":\"decode\"}]}," \
            "\"engine\":{\"runtime\":\"ideal\"},\"policy\":{\"prefix\":\"off\"}}"

static outcome one(int requests, const char *mode, int prefills) {
    char text[1000];
    snprintf(text, sizeof text, ONE, requests, mode, prefills);
    return run(text, 0);
}

/* 1,600 tokens are 100 blocks of 16 x 131,072 bytes; an h100-sxm has 50 GB/s in each direction. */
static const int64_t wire_ns = 4194304; /* 209,715,200 bytes / 50e9 bytes/s */

static void kv_crosses_the_network_at_its_speed(void **state) {
    (void)state;
    outcome o = one(1, "after", 1);
    const gbl_life *l = &o.life[0];
    assert_int_equal(l->part_ns[GBL_PART_TRANSFER], wire_ns);
    int64_t decode = 0, prefill = 0;
    for (int i = 0; i < 4; i++) {
        prefill += l->part_ns[GBL_PART_PREFILL_SM + i];
        decode += l->part_ns[GBL_PART_DECODE_SM + i];
    }
    assert_int_equal(l->first_ns, prefill); /* the prefill replica's token is the first */
    assert_int_equal(l->finish_ns - l->first_ns, wire_ns + decode);
    assert_int_equal(l->replica, 1);
    free(o.json);
}

/* Only the last of 32 layers is still to be sent when the prompt is done. */
static void layer_by_layer_hides_all_but_the_last_layer(void **state) {
    (void)state;
    outcome o = one(1, "layerwise", 1);
    assert_int_equal(o.life[0].part_ns[GBL_PART_TRANSFER], wire_ns / 32);
    free(o.json);
}

/* Two prompts that end together on two replicas share the one port into the decode replica: each takes twice as long. */
static void two_transfers_share_a_port(void **state) {
    (void)state;
    outcome o = one(2, "after", 2);
    assert_int_equal(o.life[0].first_ns + 1, o.life[1].first_ns);      /* they came 1 ns apart */
    assert_int_equal(o.life[0].part_ns[GBL_PART_TRANSFER], 2 * wire_ns - 1); /* alone for 1 ns */
    free(o.json);
}

/* The second request repeats the first one's prompt on the other replica, long after it: computed anew without a store, fetched with
 * one. 1,024 of its 1,040 tokens are 64 blocks of 2 MiB: 2.68 ms at 50 GB/s. */
static void a_shared_store_serves_the_other_replica(void **state) {
    (void)state;
    char trace[] = "/tmp/gable-shared-XXXXXX", text[900];
    int fd = mkstemp(trace);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    for (int i = 0; i < 3; i++) fprintf(f, "{\"timestamp\":%d,\"input_length\":1040,\"output_length\":4,\"hash_ids\":[1,2,3]}\n", i * 60000);
    fclose(f);
    outcome o[2];
    for (int k = 0; k < 2; k++) {
        snprintf(text, sizeof text, "{\"trace\":{\"file\":\"%s\"},\"cluster\":{\"replicas\":2%s},\"engine\":{\"runtime\":\"ideal\"},\"tiers\":[%s]}", trace, k ? ",\"network_share\":1" : "",
                 k ? "{\"name\":\"remote\",\"bytes\":1e10}" : "");
        o[k] = run(text, 0);
    }
    unlink(trace);
    assert_int_equal(o[0].life[1].cached, 0);
    assert_int_equal(o[1].life[1].cached, 1024);
    assert_int_equal(o[0].life[2].cached, 1024); /* the first replica still has it */
    int64_t fetched = o[1].life[1].first_ns - o[1].life[1].arrival_ns, hit = o[0].life[2].first_ns - o[0].life[2].arrival_ns, computed = o[0].life[1].first_ns - o[0].life[1].arrival_ns;
    assert_int_equal(fetched, hit + 2684355); /* 134,217,728 bytes / 50e9 bytes/s, rounded up */
    assert_true(fetched < computed);
    for (int k = 0; k < 2; k++) free(o[k].json);
}

/* ---- the door and the clients, by hand: requests that come 1 ns apart ---- */

#define BURST "{\"trace\":{\"generate\":{\"requests\":4,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":1e9},\"input\":{\"use\":\"fixed\",\"tokens\":100},\"output\":{\"use\":\"fixed\",\"tokens\":%d}}}," \
              "\"engine\":{\"runtime\":\"ideal\",\"max_num_seqs\":%d},\"policy\":{\"prefix\":\"off\",\"admit\":%s},\"client\":{%s},\"slo\":{\"ttft_ms\":null,\"tpot_ms\":null}}"

/* A bucket of one request that fills at two a second lets in one every half second; the wait is queueing. */
static void a_bucket_lets_in_at_its_rate(void **state) {
    (void)state;
    char text[900];
    snprintf(text, sizeof text, BURST, 1, 4, "{\"use\":\"token_bucket\",\"rate_s\":2,\"burst\":1,\"then\":\"wait\"}", "");
    outcome o = run(text, 0);
    for (int i = 1; i < 4; i++) {
        int64_t let_in = o.life[i].scheduled_ns - o.life[0].scheduled_ns;
        assert_true(llabs(let_in - i * 500000000ll) <= i + 1); /* it is asked again at the next whole ns */
        assert_int_equal(o.life[i].part_ns[GBL_PART_QUEUE], o.life[i].scheduled_ns - o.life[i].arrival_ns);
    }
    free(o.json);
    snprintf(text, sizeof text, BURST, 1, 4, "{\"use\":\"token_bucket\",\"rate_s\":2,\"burst\":1}", "");
    o = run(text, 0);
    assert_close(o.rejected, 3, 0);
    free(o.json);
}

/* One slot and long outputs: three of four have no first token after a second. Each is sent again two times, then given up. */
static void clients_give_up_and_come_again(void **state) {
    (void)state;
    char text[900];
    snprintf(text, sizeof text, BURST, 4000, 1, "\"always\"", "\"timeout_s\":1,\"timeout_until\":\"first_token\",\"retries\":2,\"backoff_s\":0.25");
    outcome o = run(text, 0);
    assert_close(o.gone, 3, 0);
    assert_close(o.retried, 6, 0);
    assert_int_equal(o.life[0].status, 0);
    for (int i = 1; i < 4; i++) assert_int_equal(o.life[i].status, 2);
    free(o.json);
}

/* The first of the three that gave up after a second to be let in again: after 1.25 s, or sooner by a part of 40 % of the 0.25 s. */
static void jitter_shortens_the_wait(void **state) {
    static const char *const client[] = {"\"timeout_s\":1,\"timeout_until\":\"first_token\",\"retries\":2,\"backoff_s\":0.25",
                                         "\"timeout_s\":1,\"timeout_until\":\"first_token\",\"retries\":2,\"backoff_s\":0.25,\"backoff_jitter\":0.4"};
    int64_t again_ns[2];
    (void)state;
    for (int k = 0; k < 2; k++) {
        char text[900];
        snprintf(text, sizeof text, BURST, 240, 1, "\"always\"", client[k]);
        outcome o = run(text, 0);
        assert_true(o.life[0].finish_ns < 1140000000);
        again_ns[k] = INT64_MAX;
        for (int i = 1; i < 4; i++)
            if (o.life[i].scheduled_ns > 1000000000 && o.life[i].scheduled_ns < again_ns[k]) again_ns[k] = o.life[i].scheduled_ns;
        free(o.json);
    }
    assert_in_range(again_ns[0], 1250000000, 1300000000);
    assert_in_range(again_ns[0] - again_ns[1], 1000000, 100000000);
}

enum { TALLY = 400 };
typedef struct tally {
    int times[TALLY], status[3];
    int64_t output;
} tally;
static int keep_tally(void *to, const gbl_life *l, gbl_err *err) {
    (void)err;
    tally *t = to;
    t->times[l->serial]++;
    t->status[l->status]++;
    if (l->status == 0) t->output += l->output;
    return 0;
}

/* However clients leave, give up and come again: every request ends once, in one way, and what the result counts is what they say. */
static void every_request_ends_once(void **state) {
    static const char *const client[] = {"\"cancel_share\":0.4,\"cancel_s\":1", "\"timeout_s\":1.5", "\"timeout_s\":1,\"retries\":3,\"backoff_s\":0.1,\"cancel_share\":0.3,\"cancel_s\":3",
                                         "\"timeout_s\":0.2,\"timeout_until\":\"first_token\",\"retries\":1", "\"timeout_s\":0.01,\"retries\":2,\"backoff_s\":0", "\"cancel_share\":1,\"cancel_s\":0.001"};
    static const int retries[] = {0, 0, 3, 1, 2, 0};
    double cancelled = 0, late = 0, again = 0;
    (void)state;
    for (int k = 0; k < 24; k++) {
        char text[1200];
        gbl_err err = {0};
        gbl_result *r;
        tally t = {.output = 0};
        snprintf(text, sizeof text, "{\"trace\":{\"generate\":{\"requests\":%d,\"arrival\":{\"use\":\"poisson\",\"rate_s\":60},\"input\":{\"use\":\"uniform\",\"low\":100,\"high\":4000},"
                 "\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":300}}},\"engine\":{\"kv_blocks\":%d,\"max_num_seqs\":%d},\"client\":{%s},\"policy\":{\"preempt\":\"%s\",\"admit\":%s},\"run\":{\"seed\":%d}}",
                 TALLY, k % 2 ? 2000 : 900, k % 3 ? 64 : 6, client[k % 6], k % 4 < 2 ? "recompute" : "swap", k % 5 ? "\"always\"" : "{\"use\":\"watermark\",\"kv\":0.8,\"queue\":30}", k);
        gbl_scenario *s = bound(text);
        gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .on_request = keep_tally, .to = &t};
        if (gbl_run(&r, s, &opt, &err)) fail_msg("%s\n%s: %s", text, err.where, err.what);
        for (int i = 0; i < TALLY; i++) assert_int_equal(t.times[i], 1);
        double gone = gbl_result_get(r, "requests.cancelled") + gbl_result_get(r, "requests.timed_out");
        assert_close(gbl_result_get(r, "requests.injected"), TALLY, 0);
        assert_close(gbl_result_get(r, "requests.completed"), t.status[0], 0);
        assert_close(gbl_result_get(r, "requests.rejected"), t.status[1], 0);
        assert_close(gbl_result_get(r, "requests.unfinished"), t.status[2], 0);
        assert_close(gone, t.status[2], 0); /* nothing stops the run: whoever is unfinished has left */
        assert_int_equal(t.status[0] + t.status[1] + t.status[2], TALLY);
        assert_true(gbl_result_get(r, "requests.retried") <= retries[k % 6] * TALLY);
        if (t.status[0]) assert_close(gbl_result_get(r, "throughput.output_tok_s") * gbl_result_get(r, "duration_s"), (double)t.output, 1e-9);
        cancelled += gbl_result_get(r, "requests.cancelled");
        late += gbl_result_get(r, "requests.timed_out");
        again += gbl_result_get(r, "requests.retried");
        gbl_result_free(r);
        gbl_scenario_free(s);
    }
    assert_true(cancelled > 500 && late > 500 && again > 500);
}

/* ---- orders: forty requests come at once to a replica with one slot ---- */

enum { CROWD = 40 };
typedef struct crowd {
    gbl_life life[CROWD];
    int n;
} crowd;
static int keep_order(void *to, const gbl_life *l, gbl_err *err) {
    (void)err;
    crowd *c = to;
    c->life[c->n++] = *l;
    return 0;
}

static crowd serve(const char *schedule) {
    char text[900];
    crowd c = {0};
    gbl_err err;
    gbl_result *r;
    snprintf(text, sizeof text, "{\"trace\":{\"generate\":{\"requests\":40,\"tenants\":2,\"priorities\":4,\"arrival\":{\"use\":\"deterministic\",\"rate_s\":1e9},\"input\":{\"use\":\"uniform\",\"low\":10,\"high\":3000},"
             "\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":100}}},\"engine\":{\"runtime\":\"ideal\",\"max_num_seqs\":1},\"policy\":{\"prefix\":\"off\",\"schedule\":%s}}", schedule);
    gbl_scenario *s = bound(text);
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .on_request = keep_order, .to = &c};
    assert_int_equal(gbl_run(&r, s, &opt, &err), 0);
    gbl_result_free(r);
    gbl_scenario_free(s);
    assert_int_equal(c.n, CROWD);
    return c;
}

static void schedulers_serve_in_their_order(void **state) {
    (void)state;
    crowd by_length = serve("\"shortest\""), by_due = serve("{\"use\":\"deadline\",\"slack_ms_per_token\":2}"), by_class = serve("{\"use\":\"priority\",\"preempt\":false}"), misled = serve("{\"use\":\"shortest\",\"error\":3}");
    int wrong = 0;
    for (int i = 2; i < CROWD; i++) { /* the first has begun before the others are there */
        assert_true(by_length.life[i - 1].output <= by_length.life[i].output);
        assert_true(by_due.life[i - 1].input <= by_due.life[i].input); /* all came within 39 ns */
        assert_true(by_class.life[i - 1].priority <= by_class.life[i].priority);
        wrong += misled.life[i - 1].output > misled.life[i].output;
    }
    assert_true(wrong > 5);
    crowd fair = serve("\"fair\"");
    double served[2] = {0};
    for (int i = 0; i < CROWD / 2; i++) { /* both still wait: neither is ahead by more than two of the largest requests */
        served[fair.life[i].tenant] += (double)fair.life[i].input + 2.0 * (double)fair.life[i].output;
        assert_true(fabs(served[0] - served[1]) <= 2 * 3200);
    }
    crowd weighed = serve("{\"use\":\"fair\",\"weight_1\":4}");
    double share[2] = {0};
    for (int i = 0; i < CROWD / 3; i++) { /* of four times the weight, the second tenant is owed four times the service */
        const gbl_life *l = &weighed.life[i];
        share[l->tenant] += ((double)l->input + 2.0 * (double)l->output) / (l->tenant ? 4 : 1);
        assert_true(fabs(share[0] - share[1]) <= 2 * 3200);
    }
    assert_true(share[1] * 4 > 2 * share[0]);
}

/* ---- at random ---- */

static void scenario_text(char *out, size_t size, uint64_t r) {
    static const char *const schedule[] = {"\"chunked\"", "{\"use\":\"chunked\",\"reserve\":\"prompt\"}", "{\"use\":\"chunked\",\"token_budget\":300}", "\"prefill_first\"", "{\"use\":\"iteration\",\"reserve\":\"request\"}", "{\"use\":\"static\",\"reserve\":\"request\"}",
                                           "\"shortest\"", "{\"use\":\"shortest\",\"error\":0.5,\"by\":\"total\"}", "\"deadline\"", "\"priority\"", "\"fair\""};
    static const char *const prefix[] = {"\"block\"", "\"off\"", "\"radix\"", "\"chunk\"", "{\"use\":\"block\",\"share\":\"computed\"}"};
    static const char *const route[] = {"round_robin", "least_kv", "random", "power_of_two", "least_requests", "least_tokens", "session_sticky", "prompt_tree", "prefix_load", "cache_aware"};
    static const char *const preempt[] = {"recompute", "swap"}, *const mode[] = {"after", "layerwise"}, *const role[] = {"decode", "both", "decode"};
    static const char *const admit[] = {"\"always\"", "{\"use\":\"watermark\",\"kv\":0.6}", "{\"use\":\"watermark\",\"kv\":0.7,\"queue\":4,\"then\":\"wait\"}",
                                        "{\"use\":\"token_bucket\",\"rate_s\":3,\"then\":\"wait\"}", "{\"use\":\"token_bucket\",\"count\":\"prompt\",\"rate_s\":2000,\"burst\":8000}"};
    static const char *const client[] = {"", "", "\"client\":{\"timeout_s\":2,\"retries\":2,\"backoff_s\":0.5},", "\"client\":{\"timeout_s\":0.3,\"timeout_until\":\"first_token\",\"cancel_share\":0.3,\"cancel_s\":2},",
                                         "\"client\":{\"cancel_share\":0.5,\"cancel_s\":1},"};
    static const char *const prefetch[] = {"", ",\"prefetch\":\"queue\"", ",\"prefetch\":\"cost\""};
    static const char *const below[] = {"", "\"tiers\":[{\"name\":\"dram\",\"bytes\":4e9}],", "\"tiers\":[{\"name\":\"dram\",\"bytes\":2e9},{\"name\":\"remote\",\"bytes\":2e10,\"load\":\"always\"}],",
                                        "\"tiers\":[{\"name\":\"remote\",\"bytes\":3e10,\"bandwidth_GB_s\":20}],"};
    int tiered = pick(r, 18, 5) % 2 == 0 ? (int)pick(r, 23, 4) : 0;
    const char *tiers = below[tiered];
    char pools[500];
    int at = snprintf(pools, sizeof pools, "{\"name\":\"p\",\"replicas\":%d,\"role\":\"prefill\",\"tp\":%d},{\"name\":\"d\",\"replicas\":%d,\"role\":\"%s\"}", 1 + (int)pick(r, 1, 3),
                      1 + (int)pick(r, 2, 2), 1 + (int)pick(r, 3, 3), role[pick(r, 4, 3)]);
    if (pick(r, 20, 3) == 0) at = snprintf(pools, sizeof pools, "{\"name\":\"all\",\"replicas\":%d}", 1 + (int)pick(r, 1, 4));
    else if (pick(r, 5, 3) == 0) snprintf(pools + at, sizeof pools - (size_t)at, ",{\"name\":\"b\",\"role\":\"both\",\"hardware\":\"a100-80-sxm\"}");
    int bs = pick(r, 6, 3) ? 16 : 64;
    char network[200] = "";
    if (pick(r, 20, 3))
        snprintf(network, sizeof network, "\"kv_transfer\":\"%s\",\"kv_transfer_reuse\":%s,\"network_GB_s\":%g,", mode[pick(r, 8, 2)], pick(r, 9, 2) ? "true" : "false",
                 pick(r, 10, 2) ? 50.0 : 2.0);
    snprintf(out, size,
             "{\"trace\":%s,%s%s\"cluster\":{%s\"pools\":[%s]},"
             "\"engine\":{\"runtime\":\"%s\",\"max_num_seqs\":%d,\"max_num_batched_tokens\":%d,\"block_size\":%d,\"kv_blocks\":%d},"
             "\"policy\":{\"schedule\":%s,\"preempt\":\"%s\",\"route\":\"%s\",\"prefix\":%s%s,\"admit\":%s},\"run\":{\"seed\":%d%s}}",
             pick(r, 7, 2) ? "{\"file\":\"traces/samples/chat.jsonl.gz\",\"limit\":300,\"rate_scale\":30}"
                           : "{\"generate\":{\"requests\":300,\"tenants\":3,\"priorities\":3,\"arrival\":{\"use\":\"poisson\",\"rate_s\":20},\"input\":{\"use\":\"uniform\",\"low\":1,\"high\":2000},\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":200}}}",
             client[pick(r, 21, 5)], tiers, network, pools, pick(r, 11, 2) ? "ideal" : "vllm", pick(r, 12, 2) ? 256 : 6,
             pick(r, 13, 2) ? 8192 : 512, bs, (int)(4000 + pick(r, 14, 30000)) / bs, schedule[pick(r, 15, 11)], preempt[pick(r, 16, 2)], route[pick(r, 17, 10)],
             prefix[pick(r, 18, 5)], tiered == 1 || tiered == 2 ? prefetch[pick(r, 24, 3)] : "", admit[pick(r, 22, 8) < 5 ? pick(r, 22, 8) : 0], (int)r, pick(r, 19, 4) ? "" : ",\"stop_s\":12");
}

static void random_clusters_keep_the_laws(void **state) {
    (void)state;
    char text[3000];
    double fast = 0, moves = 0, preemptions = 0, gone = 0, retried = 0, rejected = 0;
    for (uint64_t r = 0; r < 240; r++) {
        scenario_text(text, sizeof text, r);
        outcome a = run(text, 0), b = run(text, 1), again = run(text, 0);
        if (strcmp(a.json, b.json)) fail_msg("fast and exact differ for\n%s\n%s\n%s", text, a.json, b.json);
        assert_string_equal(a.json, again.json);
        fast += a.fast;
        if (a.moves > 0) moves += a.moves; /* NaN where there is one pool */
        preemptions += a.preemptions;
        gone += a.gone;
        retried += a.retried;
        rejected += a.rejected;
        free(a.json);
        free(b.json);
        free(again.json);
    }
    assert_true(fast > 1000 && moves > 10000 && preemptions > 100 && gone > 1000 && retried > 500 && rejected > 500); /* what could go wrong did happen */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kv_crosses_the_network_at_its_speed), cmocka_unit_test(layer_by_layer_hides_all_but_the_last_layer),
                                       cmocka_unit_test(two_transfers_share_a_port), cmocka_unit_test(a_bucket_lets_in_at_its_rate), cmocka_unit_test(clients_give_up_and_come_again), cmocka_unit_test(jitter_shortens_the_wait), cmocka_unit_test(every_request_ends_once), cmocka_unit_test(a_shared_store_serves_the_other_replica), cmocka_unit_test(schedulers_serve_in_their_order), cmocka_unit_test(random_clusters_keep_the_laws)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
