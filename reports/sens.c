#include "reports/sens.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "reports/farm.h"
#include "reports/sens_vary.h"
#include "reports/stats.h"

enum { STREAM_SOBOL = GBL_STREAM_POLICY - 2, STREAM_ROWS = GBL_STREAM_POLICY - 5 };

typedef struct answer { /* of one run, as a worker sends it */
    double metric[GBL_SENS_METRICS];
    int32_t failed;
    char why[200];
} answer;

typedef struct study {
    const gbl_sens_ask *ask;
    gbl_doc *base;
    gbl_sens *out;
    uint64_t seed;
    int active[GBL_INPUTS], n_active; /* inputs that changed something */
} study;

static void ones(double *factor)
{
    for (int i = 0; i < GBL_INPUTS; i++) factor[i] = 1;
}

/* A variant that cannot run is an answer, too; the scenario itself has to. */
static int run_point(const study *t, const double *factor, answer *a, int must, gbl_err *err)
{
    int code = gbl_sens_point(t->base, t->ask, factor, a->metric, err);
    if (code != GBL_EINPUT || must) return code;
    a->failed = 1;
    snprintf(a->why, sizeof a->why, "%.199s", err->what);
    for (int m = 0; m < GBL_SENS_METRICS; m++) a->metric[m] = NAN;
    err->code = 0;
    return GBL_OK;
}

static int run_jobs(study *t, gbl_farm_job *job, const char *what, size_t n, answer *a, gbl_err *err)
{
    gbl_farm_ask ask = {.job = job, .ctx = t, .n = n, .size = sizeof *a, .out = a, .workers = t->ask->workers, .what = what, .progress = t->ask->progress, .stop = t->ask->stop};
    return gbl_farm_run(&ask, err);
}

/* ---------------------------------------------------------------- differences ---- */

/* Job 0 is the scenario, then two an input: up, down. */
static int difference_job(void *ctx, size_t i, void *out, gbl_err *err)
{
    const study *t = ctx;
    double factor[GBL_INPUTS];
    ones(factor);
    if (i) factor[(i - 1) / 2] = i & 1 ? 1 + t->ask->step : 1 - t->ask->step;
    return run_point(t, factor, out, i == 0, err);
}

static double elasticity(double up, double down, double h)
{
    if (up == down) return 0;
    return up > 0 && down > 0 ? (log(up) - log(down)) / (log(1 + h) - log(1 - h)) : NAN;
}

static int differences(study *t, gbl_err *err)
{
    gbl_sens *o = t->out;
    answer a[1 + 2 * GBL_INPUTS];
    memset(a, 0, sizeof a);
    int code = run_jobs(t, difference_job, "elasticities", 1 + 2 * GBL_INPUTS, a, err);
    if (code) return code;
    o->runs += 1 + 2 * GBL_INPUTS;
    memcpy(o->base, a[0].metric, sizeof o->base);
    for (int i = 0; i < GBL_INPUTS; i++) {
        const answer *up = &a[1 + 2 * i], *down = up + 1;
        const answer *bad = up->failed ? up : down->failed ? down : NULL;
        if (bad) snprintf(o->note[i], sizeof o->note[i], "%s", bad->why);
        for (int m = 0; m < GBL_SENS_METRICS; m++) o->elasticity[i][m] = elasticity(up->metric[m], down->metric[m], t->ask->step);
        int changed = 0;
        for (int m = 0; m < GBL_SENS_METRICS; m++) changed |= up->metric[m] < down->metric[m] || up->metric[m] > down->metric[m];
        o->used[i] = bad || changed;
        if (!bad && changed) t->active[t->n_active++] = i;
    }
    return GBL_OK;
}

/* ---------------------------------------------------------------- Sobol ---- */

/* Row r of matrix A (side 0) or B (side 1): log-uniform factors within +-h. */
static double sample(const study *t, int64_t r, int input, int side)
{
    double u = gbl_draw(t->seed, STREAM_SOBOL, (uint64_t)r, (uint64_t)input + (side ? GBL_INPUTS : 0));
    double low = log(1 - t->ask->step), high = log(1 + t->ask->step);
    return exp(low + u * (high - low));
}

/* Jobs a row: A, B, then A with one column of B for each active input. */
static int sobol_job(void *ctx, size_t i, void *out, gbl_err *err)
{
    const study *t = ctx;
    size_t width = (size_t)t->n_active + 2;
    int64_t r = (int64_t)(i / width);
    int which = (int)(i % width);
    double factor[GBL_INPUTS];
    ones(factor);
    for (int k = 0; k < t->n_active; k++) {
        int input = t->active[k];
        factor[input] = sample(t, r, input, which == 1 || which == 2 + k);
    }
    return run_point(t, factor, out, 0, err);
}

/* Of the rows row[0..n), which may come more than once. */
static double index_of(const answer *a, size_t width, const uint32_t *row, int64_t n, int which, int m)
{
    double mean = 0, var = 0, top = 0;
    for (int64_t r = 0; r < n; r++) mean += (a[row[r] * width].metric[m] + a[row[r] * width + 1].metric[m]) / (2.0 * (double)n);
    for (int64_t r = 0; r < n; r++) {
        const answer *at = a + row[r] * width;
        double fa = at[0].metric[m] - mean, fb = at[1].metric[m] - mean, fab = at[2 + which].metric[m] - mean;
        var += (fa * fa + fb * fb) / (2.0 * (double)n);
        top += fb * (fab - fa) / (double)n;
    }
    return var > 0 ? top / var : var == 0 ? 0 : NAN;
}

/* The same rows are drawn for every input and metric. */
static void draw_rows(const study *t, uint64_t resample, uint32_t *row, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t r = (int64_t)(gbl_draw(t->seed, STREAM_ROWS, resample, (uint64_t)k) * (double)n);
        row[k] = (uint32_t)(r < n ? r : n - 1);
    }
}

static int indices(study *t, const answer *a, size_t width, gbl_err *err)
{
    enum { RESAMPLES = 400 };
    gbl_sens *o = t->out;
    size_t cells = (size_t)t->n_active * GBL_SENS_METRICS;
    uint32_t *row = gbl_alloc((size_t)o->samples, sizeof *row);
    double *v = gbl_alloc(cells * RESAMPLES + 1, sizeof *v); /* [input][metric][resample] */
    int code = row && v ? GBL_OK : gbl_nomem(err, cells * RESAMPLES * sizeof *v);
    for (int64_t r = 0; r < o->samples && !code; r++) row[r] = (uint32_t)r;
    for (size_t c = 0; c < cells && !code; c++)
        o->sobol[t->active[c / GBL_SENS_METRICS]][c % GBL_SENS_METRICS] = index_of(a, width, row, o->samples, (int)(c / GBL_SENS_METRICS), (int)(c % GBL_SENS_METRICS));
    for (uint64_t b = 0; b < RESAMPLES && !code; b++) {
        draw_rows(t, b, row, o->samples);
        for (size_t c = 0; c < cells; c++) v[c * RESAMPLES + b] = index_of(a, width, row, o->samples, (int)(c / GBL_SENS_METRICS), (int)(c % GBL_SENS_METRICS));
    }
    for (size_t c = 0; c < cells && !code; c++) {
        int input = t->active[c / GBL_SENS_METRICS], m = (int)(c % GBL_SENS_METRICS), known = !isnan(o->sobol[input][m]);
        gbl_stat_sort(v + c * RESAMPLES, RESAMPLES);
        o->sobol_low[input][m] = known ? gbl_stat_percentile(v + c * RESAMPLES, RESAMPLES, 0.025) : NAN;
        o->sobol_high[input][m] = known ? gbl_stat_percentile(v + c * RESAMPLES, RESAMPLES, 0.975) : NAN;
    }
    gbl_free(row);
    gbl_free(v);
    return code;
}

static int sobol(study *t, gbl_err *err)
{
    gbl_sens *o = t->out;
    size_t width = (size_t)t->n_active + 2, jobs = width * (size_t)o->samples;
    answer *a = gbl_alloc(jobs + 1, sizeof *a);
    if (!a) return gbl_nomem(err, jobs * sizeof *a);
    int code = run_jobs(t, sobol_job, "Sobol", jobs, a, err);
    if (!code) o->runs += (int64_t)jobs;
    if (!code) code = indices(t, a, width, err);
    gbl_free(a);
    return code;
}

int gbl_sens_solve(gbl_sens *out, const gbl_sens_ask *ask, gbl_err *err)
{
    study t = {.ask = ask, .out = out};
    memset(out, 0, sizeof *out);
    out->step = ask->step;
    out->samples = ask->sobol;
    if (ask->sobol > 0 && ask->sobol < GBL_SOBOL_LEAST) {
        gbl_fail(err, GBL_EINPUT, "Sobol indices of %lld samples say nothing: they scatter by about %.1f", (long long)ask->sobol, 1 / sqrt((double)ask->sobol));
        gbl_where(err, "--sobol");
        return gbl_expected(err, "%d samples or more (hundreds for shares below 0.1), or 0 for none", GBL_SOBOL_LEAST);
    }
    int code = gbl_sens_base(ask, &t.base, err);
    if (code) return code;
    const gbl_node *name = gbl_node_get(gbl_doc_root(t.base), "name"), *seed = gbl_node_at(gbl_doc_root(t.base), "run.seed");
    snprintf(out->name, sizeof out->name, "%s", name && gbl_node_kind(name) == GBL_STRING ? gbl_node_text(name) : "chat on one H100");
    t.seed = (uint64_t)gbl_node_num(seed);
    code = differences(&t, err);
    if (!code && ask->sobol > 0) code = sobol(&t, err);
    gbl_doc_free(t.base);
    return code;
}

/* ---------------------------------------------------------------- the answer ---- */

static void metrics_json(gbl_json *j, const char *key, const double *v)
{
    gbl_json_obj(j, key);
    for (int m = 0; m < GBL_SENS_METRICS; m++) gbl_json_num(j, gbl_sens_metric[m], v[m]);
    gbl_json_end(j);
}

void gbl_sens_json(const gbl_sens *s, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", s->name);
    gbl_json_num(j, "step", s->step);
    gbl_json_int(j, "runs", s->runs);
    if (s->samples) gbl_json_int(j, "sobol_samples", s->samples);
    metrics_json(j, "base", s->base);
    gbl_json_arr(j, "inputs");
    for (int i = 0; i < GBL_INPUTS; i++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "input", gbl_sens_input_name[i]);
        metrics_json(j, "elasticity", s->elasticity[i]);
        gbl_json_bool(j, "used", s->used[i]);
        if (s->samples) {
            metrics_json(j, "sobol", s->sobol[i]);
            metrics_json(j, "sobol_low", s->sobol_low[i]);
            metrics_json(j, "sobol_high", s->sobol_high[i]);
        }
        if (s->note[i][0]) gbl_json_str(j, "note", s->note[i]);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}

/* An index beside half the width of its interval. */
static void print_cell(const gbl_sens *s, gbl_table *t, const double (*v)[GBL_SENS_METRICS], int i, int m)
{
    if (isnan(v[i][m])) gbl_table_cell(t, "-");
    else if (v[i][m] == 0) gbl_table_cell(t, "0");
    else if (v == s->sobol) gbl_table_cell(t, "%.2f +-%.2f", v[i][m], (s->sobol_high[i][m] - s->sobol_low[i][m]) / 2);
    else gbl_table_cell(t, "%+.3f", v[i][m]);
}

static int print_table(const gbl_sens *s, const char *title, const double (*v)[GBL_SENS_METRICS], FILE *to)
{
    gbl_table *t = gbl_table_new(title);
    if (!t) return -1;
    gbl_table_columns(t, "input", ">TTFT p50", ">TTFT p99", ">TPOT p50", ">TPOT p99", ">E2E mean", ">output tok/s", ">goodput", (char *)NULL);
    for (int i = 0; i < GBL_INPUTS; i++) {
        gbl_table_cell(t, "%s", gbl_sens_input_name[i]);
        for (int m = 0; m < GBL_SENS_METRICS; m++) {
            if (s->used[i]) print_cell(s, t, v, i, m);
            else gbl_table_cell(t, m + 1 < GBL_SENS_METRICS ? "" : "not used");
        }
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    for (int i = 0; i < GBL_INPUTS && v == s->elasticity; i++)
        if (s->note[i][0]) fprintf(to, "%s: %s\n", gbl_sens_input_name[i], s->note[i]);
    return 0;
}

/* Bars left (the metric falls as the input grows) and right of an axis; the longest takes 30 columns. */
static void print_bar(FILE *to, const char *name, double v, double most, int used)
{
    enum { HALF = 30 };
    int n = most > 0 && isfinite(v) ? (int)lround(fabs(v) / most * HALF) : 0;
    fprintf(to, "%-14s ", name);
    for (int c = -HALF; c <= HALF; c++) {
        int inside = v < 0 ? c < 0 && c >= -n : c > 0 && c <= n;
        fputc(c == 0 ? '|' : inside ? '#' : ' ', to);
    }
    if (!used) fputs("  not used\n", to);
    else if (isnan(v)) fputs("  -\n", to);
    else if (v == 0) fputs("  0\n", to);
    else fprintf(to, "  %+.3f\n", v);
}

static void print_tornado(const gbl_sens *s, int m, FILE *to)
{
    int order[GBL_INPUTS] = {0};
    double most = 0;
    for (int i = 0; i < GBL_INPUTS; i++) {
        double v = isnan(s->elasticity[i][m]) ? -1 : fabs(s->elasticity[i][m]);
        int at = i;
        while (at > 0 && v > (isnan(s->elasticity[order[at - 1]][m]) ? -1 : fabs(s->elasticity[order[at - 1]][m]))) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
        if (v > most) most = v;
    }
    fprintf(to, "\n%s, %% a %% of the input\n", gbl_sens_metric[m]);
    for (int i = 0; i < GBL_INPUTS; i++) print_bar(to, gbl_sens_input_name[order[i]], s->elasticity[order[i]][m], most, s->used[order[i]]);
}

int gbl_sens_print(const gbl_sens *s, int tornado, FILE *to)
{
    fprintf(to, "%s: %lld runs, each input %g %% up and down\n\n", s->name, (long long)s->runs, 100 * s->step);
    if (print_table(s, "elasticity: % of the metric a % of the input", s->elasticity, to)) return -1;
    print_tornado(s, tornado, to);
    if (!s->samples) return 0;
    fputc('\n', to);
    return print_table(s, "first-order Sobol index: share of the metric's variance (95 % by bootstrap)", s->sobol, to);
}
