/* Engine logs: the reader's messages on files made here; a log written from a simulation comes back without error; and,
 * where ../shared/data is there, the known engines within loose limits. */
#include "tests/unit/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/store.h"
#include "sim/run.h"
#include "validate/engine_score.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static int turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static void put_file(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gable-engine-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static int validate(const char *description, gbl_engine_scores *s, gbl_err *err)
{
    memset(err, 0, sizeof *err);
    put_file("log.json", description);
    assert_int_equal(gbl_engine_scores_init(s, err), 0);
    return gbl_engine_validate(s, in_folder("log.json"), NULL, err);
}

/* The description is refused, or the log under it; the message holds these words. */
static void refused(const char *description, const char *csv, const char *what, const char *where)
{
    gbl_engine_scores s;
    gbl_err err;
    char text[4096];
    put_file("log.csv", csv);
    assert_int_equal(validate(description, &s, &err), GBL_EINPUT);
    gbl_err_text(&err, text, sizeof text);
    if (!strstr(err.what, what) || !strstr(err.where, where)) fail_msg("not \"%s\" at \"%s\" but:\n%s", what, where, text);
    assert_true(err.expected[0] != 0);
    assert_int_equal(s.n, 0);
    gbl_engine_scores_fini(&s);
}

#define HEAD "{\"gable\": \"engine/1\", \"name\": \"t\", \"kind\": \"requests\", \"file\": \"log.csv\", \"columns\": {"
#define COLUMNS "\"arrival\": {\"column\": \"at\", \"unit\": \"ms\"}, \"input\": \"in\", \"output\": \"out\", "
#define TIMES "\"ttft\": {\"column\": \"ttft\", \"unit\": \"ms\"}, \"tpot\": {\"column\": \"tpot\", \"unit\": \"ms\"}, \"e2e\": {\"column\": \"e2e\", \"unit\": \"ms\"}"
#define TAIL "}, \"scenario\": {\"engine\": {\"kv_blocks\": 4000}}}"
#define GOOD HEAD COLUMNS TIMES TAIL
#define CSV "at,in,out,ttft,tpot,e2e\n"

static void test_description(void **state)
{
    (void)state;
    refused("[]", "", "not an object", "log.json");
    refused("{\"gable\": \"scenario/1\"}", "", "'scenario/1' document", "log.json");
    refused("{\"gable\": \"engine/1\", \"name\": \"t\", \"file\": \"x\", \"kind\": \"request\"}", "", "unknown kind 'request'", "(kind)");
    refused(HEAD "\"input\": \"in\", \"output\": \"out\", " TIMES TAIL, CSV, "no column is named for arrival", "(columns)");
    refused(HEAD COLUMNS "\"prompt\": \"p\"" TAIL, CSV, "nothing to score", "(columns)");
    refused(HEAD COLUMNS "\"ttft\": {\"column\": \"ttft\", \"unit\": \"min\"}" TAIL, CSV, "unknown unit 'min'", "(columns.ttft.unit)");
    refused(HEAD COLUMNS "\"ttft\": \"ttft\"" TAIL, CSV, "column ttft is not an object", "(columns.ttft)");
    refused(HEAD COLUMNS "\"e2el\": \"x\", " TIMES TAIL, CSV, "e2el", "(columns.e2el)");
    refused(HEAD COLUMNS TIMES "}, \"scenario\": {\"trace\": {}}}", CSV "0,9,2,1,1,2\n", "trace of its own", "(scenario.trace)");
    refused(HEAD COLUMNS TIMES "}, \"scenario\": {\"model\": \"llama\"}}", CSV "0,9,2,1,1,2\n", "llama", "model");
}

static void test_rows(void **state)
{
    (void)state;
    refused(GOOD, "", "empty", "log.csv");
    refused(GOOD, CSV, "no rows", "log.csv:1");
    refused(GOOD, "at,in,out,ttft,tpot\n1,1,1,1,1\n", "no column 'e2e'", "log.csv:1");
    refused(GOOD, "at,in,out,ttft,tpot,e2e,in\n", "column 'in' is there twice", "log.csv:1");
    refused(GOOD, CSV "0,9,2,1,1\n", "5 fields under a header of 6", "log.csv:2");
    refused(GOOD, CSV "0,9,2,1,1,2\n1,9.5,2,1,1,2\n", "'in' (input) holds '9.5'", "log.csv:3");
    refused(GOOD, CSV "0,9,0,1,1,2\n", "'out' (output) holds '0'", "log.csv:2");
    refused(GOOD, CSV "0,9,2,-1,1,2\n", "'ttft' (ttft) holds '-1'", "log.csv:2");
    refused(GOOD, CSV ",9,2,1,1,2\n", "'at' (arrival) holds ''", "log.csv:2");
    refused(GOOD, CSV "0,9,2,1,1,nan\n", "'e2e' (e2e) holds 'nan'", "log.csv:2");
    refused(GOOD, CSV "0,9,2,3,1,2\n", "e2e 2 ms is below ttft 3 ms", "log.csv:2");
    refused(GOOD, CSV "0,9,11,10,8,110\n", "tpot 8 ms contradicts the row: (e2e - ttft)/(output - 1) is 10 ms", "log.csv:2");
    refused(HEAD COLUMNS TIMES ", \"ok\": {\"column\": \"at\", \"is\": \"7\"}" TAIL, CSV "0,9,2,1,1,2\n", "not one row is ok", "log.csv");
    refused(HEAD COLUMNS TIMES ", \"itl\": {\"column\": \"in\", \"unit\": \"ms\"}" TAIL, CSV "0,9,2,1,1,2\n\"1\",\"9\",2,1,1,x\n", "holds 'x'", "log.csv:3");
}

#define HITS                                                                                                                      \
    "{\"gable\": \"engine/1\", \"name\": \"t\", \"kind\": \"hits\", \"file\": \"log.csv\", \"columns\": {" COLUMNS "\"key\": \"k\"}, "  \
    "\"ids\": {\"file\": \"ids.csv\", \"column\": \"ids\", \"tokens\": 16, \"hit_tokens\": 32}, "                                       \
    "\"scenario\": {\"engine\": {\"runtime\": \"ideal\", \"kv_blocks\": 1000, \"max_model_len\": 100000}}}"

static void test_hits(void **state)
{
    (void)state;
    gbl_engine_scores s;
    gbl_err err;
    const char *csv = "at,in,out,k\n0,48,2,a\n1000,48,2,b\n2000,16,1,c\n";
    put_file("ids.csv", "k,ids\na,1 2 3\nc,1 2 3\n");
    refused(HITS, csv, "'c' is not the log's row 2", "ids.csv:3");
    put_file("ids.csv", "k,ids\na,1 2 3\n");
    refused(HITS, csv, "ends after 1 of 3 rows", "ids.csv");
    put_file("ids.csv", "k,ids\na,1 2 x\nb,1 2 3\nc,1\n");
    refused(HITS, csv, "'x' is no block id", "ids.csv:2");
    /* b finds all three blocks, but its last token is computed: two whole blocks count; c has nothing but its last block. */
    put_file("ids.csv", "k,ids\na,1 2 3\nb,1 2 3\nc,1\n");
    assert_int_equal(validate(HITS, &s, &err), 0);
    assert_int_equal(s.n, 1);
    assert_close(s.row[0].hit_tokens.simulated, 32, 0);
    gbl_engine_scores_fini(&s);
}

/* ---- round trip ---- */

static int write_life(void *to, const gbl_life *l, gbl_err *err)
{
    (void)err;
    double ms = 1e-6, tpot = l->output > 1 ? (double)(l->finish_ns - l->first_ns) / (double)(l->output - 1) : 0;
    fprintf(to, "%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%.9f,%.9f,%.9f\n", l->serial % 2 ? "odd" : "even", l->arrival_ns, l->input, l->output,
            (double)(l->first_ns - l->arrival_ns) * ms, tpot * ms, (double)(l->finish_ns - l->arrival_ns) * ms);
    return 0;
}

static void simulate(const char *scenario, const char *name)
{
    gbl_err err = {0};
    gbl_doc *d;
    gbl_scenario *s;
    gbl_result *r;
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    fputs("half,at,in,out,ttft,tpot,e2e\n", f);
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .on_request = write_life, .to = f};
    assert_int_equal(gbl_doc_parse(&d, "scenario", scenario, strlen(scenario), &err), 0);
    assert_int_equal(gbl_scenario_bind(&s, d, &err), 0);
    assert_int_equal(gbl_run(&r, s, &opt, &err), 0);
    gbl_result_free(r);
    gbl_scenario_free(s);
    assert_int_equal(fclose(f), 0);
}

static void assert_no_error(const gbl_engine_score *w)
{
    for (int q = 0; q < GBL_EQ_N; q++)
        for (int k = 0; k < GBL_ES_N; k++) {
            if (q == GBL_EQ_ITL && k > 0) continue;
            assert_true(w->q[q][k].measured > 0);
            assert_close(w->q[q][k].simulated, w->q[q][k].measured, 1e-6);
        }
    assert_close(w->output_tok_s.simulated, w->output_tok_s.measured, 1e-6);
    assert_close(w->kv_token_s.simulated, w->kv_token_s.measured, 1e-6);
}

static int64_t stored_rows(const char *db, const char *query)
{
    gbl_err err = {0};
    long long n = -1;
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(gbl_store_sql(db, query, GBL_SQL_CSV, f, &err), 0);
    rewind(f);
    assert_int_equal(fscanf(f, "n %lld", &n), 1);
    fclose(f);
    return n;
}

#define ENGINE "\"engine\": {\"max_num_seqs\": 16, \"kv_blocks\": 4000}"
static void test_round_trip(void **state)
{
    (void)state;
    gbl_engine_scores s;
    gbl_err err;
    int64_t kept;
    simulate("{\"trace\": {\"generate\": {\"requests\": 300, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 8}, "
             "\"input\": {\"use\": \"uniform\", \"low\": 20, \"high\": 900}, \"output\": {\"use\": \"uniform\", \"low\": 2, \"high\": 90}}}, " ENGINE "}",
             "log.csv");
    assert_int_equal(validate(HEAD "\"part\": \"half\", \"arrival\": {\"column\": \"at\", \"unit\": \"ns\"}, \"input\": \"in\", \"output\": \"out\", " TIMES
                                   "}, \"labels\": {\"odd\": \"odd ones\"}, \"scenario\": {" ENGINE "}}",
                              &s, &err),
                     0);
    assert_int_equal(s.n, 2);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.row[i].n, 150);
        assert_int_equal(s.row[i].lost, 0);
        assert_no_error(&s.row[i]);
        assert_true(s.row[i].rho > 0 && s.row[i].rho < 1);
        assert_close(s.row[i].rate_s, 4, 0.2);
    }
    int odd = strcmp(s.row[0].label, "odd ones") == 0;
    assert_string_equal(s.row[odd].label, "even");
    assert_string_equal(s.row[!odd].label, "odd ones");
    for (int twice = 1; twice <= 2; twice++) { /* 13 latencies and 2 totals a point */
        assert_int_equal(gbl_engine_keep(&s, in_folder("r.db"), &kept, &err), 0);
        assert_int_equal(kept, 30);
        assert_int_equal(stored_rows(in_folder("r.db"), "SELECT count(*) AS n FROM measurement WHERE operation = 'engine t' AND modelled > 0"), 30 * twice);
    }
    assert_int_not_equal(gbl_engine_keep(&s, "/nowhere/r.db", &kept, &err), 0);
    gbl_engine_scores_fini(&s);
}

/* Another machine's log shows an error: the scores are no mirror. */
static void test_wrong_machine(void **state)
{
    (void)state;
    gbl_engine_scores s;
    gbl_err err;
    simulate("{\"trace\": {\"generate\": {\"requests\": 60, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 4}}}, \"cluster\": {\"hardware\": \"a100-80-sxm\"}}", "log.csv");
    assert_int_equal(validate(HEAD "\"arrival\": {\"column\": \"at\", \"unit\": \"ns\"}, \"input\": \"in\", \"output\": \"out\", " TIMES "}, \"scenario\": {}}", &s, &err), 0);
    assert_int_equal(s.n, 1);
    assert_true(gbl_engine_error(&s.row[0].q[GBL_EQ_TPOT][GBL_ES_MEAN]) < -20);
    gbl_engine_scores_fini(&s);
}

/* ---- the known engines ---- */

static void test_known_engines(void **state)
{
    (void)state;
    static const char *const folders[] = {"../shared/data", "../../shared/data"};
    const char *data = NULL;
    gbl_engine_scores s;
    gbl_engine_reach r[GBL_ENGINE_REACH_MOST];
    gbl_err err = {0};
    for (int i = 0; i < 2; i++)
        if (access(folders[i], R_OK) == 0) data = folders[i];
    if (!data) {
        puts("  known engines: skipped, ../shared/data is not there");
        skip();
    }
    assert_int_equal(gbl_engine_scores_init(&s, &err), 0);
    assert_int_equal(gbl_engine_validate(&s, "all", data, &err), 0);
    assert_int_equal(gbl_engine_print(&s, stdout), 0);
    assert_int_equal(s.n_skipped, 0);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.row[i].lost, 0);
        if (s.row[i].kind == GBL_ENGINE_HITS) assert_true(s.row[i].hit_tokens.simulated == 21264);
    }
    int n = gbl_engine_reaches(&s, r);
    assert_int_equal(n, 6);
    for (int i = 0; i < n; i++) assert_true(r[i].median <= 10);
    gbl_engine_scores_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_description), cmocka_unit_test(test_rows),        cmocka_unit_test(test_hits),
                                       cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_wrong_machine), cmocka_unit_test(test_known_engines)};
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
