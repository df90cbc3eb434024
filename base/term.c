/* term.c - tables and progress. */
#include "base/term.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

int gbl_term_is_tty(FILE *f)
{
    return isatty(fileno(f));
}

int gbl_term_width(void)
{
    struct winsize w;
    const char *columns = getenv("COLUMNS");
    int64_t n;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return w.ws_col;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return w.ws_col;
    if (columns != NULL && gbl_text_int(columns, strlen(columns), &n) == 0 && n > 0 && n <= 10000) return (int)n;
    return 80;
}

void gbl_term_wrap(FILE *to, const char *text, int at, int indent)
{
    enum { WIDTH = 100 };
    int column = at;
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (column + n + 1 > WIDTH && column > indent) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', to);
            column++;
        }
        fwrite(text, 1, (size_t)n, to);
        column += n;
        text += n;
        while (*text == ' ') text++;
    }
    fputc('\n', to);
}

int gbl_term_colour(FILE *f)
{
    const char *term = getenv("TERM"), *off = getenv("NO_COLOR");
    return gbl_term_is_tty(f) && (off == NULL || off[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

/* ---------------------------------------------------------------- widths ---- */

/* Columns that a character takes: marks 0, East Asian wide forms and emoji 2 (Unicode TR11, by blocks), the rest 1. */
static int columns_of(uint32_t c)
{
    static const struct { uint32_t first, last; int columns; } blocks[] = {
        {0x0300, 0x036F, 0},   {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0},   {0xFE00, 0xFE0F, 0},     {0xFE20, 0xFE2F, 0},
        {0x1100, 0x115F, 2},   {0x2E80, 0x303E, 2},   {0x3041, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},     {0xF900, 0xFAFF, 2},
        {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1FAFF, 2},   {0x20000, 0x3FFFD, 2}};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (c >= blocks[i].first && c <= blocks[i].last) return blocks[i].columns;
    return 1;
}

int gbl_term_columns(const char *s)
{
    int columns = 0;
    for (size_t n = strlen(s); n > 0;) {
        uint32_t c = 0;
        int bytes = gbl_utf8(s, n, &c);
        columns += bytes == 0 ? 1 : columns_of(c);
        bytes += bytes == 0;
        s += bytes;
        n -= (size_t)bytes;
    }
    return columns;
}

/* ---------------------------------------------------------------- tables ---- */

struct gbl_table {
    gbl_arena *arena;
    const char *title;
    const char **cells; /* headers first, then rows; a rule is a whole row whose first cell is `rule` */
    size_t n, room;
    int columns, failed;
    uint64_t right; /* bit i: column i aligns right */
};

static const char rule[] = "-";

gbl_table *gbl_table_new(const char *title)
{
    gbl_table *t = gbl_alloc(1, sizeof *t);
    if (t == NULL) return NULL;
    t->arena = gbl_arena_new();
    if (t->arena != NULL && title != NULL) t->title = gbl_arena_text(t->arena, title);
    if (t->arena != NULL && (title == NULL || t->title != NULL)) return t;
    gbl_table_free(t);
    return NULL;
}

void gbl_table_free(gbl_table *t)
{
    if (t == NULL) return;
    gbl_arena_free(t->arena);
    gbl_free(t->cells);
    gbl_free(t);
}

static void add(gbl_table *t, const char *text)
{
    if (text == NULL || gbl_grow(&t->cells, &t->room, t->n + 1, sizeof *t->cells) != 0) t->failed = 1;
    if (!t->failed) t->cells[t->n++] = text;
}

void gbl_table_columns(gbl_table *t, const char *first, ...)
{
    va_list args;
    assert(t->columns == 0);
    va_start(args, first);
    for (const char *header = first; header != NULL; header = va_arg(args, const char *)) {
        assert(t->columns < 64);
        if (header[0] == '>') t->right |= UINT64_C(1) << t->columns;
        add(t, gbl_arena_text(t->arena, header + (header[0] == '>')));
        t->columns++;
    }
    va_end(args);
}

/* Line ends and other control bytes would break the frame. */
static void tame(char *s)
{
    for (; s != NULL && *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f) *s = ' ';
}

void gbl_table_cell(gbl_table *t, const char *fmt, ...)
{
    char small[256];
    va_list args, again;
    assert(t->columns > 0);
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    char *text = gbl_arena_take(t->arena, (size_t)n + 1);
    if (text != NULL) vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    tame(text);
    add(t, text);
}

void gbl_table_rule(gbl_table *t)
{
    assert(t->columns > 0 && (t->failed || t->n % (size_t)t->columns == 0) && "a rule stands between whole rows");
    for (int c = 0; c < t->columns; c++) add(t, rule);
}

static void blanks(FILE *to, int n)
{
    if (n > 0) fprintf(to, "%*s", n, "");
}

static void print_row(const gbl_table *t, size_t first, const int *width, FILE *to)
{
    int last = t->columns - 1;
    while (last > 0 && !(t->right >> last & 1) && (first + (size_t)last >= t->n || t->cells[first + (size_t)last][0] == '\0')) last--;
    for (int c = 0; c <= last; c++) {
        const char *text = first + (size_t)c < t->n ? t->cells[first + (size_t)c] : "";
        int room = width[c] - gbl_term_columns(text), right = (int)(t->right >> c & 1);
        if (c > 0) blanks(to, 2);
        if (right) blanks(to, room);
        fputs(text, to);
        if (!right && c < last) blanks(to, room);
    }
    fputc('\n', to);
}

static void print_rule(const gbl_table *t, const int *width, FILE *to)
{
    for (int c = 0; c < t->columns; c++) {
        if (c > 0) blanks(to, 2);
        for (int i = 0; i < width[c]; i++) fputc('-', to);
    }
    fputc('\n', to);
}

void gbl_table_print(gbl_table *t, FILE *to)
{
    int width[64] = {0}, bold = gbl_term_colour(to);
    size_t columns = (size_t)t->columns;
    if (t->failed) {
        fputs("(no memory for this table)\n", to);
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        int w = t->cells[i] == rule ? 0 : gbl_term_columns(t->cells[i]);
        if (w > width[i % columns]) width[i % columns] = w;
    }
    if (t->title != NULL) fprintf(to, "%s%s%s\n", bold ? "\033[1m" : "", t->title, bold ? "\033[0m" : "");
    for (size_t i = 0; columns > 0 && i < t->n; i += columns) {
        if (t->cells[i] == rule) print_rule(t, width, to);
        else print_row(t, i, width, to);
        if (i == 0) print_rule(t, width, to);
    }
}

/* ---------------------------------------------------------------- progress ---- */

struct gbl_progress {
    char *what;
    int on, tty, drawn;
    double started, next;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

gbl_progress *gbl_progress_new(const char *what, enum gbl_progress_mode mode)
{
    gbl_progress *p = gbl_alloc(1, sizeof *p);
    size_t n = strlen(what) + 1;
    if (p == NULL || (p->what = gbl_alloc(n, 1)) == NULL) {
        gbl_free(p);
        return NULL;
    }
    memcpy(p->what, what, n);
    p->tty = gbl_term_is_tty(stderr);
    p->on = mode == GBL_PROGRESS_ON || (mode == GBL_PROGRESS_AUTO && p->tty);
    p->started = now_s();
    p->next = p->started + 0.3; /* quick work needs no progress */
    return p;
}

/* "1:05", "2:03:07". */
static void clock_text(char *out, size_t size, double s)
{
    long n = s < 0 ? 0 : s < 3.6e6 ? (long)(s + 0.5) : 3600000;
    if (n >= 3600) snprintf(out, size, "%ld:%02ld:%02ld", n / 3600, n / 60 % 60, n % 60);
    else snprintf(out, size, "%ld:%02ld", n / 60, n % 60);
}

static void progress_text(const gbl_progress *p, double done, double total, double passed, const char *note, char *out, size_t size)
{
    char share[32] = "", speed[48] = "", each[40], left[48] = "", clock[24];
    double rate = passed > 0 ? done / passed : 0;
    if (total > 0) snprintf(share, sizeof share, " %5.1f %%", 100 * (done < total ? done / total : 1));
    if (total != 1) { /* of 1: a share of something, which has no rate worth telling */
        gbl_human_si(each, sizeof each, rate, "");
        snprintf(speed, sizeof speed, "  %s/s", each);
    }
    if (total > done && rate > 0) {
        clock_text(clock, sizeof clock, (total - done) / rate);
        snprintf(left, sizeof left, "  ETA %s", clock);
    }
    snprintf(out, size, "%s%s%s%s%s%s", p->what, share, speed, left, note != NULL && note[0] != '\0' ? "  " : "", note != NULL ? note : "");
}

/* Cuts to the terminal's width at a character's edge: a wrapped line could not be wiped. */
static void fit(char *text, int columns)
{
    size_t n = strlen(text);
    while (n > 0 && gbl_term_columns(text) > columns) {
        do n--;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80);
        text[n] = '\0';
    }
}

/* On a terminal the line is redrawn; into a file, where somebody asked for it, one line a second is added. */
void gbl_progress_tick(gbl_progress *p, double done, double total, const char *note)
{
    char text[512];
    if (p == NULL || !p->on) return;
    double now = now_s();
    if (now < p->next) return;
    p->next = now + (p->tty ? 0.1 : 1.0);
    progress_text(p, done, total, now - p->started, note, text, sizeof text);
    if (p->tty) {
        fit(text, gbl_term_width() - 1);
        fprintf(stderr, "\r\033[K%s", text);
        fflush(stderr);
        p->drawn = 1;
    } else {
        fprintf(stderr, "%s\n", text);
    }
}

void gbl_progress_end(gbl_progress *p)
{
    if (p == NULL) return;
    if (p->drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    gbl_free(p->what);
    gbl_free(p);
}
