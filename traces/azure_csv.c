/* azure_csv.c - CSV of the Azure Public Dataset: TIMESTAMP,ContextTokens,GeneratedTokens with wall-clock times.
 *
 * Dialects: 2023 (CRLF, 7 fractional digits, no zone), 2024 (fraction optional, offset), LMM 2025 (NumImages, T and Z).
 * Columns go by name; others are skipped. A time without a zone is taken as UTC. Format as of
 * github.com/Azure/AzurePublicDataset (AzureLLMInferenceDataset2023.md, ...2024.md, AzureLMMInferenceDataset2025.md). */
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "traces/reader.h"

enum { TIMESTAMP, INPUT, OUTPUT, COLUMNS };
enum { MOST_FIELDS = 256 };
static const char *const column_names[COLUMNS] = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"};

typedef struct azure {
    int where[COLUMNS]; /* field number, -1 while unknown */
    int n;              /* fields of the header */
    const char *at[MOST_FIELDS];
    size_t len[MOST_FIELDS];
} azure;

static int missing(const azure *z, int k, const gbl_rows *rows, gbl_err *err)
{
    char text[MOST_FIELDS][64];
    const char *found[MOST_FIELDS];
    size_t n = 0;
    for (int i = 0; i < z->n; i++) {
        int taken = i == z->where[TIMESTAMP] || i == z->where[INPUT] || i == z->where[OUTPUT];
        if (taken || z->len[i] >= sizeof text[0]) continue;
        memcpy(text[n], z->at[i], z->len[i]);
        text[n][z->len[i]] = 0;
        found[n] = text[n];
        n++;
    }
    gbl_rows_fail(rows, 0, err, "missing column \"%s\"", column_names[k]);
    gbl_expected(err, "a header with TIMESTAMP, ContextTokens, GeneratedTokens, in any order");
    gbl_nearest(err, gbl_near(column_names[k], found, n));
    return -1;
}

static int header(azure *z, gbl_rows *rows, gbl_err *err)
{
    char *line;
    size_t len;
    int got = gbl_rows_next(rows, &line, &len, err);
    if (got <= 0) return got ? -1 : gbl_rows_fail(rows, 0, err, "empty file");
    z->n = gbl_row_split(line, len, z->at, z->len, MOST_FIELDS);
    if (z->n > MOST_FIELDS) return gbl_rows_fail(rows, 0, err, "%d columns, more than %d", z->n, MOST_FIELDS);
    for (int k = 0; k < COLUMNS; k++) {
        z->where[k] = -1;
        for (int i = 0; i < z->n; i++) {
            if (strlen(column_names[k]) != z->len[i] || memcmp(column_names[k], z->at[i], z->len[i])) continue;
            if (z->where[k] >= 0) return gbl_rows_fail(rows, (size_t)(z->at[i] - line) + 1, err, "column \"%s\" twice", column_names[k]);
            z->where[k] = i;
        }
    }
    for (int k = 0; k < COLUMNS; k++)
        if (z->where[k] < 0) return missing(z, k, rows, err);
    return 0;
}

static void azure_close(void *state) { gbl_free(state); }

static int azure_open(void **state, gbl_rows *rows, gbl_err *err)
{
    *state = gbl_alloc(1, sizeof(azure));
    if (!*state) return gbl_nomem(err, sizeof(azure));
    return header(*state, rows, err) ? err->code : 0;
}

/* n digits at *p as a number; -1 where they are none. */
static int digits(const char **p, int n)
{
    int v = 0;
    for (; n; n--, ++*p) {
        if (**p < '0' || **p > '9') return -1;
        v = v * 10 + (**p - '0');
    }
    return v;
}

/* Days from 1970-01-01 (civil calendar; H. Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days(int y, int m, int d)
{
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int month_days(int y, int m)
{
    static const int of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && ((y % 4 == 0 && y % 100) || y % 400 == 0) ? 29 : of[m - 1];
}

/* "", "Z", "+hh:mm", "-hhmm" or "+hh": the offset in s; -1 where it is none of these. */
static int zone(const char *p, int64_t *out)
{
    *out = 0;
    if (!*p || ((*p == 'Z' || *p == 'z') && !p[1])) return 0;
    int sign = *p == '+' ? 1 : *p == '-' ? -1 : 0, m = 0;
    if (!sign) return -1;
    p++;
    int h = digits(&p, 2);
    if (h >= 0 && *p == ':') p++;
    if (h >= 0 && *p) m = digits(&p, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59 || *p) return -1;
    *out = sign * (h * 3600 + m * 60);
    return 0;
}

/* "2023-11-16 18:15:46.6805900[zone]" as ns from 1970; -1 where it is no such time of 1970..2261. */
static int wall_clock(const char *p, int64_t *out)
{
    int y = digits(&p, 4);
    if (y < 1970 || y > 2261 || *p++ != '-') return -1;
    int mo = digits(&p, 2);
    if (mo < 1 || mo > 12 || *p++ != '-') return -1;
    int d = digits(&p, 2);
    if (d < 1 || d > month_days(y, mo) || (*p != ' ' && *p != 'T')) return -1;
    p++;
    int h = digits(&p, 2);
    if (h < 0 || h > 23 || *p++ != ':') return -1;
    int mi = digits(&p, 2);
    if (mi < 0 || mi > 59 || *p++ != ':') return -1;
    int s = digits(&p, 2);
    if (s < 0 || s > 60) return -1; /* 60: a leap second */
    int64_t ns = 0, offset;
    if (*p == '.') {
        if (p[1] < '0' || p[1] > '9') return -1;
        int64_t unit = 100000000;
        for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10) ns += (*p - '0') * unit;
    }
    if (zone(p, &offset)) return -1;
    int64_t seconds = days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset;
    if (seconds < 0) return -1;
    *out = seconds * 1000000000 + ns;
    return 0;
}

static int arrival(const azure *z, const char *line, const gbl_rows *rows, int64_t *out, gbl_err *err)
{
    int i = z->where[TIMESTAMP];
    size_t col = (size_t)(z->at[i] - line) + 1;
    char text[64];
    if (z->len[i] < sizeof text) {
        memcpy(text, z->at[i], z->len[i]);
        text[z->len[i]] = 0;
        if (!wall_clock(text, out)) return 0;
        if (!strcmp(text, "XXX")) {
            gbl_rows_fail(rows, col, err, "the trace has no arrival times: TIMESTAMP is XXX");
            gbl_expected(err, "arrivals from a generator: \"generate\": {\"arrival\": {\"use\": \"poisson\", \"rate_s\": 1}, "
                              "\"input\": {\"use\": \"file\", \"file\": \"%.200s\", \"column\": \"ContextTokens\"}, ...}",
                         gbl_lines_name(rows->lines));
            return -1;
        }
    }
    gbl_rows_fail(rows, col, err, "TIMESTAMP is not a time: %.*s", (int)(z->len[i] < 60 ? z->len[i] : 60), z->at[i]);
    gbl_expected(err, "a time like 2023-11-16 18:15:46.6805900, with or without Z or +00:00");
    return -1;
}

static int count(const azure *z, int k, const char *line, const gbl_rows *rows, int64_t *out, gbl_err *err)
{
    int i = z->where[k];
    const char *wrong = gbl_row_count(z->at[i], z->len[i], out);
    if (!wrong) return 0;
    gbl_rows_fail(rows, (size_t)(z->at[i] - line) + 1, err, "%s %s: %.*s", column_names[k], wrong, (int)(z->len[i] < 40 ? z->len[i] : 40), z->at[i]);
    gbl_expected(err, "tokens, a whole number from 0 to %lld", (long long)GBL_ROW_TOKENS);
    return -1;
}

static int azure_next(void *state, gbl_rows *rows, gbl_record *out, gbl_err *err)
{
    azure *z = state;
    char *line;
    size_t len;
    int got = gbl_rows_next(rows, &line, &len, err);
    if (got <= 0) return got;
    int n = gbl_row_split(line, len, z->at, z->len, MOST_FIELDS);
    if (n != z->n) return gbl_rows_fail(rows, 0, err, "row has %d fields, the header %d", n, z->n);
    if (arrival(z, line, rows, &out->arrival_ns, err)) return -1;
    return count(z, INPUT, line, rows, &out->input, err) || count(z, OUTPUT, line, rows, &out->output, err) ? -1 : 1;
}

const gbl_format gbl_azure_format = {
    "azure", "Azure LLM inference CSV of 2023, 2024 and LMM 2025: TIMESTAMP, ContextTokens, GeneratedTokens",
    "ContextTokens|GeneratedTokens|TIMESTAMP", azure_open, azure_next, azure_close};
