/* page_chart.c - charts of the page as small JSON descriptions, which the page's script hands to Chart.js, and the figures
 * that hold them. A point is [x, y] or [x, y, name]; of bars [value, null, category] or [low, high, category]. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page.h"

static void number(gbl_json *j, double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.6g", v); /* a pixel needs no more */
    gbl_json_num(j, NULL, isfinite(v) ? strtod(text, NULL) : NAN);
}

void gbl_chart_begin(page *p, const page_chart *c)
{
    if (p->figures < PAGE_FIGURES) {
        p->figure[p->figures++] = (page_figure){c->id, c->title, c->text, c->wide, c->rows};
    }
    gbl_json_obj(p->charts, NULL);
    gbl_json_str(p->charts, "id", c->id);
    gbl_json_str(p->charts, "kind", c->kind);
    gbl_json_str(p->charts, "x", c->x);
    gbl_json_str(p->charts, "y", c->y);
    gbl_json_str(p->charts, "xu", c->x_unit ? c->x_unit : "");
    gbl_json_str(p->charts, "yu", c->y_unit ? c->y_unit : "");
    gbl_json_bool(p->charts, "logx", c->log_x);
    gbl_json_bool(p->charts, "logy", c->log_y);
    gbl_json_bool(p->charts, "percent", c->percent);
    gbl_json_bool(p->charts, "stacked", c->stacked);
    gbl_json_arr(p->charts, "series");
}

void gbl_chart_end(page *p)
{
    gbl_json_end(p->charts);
    gbl_json_end(p->charts);
}

void gbl_chart_series(page *p, const char *label, int colour, unsigned look)
{
    static const struct { unsigned bit; const char *key; } looks[] = {
        {PAGE_DASH, "dash"}, {PAGE_FILL, "fill"}, {PAGE_MARKS, "marks"}, {PAGE_JOINED, "joined"}, {PAGE_STEP, "step"}};
    gbl_json_obj(p->charts, NULL);
    gbl_json_str(p->charts, "label", label);
    gbl_json_int(p->charts, "colour", colour);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        gbl_json_bool(p->charts, looks[i].key, (look & looks[i].bit) != 0);
    }
    gbl_json_arr(p->charts, "points");
}

void gbl_chart_point(page *p, double x, double y, const char *name)
{
    gbl_json_arr(p->charts, NULL);
    number(p->charts, x);
    number(p->charts, y);
    if (name) {
        gbl_json_str(p->charts, NULL, name);
    }
    gbl_json_end(p->charts);
}

void gbl_chart_series_end(page *p)
{
    gbl_json_end(p->charts);
    gbl_json_end(p->charts);
}

static const page_figure *figure_of(const page *p, const char *id)
{
    for (int i = 0; i < p->figures; i++) {
        if (!strcmp(p->figure[i].id, id)) {
            return &p->figure[i];
        }
    }
    return NULL;
}

static void put_figure(page *p, const page_figure *f)
{
    fprintf(p->to, "<figure%s><figcaption><strong>%s</strong> ", f->wide ? " class=\"wide\"" : "", f->title);
    gbl_page_text(p->to, f->text);
    fputs("</figcaption><div class=\"plot\"", p->to);
    if (f->rows) { /* bars: as high as there are rows */
        fprintf(p->to, " style=\"height: %dpx\"", 110 + 30 * f->rows);
    }
    fprintf(p->to, "><canvas id=\"c-%s\" role=\"img\" aria-label=\"%s\"></canvas></div></figure>\n", f->id, f->title);
}

void gbl_page_figures(page *p, const char *const *ids)
{
    int open = 0;
    for (; p->library && *ids; ids++) {
        const page_figure *f = figure_of(p, *ids);
        if (f && !open++) {
            fputs("<div class=\"figures\">\n", p->to);
        }
        if (f) {
            put_figure(p, f);
        }
    }
    fputs(open ? "</div>\n" : "", p->to);
}
