/* plan_plot.c - what was run, as points of dollars a token against latency; for a terminal. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/plan_parts.h"

enum { WIDE = 120, HIGH = 14, MARGIN = 12 };

typedef struct scale {
    double low, high; /* logarithms */
} scale;

static void widen(scale *s, double v)
{
    s->low = fmin(s->low, log(v));
    s->high = fmax(s->high, log(v));
}

static int place(const scale *s, double v, int n)
{
    return s->high > s->low ? (int)lround((log(v) - s->low) / (s->high - s->low) * (n - 1)) : n / 2;
}

static int shows(const gbl_point *o)
{
    double t = gbl_plan_front_latency(o);
    return isfinite(o->cost) && o->cost > 0 && isfinite(t) && t > 0;
}

static void put_line(const char *line, int wide, int colour, FILE *to)
{
    for (int i = 0; i < wide; i++) {
        int tone = !colour ? 0 : line[i] == '#' ? 32 : line[i] == 'o' ? 36 : line[i] == 'x' ? 31 : 0;
        if (tone) fprintf(to, "\033[%dm%c\033[0m", tone, line[i]);
        else fputc(line[i], to);
    }
    fputc('\n', to);
}

void gbl_plan_scatter(const gbl_planner *p, FILE *to)
{
    char cell[HIGH][WIDE];
    scale x = {INFINITY, -INFINITY}, y = x;
    int wide = gbl_term_width() - MARGIN - 2;
    size_t n = 0;
    if (!gbl_term_is_tty(to) || wide < 20) return;
    if (wide > WIDE) wide = WIDE;
    for (size_t i = 0; i < p->n_points; i++) {
        if (!shows(&p->point[i])) continue;
        widen(&x, p->point[i].cost);
        widen(&y, gbl_plan_front_latency(&p->point[i]));
        n++;
    }
    if (n < 2) return;
    memset(cell, ' ', sizeof cell);
    for (int pass = 0; pass < 3; pass++) /* what holds over what misses, the best over both */
        for (size_t i = 0; i < p->n_points; i++) {
            const gbl_point *o = &p->point[i];
            int mark = (int64_t)i == p->best ? 2 : o->feasible;
            if (mark == pass && shows(o)) cell[HIGH - 1 - place(&y, gbl_plan_front_latency(o), HIGH)][place(&x, o->cost, wide)] = "xo#"[mark];
        }
    fprintf(to, "\nTTFT p99, ms    # best   o holds   x misses\n");
    for (int i = 0; i < HIGH; i++) {
        if (i == 0 || i == HIGH - 1) fprintf(to, "%*.4g |", MARGIN - 2, exp(i ? y.low : y.high));
        else fprintf(to, "%*s |", MARGIN - 2, "");
        put_line(cell[i], wide, gbl_term_colour(to), to);
    }
    char low[24], high[24];
    snprintf(low, sizeof low, "%.4g", exp(x.low));
    snprintf(high, sizeof high, "%.4g", exp(x.high));
    const char *unit = p->n_unpriced ? "GPUs over tokens/s" : "USD a million output tokens";
    fprintf(to, "%*s +", MARGIN - 2, "");
    for (int i = 0; i < wide; i++) fputc('-', to);
    int gap = wide - (int)strlen(low) - (int)strlen(high) - (int)strlen(unit);
    fprintf(to, "\n%*s%s%*s%s%*s%s\n", MARGIN, "", low, gap > 2 ? gap / 2 : 1, "", unit, gap > 2 ? gap - gap / 2 : 1, "", high);
}
