/* mooncake.c - Mooncake JSON lines: {"timestamp": ms, "input_length": tokens, "output_length": tokens, "hash_ids": [...]}.
 *
 * timestamp is ms from any origin and may have a fraction (read exactly, to the ns); hash_ids are chained ids of
 * 512-token prefix blocks, the last one maybe partial, and may be left out. Other members are skipped. Format as of
 * github.com/kvcache-ai/Mooncake (FAST25-release/traces). */
#include <math.h>
#include <string.h>
#include "base/scan.h"
#include "base/text.h"
#include "traces/reader.h"

enum { BLOCK_TOKENS = 512 };
enum { TIMESTAMP, INPUT, OUTPUT, IDS, KEYS };
static const char *const key_names[KEYS] = {"timestamp", "input_length", "output_length", "hash_ids"};

typedef struct mooncake {
    uint64_t *ids;
    size_t room;
} mooncake;

typedef struct cursor { /* in one row */
    gbl_scan s;
    const gbl_rows *rows;
    gbl_err *err;
} cursor;

static int mooncake_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    *state = gbl_alloc(1, sizeof(mooncake));
    return *state ? 0 : gbl_nomem(err, sizeof(mooncake));
}

static void mooncake_close(void *state)
{
    mooncake *m = state;
    gbl_free(m->ids);
    gbl_free(m);
}

static size_t column(const cursor *c, const char *at) { return (size_t)(at - c->s.begin) + 1; }

static int key_of(const char *at, size_t len)
{
    for (int k = 0; k < KEYS; k++)
        if (strlen(key_names[k]) == len && !memcmp(key_names[k], at, len)) return k;
    return -1;
}

static int cut_off(cursor *c)
{
    gbl_rows_fail(c->rows, column(c, c->s.end), c->err, "row ends inside its object");
    gbl_expected(c->err, "one whole JSON object a line");
    return -1;
}

/* The value of key k must be a number: its text. */
static int number(cursor *c, int k, const char **at, size_t *len)
{
    enum gbl_token t = gbl_scan_next(&c->s, at, len, c->err);
    if (t == GBL_T_NUM) return 0;
    if (t == GBL_T_BAD) return -1;
    if (t == GBL_T_END) return cut_off(c);
    gbl_rows_fail(c->rows, column(c, *at), c->err, "%s is not a number", key_names[k]);
    gbl_expected(c->err, k == TIMESTAMP ? "ms, 0 or more" : "tokens, a whole number");
    return -1;
}

static int count(cursor *c, int k, int64_t *out)
{
    const char *at;
    size_t len;
    if (number(c, k, &at, &len)) return -1;
    const char *wrong = gbl_row_count(at, len, out);
    if (!wrong) return 0;
    gbl_rows_fail(c->rows, column(c, at), c->err, "%s %s: %.*s", key_names[k], wrong, (int)(len < 40 ? len : 40), at);
    gbl_expected(c->err, "tokens, a whole number from 0 to %lld", (long long)GBL_ROW_TOKENS);
    return -1;
}

/* Milliseconds as decimal text to ns; -1 where it is no plain number below 2^63 ns. */
static int ms_to_ns(const char *p, size_t len, int64_t *out)
{
    size_t i = 0;
    int64_t ms = 0, ns = 0, unit = 100000;
    for (; i < len && i < 13 && p[i] >= '0' && p[i] <= '9'; i++) ms = ms * 10 + (p[i] - '0');
    if (i < len && p[i] == '.')
        for (i++; i < len && p[i] >= '0' && p[i] <= '9'; i++, unit /= 10) ns += (p[i] - '0') * unit;
    if (i == len && ms < INT64_C(9000000000000)) {
        *out = ms * 1000000 + ns;
        return 0;
    }
    double real; /* an exponent, a sign or many digits */
    if (gbl_text_real(p, len, &real) || real < 0 || real >= 9e12) return -1;
    *out = (int64_t)floor(real * 1e6 + 0.5);
    return 0;
}

static int timestamp(cursor *c, int64_t *out)
{
    const char *at;
    size_t len;
    if (number(c, TIMESTAMP, &at, &len)) return -1;
    if (!ms_to_ns(at, len, out)) return 0;
    gbl_rows_fail(c->rows, column(c, at), c->err, "timestamp %s: %.*s", *at == '-' ? "is negative" : "is too large", (int)(len < 40 ? len : 40), at);
    gbl_expected(c->err, "ms, from 0 to 9e12");
    return -1;
}

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
static int32_t plain_ids(mooncake *m, cursor *c, int32_t n)
{
    const char *p = c->s.p;
    while (*p == ' ') p++;
    while ((size_t)n < m->room) {
        const char *q = p;
        uint64_t v = 0;
        while (q - p < 19 && *q >= '0' && *q <= '9') v = v * 10 + (uint64_t)(*q++ - '0');
        if (q == p || (*p == '0' && q - p > 1) || *q != ',') break;
        m->ids[n++] = v;
        for (q++; *q == ' ';) q++;
        p = q;
    }
    c->s.p = p;
    return n;
}

static int ids(mooncake *m, cursor *c, int32_t *out)
{
    const char *at;
    size_t len;
    int32_t n = 0;
    enum gbl_token t = gbl_scan_next(&c->s, &at, &len, c->err);
    if (t != GBL_T_ARR) goto wrong;
    for (;;) {
        if (n == INT32_MAX || gbl_grow(&m->ids, &m->room, (size_t)n + 1, sizeof *m->ids)) return gbl_nomem(c->err, (size_t)n * sizeof *m->ids), -1;
        int32_t before = n;
        n = plain_ids(m, c, n);
        if ((size_t)n == m->room) continue;
        t = gbl_scan_next(&c->s, &at, &len, c->err);
        if (t == GBL_T_ARR_END && before == n && n == 0) break;
        if (t != GBL_T_NUM || id_text(at, len, &m->ids[n])) goto wrong;
        n++;
        t = gbl_scan_next(&c->s, &at, &len, c->err);
        if (t == GBL_T_ARR_END) break;
        if (t != GBL_T_COMMA) goto wrong;
    }
    *out = n;
    return 0;
wrong:
    if (t == GBL_T_BAD) return -1;
    if (t == GBL_T_END) return cut_off(c);
    gbl_rows_fail(c->rows, column(c, at), c->err, "hash_ids is not an array of whole numbers");
    gbl_expected(c->err, "ids of the prompt's 512-token blocks, 0 to 2^64-1");
    return -1;
}

/* The row's unknown key that looks most like `name`. */
static int missing(cursor *c, int k)
{
    const char *at, *found[32];
    char text[32][64];
    size_t len, n = 0;
    gbl_err ignored;
    gbl_scan s = c->s;
    s.p = s.begin;
    if (gbl_scan_next(&s, &at, &len, &ignored) == GBL_T_OBJ)
        while (n < 32 && gbl_scan_key(&s, &at, &len, &ignored) == 1) {
            if (key_of(at, len) < 0 && len < sizeof text[0]) {
                memcpy(text[n], at, len);
                text[n][len] = 0;
                found[n] = text[n];
                n++;
            }
            if (gbl_scan_skip(&s, &ignored)) break;
        }
    gbl_rows_fail(c->rows, 0, c->err, "missing key \"%s\"", key_names[k]);
    gbl_expected(c->err, "timestamp (ms), input_length, output_length (tokens), and hash_ids where known");
    gbl_nearest(c->err, gbl_near(key_names[k], found, n));
    return -1;
}

static int value(mooncake *m, cursor *c, int k, gbl_record *out)
{
    switch (k) {
    case TIMESTAMP: return timestamp(c, &out->arrival_ns);
    case INPUT: return count(c, INPUT, &out->input);
    case OUTPUT: return count(c, OUTPUT, &out->output);
    case IDS: return ids(m, c, &out->n_ids);
    default: return gbl_scan_skip(&c->s, c->err) ? -1 : 0;
    }
}

static int mooncake_next(void *state, gbl_rows *rows, gbl_record *out, gbl_err *err)
{
    mooncake *m = state;
    char *line;
    const char *at;
    size_t len;
    unsigned seen = 0;
    int got = gbl_rows_next(rows, &line, &len, err);
    if (got <= 0) return got;
    cursor c = {{line, line + len, line, gbl_lines_name(rows->lines), gbl_lines_number(rows->lines)}, rows, err};
    enum gbl_token t = gbl_scan_next(&c.s, &at, &len, err);
    if (t == GBL_T_BAD) return -1;
    if (t != GBL_T_OBJ) return gbl_rows_fail(rows, column(&c, at), err, "row is not a JSON object");
    while ((got = gbl_scan_key(&c.s, &at, &len, err)) == 1) {
        int k = key_of(at, len);
        if (k >= 0 && seen >> k & 1) return gbl_rows_fail(rows, column(&c, at), err, "key \"%s\" twice in one row", key_names[k]);
        if (k >= 0) seen |= 1u << k;
        if (value(m, &c, k, out)) return -1;
    }
    if (got < 0) return -1;
    t = gbl_scan_next(&c.s, &at, &len, err);
    if (t != GBL_T_END) return t == GBL_T_BAD ? -1 : gbl_rows_fail(rows, column(&c, at), err, "text after the row's object");
    for (int k = 0; k < IDS; k++)
        if (!(seen >> k & 1)) return missing(&c, k);
    out->ids = m->ids;
    out->id_tokens = out->n_ids ? BLOCK_TOKENS : 0;
    return 1;
}

const gbl_format gbl_mooncake_format = {
    "mooncake", "Mooncake JSON lines: timestamp ms, input_length, output_length, hash_ids of 512-token blocks",
    "timestamp|input_length|output_length|hash_ids", mooncake_open, mooncake_next, mooncake_close};
