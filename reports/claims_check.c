/* claims_check.c - whether a measure can be understood, before anything runs; and what there is, as JSON Schema. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "models/caching.h"
#include "reports/claims_parts.h"

enum { DEEPEST = 64 };

static int check(const gbl_claims_file *f, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err);

static int wrong_kind(const gbl_node *n, const char *expected, gbl_err *err)
{
    char words[80];
    gbl_node_fail(n, err, "'%s' cannot be %s", gbl_node_key(n), gbl_node_words(n, words, sizeof words));
    return gbl_expected(err, "%s", expected);
}

/* A name that object `in` should have. */
static int unknown_name(const gbl_node *n, const gbl_node *in, const char *kind, gbl_err *err)
{
    const char *known[256];
    size_t k = 0;
    for (const gbl_node *m = in ? gbl_node_first(in) : NULL; m && k < 256; m = gbl_node_next(m)) known[k++] = gbl_node_key(m);
    gbl_node_fail(n, err, "unknown %s \"%s\"", kind, gbl_node_text(n));
    return gbl_nearest(err, gbl_near(gbl_node_text(n), known, k));
}

static int check_variable(const gbl_node *n, const gbl_claim_scope *s, gbl_err *err)
{
    const char *known[DEEPEST];
    size_t k = 0;
    if (gbl_claim_variable(s, gbl_node_text(n) + 1)) return GBL_OK;
    for (; s && k < DEEPEST; s = s->up) known[k++] = s->name;
    gbl_node_fail(n, err, "unknown variable \"%s\"", gbl_node_text(n));
    return gbl_nearest(err, gbl_near(gbl_node_text(n) + 1, known, k));
}

static int check_set(const gbl_claims_file *f, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    enum gbl_kind kind = gbl_node_kind(n);
    if (depth > DEEPEST) return gbl_node_fail(n, err, "nested too deep");
    if (kind == GBL_STRING) {
        const gbl_node *named = gbl_node_get(f->sets, gbl_node_text(n));
        return named ? check_set(f, named, s, depth + 1, err) : unknown_name(n, f->sets, "set", err);
    }
    if (kind != GBL_OBJECT && kind != GBL_ARRAY) return wrong_kind(n, "an object of settings, a name of \"sets\", or an array of them", err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k)) {
        if (kind == GBL_ARRAY && check_set(f, k, s, depth + 1, err)) return err->code;
        if (kind == GBL_OBJECT && gbl_node_kind(k) == GBL_STRING && gbl_node_text(k)[0] == '$' && check_variable(k, s, err)) return err->code;
    }
    return GBL_OK;
}

static int check_scenario(const gbl_claims_file *f, const gbl_node *n, gbl_err *err)
{
    const gbl_node *named = gbl_claim_scenario_node(f, n);
    if (gbl_node_kind(n) != GBL_OBJECT && gbl_node_kind(n) != GBL_STRING) return wrong_kind(n, "an object, a name of \"scenarios\", or the path of a file", err);
    const char *name = gbl_node_text(n);
    if (named != n || gbl_node_kind(n) == GBL_OBJECT || strchr(name, '/') || strstr(name, ".json")) return GBL_OK;
    return unknown_name(n, f->scenarios, "scenario", err);
}

static int check_children(const gbl_claims_file *f, const gbl_node *n, enum gbl_kind kind, const char *expected, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    if (gbl_node_kind(n) != kind || !gbl_node_size(n)) return wrong_kind(n, expected, err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k))
        if (check(f, k, s, depth + 1, err)) return err->code;
    return GBL_OK;
}

static int check_range(const gbl_node *n, gbl_err *err)
{
    static const char *const known[] = {"from", "to", NULL};
    double v[2];
    if (gbl_node_only(n, known, err)) return err->code;
    for (int i = 0; i < 2; i++) {
        const gbl_node *k = gbl_node_get(n, known[i]);
        if (!k) return gbl_node_fail(n, err, "a range lacks '%s'", known[i]), gbl_expected(err, "{\"from\": 1, \"to\": 1000}");
        if (gbl_node_real(k, &v[i], err)) return err->code;
    }
    if (v[0] == floor(v[0]) && v[1] == floor(v[1]) && v[0] < v[1] && fabs(v[0]) < 1e15 && fabs(v[1]) < 1e15) return GBL_OK;
    gbl_node_fail(n, err, "no range of integers");
    return gbl_expected(err, "{\"from\": 1, \"to\": 1000}: integers, the smaller one first");
}

static int check_numbers(const gbl_node *n, gbl_err *err)
{
    if (gbl_node_kind(n) == GBL_OBJECT) return check_range(n, err);
    if (gbl_node_kind(n) != GBL_ARRAY || !gbl_node_size(n)) return wrong_kind(n, "an array of numbers, or {\"from\": 1, \"to\": 1000}", err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k))
        if (gbl_node_kind(k) != GBL_NUMBER) return wrong_kind(k, "a number", err);
    return GBL_OK;
}

/* Objects whose keys are a table's; the values are read for the messages alone. */
static int check_rows(const gbl_param *rows, size_t size, const gbl_node *n, gbl_err *err)
{
    gbl_arena *a = gbl_arena_new();
    void *into = a ? gbl_arena_take(a, size) : NULL;
    int code = !into ? gbl_nomem(err, size) : gbl_node_kind(n) != GBL_OBJECT ? wrong_kind(n, "an object", err) : gbl_param_defaults(rows, into, a, err);
    if (!code) code = gbl_param_bind(rows, into, n, NULL, a, err);
    gbl_arena_free(a);
    return code;
}

static int check_batch(const gbl_node *n, gbl_err *err)
{
    if (gbl_node_kind(n) != GBL_ARRAY || !gbl_node_size(n)) return wrong_kind(n, "an array of {\"decodes\", \"context\"} and {\"prefills\", \"tokens\", \"cached\"}", err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k))
        if (check_rows(gbl_claim_batch_rows, sizeof(gbl_claim_batch), k, err)) return err->code;
    return GBL_OK;
}

static int check_arg(const gbl_claims_file *f, const gbl_claim_arg *a, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    enum gbl_kind kind = gbl_node_kind(n);
    switch (a->kind) {
    case GBL_ARG_MEASURE: return check(f, n, s, depth + 1, err);
    case GBL_ARG_MEASURES: return check_children(f, n, GBL_ARRAY, "an array of measures", s, depth, err);
    case GBL_ARG_BOUNDS: return check_children(f, n, GBL_OBJECT, "an object of largest values, as {\"itl_ms.p99\": 50}", s, depth, err);
    case GBL_ARG_NUMBERS: return check_numbers(n, err);
    case GBL_ARG_NUMBER: return kind == GBL_NUMBER ? GBL_OK : wrong_kind(n, "a number", err);
    case GBL_ARG_NEW: return kind == GBL_STRING && gbl_node_text(n)[0] && gbl_node_text(n)[0] != '$' ? GBL_OK : wrong_kind(n, "a variable's name, without $", err);
    case GBL_ARG_TEXT: return kind == GBL_STRING ? GBL_OK : wrong_kind(n, "a string", err);
    case GBL_ARG_SCENARIO: return check_scenario(f, n, err);
    case GBL_ARG_SET: return check_set(f, n, s, depth, err);
    case GBL_ARG_POLICY: return kind == GBL_STRING || kind == GBL_OBJECT ? GBL_OK : wrong_kind(n, "a policy's name, or {\"use\": name, ...}", err);
    case GBL_ARG_MODEL:
        if (kind == GBL_STRING && !gbl_node_get(f->models, gbl_node_text(n))) return unknown_name(n, f->models, "model", err);
        return gbl_claim_sheet_check(f, n, err);
    case GBL_ARG_CACHING: return check_rows(gbl_caching_rows, sizeof(gbl_caching), n, err);
    case GBL_ARG_BATCH: return check_batch(n, err);
    case GBL_ARG_NONE: break;
    }
    return GBL_OK;
}

static int check_form(const gbl_claims_file *f, const gbl_claim_form *is, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    const char *known[GBL_CLAIM_ARGS + 1] = {NULL};
    gbl_claim_scope inner = {"", 0, s};
    for (int i = 0; i < GBL_CLAIM_ARGS && is->arg[i].key; i++) known[i] = is->arg[i].key;
    if (gbl_node_only(n, known, err)) return err->code;
    for (int i = 0; i < GBL_CLAIM_ARGS && is->arg[i].key; i++) {
        const gbl_claim_arg *a = &is->arg[i];
        const gbl_node *at = gbl_node_get(n, a->key);
        if (!at && a->optional) continue;
        if (!at) {
            gbl_node_fail(n, err, "a measure by '%s' lacks '%s'", known[0], a->key);
            return gbl_expected(err, "\"%s\" beside \"%s\"", a->key, known[0]);
        }
        const gbl_claim_scope *sees = inner.name[0] && strcmp(a->key, "be") != 0 ? &inner : s;
        if (check_arg(f, a, at, sees, depth, err)) return err->code;
        if (a->kind == GBL_ARG_NEW) inner.name = gbl_node_text(at);
    }
    return GBL_OK;
}

static int check(const gbl_claims_file *f, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    const char *known[64];
    size_t n_known = 0;
    for (const gbl_claim_form *k = gbl_claim_forms; k->eval; k++) known[n_known++] = k->arg[0].key;
    if (depth > DEEPEST) return gbl_node_fail(n, err, "measures nested deeper than %d, or going round in a circle", DEEPEST);
    if (gbl_node_kind(n) == GBL_NUMBER) return GBL_OK;
    if (gbl_node_kind(n) == GBL_STRING && gbl_node_text(n)[0] == '$') return check_variable(n, s, err);
    if (gbl_node_kind(n) == GBL_STRING) {
        const gbl_node *named = gbl_node_get(f->measures, gbl_node_text(n));
        return named ? check(f, named, s, depth + 1, err) : unknown_name(n, f->measures, "measure", err);
    }
    if (gbl_node_kind(n) != GBL_OBJECT) return wrong_kind(n, "a number, the name of a measure, or an object", err);
    const gbl_claim_form *is = gbl_claim_form_of(n);
    if (is) return check_form(f, is, n, s, depth, err);
    gbl_node_fail(n, err, "this object measures nothing");
    gbl_expected(err, "one of the keys run, hits, capacity, step_ms, model, caching, ratio, sum, descending, let, largest, ... (reports/claims/README.md)");
    for (const gbl_node *k = gbl_node_first(n); k && !err->nearest[0]; k = gbl_node_next(k)) gbl_nearest(err, gbl_near(gbl_node_key(k), known, n_known));
    return err->code;
}

int gbl_claim_check(const gbl_claims_file *f, const gbl_node *measure, gbl_err *err)
{
    return check(f, measure, NULL, 0, err);
}

/* ---------------------------------------------------------------- schema ---- */

static void arg_schema(gbl_json *j, const gbl_claim_arg *a)
{
    static const char *const text[] = {
        [GBL_ARG_MEASURE] = "{\"$ref\":\"#/$defs/measure\"}",
        [GBL_ARG_MEASURES] = "{\"type\":\"array\",\"minItems\":1,\"items\":{\"$ref\":\"#/$defs/measure\"}}",
        [GBL_ARG_BOUNDS] = "{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":{\"$ref\":\"#/$defs/measure\"}}",
        [GBL_ARG_CACHING] = "{\"$ref\":\"#/$defs/caching\"}",
        [GBL_ARG_NEW] = "{\"type\":\"string\",\"pattern\":\"^[^$]\"}",
        [GBL_ARG_NUMBERS] = "{\"anyOf\":[{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"number\"}},{\"type\":\"object\",\"properties\":{\"from\":{\"type\":\"integer\"},"
                            "\"to\":{\"type\":\"integer\"}},\"required\":[\"from\",\"to\"],\"additionalProperties\":false}]}",
        [GBL_ARG_NUMBER] = "{\"type\":\"number\"}",
        [GBL_ARG_TEXT] = "{\"type\":\"string\"}",
        [GBL_ARG_SCENARIO] = "{\"type\":[\"object\",\"string\"]}",
        [GBL_ARG_POLICY] = "{\"type\":[\"object\",\"string\"]}",
        [GBL_ARG_MODEL] = "{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/model\"}]}",
        [GBL_ARG_SET] = "{\"type\":[\"object\",\"string\",\"array\"]}"};
    if (a->kind == GBL_ARG_BATCH) {
        gbl_json_obj(j, a->key);
        gbl_json_str(j, "type", "array");
        gbl_param_schema_part("items", gbl_claim_batch_rows, NULL, j);
        gbl_json_end(j);
        gbl_json_end(j);
    } else {
        gbl_json_raw(j, a->key, text[a->kind]);
    }
}

static void form_schema(gbl_json *j, const gbl_claim_form *f)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "type", "object");
    gbl_json_obj(j, "properties");
    for (int i = 0; i < GBL_CLAIM_ARGS && f->arg[i].key; i++) arg_schema(j, &f->arg[i]);
    gbl_json_end(j);
    gbl_json_arr(j, "required");
    for (int i = 0; i < GBL_CLAIM_ARGS && f->arg[i].key; i++)
        if (!f->arg[i].optional) gbl_json_str(j, NULL, f->arg[i].key);
    gbl_json_end(j);
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_end(j);
}

void gbl_claim_measure_schema(gbl_json *j)
{
    gbl_param_schema_part("model", gbl_claim_sheet_rows, "[\"llm\"]", j);
    gbl_json_end(j);
    gbl_param_schema_part("caching", gbl_caching_rows, NULL, j);
    gbl_json_end(j);
    gbl_json_obj(j, "measure");
    gbl_json_str(j, "description", "A number, the name of a measure, \"$x\" (a variable), or an object that says how to measure.");
    gbl_json_arr(j, "anyOf");
    gbl_json_raw(j, NULL, "{\"type\":[\"number\",\"string\"]}");
    for (const gbl_claim_form *f = gbl_claim_forms; f->eval; f++) form_schema(j, f);
    gbl_json_end(j);
    gbl_json_end(j);
}
