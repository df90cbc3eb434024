#include "reports/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCKS = 30 };

static int varies(const double *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!(v[i] == v[0]) && !(isnan(v[i]) && isnan(v[0]))) return 1;
    return 0;
}

/* ---------------------------------------------------------------- pairs of requests ---- */

typedef struct pairs {
    double *a, *b;
    size_t n, *scratch;
} pairs;

static int pairs_init(pairs *p, const gbl_requests *a, const gbl_requests *b, int latency, gbl_err *err)
{
    size_t most = a->n < b->n ? a->n : b->n;
    *p = (pairs){.a = gbl_alloc(most + 1, sizeof *p->a), .b = gbl_alloc(most + 1, sizeof *p->b), .scratch = gbl_alloc(2 * most + 1, sizeof *p->scratch)};
    if (!p->a || !p->b || !p->scratch) return gbl_nomem(err, most * sizeof *p->a);
    for (size_t i = 0; i < most; i++) {
        double x = a->ms[latency][i], y = b->ms[latency][i];
        if (isnan(x) || isnan(y)) continue;
        p->a[p->n] = x;
        p->b[p->n++] = y;
    }
    return GBL_OK;
}

static void pairs_fini(pairs *p)
{
    gbl_free(p->a);
    gbl_free(p->b);
    gbl_free(p->scratch);
}

static gbl_test blocks_of_means(const pairs *p, double confidence)
{
    double a[BLOCKS], b[BLOCKS];
    size_t per = p->n / BLOCKS, skip = p->n % BLOCKS;
    for (size_t k = 0; k < BLOCKS; k++) {
        a[k] = gbl_stat_mean(p->a + skip + k * per, per);
        b[k] = gbl_stat_mean(p->b + skip + k * per, per);
    }
    return gbl_stat_paired(a, b, BLOCKS, confidence);
}

static void count_shares(gbl_compared *row, const pairs *p)
{
    double lower = 0, higher = 0;
    for (size_t i = 0; i < p->n; i++) {
        lower += p->b[i] < p->a[i];
        higher += p->b[i] > p->a[i];
    }
    row->lower = p->n ? lower / (double)p->n : NAN;
    row->higher = p->n ? higher / (double)p->n : NAN;
}

/* ---------------------------------------------------------------- one metric ---- */

static int by_requests(gbl_compared *row, const gbl_comparison *c, int latency, double percentile, int seeds_tell, gbl_err *err)
{
    pairs p;
    int code = pairs_init(&p, &c->a[0].requests, &c->b[0].requests, latency, err);
    if (!code) count_shares(row, &p);
    if (!code && !seeds_tell && p.n >= 2 * BLOCKS) {
        gbl_test t = isnan(percentile) ? blocks_of_means(&p, c->confidence) : gbl_stat_block_percentile(p.a, p.b, p.n, BLOCKS, percentile, c->confidence, 0, p.scratch);
        /* What the runs themselves say stands; the stretches say how sure it is. */
        double shift = row->test.difference.mean - t.difference.mean;
        t.a = row->test.a;
        t.b = row->test.b;
        t.difference.mean += shift;
        t.difference.low += shift;
        t.difference.high += shift;
        row->test = t;
        row->method = "requests";
    }
    pairs_fini(&p);
    return code;
}

static int compare_one(gbl_compared *row, const gbl_comparison *c, const double *a, const double *b, gbl_err *err)
{
    double percentile;
    int latency = gbl_metric_latency(row->metric, &percentile), seeds_tell = varies(a, c->n) || varies(b, c->n);
    if (seeds_tell) {
        row->test = gbl_stat_paired(a, b, c->n, c->confidence);
        row->method = "seeds";
    } else {
        const double twice_a[2] = {a[0], a[0]}, twice_b[2] = {b[0], b[0]};
        row->test = gbl_stat_paired(twice_a, twice_b, 2, c->confidence);
        row->test.difference.n = c->n;
        row->method = "exact";
    }
    return latency >= 0 && c->same_work ? by_requests(row, c, latency, percentile, seeds_tell, err) : GBL_OK;
}

int gbl_compare(gbl_compared *out, const gbl_comparison *c, const char *const *metrics, size_t m, gbl_err *err)
{
    gbl_measures a = {0}, b = {0};
    double *p = gbl_alloc(2 * m, sizeof *p);
    int code = p ? gbl_measures_init(&a, c->a, c->n, err) : gbl_nomem(err, 2 * m * sizeof *p);
    if (!code) code = gbl_measures_init(&b, c->b, c->n, err);
    for (size_t i = 0; i < m && !code; i++) {
        if ((code = gbl_metric_check(&a, metrics[i], "--metric", err))) break;
        out[i] = (gbl_compared){.metric = metrics[i], .lower = NAN, .higher = NAN};
        code = compare_one(&out[i], c, gbl_measures_of(&a, metrics[i]), gbl_measures_of(&b, metrics[i]), err);
        p[i] = out[i].test.p;
    }
    if (!code) gbl_stat_holm(p, m, p + m);
    for (size_t i = 0; i < m && !code; i++) out[i].p_adjusted = p[m + i];
    gbl_measures_fini(&a);
    gbl_measures_fini(&b);
    gbl_free(p);
    return code;
}

/* ---------------------------------------------------------------- telling it ---- */

static double relative(const gbl_test *t)
{
    return t->a != 0 ? t->difference.mean / fabs(t->a) : NAN;
}

void gbl_compare_json(const gbl_compared *rows, size_t m, gbl_json *j)
{
    gbl_json_arr(j, NULL);
    for (size_t i = 0; i < m; i++) {
        const gbl_compared *r = &rows[i];
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "metric", r->metric);
        gbl_json_num(j, "a", r->test.a);
        gbl_json_num(j, "b", r->test.b);
        gbl_json_num(j, "difference", r->test.difference.mean);
        gbl_json_num(j, "low", r->test.difference.low);
        gbl_json_num(j, "high", r->test.difference.high);
        gbl_json_num(j, "p", r->test.p);
        gbl_json_num(j, "p_adjusted", r->p_adjusted);
        gbl_json_num(j, "relative", relative(&r->test));
        gbl_json_num(j, "effect", r->test.effect);
        gbl_json_str(j, "method", r->method);
        gbl_json_int(j, "n", (int64_t)r->test.difference.n);
        gbl_json_num(j, "requests_lower", r->lower);
        gbl_json_num(j, "requests_higher", r->higher);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

char *gbl_compare_number(char *out, size_t size, double v)
{
    if (isnan(v)) snprintf(out, size, "-");
    else if (v == 0) snprintf(out, size, "0");
    else snprintf(out, size, "%.*f", fabs(v) >= 1000 ? 0 : fabs(v) >= 100 ? 1 : fabs(v) >= 1 ? 2 : 4, v);
    return out;
}

static void cell(gbl_table *t, double v)
{
    char text[400];
    gbl_table_cell(t, "%s", gbl_compare_number(text, sizeof text, v));
}

static void print_row(gbl_table *t, const gbl_compared *r)
{
    double rel = relative(&r->test);
    gbl_table_cell(t, "%s", r->metric);
    cell(t, r->test.a);
    cell(t, r->test.b);
    cell(t, r->test.difference.mean);
    if (isnan(rel)) gbl_table_cell(t, "-");
    else gbl_table_cell(t, "%+.1f", 100 * rel);
    cell(t, r->test.difference.low);
    cell(t, r->test.difference.high);
    if (isnan(r->test.effect)) gbl_table_cell(t, "-");
    else gbl_table_cell(t, "%+.2f", r->test.effect);
    if (isnan(r->p_adjusted)) gbl_table_cell(t, "-");
    else gbl_table_cell(t, r->p_adjusted < 1e-4 && r->p_adjusted > 0 ? "%.0e" : "%.4f", r->p_adjusted);
    gbl_table_cell(t, "%s", r->method);
}

void gbl_compare_print(const gbl_compared *rows, size_t m, const gbl_comparison *c, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return;
    char low[32];
    snprintf(low, sizeof low, ">%g %% from", 100 * c->confidence);
    gbl_table_columns(t, "metric", ">A", ">B", ">B - A", ">%", low, ">to", ">effect", ">p (Holm)", "by", NULL);
    for (size_t i = 0; i < m; i++) print_row(t, &rows[i]);
    gbl_table_print(t, to);
    gbl_table_free(t);
    for (size_t i = 0; i < m; i++) {
        if (isnan(rows[i].lower) || strcmp(rows[i].metric, "e2el_ms.mean") != 0) continue;
        fprintf(to, "\nrequest by request (first seed), end to end: B is faster for %.1f %%, slower for %.1f %%\n", 100 * rows[i].lower, 100 * rows[i].higher);
    }
}
