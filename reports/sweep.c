/* sweep.c - from a document to bound points.
 *
 * A key of any part has a list of value texts, and point k takes text (k / stride) % size of it; keys of the list and of
 * the hypercube share their part's stride, a grid's key has its own. So a point needs no memory but its identity. */
#include "reports/sweep.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/param.h"
#include "base/text.h"
#include "reports/hypercube.h"
#include "reports/identity.h"

typedef struct key {
    const char *name, *part;  /* part: "grid", for messages */
    const char **text;        /* JSON; NULL: this value leaves the key alone */
    const gbl_node **node;    /* where it was said */
    size_t size, stride;
} key;

struct gbl_sweep {
    gbl_arena *arena;
    gbl_doc *doc;
    gbl_doc *base; /* the scenario, with the sets */
    key keys[GBL_SWEEP_KEYS];
    size_t n_keys;
    size_t raw;              /* points before equal ones are dropped */
    size_t *kept;            /* raw number of each point */
    gbl_sweep_at *at;
    size_t n;
    const char *name, *cards, *document;
    uint64_t hash;
};

/* ---------------------------------------------------------------- keys ---- */

static int fail_few(gbl_err *err, const gbl_node *n, const char *what, const char *expected)
{
    gbl_node_fail(n, err, "%s", what);
    return gbl_expected(err, "%s", expected);
}

static int want_object(const gbl_node *n, const char *example, gbl_err *err)
{
    char words[64];
    if (gbl_node_kind(n) == GBL_OBJECT && gbl_node_size(n) > 0) {
        return GBL_OK;
    }
    gbl_node_fail(n, err, "'%s' is %s", gbl_node_key(n), gbl_node_kind(n) == GBL_OBJECT ? "empty" : gbl_node_words(n, words, sizeof words));
    return gbl_expected(err, "%s", example);
}

static int want_array(const gbl_node *n, const char *example, gbl_err *err)
{
    char words[64];
    if (gbl_node_kind(n) == GBL_ARRAY && gbl_node_size(n) > 0) {
        return GBL_OK;
    }
    gbl_node_fail(n, err, "'%s' is %s", gbl_node_key(n), gbl_node_kind(n) == GBL_ARRAY ? "empty" : gbl_node_words(n, words, sizeof words));
    return gbl_expected(err, "%s", example);
}

/* Whether setting one of the two paths would undo the other. */
static int same_way(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), least = n < m ? n : m;
    return strncmp(a, b, least) == 0 && (n == m || (n < m ? b : a)[least] == '.');
}

/* A new key of `size` values; NULL with err filled. `n` is where its name stands. */
static key *add_key(gbl_sweep *s, const gbl_node *n, const char *part, size_t size, gbl_err *err)
{
    const char *name = gbl_node_key(n);
    for (size_t i = 0; i < s->n_keys; i++) {
        if (!same_way(s->keys[i].name, name)) {
            continue;
        }
        gbl_node_fail_key(n, err, "'%s' and '%s' of %s set the same thing", name, s->keys[i].name, s->keys[i].part);
        gbl_expected(err, "each key in one part of the sweep, and none inside another");
        return NULL;
    }
    if (s->n_keys == GBL_SWEEP_KEYS) {
        gbl_node_fail_key(n, err, "more than %d keys", GBL_SWEEP_KEYS);
        gbl_expected(err, "a sweep over at most %d keys", GBL_SWEEP_KEYS);
        return NULL;
    }
    key *k = &s->keys[s->n_keys];
    k->name = name;
    k->part = part;
    k->size = size;
    k->text = gbl_arena_take(s->arena, size * sizeof *k->text);
    k->node = gbl_arena_take(s->arena, size * sizeof *k->node);
    if (!k->text || !k->node) {
        gbl_nomem(err, size * sizeof *k->text);
        return NULL;
    }
    s->n_keys++;
    return k;
}

static int set_text(gbl_sweep *s, key *k, size_t i, const gbl_node *value, gbl_err *err)
{
    char *text = gbl_node_canonical(value);
    k->text[i] = text ? gbl_arena_text(s->arena, text) : NULL;
    k->node[i] = value;
    gbl_free(text);
    return k->text[i] ? GBL_OK : gbl_nomem(err, 0);
}

static int read_list(gbl_sweep *s, const gbl_node *list, gbl_err *err)
{
    int code = want_array(list, "[{\"cluster.hardware\": \"l4\", \"cluster.tp\": 2}, ...]", err);
    size_t i = 0;
    for (const gbl_node *e = code ? NULL : gbl_node_first(list); e && !code; e = gbl_node_next(e), i++) {
        if (gbl_node_kind(e) != GBL_OBJECT) {
            return fail_few(err, e, "an entry of the list that is no object", "{\"cluster.hardware\": \"l4\"}");
        }
        for (const gbl_node *v = gbl_node_first(e); v && !code; v = gbl_node_next(v)) {
            size_t k = 0;
            while (k < s->n_keys && strcmp(s->keys[k].name, gbl_node_key(v)) != 0) {
                k++;
            }
            key *of = k < s->n_keys ? &s->keys[k] : add_key(s, v, "list", gbl_node_size(list), err);
            code = of ? set_text(s, of, i, v, err) : err->code;
        }
    }
    return code;
}

static int read_grid(gbl_sweep *s, const gbl_node *grid, gbl_err *err)
{
    int code = want_object(grid, "{\"engine.max_num_seqs\": [64, 128], ...}", err);
    for (const gbl_node *g = code ? NULL : gbl_node_first(grid); g && !code; g = gbl_node_next(g)) {
        if ((code = want_array(g, "a list of values, like [64, 128]", err)) != GBL_OK) {
            return code;
        }
        key *k = add_key(s, g, "grid", gbl_node_size(g), err);
        size_t i = 0;
        code = k ? GBL_OK : err->code;
        for (const gbl_node *v = gbl_node_first(g); v && !code; v = gbl_node_next(v)) {
            code = set_text(s, k, i++, v, err);
        }
    }
    return code;
}

/* ---------------------------------------------------------------- latin hypercube ---- */

typedef struct latin {
    int64_t samples, seed;
    const gbl_node *keys;
} latin;
static const gbl_param latin_rows[] = {
    {"samples", GBL_P_INT, 0, offsetof(latin, samples), "null", 1, GBL_SWEEP_POINTS, NULL, NULL, "Points of the hypercube."},
    {"seed", GBL_P_INT, 0, offsetof(latin, seed), "1", 0, 9e15, NULL, NULL, "Seed of its draws."},
    {"keys", GBL_P_NODE, 0, offsetof(latin, keys), "null", 0, 0, NULL, NULL, "Each key's range."},
    {0}};

static int read_latin(gbl_sweep *s, const gbl_node *n, gbl_err *err)
{
    latin l;
    int code = want_object(n, "{\"samples\": 20, \"keys\": {\"trace.rate_scale\": {\"low\": 1, \"high\": 8}}}", err);
    if (code || (code = gbl_param_defaults(latin_rows, &l, s->arena, err)) || (code = gbl_param_bind(latin_rows, &l, n, NULL, s->arena, err))) {
        return code;
    }
    if (l.samples == GBL_NULL_INT || !l.keys) {
        return fail_few(err, n, "a hypercube needs samples and keys", "{\"samples\": 20, \"keys\": {\"trace.rate_scale\": {\"low\": 1, \"high\": 8}}}");
    }
    code = want_object(l.keys, "{\"trace.rate_scale\": {\"low\": 1, \"high\": 8}}", err);
    for (const gbl_node *v = code ? NULL : gbl_node_first(l.keys); v && !code; v = gbl_node_next(v)) {
        gbl_range r;
        if ((code = want_object(v, "{\"low\": 1, \"high\": 8}", err)) || (code = gbl_range_read(&r, v, s->arena, err))) {
            return code;
        }
        key *k = add_key(s, v, "latin", (size_t)l.samples, err);
        code = k ? gbl_range_samples(&r, k->name, (uint64_t)l.seed, k->text, k->size, s->arena, err) : err->code;
        for (size_t i = 0; !code && i < k->size; i++) {
            k->node[i] = v;
        }
    }
    return code;
}

/* ---------------------------------------------------------------- the document ---- */

/* The grid's last key turns fastest, the list slowest. */
static int set_strides(gbl_sweep *s, gbl_err *err)
{
    double product = 1; /* exact up to the limit, and cannot overflow */
    for (size_t i = s->n_keys; i-- > 0;) {
        key *k = &s->keys[i];
        int shared = i + 1 < s->n_keys && strcmp(k->part, "grid") != 0 && strcmp(k[1].part, k->part) == 0;
        k->stride = shared ? k[1].stride : (size_t)product;
        if (!shared) {
            product *= (double)k->size;
        }
        if (product > GBL_SWEEP_POINTS) {
            gbl_fail(err, GBL_EINPUT, "the sweep has more than %d points", GBL_SWEEP_POINTS);
            gbl_where(err, "%s", gbl_doc_name(s->doc));
            return gbl_expected(err, "fewer values, or a \"latin\" part, which samples the space");
        }
    }
    s->raw = (size_t)product;
    return GBL_OK;
}

static int open_base(gbl_sweep *s, const gbl_node *n, gbl_err *err)
{
    if (!n) {
        return gbl_doc_parse(&s->base, "default scenario", "{}", 2, err);
    }
    if (gbl_node_kind(n) == GBL_OBJECT) {
        return gbl_doc_part(&s->base, n, err);
    }
    if (gbl_node_kind(n) != GBL_STRING || strcmp(gbl_node_text(n), "-") == 0) {
        return fail_few(err, n, "'scenario' is neither an object nor a file's name", "{...}, or the path of a scenario");
    }
    const char *path = gbl_find_path(s->arena, gbl_doc_folder(s->doc), gbl_node_text(n));
    return path ? gbl_doc_read(&s->base, path, err) : gbl_nomem(err, 0);
}

static int apply_set(gbl_sweep *s, const char *set, gbl_err *err)
{
    char name[256];
    const char *equals = strchr(set, '=');
    if (!equals || equals == set || (size_t)(equals - set) >= sizeof name) {
        gbl_fail(err, GBL_EINPUT, "--set takes a key and a value, not '%.80s'", set);
        return gbl_expected(err, "--set a.b=value");
    }
    memcpy(name, set, (size_t)(equals - set));
    name[equals - set] = '\0';
    for (size_t i = 0; i < s->n_keys; i++) {
        if (same_way(s->keys[i].name, name)) {
            gbl_fail(err, GBL_EINPUT, "the sweep varies %s in its %s, so another value of %s would be read by nothing", s->keys[i].name, s->keys[i].part, name);
            gbl_where(err, "--set %s", name);
            return gbl_expected(err, "a key that the sweep does not vary");
        }
    }
    return gbl_doc_set(s->base, name, equals + 1, err);
}

typedef struct sweep_keys {
    const char *gable;
    const gbl_node *scenario, *grid, *list, *latin;
} sweep_keys;
static const gbl_param sweep_rows[] = {
    {"gable", GBL_P_STR, 0, offsetof(sweep_keys, gable), "\"sweep/1\"", 0, 0, NULL, NULL, "What kind of document this is."},
    {"scenario", GBL_P_NODE, 0, offsetof(sweep_keys, scenario), "null", 0, 0, NULL, NULL, "The scenario, or the path of one; left out: the shipped default."},
    {"grid", GBL_P_NODE, 0, offsetof(sweep_keys, grid), "null", 0, 0, NULL, NULL, "Keys of the scenario, each with the values it takes: every combination."},
    {"list", GBL_P_NODE, 0, offsetof(sweep_keys, list), "null", 0, 0, NULL, NULL, "Points as objects of keys and values."},
    {"latin", GBL_P_NODE, 0, offsetof(sweep_keys, latin), "null", 0, 0, NULL, NULL, "A Latin hypercube: samples of ranges."},
    {0}};

void gbl_sweep_schema(gbl_json *j)
{
    gbl_param_schema_document(sweep_rows, "gable sweep/1", "[\"gable\"]", j);
    gbl_json_raw(j, "anyOf", "[{\"required\":[\"grid\"]},{\"required\":[\"list\"]},{\"required\":[\"latin\"]}]");
    gbl_json_raw(j, "allOf", /* what the parts hold */
                 "[{\"properties\":{\"gable\":{\"const\":\"sweep/1\"},\"scenario\":{\"type\":[\"object\",\"string\"]},"
                 "\"grid\":{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":{\"type\":\"array\",\"minItems\":1}},"
                 "\"list\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"object\"}},\"latin\":{\"$ref\":\"#/$defs/latin\"}}}]");
    gbl_json_obj(j, "$defs");
    gbl_param_schema_part("latin", latin_rows, "[\"samples\",\"keys\"]", j);
    gbl_json_raw(j, "allOf", "[{\"properties\":{\"keys\":{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":{\"$ref\":\"#/$defs/range\"}}}}]");
    gbl_json_end(j);
    gbl_param_schema_part("range", gbl_range_rows, "[\"low\",\"high\"]", j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}

static int read_parts(gbl_sweep *s, const sweep_keys *k, const gbl_node *root, gbl_err *err)
{
    const gbl_node *list = k->list, *hyper = k->latin, *grid = k->grid;
    if (!list && !hyper && !grid) {
        return fail_few(err, root, "the sweep varies nothing", "\"grid\": {\"engine.max_num_seqs\": [64, 128]}, \"list\" or \"latin\"");
    }
    int code = list ? read_list(s, list, err) : GBL_OK;
    if (!code && list && s->n_keys == 0) {
        code = fail_few(err, list, "the list varies nothing", "[{\"cluster.hardware\": \"l4\"}, ...]");
    }
    if (!code && hyper) {
        code = read_latin(s, hyper, err);
    }
    if (!code && grid) {
        code = read_grid(s, grid, err);
    }
    return code ? code : set_strides(s, err);
}

static int read_document(gbl_sweep *s, const char *const *sets, size_t n_sets, gbl_err *err)
{
    sweep_keys k;
    int code = GBL_OK;
    const gbl_node *root = gbl_doc_root(s->doc), *kind = gbl_node_get(root, "gable");
    if (gbl_node_kind(root) != GBL_OBJECT) {
        return fail_few(err, root, "a sweep is a JSON object", "{\"gable\": \"sweep/1\", \"scenario\": ..., \"grid\": {...}}");
    }
    if (!kind || gbl_node_kind(kind) != GBL_STRING || strcmp(gbl_node_text(kind), "sweep/1") != 0) {
        return fail_few(err, kind ? kind : root, kind ? "this is another kind of document" : "the document does not say what it is", "\"gable\": \"sweep/1\"");
    }
    if ((code = gbl_param_defaults(sweep_rows, &k, s->arena, err)) || (code = gbl_param_bind(sweep_rows, &k, root, NULL, s->arena, err)) || (code = read_parts(s, &k, root, err)) ||
        (code = open_base(s, k.scenario, err))) {
        return code;
    }
    for (size_t i = 0; i < n_sets && !code; i++) {
        code = apply_set(s, sets[i], err);
    }
    return code;
}

/* The document as it is run: whatever a path or a flag said stands in it. */
static int write_document(gbl_sweep *s, gbl_err *err)
{
    static const char *const parts[] = {"grid", "latin", "list"};
    gbl_json *j = gbl_json_new(0);
    char *base = gbl_node_canonical(gbl_doc_root(s->base));
    int code = j && base ? GBL_OK : gbl_nomem(err, 0);
    if (!code) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "gable", "sweep/1");
        for (int i = 0; i < 3; i++) {
            const gbl_node *n = gbl_node_get(gbl_doc_root(s->doc), parts[i]);
            char *text = n ? gbl_node_canonical(n) : NULL;
            if (text) {
                gbl_json_raw(j, parts[i], text);
            }
            code = n && !text ? gbl_nomem(err, 0) : code;
            gbl_free(text);
        }
        gbl_json_raw(j, "scenario", base);
        gbl_json_end(j);
        const char *text = gbl_json_text(j);
        s->document = text ? gbl_arena_text(s->arena, text) : NULL;
        code = code ? code : s->document ? GBL_OK : gbl_nomem(err, 0);
    }
    gbl_free(base);
    gbl_json_free(j);
    return code;
}

/* ---------------------------------------------------------------- points ---- */

static const char *text_of(const key *k, size_t raw)
{
    return k->text[raw / k->stride % k->size];
}

/* Says which point it was, and where in the sweep the value stands that the scenario's reader calls "--set KEY". */
static int place_error(const gbl_sweep *s, size_t raw, gbl_err *err)
{
    char where[sizeof err->where], point[sizeof err->where];
    size_t used = 0;
    memcpy(where, err->where, sizeof where);
    point[0] = '\0';
    for (size_t i = 0; i < s->n_keys; i++) {
        const key *k = &s->keys[i];
        const char *text = text_of(k, raw), *said = where + 6;
        size_t n = strlen(k->name);
        if (text && used < sizeof point) {
            used += (size_t)snprintf(point + used, sizeof point - used, "%s%s=%s", used ? ", " : "", k->name, text);
        }
        if (text && strncmp(where, "--set ", 6) == 0 && strncmp(said, k->name, n) == 0 && (said[n] == '\0' || said[n] == ' ')) {
            gbl_err there;
            gbl_node_fail(k->node[raw / k->stride % k->size], &there, "%s", "");
            memcpy(err->where, there.where, sizeof where);
        }
    }
    memcpy(where, err->where, sizeof where);
    return gbl_where(err, "%.500s%sthe point %.400s%s", where, where[0] ? ", at " : "", point, strlen(point) > 400 ? "..." : "");
}

static int bind_raw(const gbl_sweep *s, size_t raw, gbl_scenario **out, gbl_err *err)
{
    gbl_doc *doc;
    *out = NULL;
    int code = gbl_doc_part(&doc, gbl_doc_root(s->base), err);
    for (size_t i = 0; i < s->n_keys && !code; i++) {
        const char *text = text_of(&s->keys[i], raw);
        code = text ? gbl_doc_set(doc, s->keys[i].name, text, err) : GBL_OK;
        if (code) {
            gbl_doc_free(doc);
        }
    }
    return code ? code : gbl_scenario_bind(out, doc, err);
}

static const char *vary_text(gbl_sweep *s, size_t raw)
{
    gbl_json *j = gbl_json_new(0);
    if (!j) {
        return NULL;
    }
    gbl_json_obj(j, NULL);
    for (size_t i = 0; i < s->n_keys; i++) {
        const char *text = text_of(&s->keys[i], raw);
        if (text) {
            gbl_json_raw(j, s->keys[i].name, text);
        }
    }
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    text = text ? gbl_arena_text(s->arena, text) : NULL;
    gbl_json_free(j);
    return text;
}

typedef struct census { /* what is needed while the points are bound one after another */
    gbl_map *seen;
    gbl_file_hashes files;
    const char **cards; /* those that differ */
    size_t n_cards, room;
} census;

/* The one copy of a text that most points share. */
static const char *shared_cards(gbl_sweep *s, census *c, const char *text)
{
    for (size_t i = c->n_cards; i-- > 0;) {
        if (strcmp(c->cards[i], text) == 0) {
            return c->cards[i];
        }
    }
    if (gbl_grow(&c->cards, &c->room, c->n_cards + 1, sizeof *c->cards) != 0) {
        return NULL;
    }
    const char *own = gbl_arena_text(s->arena, text);
    if (own) {
        c->cards[c->n_cards++] = own;
    }
    return own;
}

static int identify(gbl_sweep *s, census *c, size_t raw, const gbl_scenario *of, const char *canonical, gbl_err *err)
{
    uint64_t hash = gbl_identity_hash(canonical);
    if (gbl_map_get(c->seen, hash) >= 0) {
        return GBL_OK;
    }
    gbl_json *j = gbl_json_new(0);
    int code = j ? gbl_identity_repeats(of->trace, err) : gbl_nomem(err, 0);
    if (!code) code = gbl_identity_cards(j, of, &c->files, err);
    const char *text = code ? NULL : gbl_json_text(j);
    gbl_sweep_at *at = &s->at[s->n];
    *at = (gbl_sweep_at){hash, of->seed, text ? shared_cards(s, c, text) : NULL, vary_text(s, raw)};
    gbl_json_free(j);
    if (!code && (!at->cards || !at->vary || gbl_map_put(c->seen, hash, (int32_t)s->n) != 0)) {
        code = gbl_nomem(err, 0);
    }
    if (!code && s->n == 0 && !(s->name = gbl_arena_text(s->arena, of->name))) {
        code = gbl_nomem(err, 0);
    }
    s->kept[s->n++] = raw;
    return code;
}

/* Points run side by side, and standard input can be read only once. */
static int check_input(const gbl_scenario *of, gbl_err *err)
{
    const gbl_node *file = gbl_node_get(of->trace, "file");
    if (!file || gbl_node_kind(file) != GBL_STRING || strcmp(gbl_node_text(file), "-") != 0) {
        return GBL_OK;
    }
    return fail_few(err, file, "the points of a sweep cannot share standard input", "the trace's file");
}

static int bind_points(gbl_sweep *s, census *c, gbl_err *err)
{
    int code = GBL_OK;
    for (size_t raw = 0; raw < s->raw && !code; raw++) {
        gbl_scenario *of = NULL;
        char *canonical = NULL;
        code = bind_raw(s, raw, &of, err);
        if (!code && !(code = check_input(of, err)) && !(canonical = gbl_identity_scenario(of, err))) {
            code = err->code;
        }
        if (!code) {
            code = identify(s, c, raw, of, canonical, err);
        }
        gbl_free(canonical);
        gbl_scenario_free(of);
        if (code) {
            place_error(s, raw, err);
        }
    }
    return code;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The union of all points' cards, as one object with sorted keys. */
static int join_cards(gbl_sweep *s, const census *c, gbl_err *err)
{
    gbl_doc *all = NULL;
    gbl_json *j = gbl_json_new(0);
    const char **pair = NULL;
    size_t n = 0, room = 0;
    int code = j ? GBL_OK : gbl_nomem(err, 0);
    for (size_t i = 0; i < c->n_cards && !code; i++) {
        code = gbl_doc_parse(&all, "cards", c->cards[i], strlen(c->cards[i]), err);
        for (const gbl_node *m = code ? NULL : gbl_node_first(gbl_doc_root(all)); m; m = gbl_node_next(m)) {
            /* name, end, hash: sorts by name, and equal pairs lie together */
            const char *name = gbl_node_key(m), *hash = gbl_node_text(m);
            char *both = gbl_arena_take(s->arena, strlen(name) + strlen(hash) + 2);
            if (!both || gbl_grow(&pair, &room, n + 1, sizeof *pair) != 0) {
                code = gbl_nomem(err, 0);
                break;
            }
            memcpy(both, name, strlen(name));
            memcpy(both + strlen(name) + 1, hash, strlen(hash));
            pair[n++] = both;
        }
        gbl_doc_free(all);
    }
    if (!code) {
        qsort(pair, n, sizeof *pair, by_text);
        gbl_json_obj(j, NULL);
        for (size_t i = 0; i < n; i++) {
            if (i == 0 || strcmp(pair[i], pair[i - 1]) != 0) {
                gbl_json_str(j, pair[i], pair[i] + strlen(pair[i]) + 1);
            }
        }
        gbl_json_end(j);
        const char *text = gbl_json_text(j);
        code = text && (s->cards = gbl_arena_text(s->arena, text)) ? GBL_OK : gbl_nomem(err, 0);
    }
    gbl_free(pair);
    gbl_json_free(j);
    return code;
}

static int take_points(gbl_sweep *s, gbl_err *err)
{
    census c = {.seen = gbl_map_new((int64_t)s->raw), .files = {.arena = s->arena}};
    s->kept = gbl_alloc(s->raw, sizeof *s->kept);
    s->at = gbl_alloc(s->raw, sizeof *s->at);
    int code = c.seen && s->kept && s->at ? bind_points(s, &c, err) : gbl_nomem(err, s->raw * sizeof *s->at);
    if (!code) {
        code = join_cards(s, &c, err);
    }
    gbl_map_free(c.seen);
    gbl_free(c.cards);
    for (size_t i = 0; i < s->n && !code; i++) {
        s->hash = gbl_hash64(&s->at[i].hash, sizeof s->at[i].hash, s->hash);
    }
    return code;
}

int gbl_sweep_open(gbl_sweep **out, const char *path, const char *const *sets, size_t n_sets, gbl_err *err)
{
    gbl_doc *doc = NULL;
    *out = NULL;
    int code = gbl_doc_read(&doc, path, err);
    return code ? code : gbl_sweep_bind(out, doc, sets, n_sets, err);
}

int gbl_sweep_bind(gbl_sweep **out, gbl_doc *doc, const char *const *sets, size_t n_sets, gbl_err *err)
{
    gbl_sweep *s = *out = gbl_alloc(1, sizeof *s);
    if (!s) {
        gbl_doc_free(doc);
        return gbl_nomem(err, sizeof *s);
    }
    s->doc = doc;
    s->arena = gbl_arena_new();
    int code = s->arena ? read_document(s, sets, n_sets, err) : gbl_nomem(err, 0);
    if (!code) {
        code = write_document(s, err);
    }
    if (!code) {
        code = take_points(s, err);
    }
    if (code) {
        gbl_sweep_free(s);
        *out = NULL;
    }
    return code;
}

void gbl_sweep_free(gbl_sweep *s)
{
    if (!s) {
        return;
    }
    gbl_doc_free(s->base);
    gbl_doc_free(s->doc);
    gbl_free(s->kept);
    gbl_free(s->at);
    if (s->arena) {
        gbl_arena_free(s->arena);
    }
    gbl_free(s);
}

/* ---------------------------------------------------------------- reading ---- */

size_t gbl_sweep_size(const gbl_sweep *s)
{
    return s->n;
}

size_t gbl_sweep_dropped(const gbl_sweep *s)
{
    return s->raw - s->n;
}

const char *gbl_sweep_name(const gbl_sweep *s)
{
    return s->name;
}

uint64_t gbl_sweep_hash(const gbl_sweep *s)
{
    return s->hash;
}

const char *gbl_sweep_cards(const gbl_sweep *s)
{
    return s->cards;
}

const char *gbl_sweep_document(const gbl_sweep *s)
{
    return s->document;
}

const gbl_sweep_at *gbl_sweep_point(const gbl_sweep *s, size_t i)
{
    assert(i < s->n);
    return &s->at[i];
}

int gbl_sweep_scenario(const gbl_sweep *s, size_t i, gbl_scenario **out, gbl_err *err)
{
    assert(i < s->n);
    int code = bind_raw(s, s->kept[i], out, err);
    return code ? place_error(s, s->kept[i], err) : GBL_OK;
}

int gbl_sweep_where(const gbl_sweep *s, size_t i, gbl_err *err)
{
    return place_error(s, s->kept[i], err);
}

size_t gbl_sweep_keys(const gbl_sweep *s)
{
    return s->n_keys;
}

const char *gbl_sweep_key(const gbl_sweep *s, size_t k)
{
    return s->keys[k].name;
}

/* A string without its quotes where nothing in it needs them. */
char *gbl_sweep_value(const gbl_sweep *s, size_t i, size_t k, char *out, size_t size)
{
    const char *text = text_of(&s->keys[k], s->kept[i]);
    size_t n = text ? strlen(text) : 0;
    if (n > 2 && text[0] == '"' && !strchr(text, '\\')) {
        snprintf(out, size, "%.*s", (int)(n - 2), text + 1);
    } else {
        snprintf(out, size, "%s", text ? text : "-");
    }
    return out;
}
