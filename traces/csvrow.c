#include "traces/csvrow.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

static int missing(const gbl_crow *c, int k, const char *expected, gbl_err *err)
{
    char text[GBL_CROW_FIELDS][64];
    const char *found[GBL_CROW_FIELDS];
    size_t n = 0;
    for (int i = 0; i < c->fields; i++) {
        int taken = 0;
        for (int m = 0; m < c->n; m++) taken |= c->where[m] == i;
        if (taken || c->len[i] >= sizeof text[0]) continue;
        memcpy(text[n], c->at[i], c->len[i]);
        text[n][c->len[i]] = 0;
        found[n] = text[n];
        n++;
    }
    gbl_rows_fail(c->rows, 0, err, "missing column \"%s\"", c->names[k]);
    gbl_expected(err, "%s", expected);
    gbl_nearest(err, gbl_near(c->names[k], found, n));
    return -1;
}

int gbl_crow_header(gbl_crow *c, gbl_rows *rows, const char *const *names, int n, int required, const char *expected, gbl_err *err)
{
    char *line;
    size_t len;
    *c = (gbl_crow){.names = names, .n = n, .rows = rows, .err = err};
    int got = gbl_rows_next(rows, &line, &len, err);
    if (got <= 0) return got ? -1 : gbl_rows_fail(rows, 0, err, "empty file");
    c->fields = gbl_row_split(line, len, c->at, c->len, GBL_CROW_FIELDS);
    if (c->fields > GBL_CROW_FIELDS) return gbl_rows_fail(rows, 0, err, "%d columns, more than %d", c->fields, GBL_CROW_FIELDS);
    for (int k = 0; k < n; k++) {
        c->where[k] = -1;
        for (int i = 0; i < c->fields; i++) {
            if (strlen(names[k]) != c->len[i] || memcmp(names[k], c->at[i], c->len[i])) continue;
            if (c->where[k] >= 0) return gbl_rows_fail(rows, (size_t)(c->at[i] - line) + 1, err, "column \"%s\" twice", names[k]);
            c->where[k] = i;
        }
    }
    for (int k = 0; k < required; k++)
        if (c->where[k] < 0) return missing(c, k, expected, err);
    return 0;
}

int gbl_crow_next(gbl_crow *c, gbl_rows *rows, gbl_err *err)
{
    char *line;
    size_t len;
    int got = gbl_rows_next(rows, &line, &len, err);
    if (got <= 0) return got;
    c->line = line;
    c->rows = rows;
    c->err = err;
    int n = gbl_row_split(line, len, c->at, c->len, GBL_CROW_FIELDS);
    return n == c->fields ? 1 : gbl_rows_fail(rows, 0, err, "row has %d fields, the header %d", n, c->fields);
}

int gbl_crow_has(const gbl_crow *c, int k) { return c->where[k] >= 0 && (!c->line || c->len[c->where[k]] > 0); }

int gbl_crow_fail(gbl_crow *c, int k, const char *fmt, ...)
{
    char what[sizeof c->err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return gbl_rows_fail(c->rows, (size_t)(c->at[c->where[k]] - c->line) + 1, c->err, "%s", what);
}

int gbl_crow_count(gbl_crow *c, int k, int64_t *out)
{
    int i = c->where[k];
    const char *wrong = gbl_row_count(c->at[i], c->len[i], out);
    if (!wrong) return 0;
    gbl_crow_fail(c, k, "%s %s: %.*s", c->names[k], wrong, (int)(c->len[i] < 40 ? c->len[i] : 40), c->at[i]);
    gbl_expected(c->err, "tokens, a whole number from 0 to %lld", (long long)GBL_ROW_TOKENS);
    return -1;
}

int gbl_crow_time(gbl_crow *c, int k, const char *unit, int64_t *out_ns)
{
    int i = c->where[k];
    const char *wrong = gbl_row_time(c->at[i], c->len[i], unit, out_ns);
    if (!wrong) return 0;
    gbl_crow_fail(c, k, "%s %s: %.*s", c->names[k], wrong, (int)(c->len[i] < 40 ? c->len[i] : 40), c->at[i]);
    gbl_expected(c->err, "%s, from 0 to 9e%d", unit, gbl_row_time_digits(unit));
    return -1;
}

uint64_t gbl_crow_name(const gbl_crow *c, int k) { return gbl_hash64(c->at[c->where[k]], c->len[c->where[k]], 0); }

int gbl_crow_is(const gbl_crow *c, int k, const char *text)
{
    int i = c->where[k];
    return i >= 0 && c->len[i] == strlen(text) && !memcmp(c->at[i], text, c->len[i]);
}

int gbl_crow_no_times(gbl_crow *c, int k, const char *why, const char *input, const char *output)
{
    if (c->line && k >= 0) gbl_crow_fail(c, k, "the trace has no arrival times: %s", why);
    else gbl_rows_fail(c->rows, 0, c->err, "the trace has no arrival times: %s", why);
    gbl_expected(c->err, "arrivals from a generator: \"generate\": {\"arrival\": {\"use\": \"poisson\", \"rate_s\": 1}, "
                         "\"rows\": {\"file\": \"%.160s\", \"input\": \"%s\", \"output\": \"%s\"}}",
                 gbl_lines_name(c->rows->lines), input, output);
    return -1;
}
