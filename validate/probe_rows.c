/* probe_rows.c - see probe_rows.h. */
#include "validate/probe_rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/lines.h"
#include "base/text.h"

static const double most_us = 1e12;
static const double noisy_over = 0.05; /* of the median: the protocol's, whatever the row calls itself */

int gbl_probe_rows_init(gbl_probe_rows *p, gbl_err *err)
{
    memset(p, 0, sizeof *p);
    p->arena = gbl_arena_new();
    return p->arena ? 0 : gbl_nomem(err, sizeof *p);
}

void gbl_probe_rows_fini(gbl_probe_rows *p)
{
    gbl_free(p->row);
    if (p->arena) gbl_arena_free(p->arena);
    memset(p, 0, sizeof *p);
}

/* ---- members of a row ---- */

static const char *const known[] = {"probe", "kernel", "format", "shape", "median_us", "low_us", "high_us", "repetitions", "flops", "bytes",
                                    "cold", "checked", "noisy", "clock_mhz", "memory_clock_mhz", "temperature_c", "power_w", "throttle",
                                    "backend", "device", "driver", "cuda", "date", NULL};

static const gbl_node *need(const gbl_node *row, const char *key, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(row, key);
    if (n) return n;
    gbl_node_fail(row, err, "a row without \"%s\"", key);
    gbl_expected(err, "one measured kernel (validate/probe/PROTOCOL.md)");
    return NULL;
}

static int is_there(const gbl_node *n)
{
    return n && gbl_node_kind(n) != GBL_NULL;
}

/* A word of [a-z0-9_], or any text that is not empty. */
static int word(const gbl_node *n, int plain, gbl_arena *a, const char **out, gbl_err *err)
{
    const char *text;
    if (gbl_node_str(n, &text, err)) return err->code;
    size_t len = strlen(text);
    if (!len || len > 200 || (plain && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") != len)) {
        gbl_node_fail(n, err, "%s is no name", gbl_node_key(n));
        return gbl_expected(err, plain ? "lower-case letters, digits and _" : "a text of 1 to 200 bytes");
    }
    *out = gbl_arena_text(a, text);
    return *out ? 0 : gbl_nomem(err, len);
}

static int optional_word(const gbl_node *row, const char *key, const char *dflt, int plain, gbl_arena *a, const char **out, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(row, key);
    *out = dflt;
    return is_there(n) ? word(n, plain, a, out, err) : 0;
}

static int number(const gbl_node *n, double low, double high, double *out, gbl_err *err)
{
    if (gbl_node_real(n, out, err)) return err->code;
    if (*out >= low && *out <= high) return 0;
    gbl_node_fail(n, err, "%s is %s", gbl_node_key(n), gbl_node_text(n));
    return gbl_expected(err, "a number from %g to %g", low, high);
}

static int optional_number(const gbl_node *row, const char *key, double low, double high, double *out, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(row, key);
    *out = NAN;
    return is_there(n) ? number(n, low, high, out, err) : 0;
}

static int truth(const gbl_node *row, const char *key, uint8_t *out, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(row, key);
    *out = 0;
    if (!n) return 0;
    if (gbl_node_kind(n) != GBL_BOOL) {
        gbl_node_fail(n, err, "%s is neither true nor false", key);
        return gbl_expected(err, "true or false");
    }
    *out = (uint8_t)gbl_node_bool(n);
    return 0;
}

static int read_times(const gbl_node *row, gbl_probe_row *r, gbl_err *err)
{
    static const char *const key[] = {"median_us", "low_us", "high_us"};
    double *const to[] = {&r->us, &r->low_us, &r->high_us};
    for (int i = 0; i < 3; i++) {
        const gbl_node *n = need(row, key[i], err);
        if (!n || number(n, 1e-6, most_us, to[i], err)) return err->code;
    }
    const gbl_node *n = need(row, "repetitions", err);
    if (!n || gbl_node_int(n, &r->repetitions, err)) return err->code;
    if (r->repetitions < 1) {
        gbl_node_fail(n, err, "%lld repetitions", (long long)r->repetitions);
        return gbl_expected(err, "at least one");
    }
    r->noisy = r->high_us - r->low_us > noisy_over * r->us;
    if (r->low_us <= r->us && r->us <= r->high_us) return 0;
    gbl_node_fail(gbl_node_get(row, "median_us"), err, "the median %g lies outside its interval %g to %g", r->us, r->low_us, r->high_us);
    return gbl_expected(err, "low_us <= median_us <= high_us");
}

static int read_shape(const gbl_node *row, gbl_probe_row *r, gbl_arena *a, gbl_err *err)
{
    const gbl_node *shape = need(row, "shape", err);
    if (!shape) return err->code;
    if (gbl_node_kind(shape) != GBL_OBJECT) {
        gbl_node_fail(shape, err, "the shape is no object");
        return gbl_expected(err, "an object of numbers and words");
    }
    for (const gbl_node *n = gbl_node_first(shape); n; n = gbl_node_next(n)) {
        enum gbl_kind k = gbl_node_kind(n);
        if (k == GBL_NUMBER || k == GBL_STRING || k == GBL_BOOL) continue;
        gbl_node_fail(n, err, "a shape holds numbers, words and truths alone");
        return gbl_expected(err, "\"%.40s\": 128, say", gbl_node_key(n));
    }
    char *text = gbl_node_canonical(shape);
    r->shape = text ? gbl_arena_text(a, text) : NULL;
    gbl_free(text);
    return r->shape ? 0 : gbl_nomem(err, 0);
}

/* A stream of 4-byte elements: its bytes are those that its arrays have. */
static int check_elements(const gbl_node *row, const gbl_probe_row *r, gbl_err *err)
{
    int arrays = !strcmp(r->probe, "copy") ? 2 : !strcmp(r->probe, "triad") ? 3 : 0;
    const gbl_node *n = gbl_node_get(gbl_node_get(row, "shape"), "elements");
    if (!arrays || !n || gbl_node_kind(n) != GBL_NUMBER || isnan(r->bytes)) return 0;
    double want = 4.0 * arrays * gbl_node_num(n);
    if (fabs(r->bytes - want) <= 0.1 * want) return 0;
    gbl_node_fail(gbl_node_get(row, "bytes"), err, "bytes are %.6g; a %s of %.6g elements moves %.6g", r->bytes, r->probe, gbl_node_num(n), want);
    return gbl_expected(err, "elements of 4 bytes, read and written (validate/probe/PROTOCOL.md)");
}

/* What surrounds a measurement: only checked, to be kept with the file. */
static int read_health(const gbl_node *row, gbl_probe_row *r, gbl_err *err)
{
    static const struct { const char *key; double low, high; } number_of[] = {
        {"clock_mhz", 0, 1e6}, {"memory_clock_mhz", 0, 1e6}, {"temperature_c", -273.15, 1000}, {"power_w", 0, 1e6}};
    double v;
    uint8_t checked = 1;
    for (size_t i = 0; i < sizeof number_of / sizeof *number_of; i++)
        if (optional_number(row, number_of[i].key, number_of[i].low, number_of[i].high, &v, err)) return err->code;
    const gbl_node *t = gbl_node_get(row, "throttle"), *c = gbl_node_get(row, "checked");
    if (is_there(t) && gbl_node_kind(t) != GBL_ARRAY) {
        gbl_node_fail(t, err, "throttle is no list");
        return gbl_expected(err, "a list of reasons, or null");
    }
    r->throttled = is_there(t) && gbl_node_first(t) != NULL;
    if (c && truth(row, "checked", &checked, err)) return err->code;
    if (checked) return 0;
    gbl_node_fail(c, err, "the time of a kernel whose result was wrong");
    return gbl_expected(err, "rows that are checked");
}

/* All rows of one machine: a difference is an error at the node. */
static int same(const char **all, const gbl_node *row, const char *key, gbl_arena *a, gbl_err *err)
{
    const char *text;
    const gbl_node *n = gbl_node_get(row, key);
    if (!is_there(n)) return 0;
    if (word(n, 0, a, &text, err)) return err->code;
    if (!*all) *all = text;
    if (!strcmp(*all, text)) return 0;
    gbl_node_fail(n, err, "rows of two machines: %s \"%.60s\" after \"%.60s\"", key, text, *all);
    return gbl_expected(err, "the rows of one machine");
}

static int read_row(gbl_probe_rows *p, const gbl_node *row, gbl_probe_row *r, gbl_err *err)
{
    if (gbl_node_only(row, known, err)) return err->code;
    uint8_t said;
    const gbl_node *name = need(row, "probe", err);
    if (!name || word(name, 1, p->arena, &r->probe, err) || read_shape(row, r, p->arena, err) || read_times(row, r, err) ||
        optional_word(row, "kernel", "body", 1, p->arena, &r->kernel, err) || optional_word(row, "format", "", 1, p->arena, &r->format, err) ||
        optional_number(row, "flops", 0, 1e24, &r->flops, err) || optional_number(row, "bytes", 0, 1e24, &r->bytes, err) ||
        truth(row, "noisy", &said, err) || truth(row, "cold", &r->cold, err) || read_health(row, r, err) || !need(row, "device", err))
        return err->code;
    r->noisy |= said;
    if (check_elements(row, r, err)) return err->code;
    return same(&p->device, row, "device", p->arena, err) || same(&p->driver, row, "driver", p->arena, err) || same(&p->backend, row, "backend", p->arena, err)
               ? err->code
               : 0;
}

static int read_header(gbl_probe_rows *p, const gbl_node *n, gbl_err *err)
{
    const gbl_node *what = gbl_node_get(n, "gable");
    const char *text;
    if (gbl_node_str(what, &text, err)) return err->code;
    if (strcmp(text, "probe/1")) {
        gbl_node_fail(what, err, "a document of another kind");
        return gbl_expected(err, "\"probe/1\"");
    }
    return optional_word(n, "date", NULL, 0, p->arena, &p->date, err);
}

/* A line is a document of its own, in which it is the first. */
static void place_line(gbl_err *err, const char *name, int64_t line)
{
    char rest[sizeof err->where];
    size_t len = strlen(name);
    if (strncmp(err->where, name, len) || strncmp(err->where + len, ":1:", 3)) return;
    memcpy(rest, err->where + len + 3, strlen(err->where + len + 3) + 1);
    gbl_where(err, "%s:%lld:%s", name, (long long)line, rest);
}

int gbl_probe_rows_take(gbl_probe_rows *p, const char *name, int64_t line, const char *text, size_t len, gbl_err *err)
{
    gbl_doc *doc = NULL;
    gbl_probe_row r = {.line = line};
    int code = gbl_doc_parse(&doc, name, text, len, err);
    const gbl_node *root = code ? NULL : gbl_doc_root(doc);
    if (!code && gbl_node_kind(root) != GBL_OBJECT) {
        gbl_node_fail(root, err, "a line that is no object");
        code = gbl_expected(err, "one JSON object a line");
    }
    int header = !code && gbl_node_get(root, "gable") != NULL;
    if (!code) code = header ? read_header(p, root, err) : read_row(p, root, &r, err);
    if (code) place_line(err, name, line);
    gbl_doc_free(doc);
    if (code || header) return code;
    if (gbl_grow(&p->row, &p->room, p->n + 1, sizeof *p->row)) return gbl_nomem(err, p->n * sizeof *p->row);
    p->row[p->n++] = r;
    return 0;
}

int gbl_probe_rows_read(gbl_probe_rows *p, const char *path, gbl_err *err)
{
    gbl_lines *l = NULL;
    char *text;
    size_t len, before = p->n;
    int got = 0, code = gbl_lines_open(&l, path, err);
    while (!code && (got = gbl_lines_next(l, &text, &len, err)) == 1)
        if (strspn(text, " \t\r") != len) code = gbl_probe_rows_take(p, path, gbl_lines_number(l), text, len, err);
    if (got < 0) code = err->code;
    if (l) gbl_lines_close(l);
    if (code || p->n > before) return code;
    gbl_fail(err, GBL_EINPUT, "no row of a probe");
    gbl_where(err, "%s", path);
    return gbl_expected(err, "JSON lines as gable-probe prints them");
}

int gbl_probe_rows_is(const char *path)
{
    gbl_lines *l = NULL;
    gbl_err ignored = {0};
    char *text;
    size_t len;
    int brace = 0;
    if (!strcmp(path, "-") || gbl_lines_open(&l, path, &ignored)) return 0;
    if (gbl_lines_next(l, &text, &len, &ignored) == 1) brace = text[strspn(text, " \t")] == '{';
    gbl_lines_close(l);
    return brace;
}

/* ---- as a class stores it ---- */

/* Probes whose shapes have the columns of a class, and what else that class asks for. */
static const struct { const char *probe, *operation, *format_column; } class_of[] = {
    {"gemm", "gemm", "dtype"},         {"prefill", "prefill", "kv_cache_dtype"}, {"decode", "decode", "kv_cache_dtype"}, {"moe", "moe", "dtype"},
    {"all_reduce", "all_reduce", NULL}, {"copy", "stream", NULL},                 {"triad", "stream", NULL},              {"host_copy", "host_copy", NULL}};

/* The same kernel in the words of kernels_columns.c. */
static const char *format_word(const char *format)
{
    if (!strcmp(format, "fp8_e4m3") || !strcmp(format, "fp8")) return "fp8";
    return format;
}

static int is_pageable(const gbl_node *shape)
{
    const gbl_node *n = gbl_node_get(shape, "pinned");
    return n && (gbl_node_kind(n) == GBL_BOOL ? !gbl_node_bool(n) : gbl_node_num(n) <= 0);
}

static void class_members(gbl_json *j, const gbl_probe_row *r, size_t c, const gbl_node *shape)
{
    if (!strcmp(class_of[c].operation, "stream")) {
        gbl_json_num(j, "moved_bytes", r->bytes);
        gbl_json_int(j, "arrays", strcmp(r->probe, "triad") ? 2 : 3);
        return;
    }
    for (const gbl_node *n = gbl_node_first(shape); n; n = gbl_node_next(n)) {
        if (gbl_node_kind(n) == GBL_NUMBER) gbl_json_num(j, gbl_node_key(n), gbl_node_num(n));
        else if (gbl_node_kind(n) == GBL_STRING) gbl_json_str(j, gbl_node_key(n), gbl_node_text(n));
    }
    if (class_of[c].format_column && *r->format) gbl_json_str(j, class_of[c].format_column, format_word(r->format));
    if (!strcmp(r->probe, "decode") && r->cold && !gbl_node_get(shape, "cold")) gbl_json_int(j, "cold", 1);
    /* Nothing of the weights is in a cache that was emptied: as if as many copies as one likes were cycled through. */
    if (!strcmp(r->probe, "gemm") && r->cold && !gbl_node_get(shape, "copies")) gbl_json_int(j, "copies", 1000000);
}

static void other_members(gbl_json *j, const gbl_probe_row *r, const gbl_node *shape)
{
    gbl_json_str(j, "kernel", r->kernel);
    if (*r->format) gbl_json_str(j, "format", r->format);
    for (const gbl_node *n = gbl_node_first(shape); n; n = gbl_node_next(n)) {
        if (gbl_node_kind(n) == GBL_NUMBER) gbl_json_num(j, gbl_node_key(n), gbl_node_num(n));
        else if (gbl_node_kind(n) == GBL_BOOL) gbl_json_bool(j, gbl_node_key(n), gbl_node_bool(n));
        else gbl_json_str(j, gbl_node_key(n), gbl_node_text(n));
    }
}

const char *gbl_probe_row_stored(gbl_probe_rows *p, const gbl_probe_row *r, const char **operation, int *fits)
{
    gbl_err ignored = {0};
    gbl_doc *doc = NULL;
    size_t c = 0, n = sizeof class_of / sizeof *class_of;
    const char *out = NULL;
    while (c < n && strcmp(class_of[c].probe, r->probe)) c++;
    gbl_json *j = gbl_json_new(0);
    if (j && !gbl_doc_parse(&doc, r->probe, r->shape, strlen(r->shape), &ignored)) {
        const gbl_node *shape = gbl_doc_root(doc);
        /* A stream without bytes cannot be told from its formula, and pageable copies are the driver's business. */
        *fits = c < n && !(strcmp(class_of[c].operation, "stream") == 0 && !(r->bytes > 0)) && !is_pageable(shape);
        *operation = *fits ? class_of[c].operation : c < n && is_pageable(shape) ? gbl_arena_printf(p->arena, "%s_pageable", r->probe) : r->probe;
        gbl_json_obj(j, NULL);
        if (*fits) class_members(j, r, c, shape);
        else other_members(j, r, shape);
        gbl_json_end(j);
        const char *text = gbl_json_text(j);
        out = text ? gbl_arena_text(p->arena, text) : NULL;
    }
    gbl_doc_free(doc);
    if (j) gbl_json_free(j);
    return out;
}
