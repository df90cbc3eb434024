/* fit_process.c - see fit_process.h. */
#include "validate/lab/fit_process.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/param.h"
#include "base/term.h"
#include "reports/stats.h"
#include "validate/fitting.h"

enum { TOKENS = 1024, LAYERS = 8, HEADS = 4, DEEP = 32, SAMPLES = 4, POINTS = 9, PROFILE = 10 };
enum { ANCHOR, FLOOR, ZIPF, OWN, HEAVY = OWN * GBL_FIT_PROCESSES, CONTRAST };

static const struct { const char *name; double mass[POINTS]; } oracle[GBL_FIT_PROCESSES] = {
    {"gpt-j-6b", {.804, .865, .901, .926, .945, .961, .975, .985, .990}},
    {"cerebras-gpt-6.7b", {.528, .762, .848, .902, .924, .941, .958, .970, .981}},
    {"mpt-7b", {.892, .927, .944, .956, .965, .974, .981, .987, .993}}};
static const int profile[PROFILE] = {0, 1, 2, 3, 4, 5, 6, 29, 30, 31};
static const double sparse_low = .80, sparse_high = .95, sparse_below = .01, persistent = .95;
static const char source[] = "Keyformer, blog/images/attn_weights.png (oracle mass); ALISA (sparsity); PrefixKV, confs (layers); Scissorhands (persistence)";

/* ---------------------------------------------------------------- measuring ---- */

typedef struct view {
    gbl_attention *a;
    float row[TOKENS];
    double sorted[TOKENS];
} view;

static int open_view(view *v, const gbl_process *p, int layers, gbl_err *err)
{
    gbl_process_shape shape = {layers, HEADS, DEEP, TOKENS, TOKENS - 1, 1};
    return gbl_process_open(&v->a, p, &shape, err);
}

/* Mass on the largest k tenths, and the share of weights below 1 % of the largest: means over one row of every head. */
static int measure_rows(const gbl_process *p, double mass[POINTS], double *sparse, gbl_err *err)
{
    view v;
    memset(mass, 0, POINTS * sizeof *mass);
    *sparse = 0;
    if (open_view(&v, p, LAYERS, err)) return err->code;
    for (int i = 0; i < LAYERS * HEADS; i++) {
        double sum = 0;
        int k = 0;
        v.a->row(v.a, i / HEADS, i % HEADS, TOKENS - 1, v.row, err);
        for (int j = 0; j < TOKENS; j++) v.sorted[j] = -(double)v.row[j];
        gbl_stat_sort(v.sorted, TOKENS);
        for (int j = 0; j < TOKENS; j++) {
            for (; k < POINTS && j >= TOKENS * (k + 1) / 10; k++) mass[k] += sum;
            sum -= v.sorted[j];
            *sparse += v.sorted[j] > sparse_below * v.sorted[0];
        }
        for (; k < POINTS; k++) mass[k] += sum;
    }
    for (int k = 0; k < POINTS; k++) mass[k] /= LAYERS * HEADS;
    *sparse /= LAYERS * HEADS * TOKENS;
    gbl_attention_close(v.a);
    return GBL_OK;
}

/* Tokens, interpolated, that hold this share of the mass. */
static double tokens_at(const double *running, double mass)
{
    int j = 0;
    while (j < TOKENS - 1 && running[j] < mass) j++;
    double before = j ? running[j - 1] : 0, step = running[j] - before;
    return j + (step > 0 ? fmin((mass - before) / step, 1) : 1);
}

static double mean_share(double (*running)[TOKENS], double mass)
{
    double sum = 0;
    for (int i = 0; i < PROFILE; i++) sum += tokens_at(running[i], mass) / TOKENS;
    return sum / PROFILE;
}

/* Shares kept of the profile's layers where all keep the same mass and their mean is the published one. */
static int measure_layers(const gbl_process *p, double kept[PROFILE], gbl_err *err)
{
    view v;
    double (*running)[TOKENS] = gbl_alloc(PROFILE, sizeof *running), low = 0, high = 1, mean = 0;
    if (!running) return gbl_nomem(err, PROFILE * sizeof *running);
    int code = open_view(&v, p, DEEP, err);
    for (int i = 0; i < PROFILE && !code; i++) {
        mean += gbl_process_layer(profile[i] / (double)(DEEP - 1)) / PROFILE;
        memset(v.sorted, 0, sizeof v.sorted);
        for (int h = 0; h < HEADS * SAMPLES; h++) {
            v.a->row(v.a, profile[i], h / SAMPLES, TOKENS - SAMPLES + h % SAMPLES, v.row, err);
            for (int j = 0; j < TOKENS - SAMPLES + h % SAMPLES + 1; j++) v.sorted[j] -= (double)v.row[j] / (HEADS * SAMPLES);
        }
        gbl_stat_sort(v.sorted, TOKENS);
        for (int j = 0; j < TOKENS; j++) running[i][j] = (j ? running[i][j - 1] : 0) - v.sorted[j];
    }
    mean *= 1 - .499; /* of all layers: process.c names the vector */
    for (int k = 0; k < 50 && !code; k++) *(mean_share(running, 0.5 * (low + high)) < mean ? &low : &high) = 0.5 * (low + high);
    for (int i = 0; i < PROFILE && !code; i++) kept[i] = tokens_at(running[i], low) / TOKENS;
    if (!code) gbl_attention_close(v.a);
    gbl_free(running);
    return code;
}

/* Of the tokens above average in one epoch, the share that was in the epoch before; tokens older than both. */
static int measure_persistence(const gbl_process *p, double *out, gbl_err *err)
{
    view v;
    double stayed = 0, all = 0;
    enum { E = GBL_PROCESS_EPOCH, OLD = TOKENS - 2 * E };
    if (open_view(&v, p, LAYERS, err)) return err->code;
    for (int i = 0; i < LAYERS * HEADS; i++) {
        double sum[2][OLD] = {{0}};
        for (int t = OLD; t < TOKENS; t++) {
            v.a->row(v.a, i / HEADS, i % HEADS, t, v.row, err);
            for (int j = 0; j < OLD; j++) sum[(t - OLD) / E][j] += (double)v.row[j] * (t + 1) / E;
        }
        for (int j = 0; j < OLD; j++) {
            all += sum[1][j] >= 1;
            stayed += sum[1][j] >= 1 && sum[0][j] >= 1;
        }
    }
    *out = all > 0 ? stayed / all : 0;
    gbl_attention_close(v.a);
    return GBL_OK;
}

/* ---------------------------------------------------------------- fitting ---- */

typedef struct job {
    gbl_process_fit *f;
    gbl_err *err;
} job;

static void set(gbl_process_fit *f, const double *x)
{
    for (int i = 0; i < GBL_FIT_PROCESSES; i++) {
        gbl_process *p = &f->process[i];
        p->anchor = x[OWN * i + ANCHOR];
        p->floor = x[OWN * i + FLOOR];
        p->zipf = x[OWN * i + ZIPF];
        p->heavy_share = x[HEAVY];
        p->contrast = x[CONTRAST];
    }
}

static void name_target(gbl_process_fit *f, double published, double fitted, const char *what, const char *whose, int at)
{
    gbl_process_target *t = &f->target[f->n_targets++];
    assert(f->n_targets <= GBL_FIT_TARGETS);
    snprintf(t->what, sizeof t->what, what, whose, at);
    t->published = published;
    t->fitted = fitted;
}

static int measure(gbl_process_fit *f, gbl_err *err)
{
    double kept[PROFILE], mass[POINTS], sparse;
    f->n_targets = 0;
    for (int i = 0; i < GBL_FIT_PROCESSES; i++) {
        if (measure_rows(&f->process[i], mass, &sparse, err)) return err->code;
        for (int k = 0; k < POINTS; k++) name_target(f, oracle[i].mass[k], mass[k], "%s: mass on the top %d %%", oracle[i].name, 10 * (k + 1));
        name_target(f, (sparse_low + sparse_high) / 2, sparse, "%s: weights below %d %% of the largest", oracle[i].name, 1);
    }
    if (measure_layers(&f->process[0], kept, err)) return err->code;
    for (int i = 0; i < PROFILE; i++)
        name_target(f, gbl_process_layer(profile[i] / (double)(DEEP - 1)) * (1 - .499), kept[i], "%s: kept of layer %d at equal mass", oracle[0].name, profile[i]);
    return GBL_OK;
}

static void residuals(void *to, const double *x, double *r)
{
    job *j = to;
    set(j->f, x);
    int code = measure(j->f, j->err);
    for (int i = 0; i < GBL_FIT_TARGETS - 1; i++) r[i] = code ? NAN : log(j->f->target[i].fitted / j->f->target[i].published);
}

/* Of the first process; more persistence, more tokens that stay. */
static int search_persistence(gbl_process_fit *f, gbl_err *err)
{
    double low = 0.5, high = 1, is;
    for (int k = 0; k < 12; k++) {
        f->process[0].persistence = 0.5 * (low + high);
        if (measure_persistence(&f->process[0], &is, err)) return err->code;
        *(is < persistent ? &low : &high) = f->process[0].persistence;
    }
    f->process[0].persistence = high;
    if (measure_persistence(&f->process[0], &is, err)) return err->code;
    name_target(f, persistent, is, "%s: stay above average for %d rows", oracle[0].name, GBL_PROCESS_EPOCH);
    for (int i = 1; i < GBL_FIT_PROCESSES; i++) f->process[i].persistence = high;
    return GBL_OK;
}

static void describe(gbl_fitting *g, const gbl_process *start)
{
    for (int i = 0; i < GBL_FIT_PROCESSES; i++) {
        g->par[OWN * i + ANCHOR] = (gbl_fitting_parameter){"anchor", start->anchor, 0.2, 0.6, 0, 0};
        g->par[OWN * i + FLOOR] = (gbl_fitting_parameter){"floor", start->floor, 0.001, 0.5, 1, 0};
        g->par[OWN * i + ZIPF] = (gbl_fitting_parameter){"zipf", start->zipf, 0.2, 2, 0, 0};
    }
    g->par[HEAVY] = (gbl_fitting_parameter){"heavy_share", start->heavy_share, 0.02, 0.9, 1, 0};
    g->par[CONTRAST] = (gbl_fitting_parameter){"contrast", start->contrast, 0, 4, 0, 0};
    g->n = GBL_FIT_NUMBERS;
}

int gbl_process_fit_all(gbl_process_fit *f, const gbl_process *start, gbl_err *err)
{
    uint64_t shape[GBL_FIT_TARGETS];
    gbl_err inside = {0};
    job j = {f, &inside};
    gbl_fitting g = {.n_rows = GBL_FIT_TARGETS - 1, .shape = shape, .residuals = residuals, .to = &j};
    for (uint64_t i = 0; i < GBL_FIT_TARGETS; i++) shape[i] = i;
    for (int i = 0; i < GBL_FIT_PROCESSES; i++) {
        f->process[i] = *start;
        f->process[i].name = oracle[i].name;
        f->process[i].source = source;
        f->process[i].persistence = 1;
    }
    describe(&g, start);
    if (gbl_fitting_solve(&g, err)) return err->code;
    set(f, g.x);
    for (int i = 0; i < g.n; i++) {
        snprintf(f->number[i].name, sizeof f->number[i].name, "%s%s%s", i < HEAVY ? oracle[i / OWN].name : "all", ": ", g.par[i].name);
        f->number[i].value = g.x[i];
        f->number[i].error = g.fixed[i] ? NAN : sqrt(g.covariance[i * g.n + i]);
    }
    if (measure(f, err) || search_persistence(f, err)) return err->code;
    snprintf(f->number[g.n].name, sizeof f->number[g.n].name, "all: persistence");
    f->number[g.n].value = f->process[0].persistence;
    f->number[g.n].error = NAN;
    return GBL_OK;
}

/* ---------------------------------------------------------------- telling ---- */

int gbl_process_fit_print(const gbl_process_fit *f, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return -1;
    gbl_table_columns(t, "target", ">published", ">process", ">error %", (const char *)NULL);
    for (int i = 0; i < f->n_targets; i++) {
        const gbl_process_target *w = &f->target[i];
        gbl_table_cell(t, "%s", w->what);
        gbl_table_cell(t, "%.3f", w->published);
        gbl_table_cell(t, "%.3f", w->fitted);
        gbl_table_cell(t, "%+.1f", 100 * (w->fitted / w->published - 1));
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    if (!(t = gbl_table_new(NULL))) return -1;
    fputc('\n', to);
    gbl_table_columns(t, "parameter", ">value", ">standard error", (const char *)NULL);
    for (int i = 0; i <= GBL_FIT_NUMBERS; i++) {
        gbl_table_cell(t, "%s", f->number[i].name);
        gbl_table_cell(t, "%.4g", f->number[i].value);
        if (isnan(f->number[i].error)) gbl_table_cell(t, "-");
        else gbl_table_cell(t, "%.2g", f->number[i].error);
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}

void gbl_process_fit_json(const gbl_process_fit *f, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "gable", "attention/1");
    gbl_json_arr(j, "processes");
    for (int i = 0; i < GBL_FIT_PROCESSES; i++) {
        gbl_param_json_part(NULL, gbl_process_params, &f->process[i], j);
    }
    gbl_json_end(j);
    gbl_json_arr(j, "targets");
    for (int i = 0; i < f->n_targets; i++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "what", f->target[i].what);
        gbl_json_num(j, "published", f->target[i].published);
        gbl_json_num(j, "process", f->target[i].fitted);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_arr(j, "fitted");
    for (int i = 0; i <= GBL_FIT_NUMBERS; i++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "parameter", f->number[i].name);
        gbl_json_num(j, "value", f->number[i].value);
        gbl_json_num(j, "standard_error", f->number[i].error);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}
