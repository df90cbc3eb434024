/* Claims: verdict rules at their edges, every primitive against what it should be, messages, the cache. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/doc.h"
#include "base/text.h"
#include "reports/claims.h"

static char path[] = "/tmp/gable-claims-XXXXXX";

/* ---------------------------------------------------------------- verdicts ---- */

static enum gbl_verdict relative(double published, double simulated, double tolerance, double neutral)
{
    gbl_claim_case c = {.rule = GBL_REPRODUCED, .published = published, .simulated = simulated, .tolerance = tolerance, .neutral = neutral};
    return gbl_claim_judge(&c);
}

static void verdicts(void **state)
{
    (void)state;
    assert_int_equal(relative(2, 2.6, 0.3, 1), GBL_REPRODUCED); /* inclusive */
    assert_int_equal(relative(2, 1.4, 0.3, 1), GBL_REPRODUCED);
    assert_int_equal(relative(2, 2.61, 0.3, 1), GBL_DIRECTION);
    assert_int_equal(relative(2, 1.39, 0.3, 1), GBL_DIRECTION);
    assert_int_equal(relative(2, 1.1, 0.3, 1), GBL_DIRECTION);
    assert_int_equal(relative(2, 1.09, 0.3, 1), GBL_NOT); /* less than a tenth of the effect */
    assert_int_equal(relative(2, 0.5, 0.3, 1), GBL_NOT);
    assert_int_equal(relative(0.5, 0.9, 0.3, 1), GBL_DIRECTION); /* a slow-down is a direction, too */
    assert_int_equal(relative(0.5, 1.5, 0.3, 1), GBL_NOT);
    assert_int_equal(relative(10, 20, 0.3, NAN), GBL_NOT); /* no neutral value: no direction */
    assert_int_equal(relative(1, 3, 0.3, 1), GBL_NOT);     /* no effect was published */
    assert_int_equal(relative(1, 1, 0, 1), GBL_REPRODUCED);
    assert_int_equal(relative(2, NAN, 0.3, 1), GBL_NOT);
    assert_int_equal(relative(2, INFINITY, 0.3, 1), GBL_NOT);
    assert_int_equal(relative(-2, -2.5, 0.3, 0), GBL_REPRODUCED);
}

static void verdicts_by_rule(void **state)
{
    (void)state;
    gbl_claim_case c = {.rule = GBL_REPRODUCED, .published = 1.15, .simulated = 1.25, .tolerance = 0.1, .absolute = 1, .neutral = 1};
    assert_int_equal(gbl_claim_judge(&c), GBL_REPRODUCED);
    c.simulated = 1.26;
    assert_int_equal(gbl_claim_judge(&c), GBL_DIRECTION);
    c.rule = GBL_DIRECTION;
    c.simulated = 1.15;
    assert_int_equal(gbl_claim_judge(&c), GBL_DIRECTION); /* the best that the rule allows */
    c.rule = GBL_QUALITY;
    assert_int_equal(gbl_claim_judge(&c), GBL_QUALITY);
    c.rule = GBL_NOT;
    assert_int_equal(gbl_claim_judge(&c), GBL_NOT);
}

/* ---------------------------------------------------------------- measures ---- */

#define SCENE                                                                                                                        \
    "\"scenarios\": {\"small\": {\"trace\": {\"generate\": {\"requests\": 40, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 4}, "  \
    "\"input\": {\"use\": \"fixed\", \"tokens\": 200}, \"output\": {\"use\": \"fixed\", \"tokens\": 20}}}, \"model\": \"opt-1.3b\", " \
    "\"policy\": {\"prefix\": \"off\"}}}, \"sets\": {\"one\": {\"engine.max_num_seqs\": 1}, \"n\": {\"engine.max_num_seqs\": \"$n\"}, " \
    "\"few\": {\"compress\": \"snapkv\"}, \"bad\": {\"compres\": \"snapkv\"}}, \"models\": {\"long\": {\"llm\": \"llama-2-7b\", \"prompt\": 16384, \"context\": 16384}}, "

static gbl_err failure;

static gbl_claims *solve(const char *text, int jobs, const char *cache)
{
    FILE *f = fopen(path, "w");
    gbl_claims *c = NULL;
    const char *key = path;
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    gbl_claims_ask ask = {.key = &key, .n_keys = 1, .jobs = jobs, .cache = cache, .progress = GBL_PROGRESS_OFF};
    memset(&failure, 0, sizeof failure);
    gbl_claims_solve(&c, &ask, &failure);
    return c;
}

/* The value of one measure. */
static double measure(const char *text)
{
    char all[4096];
    snprintf(all, sizeof all,
             "{\"gable\": \"claims/1\", \"key\": \"t\", " SCENE "\"measures\": {\"five\": 5}, \"claims\": [{\"quantity\": \"q\", \"published\": 1, \"source\": "
             "\"s\", \"runtime\": \"r\", \"tolerance\": 0, \"measure\": %s}]}",
             text);
    gbl_claims *c = solve(all, 2, NULL);
    if (!c) return NAN;
    double v = gbl_claims_at(c, 0)->is.simulated;
    gbl_claims_free(c);
    return v;
}

static void arithmetic(void **state)
{
    (void)state;
    assert_close(measure("{\"ratio\": [12, 3, 2]}"), 2, 0);
    assert_close(measure("{\"difference\": [12, 3, 2]}"), 7, 0);
    assert_close(measure("{\"sum\": [1, \"five\", {\"product\": [2, 3]}]}"), 12, 0);
    assert_close(measure("{\"mean\": [1, 2, 6]}"), 3, 0);
    assert_close(measure("{\"max\": [1, {\"min\": [7, 4]}]}"), 4, 0);
    assert_close(measure("{\"floor\": {\"ratio\": [7, 2]}}"), 3, 0);
    assert_close(measure("{\"descending\": [3, 2, 1]}"), 1, 0);
    assert_close(measure("{\"descending\": [3, 3, 1]}"), 0, 0);
    assert_close(measure("{\"let\": \"x\", \"be\": 4, \"in\": {\"product\": [\"$x\", \"$x\"]}}"), 16, 0);
    assert_close(measure("{\"largest\": \"x\", \"of\": [1, 9, 5], \"where\": [{\"descending\": [6, \"$x\"]}]}"), 5, 0);
    assert_close(measure("{\"smallest\": \"x\", \"of\": [1, 9, 5], \"where\": [{\"descending\": [\"$x\", 2]}]}"), 5, 0);
    assert_true(isnan(measure("{\"smallest\": \"x\", \"of\": [1], \"where\": [0]}")));
    assert_true(isnan(measure("{\"ratio\": [1, 0]}")));
}

static void primitives(void **state)
{
    (void)state;
    /* OPT-1.3B: 2 x 24 layers x 2,048 x 2 bytes. */
    assert_close(measure("{\"model\": {\"llm\": \"opt-1.3b\", \"hardware\": \"h100-sxm\"}, \"value\": \"kv.bytes_per_token\"}"), 196608, 0);
    assert_close(measure("{\"run\": \"small\", \"metric\": \"requests.completed\"}"), 40, 0);
    assert_true(measure("{\"ratio\": [{\"step_ms\": \"small\", \"batch\": [{\"decodes\": 64, \"context\": 2000}]}, {\"step_ms\": \"small\", \"batch\": [{\"decodes\": "
                        "1, \"context\": 2000}]}]}") > 1);
    /* Alone, a request has every gap to itself; a variable reaches the settings. */
    assert_true(measure("{\"descending\": [{\"let\": \"n\", \"be\": 1, \"in\": {\"run\": \"small\", \"set\": \"n\", \"metric\": \"queue_ms.max\"}}, {\"run\": \"small\", "
                        "\"metric\": \"queue_ms.max\"}]}") == 1);
}

/* The sheet: settings above a named model, compression among them, variables in both; integers by bisection. */
static void sheets(void **state)
{
    (void)state;
    assert_close(measure("{\"model\": \"long\", \"value\": \"kv.resident_share\"}"), 1, 0);
    assert_close(measure("{\"model\": \"long\", \"set\": \"few\", \"value\": \"kv.resident_share\"}"), 0.0625, 0); /* 1,024 of 16,384 */
    assert_close(measure("{\"model\": \"long\", \"set\": [\"few\", {\"compress\": \"kivi-2bit\"}], \"value\": \"kv.resident_share\"}"), 0.190673828125, 1e-12);
    assert_close(measure("{\"let\": \"b\", \"be\": 3, \"in\": {\"model\": \"long\", \"set\": {\"batch\": \"$b\"}, \"value\": \"batch\"}}"), 3, 0);
    assert_close(measure("{\"product\": [{\"model\": \"long\", \"value\": \"decode_tok_s\"}, {\"model\": \"long\", \"value\": \"decode_ms\"}]}"), 1000, 1e-9);
    assert_close(measure("{\"largest\": \"n\", \"of\": {\"from\": 1, \"to\": 100000}, \"where\": [{\"descending\": [77777.5, \"$n\"]}]}"), 77777, 0);
    assert_close(measure("{\"smallest\": \"n\", \"of\": {\"from\": 1, \"to\": 100000}, \"where\": [{\"descending\": [\"$n\", 777]}]}"), 778, 0);
    assert_close(measure("{\"largest\": \"n\", \"of\": {\"from\": 5, \"to\": 9}, \"where\": [1]}"), 9, 0);
    assert_true(isnan(measure("{\"largest\": \"n\", \"of\": {\"from\": 5, \"to\": 9}, \"where\": [0]}")));
}

/* Singles out of three documents: Belady misses no more than LRU, nobody misses fewer than there are, and a pool that holds all
 * misses each once. */
#define PAGES "{\"hits\": {\"trace\": {\"generate\": {\"requests\": 60, \"documents\": {\"pool\": 3, \"each\": 1, \"tokens\": 16, \"zipf\": 0}}}}, \"evict\": "
static void untimed_hits(void **state)
{
    (void)state;
    assert_close(measure(PAGES "\"lru\", \"blocks\": 3, \"metric\": \"missed_blocks\"}"), 3, 0);
    assert_close(measure(PAGES "\"lru\", \"blocks\": 3, \"metric\": \"total_blocks\"}"), 60, 0);
    double lru = measure(PAGES "\"lru\", \"blocks\": 2, \"metric\": \"missed_blocks\"}"), best = measure(PAGES "\"belady\", \"blocks\": 2, \"metric\": \"missed_blocks\"}");
    assert_true(3 < best && best < lru && lru < 60);
    assert_close(measure(PAGES "{\"use\": \"advice\", \"error\": 0}, \"blocks\": 3, \"metric\": \"evicted_blocks\"}"), 0, 0);
    /* Costs: equal ones count misses, costs that differ are what lec goes by, and a mean over seeds is a mean. */
    assert_close(measure(PAGES "\"lru\", \"blocks\": 2, \"metric\": \"missed_cost\", \"cost\": {\"low\": 7, \"high\": 7}}"), 7 * lru, 1e-12);
    assert_close(measure(PAGES "\"lru\", \"blocks\": 2, \"metric\": \"total_cost\", \"cost\": {\"share\": 0, \"low\": 2}}"), 120, 1e-12);
    double lfu = measure(PAGES "\"lfu\", \"blocks\": 2, \"metric\": \"missed_cost\", \"cost\": {}, \"seeds\": 20}"), lec = measure(PAGES "\"lec\", \"blocks\": 2, \"metric\": \"missed_cost\", \"cost\": {}, \"seeds\": 20}");
    assert_true(lec < 0.9 * lfu);
    double a = measure(PAGES "\"lru\", \"set\": {\"run.seed\": 1}, \"blocks\": 2, \"metric\": \"hit_blocks\"}"), b = measure(PAGES "\"lru\", \"set\": {\"run.seed\": 2}, \"blocks\": 2, \"metric\": \"hit_blocks\"}");
    assert_close(measure(PAGES "\"lru\", \"blocks\": 2, \"metric\": \"hit_blocks\", \"seeds\": 2}"), (a + b) / 2, 1e-12);
    assert_true(isnan(measure(PAGES "\"lru\", \"blocks\": 2, \"metric\": \"hit_blocks\", \"seeds\": 0}")));
    assert_true(isnan(measure(PAGES "\"lru\", \"blocks\": 2, \"metric\": \"mised_blocks\"}")));
    assert_string_equal(failure.nearest, "missed_blocks");
}

/* The answer holds and the next rate of the grid does not. */
static void capacity_is_the_edge(void **state)
{
    (void)state;
    double rate = measure("{\"capacity\": \"small\", \"set\": \"one\", \"within\": {\"queue_ms.p50\": 500}, \"step\": 0.05, \"requests\": 200}");
    double k = log(rate) / log1p(0.05);
    char text[512];
    assert_true(rate > 0.1 && rate < 100);
    assert_close(k, round(k), 1e-9);
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "{\"run\": \"small\", \"set\": [\"one\", {\"trace.generate.requests\": 200, \"trace.generate.arrival.rate_s\": %.17g}], \"metric\": \"queue_ms.p50\"}",
                 pow(1.05, round(k) + i));
        assert_int_equal(measure(text) > 500, i);
    }
    assert_true(isnan(measure("{\"capacity\": \"small\", \"within\": {\"itl_ms.p99\": 0.000001}, \"step\": 0.5, \"requests\": 4}")));
}

/* ---------------------------------------------------------------- files ---- */

static void refused(const char *claim, const char *what, const char *nearest)
{
    char all[4096];
    snprintf(all, sizeof all, "{\"gable\": \"claims/1\", \"key\": \"t\", " SCENE "\"measures\": {\"five\": 5, \"round\": \"trip\", \"trip\": \"round\"}, \"claims\": [%s]}", claim);
    gbl_claims *c = solve(all, 1, NULL);
    if (c) fail_msg("was taken: %s", claim);
    assert_int_equal(failure.code, GBL_EINPUT);
    if (!strstr(failure.what, what)) fail_msg("'%s' does not say '%s'", failure.what, what);
    assert_string_equal(failure.nearest, nearest);
    assert_non_null(strstr(failure.where, path)); /* where it stands */
}

#define CLAIM "\"quantity\": \"q\", \"published\": 1, \"source\": \"s\", \"runtime\": \"r\", \"tolerance\": 0"
static void mistakes(void **state)
{
    (void)state;
    refused("{\"quantty\": \"q\"}", "quantty", "quantity");
    refused("{\"quantity\": \"q\"}", "source", "");
    refused("{\"quantity\": \"q\", \"source\": \"s\", \"rule\": \"not\"}", "reason", "");
    refused("{" CLAIM "}", "measure", "");
    refused("{" CLAIM ", \"rule\": \"not\", \"reason\": \"x\", \"measure\": 1}", "not measured", "");
    refused("{\"quantity\": \"q\", \"source\": \"s\", \"measure\": 1, \"runtime\": \"r\", \"published\": 1}", "tolerance", "");
    refused("{" CLAIM ", \"rule\": \"direction\", \"unit\": \"s\", \"measure\": 1}", "neutral", "");
    refused("{" CLAIM ", \"measure\": \"fife\"}", "unknown measure", "five");
    refused("{" CLAIM ", \"measure\": \"round\"}", "circle", "");
    refused("{" CLAIM ", \"measure\": \"$x\"}", "unknown variable", "");
    refused("{" CLAIM ", \"measure\": {\"ratoi\": [1, 2]}}", "measures nothing", "ratio");
    refused("{" CLAIM ", \"measure\": {\"run\": \"smal\", \"metric\": \"duration_s\"}}", "unknown scenario", "small");
    refused("{" CLAIM ", \"measure\": {\"run\": \"small\", \"set\": \"onee\", \"metric\": \"duration_s\"}}", "unknown set", "one");
    refused("{" CLAIM ", \"measure\": {\"run\": \"small\", \"metrc\": \"duration_s\"}}", "metrc", "metric");
    refused("{" CLAIM ", \"measure\": {\"run\": \"small\"}}", "lacks 'metric'", "");
    refused("{" CLAIM ", \"measure\": {\"run\": \"small\", \"metric\": \"itl_ms.meen\"}}", "itl_ms.meen", "mean");
    refused("{" CLAIM ", \"measure\": {\"model\": {\"hardware\": \"a10\"}, \"value\": \"x\"}}", "llm", "");
    refused("{" CLAIM ", \"measure\": {\"model\": {\"llm\": \"opt-1.3b\"}, \"value\": \"x\"}}", "no number", "");
    refused("{" CLAIM ", \"measure\": {\"model\": \"lon\", \"value\": \"batch\"}}", "unknown model", "long");
    refused("{" CLAIM ", \"measure\": {\"model\": \"long\", \"set\": \"bad\", \"value\": \"batch\"}}", "compres", "compress");
    refused("{" CLAIM ", \"measure\": {\"model\": \"long\", \"set\": {\"compress\": \"snpkv\"}, \"value\": \"batch\"}}", "unknown compression method", "snapkv");
    refused("{" CLAIM ", \"measure\": {\"largest\": \"n\", \"of\": {\"from\": 9, \"to\": 5}, \"where\": [1]}}", "no range", "");
    refused("{" CLAIM ", \"measure\": {\"largest\": \"n\", \"of\": {\"from\": 9}, \"where\": [1]}}", "lacks 'to'", "");
    refused("{" CLAIM ", \"measure\": {\"sum\": []}}", "sum", "");
    refused("{" CLAIM ", \"measure\": {\"step_ms\": \"small\", \"batch\": [{\"decode\": 1}]}}", "decode", "decodes");
    refused("{" CLAIM ", \"measure\": {\"capacity\": \"small\", \"within\": {\"itl_ms.p99\": 9}, \"vary\": \"trace.generate.arrival\"}}", "no positive number", "");
    refused("{" CLAIM ", \"measure\": {\"capacity\": \"small\", \"within\": {\"itl_ms.p99\": 9}, \"step\": 0}}", "step", "");
}

static char *text_of(const gbl_claims *c)
{
    gbl_json *j = gbl_json_new(0);
    assert_non_null(j);
    gbl_claims_json(c, j);
    char *copy = strdup(gbl_json_text(j));
    gbl_json_free(j);
    return copy;
}

/* One or three workers, cache cold or warm: the same text; a warm cache runs nothing. */
static void same_answer(void **state)
{
    (void)state;
    static const char text[] = "{\"gable\": \"claims/1\", \"key\": \"t\", " SCENE "\"claims\": [{" CLAIM
                               ", \"measure\": {\"capacity\": \"small\", \"set\": \"one\", \"within\": {\"queue_ms.p50\": 500}, \"requests\": 100}}, {" CLAIM
                               ", \"measure\": {\"run\": \"small\", \"metric\": \"itl_ms.p99\"}}]}";
    char folder[] = "/tmp/gable-claims-cache-XXXXXX", remove[96];
    assert_non_null(mkdtemp(folder));
    gbl_claims *a = solve(text, 1, NULL), *b = solve(text, 3, folder), *c = solve(text, 2, folder);
    assert_true(a && b && c);
    char *ta = text_of(a), *tb = text_of(b), *tc = text_of(c);
    assert_string_equal(ta, tb);
    assert_string_equal(ta, tc);
    assert_int_equal(gbl_claims_cached(b), 0);
    assert_true(gbl_claims_runs(c) > 3);
    assert_int_equal(gbl_claims_cached(c), gbl_claims_runs(c));
    free(ta), free(tb), free(tc);
    gbl_claims_free(a), gbl_claims_free(b), gbl_claims_free(c);
    snprintf(remove, sizeof remove, "rm -r '%s'", folder);
    assert_int_equal(system(remove), 0);
}

/* Every file that is shipped can be read, and its key is its name. */
static void shipped_files(void **state)
{
    (void)state;
    gbl_arena *a = gbl_arena_new();
    size_t n = 0;
    const char **names = gbl_data_list(a, "reports/claims", &n);
    assert_true(names && n >= 6);
    for (size_t i = 0; i < n; i++) {
        gbl_doc *d = NULL;
        gbl_err err = {0};
        const char *file = gbl_data_path(a, gbl_arena_printf(a, "reports/claims/%s.json", names[i]));
        assert_int_equal(gbl_doc_read(&d, file, &err), 0);
        assert_string_equal(gbl_node_text(gbl_node_get(gbl_doc_root(d), "key")), names[i]);
        gbl_doc_free(d);
    }
    gbl_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts), cmocka_unit_test(verdicts_by_rule), cmocka_unit_test(arithmetic), cmocka_unit_test(primitives), cmocka_unit_test(sheets), cmocka_unit_test(untimed_hits),
                                       cmocka_unit_test(capacity_is_the_edge), cmocka_unit_test(mistakes), cmocka_unit_test(same_answer), cmocka_unit_test(shipped_files)};
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
