/* csv.c - see csv.h. */
#include "validate/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int gbl_csv_fail(const gbl_csv *c, gbl_err *err, const char *fmt, ...)
{
    char what[sizeof err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    gbl_fail(err, GBL_EINPUT, "%s", what);
    return gbl_where(err, "%s:%lld", gbl_lines_name(c->lines), (long long)gbl_lines_number(c->lines));
}

/* One field from *p, unquoted in place; *p moves to the comma or the end. Returns where the field ends (not yet
 * terminated: that may be the comma's place), NULL for a quote that is not closed. */
static char *take_field(char **p)
{
    char *from = *p, *to = from;
    int quoted = *from == '"';
    if (quoted) from++;
    while (*from && (quoted || *from != ',')) {
        if (quoted && *from == '"') {
            from++;
            if (*from != '"') {
                quoted = 0;
                continue;
            }
        }
        *to++ = *from++;
    }
    *p = from;
    return quoted ? NULL : to;
}

static int split(gbl_csv *c, char *p, char **field, gbl_err *err)
{
    int n = 0;
    for (;;) {
        char *start = p, *end = take_field(&p);
        int more = *p == ',';
        if (!end) {
            gbl_csv_fail(c, err, "a quote is not closed");
            return -1;
        }
        if (n == GBL_CSV_FIELDS) {
            gbl_csv_fail(c, err, "more than %d fields", GBL_CSV_FIELDS);
            return -1;
        }
        *end = 0;
        field[n++] = start;
        if (!more) return n;
        p++;
    }
}

static int header_once(const gbl_csv *c, gbl_err *err)
{
    for (int i = 0; i < c->n_head; i++)
        if (gbl_csv_column(c, c->head[i]) != i) {
            gbl_csv_fail(c, err, "column \"%s\" is there twice", c->head[i]);
            return gbl_expected(err, "each column once");
        }
    return 0;
}

int gbl_csv_open(gbl_csv *c, const char *path, gbl_arena *a, gbl_err *err)
{
    char *line;
    size_t len;
    memset(c, 0, sizeof *c);
    if (gbl_lines_open(&c->lines, path, err)) return err->code;
    int got = gbl_lines_next(c->lines, &line, &len, err);
    if (got < 0) return err->code;
    if (!got) {
        gbl_csv_fail(c, err, "the file is empty");
        return gbl_expected(err, "a header line with the columns' names, then rows");
    }
    if (len >= 3 && !memcmp(line, "\xef\xbb\xbf", 3)) line += 3;
    char *copy = gbl_arena_text(a, line);
    if (!copy) return gbl_nomem(err, len);
    c->n_head = split(c, copy, c->head, err);
    return c->n_head < 0 ? err->code : header_once(c, err);
}

void gbl_csv_close(gbl_csv *c)
{
    if (c->lines) gbl_lines_close(c->lines);
    c->lines = NULL;
}

int gbl_csv_next(gbl_csv *c, gbl_err *err)
{
    char *line;
    size_t len;
    do {
        int got = gbl_lines_next(c->lines, &line, &len, err);
        if (got <= 0) return got;
    } while (!len);
    int n = split(c, line, c->field, err);
    if (n < 0) return -1;
    if (n == c->n_head) return 1;
    gbl_csv_fail(c, err, "a row of %d fields under a header of %d", n, c->n_head);
    gbl_expected(err, "as many fields as the header has columns");
    return -1;
}

int gbl_csv_column(const gbl_csv *c, const char *name)
{
    for (int i = 0; i < c->n_head; i++)
        if (!strcmp(c->head[i], name)) return i;
    return -1;
}
