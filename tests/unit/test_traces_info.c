/* What `gable trace info` says, checked by hand and against the published traces, and files written and read again. */
#include "tests/unit/traces_help.h"

#define SHARED "../shared/traces/"
static char shared_folder[4200];

static void null_at(const gbl_doc *d, const char *path)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(d), path);
    assert_non_null(n);
    assert_int_equal(gbl_node_kind(n), GBL_NULL);
}

/* Arrivals at 0, 0, 1.5, 4 s; chains a b | a c | a b d | a. */
static void by_hand(void **state)
{
    (void)state;
    put("{\"timestamp\": 10, \"input_length\": 600, \"output_length\": 10, \"hash_ids\": [1, 2]}\n"
        "{\"timestamp\": 10, \"input_length\": 1000, \"output_length\": 20, \"hash_ids\": [1, 3]}\n"
        "{\"timestamp\": 1510, \"input_length\": 1536, \"output_length\": 30, \"hash_ids\": [1, 2, 4]}\n"
        "{\"timestamp\": 4010, \"input_length\": 100, \"output_length\": 40, \"hash_ids\": [1]}\n"
        "{\"timestamp\": 4010, \"input_length\": 0, \"output_length\": 40}\n");
    gbl_doc *d = info_of(from_file(TRACE));
    assert_close(num(d, "rows"), 4, 0);
    assert_close(num(d, "span_s"), 4, 1e-15);
    assert_close(num(d, "rate_s"), 0.75, 1e-15);
    assert_close(num(d, "input_tok.min"), 100, 0);
    assert_close(num(d, "input_tok.p50"), 800, 1e-15);
    assert_close(num(d, "input_tok.mean"), 809, 1e-15);
    assert_close(num(d, "input_tok.p99"), 1000 + 0.97 * 536, 1e-12);
    assert_close(num(d, "input_tok.max"), 1536, 0);
    assert_close(num(d, "output_tok.min"), 10, 0);
    assert_close(num(d, "output_tok.mean"), 25, 0);
    /* gaps 0, 1.5, 2.5: mean 4/3, population variance 8.5/3 - 16/9 */
    assert_close(num(d, "interarrival_cv"), sqrt(8.5 / 3 - 16.0 / 9) / (4.0 / 3), 1e-12);
    /* whole windows of 1 s: 2, 1, 0, 0 (the last arrival opens a fifth): mean 3/4, variance 5/4 - 9/16 */
    assert_close(num(d, "dispersion.1"), (1.25 - 0.5625) / 0.75, 1e-12);
    null_at(d, "dispersion.10");
    null_at(d, "dispersion.60");
    null_at(d, "dispersion.300");
    assert_close(num(d, "prefix.blocks"), 8, 0);
    assert_close(num(d, "prefix.unique"), 4, 0);
    assert_close(num(d, "prefix.ideal_hit_blocks"), 4, 0);
    assert_close(num(d, "prefix.ideal_hit_tokens"), 512 + 1024 + 100, 0); /* the last block of 100 tokens counts 100 */
    assert_close(num(d, "prefix.ideal_hit_ratio"), 1636.0 / 3236, 1e-12);
    assert_close(num(d, "sessions"), 0, 0);
    assert_close(num(d, "repairs.zero_input"), 1, 0);
    assert_close(num(d, "repairs.zero_output"), 0, 0);
    assert_close(num(d, "repairs.ids_short"), 0, 0);
    assert_close(num(d, "repairs.ids_long"), 0, 0);
    gbl_doc_free(d);
}

static void one_request(void **state)
{
    (void)state;
    put("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n");
    gbl_doc *d = info_of(from_file(TRACE));
    assert_close(num(d, "rows"), 1, 0);
    assert_close(num(d, "span_s"), 0, 0);
    null_at(d, "rate_s");
    null_at(d, "interarrival_cv");
    null_at(d, "prefix.ideal_hit_ratio");
    gbl_doc_free(d);
}

static void poisson_is_not_bursty(void **state)
{
    (void)state;
    gbl_doc *d = info_of(from_json("{\"generate\": {\"requests\": 50000, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 10}}}", 3));
    assert_close(num(d, "rate_s"), 10, 0.02);
    assert_close(num(d, "interarrival_cv"), 1, 0.02);
    assert_close(num(d, "dispersion.1"), 1, 0.1);
    assert_close(num(d, "dispersion.10"), 1, 0.3);
    gbl_doc_free(d);
}

static void closed_loop_has_no_info(void **state)
{
    (void)state;
    gbl_trace_info *i = NULL;
    gbl_err err;
    gbl_source *s = from_json("{\"generate\": {\"arrival\": \"closed_loop\"}}", 3);
    assert_int_equal(gbl_trace_info_new(&i, s, &err), GBL_EINPUT);
    assert_null(i);
    check_error(&err, "a closed loop has no arrival times before it is run", "", "a trace file, or a generator with open arrivals", "");
    gbl_source_close(s);
}

static void info_passes_errors_on(void **state)
{
    (void)state;
    gbl_trace_info *i = NULL;
    gbl_err err;
    put("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n2023-11-16 18:15:46,1,x\n");
    gbl_source *s = from_file(TRACE);
    assert_int_equal(gbl_trace_info_new(&i, s, &err), GBL_EINPUT);
    assert_null(i);
    assert_string_equal(err.where, TRACE ":3:23");
    gbl_source_close(s);
}

static void table(void **state)
{
    (void)state;
    put("{\"timestamp\": 0, \"input_length\": 512, \"output_length\": 10, \"hash_ids\": [1]}\n"
        "{\"timestamp\": 2000, \"input_length\": 1512, \"output_length\": 20, \"hash_ids\": [1]}\n"
        "{\"timestamp\": 3000, \"input_length\": 9, \"output_length\": 0}\n");
    gbl_source *s = from_file(TRACE);
    gbl_trace_info *i = NULL;
    gbl_err err;
    char *text = NULL;
    size_t size;
    must(gbl_trace_info_new(&i, s, &err), &err);
    FILE *f = open_memstream(&text, &size);
    gbl_trace_info_print(i, f);
    fclose(f);
    assert_non_null(strstr(text, "2 requests (mooncake) over 2 s, 0.5 a second, 0 sessions\n"));
    assert_non_null(strstr(text, "1,512"));
    /* whole windows of 1 s: one arrival, none; mean 1/2, variance 1/4 */
    assert_non_null(strstr(text, "arrivals: CV of the gaps 0; variance / mean of counts in windows of 1 s: 0.5, 10 s: -, 60 s: -, 300 s: - (Poisson: 1)\n"));
    assert_non_null(strstr(text, "prefixes: 2 blocks, 1 different; an unbounded cache finds 512 tokens, 25.3 % of the input\n"));
    assert_non_null(strstr(text, "repairs: 1 rows without output dropped, 1 chains shorter than their prompt kept\n"));
    free(text);
    gbl_trace_info_free(i);
    gbl_source_close(s);
}

/* ---- written and read again ---- */

static int64_t write_as(gbl_source *s, const char *format)
{
    gbl_err err;
    FILE *f = fopen(TRACE, "wb");
    assert_non_null(f);
    int64_t rows = gbl_trace_write(s, format, f, NULL, &err);
    if (rows < 0) must(-1, &err);
    assert_int_equal(fclose(f), 0);
    gbl_source_close(s);
    return rows;
}

static void same_records(gbl_source *a, gbl_source *b, int with_ids)
{
    gbl_record x, y;
    gbl_err err;
    int got;
    while ((got = gbl_source_next(a, &x, &err)) == 1) {
        y = next_of(b);
        assert_true(x.serial == y.serial && x.arrival_ns == y.arrival_ns && x.input == y.input && x.output == y.output);
        if (with_ids) assert_true(x.n_ids == y.n_ids && x.id_tokens == y.id_tokens);
        if (with_ids && x.n_ids) assert_memory_equal(x.ids, y.ids, (size_t)x.n_ids * sizeof *x.ids);
    }
    assert_int_equal(got, 0);
    gbl_source_close(a);
    ends(b);
}

static void round_trips(void **state)
{
    (void)state;
    const char *poisson = "{\"generate\": {\"requests\": 2000, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 0.01}}}"; /* 55 hours: days pass */
    const char *formats[] = {"mooncake", "azure"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(write_as(from_json(poisson, 1), formats[i]), 2000);
        same_records(from_json(poisson, 1), from_file(TRACE), 0);
    }
    assert_int_equal(write_as(from_json("{}", 1), "mooncake"), 2049);
    same_records(from_json("{}", 1), from_file(TRACE), 1);
    assert_int_equal(write_as(from_json("{\"file\": \"traces/samples/azure_code_head.csv\"}", 1), "azure"), 500);
    same_records(from_json("{\"file\": \"traces/samples/azure_code_head.csv\"}", 1), from_file(TRACE), 1);
}

static void written_text(void **state)
{
    (void)state;
    char text[512] = {0};
    put("{\"timestamp\": 5, \"input_length\": 513, \"output_length\": 3, \"hash_ids\": [4, 18446744073709551615]}\n"
        "{\"timestamp\": 5.000001, \"input_length\": 7, \"output_length\": 8}\n{\"timestamp\": 86400006.5, \"input_length\": 7, \"output_length\": 8}\n");
    const char *want[] = {"{\"timestamp\": 0, \"input_length\": 513, \"output_length\": 3, \"hash_ids\": [4, 18446744073709551615]}\n"
                          "{\"timestamp\": 0.000001, \"input_length\": 7, \"output_length\": 8}\n{\"timestamp\": 86400001.5, \"input_length\": 7, \"output_length\": 8}\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2000-01-01 00:00:00.0000000,513,3\n2000-01-01 00:00:00.000000001,7,8\n2000-01-02 00:00:00.0015000,7,8\n"};
    for (int i = 0; i < 2; i++) {
        gbl_err err;
        gbl_source *s = from_file(TRACE);
        memset(text, 0, sizeof text);
        FILE *f = fmemopen(text, sizeof text, "w");
        assert_int_equal(gbl_trace_write(s, i ? "azure" : "mooncake", f, NULL, &err), 3);
        fclose(f);
        gbl_source_close(s);
        assert_string_equal(text, want[i]);
    }
}

static void unwritable(void **state)
{
    (void)state;
    gbl_err err;
    gbl_source *s = from_json("{}", 1);
    assert_int_equal(gbl_trace_write(s, "azur", stdout, NULL, &err), -1);
    check_error(&err, "a trace cannot be written as \"azur\"", "", "mooncake, azure, vidur, burstgpt or llmservingsim", "azure");
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        assert_int_equal(gbl_trace_write(s, "mooncake", full, NULL, &err), -1);
        assert_int_equal(err.code, GBL_EINPUT);
        assert_string_equal(err.what, "the trace could not be written whole");
        fclose(full);
    }
    gbl_source_close(s);
    s = from_json("{\"generate\": {\"arrival\": \"closed_loop\"}}", 3);
    assert_int_equal(gbl_trace_write(s, "mooncake", stdout, NULL, &err), -1);
    check_error(&err, "a closed loop has no arrival times before it is run", "", "open arrivals, such as poisson, gamma, bursts or curve", "");
    gbl_source_close(s);
}

/* ---- memory that runs out ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *objects[] = {"{\"limit\": 5}", "{\"generate\": {\"requests\": 5, \"input\": \"uniform\"}}", "{\"file\": \"traces/samples/azure_code_head.csv\", \"limit\": 5}",
                             "{\"generate\": {\"requests\": 50, \"arrival\": {\"use\": \"bursts\", \"dispersion_1s\": 90}, \"copula\": {\"input_output\": 0.5}}}",
                             "{\"generate\": {\"requests\": 5, \"arrival\": \"rows\", \"rows\": {\"file\": \"traces/samples/azure_code_head.csv\"}}}",
                             "{\"generate\": {\"requests\": 5, \"arrival\": {\"use\": \"curve\", \"file\": \"traces/samples/azure_code_week.csv\", \"rate_s\": 1}}}"};
    for (size_t k = 0; k < sizeof objects / sizeof *objects; k++) {
        gbl_doc *d = NULL;
        gbl_err err;
        must(gbl_doc_parse(&d, "trace", objects[k], strlen(objects[k]), &err), &err);
        int done = 0;
        for (long n = 1; !done && n < 10000; n++) {
            gbl_source *s = NULL;
            gbl_trace_info *i = NULL;
            gbl_alloc_fail_at(n);
            int rc = gbl_source_open(&s, gbl_doc_root(d), 1, &err);
            if (!rc) rc = gbl_trace_info_new(&i, s, &err);
            done = gbl_alloc_count() < n;
            gbl_alloc_fail_at(0);
            if (rc) assert_true(err.code == GBL_EFAULT || err.code == GBL_EINPUT);
            if (done) assert_int_equal(rc, 0);
            gbl_trace_info_free(i);
            gbl_source_close(s);
        }
        assert_true(done);
        gbl_doc_free(d);
    }
}

/* ---- the shipped samples and the published traces ---- */

static void samples(void **state)
{
    (void)state;
    gbl_doc *d = info_of(from_json("{}", 1));
    assert_close(num(d, "rows"), 2049, 0);
    assert_close(num(d, "prefix.ideal_hit_tokens"), 9880701, 0);
    assert_close(num(d, "prefix.ideal_hit_blocks"), 19307, 0);
    assert_close(num(d, "prefix.ideal_hit_ratio"), 0.3772, 1e-3);
    assert_close(num(d, "repairs.ids_short") + num(d, "repairs.ids_long") + num(d, "repairs.zero_input") + num(d, "repairs.zero_output"), 0, 0);
    gbl_doc_free(d);
    d = info_of(from_json("{\"file\": \"traces/samples/azure_code_head.csv\"}", 1));
    assert_close(num(d, "rows"), 500, 0);
    gbl_doc_free(d);
}

/* A published trace beside the repository, or NULL with a line that says so. */
static gbl_source *published(const char *name)
{
    char path[4500];
    snprintf(path, sizeof path, "%s%s", shared_folder, name);
    if (!access(path, R_OK)) return from_file(path);
    print_message("skipped: no " SHARED "%s\n", name);
    return NULL;
}

static void mooncake_conversation(void **state)
{
    (void)state;
    gbl_source *s = published("mooncake_conversation_trace.jsonl.gz");
    if (!s) skip();
    gbl_doc *d = info_of(s);
    assert_close(num(d, "rows"), 12031, 0);
    assert_close(num(d, "input_tok.sum"), 144793823, 0);
    assert_close(num(d, "prefix.blocks"), 288500, 0);
    assert_close(num(d, "prefix.ideal_hit_blocks"), 105710, 0);
    assert_close(num(d, "prefix.ideal_hit_tokens"), 54098411, 0);
    assert_close(num(d, "prefix.ideal_hit_ratio"), 0.373624, 1e-6);
    assert_close(num(d, "repairs.ids_short") + num(d, "repairs.ids_long"), 0, 0);
    gbl_doc_free(d);
}

static void azure_code(void **state)
{
    (void)state;
    gbl_source *s = published("AzureLLMInferenceTrace_code.csv");
    if (!s) skip();
    gbl_doc *d = info_of(s);
    assert_close(num(d, "rows"), 8819, 0);
    assert_close(num(d, "interarrival_cv"), 13.2, 0.01);
    assert_close(num(d, "dispersion.1"), 13, 0.04);
    assert_close(num(d, "dispersion.10"), 72, 0.02);
    assert_close(num(d, "dispersion.60"), 164, 0.02);
    gbl_doc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand), cmocka_unit_test(one_request), cmocka_unit_test(poisson_is_not_bursty), cmocka_unit_test(closed_loop_has_no_info),
        cmocka_unit_test(info_passes_errors_on), cmocka_unit_test(table), cmocka_unit_test(round_trips), cmocka_unit_test(written_text),
        cmocka_unit_test(unwritable), cmocka_unit_test(every_allocation_may_fail), cmocka_unit_test(samples), cmocka_unit_test(mooncake_conversation),
        cmocka_unit_test(azure_code)};
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(shared_folder, sizeof shared_folder, "%s/" SHARED, here);
    work_in_tmp();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leave_tmp();
    return failed;
}
