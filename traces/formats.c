/* formats.c - the table of trace formats, and how a file's first line tells which one it is. */
#include "traces/reader.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/scan.h"
#include "base/text.h"

#define KNOWN_ONLY(NAME, HELP, SIGNATURE) (&(const gbl_format){NAME, HELP, SIGNATURE, NULL, NULL, NULL})

/* Looked through from the top: a format whose words are a superset of another's stands before it. */
const gbl_format *const gbl_formats[] = {
    KNOWN_ONLY("bailian", "Alibaba Bailian JSONL: times in s, 16-token blocks, turns of a chat", "chat_id"),
    KNOWN_ONLY("aiperf", "AIPerf sessions: Mooncake rows with session_id and delay", "session_id,input_length|session_id,text_input|session_id,messages|delay"),
    KNOWN_ONLY("weka", "WEKA kv-cache-tester JSON: one agent session a line", "block_size,requests|hash_id_scope"),
    KNOWN_ONLY("llmservingsim", "LLMServingSim JSONL, flat and agentic", "input_toks|sub_requests"),
    &gbl_mooncake_format,
    &gbl_azure_format,
    KNOWN_ONLY("burstgpt", "BurstGPT CSV: times in s", "Request tokens|Response tokens"),
    KNOWN_ONLY("vidur", "vidur and etalon CSV: times in s", "num_prefill_tokens|num_decode_tokens"),
    KNOWN_ONLY("splitwise", "splitwise-sim CSV: times in s", "prompt_size,token_size"),
    KNOWN_ONLY("servegen", "ServeGen client files: rates and histograms by window", NULL),
    KNOWN_ONLY("trace_v2", "BLIS trace v2: measured runs, times in us", "trace_version|arrival_time_us"),
    NULL};

enum { MOST_WORDS = 64 };
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
    gbl_scan s = {r->first, r->first + r->first_len, r->first, gbl_lines_name(r->lines), gbl_lines_number(r->lines)};
    gbl_err ignored;
    const char *at;
    size_t len;
    if (gbl_scan_next(&s, &at, &len, &ignored) != GBL_T_OBJ) return;
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

static void list_readable(char *out, size_t size)
{
    size_t used = 0;
    out[0] = 0;
    for (const gbl_format *const *f = gbl_formats; *f; f++)
        if ((*f)->open && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", (*f)->name);
}

static int cannot_read(const gbl_format *f, gbl_err *err)
{
    char readable[256];
    list_readable(readable, sizeof readable);
    gbl_fail(err, GBL_EINPUT, "trace format %s is known but cannot be read yet", f->name);
    return gbl_expected(err, "a trace in one of these formats: %s", readable);
}

int gbl_format_find(const gbl_format **out, const char *name, gbl_err *err)
{
    const char *known[32];
    size_t n = 0;
    for (const gbl_format *const *f = gbl_formats; *f; f++) {
        if (!strcmp((*f)->name, name)) {
            *out = *f;
            return (*f)->open ? 0 : cannot_read(*f, err);
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
        if (((unsigned char)p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f) return 0;
    return 1;
}

int gbl_format_sniff(const gbl_format **out, const gbl_rows *r, gbl_err *err)
{
    words w = {.n = 0};
    const char *p = r->first;
    if (is_text(p, r->first_len)) {
        while (*p == ' ' || *p == '\t') p++;
        if (*p == '{') object_words(&w, r);
        else column_words(&w, r);
        for (const gbl_format *const *f = gbl_formats; *f; f++) {
            if (!matches(&w, (*f)->signature)) continue;
            *out = *f;
            if ((*f)->open) return 0;
            cannot_read(*f, err);
            return gbl_where(err, "%s:%lld", gbl_lines_name(r->lines), (long long)gbl_lines_number(r->lines));
        }
    }
    gbl_rows_fail(r, 0, err, is_text(r->first, r->first_len) ? "not a trace in a known format" : "not a text file");
    return gbl_expected(err, "mooncake (JSON lines with timestamp, input_length, output_length) or azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens)");
}

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
    const char *name = gbl_lines_name(r->lines);
    long long line = (long long)gbl_lines_number(r->lines);
    if (col) gbl_where(err, "%s:%lld:%zu", name, line, col);
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

int gbl_row_split(const char *line, size_t len, const char **at, size_t *field_len, int most)
{
    int n = 0;
    for (const char *p = line, *end = line + len;;) {
        const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end, *from = p;
        while (from < stop && (*from == ' ' || *from == '\t')) from++;
        while (stop > from && (stop[-1] == ' ' || stop[-1] == '\t')) stop--;
        if (stop - from >= 2 && *from == '"' && stop[-1] == '"') { from++; stop--; }
        if (n < most) {
            at[n] = from;
            field_len[n] = (size_t)(stop - from);
        }
        n++;
        if (!comma) return n;
        p = comma + 1;
    }
}
