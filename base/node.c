/* node.c - reading the nodes of a document, and saying where they stand. */
#include "base/node.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

enum gbl_kind gbl_node_kind(const gbl_node *n)
{
    return (enum gbl_kind)n->kind;
}

const char *gbl_node_key(const gbl_node *n)
{
    return n->key;
}

size_t gbl_node_size(const gbl_node *n)
{
    return n->size;
}

const gbl_node *gbl_node_first(const gbl_node *n)
{
    return n->first;
}

const gbl_node *gbl_node_next(const gbl_node *n)
{
    return n->next;
}

const gbl_doc *gbl_node_doc(const gbl_node *n)
{
    return n->doc;
}

static const gbl_node *member(const gbl_node *n, const char *key, size_t len)
{
    const gbl_node *m = n->kind == GBL_OBJECT ? n->first : NULL;
    while (m != NULL && (strncmp(m->key, key, len) != 0 || m->key[len] != '\0')) m = m->next;
    return m;
}

const gbl_node *gbl_node_get(const gbl_node *n, const char *key)
{
    return n == NULL ? NULL : member(n, key, strlen(key));
}

const gbl_node *gbl_node_at(const gbl_node *n, const char *path)
{
    while (n != NULL) {
        size_t len = strcspn(path, ".");
        int64_t index;
        if (n->kind == GBL_ARRAY) {
            if (gbl_text_int(path, len, &index) != 0 || index < 0 || (uint64_t)index >= n->size) return NULL;
            for (n = n->first; index > 0; index--) n = n->next;
        } else {
            n = member(n, path, len);
        }
        if (path[len] == '\0') break;
        path += len + 1;
    }
    return n;
}

const char *gbl_node_text(const gbl_node *n)
{
    return n->text != NULL ? n->text : "";
}

int gbl_node_bool(const gbl_node *n)
{
    return n->truth;
}

double gbl_node_num(const gbl_node *n)
{
    return n->number;
}

/* ---------------------------------------------------------------- where ---- */

static size_t index_of(const gbl_node *n)
{
    size_t i = 0;
    for (const gbl_node *c = n->parent->first; c != n; c = c->next) i++;
    return i;
}

void gbl_node_path(const gbl_node *n, char *out, size_t size)
{
    const gbl_node *line[256];
    int depth = 0;
    size_t used = 0;
    for (; n->parent != NULL; n = n->parent) {
        assert(depth < 256);
        line[depth++] = n;
    }
    if (size > 0) out[0] = '\0';
    while (depth-- > 0 && used < size) {
        const gbl_node *p = line[depth];
        const char *dot = used > 0 ? "." : "";
        int n_out = p->parent->kind == GBL_ARRAY ? snprintf(out + used, size - used, "%s%zu", dot, index_of(p))
                                                 : snprintf(out + used, size - used, "%s%s", dot, p->key);
        used += (size_t)n_out;
    }
}

void gbl_node_place(const gbl_node *n, int64_t *line, int64_t *col)
{
    *line = n->set != NULL ? 0 : n->line;
    *col = n->set != NULL ? 0 : n->col;
}

static int place_at(const gbl_node *n, gbl_err *err, int line, int col)
{
    char path[sizeof err->where / 2];
    gbl_node_path(n, path, sizeof path);
    if (n->set != NULL && (path[0] == '\0' || strcmp(path, n->set) == 0)) return gbl_where(err, "--set %s", n->set);
    if (n->set != NULL) return gbl_where(err, "--set %s (%s)", n->set, path);
    const char *name = gbl_doc_name(n->doc);
    if (path[0] == '\0') return gbl_where(err, "%s:%d:%d", name, line, col);
    return gbl_where(err, "%s:%d:%d (%s)", name, line, col, path);
}

static int fail_there(const gbl_node *n, gbl_err *err, const char *what, int line, int col)
{
    gbl_fail(err, GBL_EINPUT, "%s", what);
    return place_at(n, err, line, col);
}

void gbl_node_where(const gbl_node *n, gbl_err *err)
{
    place_at(n, err, n->line, n->col);
}

int gbl_node_fail(const gbl_node *n, gbl_err *err, const char *fmt, ...)
{
    char what[sizeof err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return fail_there(n, err, what, n->line, n->col);
}

int gbl_node_fail_key(const gbl_node *n, gbl_err *err, const char *fmt, ...)
{
    char what[sizeof err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return n->key_line > 0 ? fail_there(n, err, what, n->key_line, n->key_col) : fail_there(n, err, what, n->line, n->col);
}

char *gbl_node_words(const gbl_node *n, char *out, size_t size)
{
    static const char *const kinds[] = {"null", "", "", "", "an array", "an object"};
    size_t length = strlen(gbl_node_text(n)), shown = length;
    if (length > 40) for (shown = 37; (n->text[shown] & 0xC0) == 0x80; shown--) {}
    const char *more = shown < length ? "..." : "";
    if (n->kind == GBL_BOOL) snprintf(out, size, "%s", n->truth ? "true" : "false");
    else if (n->kind == GBL_NUMBER) snprintf(out, size, "%.*s%s", (int)shown, n->text, more);
    else if (n->kind == GBL_STRING) snprintf(out, size, "\"%.*s%s\"", (int)shown, n->text, more);
    else snprintf(out, size, "%s", kinds[n->kind]);
    return out;
}

/* ---------------------------------------------------------------- typed reads ---- */

static int wrong_type(const gbl_node *n, const char *expected, gbl_err *err)
{
    char words[64];
    gbl_node_words(n, words, sizeof words);
    if (n->key[0] != '\0') gbl_node_fail(n, err, "'%s' is %s", n->key, words);
    else gbl_node_fail(n, err, "the value is %s", words);
    return gbl_expected(err, "%s", expected);
}

int gbl_node_int(const gbl_node *n, int64_t *out, gbl_err *err)
{
    int whole = n->kind == GBL_NUMBER ? gbl_text_whole(n->text, strlen(n->text), out) : -1;
    if (whole == 0) return GBL_OK;
    return wrong_type(n, whole == -2 ? "an integer within 64 bits" : "an integer", err);
}

int gbl_node_real(const gbl_node *n, double *out, gbl_err *err)
{
    if (n->kind != GBL_NUMBER) return wrong_type(n, "a number", err);
    *out = n->number;
    return GBL_OK;
}

int gbl_node_str(const gbl_node *n, const char **out, gbl_err *err)
{
    if (n->kind != GBL_STRING) return wrong_type(n, "a string", err);
    *out = n->text;
    return GBL_OK;
}

/* "one of a, b, c", cut where it grows too long for a line. */
static void one_of(const char *const *known, size_t count, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, count == 0 ? "no keys" : count == 1 ? "the key " : "one of ");
    for (size_t i = 0; i < count; i++) {
        if (used + strlen(known[i]) + 8 > size) {
            snprintf(out + used, size - used, ", ...");
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", known[i]);
    }
}

int gbl_node_only(const gbl_node *n, const char *const *known, gbl_err *err)
{
    size_t count = 0;
    char list[sizeof err->expected];
    while (known[count] != NULL) count++;
    if (n->kind != GBL_OBJECT) return wrong_type(n, "an object", err);
    for (const gbl_node *m = n->first; m != NULL; m = m->next) {
        size_t i = 0;
        while (i < count && strcmp(known[i], m->key) != 0) i++;
        if (i < count) continue;
        one_of(known, count, list, sizeof list);
        gbl_node_fail_key(m, err, "unknown key '%s'", m->key);
        gbl_expected(err, "%s", list);
        return gbl_nearest(err, gbl_near(m->key, known, count));
    }
    return GBL_OK;
}

/* ---------------------------------------------------------------- canonical text ---- */

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const gbl_node *const *)a)->key, (*(const gbl_node *const *)b)->key);
}

static int write_node(const gbl_node *n, gbl_json *j, const char *key);

static int write_sorted(const gbl_node *n, gbl_json *j)
{
    const gbl_node **list = gbl_alloc(n->size, sizeof *list);
    size_t i = 0;
    int code = 0;
    if (list == NULL) return -1;
    for (const gbl_node *m = n->first; m != NULL; m = m->next) list[i++] = m;
    if (n->size > 1) qsort(list, n->size, sizeof *list, by_key);
    for (i = 0; i < n->size && code == 0; i++) code = write_node(list[i], j, list[i]->key);
    gbl_free(list);
    return code;
}

static int write_node(const gbl_node *n, gbl_json *j, const char *key)
{
    int64_t whole;
    int code = 0;
    switch ((enum gbl_kind)n->kind) {
    case GBL_NULL: gbl_json_null(j, key); break;
    case GBL_BOOL: gbl_json_bool(j, key, n->truth); break;
    case GBL_STRING: gbl_json_str(j, key, n->text); break;
    case GBL_NUMBER:
        if (gbl_text_whole(n->text, strlen(n->text), &whole) == 0) gbl_json_int(j, key, whole);
        else if (n->number == floor(n->number) && fabs(n->number) < 0x1p63) gbl_json_int(j, key, (int64_t)n->number); /* as its own text would read */
        else gbl_json_num(j, key, n->number);
        break;
    case GBL_ARRAY:
        gbl_json_arr(j, key);
        for (const gbl_node *m = n->first; m != NULL && code == 0; m = m->next) code = write_node(m, j, NULL);
        gbl_json_end(j);
        break;
    case GBL_OBJECT:
        gbl_json_obj(j, key);
        code = write_sorted(n, j);
        gbl_json_end(j);
        break;
    }
    return code;
}

char *gbl_node_canonical(const gbl_node *n)
{
    gbl_json *j = gbl_json_new(0);
    char *out = NULL;
    if (j == NULL) return NULL;
    int code = write_node(n, j, NULL);
    const char *text = gbl_json_text(j);
    size_t size = text == NULL ? 0 : strlen(text) + 1;
    if (code == 0 && text != NULL && (out = gbl_alloc(size, 1)) != NULL) memcpy(out, text, size);
    gbl_json_free(j);
    return out;
}
