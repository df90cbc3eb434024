/* What generators promise: burstiness at every scale, shares of groups, sessions that grow; ServeGen folders. */
#include "tests/unit/traces_help.h"

#include <math.h>
#include <sys/stat.h>

#include "base/json.h"
#include "traces/shape.h"

static void near_15(const gbl_doc *d, const char *window, double target)
{
    char path[32];
    snprintf(path, sizeof path, "dispersion.%s", window);
    assert_close(num(d, path), target, 0.15);
}

/* A rate that changes between 2 and 18 a second every 600 s: counts of a window of W s inside one level are Poisson, so variance
 * over mean is 1 + Var(rate W) / E(rate W) = 1 + (8 W)^2 / (10 W). */
static void curve_dispersion(void **state)
{
    (void)state;
    put("t_s,rate_rps\n0,2\n600,18\n");
    gbl_doc *d = info_of(from_json("{\"generate\": {\"requests\": 400000, \"arrival\": {\"use\": \"curve\", \"file\": \"" TRACE "\"}}}", 5));
    near_15(d, "1", 1 + 6.4);
    near_15(d, "10", 1 + 64);
    near_15(d, "60", 1 + 384);
    near_15(d, "300", 1 + 1920);
    gbl_doc_free(d);
}

static void put_client(const char *trace, const char *dataset, int i)
{
    char name[64];
    snprintf(name, sizeof name, "sg/chunk-%d-trace.csv", i);
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(trace, f);
    fclose(f);
    snprintf(name, sizeof name, "sg/chunk-%d-dataset.json", i);
    f = fopen(name, "w");
    assert_non_null(f);
    fputs(dataset, f);
    fclose(f);
}

static void drop_clients(int n)
{
    char name[64];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "sg/chunk-%d-trace.csv", i);
        unlink(name);
        snprintf(name, sizeof name, "sg/chunk-%d-dataset.json", i);
        unlink(name);
    }
    assert_int_equal(rmdir("sg"), 0);
}

/* A client without a pattern has exponential gaps stretched to its window: n points uniform in 600 s, so counts in W s are binomial:
 * variance over mean is (1 - p) + p Var(n) / E(n), p = W / 600. Windows of 1200 and 12,000 requests in turn. */
static void servegen_dispersion(void **state)
{
    (void)state;
    char trace[8000] = "";
    for (int i = 0; i < 60; i++) sprintf(trace + strlen(trace), "%d,%d,1,,0,0\n", i * 600, i % 2 ? 20 : 2);
    assert_int_equal(mkdir("sg", 0700), 0);
    put_client(trace, "{\"0\": {\"input_tokens\": \"{10: 0.5, 30: 0.5}\", \"output_tokens\": \"{7: 1.0}\"}}", 0);
    gbl_doc *d = info_of(from_json("{\"file\": \"sg\"}", 5));
    double ratio = 5400.0 * 5400 / 6600;
    assert_close(num(d, "rows"), 30 * 1200 + 30 * 12000, 0);
    near_15(d, "1", 1 - 1 / 600.0 + ratio / 600);
    near_15(d, "10", 1 - 10 / 600.0 + 10 * ratio / 600);
    near_15(d, "60", 1 - 60 / 600.0 + 60 * ratio / 600);
    near_15(d, "300", 1 - 300 / 600.0 + 300 * ratio / 600);
    assert_close(num(d, "input_tok.mean"), 20, 0.01);
    assert_close(num(d, "output_tok.max"), 7, 0);
    gbl_doc_free(d);
    drop_clients(1);
}

static void servegen_clients(void **state)
{
    (void)state;
    gbl_err err;
    gbl_source *s = NULL;
    assert_int_equal(mkdir("sg", 0700), 0);
    put_client("0,0.01,1,Gamma,2,50\n600,0,0,,0,0\n", "{\"0\": {\"input_tokens\": \"{5: 1}\", \"output_tokens\": \"{6: 1}\"}}", 0);
    put_client("0,0.005,1,Weibull,0.5,50\n600,0.005,0,,0,0\n", "{\"0\": {\"input_tokens\": \"{}\", \"output_tokens\": \"{}\"}, \"600\": {\"input_tokens\": \"{8: 1}\", \"output_tokens\": \"{9: 1}\"}}", 1);
    s = from_file("sg");
    int of[2] = {0, 0};
    int64_t last = 0;
    for (int i = 0; i < 12; i++) { /* 6 of client 0, 3 + 3 of client 1 */
        gbl_record r = next_of(s);
        of[r.tenant]++;
        assert_int_equal(r.input, r.tenant ? 8 : 5);
        assert_true(r.arrival_ns >= last && r.arrival_ns <= INT64_C(1200000000000));
        last = r.arrival_ns;
    }
    assert_int_equal(of[0], 6);
    assert_int_equal(gbl_source_repairs(s)->no_output, 2); /* client 1 has no histogram at first; its third request comes as the window ends */
    ends(s);
    put_client("0,x,1,,0,0\n", "{}", 1);
    assert_int_equal(gbl_source_open_file(&s, "sg", NULL, &err), GBL_EINPUT);
    check_error(&err, "window_start_s or rate_rps is not a number", "sg/chunk-1-trace.csv:1", "window_start_s,rate_rps,cv,pattern,shape,scale", "");
    drop_clients(2);
    assert_int_equal(mkdir("sg", 0700), 0);
    assert_int_equal(gbl_source_open_file(&s, "sg", NULL, &err), GBL_EINPUT);
    check_error(&err, "the folder holds no ServeGen clients", "sg", "files chunk-0-trace.csv and chunk-0-dataset.json, ...", "");
    drop_clients(0);
}

/* A window lasts 600 s whatever comes after it, nothing is sent between windows, and a histogram ends after six hours. */
static void servegen_windows(void **state)
{
    (void)state;
    assert_int_equal(mkdir("sg", 0700), 0);
    put_client("0,0.02,1,,0,0\n30000,0.01,1,,0,0\n30300,0.01,1,,0,0\n", "{\"0\": {\"input_tokens\": \"{5: 1}\", \"output_tokens\": \"{6: 1}\"}, \"43200\": {\"input_tokens\": \"{8: 1}\", \"output_tokens\": \"{9: 1}\"}}", 0);
    gbl_source *s = from_file("sg");
    for (int i = 0; i < 21; i++) { /* 12 of 600 s, 3 of 300 s, 6 of 600 s; times count from the first */
        double at_s = (double)next_of(s).arrival_ns * 1e-9, start = i < 12 ? 0 : i < 15 ? 30000 : 30300;
        assert_true(at_s >= start - 600 && at_s <= start + 600);
    }
    assert_int_equal(gbl_source_repairs(s)->no_output, 9);
    ends(s);
    drop_clients(1);
}

/* Of 4 groups with weights 1, 1/2, 1/3, 1/4 the first has 48 %. */
static void heads_by_zipf(void **state)
{
    (void)state;
    gbl_source *s = from_json("{\"generate\": {\"requests\": 10000, \"input\": {\"use\": \"fixed\", \"tokens\": 20}, \"shared_prefix\": {\"groups\": 4, \"tokens\": 100, \"zipf\": 1}}}", 1);
    uint64_t head[4];
    double n[4] = {0};
    int groups = 0;
    for (int i = 0; i < 10000; i++) {
        gbl_record r = next_of(s);
        assert_int_equal(r.input, 120);
        assert_int_equal(r.n_ids, 8); /* 6 of the head's 100 tokens, 2 of its own */
        int g = 0;
        while (g < groups && head[g] != r.ids[5]) g++;
        assert_true(g < 4);
        if (g == groups) head[groups++] = r.ids[5];
        n[g]++;
    }
    double most = 0;
    for (int g = 0; g < 4; g++) most = fmax(most, n[g]);
    assert_close(most, 10000 / (1 + 0.5 + 1 / 3.0 + 0.25), 0.03);
    ends(s);
}

/* Sessions of three turns of 100 + 10 tokens behind a head of 64: 164, 274, 384. With compaction at 300 to 40 the third is 64 + 40 + 100. */
static void sessions_grow(void **state)
{
    (void)state;
#define TALK(MORE)                                                                                                                           \
    "{\"replay\": \"open\", \"generate\": {\"requests\": 6, \"arrival\": {\"use\": \"deterministic\", \"rate_s\": 0.001}, \"input\": {\"use\": \"fixed\", \"tokens\": 100}, " \
    "\"output\": {\"use\": \"fixed\", \"tokens\": 10}, \"shared_prefix\": {\"tokens\": 64}, \"sessions\": {\"turns\": {\"use\": \"fixed\", \"tokens\": 3}, "                   \
    "\"think\": {\"use\": \"fixed\", \"s\": 7}" MORE "}}}"
    gbl_source *s = from_json(TALK(""), 1);
    for (int k = 0; k < 6; k++) {
        gbl_record r = next_of(s);
        assert_int_equal(r.input, 164 + 110 * (k % 3));
        assert_int_equal(r.arrival_ns, k / 3 * INT64_C(1000000000000) + k % 3 * INT64_C(7000000000));
        assert_int_equal(r.turn, k % 3);
        assert_int_equal(r.last, k % 3 == 2);
        assert_int_equal(r.pause_ns, k % 3 == 2 ? -1 : 7000000000);
    }
    ends(s);
    s = from_json(TALK(", \"compact_at\": 300, \"compact_to\": 40"), 1);
    gbl_record a = next_of(s);
    uint64_t head[4];
    memcpy(head, a.ids, sizeof head);
    next_of(s);
    gbl_record c = next_of(s);
    assert_int_equal(c.input, 204);
    assert_memory_equal(head, c.ids, sizeof head); /* 64 tokens: four blocks */
    assert_true(c.ids[4] != head[3]);
    gbl_source_close(s);
}

/* Think times and lengths follow from the seed and the turn, not from how long answers take. */
static void draws_are_paired(void **state)
{
    (void)state;
    const char *json = "{\"generate\": {\"requests\": 300, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 1}, \"sessions\": {}}}";
    int64_t seen[2][300] = {{0}};
    for (int way = 0; way < 2; way++) {
        gbl_source *s = from_json(json, 9);
        gbl_record r;
        gbl_err err;
        int got, n = 0;
        int64_t open[300], when[300], k = 0;
        while ((got = gbl_source_next(s, &r, &err)) != 0) {
            assert_true(got > 0);
            if (got == 1) {
                seen[way][(r.session * 7 + r.turn * 31) % 300] += r.input * 1000 + r.output;
                open[k] = r.serial;
                when[k++] = r.arrival_ns + (way ? 5000000000 : 1000000);
                n++;
                continue;
            }
            int64_t first = 0;
            for (int64_t i = 1; i < k; i++)
                if (when[i] < when[first]) first = i;
            assert_true(k > 0);
            int64_t serial = open[first], at = when[first];
            open[first] = open[--k];
            when[first] = when[k];
            gbl_source_done(s, serial, at);
        }
        assert_int_equal(n, 300);
        gbl_source_close(s);
    }
    assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
}

/* ---- shaping and writing ---- */

#define ROWS                                                                                         \
    "{\"timestamp\": 0, \"input_length\": 1000, \"output_length\": 5, \"hash_ids\": [1, 2]}\n"           \
    "{\"timestamp\": 0, \"input_length\": 10, \"output_length\": 50}\n"                                \
    "{\"timestamp\": 3000, \"input_length\": 600, \"output_length\": 7, \"hash_ids\": [1, 3]}\n"         \
    "{\"timestamp\": 6000, \"input_length\": 10, \"output_length\": 8}\n"

static gbl_source *shaped(gbl_shape how, gbl_source *other)
{
    gbl_err err;
    gbl_source *s = from_file(TRACE);
    must(gbl_source_shape(s, &how, other, &err), &err);
    return s;
}

static void shapes(void **state)
{
    (void)state;
    put(ROWS);
    gbl_source *s = shaped((gbl_shape){.from_s = 3, .until_s = 6, .keep = 1, .rate_scale = 2, .cap_input = 512, .cap_output = 6}, NULL);
    gbl_record r = next_of(s);
    assert_int_equal(r.arrival_ns, 0);
    assert_int_equal(r.input, 512);
    assert_int_equal(r.n_ids, 1);
    assert_int_equal(r.output, 6);
    ends(s);
    s = shaped((gbl_shape){.from_s = NAN, .until_s = NAN, .keep = 1, .rate_scale = 1, .spread_s = 5, .seed = 3}, NULL);
    const int64_t from[] = {0, 0, 3000000000, 6000000000, 11000000000}; /* an instant's requests stay before the next */
    int64_t last = 0;
    for (int i = 0; i < 4; i++) {
        r = next_of(s);
        assert_int_equal(r.serial, i);
        assert_true(r.arrival_ns >= last && r.arrival_ns >= from[i] && r.arrival_ns <= from[i + (i ? 1 : 2)]);
        last = r.arrival_ns;
    }
    ends(s);
    s = shaped((gbl_shape){.from_s = NAN, .until_s = NAN, .keep = 1, .rate_scale = 1, .limit = 6}, from_file(TRACE));
    uint64_t first = next_of(s).ids[0];
    assert_int_equal(next_of(s).input, 10);
    assert_true(next_of(s).ids[0] != first); /* the other trace's ids are its own */
    assert_int_equal(next_of(s).input, 10);
    assert_int_equal(next_of(s).arrival_ns, 3000000000);
    next_of(s);
    ends(s);
}

static void thins_by_draw(void **state)
{
    (void)state;
    char text[40000] = "";
    size_t n = 0;
    for (int i = 0; i < 1000; i++) n += (size_t)sprintf(text + n, "%d,%d,1\n", i, i + 1);
    char all[41000];
    snprintf(all, sizeof all, "arrived_at,num_prefill_tokens,num_decode_tokens\n%s", text);
    put(all);
    gbl_err err;
    gbl_record r;
    int64_t of[2] = {0, 0}, sum[2] = {0, 0};
    for (int again = 0; again < 2; again++) {
        gbl_source *s = shaped((gbl_shape){.from_s = NAN, .until_s = NAN, .keep = 0.3, .rate_scale = 1, .seed = 4}, NULL);
        while (gbl_source_next(s, &r, &err) == 1) of[again]++, sum[again] += r.input;
        gbl_source_close(s);
    }
    assert_int_equal(of[0], of[1]);
    assert_int_equal(sum[0], sum[1]);
    assert_close((double)of[0], 300, 0.15);
}

/* What can be written is read back the same; finer ids become those of 512-token blocks. */
static void writes(void **state)
{
    (void)state;
    const char *formats[] = {"mooncake", "azure", "vidur", "burstgpt", "llmservingsim"};
    for (int k = 0; k < 5; k++) {
        gbl_err err;
        gbl_source *s = from_json("{\"generate\": {\"requests\": 50, \"input\": {\"use\": \"fixed\", \"tokens\": 500}, \"shared_prefix\": {\"tokens\": 1024}}}", 2), *again;
        FILE *f = fopen(TRACE, "w");
        assert_int_equal(gbl_trace_write(s, formats[k], f, NULL, &err), 50);
        fclose(f);
        gbl_source_close(s);
        s = from_json("{\"generate\": {\"requests\": 50, \"input\": {\"use\": \"fixed\", \"tokens\": 500}, \"shared_prefix\": {\"tokens\": 1024}}}", 2);
        again = from_file(TRACE);
        uint64_t head[2] = {0, 0};
        for (int i = 0; i < 50; i++) {
            gbl_record a = next_of(s), b = next_of(again);
            assert_true(a.input == b.input && a.output == b.output && a.arrival_ns == b.arrival_ns);
            if (k) continue;
            assert_int_equal(b.n_ids, 3);
            if (i) assert_memory_equal(head, b.ids, sizeof head);
            memcpy(head, b.ids, sizeof head);
        }
        ends(s);
        ends(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(curve_dispersion), cmocka_unit_test(servegen_dispersion), cmocka_unit_test(servegen_clients), cmocka_unit_test(servegen_windows),
                                       cmocka_unit_test(heads_by_zipf), cmocka_unit_test(sessions_grow), cmocka_unit_test(draws_are_paired),
                                       cmocka_unit_test(shapes), cmocka_unit_test(thins_by_draw), cmocka_unit_test(writes)};
    work_in_tmp();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leave_tmp();
    return failed;
}
