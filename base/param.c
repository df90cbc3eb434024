/* param.c - binding JSON and flags onto structs by their parameter tables. Output of tables is in paramtext.c. */
#include "base/param.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/paramtext.h"
#include "base/scan.h"
#include "base/text.h"

size_t gbl_param_count(const gbl_param *rows)
{
    size_t n = 0;
    while (rows != NULL && rows[n].name != NULL) n++;
    return n;
}

const gbl_param *gbl_param_find(const gbl_param *rows, const char *name)
{
    for (; rows != NULL && rows->name != NULL; rows++)
        if (strcmp(rows->name, name) == 0) return rows;
    return NULL;
}

/* ---------------------------------------------------------------- storing ---- */

/* Structs are reached by offset, through memcpy: a table knows types, the compiler does not. */
static void store(const gbl_param *row, void *obj, const void *value, size_t size)
{
    memcpy((char *)obj + row->offset, value, size);
}

static void store_int(const gbl_param *row, void *obj, int64_t v)
{
    store(row, obj, &v, sizeof v);
}

static void store_real(const gbl_param *row, void *obj, double v)
{
    store(row, obj, &v, sizeof v);
}

static void store_word(const gbl_param *row, void *obj, int32_t v)
{
    store(row, obj, &v, sizeof v);
}

static void store_text(const gbl_param *row, void *obj, const char *v)
{
    store(row, obj, &v, sizeof v);
}

static void store_node(const gbl_param *row, void *obj, const gbl_node *v)
{
    store(row, obj, &v, sizeof v);
}

static void store_null(const gbl_param *row, void *obj)
{
    switch ((enum gbl_param_type)row->type) {
    case GBL_P_BOOL: store_word(row, obj, 0); break;
    case GBL_P_CHOICE: store_word(row, obj, -1); break;
    case GBL_P_INT: store_int(row, obj, GBL_NULL_INT); break;
    case GBL_P_REAL: store_real(row, obj, NAN); break;
    case GBL_P_STR: store_text(row, obj, NULL); break;
    case GBL_P_NODE: store_node(row, obj, NULL); break;
    }
}

/* ---------------------------------------------------------------- values ---- */

/* long double holds every int64 exactly, so limits compare exactly too. */
static int in_range(const gbl_param *row, long double v)
{
    return row->low > row->high || (v >= row->low && v <= row->high);
}

/* Index of a choice, or -1. */
static int32_t choice_of(const gbl_param *row, const char *text)
{
    size_t want = strlen(text);
    const char *p = row->choices;
    for (int32_t i = 0;; i++) {
        size_t n = strcspn(p, "|");
        if (n == want && memcmp(p, text, n) == 0) return i;
        if (p[n] == '\0') return -1;
        p += n + 1;
    }
}

static const char *near_choice(const gbl_param *row, const char *text, gbl_arena *a)
{
    const char *names[64];
    size_t count = 0;
    for (const char *p = row->choices; count < 64;) {
        size_t n = strcspn(p, "|");
        const char *name = gbl_arena_textn(a, p, n);
        if (name != NULL) names[count++] = name;
        if (p[n] == '\0') break;
        p += n + 1;
    }
    return gbl_near(text, names, count);
}

/* What went wrong with a value, before the place is known. */
enum trouble { FINE, WRONG_TYPE, OUT_OF_RANGE, NO_CHOICE };

static enum trouble put_number(const gbl_param *row, void *obj, const char *text, double real)
{
    int64_t whole;
    if (row->type == GBL_P_REAL) {
        if (!in_range(row, real)) return OUT_OF_RANGE;
        store_real(row, obj, real);
        return FINE;
    }
    int code = gbl_text_whole(text, strlen(text), &whole);
    if (code == -1) return WRONG_TYPE;
    if (code == -2 || !in_range(row, whole) || whole == GBL_NULL_INT) return OUT_OF_RANGE;
    store_int(row, obj, whole);
    return FINE;
}

static enum trouble put_choice(const gbl_param *row, void *obj, const char *text)
{
    int32_t i = choice_of(row, text);
    if (i < 0) return NO_CHOICE;
    store_word(row, obj, i);
    return FINE;
}

/* Strings stay where the document keeps them only until it is freed: they are copied into the arena. */
static int put_node(const gbl_param *row, void *obj, const gbl_node *n, gbl_arena *a, enum trouble *trouble)
{
    enum gbl_kind kind = gbl_node_kind(n);
    *trouble = WRONG_TYPE;
    if (kind == GBL_NULL && row->flags & GBL_P_NULLABLE) {
        *trouble = FINE;
        store_null(row, obj);
    } else if (row->type == GBL_P_NODE) {
        *trouble = FINE;
        store_node(row, obj, n);
    } else if (row->type == GBL_P_BOOL && kind == GBL_BOOL) {
        *trouble = FINE;
        store_word(row, obj, gbl_node_bool(n));
    } else if ((row->type == GBL_P_INT || row->type == GBL_P_REAL) && kind == GBL_NUMBER) {
        *trouble = put_number(row, obj, gbl_node_text(n), gbl_node_num(n));
    } else if (row->type == GBL_P_CHOICE && kind == GBL_STRING) {
        *trouble = put_choice(row, obj, gbl_node_text(n));
    } else if (row->type == GBL_P_STR && kind == GBL_STRING) {
        const char *text = gbl_arena_text(a, gbl_node_text(n));
        if (text == NULL) return -1;
        *trouble = FINE;
        store_text(row, obj, text);
    }
    return 0;
}

/* ---------------------------------------------------------------- documents ---- */

static int refuse(const gbl_param *row, const gbl_node *n, enum trouble trouble, gbl_arena *a, gbl_err *err)
{
    char words[64], expected[sizeof err->expected];
    gbl_node_words(n, words, sizeof words);
    if (trouble == OUT_OF_RANGE) gbl_node_fail(n, err, "'%s' is out of range: %s", row->name, words);
    else if (trouble == NO_CHOICE) gbl_node_fail(n, err, "'%s' has no choice %s", row->name, words);
    else gbl_node_fail(n, err, "'%s' is %s", row->name, words);
    gbl_expected(err, "%s", gbl_param_expected(row, expected, sizeof expected));
    return trouble == NO_CHOICE ? gbl_nearest(err, near_choice(row, gbl_node_text(n), a)) : err->code;
}

static int listed(const char *const *list, const char *name)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, name) == 0) return 1;
    return 0;
}

/* Lets gbl_node_only write the message: it knows the keys of the rows and those of somebody else. */
static int refuse_unknown(const gbl_param *rows, const gbl_node *object, const char *const *skip, gbl_err *err)
{
    size_t n = gbl_param_count(rows), skipped = 0;
    while (skip != NULL && skip[skipped] != NULL) skipped++;
    const char **known = gbl_alloc(n + skipped + 1, sizeof *known);
    if (known == NULL) return gbl_nomem(err, (n + skipped + 1) * sizeof *known);
    for (size_t i = 0; i < n; i++) known[i] = rows[i].name;
    for (size_t i = 0; i < skipped; i++) known[n + i] = skip[i];
    int code = gbl_node_only(object, known, err);
    gbl_free(known);
    assert(code != GBL_OK);
    return code;
}

const gbl_param *gbl_param_condition(const gbl_param *rows, const gbl_param *row, const char **words, int *other)
{
    size_t n = row->when != NULL ? strcspn(row->when, "!=") : 0;
    *other = n > 0 && row->when[n] == '!';
    for (; n > 0 && row->when[n + (size_t)*other] == '=' && rows->name != NULL; rows++) {
        if (strlen(rows->name) != n || memcmp(rows->name, row->when, n) != 0) continue;
        *words = row->when + n + (size_t)*other + 1;
        return rows->type == GBL_P_CHOICE || rows->flags & GBL_P_NULLABLE ? rows : NULL;
    }
    return NULL;
}

static int among(const char *words, const char *word)
{
    for (size_t n; *words != '\0'; words += n + (words[n] == '|')) {
        n = strcspn(words, "|");
        if (strlen(word) == n && memcmp(words, word, n) == 0) return 1;
    }
    return 0;
}

/* A value that nothing reads may only be the default. */
static int check_when(const gbl_param *rows, const void *obj, const gbl_node *n, gbl_err *err)
{
    for (const gbl_param *row = rows; row->name != NULL; row++) {
        const gbl_node *m = row->when != NULL ? gbl_node_get(n, row->name) : NULL;
        char now[64];
        const char *words;
        int other;
        if (m == NULL || gbl_param_is_default(row, obj)) continue;
        const gbl_param *decides = gbl_param_condition(rows, row, &words, &other);
        assert(decides != NULL && "a condition names a row of its own table");
        if (among(words, gbl_param_word(decides, obj, now, sizeof now)) != other) continue;
        gbl_node_fail(m, err, "with '%s' %s nothing would read '%s'", decides->name, now, row->name);
        return gbl_expected(err, "%s, or '%s' %s%s", row->dflt != NULL ? row->dflt : "null", decides->name, other ? "other than " : "", words);
    }
    return GBL_OK;
}

int gbl_param_bind(const gbl_param *rows, void *obj, const gbl_node *n, const char *const *skip, gbl_arena *a, gbl_err *err)
{
    if (n == NULL) return GBL_OK;
    if (gbl_node_kind(n) != GBL_OBJECT) return refuse_unknown(rows, n, skip, err);
    for (const gbl_node *m = gbl_node_first(n); m != NULL; m = gbl_node_next(m)) {
        enum trouble trouble;
        const gbl_param *row = gbl_param_find(rows, gbl_node_key(m));
        if (listed(skip, gbl_node_key(m))) continue;
        if (row == NULL) return refuse_unknown(rows, n, skip, err);
        if (put_node(row, obj, m, a, &trouble) != 0) return gbl_nomem(err, strlen(gbl_node_text(m)));
        if (trouble != FINE) return refuse(row, m, trouble, a, err);
    }
    return check_when(rows, obj, n, err);
}

/* ---------------------------------------------------------------- defaults ---- */

/* The text of a default that is a quoted string; -1: it is none, or too long. */
static int default_text(const gbl_param *row, char *out, size_t size)
{
    gbl_scan s = {.p = row->dflt, .end = row->dflt + strlen(row->dflt), .begin = row->dflt, .line = 1};
    gbl_err err;
    const char *at;
    size_t len;
    if (gbl_scan_next(&s, &at, &len, &err) != GBL_T_STR || len >= size || gbl_scan_done(&s, &err) != GBL_OK) return -1;
    return (int)gbl_scan_unescape(out, at, len);
}

int gbl_param_default_text(const gbl_param *row, char *out, size_t size)
{
    int n = default_text(row, out, size);
    assert(n >= 0 && "the default is a quoted string");
    return n;
}

/* 0, or -1 without memory. */
static int try_default(const gbl_param *row, void *obj, gbl_arena *a, enum trouble *trouble)
{
    char text[1024];
    double real = 0;
    *trouble = FINE;
    int is_true = row->dflt != NULL && strcmp(row->dflt, "true") == 0;
    if (row->dflt == NULL || strcmp(row->dflt, "null") == 0) {
        store_null(row, obj);
    } else if (row->type == GBL_P_BOOL) {
        if (!is_true && strcmp(row->dflt, "false") != 0) *trouble = WRONG_TYPE;
        store_word(row, obj, is_true);
    } else if (row->type == GBL_P_INT || row->type == GBL_P_REAL) {
        if (gbl_text_real(row->dflt, strlen(row->dflt), &real) != 0) *trouble = WRONG_TYPE;
        else *trouble = put_number(row, obj, row->dflt, real);
    } else if (row->type == GBL_P_NODE || default_text(row, text, sizeof text) < 0) {
        *trouble = WRONG_TYPE; /* a sub-document has no default but null */
    } else if (row->type == GBL_P_CHOICE) {
        *trouble = put_choice(row, obj, text);
    } else {
        const char *own = gbl_arena_text(a, text);
        if (own == NULL) return -1;
        store_text(row, obj, own);
    }
    return 0;
}

int gbl_param_default_fits(const gbl_param *row)
{
    union { int32_t word; int64_t whole; double real; const char *text; } value;
    gbl_param at_0 = *row;
    enum trouble trouble;
    at_0.offset = 0;
    gbl_arena *a = gbl_arena_new();
    int fits = a != NULL && try_default(&at_0, &value, a, &trouble) == 0 && trouble == FINE;
    gbl_arena_free(a);
    return fits;
}

static int put_default(const gbl_param *row, void *obj, gbl_arena *a)
{
    enum trouble trouble;
    int code = try_default(row, obj, a, &trouble);
    assert((code != 0 || trouble == FINE) && "a default is a valid value of its own row");
    return code;
}

int gbl_param_defaults(const gbl_param *rows, void *obj, gbl_arena *a, gbl_err *err)
{
    for (; rows != NULL && rows->name != NULL; rows++)
        if (put_default(rows, obj, a) != 0) return gbl_nomem(err, 0);
    return GBL_OK;
}

/* ---------------------------------------------------------------- flags ---- */

static int32_t truth_of(const char *text)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (int32_t i = 0; i < 8; i++)
        if (strcmp(text, words[i]) == 0) return i & 1;
    return -1;
}

static int unknown_flag(const gbl_param *rows, const char *name, const char *flag, gbl_err *err)
{
    size_t n = gbl_param_count(rows);
    const char **known = gbl_alloc(n + 1, sizeof *known);
    if (known == NULL) return gbl_nomem(err, n * sizeof *known);
    for (size_t i = 0; i < n; i++) known[i] = rows[i].name;
    gbl_fail(err, GBL_EINPUT, "unknown parameter '%s'", name);
    gbl_where(err, "%s", flag);
    gbl_nearest(err, gbl_near(name, known, n));
    gbl_free(known);
    return err->code;
}

int gbl_param_flag(const gbl_param *rows, void *obj, const char *name, const char *text, const char *flag, gbl_arena *a, gbl_err *err)
{
    const gbl_param *row = gbl_param_find(rows, name);
    enum trouble trouble = WRONG_TYPE;
    double real;
    if (row == NULL) return unknown_flag(rows, name, flag, err);
    if (row->type == GBL_P_STR) {
        const char *own = gbl_arena_text(a, text);
        if (own == NULL) return gbl_nomem(err, strlen(text));
        store_text(row, obj, own);
        trouble = FINE;
    } else if (row->flags & GBL_P_NULLABLE && strcmp(text, "null") == 0) {
        store_null(row, obj);
        trouble = FINE;
    } else if (row->type == GBL_P_BOOL && truth_of(text) >= 0) {
        store_word(row, obj, truth_of(text));
        trouble = FINE;
    } else if (row->type == GBL_P_CHOICE) {
        trouble = put_choice(row, obj, text);
    } else if ((row->type == GBL_P_INT || row->type == GBL_P_REAL) && gbl_text_real(text, strlen(text), &real) == 0) {
        trouble = put_number(row, obj, text, real);
    }
    if (trouble == FINE) return GBL_OK;
    char expected[sizeof err->expected];
    gbl_fail(err, GBL_EINPUT, trouble == OUT_OF_RANGE ? "'%s' is out of range: %s" : trouble == NO_CHOICE ? "'%s' has no choice '%s'" : "'%s' is '%s'", name, text);
    gbl_where(err, "%s", flag);
    gbl_expected(err, "%s", gbl_param_expected(row, expected, sizeof expected));
    return trouble == NO_CHOICE ? gbl_nearest(err, near_choice(row, text, a)) : err->code;
}
