/* alike.c - see alike.h. */
#include "validate/lab/alike.h"

#include <string.h>

#include "reports/measurements.h"

enum { ENDS = 3 };

static int is_baseline(const gbl_cache_method *m)
{
    return strcmp(m->source, "baseline") == 0;
}

/* Of the methods of ranks low..high - 1. budget n_budgets: the mean over all. */
static gbl_interval correlate(const gbl_alike *r, size_t budget, size_t low, size_t high)
{
    double a[GBL_LAB_METHODS], b[GBL_LAB_METHODS];
    size_t n = 0;
    for (size_t i = low; i < high; i++) {
        size_t m = r->ranked[i];
        a[n] = budget < r->recorded->n_budgets ? r->recorded->cell[m][budget].mass : gbl_lab_mean(r->recorded, m);
        b[n++] = budget < r->recorded->n_budgets ? r->process->cell[m][budget].mass : gbl_lab_mean(r->process, m);
    }
    return gbl_stat_spearman(a, b, n, 0.95);
}

/* Mass of a method where it holds that much, on the line between two of its budgets; NaN: none of its budgets hold less, or more. */
static double mass_at(const gbl_lab *lab, size_t method, double held)
{
    const gbl_lab_cell *c = lab->cell[method], *below = NULL, *above = NULL;
    for (size_t i = 0; i < lab->n_budgets; i++) {
        if (c[i].held <= held && (!below || c[i].held > below->held)) below = &c[i];
        if (c[i].held >= held && (!above || c[i].held < above->held)) above = &c[i];
    }
    if (!below || !above) return NAN;
    double part = above->held > below->held ? (held - below->held) / (above->held - below->held) : 0;
    return below->mass + part * (above->mass - below->mass);
}

static gbl_interval correlate_held(const gbl_alike *r, double held)
{
    double a[GBL_LAB_METHODS], b[GBL_LAB_METHODS];
    size_t n = 0;
    for (size_t i = 0; i < r->n_ranked; i++) {
        a[n] = mass_at(r->recorded, r->ranked[i], held);
        b[n] = mass_at(r->process, r->ranked[i], held);
        n += !isnan(a[n]) && !isnan(b[n]);
    }
    return gbl_stat_spearman(a, b, n, 0.95);
}

static void choose_held(gbl_alike *r)
{
    double budget[GBL_LAB_BUDGETS];
    size_t n = r->recorded->n_budgets;
    memcpy(budget, r->recorded->budget, n * sizeof *budget);
    gbl_stat_sort(budget, n);
    for (size_t i = 0; i + 1 < n; i++) r->held[r->n_held++] = sqrt(budget[i] * budget[i + 1]);
}

void gbl_alike_make(gbl_alike *r)
{
    size_t order[GBL_LAB_METHODS], all = r->recorded->n_budgets;
    gbl_lab_order(r->recorded, order);
    for (size_t i = 0; i < r->recorded->n_methods; i++)
        if (!is_baseline(r->recorded->method[order[i]])) r->ranked[r->n_ranked++] = order[i];
    size_t n = r->n_ranked, ends = n < 2 * ENDS ? 0 : ENDS;
    for (size_t i = 0; i < all; i++) r->budget[i] = correlate(r, i, 0, n);
    r->all = correlate(r, all, 0, n);
    r->rest = correlate(r, all, ends, n);
    r->middle = correlate(r, all, ends, n - ends);
    choose_held(r);
    for (size_t i = 0; i < r->n_held; i++) r->at_held[i] = correlate_held(r, r->held[i]);
}

static size_t place(const size_t *order, size_t m)
{
    size_t at = 0;
    while (order[at] != m) at++;
    return at + 1;
}

static void correlation_line(const char *what, const gbl_interval *i, FILE *to)
{
    if (isnan(i->mean)) fprintf(to, "%-12s  too few methods, or none differ\n", what);
    else if (isnan(i->low)) fprintf(to, "%-12s  %.3f\n", what, i->mean);
    else fprintf(to, "%-12s  %.3f (%.2f to %.2f)\n", what, i->mean, i->low, i->high);
}

int gbl_alike_print(const gbl_alike *r, FILE *to)
{
    size_t recorded[GBL_LAB_METHODS], process[GBL_LAB_METHODS];
    char what[32];
    gbl_table *t = gbl_table_new("mean mass over the budgets, in percent");
    if (!t) return -1;
    gbl_lab_order(r->recorded, recorded);
    gbl_lab_order(r->process, process);
    gbl_table_columns(t, "method", ">recorded", ">rank", ">synthetic", ">rank", (const char *)NULL);
    for (size_t i = 0; i < r->recorded->n_methods; i++) {
        size_t m = recorded[i];
        gbl_table_cell(t, "%s%s", r->recorded->method[m]->name, is_baseline(r->recorded->method[m]) ? " (baseline)" : "");
        gbl_table_cell(t, "%.1f", 100 * gbl_lab_mean(r->recorded, m));
        gbl_table_cell(t, "%zu", i + 1);
        gbl_table_cell(t, "%.1f", 100 * gbl_lab_mean(r->process, m));
        gbl_table_cell(t, "%zu", place(process, m));
    }
    fprintf(to, "%s\n%s\n\n", r->recorded_label, r->process_label);
    gbl_table_print(t, to);
    gbl_table_free(t);
    fprintf(to, "\nSpearman's rank correlation of the methods without baselines (95 %% interval)\n");
    correlation_line("all budgets", &r->all, to);
    for (size_t i = 0; i < r->recorded->n_budgets; i++) {
        snprintf(what, sizeof what, "%g %%", 100 * r->recorded->budget[i]);
        correlation_line(what, &r->budget[i], to);
    }
    fprintf(to, "\nthe same over all budgets without the recording's first three, and without its last three, too\n");
    correlation_line("without 3", &r->rest, to);
    correlation_line("without 6", &r->middle, to);
    if (r->n_held) fprintf(to, "\nthe same at equal bytes held, of the methods that hold as much at some budget\n");
    for (size_t i = 0; i < r->n_held; i++) {
        snprintf(what, sizeof what, "%.3g %% (%zu)", 100 * r->held[i], r->at_held[i].n);
        correlation_line(what, &r->at_held[i], to);
    }
    return 0;
}

static void interval_json(const gbl_interval *i, const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_num(j, "spearman", i->mean);
    gbl_json_num(j, "low", i->low);
    gbl_json_num(j, "high", i->high);
    gbl_json_int(j, "methods", (int64_t)i->n);
    gbl_json_end(j);
}

static void cell_json(const gbl_alike *r, size_t m, size_t i, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_num(j, "budget", r->recorded->budget[i]);
    gbl_json_num(j, "recorded", r->recorded->cell[m][i].mass);
    gbl_json_num(j, "synthetic", r->process->cell[m][i].mass);
    gbl_json_end(j);
}

void gbl_alike_json(const gbl_alike *r, gbl_json *j)
{
    gbl_json_str(j, "recorded", r->recorded_label);
    gbl_json_str(j, "synthetic", r->process_label);
    interval_json(&r->all, "all", j);
    interval_json(&r->rest, "without_first_three", j);
    interval_json(&r->middle, "without_last_three_too", j);
    gbl_json_arr(j, "equal_bytes");
    for (size_t i = 0; i < r->n_held; i++) {
        gbl_json_obj(j, NULL);
        gbl_json_num(j, "held", r->held[i]);
        interval_json(&r->at_held[i], "correlation", j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_arr(j, "budgets");
    for (size_t i = 0; i < r->recorded->n_budgets; i++) {
        gbl_json_obj(j, NULL);
        gbl_json_num(j, "budget", r->recorded->budget[i]);
        interval_json(&r->budget[i], "correlation", j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_arr(j, "methods");
    for (size_t m = 0; m < r->recorded->n_methods; m++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "name", r->recorded->method[m]->name);
        gbl_json_bool(j, "baseline", is_baseline(r->recorded->method[m]));
        gbl_json_arr(j, "mass");
        for (size_t i = 0; i < r->recorded->n_budgets; i++) cell_json(r, m, i, j);
        gbl_json_end(j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static int keep_cell(const gbl_alike *r, size_t m, size_t i, gbl_measurements *to, gbl_err *err)
{
    char operation[64];
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 64);
    snprintf(operation, sizeof operation, "lab %s", r->recorded->method[m]->name);
    gbl_json_obj(j, NULL);
    gbl_json_num(j, "budget", r->recorded->budget[i]);
    gbl_json_str(j, "modelled_by", r->process_label);
    gbl_json_end(j);
    const char *shape = gbl_json_text(j);
    gbl_measurement row = {"", operation, shape, "attention_mass", r->recorded_label, r->recorded->cell[m][i].mass, r->process->cell[m][i].mass};
    int code = shape ? gbl_measurements_add(to, &row, err) : gbl_nomem(err, 64);
    gbl_json_free(j);
    return code;
}

int gbl_alike_keep(const gbl_alike *r, const char *db, int64_t *n, gbl_err *err)
{
    gbl_measurements *to;
    int code = gbl_measurements_open(&to, db, err);
    if (code) return code;
    *n = 0;
    for (size_t m = 0; m < r->recorded->n_methods && !code; m++)
        for (size_t i = 0; i < r->recorded->n_budgets && !code; i++, (*n)++) code = keep_cell(r, m, i, to, err);
    return gbl_measurements_close(to, !code, code ? NULL : err) || code ? err->code : GBL_OK;
}
