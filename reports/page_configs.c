/* page_configs.c - configurations against each other: throughput against latency, the Pareto front of price and latency,
 * means with their intervals. */
#include "reports/page_configs.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SERIES = 8, MOST_BARS = 24, MOST_ROWS = 300 };

/* ---- throughput against latency ---- */

static void chart_load(page *p, const page_configs *all)
{
    int drawn = 0;
    gbl_chart_begin(p, &(page_chart){.id = "load-latency", .kind = "points", .title = "Throughput against latency",
                                     .text = "One mark a configuration, mean of its runs; a line joins those that differ in the load alone.", .x = "output tokens / s",
                                     .y = "TTFT p99, ms", .x_unit = "tokens/s", .y_unit = "ms", .log_y = 1});
    for (size_t i = 0, end; i < all->n; i = end) {
        for (end = i; end < all->n && !strcmp(all->v[end].series, all->v[i].series); end++) {
        }
        int rest = drawn >= MOST_SERIES - 1 && end < all->n; /* the others share the last colour */
        end = rest ? all->n : end;
        gbl_chart_series(p, rest ? "others" : all->v[i].series, rest ? MOST_SERIES - 1 : drawn++, PAGE_MARKS | (rest ? 0 : PAGE_JOINED));
        for (; i < end; i++) {
            const gbl_interval *v = all->v[i].v;
            if (isfinite(v[GBL_CONFIG_OUTPUT].mean) && v[GBL_CONFIG_TTFT_P99].mean > 0) {
                gbl_chart_point(p, v[GBL_CONFIG_OUTPUT].mean, v[GBL_CONFIG_TTFT_P99].mean, all->v[i].label);
            }
        }
        gbl_chart_series_end(p);
    }
    gbl_chart_end(p);
}

/* ---- Pareto ---- */

static int by_price(const void *a, const void *b)
{
    double x = (*(const page_config *const *)a)->v[GBL_CONFIG_USD].mean, y = (*(const page_config *const *)b)->v[GBL_CONFIG_USD].mean;
    return (x > y) - (x < y);
}

static void pareto_series(page *p, const page_config **v, size_t n, const char *label, int colour, unsigned look)
{
    gbl_chart_series(p, label, colour, look);
    for (size_t i = 0; i < n; i++) {
        gbl_chart_point(p, v[i]->v[GBL_CONFIG_USD].mean, v[i]->v[GBL_CONFIG_TTFT_P99].mean, v[i]->label);
    }
    gbl_chart_series_end(p);
}

static int chart_pareto(page *p, const page_configs *all, gbl_err *err)
{
    const page_config **v = gbl_alloc(all->n, sizeof(const page_config *));
    size_t front = 0, rest = 0;
    if (!v) {
        return gbl_nomem(err, all->n * sizeof *v);
    }
    for (size_t i = 0; i < all->n; i++) {
        if (all->v[i].front) {
            v[front++] = &all->v[i];
        }
    }
    qsort(v, front, sizeof *v, by_price);
    gbl_chart_begin(p, &(page_chart){.id = "pareto", .kind = "points", .title = "Price against latency",
                                     .text = "The front: no other configuration is both cheaper and faster.", .x = "USD / million output tokens", .y = "TTFT p99, ms",
                                     .x_unit = "USD/Mtok", .y_unit = "ms", .log_y = 1});
    pareto_series(p, v, front, "Pareto front", 1, PAGE_MARKS | PAGE_STEP);
    for (size_t i = 0; i < all->n; i++) {
        if (!all->v[i].front && isfinite(all->v[i].v[GBL_CONFIG_USD].mean) && all->v[i].v[GBL_CONFIG_TTFT_P99].mean > 0) {
            v[rest++] = &all->v[i];
        }
    }
    if (rest) {
        pareto_series(p, v, rest, "beaten", 7, PAGE_MARKS);
    }
    gbl_chart_end(p);
    gbl_free(v);
    return GBL_OK;
}

/* ---- intervals ---- */

static void chart_intervals(page *p, const page_configs *all, enum gbl_config_metric m, const char *id, const char *title, const char *x, const char *unit)
{
    int shown = all->n < MOST_BARS ? (int)all->n : MOST_BARS;
    gbl_chart_begin(p, &(page_chart){.id = id, .kind = "bars", .title = title, .text = all->n > MOST_BARS ? "Mean and 95 % interval over the seeds of each configuration; the first 24."
                                                                                                          : "Mean and 95 % interval over the seeds of each configuration.",
                                     .x = x, .y = "", .x_unit = unit, .rows = shown});
    for (int pass = 0; pass < 2; pass++) {
        gbl_chart_series(p, pass ? "mean" : "95 % interval", pass ? 1 : 0, pass ? PAGE_MARKS : PAGE_DASH);
        for (size_t i = 0; i < (size_t)shown; i++) {
            const gbl_interval *v = &all->v[i].v[m];
            double low = isfinite(v->low) ? v->low : v->mean, high = isfinite(v->high) ? v->high : v->mean;
            gbl_chart_point(p, pass ? v->mean : low, pass ? NAN : high, all->v[i].label);
        }
        gbl_chart_series_end(p);
    }
    gbl_chart_end(p);
}

int gbl_page_configs(page *p, gbl_err *err)
{
    page_configs *all = p->configs = gbl_arena_take(p->arena, sizeof *all);
    if (!all) {
        return gbl_nomem(err, sizeof *all);
    }
    int code = gbl_page_configs_load(p, all, err);
    if (code != GBL_OK || all->n < 2) {
        return code;
    }
    chart_load(p, all);
    code = chart_pareto(p, all, err);
    if (code == GBL_OK && all->several) {
        chart_intervals(p, all, GBL_CONFIG_TTFT_P99, "interval-ttft", "TTFT p99 by configuration", "TTFT p99, ms", "ms");
        chart_intervals(p, all, GBL_CONFIG_TPOT_P99, "interval-tpot", "TPOT p99 by configuration", "TPOT p99, ms", "ms");
    }
    return code;
}

static void interval_cell(page *p, const gbl_interval *v)
{
    char mean[64], half[64];
    if (!isfinite(v->mean) || !(v->half_width > 0)) {
        gbl_page_number(p, v->mean, 1, "");
        return;
    }
    fprintf(p->to, "<td class=\"n\" data-v=\"%.12g\">%s <span class=\"pm\">\xc2\xb1\xc2\xa0%s</span></td>", v->mean, gbl_page_human(mean, sizeof mean, v->mean),
            gbl_page_human(half, sizeof half, v->half_width));
}

static void config_row(page *p, const page_config *c)
{
    gbl_page_head_cell(p, c->label);
    gbl_page_number(p, (double)c->runs, 1, "");
    for (int m = 0; m < GBL_CONFIG_METRICS; m++) {
        interval_cell(p, &c->v[m]);
    }
    fputs(c->front ? "<td class=\"best\">yes</td></tr>\n" : "<td></td></tr>\n", p->to);
}

int gbl_page_configs_section(page *p, gbl_err *err)
{
    static const char *const heads[] = {"Configuration", ">Runs", ">TTFT p50, ms", ">TTFT p99, ms", ">TPOT p99, ms", ">E2E p99, ms", ">Output tok/s", ">Good req/s", ">USD/M tok", "On the front", NULL};
    const page_configs *all = p->configs;
    (void)err;
    if (all->n < 2) {
        return GBL_OK;
    }
    gbl_page_section(p, "configurations", "Configurations",
                     "The runs of the store by configuration; runs that differ in the seed alone are one, with a 95 % interval of the mean. <code>gable compare</code> tests a difference.");
    if ((int64_t)all->runs < p->runs_stored) {
        fprintf(p->to, "<p class=\"hint\">The newest %zu of %" PRId64 " runs were looked at.</p>\n", all->runs, p->runs_stored);
    }
    gbl_page_figures(p, (const char *const[]){"load-latency", "pareto", "interval-ttft", "interval-tpot", NULL});
    gbl_page_table(p, "Configurations", heads);
    for (size_t i = 0; i < all->n && i < MOST_ROWS; i++) {
        config_row(p, &all->v[i]);
    }
    gbl_page_table_end(p);
    if (all->n > MOST_ROWS) {
        fprintf(p->to, "<p class=\"hint\">The first %d of %zu configurations are in the table.</p>\n", MOST_ROWS, all->n);
    }
    fputs("</section>\n", p->to);
    return GBL_OK;
}
