#include "traces/jsonrow.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

int gbl_jrow_fail(gbl_jrow *c, const char *at, const char *fmt, ...)
{
    char what[sizeof c->err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    int64_t line = 0, col = 0;
    gbl_fail(c->err, GBL_EINPUT, "%s", what);
    if (at) gbl_scan_place(&c->s, at, &line, &col);
    if (at) gbl_where(c->err, "%s:%lld:%lld", c->s.name, (long long)line, (long long)col);
    else gbl_where(c->err, "%s:%lld", c->s.name, (long long)c->s.line);
    return -1;
}

static int cut_off(gbl_jrow *c)
{
    gbl_jrow_fail(c, c->s.end, "row ends inside its object");
    gbl_expected(c->err, "one whole JSON object a line");
    return -1;
}

int gbl_jrow_next(gbl_jrow *c, gbl_rows *rows, gbl_err *err)
{
    char *line;
    const char *at;
    size_t len;
    int got = gbl_rows_next(rows, &line, &len, err);
    if (got <= 0) return got;
    *c = (gbl_jrow){{line, line + len, line, gbl_lines_name(rows->lines), gbl_rows_line(rows)}, rows, err, NULL};
    enum gbl_token t = gbl_scan_next(&c->s, &at, &len, err);
    if (t == GBL_T_BAD) return -1;
    if (t == GBL_T_OBJ) return 1;
    gbl_jrow_fail(c, at, "row is not a JSON object");
    gbl_expected(err, "{...}: an object a line, or one whole document that is an object");
    return -1;
}

static int index_of(const char *const *names, int n, const char *at, size_t len)
{
    for (int k = 0; k < n; k++)
        if (names[k][0] == *at && strlen(names[k]) == len && !memcmp(names[k], at, len)) return k;
    return -1;
}

int gbl_jrow_key(gbl_jrow *c, const char *const *names, int n, unsigned *seen)
{
    const char *at;
    size_t len;
    for (;;) {
        int got = gbl_scan_key(&c->s, &at, &len, c->err);
        if (got <= 0) return got ? -2 : -1;
        int k = index_of(names, n, at, len);
        if (k < 0) {
            if (gbl_scan_skip(&c->s, c->err)) return -2;
            continue;
        }
        c->key = names[k];
        if (*seen >> k & 1) {
            gbl_jrow_fail(c, at, "key \"%s\" twice in one row", names[k]);
            return -2;
        }
        *seen |= 1u << k;
        return k;
    }
}

int gbl_jrow_done(gbl_jrow *c)
{
    const char *at;
    size_t len;
    enum gbl_token t = gbl_scan_next(&c->s, &at, &len, c->err);
    if (t == GBL_T_END) return 0;
    return t == GBL_T_BAD ? -1 : gbl_jrow_fail(c, at, "text after the row's object");
}

/* The value must be of this kind: its text. */
static int expect(gbl_jrow *c, enum gbl_token want, const char *what, const char *expected, const char **at, size_t *len)
{
    enum gbl_token t = gbl_scan_next(&c->s, at, len, c->err);
    if (t == want) return 0;
    if (t == GBL_T_BAD) return -1;
    if (t == GBL_T_END) return cut_off(c);
    gbl_jrow_fail(c, *at, "%s is not %s", c->key, what);
    gbl_expected(c->err, "%s", expected);
    return -1;
}

static int short_len(size_t len) { return (int)(len < 40 ? len : 40); }

int gbl_jrow_null(gbl_jrow *c)
{
    const char *p = c->s.p;
    while (p < c->s.end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
    if (c->s.end - p < 4 || memcmp(p, "null", 4)) return 0;
    return gbl_scan_skip(&c->s, c->err) == 0;
}

int gbl_jrow_count(gbl_jrow *c, int64_t *out)
{
    const char *at;
    size_t len;
    if (expect(c, GBL_T_NUM, "a number", "tokens, a whole number", &at, &len)) return -1;
    const char *wrong = gbl_row_count(at, len, out);
    if (!wrong) return 0;
    gbl_jrow_fail(c, at, "%s %s: %.*s", c->key, wrong, short_len(len), at);
    gbl_expected(c->err, "tokens, a whole number from 0 to %lld", (long long)GBL_ROW_TOKENS);
    return -1;
}

static const char *time_expected(const char *unit) { return *unit == 'm' ? "ms, 0 or more" : *unit == 'u' ? "us, 0 or more" : *unit == 'n' ? "ns, 0 or more" : "s, 0 or more"; }

int gbl_jrow_time(gbl_jrow *c, const char *unit, int64_t *out_ns)
{
    const char *at;
    size_t len;
    if (expect(c, GBL_T_NUM, "a number", time_expected(unit), &at, &len)) return -1;
    const char *wrong = gbl_row_time(at, len, unit, out_ns);
    if (!wrong) return 0;
    gbl_jrow_fail(c, at, "%s %s: %.*s", c->key, wrong, short_len(len), at);
    gbl_expected(c->err, "%s, from 0 to 9e%d", unit, gbl_row_time_digits(unit));
    return -1;
}

int gbl_jrow_whole(gbl_jrow *c, int64_t *out)
{
    const char *at;
    size_t len;
    if (expect(c, GBL_T_NUM, "a number", "a whole number", &at, &len)) return -1;
    if (!gbl_text_whole(at, len, out)) return 0;
    gbl_jrow_fail(c, at, "%s is not a whole number: %.*s", c->key, short_len(len), at);
    gbl_expected(c->err, "a whole number");
    return -1;
}

int gbl_jrow_text(gbl_jrow *c, const char **at, size_t *len)
{
    return expect(c, GBL_T_STR, "a string", "a \"string\"", at, len);
}

int gbl_jrow_name(gbl_jrow *c, uint64_t *out)
{
    const char *at;
    size_t len;
    enum gbl_token t = gbl_scan_next(&c->s, &at, &len, c->err);
    if (t == GBL_T_BAD) return -1;
    if (t == GBL_T_END) return cut_off(c);
    if (t == GBL_T_STR || t == GBL_T_NUM) {
        *out = gbl_hash64(at, len, t == GBL_T_NUM);
        return 0;
    }
    gbl_jrow_fail(c, at, "%s is neither a string nor a number", c->key);
    gbl_expected(c->err, "a name");
    return -1;
}

int gbl_jrow_open(gbl_jrow *c, enum gbl_token what)
{
    const char *at;
    size_t len;
    return expect(c, what, what == GBL_T_ARR ? "an array" : "an object", what == GBL_T_ARR ? "[...]" : "{...}", &at, &len);
}

int gbl_jrow_skip(gbl_jrow *c) { return gbl_scan_skip(&c->s, c->err) ? -1 : 0; }

/* ---- ids ---- */

static int id_text(const char *p, size_t len, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned d = (unsigned)(p[i] - '0');
        if (d > 9 || v > (UINT64_MAX - d) / 10) return -1;
        v = v * 10 + d;
    }
    *out = v;
    return 0;
}

/* Ids in the common writing - digits, comma, blanks - without a call for each token. Stops before anything else; what
 * it has read ends with a comma, or is nothing. */
static int32_t plain_ids(gbl_ids *m, gbl_jrow *c, int32_t n)
{
    const char *p = c->s.p;
    while (*p == ' ') p++;
    while ((size_t)n < m->room) {
        const char *q = p;
        uint64_t v = 0;
        while (q - p < 19 && *q >= '0' && *q <= '9') v = v * 10 + (uint64_t)(*q++ - '0');
        if (q == p || (*p == '0' && q - p > 1) || *q != ',') break;
        m->id[n++] = v;
        for (q++; *q == ' ';) q++;
        p = q;
    }
    c->s.p = p;
    return n;
}

int gbl_jrow_ids(gbl_jrow *c, gbl_ids *m, const char *expected)
{
    const char *at;
    size_t len;
    int32_t n = m->n;
    const int32_t first = n;
    enum gbl_token t = gbl_scan_next(&c->s, &at, &len, c->err);
    if (t != GBL_T_ARR) goto wrong;
    for (;;) {
        if (n == INT32_MAX || gbl_grow(&m->id, &m->room, (size_t)n + 1, sizeof *m->id)) return gbl_nomem(c->err, (size_t)n * sizeof *m->id), -1;
        int32_t before = n;
        n = plain_ids(m, c, n);
        if ((size_t)n == m->room) continue;
        t = gbl_scan_next(&c->s, &at, &len, c->err);
        if (t == GBL_T_ARR_END && before == n && n == first) break;
        if (t != GBL_T_NUM || id_text(at, len, &m->id[n])) goto wrong;
        n++;
        t = gbl_scan_next(&c->s, &at, &len, c->err);
        if (t == GBL_T_ARR_END) break;
        if (t != GBL_T_COMMA) goto wrong;
    }
    m->n = n;
    return 0;
wrong:
    if (t == GBL_T_BAD) return -1;
    if (t == GBL_T_END) return cut_off(c);
    gbl_jrow_fail(c, at, "%s is not an array of whole numbers", c->key);
    gbl_expected(c->err, "%s", expected);
    return -1;
}

int gbl_jrow_missing(gbl_jrow *c, const char *from, const char *const *names, int n, int k, const char *expected)
{
    const char *at, *found[32];
    char text[32][64];
    size_t len, got = 0;
    gbl_err ignored;
    gbl_scan s = c->s;
    s.p = from;
    if (gbl_scan_next(&s, &at, &len, &ignored) == GBL_T_OBJ)
        while (got < 32 && gbl_scan_key(&s, &at, &len, &ignored) == 1) {
            if (index_of(names, n, at, len) < 0 && len < sizeof text[0]) {
                memcpy(text[got], at, len);
                text[got][len] = 0;
                found[got] = text[got];
                got++;
            }
            if (gbl_scan_skip(&s, &ignored)) break;
        }
    gbl_jrow_fail(c, from == c->s.begin ? NULL : from, "missing key \"%s\"", names[k]);
    gbl_expected(c->err, "%s", expected);
    gbl_nearest(c->err, gbl_near(names[k], found, got));
    return -1;
}
