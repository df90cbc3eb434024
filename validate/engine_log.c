/* engine_log.c - see engine_log.h. */
#include "validate/engine_log.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/text.h"

enum { FIELDS_MOST = 256, NAMES_MOST = 4096 };
static const double longest_s = 1e9; /* of a time in a log */

typedef struct reader {
    const gbl_engine_spec *s;
    gbl_engine_log *log;
    gbl_lines *lines;
    char *field[FIELDS_MOST];
    int n_fields, n_header;
    int at[GBL_EC_N]; /* field of each column, -1: none */
    gbl_err *err;
} reader;

/* Splits a row in place at its commas, quoted fields (RFC 4180) unquoted; returns the number of fields, -1 for too many. */
static int split(char *p, char **field)
{
    int n = 0;
    for (;;) {
        char *out = p, *to = p;
        if (n == FIELDS_MOST) return -1;
        field[n++] = out;
        int quoted = *p == '"';
        if (quoted) p++;
        while (*p && (quoted || *p != ',')) {
            if (quoted && *p == '"' && p[1] != '"') {
                quoted = 0;
                p++;
                continue;
            }
            if (quoted && *p == '"') p++;
            *to++ = *p++;
        }
        int more = *p == ',';
        *to = 0;
        if (!more) return n;
        p++;
    }
}

static int fail(const reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(const reader *r, const char *fmt, ...)
{
    char what[sizeof r->err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    gbl_fail(r->err, GBL_EINPUT, "%s", what);
    return gbl_where(r->err, "%s:%lld", gbl_lines_name(r->lines), (long long)gbl_lines_number(r->lines));
}

static int find_column(reader *r, const char *name, const char *what, int *out)
{
    *out = -1;
    for (int i = 0; i < r->n_header; i++) {
        if (strcmp(r->field[i], name)) continue;
        if (*out >= 0) {
            fail(r, "column '%s' is there twice", name);
            return gbl_expected(r->err, "each column once");
        }
        *out = i;
    }
    if (*out >= 0) return 0;
    char place[300];
    snprintf(place, sizeof place, "%s", gbl_doc_name(r->s->doc));
    fail(r, "there is no column '%s'", name);
    gbl_expected(r->err, "the column that %s names for %s", place, what);
    return gbl_nearest(r->err, gbl_near(name, (const char *const *)r->field, (size_t)r->n_header));
}

/* Opens a CSV file and reads its header. */
static int open_csv(reader *r, const char *path)
{
    char *line;
    size_t len;
    if (gbl_lines_open(&r->lines, path, r->err)) return r->err->code;
    int got = gbl_lines_next(r->lines, &line, &len, r->err);
    if (got < 0) return r->err->code;
    if (!got) {
        fail(r, "the file is empty");
        return gbl_expected(r->err, "a header line with the columns' names, then rows");
    }
    if (len >= 3 && !memcmp(line, "\xef\xbb\xbf", 3)) line += 3;
    char *copy = gbl_arena_text(r->log->arena, line);
    if (!copy) return gbl_nomem(r->err, len);
    r->n_header = split(copy, r->field);
    if (r->n_header < 0) return fail(r, "more than %d columns", FIELDS_MOST);
    return 0;
}

/* 1: a row with as many fields as the header; 0: end; -1: error. Blank lines are passed over. */
static int next_row(reader *r)
{
    char *line;
    size_t len;
    do {
        int got = gbl_lines_next(r->lines, &line, &len, r->err);
        if (got <= 0) return got;
    } while (!len);
    r->n_fields = split(line, r->field);
    if (r->n_fields == r->n_header) return 1;
    if (r->n_fields < 0) fail(r, "more than %d fields", FIELDS_MOST);
    else fail(r, "a row of %d fields under a header of %d", r->n_fields, r->n_header);
    gbl_expected(r->err, "as many fields as the header has columns");
    return -1;
}

static const char *cell(const reader *r, int c)
{
    return r->at[c] < 0 ? NULL : r->field[r->at[c]];
}

static int bad_cell(const reader *r, int c, const char *expected)
{
    fail(r, "column '%s' (%s) holds '%.40s'", r->s->col[c].name, gbl_engine_column_key((enum gbl_engine_column)c), cell(r, c));
    return gbl_expected(r->err, "%s", expected);
}

static int count(const reader *r, int c, int64_t least, int64_t *out)
{
    const char *text = cell(r, c);
    char expected[64];
    if (!text) return 0;
    if (!gbl_text_whole(text, strlen(text), out) && *out >= least && *out <= 1000000000) return 0;
    snprintf(expected, sizeof expected, "a whole number from %lld to 1000000000", (long long)least);
    return bad_cell(r, c, expected);
}

/* An empty cell is a time that was not measured. */
static int duration(const reader *r, int c, double *out)
{
    const char *text = cell(r, c);
    *out = NAN;
    if (!text || !*text) return 0;
    if (gbl_text_real(text, strlen(text), out)) return bad_cell(r, c, "a time, or nothing");
    *out *= r->s->col[c].unit_s;
    return *out >= 0 && *out <= longest_s ? 0 : bad_cell(r, c, "a time from 0 to 1e9 s");
}

static int name_of(const reader *r, int c, gbl_engine_names *names, int32_t *out)
{
    const char *text = cell(r, c);
    if (!text) text = "";
    for (size_t i = names->n; i-- > 0;)
        if (!strcmp(names->name[i], text)) {
            *out = (int32_t)i;
            return 0;
        }
    if (names->n == NAMES_MOST) return fail(r, "more than %d different words in column '%s'", NAMES_MOST, r->s->col[c].name);
    if (gbl_grow(&names->name, &names->room, names->n + 1, sizeof *names->name)) return gbl_nomem(r->err, 64);
    names->name[names->n] = gbl_arena_text(r->log->arena, text);
    if (!names->name[names->n]) return gbl_nomem(r->err, 64);
    *out = (int32_t)names->n++;
    return 0;
}

/* The third of ttft, tpot, e2e follows from two; all three must agree. */
static int complete(const reader *r, gbl_engine_row *w)
{
    double more = (double)(w->output - 1);
    if (w->e2e_s < w->ttft_s) {
        fail(r, "e2e %.6g ms is below ttft %.6g ms", w->e2e_s * 1e3, w->ttft_s * 1e3);
        return gbl_expected(r->err, "e2e from the same start as ttft, and never shorter");
    }
    if (w->output == 1) {
        w->tpot_s = NAN;
        if (isnan(w->ttft_s)) w->ttft_s = w->e2e_s;
        if (isnan(w->e2e_s)) w->e2e_s = w->ttft_s;
        return 0;
    }
    double tpot = (w->e2e_s - w->ttft_s) / more;
    if (!isnan(tpot) && fabs(tpot - w->tpot_s) > 0.01 * tpot + 10e-6) {
        fail(r, "tpot %.6g ms contradicts the row: (e2e - ttft)/(output - 1) is %.6g ms", w->tpot_s * 1e3, tpot * 1e3);
        return gbl_expected(r->err, "the same tpot within 1 %%: is this the column of the true output tokens?");
    }
    if (isnan(w->tpot_s)) w->tpot_s = tpot;
    if (isnan(w->e2e_s)) w->e2e_s = w->ttft_s + w->tpot_s * more;
    if (isnan(w->ttft_s)) w->ttft_s = w->e2e_s - w->tpot_s * more;
    if (w->ttft_s >= 0 || isnan(w->ttft_s)) return 0;
    return fail(r, "tpot x (output - 1) is longer than e2e");
}

static int gaps(const reader *r, int32_t run)
{
    const char *p = cell(r, GBL_EC_ITL);
    gbl_engine_log *l = r->log;
    while (p && *(p += strspn(p, " "))) {
        size_t n = strcspn(p, " ");
        double v;
        if (gbl_text_real(p, n, &v) || !(v >= 0)) return bad_cell(r, GBL_EC_ITL, "times with blanks between");
        if (gbl_grow(&l->gap, &l->gap_room, l->n_gaps + 1, sizeof *l->gap)) return gbl_nomem(r->err, 64);
        l->gap[l->n_gaps++] = (gbl_engine_gap){run, v * r->s->col[GBL_EC_ITL].unit_s};
        p += n;
    }
    return 0;
}

static int read_row(const reader *r, gbl_engine_row *w)
{
    double arrival_s;
    *w = (gbl_engine_row){.line = gbl_lines_number(r->lines), .tp = 1};
    int least = r->s->kind == GBL_ENGINE_POINTS ? 2 : 1; /* a point is known by its tpot */
    if (count(r, GBL_EC_INPUT, 1, &w->input) || count(r, GBL_EC_OUTPUT, least, &w->output) ||
        count(r, GBL_EC_CONCURRENCY, 1, &w->concurrency) || count(r, GBL_EC_TP, 1, &w->tp))
        return r->err->code;
    if (duration(r, GBL_EC_ARRIVAL, &arrival_s) || duration(r, GBL_EC_TTFT, &w->ttft_s) || duration(r, GBL_EC_TPOT, &w->tpot_s) ||
        duration(r, GBL_EC_E2E, &w->e2e_s))
        return r->err->code;
    if (r->at[GBL_EC_ARRIVAL] >= 0 && isnan(arrival_s)) return bad_cell(r, GBL_EC_ARRIVAL, "a time");
    if (!isnan(arrival_s)) w->arrival_ns = (int64_t)floor(arrival_s * 1e9 + 0.5);
    if (name_of(r, GBL_EC_RUN, &r->log->run, &w->run) || name_of(r, GBL_EC_PART, &r->log->part, &w->part)) return r->err->code;
    const char *prompt = cell(r, GBL_EC_PROMPT), *key = cell(r, GBL_EC_KEY);
    if (prompt) w->prompt = gbl_hash64(prompt, strlen(prompt), 1);
    if (key && !(w->key = gbl_arena_text(r->log->arena, key))) return gbl_nomem(r->err, 64);
    if (r->s->kind == GBL_ENGINE_REQUESTS && complete(r, w)) return r->err->code;
    return gaps(r, w->run);
}

static int read_rows(reader *r)
{
    gbl_engine_log *l = r->log;
    int got;
    for (int c = 0; c < GBL_EC_N; c++) {
        r->at[c] = -1;
        if (r->s->col[c].name && find_column(r, r->s->col[c].name, gbl_engine_column_key((enum gbl_engine_column)c), &r->at[c]))
            return r->err->code;
    }
    while ((got = next_row(r)) == 1) {
        if (r->at[GBL_EC_OK] >= 0 && strcmp(cell(r, GBL_EC_OK), r->s->ok_is)) {
            l->left_out++;
            continue;
        }
        if (gbl_grow(&l->row, &l->room, l->n + 1, sizeof *l->row)) return gbl_nomem(r->err, l->n * sizeof *l->row);
        if (read_row(r, &l->row[l->n])) return r->err->code;
        l->n++;
    }
    if (got < 0) return r->err->code;
    if (l->n) return 0;
    fail(r, l->left_out ? "not one row is ok" : "the file has no rows");
    return gbl_expected(r->err, "at least one row under the header");
}

static int chain(reader *r, const char *text, gbl_engine_row *w)
{
    size_t most = strlen(text) / 2 + 1;
    w->ids = gbl_arena_take(r->log->arena, most * sizeof *w->ids);
    if (!w->ids) return gbl_nomem(r->err, most * sizeof *w->ids);
    for (const char *p = text; *(p += strspn(p, " "));) {
        size_t n = strcspn(p, " ");
        int64_t id;
        if (gbl_text_int(p, n, &id) || id < 0) {
            fail(r, "'%.*s' is no block id", (int)(n < 40 ? n : 40), p);
            return gbl_expected(r->err, "whole numbers with blanks between");
        }
        w->ids[w->n_ids++] = (uint64_t)id;
        p += n;
    }
    return 0;
}

/* The blocks' file must have the log's rows in the log's order. */
static int read_ids(reader *r, const char *data)
{
    gbl_engine_log *l = r->log;
    int at_key, at_ids, got;
    size_t i = 0;
    if (open_csv(r, gbl_engine_spec_path(r->s, data, r->s->ids_file)) || find_column(r, r->s->col[GBL_EC_KEY].name, "key", &at_key) ||
        find_column(r, r->s->ids_column, "ids", &at_ids))
        return r->err->code;
    while ((got = next_row(r)) == 1) {
        if (i == l->n || strcmp(l->row[i].key, r->field[at_key])) {
            fail(r, "the row of '%.40s' is not the log's row %zu", r->field[at_key], i + 1);
            return gbl_expected(r->err, "the rows of %s in the same order", r->s->file);
        }
        if (chain(r, r->field[at_ids], &l->row[i++])) return r->err->code;
    }
    if (got < 0) return r->err->code;
    if (i == l->n) return 0;
    fail(r, "the file ends after %zu of %zu rows", i, l->n);
    return gbl_expected(r->err, "the rows of %s in the same order", r->s->file);
}

/* Points have no arrival: by degree, lengths, concurrency. */
static int by_arrival(const void *a, const void *b)
{
    const gbl_engine_row *x = a, *y = b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    if (x->arrival_ns != y->arrival_ns) return x->arrival_ns < y->arrival_ns ? -1 : 1;
    if (x->concurrency && x->tp != y->tp) return x->tp < y->tp ? -1 : 1;
    if (x->concurrency && x->input != y->input) return x->input < y->input ? -1 : 1;
    if (x->concurrency && x->output != y->output) return x->output < y->output ? -1 : 1;
    if (x->concurrency != y->concurrency) return x->concurrency < y->concurrency ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

int gbl_engine_log_read(gbl_engine_log *out, const gbl_engine_spec *s, const char *data, gbl_err *err)
{
    *out = (gbl_engine_log){.arena = gbl_arena_new()};
    if (!out->arena) return gbl_nomem(err, 64);
    reader *r = gbl_alloc(1, sizeof *r);
    int code = r ? 0 : gbl_nomem(err, sizeof *r);
    if (r) {
        r->s = s;
        r->log = out;
        r->err = err;
        const char *path = gbl_engine_spec_path(s, data, s->file);
        code = s->bench ? gbl_engine_bench_read(out, path, err) : open_csv(r, path);
    }
    if (!code && !s->bench) code = read_rows(r);
    if (!code && s->kind == GBL_ENGINE_HITS) {
        gbl_lines_close(r->lines);
        r->lines = NULL;
        code = read_ids(r, data);
    }
    if (r && r->lines) gbl_lines_close(r->lines);
    gbl_free(r);
    if (!code) qsort(out->row, out->n, sizeof *out->row, by_arrival);
    else gbl_engine_log_fini(out);
    return code;
}

void gbl_engine_log_fini(gbl_engine_log *l)
{
    gbl_free(l->row);
    gbl_free(l->run.name);
    gbl_free(l->part.name);
    gbl_free(l->gap);
    if (l->arena) gbl_arena_free(l->arena);
    *l = (gbl_engine_log){0};
}
