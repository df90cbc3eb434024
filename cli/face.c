#include "cli/face.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/plot.h"

int gbl_face_wanted(int json)
{
    return !json && gbl_term_is_tty(stdout);
}

/* ---------------------------------------------------------------- the time line ---- */

int gbl_face_sample(void *face, const gbl_sample *s, gbl_err *err)
{
    gbl_face *f = face;
    if (!f->n || s->t_ns != f->last_ns) {
        size_t n = f->n + 1;
        if (gbl_grow(&f->running, &f->room[0], n, sizeof *f->running) || gbl_grow(&f->waiting, &f->room[1], n, sizeof *f->waiting) ||
            gbl_grow(&f->blocks, &f->room[2], n, sizeof *f->blocks))
            return gbl_nomem(err, n * sizeof *f->running);
        f->running[f->n] = f->waiting[f->n] = f->blocks[f->n] = 0;
        if (!f->n) f->first_ns = s->t_ns;
        f->last_ns = s->t_ns;
        f->n = n;
    }
    f->running[f->n - 1] += s->running;
    f->waiting[f->n - 1] += s->waiting;
    f->blocks[f->n - 1] += (double)s->used_blocks;
    return f->inner.on_sample ? f->inner.on_sample(f->inner.to, s, err) : GBL_OK;
}

static int on_request(void *face, const gbl_life *life, gbl_err *err)
{
    gbl_face *f = face;
    return f->inner.on_request(f->inner.to, life, err);
}

void gbl_face_listen(gbl_face *f, gbl_run_options *opt)
{
    f->inner = *opt;
    if (opt->on_request) opt->on_request = on_request;
    opt->on_sample = gbl_face_sample;
    opt->to = f;
}

void gbl_face_fini(gbl_face *f)
{
    gbl_free(f->running);
    gbl_free(f->waiting);
    gbl_free(f->blocks);
}

static void print_series(const char *name, const double *v, size_t n, int columns, FILE *to)
{
    double most = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, v[i]);
        sum += v[i];
    }
    fprintf(to, "%-11s ", name);
    gbl_plot_spark(v, n, most, columns, to);
    fprintf(to, "  mean %.*f, max %.0f\n", sum / (double)n < 10 ? 2 : 0, sum / (double)n, most);
}

void gbl_face_series(const gbl_face *f, FILE *to)
{
    char until[32];
    int columns = gbl_term_width() - 40;
    if (!f->n) return;
    columns = columns > 120 ? 120 : columns < 10 ? 10 : columns;
    fputc('\n', to);
    print_series("running", f->running, f->n, columns, to);
    print_series("waiting", f->waiting, f->n, columns, to);
    print_series("KV blocks", f->blocks, f->n, columns, to);
    snprintf(until, sizeof until, "%.4g s", (double)f->last_ns * 1e-9);
    fprintf(to, "%-11s 0 s%*s\n", "", columns - 3, until);
}

/* ---------------------------------------------------------------- the summary ---- */

static void number(char *out, size_t size, const gbl_result *r, const char *name, double scale)
{
    double v = gbl_result_get(r, name) * scale;
    if (isnan(v)) snprintf(out, size, "-");
    else snprintf(out, size, "%.*f", fabs(v) >= 1000 ? 0 : fabs(v) >= 100 ? 1 : 2, v);
}

void gbl_face_summary(const gbl_scenario *s, const gbl_result *r, FILE *to)
{
    char n[10][32], line[3][256];
    static const struct { const char *name; double scale; } shown[] = {
        {"ttft_ms.p50", 1}, {"ttft_ms.p99", 1}, {"tpot_ms.p50", 1}, {"tpot_ms.p99", 1}, {"e2el_ms.p50", 1e-3}, {"e2el_ms.p99", 1e-3},
        {"goodput.request_s", 1}, {"throughput.output_tok_s", 1}, {"cost.usd_per_mtok_output", 1}, {"goodput.slo_attainment", 100}};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) number(n[i], sizeof n[i], r, shown[i].name, shown[i].scale);
    double attained = gbl_result_get(r, "goodput.slo_attainment"), wanted = s->slo.attain;
    int known = !isnan(attained), good = known && attained >= wanted;
    if (known) snprintf(line[0], sizeof line[0], "%s the SLO: %s %% of the requests are good, %.4g %% wanted", good ? "meets" : "misses", n[9], 100 * wanted);
    else snprintf(line[0], sizeof line[0], "no request was measured");
    const char *form = gbl_term_width() > 84 ? "p50 / p99   TTFT %s / %s ms   TPOT %s / %s ms   E2E %s / %s s" : "p50/p99  TTFT %s/%s ms  TPOT %s/%s ms  E2E %s/%s s";
    snprintf(line[1], sizeof line[1], form, n[0], n[1], n[2], n[3], n[4], n[5]);
    snprintf(line[2], sizeof line[2], "goodput %s requests/s   output %s tokens/s   %s USD/Mtok", n[6], n[7], n[8]);
    const char *const lines[] = {line[0], line[1], line[2]}, *colour = !known ? "\033[2m" : good ? "\033[32m" : "\033[31m";
    gbl_plot_box(s->name, lines, 3, gbl_term_width(), gbl_term_colour(to) ? colour : NULL, to);
}
