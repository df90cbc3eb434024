/* page_where.c - where the time of the newest run's requests went: all of them, the typical and the tail, by `gable why`. */
#include <math.h>
#include <string.h>

#include "reports/page.h"
#include "reports/why.h"

typedef struct went {
    const char *name;
    double e2el_ms, part_ms[GBL_PARTS];
    int64_t requests; /* that it was measured on; -1: all of the run */
} went;

struct page_went {
    went v[1 + GBL_WHY_GROUPS];
    int n;
};

/* All requests, kept or not, stand in the result. */
static int take_all(const page_run *r, went *w)
{
    *w = (went){.name = "all requests", .e2el_ms = gbl_page_num(r, "e2el_ms.mean"), .requests = -1};
    for (int i = 0; i < GBL_PARTS; i++) {
        char path[64];
        snprintf(path, sizeof path, "time_ms.%s", gbl_part_name((enum gbl_part)i));
        w->part_ms[i] = gbl_page_num(r, path);
    }
    return isfinite(w->e2el_ms) && w->e2el_ms > 0 && isfinite(w->part_ms[0]);
}

static int take_group(const gbl_why *why, enum gbl_why_kind kind, const char *name, went *w)
{
    const gbl_why_group *g = gbl_why_of(why, kind);
    double n = (double)g->requests * 1e6;
    *w = (went){.name = name, .e2el_ms = (double)g->e2el_ns / n, .requests = g->requests};
    for (int i = 0; i < GBL_PARTS; i++) {
        w->part_ms[i] = (double)g->part_ns[i] / n;
    }
    return g->requests > 0 && g->e2el_ns > 0;
}

static int take_groups(page *p, struct page_went *all, gbl_err *err)
{
    const page_run *r = &p->run[0];
    gbl_why *why = NULL;
    int code = gbl_why_read(&why, p->path, r->id, err);
    if (code == GBL_OK && (code = gbl_why_sort(why, err)) == GBL_OK) {
        all->n += take_group(why, GBL_WHY_TYPICAL, "typical", &all->v[all->n]);
        all->n += take_group(why, GBL_WHY_TAIL, "slowest 1 %", &all->v[all->n]);
    }
    gbl_why_free(why);
    if (code == GBL_EINPUT) { /* nothing completed: there is nothing to divide */
        err->code = code = GBL_OK;
    }
    return code;
}

static int seen(const struct page_went *w, int part)
{
    for (int i = 0; i < w->n; i++) {
        if (w->v[i].part_ms[part] > 0) {
            return 1;
        }
    }
    return 0;
}

int gbl_page_where(page *p, gbl_err *err)
{
    static const int colour[GBL_PARTS] = {7, 1, 2, 3, 4, 5, 6, 0, 8, 9, 10, 11}; /* the first colour for what decodes mostly wait for */
    struct page_went *w = p->went = gbl_arena_take(p->arena, sizeof *w);
    if (!w) {
        return gbl_nomem(err, sizeof *w);
    }
    memset(w, 0, sizeof *w);
    w->n = take_all(&p->run[0], &w->v[0]);
    int code = w->n && p->run[0].requests && p->layout >= 2 ? take_groups(p, w, err) : GBL_OK;
    if (code != GBL_OK || !w->n) {
        return code;
    }
    gbl_chart_begin(p, &(page_chart){.id = "where", .kind = "bars", .title = "Share of the end-to-end latency",
                                     .text = "Typical: the 45th to the 55th percentile of end-to-end latency.", .x = "% of the latency", .y = "", .x_unit = "%",
                                     .percent = 1, .stacked = 1, .wide = 1, .rows = w->n + 1});
    for (int i = 0; i < GBL_PARTS; i++) {
        if (!seen(w, i)) {
            continue;
        }
        gbl_chart_series(p, gbl_part_name((enum gbl_part)i), colour[i], 0);
        for (int k = 0; k < w->n; k++) {
            gbl_chart_point(p, 100 * w->v[k].part_ms[i] / w->v[k].e2el_ms, NAN, w->v[k].name);
        }
        gbl_chart_series_end(p);
    }
    gbl_chart_end(p);
    return GBL_OK;
}

int gbl_page_where_section(page *p, gbl_err *err)
{
    const struct page_went *w = p->went;
    const char *heads[3 + 2 * (1 + GBL_WHY_GROUPS)] = {"Part"};
    (void)err;
    if (!w->n) {
        return GBL_OK;
    }
    for (int k = 0; k < w->n; k++) {
        heads[1 + 2 * k] = gbl_arena_printf(p->arena, ">%s, ms", w->v[k].name);
        heads[2 + 2 * k] = ">%";
        p->no_memory |= !heads[1 + 2 * k];
        heads[1 + 2 * k] = heads[1 + 2 * k] ? heads[1 + 2 * k] : "";
    }
    gbl_page_section(p, "where-time-went", "Where time went",
                     "Mean time of a request in each part, split by what bound the steps that it lived through; the parts add up to its end-to-end latency.");
    gbl_page_figures(p, (const char *const[]){"where", NULL});
    gbl_page_table(p, "Where time went", heads);
    for (int i = 0; i < GBL_PARTS; i++) {
        if (!seen(w, i)) {
            continue;
        }
        gbl_page_head_cell(p, gbl_part_name((enum gbl_part)i));
        for (int k = 0; k < w->n; k++) {
            gbl_page_number(p, w->v[k].part_ms[i], 1, "");
            gbl_page_number(p, w->v[k].part_ms[i] / w->v[k].e2el_ms, 100, "");
        }
        fputs("</tr>\n", p->to);
    }
    gbl_page_table_end(p);
    fputs("</section>\n", p->to);
    return GBL_OK;
}
