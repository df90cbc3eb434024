/* alike.c - see alike.h. */
#include "validate/lab/alike.h"

#include <string.h>

#include "reports/measurements.h"

static int is_baseline(const gbl_cache_method *m)
{
    return strcmp(m->source, "baseline") == 0;
}

/* budget n_budgets: the mean over all. */
static gbl_interval correlate(const gbl_alike *r, size_t budget)
{
    double a[GBL_LAB_METHODS], b[GBL_LAB_METHODS];
    size_t n = 0;
    for (size_t m = 0; m < r->recorded->n_methods; m++) {
        if (is_baseline(r->recorded->method[m])) continue;
        a[n] = budget < r->recorded->n_budgets ? r->recorded->cell[m][budget].mass : gbl_lab_mean(r->recorded, m);
        b[n++] = budget < r->recorded->n_budgets ? r->process->cell[m][budget].mass : gbl_lab_mean(r->process, m);
    }
    return gbl_stat_spearman(a, b, n, 0.95);
}

void gbl_alike_make(gbl_alike *r)
{
    for (size_t i = 0; i < r->recorded->n_budgets; i++) r->budget[i] = correlate(r, i);
    r->all = correlate(r, r->recorded->n_budgets);
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
