/* calibrate.c - see calibrate.h. */
#include "validate/calibrate.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/term.h"
#include "base/text.h"
#include "models/cards.h"
#include "reports/measurements.h"

static int digits(const char *s, int n, int low, int high)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return 0;
        v = 10 * v + s[i] - '0';
    }
    return v >= low && v <= high;
}

static int read_date(gbl_calibration *c, const char *date, gbl_err *err)
{
    char text[16];
    time_t now = time(NULL);
    struct tm tm;
    if (!date) {
        if (!gmtime_r(&now, &tm) || !strftime(text, sizeof text, "%Y-%m-%d", &tm)) return gbl_fail(err, GBL_EFAULT, "the clock has no date");
        date = text;
    } else if (strlen(date) != 10 || !digits(date, 4, 1970, 9999) || date[4] != '-' || !digits(date + 5, 2, 1, 12) || date[7] != '-' || !digits(date + 8, 2, 1, 31)) {
        gbl_fail(err, GBL_EINPUT, "--date %.40s is no date", date);
        return gbl_expected(err, "YYYY-MM-DD");
    }
    c->date = gbl_arena_text(c->arena, date);
    return c->date ? 0 : gbl_nomem(err, sizeof text);
}

static int read_source(gbl_calibration *c, const gbl_calibration_ask *ask, gbl_err *err)
{
    const char *text = ask->source ? ask->source : "measured:";
    if (!ask->source && ask->probe) text = gbl_arena_printf(c->arena, "%s %s%s", text, ask->probe_name, ask->n_files ? "," : "");
    for (size_t i = 0; !ask->source && text && i < ask->n_files; i++) {
        const char *slash = strrchr(ask->file[i], '/');
        text = gbl_arena_printf(c->arena, "%s%s %s", text, i ? "," : "", slash ? slash + 1 : ask->file[i]);
    }
    c->source = text ? gbl_arena_text(c->arena, text) : NULL;
    if (c->source && !*c->source) {
        gbl_fail(err, GBL_EINPUT, "--source is empty");
        return gbl_expected(err, "who measured what, and under which licence");
    }
    return c->source ? 0 : gbl_nomem(err, 0);
}

int gbl_calibration_run(gbl_calibration *c, const gbl_calibration_ask *ask, gbl_err *err)
{
    memset(c, 0, sizeof *c);
    c->arena = gbl_arena_new();
    if (!c->arena) return gbl_nomem(err, sizeof *c);
    if (gbl_krows_init(&c->rows, err) || read_date(c, ask->date, err) || read_source(c, ask, err) ||
        gbl_hw_load(&c->hw, ask->hardware, "", c->arena, err) || gbl_card_open(&c->card, "hardware", ask->hardware, "", c->arena, err))
        return err->code;
    c->rows.where = ask->where;
    c->rows.n_where = ask->n_where;
    for (size_t i = 0; i < ask->n_files; i++)
        if (gbl_krows_read(&c->rows, ask->file[i], &c->hw, err)) return err->code;
    if (ask->probe && gbl_krows_take(&c->rows, ask->probe, ask->probe_name, &c->hw, err)) return err->code;
    if (gbl_krows_ready(&c->rows, err)) return err->code;
    return gbl_fit_run(&c->fit, &c->rows, &c->hw, err);
}

void gbl_calibration_fini(gbl_calibration *c)
{
    gbl_doc_free(c->card);
    if (c->rows.arena) gbl_krows_fini(&c->rows);
    if (c->arena) gbl_arena_free(c->arena);
}

int gbl_calibration_keep(const gbl_calibration *c, const char *db, int64_t *n, gbl_err *err)
{
    gbl_measurements *m = NULL;
    gbl_machine g = {&c->hw, &c->fit.cal, 0, 0, 1};
    char shape[512];
    *n = 0;
    int code = gbl_measurements_open(&m, db, err);
    for (size_t i = 0; !code && i < c->rows.n; i++) {
        const gbl_krow *r = &c->rows.row[i];
        gbl_measurement row = {c->hw.name, gbl_kclass_name((enum gbl_kclass)r->class), gbl_krow_json(r, shape, sizeof shape), "latency_us", c->source, r->us, gbl_krow_time(&g, r) * 1e6};
        code = gbl_measurements_add(m, &row, err);
    }
    for (size_t i = 0; !code && i < c->rows.n_other; i++) {
        const gbl_kother *o = &c->rows.other[i];
        gbl_measurement row = {c->hw.name, o->operation, o->shape, "latency_us", c->source, o->us, NAN};
        code = gbl_measurements_add(m, &row, err);
    }
    if (!m) return code;
    int closed = gbl_measurements_close(m, !code, err);
    if (!code) code = closed;
    if (!code) *n = (int64_t)(c->rows.n + c->rows.n_other);
    return code;
}

/* ---- for people and programs ---- */

static void error_cells(gbl_table *t, const gbl_fit_error *e)
{
    gbl_table_cell(t, "%lld", (long long)e->n);
    for (int i = 0; i < 4; i++) {
        double v = i == 0 ? e->median : i == 1 ? e->p90 : i == 2 ? e->bias : e->covered;
        if (isnan(v)) gbl_table_cell(t, "-");
        else gbl_table_cell(t, i == 2 ? "%+.1f" : "%.1f", i == 2 && fabs(v) < 0.05 ? 0.0 : v);
    }
}

static void print_parameters(const gbl_calibration *c, gbl_table *t)
{
    gbl_table_columns(t, "group", "parameter", ">before", ">fitted", ">standard error", "", (const char *)NULL);
    for (int i = 0; i < c->fit.n; i++) {
        const gbl_fit_stage *s = &c->fit.stage[i];
        if (i) gbl_table_rule(t);
        for (int k = 0; k < s->fit.n; k++) {
            gbl_table_cell(t, "%s", s->group);
            gbl_table_cell(t, "%s", s->fit.par[k].name);
            gbl_table_cell(t, "%.4g", s->fit.par[k].start);
            gbl_table_cell(t, "%.4g", s->fit.x[k]);
            gbl_table_cell(t, "%.2g", sqrt(s->fit.covariance[k * s->fit.n + k]));
            gbl_table_cell(t, "%s", s->fit.fixed[k] == 2 ? "kept: no row reaches it" : s->fit.fixed[k] ? "at its bound" : "");
        }
        for (int k = 0; k < s->n_kept; k++) {
            gbl_table_cell(t, "%s", s->group);
            gbl_table_cell(t, "%s", s->kept[k]);
            for (int n = 0; n < 3; n++) gbl_table_cell(t, "-");
            gbl_table_cell(t, "kept: no row bears on it");
        }
    }
}

static void print_errors(const gbl_calibration *c, gbl_table *t)
{
    gbl_table_columns(t, "group", "of", "rows", ">n", ">median %", ">p90 %", ">bias %", ">in 95 % interval", (const char *)NULL);
    for (int i = 0; i < c->fit.n; i++)
        for (int held = 0; held < 2; held++) {
            const gbl_fit_stage *s = &c->fit.stage[i];
            gbl_table_cell(t, "%s", s->group);
            gbl_table_cell(t, "%s", s->what);
            gbl_table_cell(t, held ? "hold-out" : "fitted");
            error_cells(t, held ? &s->held_error : &s->fitted_error);
        }
}

int gbl_calibration_print(const gbl_calibration *c, FILE *to)
{
    char read[32], used[32];
    gbl_table *p = gbl_table_new(NULL), *e = gbl_table_new(NULL);
    if (p && e) {
        fprintf(to, "%s from %s rows, %s shapes of kernels used\n", c->hw.name, gbl_human_int(read, sizeof read, c->rows.read), gbl_human_int(used, sizeof used, (int64_t)c->rows.n));
        for (int i = 0; i < c->rows.n_rules; i++) fprintf(to, "  left out %8lld  %s\n", (long long)c->rows.rule[i].n, c->rows.rule[i].what);
        if (c->rows.throttled) fprintf(to, "  throttled %7lld  measured while the device held its clocks down, used like the rest\n", (long long)c->rows.throttled);
        fprintf(to, "\n");
        print_parameters(c, p);
        gbl_table_print(p, to);
        fprintf(to, "\n");
        print_errors(c, e);
        gbl_table_print(e, to);
    }
    int code = p && e ? 0 : -1;
    gbl_table_free(e);
    gbl_table_free(p);
    return code;
}

static void stage_json(const gbl_fit_stage *s, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "group", s->group);
    gbl_json_str(j, "of", s->what);
    gbl_json_int(j, "shapes", s->shapes);
    gbl_json_num(j, "scatter", s->scatter);
    gbl_json_arr(j, "parameters");
    for (int k = 0; k < s->fit.n; k++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "name", s->fit.par[k].name);
        gbl_json_num(j, "before", s->fit.par[k].start);
        gbl_json_num(j, "value", s->fit.x[k]);
        gbl_json_num(j, "se", sqrt(s->fit.covariance[k * s->fit.n + k]));
        gbl_json_str(j, "state", s->fit.fixed[k] == 2 ? "kept" : s->fit.fixed[k] ? "bound" : "fitted");
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_arr(j, "kept");
    for (int k = 0; k < s->n_kept; k++) gbl_json_str(j, NULL, s->kept[k]);
    gbl_json_end(j);
    gbl_fit_error_json("fitted", &s->fitted_error, j);
    gbl_fit_error_json("hold_out", &s->held_error, j);
    gbl_json_end(j);
}

void gbl_calibration_json(const gbl_calibration *c, gbl_json *j)
{
    gbl_json_str(j, "hardware", c->hw.name);
    gbl_json_str(j, "source", c->source);
    gbl_json_str(j, "date", c->date);
    gbl_json_int(j, "rows_read", c->rows.read);
    gbl_json_int(j, "rows_used", (int64_t)c->rows.n);
    gbl_json_arr(j, "left_out");
    for (int i = 0; i < c->rows.n_rules; i++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "rule", c->rows.rule[i].what);
        gbl_json_int(j, "rows", c->rows.rule[i].n);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_arr(j, "stages");
    for (int i = 0; i < c->fit.n; i++) stage_json(&c->fit.stage[i], j);
    gbl_json_end(j);
}
