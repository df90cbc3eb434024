/* Plans over many grids: always brute force's answer, every configuration accounted for, few runs; mixes of kinds; rates
 * below what the engine can serve; what is called nearest is feasible. */
#include "tests/unit/plan_help.h"

#include "base/random.h"

#define TEXT 2400

/* ---------------------------------------------------------------- random grids ---- */

typedef struct luck {
    uint64_t seed, k;
} luck;

static size_t draw(luck *l, size_t n)
{
    return (size_t)(gbl_draw_u64(l->seed, 77, 0, l->k++) % n);
}

static const char *pick(luck *l, const char *const *of, size_t n)
{
    return of[draw(l, n)];
}
#define PICK(l, ...) pick(l, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void random_scenario(luck *l, char *out, size_t size)
{
    snprintf(out, size,
             "{\"trace\": {\"generate\": {\"requests\": %s, \"arrival\": %s, \"input\": %s, \"output\": %s}}, \"policy\": {\"route\": \"%s\"}}", PICK(l, "120", "200"),
             PICK(l, "{\"use\": \"poisson\", \"rate_s\": 8}", "{\"use\": \"poisson\", \"rate_s\": 40}", "{\"use\": \"gamma\", \"rate_s\": 25, \"cv\": 3}"),
             PICK(l, "{\"use\": \"uniform\", \"low\": 400, \"high\": 1200}", "{\"use\": \"fixed\", \"tokens\": 1500}", "{\"use\": \"lognormal\", \"mu\": 6, \"sigma\": 1, \"low\": 10, \"high\": 6000}"),
             PICK(l, "{\"use\": \"fixed\", \"tokens\": 90}", "{\"use\": \"uniform\", \"low\": 1, \"high\": 60}"), PICK(l, "round_robin", "least_kv"));
}

static void random_plan(luck *l, char *out, int mix)
{
    char scenario[900];
    random_scenario(l, scenario, sizeof scenario);
    const char *slo = PICK(l, "{\"ttft_ms\": 300, \"tpot_ms\": 30, \"attain\": 0.95}", "{\"ttft_ms\": 1000, \"tpot_ms\": 20, \"attain\": 0.9}", "{\"ttft_ms\": 500, \"tpot_ms\": 60, \"attain\": 0.99}",
                           "{\"e2el_ms\": 4000, \"ttft_ms\": null, \"tpot_ms\": null}");
    const char *engine = PICK(l, "\"engine.max_num_seqs\": [8, 64, 256]", "\"engine.max_num_batched_tokens\": [1024, 8192]");
    const char *fleet = mix ? PICK(l, "\"mix\": {\"hardware\": [\"h100-sxm\", \"l40s\"], \"most_replicas\": 4}", "\"mix\": {\"hardware\": [\"a100-80-sxm\"], \"pools\": [{\"hardware\": \"l40s\", \"tp\": 2, \"replicas\": [0, 1, 3]}], \"most_replicas\": 3}")
                            : "\"minimize\": \"auto\"";
    const char *kinds = mix ? "" : PICK(l, ", \"cluster.hardware\": [\"l40s\", \"h100-sxm\"], \"cluster.tp\": [1, 2], \"cluster.replicas\": [1, 2, 3, 4, 5, 6]", ", \"cluster.hardware\": [\"a100-80-sxm\", \"h100-sxm\", \"l40s\"], \"cluster.replicas\": [1, 2, 3, 4, 6, 8]");
    snprintf(out, TEXT, "{\"gable\": \"plan/1\", \"find\": \"fleet\", \"scenario\": %s, \"replications\": %s, \"slo\": %s, %s, \"choices\": {%s%s}}", scenario, PICK(l, "1", "2"), slo, fleet, engine, kinds);
}

static void test_random_grids(void **state)
{
    (void)state;
    char text[TEXT];
    luck l = {.seed = 20};
    for (int i = 0; i < 10; i++) {
        random_plan(&l, text, i % 2);
        as_brute_force(text);
    }
}

/* ---------------------------------------------------------------- few runs ---- */

#define SMALL "{\"trace\": {\"generate\": {\"requests\": %s, \"arrival\": {\"use\": \"poisson\", \"rate_s\": %s}, \"input\": {\"use\": \"uniform\", \"low\": 400, \"high\": 1200}, " \
              "\"output\": {\"use\": \"uniform\", \"low\": 20, \"high\": 120}}}}"

/* Grids of 96 and 144: a tenth is enough. */
static void test_few_runs(void **state)
{
    (void)state;
    char scenario[600], text[TEXT];
    static const char *const n[] = {"240", "500"}, *const rate[] = {"12", "60"};
    static const char *const more[] = {"\"engine.max_num_batched_tokens\": [1024, 8192]", "\"engine.max_num_seqs\": [32, 128, 512]"};
    for (int i = 0; i < 4; i++) {
        snprintf(scenario, sizeof scenario, SMALL, n[i % 2], rate[i % 2]);
        snprintf(text, sizeof text,
                 "{\"scenario\": %s, \"find\": \"fleet\", \"replications\": 1, \"slo\": {\"ttft_ms\": 400, \"tpot_ms\": 25, \"attain\": 0.95}, \"choices\": {\"cluster.hardware\": [\"l40s\", "
                 "\"a100-80-sxm\", \"h100-sxm\"], \"cluster.tp\": [1, 2], %s, \"cluster.replicas\": [1, 2, 3, 4, 5, 6, 7, 8]}}",
                 scenario, more[i / 2]);
        double share = as_brute_force(text);
        if (share > 0.1) fail_msg("%g of the grid: %s", share, text);
    }
}

/* ---------------------------------------------------------------- mixes ---- */

/* Whole alternatives of pools; and pools whose replicas are counted each. */
static void test_pools(void **state)
{
    (void)state;
    char scenario[600], text[TEXT];
    snprintf(scenario, sizeof scenario, SMALL, "240", "40");
    snprintf(text, sizeof text,
             "{\"scenario\": %s, \"find\": \"fleet\", \"replications\": 1, \"slo\": {\"ttft_ms\": 600, \"tpot_ms\": 40, \"attain\": 0.95}, \"choices\": {\"cluster.pools\": ["
             "[{\"name\": \"a\", \"hardware\": \"h100-sxm\", \"replicas\": 3}], [{\"name\": \"a\", \"hardware\": \"h100-sxm\"}, {\"name\": \"b\", \"hardware\": \"l40s\", \"replicas\": 2}]]}}",
             scenario);
    as_brute_force(text);
    answer a = solve(text);
    assert_true(num(&a, "grid") == 2);
    assert_true(num(&a, "best.gpus") == 3);
    gbl_doc_free(a.doc);
    scenario[strlen(scenario) - 1] = 0;
    snprintf(text, sizeof text,
             "{\"scenario\": %s, \"cluster\": {\"pools\": [{\"name\": \"a\", \"hardware\": \"h100-sxm\"}, {\"name\": \"b\", \"hardware\": \"l40s\"}]}}, \"find\": \"fleet\", \"replications\": 1, "
             "\"slo\": {\"ttft_ms\": 600, \"tpot_ms\": 40, \"attain\": 0.95}, \"choices\": {\"cluster.pools.0.replicas\": [1, 2, 3], \"cluster.pools.1.replicas\": [1, 2, 4]}}",
             scenario);
    as_brute_force(text);
}

/* A mix with one kind that does not fit: the others stand; what it says of each fleet adds up. */
static void test_mix(void **state)
{
    (void)state;
    answer a = solve("{\"scenario\": {\"model\": \"llama-3.1-70b\", \"trace\": {\"generate\": {\"requests\": 100, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 4}, \"input\": {\"use\": \"fixed\", \"tokens\": 700}, "
                     "\"output\": {\"use\": \"fixed\", \"tokens\": 60}}}}, \"find\": \"fleet\", \"replications\": 1, \"slo\": {\"ttft_ms\": 2000, \"tpot_ms\": 100, \"attain\": 0.9}, \"mix\": {\"hardware\": [\"l40s\"], "
                     "\"pools\": [{\"hardware\": \"h100-sxm\", \"tp\": 4}], \"most_replicas\": 3}}");
    assert_string_equal(word(&a, "verdict"), "feasible");
    assert_true(num(&a, "grid") == 15 && num(&a, "accounts.cannot_run") == 12);
    assert_true(num(&a, "best.choices.mix.l40s") == 0);
    assert_true(num(&a, "best.gpus") == 4 * num(&a, "best.choices.mix.h100-sxm tp 4"));
    assert_string_equal(word(&a, "best.scenario.cluster.pools.0.hardware"), "h100-sxm");
    assert_non_null(strstr(word(&a, "pruned.0.reason"), "does not fit"));
    assert_accounts(&a);
    gbl_doc_free(a.doc);
}

static void test_bad_mixes(void **state)
{
    (void)state;
    static const struct { const char *text, *what; } bad[] = {
        {"{\"mix\": {\"hardware\": [\"l40s\"]}}", "a mix is counted in a search for a fleet, not for a rate"},
        {"{\"find\": \"fleet\", \"mix\": []}", "'mix' must be an object"},
        {"{\"find\": \"fleet\", \"mix\": {}}", "the mix has 0 kinds"},
        {"{\"find\": \"fleet\", \"mix\": {\"hardware\": \"l40s\"}}", "'hardware' of the mix is no list"},
        {"{\"find\": \"fleet\", \"mix\": {\"hardware\": [\"l40s\", \"l40s\"]}}", "two kinds of the mix are called 'l40s'"},
        {"{\"find\": \"fleet\", \"mix\": {\"hardware\": [\"l40z\"]}}", NULL},
        {"{\"find\": \"fleet\", \"mix\": {\"pools\": [\"l40s\"]}}", "a kind of the mix is no pool"},
        {"{\"find\": \"fleet\", \"mix\": {\"pools\": [{\"hardware\": \"l40s\", \"replicas\": [-1]}]}}", "-1 replicas cannot be"},
        {"{\"find\": \"fleet\", \"mix\": {\"pools\": [{\"hardware\": \"l40s\", \"replicas\": 2}]}}", "the counts of replicas are no list"},
        {"{\"find\": \"fleet\", \"mix\": {\"pools\": [{\"hardwear\": \"l40s\"}]}}", NULL},
        {"{\"find\": \"fleet\", \"mix\": {\"most\": 3}}", NULL},
        {"{\"find\": \"fleet\", \"mix\": {\"hardware\": [\"l40s\"]}, \"choices\": {\"cluster.tp\": [1, 2]}}", "'cluster.tp' beside a mix would be read by nothing"},
        {"{\"find\": \"fleet\", \"mix\": {\"hardware\": [\"l40s\"]}, \"choices\": {\"cluster.replicas\": [1, 2]}}", "'cluster.replicas' beside a mix would be read by nothing"},
        {"{\"find\": \"fleet\", \"choices\": {\"cluster.replicas\": 3}}", "the counts of replicas are no list"},
        {"{\"find\": \"fleet\", \"mix\": {\"hardware\": [\"l40s\", \"h100-sxm\", \"a100-80-sxm\", \"l4\"], \"most_replicas\": 200}}", "the grid has more than 1048576 fleets"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answer a = solve_with(bad[i].text, 1, 0);
        if (a.code != GBL_EINPUT) fail_msg("%s: code %d", bad[i].text, a.code);
        if (bad[i].what) assert_string_equal(a.err.what, bad[i].what);
        if (!a.err.where[0]) fail_msg("%s: says not where", bad[i].text);
    }
}

/* ---------------------------------------------------------------- rates ---- */

/* A loose bound on a short trace: the queue has no time to grow past it, and yet the rate is below what can be served. */
static void test_capacity(void **state)
{
    (void)state;
    static const char *const requests[] = {"200", "600", "2400"};
    double rate[3], most = 0;
    char text[TEXT];
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text,
                 "{\"scenario\": {\"engine\": {\"max_num_seqs\": 8}, \"trace\": {\"generate\": {\"requests\": %s, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 3}, \"input\": {\"use\": \"fixed\", \"tokens\": 200}, "
                 "\"output\": {\"use\": \"fixed\", \"tokens\": 100}}}}, \"replications\": 2, \"slo\": {\"ttft_ms\": 60000, \"tpot_ms\": null, \"attain\": 0.95}}",
                 requests[i]);
        answer a = solve(text);
        rate[i] = num(&a, "best.rate_s");
        most = num(&a, "judged.saturation_request_s");
        assert_true(num(&a, "judged.lengthened") == 4);
        assert_true(rate[i] <= most && rate[i] <= num(&a, "judged.engine_bound_rate_s"));
        assert_true(rate[i] > 0.8 * most); /* and not far below */
        assert_true(most <= num(&a, "judged.engine_bound_rate_s")); /* the bound is one */
        gbl_doc_free(a.doc);
    }
    assert_true(fabs(rate[0] / rate[2] - 1) < 0.11); /* the trace's length hardly matters */
}

/* A rate cannot be confirmed on a longer trace where that is a file. */
static void test_file(void **state)
{
    (void)state;
    answer a = solve("{\"scenario\": {\"trace\": {\"file\": \"traces/samples/chat.jsonl.gz\", \"limit\": 400}}, \"granularity\": 0.1, \"slo\": {\"ttft_ms\": 2000, \"tpot_ms\": 60, \"attain\": 0.9}}");
    assert_string_equal(word(&a, "verdict"), "feasible");
    assert_true(num(&a, "judged.lengthened") == 1 && num(&a, "judged.requests") == 400);
    gbl_doc_free(a.doc);
}

/* ---------------------------------------------------------------- the nearest SLO ---- */

static void nearest_holds(const char *fmt, const char *slo)
{
    char text[TEXT];
    snprintf(text, sizeof text, fmt, slo);
    answer a = solve(text);
    assert_string_equal(word(&a, "verdict"), "infeasible");
    assert_true(word(&a, "binding.constraint")[0] != 0);
    char *near = part(&a, "nearest_slo");
    assert_non_null(near);
    snprintf(text, sizeof text, fmt, near);
    answer b = solve(text);
    if (strcmp(word(&b, "verdict"), "feasible")) fail_msg("%s does not hold", text);
    gbl_free(near);
    gbl_doc_free(a.doc);
    gbl_doc_free(b.doc);
}

static void test_nearest(void **state)
{
    (void)state;
#define ASK(more) "{\"scenario\": {\"trace\": {\"generate\": {\"requests\": 200, \"arrival\": {\"use\": \"gamma\", \"rate_s\": 20, \"cv\": 2}, \"input\": {\"use\": \"fixed\", \"tokens\": 900}, " \
                  "\"output\": {\"use\": \"fixed\", \"tokens\": 50}}}}, \"replications\": 2" more ", \"slo\": %s}"
    static const char *const slo[] = {"{\"ttft_ms\": 2, \"tpot_ms\": 30, \"attain\": 0.9}", "{\"ttft_ms\": 400, \"tpot_ms\": 2, \"attain\": 0.95}", "{\"ttft_ms\": 3, \"tpot_ms\": 3, \"attain\": 0.9}",
                                      "{\"ttft_p99_ms\": 1}"};
    for (size_t i = 0; i < sizeof slo / sizeof *slo; i++) {
        nearest_holds(ASK(""), slo[i]);
        nearest_holds(ASK(", \"find\": \"fleet\", \"choices\": {\"cluster.hardware\": [\"l40s\", \"h100-sxm\"], \"cluster.replicas\": [1, 2, 4]}"), slo[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_grids), cmocka_unit_test(test_few_runs), cmocka_unit_test(test_pools), cmocka_unit_test(test_mix),
        cmocka_unit_test(test_bad_mixes),    cmocka_unit_test(test_capacity), cmocka_unit_test(test_file),  cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
