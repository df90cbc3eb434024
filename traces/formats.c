/* formats.c - the table of trace formats, and how a file's first line tells which one it is. */
#include "traces/reader.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/scan.h"
#include "base/text.h"

/* Looked through from the top: a format whose words are a superset of another's stands before it. */
const gbl_format *const gbl_formats[] = {
    &gbl_bailian_format,
    &gbl_aiperf_format,
    &gbl_weka_format,
    &gbl_llmservingsim_format,
    &gbl_mooncake_format,
    &gbl_azure_format,
    &gbl_burstgpt_format,
    &gbl_vidur_format,
    &gbl_splitwise_format,
    &gbl_servegen_format,
    &gbl_trace_v2_format,
    &gbl_otel_format,
    &gbl_bench_serve_format,
    &gbl_tracelab_format,
    &gbl_sharegpt_format,
    NULL};

enum { MOST_WORDS = 64, MOST_DOCUMENT = 1 << 30 };
typedef struct words { /* of the first line: keys or columns */
    const char *at[MOST_WORDS];
    size_t len[MOST_WORDS];
    size_t n;
} words;

static void add_word(words *w, const char *at, size_t len)
{
    while (len && (*at == ' ' || *at == '"')) { at++; len--; }
    while (len && (at[len - 1] == ' ' || at[len - 1] == '"')) len--;
    const char *colon = len ? memchr(at, ':', len) : NULL; /* the first line of a YAML header: "trace_version: 2" */
    if (colon) len = (size_t)(colon - at);
    if (!len || w->n == MOST_WORDS) return;
    w->at[w->n] = at;
    w->len[w->n++] = len;
}

/* Keys of a JSON object as far as it can be read: what is wrong with the line is the reader's to say. */
static void object_words(words *w, const gbl_rows *r)
{
    gbl_scan s = {r->first, r->first + r->first_len, r->first, gbl_lines_name(r->lines), gbl_rows_line(r)};
    gbl_err ignored;
    const char *at;
    size_t len;
    enum gbl_token t = gbl_scan_next(&s, &at, &len, &ignored);
    if (t == GBL_T_ARR) t = gbl_scan_next(&s, &at, &len, &ignored); /* a list of objects: the first */
    if (t != GBL_T_OBJ) return;
    while (gbl_scan_key(&s, &at, &len, &ignored) == 1) {
        add_word(w, at, len);
        if (gbl_scan_skip(&s, &ignored)) return;
    }
}

static void column_words(words *w, const gbl_rows *r)
{
    const char *at = r->first, *end = r->first + r->first_len;
    while (at <= end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        add_word(w, at, (size_t)((comma ? comma : end) - at));
        if (!comma) break;
        at = comma + 1;
    }
}

static int has_word(const words *w, const char *word, size_t len)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->len[i] == len && !memcmp(w->at[i], word, len)) return 1;
    return 0;
}

static int matches(const words *w, const char *signature)
{
    int all = 1;
    for (const char *p = signature; p;) {
        size_t len = strcspn(p, ",|");
        all = all && has_word(w, p, len);
        if (p[len] == ',') {
            p += len + 1;
            continue;
        }
        if (all) return 1;
        all = 1;
        p = p[len] ? p + len + 1 : NULL;
    }
    return 0;
}

int gbl_format_reads(const gbl_format *f) { return f->next || f->turn; }

static void list_readable(char *out, size_t size)
{
    size_t used = 0;
    out[0] = 0;
    for (const gbl_format *const *f = gbl_formats; *f; f++)
        if (gbl_format_reads(*f) && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", (*f)->name);
}

int gbl_format_find(const gbl_format **out, const char *name, gbl_err *err)
{
    const char *known[32];
    size_t n = 0;
    for (const gbl_format *const *f = gbl_formats; *f; f++) {
        if (!strcmp((*f)->name, name)) {
            *out = *f;
            return 0;
        }
        known[n++] = (*f)->name;
    }
    char readable[256];
    list_readable(readable, sizeof readable);
    gbl_fail(err, GBL_EINPUT, "unknown trace format \"%s\"", name);
    gbl_expected(err, "one of: %s (left out, it is told from the content)", readable);
    return gbl_nearest(err, gbl_near(name, known, n));
}

static int is_text(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)p[i] < 0x20 && p[i] != '\t' && p[i] != '\n') || p[i] == 0x7f) return 0;
    return 1;
}

int gbl_format_sniff(const gbl_format **out, const gbl_rows *r, gbl_err *err)
{
    words w = {.n = 0};
    const char *p = r->first;
    if (is_text(p, r->first_len)) {
        while (*p == ' ' || *p == '\t') p++;
        if (*p == '{' || *p == '[') object_words(&w, r);
        else column_words(&w, r);
        for (const gbl_format *const *f = gbl_formats; *f; f++) {
            if (!(*f)->signature || !matches(&w, (*f)->signature)) continue;
            *out = *f;
            return 0;
        }
    }
    if (has_word(&w, "t_s", 3) && has_word(&w, "rate_rps", 8)) {
        gbl_rows_fail(r, 0, err, "a curve of rates, not a trace: it says how many requests come, and nothing about each");
        return gbl_expected(err, "a generator that follows it: \"generate\": {\"arrival\": {\"use\": \"curve\", \"file\": \"%.160s\"}, ...}", gbl_lines_name(r->lines));
    }
    gbl_rows_fail(r, 0, err, is_text(r->first, r->first_len) ? "not a trace in a known format" : "not a text file");
    return gbl_expected(err, "mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`");
}

/* An object or array whose end is not on its line. */
static int is_open(const char *p, size_t len)
{
    int64_t depth = 0;
    int quoted = 0, any = 0;
    for (size_t i = 0; i < len; i++) {
        if (quoted && p[i] == '\\') i++;
        else if (p[i] == '"') quoted = !quoted;
        else if (!quoted && (p[i] == '{' || p[i] == '[')) depth++, any = 1;
        else if (!quoted && (p[i] == '}' || p[i] == ']')) depth--;
        if (!any && p[i] != ' ' && p[i] != '\t') return 0;
    }
    return depth > 0 && !quoted;
}

static int join(gbl_rows *r, const char *line, size_t len, gbl_err *err)
{
    size_t n = 0;
    int got = 1;
    char *next = (char *)line;
    for (; got == 1; got = gbl_lines_next(r->lines, &next, &len, err)) {
        if (n + len > MOST_DOCUMENT) return gbl_rows_fail(r, 0, err, "a JSON document of more than %d MiB", MOST_DOCUMENT >> 20);
        if (gbl_grow(&r->joined, &r->joined_room, n + len + 2, 1)) return gbl_nomem(err, n + len), -1;
        memcpy(r->joined + n, next, len);
        n += len;
        r->joined[n++] = '\n';
    }
    if (got < 0) return -1;
    r->joined[n] = 0;
    r->first = r->joined;
    r->first_len = n;
    return 1;
}

int gbl_rows_first(gbl_rows *r, gbl_err *err)
{
    char *line;
    size_t len;
    int got = gbl_rows_next(r, &line, &len, err);
    if (got <= 0) return got;
    r->first_line = gbl_lines_number(r->lines);
    if (is_open(line, len)) return join(r, line, len, err);
    r->first = line;
    r->first_len = len;
    return 1;
}

void gbl_rows_close(gbl_rows *r)
{
    gbl_free(r->joined);
    gbl_lines_close(r->lines);
}

const char *gbl_rows_name(const gbl_rows *r) { return r->folder ? r->folder : gbl_lines_name(r->lines); }
int64_t gbl_rows_line(const gbl_rows *r) { return r->joined ? r->first_line : gbl_lines_number(r->lines); }

int gbl_rows_next(gbl_rows *r, char **line, size_t *len, gbl_err *err)
{
    if (r->first) {
        *line = r->first;
        *len = r->first_len;
        r->first = NULL;
        return 1;
    }
    for (;;) {
        int got = gbl_lines_next(r->lines, line, len, err);
        if (got <= 0) return got;
        if (*len >= 3 && gbl_lines_number(r->lines) == 1 && !memcmp(*line, "\xef\xbb\xbf", 3)) { /* a byte order mark */
            *line += 3;
            *len -= 3;
        }
        for (size_t i = 0; i < *len; i++)
            if ((*line)[i] != ' ' && (*line)[i] != '\t') return 1;
    }
}

int gbl_rows_fail(const gbl_rows *r, size_t col, gbl_err *err, const char *fmt, ...)
{
    char what[sizeof err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    gbl_fail(err, GBL_EINPUT, "%s", what);
    const char *name = gbl_rows_name(r);
    long long line = r->folder ? 0 : (long long)gbl_rows_line(r);
    if (!line) gbl_where(err, "%s", name);
    else if (col) gbl_where(err, "%s:%lld:%zu", name, line, col);
    else gbl_where(err, "%s:%lld", name, line);
    return -1;
}

const char *gbl_row_count(const char *at, size_t len, int64_t *out)
{
    int64_t v = 0;
    if (len && len <= 9) {
        size_t i = 0;
        for (; i < len && at[i] >= '0' && at[i] <= '9'; i++) v = v * 10 + (at[i] - '0');
        if (i == len) {
            *out = v;
            return NULL;
        }
    }
    double real;
    if (gbl_text_real(at, len, &real)) {
        int digits = 0;
        for (size_t i = 0; i < len; i++) digits += at[i] >= '0' && at[i] <= '9';
        if (!digits || strspn(at, "+-.0123456789eE") < len) return "is not a number";
        return at[0] == '-' ? "is negative" : "is too large";
    }
    if (real < 0) return "is negative";
    if (real > (double)GBL_ROW_TOKENS) return "is too large";
    v = (int64_t)real;
    if ((double)v != real) return "is not a whole number";
    *out = v;
    return NULL;
}

static const struct { const char *name; int64_t ns; } units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};

static int64_t unit_ns(const char *unit)
{
    size_t i = 0;
    while (strcmp(units[i].name, unit)) i++;
    return units[i].ns;
}

int gbl_row_time_digits(const char *unit)
{
    int digits = 18;
    for (int64_t one = unit_ns(unit); one > 1; one /= 10) digits--;
    return digits;
}

const char *gbl_row_time(const char *p, size_t len, const char *unit, int64_t *out)
{
    size_t i = 0;
    int64_t whole = 0, one = unit_ns(unit), ns = 0, part = one / 10, most = INT64_C(9000000000000000000) / one;
    for (; i < len && i < 18 && p[i] >= '0' && p[i] <= '9'; i++) whole = whole * 10 + (p[i] - '0');
    int digits = i > 0;
    if (i < len && p[i] == '.')
        for (i++; i < len && p[i] >= '0' && p[i] <= '9'; i++, part /= 10) ns += (p[i] - '0') * part;
    if (digits && i == len && whole < most) {
        *out = whole * one + ns;
        return NULL;
    }
    double real; /* an exponent, a sign or many digits */
    if (gbl_text_real(p, len, &real)) return len && strspn(p, "+-.0123456789eE") >= len ? "is too large" : "is not a number";
    if (real < 0) return "is negative";
    if (real >= 9e18 / (double)one) return "is too large";
    *out = (int64_t)floor(real * (double)one + 0.5);
    return NULL;
}

static const char *comma_from(const char *p, const char *end)
{
    const char *comma = p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
    return comma ? comma : end;
}

/* Where the field that starts at p ends: at its comma, or the row's end. A quoted one ends behind its closing quote. */
static const char *field_end(const char *p, const char *end)
{
    if (p < end && *p == '"')
        for (const char *q = p + 1; q < end; q++) {
            if (*q != '"') continue;
            if (q + 1 < end && q[1] == '"') q++; /* a doubled quote stands for one */
            else return comma_from(q, end);
        }
    return comma_from(p, end);
}

int gbl_row_split(const char *line, size_t len, const char **at, size_t *field_len, int most)
{
    int n = 0;
    for (const char *p = line, *end = line + len;;) {
        while (p < end && (*p == ' ' || *p == '\t')) p++;
        const char *after = field_end(p, end), *from = p, *stop = after;
        while (stop > from && (stop[-1] == ' ' || stop[-1] == '\t')) stop--;
        if (stop - from >= 2 && *from == '"' && stop[-1] == '"') { from++; stop--; }
        if (n < most) {
            at[n] = from;
            field_len[n] = (size_t)(stop - from);
        }
        n++;
        if (after == end) return n;
        p = after + 1;
    }
}
