/* doc.c - a document: text checked and measured by scan.c, tree from cJSON, positions joined to it.
 *
 * The first pass walks the grammar and notes, in the order of the text, where each value (and its key) stands. cJSON
 * builds its tree in the same order, so a second walk in lockstep makes our nodes. Numbers are read from their own
 * text, which stays in the document's copy of it: cJSON would round big integers. */
#include "base/doc.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/lines.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/node.h"
#include "base/scan.h"
#include "base/text.h"

enum { BYTES_MOST = 64 << 20, VALUES_MOST = 4 << 20, PATH_MOST = 64, FEW_KEYS = 16 };

/* One text and the tree made of it; a document has one for its file and one for each gbl_doc_set. */
typedef struct tree {
    struct tree *next;
    char *text;
    cJSON *root;
    gbl_node *nodes;
} tree;

struct gbl_doc {
    char *name, *folder;
    gbl_arena *arena; /* keys and paths made by gbl_doc_set */
    tree *trees;
    gbl_node *root;
};

/* ---------------------------------------------------------------- first pass ---- */

/* Where a value stands, and its number's text. */
typedef struct place {
    int32_t line, col, key_line, key_col;
    uint32_t number, number_length; /* offset; length 0: no number */
} place;

typedef struct survey {
    gbl_scan scan;
    place *places;
    size_t n, room;
    const char *counted; /* lines and columns are known up to here */
    int32_t line, col;
    gbl_err *err;
} survey;

static void advance(survey *s, const char *to)
{
    for (const char *p = s->counted; p < to; p++) {
        if (*p == '\n') s->line++, s->col = 1;
        else s->col += ((unsigned char)*p & 0xC0) != 0x80;
    }
    s->counted = to;
}

/* Puts down the value that starts at `at`, its key's place already in `p`. */
static int note(survey *s, place p, const char *at, size_t number_length)
{
    advance(s, at);
    p.line = s->line;
    p.col = s->col;
    p.number = (uint32_t)(at - s->scan.begin);
    p.number_length = (uint32_t)number_length;
    if (s->n == VALUES_MOST) {
        gbl_scan_fail(&s->scan, at, s->err, "more than %d values in one document", (int)VALUES_MOST);
        return gbl_expected(s->err, "a smaller document");
    }
    if (gbl_grow(&s->places, &s->room, s->n + 1, sizeof *s->places) != 0) return gbl_nomem(s->err, (s->n + 1) * sizeof *s->places);
    s->places[s->n++] = p;
    return GBL_OK;
}

static int survey_value(survey *s, place p, int depth);

static int survey_members(survey *s, enum gbl_token open, int depth)
{
    for (;;) {
        place p = {0};
        int more;
        if (open == GBL_T_OBJ) {
            const char *key;
            size_t len;
            more = gbl_scan_key(&s->scan, &key, &len, s->err);
            if (more == 1) {
                advance(s, key - 1); /* the quote */
                p.key_line = s->line;
                p.key_col = s->col;
            }
        } else {
            more = gbl_scan_item(&s->scan, s->err);
        }
        if (more <= 0) return more == 0 ? GBL_OK : s->err->code;
        int code = survey_value(s, p, depth);
        if (code != GBL_OK) return code;
    }
}

static int survey_value(survey *s, place p, int depth)
{
    const char *at;
    size_t len;
    enum gbl_token t = gbl_scan_next(&s->scan, &at, &len, s->err);
    if (t == GBL_T_BAD) return s->err->code;
    if (t != GBL_T_OBJ && t != GBL_T_ARR && t < GBL_T_STR) {
        if (t == GBL_T_END) gbl_scan_fail(&s->scan, at, s->err, "unexpected end of the text");
        else gbl_scan_fail(&s->scan, at, s->err, "unexpected '%c'", *at);
        return gbl_expected(s->err, "a value");
    }
    if (depth == GBL_DEPTH && (t == GBL_T_OBJ || t == GBL_T_ARR)) {
        gbl_scan_fail(&s->scan, at, s->err, "nested too deep");
        return gbl_expected(s->err, "at most %d levels", (int)GBL_DEPTH);
    }
    int code = note(s, p, t == GBL_T_STR ? at - 1 : at, t == GBL_T_NUM ? len : 0);
    if (code != GBL_OK || (t != GBL_T_OBJ && t != GBL_T_ARR)) return code;
    return survey_members(s, t, depth + 1);
}

/* cJSON reads at most 63 bytes of a number. Longer ones are its 0 while it looks; we have our own note of them. */
static void hide_long_numbers(const survey *s, char *text, char **kept)
{
    for (size_t i = 0; i < s->n; i++) {
        const place *p = &s->places[i];
        if (p->number_length < 60) continue;
        memcpy(*kept, text + p->number, p->number_length);
        *kept += p->number_length;
        memset(text + p->number, ' ', p->number_length);
        text[p->number] = '0';
    }
}

static void show_long_numbers(const survey *s, char *text, const char *kept)
{
    for (size_t i = 0; i < s->n; i++) {
        const place *p = &s->places[i];
        if (p->number_length < 60) continue;
        memcpy(text + p->number, kept, p->number_length);
        kept += p->number_length;
    }
}

/* ---------------------------------------------------------------- tree ---- */

static void *cjson_alloc(size_t size)
{
    return gbl_alloc(1, size);
}

/* cJSON's hooks are one set for the process. Set before main starts there is no moment at which threads could see them
 * change, and no flag of ours that says it was done. */
__attribute__((constructor)) static void set_hooks(void)
{
    cJSON_Hooks hooks = {cjson_alloc, gbl_free};
    cJSON_InitHooks(&hooks);
}

static int build_cjson(const survey *s, tree *t, size_t len)
{
    size_t hidden = 0;
    for (size_t i = 0; i < s->n; i++) hidden += s->places[i].number_length >= 60 ? s->places[i].number_length : 0;
    char *kept = gbl_alloc(hidden, 1), *to = kept;
    if (kept == NULL) return -1;
    hide_long_numbers(s, t->text, &to);
    t->root = cJSON_ParseWithLength(t->text, len);
    show_long_numbers(s, t->text, kept);
    gbl_free(kept);
    return t->root == NULL ? -1 : 0; /* the grammar was checked: only memory can be missing */
}

static enum gbl_kind kind_of(const cJSON *item)
{
    if (cJSON_IsObject(item)) return GBL_OBJECT;
    if (cJSON_IsArray(item)) return GBL_ARRAY;
    if (cJSON_IsString(item)) return GBL_STRING;
    if (cJSON_IsNumber(item)) return GBL_NUMBER;
    return cJSON_IsBool(item) ? GBL_BOOL : GBL_NULL;
}

typedef struct joiner {
    gbl_doc *doc;
    const survey *survey;
    tree *tree;
    size_t used;
    const char *set;
    gbl_err *err;
} joiner;

static int check_duplicates(const gbl_node *object, gbl_err *err);

static int join(joiner *j, const cJSON *item, gbl_node *parent, gbl_node **out)
{
    assert(j->used < j->survey->n);
    const place *p = &j->survey->places[j->used];
    gbl_node *n = &j->tree->nodes[j->used++];
    n->doc = j->doc;
    n->parent = parent;
    n->key = item->string != NULL ? item->string : "";
    n->kind = (uint8_t)kind_of(item);
    n->truth = (uint8_t)cJSON_IsTrue(item);
    n->set = j->set;
    n->line = p->line, n->col = p->col, n->key_line = p->key_line, n->key_col = p->key_col;
    *out = n;
    if (n->kind == GBL_STRING) n->text = item->valuestring;
    if (n->kind == GBL_NUMBER) {
        assert(p->number_length > 0);
        n->text = j->tree->text + p->number;
        if (gbl_text_real(n->text, p->number_length, &n->number) != 0) return gbl_nomem(j->err, p->number_length);
        j->tree->text[p->number + p->number_length] = '\0'; /* what stood behind it has been read */
    }
    gbl_node **link = &n->first;
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        int code = join(j, child, n, link);
        if (code != GBL_OK) return code;
        link = &(*link)->next;
        n->size++;
    }
    return n->kind == GBL_OBJECT ? check_duplicates(n, j->err) : GBL_OK;
}

/* Parses `t->text` of `len` bytes (one more is ours) into nodes. The tree is the caller's to free either way. */
static int build(gbl_doc *d, tree *t, size_t len, const char *set, gbl_node **root, gbl_err *err)
{
    survey s = {.scan = {.p = t->text, .end = t->text + len, .begin = t->text, .name = d->name, .line = 1}, .line = 1, .col = 1, .err = err};
    if (len >= 3 && memcmp(t->text, "\xef\xbb\xbf", 3) == 0) memcpy(t->text, "   ", 3), s.scan.begin = s.scan.p += 3;
    s.counted = s.scan.begin;
    const char *at;
    size_t ignored;
    gbl_scan peek = s.scan;
    int code;
    if (gbl_scan_next(&peek, &at, &ignored, err) == GBL_T_END) {
        gbl_fail(err, GBL_EINPUT, "the document is empty");
        gbl_where(err, "%s", d->name);
        code = gbl_expected(err, "a JSON value");
    } else {
        code = survey_value(&s, (place){0}, 0);
    }
    if (code == GBL_OK) code = gbl_scan_done(&s.scan, err);
    if (code == GBL_OK) {
        for (size_t i = 0; i < s.n; i++) s.places[i].number += (uint32_t)(s.scan.begin - t->text);
        t->nodes = gbl_alloc(s.n, sizeof *t->nodes);
        if (t->nodes == NULL || build_cjson(&s, t, len) != 0) code = gbl_nomem(err, s.n * sizeof *t->nodes);
    }
    if (code == GBL_OK) {
        joiner j = {.doc = d, .survey = &s, .tree = t, .set = set, .err = err};
        code = join(&j, t->root, NULL, root);
        assert(code != GBL_OK || j.used == s.n);
    }
    gbl_free(s.places);
    return code;
}

/* ---------------------------------------------------------------- duplicate keys ---- */

static int duplicate(const gbl_node *first, const gbl_node *again, gbl_err *err)
{
    gbl_node_fail_key(again, err, "duplicate key '%s'", again->key);
    if (first->set != NULL) return gbl_expected(err, "each key once");
    return gbl_expected(err, "each key once; it stands at %d:%d already", first->key_line, first->key_col);
}

/* Large objects go through a map from the key's hash; on the rare equal hash of another key the next seed is tried. */
static int check_by_map(const gbl_node *object, gbl_map *map, const gbl_node **list, gbl_err *err)
{
    int32_t i = 0;
    for (const gbl_node *m = object->first; m != NULL; m = m->next, i++) {
        size_t len = strlen(m->key);
        list[i] = m;
        for (uint64_t seed = 0;; seed++) {
            uint64_t hash = gbl_hash64(m->key, len, seed);
            int32_t found = gbl_map_get(map, hash);
            if (found >= 0 && strcmp(list[found]->key, m->key) == 0) return duplicate(list[found], m, err);
            if (found >= 0) continue;
            if (gbl_map_put(map, hash, i) != 0) return gbl_nomem(err, 0);
            break;
        }
    }
    return GBL_OK;
}

static int check_duplicates(const gbl_node *object, gbl_err *err)
{
    if (object->size <= FEW_KEYS) {
        for (const gbl_node *m = object->first; m != NULL; m = m->next)
            for (const gbl_node *e = object->first; e != m; e = e->next)
                if (strcmp(e->key, m->key) == 0) return duplicate(e, m, err);
        return GBL_OK;
    }
    gbl_map *map = gbl_map_new((int64_t)object->size);
    const gbl_node **list = gbl_alloc(object->size, sizeof *list);
    int code = map == NULL || list == NULL ? gbl_nomem(err, object->size * sizeof *list) : check_by_map(object, map, list, err);
    gbl_map_free(map);
    gbl_free(list);
    return code;
}

/* ---------------------------------------------------------------- documents ---- */

static void free_tree(tree *t)
{
    if (t == NULL) return;
    cJSON_Delete(t->root);
    gbl_free(t->nodes);
    gbl_free(t->text);
    gbl_free(t);
}

void gbl_doc_free(gbl_doc *d)
{
    if (d == NULL) return;
    for (tree *t = d->trees, *next; t != NULL; t = next) {
        next = t->next;
        free_tree(t);
    }
    gbl_arena_free(d->arena);
    gbl_free(d);
}

static gbl_doc *new_doc(const char *name, size_t folder_length)
{
    gbl_doc *d = gbl_alloc(1, sizeof *d);
    if (d == NULL) return NULL;
    d->arena = gbl_arena_new();
    if (d->arena != NULL) {
        d->name = gbl_arena_text(d->arena, name);
        d->folder = gbl_arena_textn(d->arena, name, folder_length);
    }
    if (d->name != NULL && d->folder != NULL) return d;
    gbl_doc_free(d);
    return NULL;
}

/* Takes over `text`, of len bytes and one to spare. */
static int take_text(gbl_doc *d, char *text, size_t len, const char *set, gbl_node **root, gbl_err *err)
{
    tree *t = gbl_alloc(1, sizeof *t);
    if (t == NULL) {
        gbl_free(text);
        return gbl_nomem(err, sizeof *t);
    }
    t->text = text;
    int code = build(d, t, len, set, root, err);
    if (code != GBL_OK) {
        free_tree(t);
        return code;
    }
    t->next = d->trees;
    d->trees = t;
    return GBL_OK;
}

static int open_doc(gbl_doc **out, const char *name, size_t folder_length, char *text, size_t len, gbl_err *err)
{
    gbl_doc *d = new_doc(name, folder_length);
    *out = NULL;
    if (d == NULL) {
        gbl_free(text);
        return gbl_nomem(err, sizeof *d);
    }
    int code = take_text(d, text, len, NULL, &d->root, err);
    if (code == GBL_OK) *out = d;
    else gbl_doc_free(d);
    return code;
}

int gbl_doc_read(gbl_doc **out, const char *path, gbl_err *err)
{
    char *text;
    size_t len;
    *out = NULL;
    int code = gbl_slurp(path, &text, &len, BYTES_MOST, err);
    if (code != GBL_OK) return code;
    if (strcmp(path, "-") == 0) return open_doc(out, "standard input", 0, text, len, err);
    const char *slash = strrchr(path, '/');
    code = open_doc(out, path, slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path), text, len, err);
    if (code == GBL_OK && slash == NULL) (*out)->folder = (char *)".";
    return code;
}

int gbl_doc_parse(gbl_doc **out, const char *name, const char *text, size_t len, gbl_err *err)
{
    *out = NULL;
    if (len > BYTES_MOST) {
        gbl_fail(err, GBL_EINPUT, "the document is larger than %d bytes", (int)BYTES_MOST);
        return gbl_where(err, "%s", name);
    }
    char *copy = gbl_alloc(len + 1, 1);
    if (copy == NULL) return gbl_nomem(err, len + 1);
    if (len > 0) memcpy(copy, text, len);
    return open_doc(out, name, 0, copy, len, err);
}

/* A copy of `n` and all below it in d's arena; NULL without memory. Depth is bounded by GBL_DEPTH. */
static gbl_node *copy_node(gbl_doc *d, const gbl_node *n, gbl_node *parent)
{
    gbl_node *m = gbl_arena_take(d->arena, sizeof *m);
    if (m == NULL) return NULL;
    *m = *n;
    m->doc = d;
    m->parent = parent;
    m->next = m->first = NULL;
    m->key = gbl_arena_text(d->arena, parent == NULL ? "" : n->key);
    if (n->text != NULL) m->text = gbl_arena_text(d->arena, n->text);
    if (n->set != NULL) m->set = gbl_arena_text(d->arena, n->set);
    if (m->key == NULL || (n->text != NULL && m->text == NULL) || (n->set != NULL && m->set == NULL)) return NULL;
    gbl_node **link = &m->first;
    for (const gbl_node *c = n->first; c != NULL; c = c->next, link = &(*link)->next)
        if ((*link = copy_node(d, c, m)) == NULL) return NULL;
    return m;
}

int gbl_doc_part(gbl_doc **out, const gbl_node *n, gbl_err *err)
{
    gbl_doc *d = new_doc(n->doc->name, 0);
    *out = d;
    if (d != NULL && (d->folder = gbl_arena_text(d->arena, n->doc->folder)) != NULL && (d->root = copy_node(d, n, NULL)) != NULL) return GBL_OK;
    gbl_doc_free(d);
    *out = NULL;
    return gbl_nomem(err, sizeof *d);
}

const char *gbl_doc_name(const gbl_doc *d)
{
    return d->name;
}

const char *gbl_doc_folder(const gbl_doc *d)
{
    return d->folder;
}

const gbl_node *gbl_doc_root(const gbl_doc *d)
{
    return d->root;
}

/* ---------------------------------------------------------------- setting values ---- */

/* One value from the command line, parsed into the document's stock; messages name the flag. */
static int parse_set(gbl_doc *d, const char *path, const char *text, size_t len, gbl_node **out, gbl_err *err)
{
    char *copy = gbl_alloc(len + 1, 1);
    if (copy == NULL) return gbl_nomem(err, len + 1);
    memcpy(copy, text, len);
    int code = take_text(d, copy, len, path, out, err);
    if (code == GBL_EINPUT && strncmp(err->where, "--set ", 6) != 0) gbl_where(err, "--set %s", path);
    return code;
}

static int set_string(gbl_doc *d, const char *path, const char *text, gbl_node **out, gbl_err *err)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        int n = gbl_utf8(text + i, len - i, NULL);
        if (n == 0) {
            gbl_fail(err, GBL_EINPUT, "invalid UTF-8 in the value, byte 0x%02x", (unsigned char)text[i]);
            gbl_where(err, "--set %s", path);
            return gbl_expected(err, "UTF-8 text");
        }
        i += (size_t)n;
    }
    gbl_node *n = gbl_arena_take(d->arena, sizeof *n);
    if (n == NULL || (n->text = gbl_arena_text(d->arena, text)) == NULL) return gbl_nomem(err, len);
    *n = (gbl_node){.doc = d, .kind = GBL_STRING, .text = n->text, .key = "", .set = path};
    *out = n;
    return GBL_OK;
}

/* Whether text that failed to parse was surely meant as JSON: it opens like it, or is a number out of range. */
static int meant_as_json(const char *text, const gbl_err *err)
{
    text += strspn(text, " \t\r\n");
    int opens = *text == '{' || *text == '[' || *text == '"';
    return opens || strncmp(err->what, "number ", 7) == 0;
}

static int set_value(gbl_doc *d, const char *path, const char *text, gbl_node **out, gbl_err *err)
{
    size_t len = strlen(text);
    if (len > BYTES_MOST) {
        gbl_fail(err, GBL_EINPUT, "a value larger than %d bytes", (int)BYTES_MOST);
        return gbl_where(err, "--set %s", path);
    }
    int code = parse_set(d, path, text, len, out, err);
    return code != GBL_EINPUT || meant_as_json(text, err) ? code : set_string(d, path, text, out, err);
}

static gbl_node *make_object(gbl_doc *d, const char *path)
{
    gbl_node *n = gbl_arena_take(d->arena, sizeof *n);
    if (n != NULL) *n = (gbl_node){.doc = d, .kind = GBL_OBJECT, .key = "", .set = path};
    return n;
}

static gbl_node **link_of(gbl_node *parent, const char *key, size_t len)
{
    gbl_node **link = &parent->first;
    while (*link != NULL && (strncmp((*link)->key, key, len) != 0 || (*link)->key[len] != '\0')) link = &(*link)->next;
    return link;
}

/* The link of element `key` of an array; the next free index appends. NULL after an error. */
static gbl_node **element_link(gbl_node *array, const char *path, const char *key, size_t len, gbl_err *err)
{
    int64_t index;
    gbl_node **link = &array->first;
    if (gbl_text_int(key, len, &index) != 0 || index < 0 || (uint64_t)index > array->size) {
        char where[256];
        gbl_node_path(array, where, sizeof where);
        gbl_fail(err, GBL_EINPUT, "no element '%.*s' in the array %s", (int)(len < 40 ? len : 40), key, where);
        gbl_where(err, "--set %s", path);
        gbl_expected(err, "an index from 0 to %zu", array->size);
        return NULL;
    }
    while (index-- > 0) link = &(*link)->next;
    return link;
}

/* Puts `n` at a link of parent, in the place of what stood there. */
static int put_child(gbl_node *parent, gbl_node **link, gbl_node *n, const char *key, size_t len, gbl_err *err)
{
    n->parent = parent;
    n->key = parent->kind == GBL_ARRAY ? "" : *link != NULL ? (*link)->key : gbl_arena_textn(parent->doc->arena, key, len);
    if (n->key == NULL) return gbl_nomem(err, len);
    n->next = *link != NULL ? (*link)->next : NULL;
    parent->size += *link == NULL;
    *link = n;
    return GBL_OK;
}

static int check_path(const char *path, gbl_err *err)
{
    size_t n = strlen(path), pieces = 1;
    int empty = n == 0 || path[0] == '.' || path[n - 1] == '.' || strstr(path, "..") != NULL;
    for (const char *p = path; *p != '\0'; p++) pieces += *p == '.';
    if (!empty && pieces <= PATH_MOST) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, empty ? "an empty key in the path '%s'" : "the path '%s' is too long", path);
    gbl_where(err, "--set %s", path);
    return gbl_expected(err, "keys joined by dots, like engine.block_size");
}

/* Goes down along path, making objects where there is nothing (or null), and puts `value` at its end. */
static int place_value(gbl_doc *d, const char *path, gbl_node *value, gbl_err *err)
{
    gbl_node *at = d->root;
    for (const char *key = path;;) {
        size_t len = strcspn(key, ".");
        if (at->kind != GBL_OBJECT && at->kind != GBL_ARRAY) {
            char words[64];
            gbl_node_words(at, words, sizeof words);
            if (key == path) gbl_fail(err, GBL_EINPUT, "the document is %s and has no keys", words);
            else gbl_fail(err, GBL_EINPUT, "'%.*s' is %s and has no keys", (int)(key - path - 1), path, words);
            gbl_where(err, "--set %s", path);
            if (at->kind == GBL_STRING && !strncmp(path, "policy.", 7)) /* a bare name has its parameters' defaults */
                return gbl_expected(err, "an object on the way: --set '%.*s={\"use\":%s,\"%s\":...}'", (int)(key - path - 1), path, words, key);
            return gbl_expected(err, "an object on the way");
        }
        gbl_node **link = at->kind == GBL_OBJECT ? link_of(at, key, len) : element_link(at, path, key, len, err);
        if (link == NULL) return err->code;
        if (key[len] == '\0') return put_child(at, link, value, key, len, err);
        if (*link == NULL || (*link)->kind == GBL_NULL) {
            gbl_node *object = make_object(d, path);
            int code = object == NULL ? gbl_nomem(err, sizeof *object) : put_child(at, link, object, key, len, err);
            if (code != GBL_OK) return code;
        }
        at = *link;
        key += len + 1;
    }
}

int gbl_doc_set(gbl_doc *d, const char *path, const char *text, gbl_err *err)
{
    int code = check_path(path, err);
    if (code != GBL_OK) return code;
    gbl_node *value;
    char *own = gbl_arena_text(d->arena, path);
    if (own == NULL) return gbl_nomem(err, strlen(path));
    code = set_value(d, own, text, &value, err);
    return code == GBL_OK ? place_value(d, own, value, err) : code;
}
