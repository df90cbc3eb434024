/* Generators: their statistics, their independence of the order of events, and what is said about bad ones. */
#include "tests/unit/traces_help.h"
#include "base/random.h"

enum { N = 20000 };
typedef struct sums {
    double n, sum, squares;
} sums;
static void sums_add(sums *s, double v) { s->n++; s->sum += v; s->squares += v * v; }
static double mean(const sums *s) { return s->sum / s->n; }
static double deviation(const sums *s) { return sqrt(s->squares / s->n - mean(s) * mean(s)); }

/* |mean - want| within 4 standard errors (1 in 16,000 by chance; the seed is fixed). */
static void check_mean(const sums *s, double want)
{
    double off = fabs(mean(s) - want), most = 4 * deviation(s) / sqrt(s->n);
    if (off > most) print_error("mean %g, not %g within %g\n", mean(s), want, most);
    assert_true(off <= most);
}

static void read_gaps(const char *arrival, sums *gaps)
{
    char json[256];
    snprintf(json, sizeof json, "{\"generate\": {\"requests\": %d, \"arrival\": %s}}", N, arrival);
    gbl_source *s = from_json(json, 7);
    int64_t last = next_of(s).arrival_ns;
    assert_int_equal(last, 0);
    *gaps = (sums){0};
    for (int i = 1; i < N; i++) {
        gbl_record r = next_of(s);
        assert_true(r.arrival_ns >= last);
        sums_add(gaps, (double)(r.arrival_ns - last) * 1e-9);
        last = r.arrival_ns;
    }
    ends(s);
}

static void arrivals(void **state)
{
    (void)state;
    sums gaps;
    read_gaps("{\"use\": \"poisson\", \"rate_s\": 5}", &gaps);
    check_mean(&gaps, 0.2);
    assert_close(deviation(&gaps) / mean(&gaps), 1, 0.04);
    read_gaps("{\"use\": \"gamma\", \"rate_s\": 5, \"cv\": 2.5}", &gaps);
    check_mean(&gaps, 0.2);
    assert_close(deviation(&gaps) / mean(&gaps), 2.5, 0.1);
    read_gaps("{\"use\": \"weibull\", \"rate_s\": 5, \"cv\": 2.5}", &gaps);
    check_mean(&gaps, 0.2);
    assert_close(deviation(&gaps) / mean(&gaps), 2.5, 0.1);
    read_gaps("{\"use\": \"gamma\", \"rate_s\": 5, \"cv\": 0.1}", &gaps);
    check_mean(&gaps, 0.2);
    assert_close(deviation(&gaps) / mean(&gaps), 0.1, 0.04);
    read_gaps("{\"use\": \"deterministic\", \"rate_s\": 3}", &gaps);
    assert_close(mean(&gaps), 0.333333333, 1e-12);
    assert_close(gaps.squares, gaps.sum * gaps.sum / gaps.n, 1e-12); /* all equal */
}

/* The Weibull of cv 1 is the exponential: the shape search must find 1. */
static void weibull_is_exponential(void **state)
{
    (void)state;
    gbl_source *a = from_json("{\"generate\": {\"arrival\": {\"use\": \"weibull\", \"rate_s\": 5, \"cv\": 1}}}", 3);
    gbl_source *b = from_json("{\"generate\": {\"arrival\": {\"use\": \"poisson\", \"rate_s\": 5}}}", 3);
    for (int i = 0; i < 1000; i++) {
        int64_t x = next_of(a).arrival_ns, y = next_of(b).arrival_ns;
        assert_true(llabs(x - y) < 2000);
    }
    ends(a);
    ends(b);
}

static void read_lengths(const char *input, sums *lengths, int64_t low, int64_t high)
{
    char json[256];
    snprintf(json, sizeof json, "{\"generate\": {\"requests\": %d, \"input\": %s, \"output\": \"fixed\"}}", N, input);
    gbl_source *s = from_json(json, 7);
    int64_t least = INT64_MAX, most = 0;
    *lengths = (sums){0};
    for (int i = 0; i < N; i++) {
        gbl_record r = next_of(s);
        assert_int_equal(r.output, 128);
        sums_add(lengths, (double)r.input);
        if (r.input < least) least = r.input;
        if (r.input > most) most = r.input;
    }
    if (low) assert_int_equal(least, low);
    if (high) assert_int_equal(most, high);
    ends(s);
}

static void lengths(void **state)
{
    (void)state;
    sums t;
    read_lengths("{\"use\": \"fixed\", \"tokens\": 77}", &t, 77, 77);
    read_lengths("{\"use\": \"uniform\", \"low\": 10, \"high\": 15}", &t, 10, 15);
    check_mean(&t, 12.5);
    assert_close(deviation(&t), sqrt(35.0 / 12), 0.02);
    read_lengths("{\"use\": \"lognormal\", \"mu\": 6, \"sigma\": 0.5}", &t, 0, 0);
    check_mean(&t, exp(6.125));
    read_lengths("{\"use\": \"lognormal\", \"mu\": 6, \"sigma\": 2, \"low\": 100, \"high\": 1000}", &t, 100, 1000);
    read_lengths("{\"use\": \"geometric\", \"mean\": 50}", &t, 1, 0);
    check_mean(&t, 50);
    assert_close(deviation(&t), sqrt(50.0 * 49), 0.03);
}

static void lengths_from_files(void **state)
{
    (void)state;
    sums t;
    put("weight,tokens\n1,100\n3,200\n0,900\n");
    read_lengths("{\"use\": \"histogram\", \"file\": \"" TRACE "\"}", &t, 100, 200);
    check_mean(&t, 175);
    put("a,b\r\n5,1\r\n6,3\r\n7,3\r\n8,3");
    read_lengths("{\"use\": \"file\", \"file\": \"" TRACE "\", \"column\": \"b\"}", &t, 1, 3);
    check_mean(&t, 2.5);
    put("TIMESTAMP,ContextTokens,GeneratedTokens\nXXX,42,285\n"); /* what the Azure reader sends people here for */
    read_lengths("{\"use\": \"file\", \"file\": \"" TRACE "\", \"column\": \"ContextTokens\"}", &t, 42, 42);
}

/* A curve of 10/s, 0/s and 30/s for 100 s each, again and again. */
static void curve(void **state)
{
    (void)state;
    put("t_s,rate_rps\n0,10\n100,0\n200,30\n");
    gbl_source *s = from_json("{\"generate\": {\"requests\": 22000, \"arrival\": {\"use\": \"curve\", \"file\": \"" TRACE "\"}}}", 7);
    double count[3] = {0};
    int64_t last = 0;
    for (int i = 0; i < 22000; i++) {
        gbl_record r = next_of(s);
        assert_true(r.arrival_ns >= last);
        last = r.arrival_ns;
        if (r.arrival_ns < 1500 * INT64_C(1000000000)) count[r.arrival_ns / 100000000000 % 3]++;
    }
    assert_true(last > 1500 * INT64_C(1000000000)); /* five turns whole */
    assert_true(fabs(count[0] - 5000) < 4 * sqrt(5000));
    assert_int_equal(count[1], 0);
    assert_true(fabs(count[2] - 15000) < 4 * sqrt(15000));
    ends(s);
}

static void same_seed_same_rows(void **state)
{
    (void)state;
    const char *json = "{\"generate\": {\"requests\": 500, \"arrival\": {\"use\": \"gamma\", \"cv\": 2}, \"input\": \"uniform\", \"output\": \"geometric\"}}";
    gbl_source *a = from_json(json, 11), *b = from_json(json, 11), *c = from_json(json, 12);
    assert_true(gbl_source_hash(a) == gbl_source_hash(b));
    assert_true(gbl_source_hash(a) != gbl_source_hash(c));
    int other = 0;
    for (int i = 0; i < 500; i++) {
        gbl_record x = next_of(a), y = next_of(b), z = next_of(c);
        assert_true(x.serial == y.serial && x.arrival_ns == y.arrival_ns && x.input == y.input && x.output == y.output);
        other += x.input != z.input;
        gbl_source_done(a, x.serial, x.arrival_ns + 5); /* open arrivals do not listen */
    }
    assert_true(other > 400);
    ends(a);
    ends(b);
    ends(c);
}

/* One distribution changed leaves the draws of the others alone. */
static void streams_are_apart(void **state)
{
    (void)state;
    gbl_source *a = from_json("{\"generate\": {\"arrival\": \"poisson\", \"input\": \"uniform\"}}", 5);
    gbl_source *b = from_json("{\"generate\": {\"arrival\": \"deterministic\", \"input\": \"fixed\"}}", 5);
    for (int i = 0; i < 200; i++) assert_int_equal(next_of(a).output, next_of(b).output);
    gbl_source_close(a);
    gbl_source_close(b);
}

static void scaled_and_limited(void **state)
{
    (void)state;
    gbl_source *s = from_json("{\"rate_scale\": 2, \"limit\": 3, \"generate\": {\"requests\": 10, \"arrival\": {\"use\": \"deterministic\", \"rate_s\": 1}, \"input\": \"fixed\", \"output\": \"fixed\"}}", 1);
    assert_string_equal(gbl_source_format(s), "generate");
    check_row(s, 0, 0, 128, 128);
    check_row(s, 1, 500000000, 128, 128);
    assert_close(gbl_source_progress(s), 2.0 / 3, 1e-15);
    check_row(s, 2, 1000000000, 128, 128);
    ends(s);
}

/* ---- closed loop ---- */

#define CLOSED(N_REQUESTS, CLIENTS, THINK) \
    "{\"generate\": {\"requests\": " #N_REQUESTS ", \"arrival\": {\"use\": \"closed_loop\", \"concurrency\": " #CLIENTS ", \"think_s\": " #THINK "}, \"input\": \"uniform\"}}"

static void waits(gbl_source *s)
{
    gbl_record r;
    gbl_err err;
    assert_int_equal(gbl_source_next(s, &r, &err), 2);
}

static void closed_loop(void **state)
{
    (void)state;
    gbl_source *s = from_json(CLOSED(5, 2, 1.5), 1);
    for (int i = 0; i < 2; i++) {
        gbl_record r = next_of(s);
        assert_int_equal(r.serial, i);
        assert_int_equal(r.arrival_ns, 0);
    }
    waits(s);
    waits(s);
    gbl_source_done(s, 1, 100);
    gbl_source_done(s, 1, 200); /* said twice: heard once */
    gbl_record r = next_of(s);
    assert_int_equal(r.serial, 2);
    assert_int_equal(r.arrival_ns, 1500000100);
    waits(s);
    gbl_source_done(s, 0, 300);
    gbl_source_done(s, 2, 1500000900);
    assert_int_equal(next_of(s).arrival_ns, 1500000300);
    assert_int_equal(next_of(s).arrival_ns, 3000000900);
    ends(s);
}

static void closed_loop_fewer_requests(void **state)
{
    (void)state;
    gbl_source *s = from_json(CLOSED(3, 1000000, 0), 1);
    for (int i = 0; i < 3; i++) assert_int_equal(next_of(s).arrival_ns, 0);
    gbl_source_done(s, 0, 10);
    ends(s);
}

/* Whoever finishes first, client c's request number k is the same. */
static void closed_loop_order(void **state)
{
    enum { CLIENTS = 3, TURNS = 50 };
    (void)state;
    int64_t seen[2][CLIENTS][TURNS];
    for (int order = 0; order < 2; order++) {
        gbl_source *s = from_json(CLOSED(150, 3, 0), 9);
        int64_t serial[CLIENTS];
        for (int c = 0; c < CLIENTS; c++) {
            gbl_record r = next_of(s);
            serial[c] = r.serial;
            seen[order][c][0] = r.input * 1000000 + r.output;
        }
        int turn[CLIENTS] = {0};
        for (int i = 0; i < CLIENTS * (TURNS - 1); i++) {
            int c = order ? i / (TURNS - 1) : i % CLIENTS; /* one client at a time, or in turn */
            gbl_source_done(s, serial[c], i);
            gbl_record r = next_of(s);
            serial[c] = r.serial;
            seen[order][c][++turn[c]] = r.input * 1000000 + r.output;
        }
        ends(s);
    }
    assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
}

/* ---- bad generators ---- */

static void refuse_json(const char *json, const char *what, const char *where, const char *expected, const char *nearest)
{
    gbl_source *s = NULL;
    gbl_err err;
    assert_int_equal(open_json(&s, json, 1, &err), GBL_EINPUT);
    assert_null(s);
    check_error(&err, what, where, expected, nearest);
}
#define ARRIVAL(X) "{\"generate\": {\"arrival\": " X "}}"
#define INPUT(X) "{\"generate\": {\"input\": " X "}}"

static void bad_generators(void **state)
{
    (void)state;
    refuse_json("{\"generate\": 5}", "generate is not an object", "trace:1:14 (generate)",
                "{\"requests\": 1000, \"arrival\": {...}, \"input\": {...}, \"output\": {...}}", "");
    refuse_json(ARRIVAL("{\"use\": \"poison\"}"), "unknown arrival process \"poison\"", "trace:1:34 (generate.arrival.use)",
                "one of: poisson, deterministic, gamma, weibull, bursts, curve, rows, closed_loop", "poisson");
    refuse_json(INPUT("\"log_normal\""), "unknown length distribution \"log_normal\"", "trace:1:24 (generate.input)",
                "one of: fixed, uniform, lognormal, geometric, histogram, file", "lognormal");
    refuse_json(INPUT("{\"low\": 3}"), "length distribution has no \"use\"", "trace:1:24 (generate.input)", "{\"use\": name, parameters...}", "");
    refuse_json(INPUT("[3]"), "length distribution is not named", "trace:1:24 (generate.input)", "a name or {\"use\": name, parameters...}", "");
    refuse_json(INPUT("{\"use\": 3}"), "length distribution is not named", "trace:1:32 (generate.input.use)", "a name or {\"use\": name, parameters...}", "");
    refuse_json(INPUT("{\"use\": \"uniform\", \"low\": 9, \"high\": 3}"), "low 9 is above high 3", "trace:1:24 (generate.input)", "low <= high", "");
    refuse_json(INPUT("{\"use\": \"histogram\"}"), "histogram needs a file", "trace:1:24 (generate.input)", "{\"use\": \"histogram\", \"file\": path, ...}", "");
    refuse_json(ARRIVAL("{\"use\": \"curve\"}"), "curve needs a file", "trace:1:26 (generate.arrival)", "{\"use\": \"curve\", \"file\": path}", "");
    refuse_json("{\"generate\": {\"shared_prefix\": {\"groups\": 5, \"tokens\": 0, \"zipf\": 2}}}", "the heads have no tokens, so 'groups' would be read by nothing", "trace:1:43 (generate.shared_prefix.groups)",
                "tokens above 0, or neither groups nor zipf", "");
    refuse_json("{\"think_scale\": 3, \"generate\": {\"sessions\": {\"think\": {\"use\": \"fixed\", \"s\": 0}}}}", "think_scale is not read: every pause of the sessions is 0", "trace:1:17 (think_scale)",
                "1, or another trace.generate.sessions.think", "");
    refuse_json("{\"rate_scale\": 2, \"generate\": {\"arrival\": {\"use\": \"closed_loop\"}}}", "a closed loop has no arrival times to scale", "trace:1:16 (rate_scale)",
                "rate_scale 1, and another concurrency", "");
}

static void bad_values(void **state)
{
    (void)state;
    const char *objects[] = {ARRIVAL("{\"use\": \"poisson\", \"rate_s\": 0}"), ARRIVAL("{\"use\": \"poisson\", \"rate_s\": -1}"), ARRIVAL("{\"use\": \"poisson\", \"rate_s\": \"5\"}"),
        ARRIVAL("{\"use\": \"closed_loop\", \"concurrency\": 0}"), ARRIVAL("{\"use\": \"closed_loop\", \"think_s\": -1}"), INPUT("{\"use\": \"fixed\", \"tokens\": 0}"),
        INPUT("{\"use\": \"fixed\", \"tokens\": 1.5}"), INPUT("{\"use\": \"lognormal\", \"sigma\": -1}"), "{\"generate\": {\"requests\": 0}}", "{\"generate\": {}, \"rate_scale\": 0}", "{\"generate\": {}, \"limit\": -1}"};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        gbl_source *s = NULL;
        gbl_err err;
        assert_int_equal(open_json(&s, objects[i], 1, &err), GBL_EINPUT);
        assert_null(s);
    }
    gbl_source *s;
    gbl_err err;
    assert_int_equal(open_json(&s, ARRIVAL("{\"use\": \"poisson\", \"rat_s\": 1}"), 1, &err), GBL_EINPUT);
    assert_string_equal(err.nearest, "rate_s");
    assert_int_equal(open_json(&s, "{\"generate\": {\"request\": 1}}", 1, &err), GBL_EINPUT);
    assert_string_equal(err.nearest, "requests");
}

/* `file` is written, then the generator that reads it is opened. */
static void refuse_file(const char *file, const char *json, const char *what, const char *where, const char *expected)
{
    gbl_source *s = NULL;
    gbl_err err;
    put(file);
    assert_int_equal(open_json(&s, json, 1, &err), GBL_EINPUT);
    assert_null(s);
    check_error(&err, what, where, expected, "");
}

static void bad_files(void **state)
{
    (void)state;
    const char *histogram = INPUT("{\"use\": \"histogram\", \"file\": \"" TRACE "\"}"), *column = INPUT("{\"use\": \"file\", \"file\": \"" TRACE "\"}");
    const char *arrivals_json = ARRIVAL("{\"use\": \"curve\", \"file\": \"" TRACE "\"}");
    refuse_file("", histogram, "empty file", TRACE, "a CSV header, then rows with numbers in tokens, weight");
    refuse_file("tokens,share\n1,1\n", histogram, "missing column \"weight\"", TRACE ":1", "one of the file's columns: tokens, share");
    refuse_file("tokens,weight\n", histogram, "no token counts to draw from", TRACE, "a row of tokens, with a weight above 0 in a histogram");
    refuse_file("tokens,weight\n5,0\n", histogram, "no token counts to draw from", TRACE, "a row of tokens, with a weight above 0 in a histogram");
    refuse_file("tokens,weight\n5,-1\n", histogram, "weight is not between 0 and 1e15", TRACE ":2", "a CSV header, then rows with numbers in tokens, weight");
    refuse_file("tokens\n1\n0\n", column, "tokens is not a whole number from 1 to 1,000,000,000", TRACE ":3", "a CSV header, then rows with numbers in tokens");
    refuse_file("tokens\n1\nx\n", column, "tokens is not a number", TRACE ":3:1", "a CSV header, then rows with numbers in tokens");
    refuse_file("a,tokens\n1\n", column, "row has 1 fields, the header 2", TRACE ":2", "a CSV header, then rows with numbers in tokens");
    refuse_file("t_s,rate_rps\n0,1\n", arrivals_json, "the curve has fewer than two rows", TRACE, "two rows or more of t_s from 0 on and rate_rps, one of them above 0");
    refuse_file("t_s,rate_rps\n0,0\n1,0\n", arrivals_json, "every rate of the curve is 0", TRACE, "two rows or more of t_s from 0 on and rate_rps, one of them above 0");
    refuse_file("t_s,rate_rps\n0,1\n0,1\n", arrivals_json, "t_s does not grow", TRACE ":3", "a CSV header, then rows with numbers in t_s, rate_rps");
    refuse_file("t_s,rate_rps\n5,1\n6,1\n", arrivals_json, "the first t_s is not 0", TRACE ":2", "a CSV header, then rows with numbers in t_s, rate_rps");
    refuse_file("t_s,rate_rps\n0,-1\n6,1\n", arrivals_json, "rate_rps is not between 0 and 1e9", TRACE ":2", "a CSV header, then rows with numbers in t_s, rate_rps");
    refuse_json(INPUT("{\"use\": \"file\", \"file\": \"none.csv\"}"), "cannot open the file: No such file or directory", "none.csv", "a readable file, or - for standard input", "");
}

static void too_late(void **state)
{
    (void)state;
    gbl_source *s = from_json(ARRIVAL("{\"use\": \"deterministic\", \"rate_s\": 1e-6}"), 1);
    gbl_record r;
    gbl_err err;
    for (int i = 0; i < 1000; i++) next_of(s); /* a million seconds apart: 999 of them are 31.66 years */
    gbl_source_close(s);
    s = from_json("{\"generate\": {\"requests\": 1002, \"arrival\": {\"use\": \"deterministic\", \"rate_s\": 1e-6}}}", 1);
    for (int i = 0; i < 1001; i++) next_of(s);
    assert_int_equal(gbl_source_next(s, &r, &err), -1);
    check_error(&err, "generated arrival 1001 lies more than 31 years after the first", "", "a higher rate_s or fewer requests", "");
    gbl_source_close(s);
}

/* ---- schema and defaults ---- */

static void schema_and_defaults(void **state)
{
    (void)state;
    gbl_err err;
    gbl_doc *d = NULL;
    gbl_json *j = gbl_json_new(0);
    gbl_json_obj(j, NULL);
    gbl_trace_schema(j);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    must(gbl_doc_parse(&d, "schema", text, strlen(text), &err), &err);
    const gbl_node *root = gbl_doc_root(d);
    assert_string_equal(gbl_node_text(gbl_node_at(root, "file.default")), "traces/samples/chat.jsonl.gz");
    assert_non_null(gbl_node_at(root, "format"));
    assert_non_null(gbl_node_at(root, "rate_scale"));
    assert_non_null(gbl_node_at(root, "limit"));
    assert_int_equal(gbl_node_size(gbl_node_at(root, "generate.properties.arrival.oneOf")), 9);
    assert_int_equal(gbl_node_size(gbl_node_at(root, "generate.properties.output.oneOf")), 7);
    gbl_doc_free(d);
    gbl_json_free(j);
}

/* The trace object with its defaults means the same as the one without. */
static void filled_in(void **state)
{
    (void)state;
    const char *objects[] = {"{}", "{\"limit\": 7}", "{\"generate\": {}}", "{\"generate\": {\"arrival\": {\"use\": \"closed_loop\", \"concurrency\": 3}, \"input\": \"uniform\"}}"};
    for (int i = 0; i < 4; i++) {
        gbl_err err;
        gbl_doc *d = NULL;
        gbl_json *j = gbl_json_new(2);
        must(gbl_doc_parse(&d, "trace", objects[i], strlen(objects[i]), &err), &err);
        must(gbl_trace_json(gbl_doc_root(d), NULL, j, &err), &err);
        gbl_source *a = from_json(objects[i], 4), *b = from_json(gbl_json_text(j), 4);
        for (int k = 0; k < 3; k++) {
            gbl_record x = next_of(a), y = next_of(b);
            assert_true(x.arrival_ns == y.arrival_ns && x.input == y.input && x.output == y.output);
        }
        gbl_source_close(a);
        gbl_source_close(b);
        gbl_json_free(j);
        gbl_doc_free(d);
    }
}

/* Documents are ids that mean the same wherever they stand; what is the prompt's own has none. */
static void documents(void **state)
{
    (void)state;
    gbl_source *s = from_json("{\"generate\": {\"requests\": 400, \"input\": {\"use\": \"fixed\", \"tokens\": 30}, \"output\": \"geometric\", "
                              "\"documents\": {\"pool\": 8, \"each\": 3, \"tokens\": 512, \"zipf\": 1}}}", 2);
    uint64_t known[8];
    int n = 0, times[8] = {0}, out_of_order = 0;
    for (int i = 0; i < 400; i++) {
        gbl_record r = next_of(s);
        int at[3];
        assert_int_equal(r.input, 3 * 512 + 30);
        assert_int_equal(r.n_ids, 3);
        assert_int_equal(r.id_tokens, 512);
        for (int k = 0; k < 3; k++) {
            for (at[k] = 0; at[k] < n && known[at[k]] != r.ids[k];) at[k]++;
            if (at[k] == n) known[n++] = r.ids[k];
            assert_true(n <= 8);
            times[at[k]]++;
        }
        assert_true(at[0] != at[1] && at[1] != at[2] && at[0] != at[2]);
        out_of_order += at[0] > at[1];
    }
    ends(s);
    int most = 0, least = 400;
    for (int k = 0; k < 8; k++) most = times[k] > most ? times[k] : most, least = times[k] < least ? times[k] : least;
    assert_int_equal(n, 8);
    assert_true(most > 2 * least && out_of_order > 50 && out_of_order < 350);
    gbl_err err;
    assert_int_equal(open_json(&s, "{\"generate\": {\"documents\": {\"pool\": 2, \"each\": 3}}}", 1, &err), GBL_EINPUT);
    check_error(&err, "a prompt of 3 different documents out of 2", "trace:1:48 (generate.documents.each)", "each not above pool", "");
    assert_int_equal(open_json(&s, "{\"generate\": {\"documents\": {}, \"sessions\": {}}}", 1, &err), GBL_EINPUT);
    check_error(&err, "prompts cannot have documents and sessions", "trace:1:28 (generate.documents)", "one of them", "");
}

static void help_names_everything(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    gbl_trace_help(f);
    fclose(f);
    const char *words[] = {"trace.file", "trace.rate_scale", "generate.requests", "closed_loop", "think_s", "lognormal", "sigma", "geometric", "column"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) assert_non_null(strstr(text, words[i]));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals), cmocka_unit_test(weibull_is_exponential), cmocka_unit_test(lengths), cmocka_unit_test(lengths_from_files), cmocka_unit_test(curve),
        cmocka_unit_test(same_seed_same_rows), cmocka_unit_test(streams_are_apart), cmocka_unit_test(scaled_and_limited), cmocka_unit_test(closed_loop),
        cmocka_unit_test(closed_loop_fewer_requests), cmocka_unit_test(closed_loop_order), cmocka_unit_test(bad_generators), cmocka_unit_test(bad_values),
        cmocka_unit_test(bad_files), cmocka_unit_test(too_late), cmocka_unit_test(schema_and_defaults), cmocka_unit_test(filled_in), cmocka_unit_test(documents), cmocka_unit_test(help_names_everything)};
    work_in_tmp();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leave_tmp();
    return failed;
}
