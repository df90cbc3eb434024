/* page_series.c - charts of the newest run: distributions from sorted request rows, time series in buckets. A chart carries
 * a few hundred points however long the run was. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page.h"
#include "reports/store_db.h"

enum { BUCKETS = 160, CDF_POINTS = 140, MOST_ROWS = 1 << 20 };
static const char since_first[] = "time since the first arrival, s";

typedef struct req {
    int64_t arrival_ns, scheduled_ns, first_ns, finish_ns; /* -1: never. Differences are taken as integers, since bounds are inclusive. */
    int64_t output;
    int completed;
} req;

typedef struct reqs {
    req *v;
    size_t n, room;
    double weight; /* requests of the run for each row here */
} reqs;

/* ---- rows ---- */

static int64_t time_ns(sqlite3_stmt *st, int i)
{
    return sqlite3_column_type(st, i) == SQLITE_NULL ? -1 : sqlite3_column_int64(st, i);
}

static double seconds(int64_t ns)
{
    return ns < 0 ? NAN : (double)ns / 1e9;
}

/* Every row up to 2^20 of them, then each k-th: the shape is what a chart shows. */
static int load_requests(page *p, const page_run *r, reqs *out, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    int64_t stride = 1 + r->requests / MOST_ROWS;
    int rc = sqlite3_prepare_v2(p->db, "SELECT arrival_ns, scheduled_ns, first_token_ns, finish_ns, output, status = 'completed' FROM request"
                                       " WHERE run = ?1 AND serial % ?2 = 0 ORDER BY serial", -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, r->id);
        sqlite3_bind_int64(st, 2, stride);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            if (gbl_grow(&out->v, &out->room, out->n + 1, sizeof *out->v) != 0) {
                sqlite3_finalize(st);
                return gbl_nomem(err, out->n * sizeof *out->v);
            }
            out->v[out->n++] = (req){time_ns(st, 0), time_ns(st, 1), time_ns(st, 2), time_ns(st, 3), sqlite3_column_int64(st, 4), sqlite3_column_int(st, 5)};
        }
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_db_fail(err, p->db, p->path, "read the store");
    sqlite3_finalize(st);
    double injected = gbl_page_num(r, "requests.injected"), n = out->n ? (double)out->n : 1;
    out->weight = injected > n ? injected / n : 1;
    return code;
}

enum latency { TTFT, TPOT, E2EL, QUEUE };

static double elapsed_ms(int64_t from_ns, int64_t to_ns)
{
    return to_ns < 0 ? NAN : (double)(to_ns - from_ns) / 1e6;
}

static double latency_ms(const req *r, enum latency which)
{
    switch (which) {
    case TTFT:
        return elapsed_ms(r->arrival_ns, r->first_ns);
    case TPOT:
        return r->output > 1 ? elapsed_ms(r->first_ns, r->finish_ns) / (double)(r->output - 1) : NAN;
    case QUEUE:
        return elapsed_ms(r->arrival_ns, r->scheduled_ns);
    default:
        return elapsed_ms(r->arrival_ns, r->finish_ns);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Share of the arrived requests within `bound`; a one-token request has TPOT 0. */
static double share_within(const reqs *q, enum latency which, double bound)
{
    size_t good = 0;
    for (size_t i = 0; i < q->n; i++) {
        const req *r = &q->v[i];
        double v = which == TPOT && r->output <= 1 ? 0 : latency_ms(r, which);
        good += r->completed && v <= bound;
    }
    return q->n && isfinite(bound) ? (double)good / (double)q->n : NAN;
}

/* ---- distributions ---- */

/* The share axis is denser towards 1, where the questions are. */
static void cdf_points(page *p, const double *sorted, size_t n)
{
    for (int i = 0; i <= CDF_POINTS; i++) {
        double u = (double)i / CDF_POINTS, share = u < 0.7 ? u / 0.7 * 0.9 : 1 - 0.1 * pow(10, -(u - 0.7) / 0.3 * 3);
        share = i == CDF_POINTS ? 1 : share;
        gbl_chart_point(p, sorted[(size_t)(share * (double)(n - 1))], share * 100, NULL);
    }
}

static int cdf_of_requests(page *p, const reqs *q, enum latency which, const char *label, gbl_err *err)
{
    double *v = gbl_alloc(q->n ? q->n : 1, sizeof *v);
    size_t n = 0;
    if (!v) {
        return gbl_nomem(err, q->n * sizeof *v);
    }
    for (size_t i = 0; i < q->n; i++) {
        double x = latency_ms(&q->v[i], which);
        if (isfinite(x) && x > 0) { /* the axis is logarithmic */
            v[n++] = x;
        }
    }
    if (n) {
        qsort(v, n, sizeof *v, ascending);
        gbl_chart_series(p, label, -1, 0);
        cdf_points(p, v, n);
        gbl_chart_series_end(p);
    }
    gbl_free(v);
    return GBL_OK;
}

/* Without rows the seven percentiles of the result draw the curve. */
static void cdf_of_result(page *p, const page_run *r, const char *metric, const char *label)
{
    static const struct { const char *stat; double share; } at[] = {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p999", 99.9}, {"max", 100}};
    gbl_chart_series(p, label, -1, 0);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s.%s", metric, at[i].stat);
        double v = gbl_page_num(r, path);
        if (v > 0) {
            gbl_chart_point(p, v, at[i].share, NULL);
        }
    }
    gbl_chart_series_end(p);
}

static void bound_line(page *p, const char *label, double ms, int colour)
{
    if (ms > 0) {
        gbl_chart_series(p, label, colour, PAGE_DASH);
        gbl_chart_point(p, ms, 0, NULL);
        gbl_chart_point(p, ms, 100, NULL);
        gbl_chart_series_end(p);
    }
}

static const char *latency_text(page *p, const reqs *q)
{
    if (q->weight == 1) {
        return "Share of requests at or below a latency; ITL is drawn through its stored percentiles. Dashed: the bounds of the SLO.";
    }
    char n[40];
    const char *s = gbl_arena_printf(p->arena, "Share of requests at or below a latency, from the %s rows stored of them; ITL is drawn through its stored percentiles. Dashed: the bounds of the SLO.", gbl_page_human(n, sizeof n, (double)q->n));
    p->no_memory |= !s;
    return s ? s : "";
}

static int chart_latency(page *p, const reqs *q, gbl_err *err)
{
    static const char *const metric[] = {"ttft_ms", "tpot_ms", "e2el_ms", "queue_ms"}, *const label[] = {"TTFT", "TPOT", "E2E", "queue"};
    const page_run *r = &p->run[0];
    const char *text = q->n ? latency_text(p, q) : "Drawn through the stored percentiles, since this run keeps no request rows. Dashed: the bounds of the SLO.";
    gbl_chart_begin(p, &(page_chart){.id = "latency", .kind = "line", .title = "Latency distribution", .text = text, .x = "latency, ms", .y = "% of requests",
                                     .x_unit = "ms", .y_unit = "%", .log_x = 1, .percent = 1, .wide = 1});
    int code = GBL_OK;
    for (int i = 0; i < 4 && code == GBL_OK; i++) {
        if (q->n) {
            code = cdf_of_requests(p, q, (enum latency)i, label[i], err);
        } else {
            cdf_of_result(p, r, metric[i], label[i]);
        }
    }
    cdf_of_result(p, r, "itl_ms", "ITL"); /* single gaps are not stored */
    bound_line(p, "TTFT bound", gbl_page_slo(r, "ttft_ms"), 0);
    bound_line(p, "TPOT bound", gbl_page_slo(r, "tpot_ms"), 1);
    bound_line(p, "E2E bound", gbl_page_slo(r, "e2el_ms"), 2);
    gbl_chart_end(p);
    return code;
}

static int chart_ttft_of_runs(page *p, const reqs *newest, gbl_err *err)
{
    int code = GBL_OK;
    gbl_chart_begin(p, &(page_chart){.id = "runs-ttft", .kind = "line", .title = "TTFT, run against run", .text = "Time to first token of each run in the table.",
                                     .x = "TTFT, ms", .y = "% of requests", .x_unit = "ms", .y_unit = "%", .log_x = 1, .percent = 1, .wide = 1});
    for (int i = 0; i < p->runs && code == GBL_OK; i++) {
        char label[64];
        snprintf(label, sizeof label, "run %lld", (long long)p->run[i].id);
        if (!p->run[i].requests) {
            cdf_of_result(p, &p->run[i], "ttft_ms", label);
            continue;
        }
        reqs q = {0};
        code = i ? load_requests(p, &p->run[i], &q, err) : GBL_OK;
        code = code != GBL_OK ? code : cdf_of_requests(p, i ? &q : newest, TTFT, label, err);
        gbl_free(q.v);
    }
    gbl_chart_end(p);
    return code;
}

/* ---- time ---- */

typedef struct span {
    double from, width; /* seconds; width of a bucket */
} span;

static span span_of(const reqs *q)
{
    double from = INFINITY, to = 0;
    for (size_t i = 0; i < q->n; i++) {
        from = fmin(from, seconds(q->v[i].arrival_ns));
        to = fmax(to, fmax(seconds(q->v[i].arrival_ns), seconds(q->v[i].finish_ns))); /* fmax passes NaN over */
    }
    return (span){from, to > from ? (to - from) / BUCKETS : 1};
}

static int bucket_of(span s, double t)
{
    int b = (int)((t - s.from) / s.width);
    return b < 0 ? 0 : b >= BUCKETS ? BUCKETS - 1 : b;
}

static void rate_series(page *p, const char *label, const double *count, span s, int filled)
{
    gbl_chart_series(p, label, -1, filled ? PAGE_FILL : 0);
    for (int b = 0; b < BUCKETS; b++) {
        gbl_chart_point(p, (b + 0.5) * s.width, count[b] / s.width, NULL);
    }
    gbl_chart_series_end(p);
}

static void chart_load(page *p, const reqs *q, span s)
{
    double arrived[BUCKETS] = {0}, finished[BUCKETS] = {0}, tokens[BUCKETS] = {0}, k = q->weight;
    for (size_t i = 0; i < q->n; i++) {
        arrived[bucket_of(s, seconds(q->v[i].arrival_ns))] += k;
        if (q->v[i].completed) {
            finished[bucket_of(s, seconds(q->v[i].finish_ns))] += k;
            tokens[bucket_of(s, seconds(q->v[i].finish_ns))] += k * (double)q->v[i].output;
        }
    }
    gbl_chart_begin(p, &(page_chart){.id = "load", .kind = "line", .title = "Arrivals and completions", .text = "Where completions stay below arrivals, a queue grows.",
                                     .x = since_first, .y = "requests / s", .x_unit = "s", .y_unit = "requests/s"});
    rate_series(p, "arrivals", arrived, s, 1);
    rate_series(p, "completions", finished, s, 0);
    gbl_chart_end(p);
    gbl_chart_begin(p, &(page_chart){.id = "tokens", .kind = "line", .title = "Output tokens", .text = "Output tokens of the requests that finish in each interval.",
                                     .x = since_first, .y = "tokens / s", .x_unit = "s", .y_unit = "tokens/s"});
    rate_series(p, "output tokens", tokens, s, 1);
    gbl_chart_end(p);
}

typedef struct arrived {
    int bucket;
    double ttft;
} arrived;

static int by_bucket(const void *a, const void *b)
{
    const arrived *x = a, *y = b;
    return x->bucket != y->bucket ? (x->bucket > y->bucket) - (x->bucket < y->bucket) : (x->ttft > y->ttft) - (x->ttft < y->ttft);
}

static void ttft_series(page *p, const char *label, const arrived *v, size_t n, span s, double share)
{
    gbl_chart_series(p, label, -1, 0);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && v[end].bucket == v[i].bucket; end++) {
        }
        gbl_chart_point(p, (v[i].bucket + 0.5) * s.width, v[i + (size_t)(share * (double)(end - i - 1))].ttft, NULL);
    }
    gbl_chart_series_end(p);
}

static int chart_ttft(page *p, const reqs *q, span s, gbl_err *err)
{
    arrived *v = gbl_alloc(q->n, sizeof *v);
    size_t n = 0;
    if (!v) {
        return gbl_nomem(err, q->n * sizeof *v);
    }
    for (size_t i = 0; i < q->n; i++) {
        double ttft = latency_ms(&q->v[i], TTFT);
        if (isfinite(ttft)) {
            v[n++] = (arrived){bucket_of(s, seconds(q->v[i].arrival_ns)), ttft};
        }
    }
    qsort(v, n, sizeof *v, by_bucket);
    gbl_chart_begin(p, &(page_chart){.id = "ttft", .kind = "line", .title = "TTFT over time", .text = "Median and 99th percentile of the requests that arrive in each interval.",
                                     .x = since_first, .y = "TTFT, ms", .x_unit = "s", .y_unit = "ms"});
    ttft_series(p, "p50", v, n, s, 0.5);
    ttft_series(p, "p99", v, n, s, 0.99);
    gbl_chart_end(p);
    gbl_free(v);
    return GBL_OK;
}

static int charts_of_requests(page *p, const reqs *q, gbl_err *err)
{
    const page_run *r = &p->run[0];
    span s = span_of(q);
    p->sampled = q->weight > 1;
    p->within_ttft = share_within(q, TTFT, gbl_page_slo(r, "ttft_ms"));
    p->within_tpot = share_within(q, TPOT, gbl_page_slo(r, "tpot_ms"));
    p->within_e2el = share_within(q, E2EL, gbl_page_slo(r, "e2el_ms"));
    chart_load(p, q, s);
    return chart_ttft(p, q, s, err);
}

int gbl_page_series(page *p, gbl_err *err)
{
    reqs q = {0};
    int code = load_requests(p, &p->run[0], &q, err);
    p->within_ttft = p->within_tpot = p->within_e2el = NAN;
    if (code == GBL_OK) {
        code = chart_latency(p, &q, err);
    }
    if (code == GBL_OK && q.n) {
        code = charts_of_requests(p, &q, err);
    }
    code = code != GBL_OK ? code : gbl_page_time(p, err);
    if (code == GBL_OK && p->runs > 1) {
        code = chart_ttft_of_runs(p, &q, err);
    }
    gbl_free(q.v);
    return code;
}
