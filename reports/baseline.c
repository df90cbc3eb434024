#include "reports/baseline.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "reports/rebase.h"

enum { MOST_REPLICATIONS = 100000 };

/* ---------------------------------------------------------------- reading ---- */

static int lacks(const gbl_node *n, const char *key, const char *what, gbl_err *err)
{
    gbl_node_fail(n, err, "the baseline is damaged: %s '%s'", gbl_node_get(n, key) ? "bad" : "no", key);
    return gbl_expected(err, "%s; `gable baseline SCENARIO... -o FILE` writes a whole one", what);
}

static const gbl_node *object_of(const gbl_node *n, const char *key)
{
    const gbl_node *m = gbl_node_get(n, key);
    return m && gbl_node_kind(m) == GBL_OBJECT ? m : NULL;
}

static int read_values(const gbl_baseline_entry *e, gbl_err *err)
{
    for (const gbl_node *m = gbl_node_first(e->metrics); m; m = gbl_node_next(m)) {
        size_t n = 0;
        int ok = gbl_node_kind(m) == GBL_ARRAY && gbl_node_size(m) == e->n;
        for (const gbl_node *v = ok ? gbl_node_first(m) : NULL; v; v = gbl_node_next(v))
            n += gbl_node_kind(v) == GBL_NUMBER || gbl_node_kind(v) == GBL_NULL;
        if (ok && n == e->n) continue;
        gbl_node_fail(m, err, "the baseline is damaged: bad '%s'", gbl_node_key(m));
        return gbl_expected(err, "%zu numbers (or null), one a replication", e->n);
    }
    return GBL_OK;
}

/* The document's keys, for their names and the schema; what is wrong with a value is said by `lacks`. */
static const gbl_param entry_rows[] = {
    {"name", GBL_P_STR, 0, 0, "\"\"", 0, 0, NULL, NULL, "What the gate knows the scenario by."},
    {"seed", GBL_P_INT, 0, 0, "1", 0, 9e15, NULL, NULL, "Of the first replication; the others follow it."},
    {"replications", GBL_P_INT, 0, 0, "30", GBL_BASELINE_LEAST, MOST_REPLICATIONS, "runs", NULL, "Values of each metric."},
    {"stable", GBL_P_BOOL, GBL_P_NULLABLE, 0, "null", 0, 0, NULL, NULL, "Whether the queue had stopped growing; null: too short to tell."},
    {"scenario", GBL_P_NODE, 0, 0, "null", 0, 0, NULL, NULL, "The scenario with every default."},
    {"inputs", GBL_P_NODE, 0, 0, "null", 0, 0, NULL, NULL, "What results hang on besides the policy: version, and hashes of trace, model, cluster and cards."},
    {"metrics", GBL_P_NODE, 0, 0, "null", 0, 0, NULL, NULL, "By name, the replications' values; null: no samples."},
    {0}};
static const gbl_param root_rows[] = {
    {"gable", GBL_P_STR, 0, 0, "\"baseline/1\"", 0, 0, NULL, NULL, "What kind of document this is."},
    {"version", GBL_P_STR, 0, 0, "null", 0, 0, NULL, NULL, "Of the gable that wrote it."},
    {"scenarios", GBL_P_NODE, 0, 0, "null", 0, 0, NULL, NULL, "An entry a scenario."},
    {0}};

void gbl_baseline_schema(gbl_json *j)
{
    gbl_param_schema_document(root_rows, "gable baseline/1", "[\"gable\",\"version\",\"scenarios\"]", j);
    gbl_json_raw(j, "allOf", "[{\"properties\":{\"gable\":{\"const\":\"baseline/1\"},\"scenarios\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"$ref\":\"#/$defs/entry\"}}}}]");
    gbl_json_obj(j, "$defs");
    gbl_param_schema_part("entry", entry_rows, "[\"name\",\"seed\",\"replications\",\"scenario\",\"inputs\",\"metrics\"]", j);
    gbl_json_raw(j, "allOf",
                 "[{\"properties\":{\"scenario\":{\"type\":\"object\"},\"inputs\":{\"type\":\"object\"},\"metrics\":{\"type\":\"object\",\"minProperties\":1,"
                 "\"additionalProperties\":{\"type\":\"array\",\"items\":{\"type\":[\"number\",\"null\"]}}}}}]");
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}

/* Refuses members that the table does not have. */
static int only(const gbl_node *n, const gbl_param *rows, gbl_err *err)
{
    const char *known[16] = {NULL};
    for (size_t i = 0; rows[i].name; i++) known[i] = rows[i].name;
    return gbl_node_only(n, known, err);
}

static int read_entry(gbl_baseline *b, const gbl_node *n, gbl_err *err)
{
    gbl_baseline_entry *e = &b->entry[b->n];
    int64_t replications = 0;
    gbl_err ignored;
    if (gbl_node_kind(n) != GBL_OBJECT) {
        gbl_node_fail(n, err, "the baseline is damaged: an entry is no object");
        return gbl_expected(err, "{\"name\": ..., \"scenario\": {...}, \"inputs\": {...}, \"metrics\": {...}}");
    }
    int code = only(n, entry_rows, err);
    if (code) return code;
    const gbl_node *name = gbl_node_get(n, "name"), *seed = gbl_node_get(n, "seed"), *runs = gbl_node_get(n, "replications"), *scenario = object_of(n, "scenario");
    if (!name || gbl_node_kind(name) != GBL_STRING) return lacks(n, "name", "a text", err);
    if (!seed || gbl_node_int(seed, &e->seed, &ignored) || e->seed < 0) return lacks(n, "seed", "the first seed", err);
    if (!runs || gbl_node_int(runs, &replications, &ignored) || replications < GBL_BASELINE_LEAST || replications > MOST_REPLICATIONS)
        return lacks(n, "replications", "an integer from 10 on", err);
    if (!scenario) return lacks(n, "scenario", "the canonical scenario", err);
    if (!object_of(n, "inputs")) return lacks(n, "inputs", "the hashes of what the results hang on", err);
    if (!object_of(n, "metrics") || !gbl_node_size(object_of(n, "metrics"))) return lacks(n, "metrics", "the replications' values", err);
    e->name = gbl_node_text(name);
    e->n = (size_t)replications;
    e->at = n;
    e->inputs = object_of(n, "inputs");
    e->metrics = object_of(n, "metrics");
    char *text = gbl_node_canonical(scenario);
    e->scenario = text ? gbl_arena_text(b->arena, text) : NULL;
    gbl_free(text);
    if (!e->scenario) return gbl_nomem(err, 1024);
    b->n++;
    return read_values(e, err);
}

static int twice(const gbl_baseline *b, gbl_err *err)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < i; k++) {
            if (strcmp(b->entry[i].name, b->entry[k].name) != 0) continue;
            gbl_node_fail(b->entry[i].at, err, "the baseline is damaged: two scenarios are called '%s'", b->entry[i].name);
            return gbl_expected(err, "names that differ");
        }
    return GBL_OK;
}

/* Text of a member, NULL where there is none. */
static const char *text_at(const gbl_node *n, const char *key)
{
    const gbl_node *m = gbl_node_get(n, key);
    return m && gbl_node_kind(m) == GBL_STRING ? gbl_node_text(m) : NULL;
}

/* The program that wrote the document wrote every entry of it. Whether it is this program is the gate's question. */
static int one_version(const gbl_baseline *b, const gbl_node *root, gbl_err *err)
{
    const char *version = text_at(root, "version");
    if (!version) return lacks(root, "version", "gable's version, a text", err);
    for (size_t i = 0; i < b->n; i++) {
        const char *own = text_at(b->entry[i].inputs, "version");
        if (own && strcmp(own, version) == 0) continue;
        gbl_node_fail(gbl_node_get(root, "version"), err, "the baseline is damaged: it says version %.50s, its scenario '%.100s' %.50s", version, b->entry[i].name, own ? own : "none");
        return gbl_expected(err, "one version; `gable baseline SCENARIO... -o FILE` writes a whole one");
    }
    return GBL_OK;
}

static int check_kind(const gbl_node *root, gbl_err *err)
{
    const char *kind = text_at(root, "gable");
    if (gbl_node_kind(root) == GBL_OBJECT && kind && strcmp(kind, "baseline/1") == 0) return GBL_OK;
    const gbl_node *at = gbl_node_kind(root) == GBL_OBJECT ? gbl_node_get(root, "gable") : NULL;
    if (kind && strncmp(kind, "baseline/", 9) == 0) gbl_node_fail(at, err, "this baseline has a layout that this gable does not know: %.50s", kind);
    else gbl_node_fail(at ? at : root, err, "this is no baseline");
    return gbl_expected(err, "a document {\"gable\": \"baseline/1\", ...} that `gable baseline` has written");
}

static int read_all(gbl_baseline *b, gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(b->doc);
    int code = check_kind(root, err);
    if (!code) code = only(root, root_rows, err);
    if (code) return code;
    const gbl_node *list = gbl_node_get(root, "scenarios");
    if (!list || gbl_node_kind(list) != GBL_ARRAY || !gbl_node_size(list)) return lacks(root, "scenarios", "at least one scenario", err);
    b->entry = gbl_arena_take(b->arena, gbl_node_size(list) * sizeof *b->entry);
    if (!b->entry) return gbl_nomem(err, gbl_node_size(list) * sizeof *b->entry);
    for (const gbl_node *n = gbl_node_first(list); n && !code; n = gbl_node_next(n)) code = read_entry(b, n, err);
    if (!code) code = one_version(b, root, err);
    return code ? code : twice(b, err);
}

int gbl_baseline_read(gbl_baseline **out, const char *path, gbl_err *err)
{
    gbl_doc *doc = NULL;
    *out = NULL;
    int code = gbl_doc_read(&doc, path, err);
    if (code) return code;
    gbl_arena *a = gbl_arena_new();
    gbl_baseline *b = a ? gbl_arena_take(a, sizeof *b) : NULL;
    if (!b) {
        gbl_arena_free(a);
        gbl_doc_free(doc);
        return gbl_nomem(err, sizeof *b);
    }
    b->arena = a;
    b->doc = doc;
    if ((code = read_all(b, err))) gbl_baseline_free(b);
    else *out = b;
    return code;
}

void gbl_baseline_free(gbl_baseline *b)
{
    if (!b) return;
    gbl_doc_free(b->doc);
    gbl_arena_free(b->arena);
}

int gbl_baseline_values(const gbl_baseline_entry *e, const char *metric, double *v)
{
    const gbl_node *m = gbl_node_get(e->metrics, metric);
    if (!m) return 0;
    for (const gbl_node *x = gbl_node_first(m); x; x = gbl_node_next(x)) *v++ = gbl_node_kind(x) == GBL_NUMBER ? gbl_node_num(x) : NAN;
    return 1;
}

/* ---------------------------------------------------------------- writing ---- */

const char *gbl_baseline_name(const gbl_scenario *s, const char *path, gbl_arena *a)
{
    if (gbl_node_get(gbl_doc_root(s->doc), "name") || !path || strcmp(path, "-") == 0) return s->name;
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strstr(base, ".json");
    return gbl_arena_textn(a, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

/* The document with every default, its paths as seen from here. */
static int scenario_member(gbl_json *j, const gbl_scenario *s, gbl_err *err)
{
    const char *text = gbl_scenario_json(s, 0);
    gbl_doc *doc = NULL;
    gbl_arena *a = gbl_arena_new();
    int code = text && a ? gbl_doc_parse(&doc, "scenario", text, strlen(text), err) : gbl_nomem(err, 0);
    if (!code) code = gbl_rebase(doc, gbl_doc_folder(s->doc), a, err);
    char *canonical = code ? NULL : gbl_node_canonical(gbl_doc_root(doc));
    if (!code && !canonical) code = gbl_nomem(err, 0);
    if (!code) gbl_json_raw(j, "scenario", canonical);
    gbl_free(canonical);
    gbl_doc_free(doc);
    gbl_arena_free(a);
    return code;
}

static int inputs_member(gbl_json *j, const gbl_scenario *s, gbl_err *err)
{
    gbl_doc *doc = NULL;
    int code = gbl_inputs_of(&doc, s, err);
    char *text = code ? NULL : gbl_node_canonical(gbl_doc_root(doc));
    if (!code && !text) code = gbl_nomem(err, 0);
    if (!code) gbl_json_raw(j, "inputs", text);
    gbl_free(text);
    gbl_doc_free(doc);
    return code;
}

/* One line a metric: readable, and a diff in git shows which moved. */
static void values_member(gbl_json *j, const char *name, const double *v, size_t n)
{
    gbl_json *line = gbl_json_new(0);
    if (line) gbl_json_arr(line, NULL);
    for (size_t i = 0; line && i < n; i++) gbl_json_num(line, NULL, v[i]);
    if (line) gbl_json_end(line);
    gbl_json_raw(j, name, line ? gbl_json_text(line) : NULL);
    gbl_json_free(line);
}

int gbl_baseline_entry_json(gbl_json *j, const char *name, const gbl_scenario *s, const gbl_outcome *o, size_t n, int64_t seed, gbl_err *err)
{
    gbl_measures m;
    int code = gbl_measures_init(&m, o, n, err);
    if (code) return code;
    gbl_growth g = gbl_outcomes_growth(o, n);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", name);
    gbl_json_int(j, "seed", seed);
    gbl_json_int(j, "replications", (int64_t)n);
    if (g.growing < 0) gbl_json_null(j, "stable");
    else gbl_json_bool(j, "stable", !g.growing);
    code = scenario_member(j, s, err);
    if (!code) code = inputs_member(j, s, err);
    gbl_json_obj(j, "metrics");
    for (size_t i = 0; gbl_metric_kept[i]; i++) {
        const double *v = gbl_measures_of(&m, gbl_metric_kept[i]);
        if (v) values_member(j, gbl_metric_kept[i], v, n);
    }
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_measures_fini(&m);
    return code;
}
