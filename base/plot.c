/* plot.c - see plot.h. */
#include "base/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/term.h"

int gbl_plot_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *v = getenv(names[i]);
        if (v == NULL || v[0] == '\0') continue;
        const char *dot = strchr(v, '.');
        return dot != NULL && (strncasecmp(dot + 1, "utf-8", 5) == 0 || strncasecmp(dot + 1, "utf8", 4) == 0);
    }
    return 0;
}

/* ---------------------------------------------------------------- a line ---- */

void gbl_plot_spark(const double *v, size_t n, double most, int columns, FILE *to)
{
    static const char *const block[] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
    static const char *const ascii[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    const char *const *level = gbl_plot_utf8() ? block : ascii;
    for (int c = 0; c < columns && n > 0; c++) {
        size_t from = (size_t)c * n / (size_t)columns, end = ((size_t)c + 1) * n / (size_t)columns;
        double top = 0;
        if (end <= from) end = from + 1;
        for (size_t i = from; i < end; i++) top = fmax(top, v[i]);
        double share = most > 0 ? top / most : 0;
        int k = (int)(share * 8);
        fputs(level[k < 0 ? 0 : k > 7 ? 7 : k], to);
    }
}

/* ---------------------------------------------------------------- points ---- */

typedef struct scale {
    double low, high;
    int log;
} scale;

static double placed(const scale *s, double v)
{
    double low = s->log ? log(s->low) : s->low, high = s->log ? log(s->high) : s->high;
    return high > low ? ((s->log ? log(v) : v) - low) / (high - low) : 0.5;
}

static int usable(const gbl_dot *d)
{
    return isfinite(d->x) && isfinite(d->y);
}

static size_t find_scales(const gbl_dot *dot, size_t n, scale *x, scale *y)
{
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        if (!usable(&dot[i])) continue;
        x->low = known ? fmin(x->low, dot[i].x) : dot[i].x;
        x->high = known ? fmax(x->high, dot[i].x) : dot[i].x;
        y->low = known ? fmin(y->low, dot[i].y) : dot[i].y;
        y->high = known ? fmax(y->high, dot[i].y) : dot[i].y;
        known++;
    }
    y->log = known && y->low > 0 && y->high > 10 * y->low;
    return known;
}

static void print_grid(const char *grid, int columns, int rows, const scale *y, FILE *to)
{
    int fine = gbl_plot_utf8();
    for (int r = 0; r < rows; r++) {
        if (r == 0) fprintf(to, "%9.4g ", y->high);
        else if (r == rows - 1) fprintf(to, "%9.4g ", y->low);
        else fputs("          ", to);
        fputs(fine ? "\xe2\x94\x82" : "|", to);
        int last = columns;
        while (last > 0 && grid[r * columns + last - 1] == ' ') last--;
        for (int c = 0; c < last; c++) {
            char k = grid[r * columns + c];
            if (k == 'o') fputs(fine ? "\xe2\x97\x8f" : "o", to);
            else if (k == '.') fputs(fine ? "\xc2\xb7" : ".", to);
            else fputc(k, to);
        }
        fputc('\n', to);
    }
    fputs(fine ? "          \xe2\x94\x94" : "          +", to);
    for (int c = 0; c < columns; c++) fputs(fine ? "\xe2\x94\x80" : "-", to);
    fputc('\n', to);
}

void gbl_plot_dots(const gbl_dot *dot, size_t n, int columns, int rows, const char *x_title, const char *y_title, FILE *to)
{
    scale x = {0}, y = {0};
    char *grid = find_scales(dot, n, &x, &y) > 1 && columns > 20 && rows > 2 ? gbl_alloc((size_t)columns * (size_t)rows, 1) : NULL;
    char low[32], high[32];
    if (grid == NULL) return;
    memset(grid, ' ', (size_t)columns * (size_t)rows);
    for (int front = 0; front < 2; front++)
        for (size_t i = 0; i < n; i++) {
            if (!usable(&dot[i]) || dot[i].front != front) continue;
            int c = (int)lround(placed(&x, dot[i].x) * (columns - 1)), r = (int)lround((1 - placed(&y, dot[i].y)) * (rows - 1));
            grid[r * columns + c] = front ? 'o' : '.';
        }
    fprintf(to, "%s%s\n", y_title, y.log ? " (logarithmic)" : "");
    print_grid(grid, columns, rows, &y, to);
    snprintf(low, sizeof low, "%.4g", x.low);
    snprintf(high, sizeof high, "%.4g", x.high);
    int gap = columns - (int)strlen(low) - (int)strlen(high) - gbl_term_columns(x_title);
    fprintf(to, "           %s%*s%s%*s%s\n", low, gap > 1 ? gap / 2 : 1, "", x_title, gap > 1 ? gap - gap / 2 : 1, "", high);
    gbl_free(grid);
}

/* ---------------------------------------------------------------- a box ---- */

/* The text, cut or filled to `columns`. */
static void print_fitted(const char *text, int columns, FILE *to)
{
    size_t n = strlen(text);
    char *copy = gbl_alloc(n + 1, 1);
    if (copy == NULL) return;
    memcpy(copy, text, n);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f) copy[i] = ' ';
    while (gbl_term_columns(copy) > columns) {
        do n--;
        while (n > 0 && ((unsigned char)copy[n] & 0xC0) == 0x80);
        copy[n] = '\0';
    }
    fprintf(to, "%s%*s", copy, columns - gbl_term_columns(copy), "");
    gbl_free(copy);
}

static void edge(const char *left, const char *dash, const char *right, int columns, FILE *to)
{
    fputs(left, to);
    for (int i = 0; i < columns; i++) fputs(dash, to);
    fputs(right, to);
}

void gbl_plot_box(const char *title, const char *const *line, size_t n, int columns, const char *colour, FILE *to)
{
    int fine = gbl_plot_utf8(), inner = gbl_term_columns(title) + 2;
    const char *dash = fine ? "\xe2\x94\x80" : "-", *side = fine ? "\xe2\x94\x82" : "|", *on = colour != NULL ? colour : "", *off = colour != NULL ? "\033[0m" : "";
    for (size_t i = 0; i < n; i++) {
        int w = gbl_term_columns(line[i]);
        inner = w > inner ? w : inner;
    }
    inner = inner > columns - 4 ? columns - 4 : inner;
    if (inner < 8) return;
    int head = gbl_term_columns(title) < inner - 2 ? gbl_term_columns(title) : inner - 2;
    fprintf(to, "%s%s%s%s ", on, fine ? "\xe2\x95\xad" : "+", dash, off);
    print_fitted(title, head, to);
    fprintf(to, " %s", on);
    edge("", dash, fine ? "\xe2\x95\xae" : "+", inner - head - 1, to);
    fprintf(to, "%s\n", off);
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "%s%s%s ", on, side, off);
        print_fitted(line[i], inner, to);
        fprintf(to, " %s%s%s\n", on, side, off);
    }
    fputs(on, to);
    edge(fine ? "\xe2\x95\xb0" : "+", dash, fine ? "\xe2\x95\xaf" : "+", inner + 2, to);
    fprintf(to, "%s\n", off);
}
