/* calibrate_card.c - writes a hardware card with a new calibration; what it does not know it copies as it was. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "validate/calibrate.h"

enum { LINE = 150 }; /* columns: an object of plain values that fits stays on one line */

typedef struct writer {
    const gbl_calibration *c;
    FILE *to;
    const gbl_node *old; /* the calibration as it was, or NULL */
    int failed;
} writer;

static void indent(const writer *w, int depth)
{
    fprintf(w->to, "\n%*s", 2 * depth, "");
}

/* A string as JSON writes it. */
static void string(writer *w, const char *text)
{
    gbl_json *j = gbl_json_new(0);
    if (j) gbl_json_str(j, NULL, text);
    const char *out = j ? gbl_json_text(j) : NULL;
    if (out) fputs(out, w->to);
    else w->failed = 1;
    if (j) gbl_json_free(j);
}

static void text_member(writer *w, int depth, const char *key, const char *value)
{
    indent(w, depth);
    fprintf(w->to, "\"%s\": ", key);
    string(w, value);
}

static int is_flat(const gbl_node *n)
{
    size_t len = 0;
    for (const gbl_node *m = gbl_node_first(n); m; m = gbl_node_next(m)) {
        enum gbl_kind k = gbl_node_kind(m);
        if (k == GBL_OBJECT || k == GBL_ARRAY) return 0;
        len += strlen(gbl_node_key(m)) + 6 + (k == GBL_STRING || k == GBL_NUMBER ? strlen(gbl_node_text(m)) : 5);
    }
    return len < LINE;
}

static void copy(writer *w, const gbl_node *n, int depth)
{
    enum gbl_kind k = gbl_node_kind(n);
    if (k == GBL_STRING) string(w, gbl_node_text(n));
    else if (k == GBL_NUMBER) fputs(gbl_node_text(n), w->to);
    else if (k == GBL_BOOL) fputs(gbl_node_bool(n) ? "true" : "false", w->to);
    else if (k == GBL_NULL) fputs("null", w->to);
    if (k != GBL_OBJECT && k != GBL_ARRAY) return;
    int flat = is_flat(n);
    fputc(k == GBL_OBJECT ? '{' : '[', w->to);
    for (const gbl_node *m = gbl_node_first(n); m; m = gbl_node_next(m)) {
        if (m != gbl_node_first(n)) fputs(flat ? ", " : ",", w->to);
        if (!flat) indent(w, depth + 1);
        if (k == GBL_OBJECT) {
            string(w, gbl_node_key(m));
            fputs(": ", w->to);
        }
        copy(w, m, depth + 1);
    }
    if (!flat) indent(w, depth);
    fputc(k == GBL_OBJECT ? '}' : ']', w->to);
}

/* ---- one group ---- */

static int is_fitted(const gbl_fit *f, const char *group)
{
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->stage[i].group, group)) return 1;
    return 0;
}

/* The stage and place of a fitted parameter. */
static const gbl_fit_stage *stage_of(const gbl_fit *f, int row, int *at)
{
    for (int i = 0; i < f->n; i++)
        for (*at = 0; *at < f->stage[i].fit.n; (*at)++)
            if (f->stage[i].row[*at] == row) return &f->stage[i];
    return NULL;
}

static void parameter(writer *w, int row, int depth)
{
    if (gbl_calib_rows()[row].optional && !(gbl_calib_get(w->c->hw.eff, &gbl_calib_rows()[row]) > 0)) return;
    fputc(',', w->to);
    const gbl_calib_row *r = &gbl_calib_rows()[row];
    const gbl_node *was = gbl_node_get(gbl_node_get(w->old, r->group), r->key);
    int k;
    const gbl_fit_stage *s = stage_of(&w->c->fit, row, &k);
    indent(w, depth);
    fprintf(w->to, "\"%s\": ", r->key);
    if (!s && was) {
        copy(w, was, depth);
        return;
    }
    if (!s) {
        double se = gbl_calib_get(w->c->hw.eff_se, r);
        fprintf(w->to, "{\"value\": %.6g, ", gbl_calib_get(w->c->hw.eff, r));
        if (se > 0) fprintf(w->to, "\"se\": %.6g, ", se);
        fprintf(w->to, "\"source\": \"taken over from %s\"}", w->c->hw.eff_from);
        return;
    }
    fprintf(w->to, "{\"value\": %.5g, ", s->fit.x[k]);
    if (s->fit.fixed[k] == 2) fputs("\"source\": \"kept: a limit that no row of the fit reaches\"}", w->to);
    else if (s->fit.fixed[k]) fputs("\"source\": \"fit: at its bound\"}", w->to);
    else fprintf(w->to, "\"se\": %.2g, \"source\": \"fit\"}", sqrt(s->fit.covariance[k * s->fit.n + k]));
}

/* Rows of the group's fitted parameters, in the table's order. */
static int fitted_rows(const gbl_fit *f, const char *group, int *row)
{
    const gbl_calib_row *rows = gbl_calib_rows();
    int n = 0, k;
    for (int i = 0; rows[i].group; i++) {
        if (strcmp(rows[i].group, group) || n == GBL_COVARIANCE_MOST) continue;
        const gbl_fit_stage *s = stage_of(f, i, &k);
        if (s && !s->fit.fixed[k]) row[n++] = i;
    }
    return n;
}

/* Stages are fitted one after the other: nothing between them. */
static double covariance_of(const gbl_fit *f, int a, int b)
{
    int i, j;
    const gbl_fit_stage *s = stage_of(f, a, &i), *t = stage_of(f, b, &j);
    return s == t ? s->fit.covariance[i * s->fit.n + j] : 0;
}

static void covariance(writer *w, const char *group, int depth)
{
    int row[GBL_COVARIANCE_MOST], n = fitted_rows(&w->c->fit, group, row);
    if (!n) return;
    fputc(',', w->to);
    indent(w, depth);
    fputs("\"covariance\": {", w->to);
    indent(w, depth + 1);
    fputs("\"parameters\": [", w->to);
    for (int i = 0; i < n; i++) fprintf(w->to, "%s\"%s\"", i ? ", " : "", gbl_calib_rows()[row[i]].key);
    fputs("],", w->to);
    indent(w, depth + 1);
    fputs("\"matrix\": [", w->to);
    for (int i = 0; i < n; i++) {
        indent(w, depth + 2);
        fputc('[', w->to);
        for (int j = 0; j <= i; j++) fprintf(w->to, "%s%.8g", j ? ", " : "", covariance_of(&w->c->fit, row[i], row[j]));
        fputs(i + 1 < n ? "]," : "]", w->to);
    }
    indent(w, depth + 1);
    fputc(']', w->to);
    indent(w, depth);
    fputc('}', w->to);
}

static void hold_out(writer *w, const char *group, int depth)
{
    int any = 0;
    fputc(',', w->to);
    indent(w, depth);
    fputs("\"hold_out\": [", w->to);
    for (int i = 0; i < w->c->fit.n; i++) {
        const gbl_fit_stage *s = &w->c->fit.stage[i];
        const gbl_fit_error *e = &s->held_error;
        if (strcmp(s->group, group)) continue;
        if (any++) fputc(',', w->to);
        indent(w, depth + 1);
        fprintf(w->to, "{\"of\": \"%s\", \"fitted_rows\": %lld, \"rows\": %lld", s->what, (long long)s->rows, (long long)e->n);
        if (e->n) fprintf(w->to, ", \"median_percent\": %.2f, \"p90_percent\": %.2f, \"bias_percent\": %.2f, \"covered_percent\": %.1f", e->median, e->p90, e->bias, e->covered);
        fputc('}', w->to);
    }
    indent(w, depth);
    fputc(']', w->to);
}

static void fitted_group(writer *w, const char *group, int depth)
{
    const gbl_node *note = gbl_node_get(gbl_node_get(w->old, group), "note");
    fputc('{', w->to);
    text_member(w, depth + 1, "source", w->c->source);
    if (note) {
        fputc(',', w->to);
        text_member(w, depth + 1, "note", gbl_node_text(note));
    }
    for (int i = 0; gbl_calib_rows()[i].group; i++) {
        if (strcmp(gbl_calib_rows()[i].group, group)) continue;
        parameter(w, i, depth + 1);
    }
    covariance(w, group, depth + 1);
    fputc(',', w->to);
    indent(w, depth + 1);
    fprintf(w->to, "\"scatter\": {\"value\": %.3g, \"source\": \"95th percentile of |ln(model/measured)| of the fitted rows over 1.96\"}", gbl_fit_scatter(&w->c->fit, group));
    hold_out(w, group, depth + 1);
    indent(w, depth);
    fputc('}', w->to);
}

/* A group that nobody measured, on a card that has none of its own. */
static void borrowed_group(writer *w, const char *group, int depth)
{
    char source[300];
    snprintf(source, sizeof source, "taken over from %s", w->c->hw.eff_from);
    fputc('{', w->to);
    text_member(w, depth + 1, "source", source);
    for (int i = 0; gbl_calib_rows()[i].group; i++) {
        if (strcmp(gbl_calib_rows()[i].group, group)) continue;
        parameter(w, i, depth + 1);
    }
    indent(w, depth);
    fputc('}', w->to);
}

static void groups(writer *w, int whole)
{
    const char *last = "";
    for (const gbl_calib_row *r = gbl_calib_rows(); r->group; r++) {
        if (!strcmp(r->group, last)) continue;
        last = r->group;
        const gbl_node *was = gbl_node_get(w->old, r->group);
        int fitted = is_fitted(&w->c->fit, r->group);
        if (!fitted && !was && !whole) continue;
        fputc(',', w->to);
        indent(w, 2);
        fprintf(w->to, "\"%s\": ", r->group);
        if (fitted) fitted_group(w, r->group, 2);
        else if (was && (!whole || !strcmp(w->c->hw.calibration, "fitted"))) copy(w, was, 2);
        else borrowed_group(w, r->group, 2);
    }
}

static void calibration(writer *w)
{
    const gbl_calibration *c = w->c;
    int was = !strcmp(c->hw.calibration, "fitted");
    int whole = was || (is_fitted(&c->fit, "gemm") && is_fitted(&c->fit, "decode") && is_fitted(&c->fit, "prefill"));
    const gbl_node *note = gbl_node_get(w->old, "note");
    fputc('{', w->to);
    text_member(w, 2, "status", whole ? "fitted" : "transferred");
    if (!whole) {
        fputc(',', w->to);
        text_member(w, 2, "from", c->hw.eff_from);
    }
    fputc(',', w->to);
    text_member(w, 2, "source", c->source);
    fputc(',', w->to);
    text_member(w, 2, "date", c->date);
    if (note) {
        fputc(',', w->to);
        text_member(w, 2, "note", gbl_node_text(note));
    }
    groups(w, whole);
    indent(w, 1);
    fputc('}', w->to);
}

int gbl_calibration_card(const gbl_calibration *c, FILE *to, gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(c->card);
    writer w = {c, to, gbl_node_get(root, "calibration"), 0};
    fputc('{', to);
    for (const gbl_node *m = gbl_node_first(root); m; m = gbl_node_next(m)) {
        if (!strcmp(gbl_node_key(m), "calibration")) continue;
        indent(&w, 1);
        string(&w, gbl_node_key(m));
        fputs(": ", to);
        copy(&w, m, 1);
        fputc(',', to);
    }
    indent(&w, 1);
    fputs("\"calibration\": ", to);
    calibration(&w);
    fputs("\n}\n", to);
    return w.failed ? gbl_nomem(err, 0) : 0;
}
