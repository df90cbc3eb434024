/* Generators whose fields have to do with each other: copulas, rows of a file drawn whole, bursts of a stated dispersion, a real week. */
#include "tests/unit/traces_help.h"

#include <math.h>
#include <sys/stat.h>

enum { N = 20000 };

/* ---- rank correlation ---- */

typedef struct ranked { double v; int at; } ranked;
static int by_value(const void *a, const void *b)
{
    double x = ((const ranked *)a)->v, y = ((const ranked *)b)->v;
    return (x > y) - (x < y);
}

/* Ranks in place of values; ties share the mean of theirs. */
static void rank(double *v, int n)
{
    ranked *r = malloc((size_t)n * sizeof *r);
    for (int i = 0; i < n; i++) r[i] = (ranked){v[i], i};
    qsort(r, (size_t)n, sizeof *r, by_value);
    for (int i = 0, j; i < n; i = j) {
        for (j = i; j < n && r[j].v <= r[i].v; j++) continue;
        for (int k = i; k < j; k++) v[r[k].at] = 0.5 * (i + j - 1);
    }
    free(r);
}

/* Spearman's, of values that become ranks. */
static double spearman(const double *a, const double *b, int n)
{
    double m = 0.5 * (n - 1), aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < n; i++) aa += (a[i] - m) * (a[i] - m), bb += (b[i] - m) * (b[i] - m), ab += (a[i] - m) * (b[i] - m);
    return ab / sqrt(aa * bb);
}

/* Reads n requests as ranks of gap, input, output. */
static void read_ranks(const char *json, double (*f)[N], int n)
{
    gbl_source *s = from_json(json, 7);
    int64_t last = next_of(s).arrival_ns;
    for (int i = 0; i < n; i++) {
        gbl_record r = next_of(s);
        f[0][i] = (double)(r.arrival_ns - last);
        f[1][i] = (double)r.input;
        f[2][i] = (double)r.output;
        last = r.arrival_ns;
    }
    gbl_source_close(s);
    for (int k = 0; k < 3; k++) rank(f[k], n);
}

/* The standard error of Spearman's correlation is at most 1.06 / sqrt(n); four of them. */
static void near(const char *what, double got, double want)
{
    double most = 4 * 1.06 / sqrt(N);
    if (fabs(got - want) > most) print_error("%s: rank correlation %g, not %g within %g\n", what, got, want, most);
    assert_true(fabs(got - want) <= most);
}

static double fields[3][N];

/* Input-output correlations as published of real traces: arXiv summaries -0.46, conversations -0.11, books 0.78; and with gaps. */
static void copula(void **state)
{
    static const double rho[][3] = {{-0.46, 0, 0}, {-0.11, 0, 0}, {0.78, 0, 0}, {0.3, -0.5, 0.2}, {0, 0.6, -0.6}, {-0.7, 0.7, -0.9}, {1, 0, 0}};
    static const char *const arrival[] = {"\"poisson\"", "{\"use\": \"gamma\", \"cv\": 1.7}", "{\"use\": \"weibull\", \"cv\": 1.7}"};
    (void)state;
    for (int k = 0; k < 7; k++) {
        char json[600];
        snprintf(json, sizeof json, "{\"generate\": {\"requests\": 30000, \"arrival\": %s, \"input\": {\"use\": \"lognormal\", \"mu\": 9, \"sigma\": 1.2}, "
                 "\"output\": {\"use\": \"lognormal\", \"mu\": 8, \"sigma\": 0.8}, \"copula\": {\"input_output\": %g, \"gap_input\": %g, \"gap_output\": %g}}}",
                 arrival[k % 3], rho[k][0], rho[k][1], rho[k][2]);
        read_ranks(json, fields, N);
        near("input and output", spearman(fields[1], fields[2], N), rho[k][0]);
        near("gap and input", spearman(fields[0], fields[1], N), rho[k][1]);
        near("gap and output", spearman(fields[0], fields[2], N), rho[k][2]);
    }
}

/* What stands before a field in the order gap, input, output stays as it is, and so do the distributions. */
static void copula_keeps_the_rest(void **state)
{
    (void)state;
    const char *lengths = "\"requests\": 20000, \"input\": {\"use\": \"lognormal\", \"mu\": 6, \"sigma\": 1}, \"output\": {\"use\": \"uniform\", \"low\": 1, \"high\": 1000}";
    char plain[400], joint[400];
    snprintf(plain, sizeof plain, "{\"generate\": {%s}}", lengths);
    snprintf(joint, sizeof joint, "{\"generate\": {%s, \"copula\": {\"input_output\": 0.8}}}", lengths);
    gbl_source *a = from_json(plain, 3), *b = from_json(joint, 3);
    double below[4] = {0}; /* uniform outputs stay uniform */
    int other = 0;
    for (int i = 0; i < N; i++) {
        gbl_record x = next_of(a), y = next_of(b);
        assert_true(x.arrival_ns == y.arrival_ns && x.input == y.input);
        other += x.output != y.output;
        below[(y.output - 1) / 250]++;
    }
    ends(a);
    ends(b);
    assert_true(other > N * 0.9);
    for (int k = 0; k < 4; k++) assert_true(fabs(below[k] - N / 4.0) < 4 * sqrt(N * 3 / 16.0));
}

static void put_client(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Clients of a ServeGen folder draw their fields with a stated copula: each client for itself. */
static void servegen_copula(void **state)
{
    (void)state;
    static char dict[40000], dataset[90000];
    size_t n = 0;
    for (int i = 0; i < 2000; i++) n += (size_t)sprintf(dict + n, "%s%d: 0.0005", i ? ", " : "{", i * 3 + 5);
    strcpy(dict + n, "}");
    snprintf(dataset, sizeof dataset, "{\"0\": {\"input_tokens\": \"%s\", \"output_tokens\": \"%s\"}}", dict, dict);
    assert_int_equal(mkdir("sg", 0700), 0);
    put_client("sg/chunk-0-trace.csv", "0,20,1,Gamma,0.7,1\n600,20,1,Weibull,0.6,1\n");
    put_client("sg/chunk-0-dataset.json", dataset);
    read_ranks("{\"file\": \"sg\"}", fields, N);
    near("input and output", spearman(fields[1], fields[2], N), 0);
    read_ranks("{\"file\": \"sg\", \"copula\": {\"input_output\": 0.6, \"gap_input\": -0.4}}", fields, N);
    near("input and output", spearman(fields[1], fields[2], N), 0.6);
    near("gap and input", spearman(fields[0], fields[1], N), -0.4);
    near("gap and output", spearman(fields[0], fields[2], N), 0);
    unlink("sg/chunk-0-trace.csv");
    unlink("sg/chunk-0-dataset.json");
    assert_int_equal(rmdir("sg"), 0);
}

/* ---- dispersion ---- */

static const char *const windows[] = {"1", "10", "60", "300"};
/* The rate of what the trace object generates, whose dispersion is checked; NaN: whatever it is. */
static double has_dispersion(const char *json, uint64_t seed, const double *want, double within)
{
    gbl_doc *d = info_of(from_json(json, seed));
    for (int k = 0; k < 4; k++) {
        char path[32];
        snprintf(path, sizeof path, "dispersion.%s", windows[k]);
        if (isnan(want[k])) continue;
        if (fabs(num(d, path) / want[k] - 1) > within) print_error("%s: %g, not %g\n", path, num(d, path), want[k]);
        assert_close(num(d, path), want[k], within);
    }
    double rate = num(d, "rate_s");
    gbl_doc_free(d);
    return rate;
}

/* Azure 2023, published: code 13, 72, 164 at 1, 10, 60 s with 2.57 requests a second, conversation 16 at 60 s with 5.5; and others that
 * bursts can have. Half a million requests are 500 and more of the widest window stated: the variance of n counts is known to about
 * sqrt(2 / n) of itself. */
static void bursts(void **state)
{
    static const struct { double rate, want[4]; } cases[] = {
        {2.57, {13, 72, 164, NAN}}, {5.5, {NAN, NAN, 16, NAN}}, {3, {2, 4, 10, 30}}, {1, {1.5, 2, 3, 4}}, {40, {5, NAN, NAN, NAN}}, {2, {8, 8, 8, 8}}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char json[400], text[4][16];
        for (int j = 0; j < 4; j++) snprintf(text[j], 16, isnan(cases[k].want[j]) ? "null" : "%g", cases[k].want[j]);
        snprintf(json, sizeof json, "{\"generate\": {\"requests\": 500000, \"input\": \"fixed\", \"output\": \"fixed\", \"arrival\": {\"use\": \"bursts\", \"rate_s\": %g, "
                 "\"dispersion_1s\": %s, \"dispersion_10s\": %s, \"dispersion_60s\": %s, \"dispersion_300s\": %s}}}",
                 cases[k].rate, text[0], text[1], text[2], text[3]);
        assert_close(has_dispersion(json, 5, cases[k].want, 0.15), cases[k].rate, 0.05);
    }
}

/* Whatever the seed: no scale hangs on a handful of large bursts. Of 25000 s the counts of 10 s and more say little themselves. */
static void bursts_of_every_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        has_dispersion("{\"generate\": {\"requests\": 500000, \"input\": \"fixed\", \"output\": \"fixed\", \"arrival\": {\"use\": \"bursts\", \"rate_s\": 20, "
                       "\"dispersion_1s\": 1.5, \"dispersion_10s\": 3, \"dispersion_60s\": 10, \"dispersion_300s\": 40}}}", seed, (const double[]){1.5, NAN, NAN, NAN}, 0.15);
        has_dispersion("{\"generate\": {\"requests\": 500000, \"input\": \"fixed\", \"output\": \"fixed\", \"arrival\": {\"use\": \"bursts\", \"rate_s\": 3, "
                       "\"dispersion_1s\": 2, \"dispersion_10s\": 4, \"dispersion_60s\": 10, \"dispersion_300s\": 30}}}", seed, (const double[]){2, 4, 10, 30}, 0.15);
    }
}

/* A renewal process is Poisson at scales far below a gap and has variance over mean CV^2 far above it. */
static void renewals(void **state)
{
    (void)state;
    has_dispersion("{\"generate\": {\"requests\": 500000, \"arrival\": {\"use\": \"gamma\", \"rate_s\": 5, \"cv\": 2.5}}}", 5, (const double[]){NAN, 6.25, 6.25, 6.25}, 0.15);
    has_dispersion("{\"generate\": {\"requests\": 500000, \"arrival\": {\"use\": \"weibull\", \"rate_s\": 5, \"cv\": 2.5}}}", 5, (const double[]){NAN, 6.25, 6.25, 6.25}, 0.15);
    has_dispersion("{\"generate\": {\"requests\": 500000, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 5}}}", 5, (const double[]){1, 1, 1, 1}, 0.15);
}

/* More requests do not change the first ones, another seed does. */
static void bursts_are_keyed(void **state)
{
    (void)state;
#define FEW(N_REQUESTS) "{\"generate\": {\"requests\": " #N_REQUESTS ", \"arrival\": {\"use\": \"bursts\", \"rate_s\": 3, \"dispersion_10s\": 20}}}"
    gbl_source *a = from_json(FEW(100), 1), *b = from_json(FEW(1000), 1), *c = from_json(FEW(100), 2);
    int other = 0;
    for (int i = 0; i < 100; i++) {
        int64_t at = next_of(a).arrival_ns;
        assert_int_equal(at, next_of(b).arrival_ns);
        other += at != next_of(c).arrival_ns;
    }
    assert_true(other > 90);
    ends(a);
    gbl_source_close(b);
    gbl_source_close(c);
}

/* ---- the digitised week ---- */

/* Every hour of the week has its rate, within what Poisson counts leave open; its peak is 3.0 times its mean, and a weekday's hours
 * go up and down by 5 to 11. */
static void azure_week(void **state)
{
    (void)state;
    char path[4200];
    double rate[168], count[168] = {0}, mean = 0, most = 0, chi2 = 0;
    snprintf(path, sizeof path, "%s/traces/samples/azure_code_week.csv", getenv("GABLE_DATA"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "t_s,rate_rps"), 0);
    for (int i = 0; i < 168; i++) {
        double t;
        assert_int_equal(fscanf(f, "%lf,%lf", &t, &rate[i]), 2);
        assert_close(t, i * 3600.0, 0);
        mean += rate[i] / 168;
        most = fmax(most, rate[i]);
    }
    fclose(f);
    assert_close(most / mean, 3.0, 0.02);
    gbl_source *s = from_json("{\"generate\": {\"requests\": 400000, \"arrival\": {\"use\": \"curve\", \"file\": \"traces/samples/azure_code_week.csv\", \"rate_s\": 0.5}}}", 11);
    int64_t last = 0;
    for (int i = 0; i < 400000; i++) {
        last = next_of(s).arrival_ns / INT64_C(3600000000000);
        if (last < 168) count[last]++;
    }
    ends(s);
    assert_true(last > 168); /* and the next week begins */
    for (int i = 0; i < 168; i++) {
        double want = rate[i] / mean * 0.5 * 3600;
        chi2 += (count[i] - want) * (count[i] - want) / want;
    }
    assert_true(fabs(chi2 - 168) < 4 * sqrt(2 * 168));
}

/* ---- rows ---- */

/* Rows whose output is twice the input and whose gap is the input in ms: so it is of every request drawn. */
static void rows_stay_whole(void **state)
{
    (void)state;
    static char text[60000];
    size_t n = (size_t)sprintf(text, "in,gap,out\n");
    for (int i = 1; i <= 500; i++) n += (size_t)sprintf(text + n, "%d,%.3f,%d\n", i, i * 1e-3, 2 * i);
    put(text);
#define ROWS_OF(ARRIVAL, MORE) \
    "{\"generate\": {\"requests\": 5000, \"arrival\": " ARRIVAL ", \"rows\": {\"file\": \"" TRACE "\", \"input\": \"in\", \"output\": \"out\", \"gap_s\": \"gap\"" MORE "}}}"
    gbl_source *s = from_json(ROWS_OF("\"rows\"", ""), 3), *twice = from_json(ROWS_OF("{\"use\": \"rows\", \"rate_s\": 8}", ""), 3);
    int64_t last = 0, seen[501] = {0};
    for (int i = 0; i < 5000; i++) {
        gbl_record r = next_of(s), q = next_of(twice);
        assert_int_equal(r.output, 2 * r.input);
        if (i) assert_int_equal(r.arrival_ns - last, r.input * 1000000);
        assert_int_equal(q.input, r.input);
        assert_close((double)q.arrival_ns, (double)r.arrival_ns / (8 * 0.2505), 1e-6); /* the file's mean gap is 0.2505 s */
        seen[r.input]++;
        last = r.arrival_ns;
    }
    ends(s);
    ends(twice);
    int all = 0;
    for (int i = 1; i <= 500; i++) all += seen[i] > 0;
    assert_true(all > 490);
    s = from_json(ROWS_OF("\"rows\"", ", \"run\": 50"), 3);
    for (int i = 0, before = 0; i < 5000; i++) {
        gbl_record r = next_of(s);
        if (i % 50) assert_int_equal(r.input, before % 500 + 1); /* the next row, after the last the first */
        before = (int)r.input;
    }
    ends(s);
}

/* What a file has and no request can be is counted as in a trace. */
static void dropped_rows_are_counted(void **state)
{
    (void)state;
    put("a,b\n0,5\n7,0\n0,0\n9,9\n");
    gbl_source *s = from_json("{\"generate\": {\"requests\": 3, \"rows\": {\"file\": \"" TRACE "\", \"input\": \"a\", \"output\": \"b\"}}}", 1);
    for (int i = 0; i < 3; i++) assert_int_equal(next_of(s).input, 9);
    assert_int_equal(gbl_source_repairs(s)->zero_input, 2);
    assert_int_equal(gbl_source_repairs(s)->zero_output, 1);
    ends(s);
    put("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,m,10,0,10,x\n6,m,10,3,13,x\n");
    s = from_json("{\"generate\": {\"requests\": 1, \"rows\": {\"file\": \"" TRACE "\"}}}", 1);
    next_of(s);
    assert_true(gbl_source_repairs(s)->failed + gbl_source_repairs(s)->zero_output == 1);
    ends(s);
}

/* Any trace can be resampled; its bursts stay where runs are long. */
static void rows_of_a_trace(void **state)
{
    (void)state;
    static char text[3000000];
    size_t n = (size_t)sprintf(text, "arrived_at,num_prefill_tokens,num_decode_tokens\n");
    gbl_source *s = from_json("{\"generate\": {\"requests\": 50000, \"arrival\": {\"use\": \"bursts\", \"rate_s\": 2.57, \"dispersion_1s\": 5, \"dispersion_10s\": 20, \"dispersion_60s\": 30}}}", 1);
    for (int i = 0; i < 50000; i++) {
        gbl_record r = next_of(s);
        n += (size_t)sprintf(text + n, "%.6f,%lld,%lld\n", (double)r.arrival_ns * 1e-9, (long long)r.input, (long long)r.output);
    }
    ends(s);
    put(text);
    gbl_doc *own = info_of(from_json("{\"file\": \"" TRACE "\"}", 5));
    const double want[] = {num(own, "dispersion.1"), num(own, "dispersion.10"), NAN, NAN};
    has_dispersion("{\"generate\": {\"requests\": 200000, \"arrival\": \"rows\", \"rows\": {\"file\": \"" TRACE "\", \"run\": 2000}}}", 5, want, 0.15);
    gbl_doc *d = info_of(from_json("{\"generate\": {\"requests\": 200000, \"arrival\": \"rows\", \"rows\": {\"file\": \"" TRACE "\"}}}", 5));
    assert_close(num(d, "rate_s"), num(own, "rate_s"), 0.05);
    assert_close(num(d, "interarrival_cv"), num(own, "interarrival_cv"), 0.05);
    assert_close(num(d, "input_tok.mean"), num(own, "input_tok.mean"), 0.05);
    assert_true(num(d, "dispersion.10") < 0.7 * want[1]); /* rows apart: the gaps stay, their order is lost */
    gbl_doc_free(d);
    gbl_doc_free(own);
}

/* ---- refused ---- */

static void refuse_json(const char *json, const char *what, const char *where, const char *expected)
{
    gbl_source *s = NULL;
    gbl_err err;
    assert_int_equal(open_json(&s, json, 1, &err), GBL_EINPUT);
    assert_null(s);
    check_error(&err, what, where, expected, "");
}

static void refused(void **state)
{
    (void)state;
    const char *rows = "{\"file\": TRACE} or {\"file\": CSV, \"input\": COLUMN, \"output\": COLUMN}";
    refuse_json("{\"generate\": {\"copula\": {\"input_output\": 0.9, \"gap_input\": -0.9, \"gap_output\": 0.9}}}",
                "no fields have these three rank correlations: two of them rule out the third", "trace:1:25 (generate.copula)", "a positive definite matrix, such as with one of them 0");
    refuse_json("{\"generate\": {\"copula\": {\"input_output\": 0.9}, \"input\": \"fixed\"}}", "every input is the same: it would be read by nothing", "trace:1:42 (generate.copula.input_output)", "0, or left out");
    refuse_json("{\"generate\": {\"copula\": {\"gap_output\": 0.1}, \"arrival\": \"deterministic\"}}", "these arrivals have no gap of their own for each request: it would be read by nothing",
                "trace:1:40 (generate.copula.gap_output)", "0, or left out");
    refuse_json("{\"generate\": {\"copula\": {\"gap_input\": 0.1}, \"sessions\": {}}}", "these arrivals have no gap of their own for each request: it would be read by nothing",
                "trace:1:39 (generate.copula.gap_input)", "0, or left out");
    refuse_json("{\"copula\": {\"input_output\": 0.5}, \"generate\": {}}", "the copula of a generator stands in generate", "trace:1:12 (copula)", "trace.generate.copula");
    refuse_json("{\"copula\": {\"input_output\": 0.5}}", "copula is not read: the trace says what each request is", "trace:1:12 (copula)", "a servegen folder, whose lengths are drawn");
    refuse_json("{\"generate\": {\"rows\": {}}}", "rows needs a file", "trace:1:23 (generate.rows)", rows);
    refuse_json("{\"generate\": {\"rows\": {\"file\": \"x\", \"input\": \"a\"}}}", "the CSV columns of input and output go together", "trace:1:23 (generate.rows)", rows);
    refuse_json("{\"generate\": {\"rows\": {\"file\": \"x\"}, \"output\": \"fixed\"}}", "output is not read: the requests are rows of a file", "trace:1:48 (generate.output)", "rows, or input and output");
    refuse_json("{\"generate\": {\"arrival\": \"rows\"}}", "there are no rows to take gaps from", "trace:1:26 (generate.arrival)", "\"rows\": {\"file\": TRACE} beside it, or another arrival process");
    refuse_json("{\"generate\": {\"arrival\": \"rows\", \"rows\": {\"file\": \"x.csv\", \"input\": \"a\", \"output\": \"b\"}}}", "the rows have no gaps", "trace:1:26 (generate.arrival)",
                "\"gap_s\": COLUMN in rows, or another arrival process");
    refuse_json("{\"generate\": {\"arrival\": \"bursts\"}}", "bursts need a dispersion", "trace:1:26 (generate.arrival)",
                "{\"use\": \"bursts\", \"rate_s\": 2.57, \"dispersion_1s\": 13, \"dispersion_10s\": 72, \"dispersion_60s\": 164}");
    refuse_json("{\"generate\": {\"arrival\": {\"use\": \"bursts\", \"dispersion_1s\": 1.05}}}", "no dispersion is above 1.1: there are no bursts", "trace:1:26 (generate.arrival)", "poisson, or a larger dispersion");
    refuse_json("{\"generate\": {\"arrival\": {\"use\": \"bursts\", \"dispersion_1s\": 100, \"dispersion_10s\": 2}}}",
                "no bursts have these dispersions: they neither fall with the window nor grow faster than it", "trace:1:26 (generate.arrival)", "as near as 2.03 at 1 s, 2.04 at 10 s, 2.04 at 60 s, 2.04 at 300 s");
    refuse_json("{\"generate\": {\"arrival\": {\"use\": \"bursts\", \"rate_s\": 1e9, \"dispersion_300s\": 2}}}", "more than 2e+07 bursts would be under way at a time", "", "a lower rate_s or larger dispersions");
    refuse_json("{\"generate\": {\"rows\": {\"file\": \"x\", \"input\": \"a\", \"output\": \"b\", \"gap_s\": \"c\"}}}", "gap_s is not read: these arrivals have gaps of their own", "trace:1:75 (generate.rows.gap_s)",
                "\"arrival\": \"rows\" beside it");
    put("{\"timestamp\": 5, \"input_length\": 3, \"output_length\": 3}\n");
    refuse_json("{\"generate\": {\"arrival\": \"rows\", \"rows\": {\"file\": \"" TRACE "\"}}}", "the rows are all of one instant: they have no gaps", "trace:1:26 (generate.arrival)", "another arrival process");
    put("t_s,rate_rps\n0,3\n");
    refuse_json("{\"file\": \"" TRACE "\"}", "a curve of rates, not a trace: it says how many requests come, and nothing about each", TRACE ":1",
                "a generator that follows it: \"generate\": {\"arrival\": {\"use\": \"curve\", \"file\": \"" TRACE "\"}, ...}");
    put("a,b\n0,3\n");
    refuse_json("{\"generate\": {\"rows\": {\"file\": \"" TRACE "\", \"input\": \"a\", \"output\": \"b\"}}}", "no rows to draw from", TRACE, "a row with input and output");
    put("a,b\n1.5,3\n");
    refuse_json("{\"generate\": {\"rows\": {\"file\": \"" TRACE "\", \"input\": \"a\", \"output\": \"b\"}}}", "tokens is not a whole number from 0 to 1,000,000,000", TRACE ":2", "a CSV header, then rows with numbers in a, b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(copula), cmocka_unit_test(copula_keeps_the_rest), cmocka_unit_test(servegen_copula), cmocka_unit_test(bursts), cmocka_unit_test(bursts_of_every_seed),
                                       cmocka_unit_test(renewals), cmocka_unit_test(bursts_are_keyed), cmocka_unit_test(azure_week), cmocka_unit_test(rows_stay_whole),
                                       cmocka_unit_test(rows_of_a_trace), cmocka_unit_test(dropped_rows_are_counted), cmocka_unit_test(refused)};
    work_in_tmp();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leave_tmp();
    return failed;
}
