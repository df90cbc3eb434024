/* trace_info.c - what a trace is made of, in one pass: lengths, arrivals, burstiness, and what a prefix cache could save. */
#include <math.h>
#include <stdio.h>
#include "base/map.h"
#include "base/quantile.h"
#include "base/term.h"
#include "base/text.h"
#include "traces/trace.h"

enum { WINDOWS = 4 };
static const int window_s[WINDOWS] = {1, 10, 60, 300};

typedef struct moments { /* Welford: stable in one pass */
    int64_t n;
    double mean, m2;
} moments;

static void moments_add(moments *m, double v)
{
    double d = v - m->mean;
    m->mean += d / (double)++m->n;
    m->m2 += d * (v - m->mean);
}

typedef struct window { /* the one being filled, and exact sums of the counts of the closed ones */
    int64_t index, count, n;
    double sum, squares;
} window;

typedef struct tokens {
    gbl_quantile *q;
    int64_t min, sum;
} tokens;

struct gbl_trace_info {
    char format[32];
    int64_t rows, last_ns;
    tokens input, output;
    moments gaps;
    window windows[WINDOWS];
    int64_t blocks, hit_blocks, hit_tokens, rows_with_ids;
    gbl_map *seen, *sessions;
    int prefix; /* statistics of it are wanted */
    gbl_repairs repairs;
};

static int tokens_add(tokens *t, int64_t v)
{
    if (!gbl_quantile_n(t->q) || v < t->min) t->min = v;
    t->sum += v;
    return gbl_quantile_add_int(t->q, v, 1);
}

static void window_count(window *w, int64_t at_ns, int seconds)
{
    int64_t index = at_ns / (seconds * INT64_C(1000000000));
    if (index > w->index) {
        w->sum += (double)w->count;
        w->squares += (double)w->count * (double)w->count;
        w->n += index - w->index; /* those between are empty */
        w->index = index;
        w->count = 0;
    }
    w->count++;
}

/* Variance over mean of the counts; NaN for fewer than two whole windows. */
static double dispersion(const window *w)
{
    double n = (double)w->n, mean = w->sum / n;
    return w->n < 2 ? NAN : (w->squares / n - mean * mean) / mean;
}

static int add_prefix(gbl_trace_info *i, const gbl_record *r)
{
    int64_t run = 0;
    while (run < r->n_ids && gbl_map_get(i->seen, r->ids[run]) >= 0) run++;
    for (int64_t k = run; k < r->n_ids; k++) /* from the run on: those before are there */
        if (gbl_map_put(i->seen, r->ids[k], 1)) return -1;
    int64_t covered = run * r->id_tokens;
    i->rows_with_ids += r->n_ids > 0;
    i->blocks += r->n_ids;
    i->hit_blocks += run;
    i->hit_tokens += covered < r->input ? covered : r->input;
    return 0;
}

static int add(gbl_trace_info *i, const gbl_record *r)
{
    if (i->rows) moments_add(&i->gaps, (double)(r->arrival_ns - i->last_ns) * 1e-9);
    for (int w = 0; w < WINDOWS; w++) window_count(&i->windows[w], r->arrival_ns, window_s[w]);
    i->last_ns = r->arrival_ns;
    i->rows++;
    if (tokens_add(&i->input, r->input) || tokens_add(&i->output, r->output) || (i->prefix && add_prefix(i, r))) return -1;
    return r->session >= 0 && gbl_map_put(i->sessions, (uint64_t)r->session, 1) ? -1 : 0;
}

static int read_all(gbl_trace_info *i, gbl_source *s, gbl_err *err)
{
    gbl_record r;
    int got;
    if (gbl_source_closed(s)) {
        gbl_fail(err, GBL_EINPUT, "a closed loop has no arrival times before it is run");
        return gbl_expected(err, "a trace file, or a generator with open arrivals");
    }
    while ((got = gbl_source_next(s, &r, err)) == 1)
        if (add(i, &r)) return gbl_nomem(err, sizeof r);
    if (got < 0) return err->code;
    i->repairs = *gbl_source_repairs(s);
    snprintf(i->format, sizeof i->format, "%s", gbl_source_format(s));
    return 0;
}

static int info_new(gbl_trace_info **out, gbl_source *s, int prefix, gbl_err *err)
{
    gbl_trace_info *i = gbl_alloc(1, sizeof *i);
    if (!i) return gbl_nomem(err, sizeof *i);
    i->prefix = prefix;
    i->input.q = gbl_quantile_new(0);
    i->output.q = gbl_quantile_new(0);
    i->seen = gbl_map_new(1024);
    i->sessions = gbl_map_new(16);
    int rc = i->input.q && i->output.q && i->seen && i->sessions ? read_all(i, s, err) : gbl_nomem(err, sizeof *i);
    if (rc) gbl_trace_info_free(i);
    else *out = i;
    return rc;
}

int gbl_trace_info_new(gbl_trace_info **out, gbl_source *s, gbl_err *err) { return info_new(out, s, 1, err); }
int gbl_trace_info_short(gbl_trace_info **out, gbl_source *s, gbl_err *err) { return info_new(out, s, 0, err); }

void gbl_trace_info_free(gbl_trace_info *i)
{
    if (!i) return;
    gbl_quantile_free(i->input.q);
    gbl_quantile_free(i->output.q);
    gbl_map_free(i->seen);
    gbl_map_free(i->sessions);
    gbl_free(i);
}

static double span_s(const gbl_trace_info *i) { return (double)i->last_ns * 1e-9; }
static double rate_s(const gbl_trace_info *i) { return i->last_ns > 0 ? (double)(i->rows - 1) / span_s(i) : NAN; }
static double gap_cv(const gbl_trace_info *i)
{
    return i->gaps.n && i->gaps.mean > 0 ? sqrt(i->gaps.m2 / (double)i->gaps.n) / i->gaps.mean : NAN;
}
static double hit_ratio(const gbl_trace_info *i)
{
    return i->rows_with_ids ? (double)i->hit_tokens / (double)i->input.sum : NAN;
}

static void tokens_json(const tokens *t, const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_int(j, "min", t->min);
    gbl_json_num(j, "p50", gbl_quantile_at(t->q, 0.5));
    gbl_json_num(j, "mean", gbl_quantile_mean(t->q));
    gbl_json_num(j, "p99", gbl_quantile_at(t->q, 0.99));
    gbl_json_num(j, "max", gbl_quantile_max(t->q));
    gbl_json_int(j, "sum", t->sum);
    gbl_json_end(j);
}

static void prefix_json(const gbl_trace_info *i, gbl_json *j)
{
    if (!i->prefix) {
        gbl_json_null(j, "prefix");
        return;
    }
    gbl_json_obj(j, "prefix");
    gbl_json_int(j, "blocks", i->blocks);
    gbl_json_int(j, "unique", gbl_map_size(i->seen));
    gbl_json_int(j, "ideal_hit_blocks", i->hit_blocks);
    gbl_json_int(j, "ideal_hit_tokens", i->hit_tokens);
    gbl_json_num(j, "ideal_hit_ratio", hit_ratio(i));
    gbl_json_end(j);
}

void gbl_trace_info_json(const gbl_trace_info *i, gbl_json *j)
{
    gbl_json_str(j, "format", i->format);
    gbl_json_int(j, "rows", i->rows);
    gbl_json_num(j, "span_s", span_s(i));
    gbl_json_num(j, "rate_s", rate_s(i));
    tokens_json(&i->input, "input_tok", j);
    tokens_json(&i->output, "output_tok", j);
    gbl_json_num(j, "interarrival_cv", gap_cv(i));
    gbl_json_obj(j, "dispersion");
    for (int w = 0; w < WINDOWS; w++) {
        char key[8];
        snprintf(key, sizeof key, "%d", window_s[w]);
        gbl_json_num(j, key, dispersion(&i->windows[w]));
    }
    gbl_json_end(j);
    prefix_json(i, j);
    gbl_json_int(j, "sessions", gbl_map_size(i->sessions));
    gbl_json_obj(j, "repairs");
    const char *key, *text;
    int64_t n;
    for (int k = 0; gbl_repair_at(&i->repairs, k, &key, &text, &n); k++) gbl_json_int(j, key, n);
    gbl_json_end(j);
}

/* ---- for people ---- */

static void tokens_row(gbl_table *t, const char *name, const tokens *v)
{
    char min[32], p50[32], p99[32], max[32], sum[32];
    gbl_table_cell(t, "%s", name);
    gbl_table_cell(t, "%s", gbl_human_int(min, sizeof min, v->min));
    gbl_table_cell(t, "%s", gbl_human_int(p50, sizeof p50, llround(gbl_quantile_at(v->q, 0.5))));
    gbl_table_cell(t, "%.1f", gbl_quantile_mean(v->q));
    gbl_table_cell(t, "%s", gbl_human_int(p99, sizeof p99, llround(gbl_quantile_at(v->q, 0.99))));
    gbl_table_cell(t, "%s", gbl_human_int(max, sizeof max, llround(gbl_quantile_max(v->q))));
    gbl_table_cell(t, "%s", gbl_human_int(sum, sizeof sum, v->sum));
}

static const char *number(char *out, size_t size, double v)
{
    if (isnan(v)) return "-";
    snprintf(out, size, "%.4g", v);
    return out;
}

static void print_arrivals(const gbl_trace_info *i, FILE *to)
{
    char text[32];
    fprintf(to, "arrivals: CV of the gaps %s", number(text, sizeof text, gap_cv(i)));
    fprintf(to, "; variance / mean of counts in windows of");
    for (int w = 0; w < WINDOWS; w++)
        fprintf(to, "%s %d s: %s", w ? "," : "", window_s[w], number(text, sizeof text, dispersion(&i->windows[w])));
    fprintf(to, " (Poisson: 1)\n");
}

static void print_prefix(const gbl_trace_info *i, FILE *to)
{
    char blocks[32], unique[32], hit[32];
    if (!i->prefix) {
        fprintf(to, "prefixes: not looked at\n");
        return;
    }
    if (!i->rows_with_ids) {
        fprintf(to, "prefixes: the trace has no block ids\n");
        return;
    }
    fprintf(to, "prefixes: %s blocks, %s different; an unbounded cache finds %s tokens, %.1f %% of the input\n",
            gbl_human_int(blocks, sizeof blocks, i->blocks), gbl_human_int(unique, sizeof unique, gbl_map_size(i->seen)),
            gbl_human_int(hit, sizeof hit, i->hit_tokens), 100 * hit_ratio(i));
}

static void print_repairs(const gbl_trace_info *i, FILE *to)
{
    const char *key, *what;
    int64_t n;
    int any = 0;
    for (int k = 0; gbl_repair_at(&i->repairs, k, &key, &what, &n); k++) {
        char text[32];
        if (n) fprintf(to, "%s%s %s", any++ ? ", " : "repairs: ", gbl_human_int(text, sizeof text, n), what);
    }
    fprintf(to, "%s\n", any ? "" : "repairs: none");
}

void gbl_trace_info_print(const gbl_trace_info *i, FILE *to)
{
    char rows[32], rate[32], sessions[32];
    fprintf(to, "%s requests (%s) over %.6g s, %s a second, %s sessions\n", gbl_human_int(rows, sizeof rows, i->rows), i->format, span_s(i),
            number(rate, sizeof rate, rate_s(i)), gbl_human_int(sessions, sizeof sessions, gbl_map_size(i->sessions)));
    gbl_table *t = gbl_table_new(NULL);
    if (t) {
        gbl_table_columns(t, "tokens", ">min", ">p50", ">mean", ">p99", ">max", ">sum", (char *)NULL);
        tokens_row(t, "input", &i->input);
        tokens_row(t, "output", &i->output);
        gbl_table_print(t, to);
        gbl_table_free(t);
    }
    print_arrivals(i, to);
    print_prefix(i, to);
    print_repairs(i, to);
}
