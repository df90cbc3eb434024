/* claims_read.c - claim files. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "reports/claims_parts.h"

static const char folder[] = "reports/claims";

/* ---------------------------------------------------------------- one claim ---- */

typedef struct claim_keys {
    const char *quantity, *unit, *source, *runtime, *reason;
    double published, tolerance, neutral;
    int32_t rule, within, recalled, computed;
    const gbl_node *measure;
} claim_keys;

#define AT(field) offsetof(claim_keys, field)
static const gbl_param claim_rows[] = {
    {"quantity", GBL_P_STR, 0, AT(quantity), "\"\"", 0, 0, NULL, NULL, "What was measured, on what."},
    {"published", GBL_P_REAL, GBL_P_NULLABLE, AT(published), "null", 1, 0, NULL, NULL, "The published value."},
    {"unit", GBL_P_STR, 0, AT(unit), "\"\"", 0, 0, NULL, NULL, "Its unit; x: a ratio."},
    {"source", GBL_P_STR, 0, AT(source), "\"\"", 0, 0, NULL, NULL, "Where it stands."},
    {"recalled", GBL_P_BOOL, 0, AT(recalled), "false", 0, 0, NULL, NULL, "The published value is recalled, not verified against the publication."},
    {"computed", GBL_P_BOOL, 0, AT(computed), "false", 0, 0, NULL, NULL, "The value follows from the definition or a formula, and was not measured: what agrees with it checks this program."},
    {"runtime", GBL_P_STR, GBL_P_NULLABLE, AT(runtime), "null", 0, 0, NULL, NULL, "The engine that the published value belongs to."},
    {"measure", GBL_P_NODE, 0, AT(measure), "null", 0, 0, NULL, NULL, "How to measure it here."},
    {"tolerance", GBL_P_REAL, GBL_P_NULLABLE, AT(tolerance), "null", 0, 1e9, NULL, NULL, "How far off still counts as reproduced."},
    {"within", GBL_P_CHOICE, 0, AT(within), "\"relative\"", 0, 0, NULL, "relative|absolute", "What the tolerance counts."},
    {"neutral", GBL_P_REAL, GBL_P_NULLABLE, AT(neutral), "null", 1, 0, NULL, NULL, "The value of no effect; 1 where the unit is x."},
    {"rule", GBL_P_CHOICE, 0, AT(rule), "\"reproduced\"", 0, 0, NULL, "reproduced|direction|not|quality", "The best verdict there can be."},
    {"reason", GBL_P_STR, GBL_P_NULLABLE, AT(reason), "null", 0, 0, NULL, NULL, "Why it differs, or why it is not measured."},
    {0}};

static int lacks(const gbl_node *n, const char *key, const char *expected, gbl_err *err)
{
    gbl_node_fail(n, err, "a claim lacks '%s'", key);
    return gbl_expected(err, "%s", expected);
}

static int check_keys(const gbl_node *n, const claim_keys *k, gbl_err *err)
{
    int measured = k->rule == GBL_REPRODUCED || k->rule == GBL_DIRECTION;
    if (!k->quantity[0]) return lacks(n, "quantity", "what was measured, in words", err);
    if (!k->source[0]) return lacks(n, "source", "where the published value stands", err);
    if (k->recalled && isnan(k->published)) return lacks(n, "published", "the number that is recalled", err);
    if (!measured && k->measure) {
        gbl_node_fail(k->measure, err, "a claim whose rule is \"%s\" is not measured", gbl_verdict_name((enum gbl_verdict)k->rule));
        return gbl_expected(err, "the rule \"reproduced\" or \"direction\", or no measure");
    }
    if (!measured) return k->reason ? GBL_OK : lacks(n, "reason", "why it is not measured", err);
    if (!k->measure) return lacks(n, "measure", "how to measure it, or the rule \"not\" or \"quality\" with a reason", err);
    if (isnan(k->published)) return lacks(n, "published", "the published number", err);
    if (!k->runtime) return lacks(n, "runtime", "the engine that the published value belongs to", err);
    if (k->rule == GBL_REPRODUCED && isnan(k->tolerance)) return lacks(n, "tolerance", "a share of the published value, or with \"within\": \"absolute\" a number in its unit", err);
    if (k->rule == GBL_DIRECTION && isnan(k->neutral) && strcmp(k->unit, "x") != 0) return lacks(n, "neutral", "the value that stands for no effect, or the unit \"x\"", err);
    return GBL_OK;
}

static int read_claim(gbl_claims *c, const gbl_claims_file *f, const gbl_node *n, gbl_err *err)
{
    claim_keys k;
    int code = gbl_node_kind(n) == GBL_OBJECT ? gbl_param_defaults(claim_rows, &k, c->arena, err) : (gbl_node_fail(n, err, "a claim is no object"), gbl_expected(err, "{\"quantity\": ..., \"published\": ..., ...}"));
    if (!code) code = gbl_param_bind(claim_rows, &k, n, NULL, c->arena, err);
    if (!code) code = check_keys(n, &k, err);
    if (!code && k.measure) code = gbl_claim_check(f, k.measure, err);
    if (code) return code;
    if (gbl_grow(&c->row, &c->room, c->n_rows + 1, sizeof *c->row)) return gbl_nomem(err, sizeof *c->row);
    c->row[c->n_rows++] = (gbl_claim_row){
        .file = f,
        .measure = k.measure,
        .says = {.key = f->key, .quantity = k.quantity, .unit = k.unit, .runtime = k.runtime, .source = k.source, .reason = k.reason ? k.reason : "", .recalled = k.recalled, .computed = k.computed,
                 .ratio = NAN,
                 .is = {.rule = (enum gbl_verdict)k.rule, .published = k.published, .simulated = NAN, .tolerance = k.tolerance, .absolute = k.within == 1,
                        .neutral = isnan(k.neutral) && !strcmp(k.unit, "x") ? 1 : k.neutral}}};
    return GBL_OK;
}

/* ---------------------------------------------------------------- one file ---- */

typedef struct file_keys {
    const char *gable, *key, *title, *source, *built, *note;
    const gbl_node *scenarios, *sets, *models, *measures, *claims;
} file_keys;
#undef AT
#define AT(field) offsetof(file_keys, field)
static const gbl_param file_rows[] = {
    {"gable", GBL_P_STR, 0, AT(gable), "\"\"", 0, 0, NULL, NULL, "claims/1"},
    {"key", GBL_P_STR, 0, AT(key), "\"\"", 0, 0, NULL, NULL, "The file's own name."},
    {"title", GBL_P_STR, 0, AT(title), "\"\"", 0, 0, NULL, NULL, "Of the publication."},
    {"source", GBL_P_STR, 0, AT(source), "\"\"", 0, 0, NULL, NULL, "Where the publication, its code and its data are."},
    {"built", GBL_P_STR, 0, AT(built), "\"\"", 0, 0, NULL, NULL, "What it is made of here: policies, cards, keys of a scenario."},
    {"note", GBL_P_STR, 0, AT(note), "\"\"", 0, 0, NULL, NULL, "What holds for all claims of the file."},
    {"scenarios", GBL_P_NODE, 0, AT(scenarios), "null", 0, 0, NULL, NULL, "Scenarios by name."},
    {"sets", GBL_P_NODE, 0, AT(sets), "null", 0, 0, NULL, NULL, "Settings by name."},
    {"models", GBL_P_NODE, 0, AT(models), "null", 0, 0, NULL, NULL, "Models on machines by name, as gable model takes them."},
    {"measures", GBL_P_NODE, 0, AT(measures), "null", 0, 0, NULL, NULL, "Measures by name."},
    {"claims", GBL_P_NODE, 0, AT(claims), "null", 0, 0, NULL, NULL, "The claims."},
    {0}};

static int check_object(const gbl_node *n, const char *of, gbl_err *err)
{
    if (!n || gbl_node_kind(n) == GBL_OBJECT) return GBL_OK;
    gbl_node_fail(n, err, "'%s' is no object", gbl_node_key(n));
    return gbl_expected(err, "an object of %s by name", of);
}

static int read_file(gbl_claims *c, gbl_claims_file *f, gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(f->doc);
    file_keys k;
    if (gbl_node_kind(root) != GBL_OBJECT) return gbl_node_fail(root, err, "a claim file is no object"), gbl_expected(err, "{\"gable\": \"claims/1\", ...}");
    const gbl_node *at = gbl_node_get(root, "gable");
    if (!at || gbl_node_kind(at) != GBL_STRING || strcmp(gbl_node_text(at), "claims/1") != 0) {
        gbl_node_fail(at ? at : root, err, "this is no claim file");
        return gbl_expected(err, "\"gable\": \"claims/1\"");
    }
    if (gbl_param_defaults(file_rows, &k, c->arena, err) || gbl_param_bind(file_rows, &k, root, NULL, c->arena, err)) return err->code;
    if (!k.key[0] || !k.claims || gbl_node_kind(k.claims) != GBL_ARRAY) {
        gbl_node_fail(k.claims ? k.claims : root, err, "a claim file needs a key and claims");
        return gbl_expected(err, "\"key\": \"name\" and \"claims\": [...]");
    }
    if (check_object(k.scenarios, "scenarios", err) || check_object(k.sets, "settings", err) || check_object(k.models, "models", err) || check_object(k.measures, "measures", err)) return err->code;
    f->key = k.key;
    f->scenarios = k.scenarios;
    f->sets = k.sets;
    f->models = k.models;
    f->measures = k.measures;
    for (const gbl_node *n = gbl_node_first(k.claims); n; n = gbl_node_next(n))
        if (read_claim(c, f, n, err)) return err->code;
    return GBL_OK;
}

void gbl_claims_schema(gbl_json *j)
{
    gbl_param_schema_document(file_rows, "gable claims/1", "[\"gable\",\"key\",\"claims\"]", j);
    gbl_json_raw(j, "allOf", /* what the parts hold */
                 "[{\"properties\":{\"gable\":{\"const\":\"claims/1\"},\"scenarios\":{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"object\",\"string\"]}},"
                 "\"sets\":{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"object\",\"string\",\"array\"]}},"
                 "\"models\":{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/$defs/model\"}},"
                 "\"measures\":{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/$defs/measure\"}},"
                 "\"claims\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/claim\"}}}}]");
    gbl_json_obj(j, "$defs");
    gbl_param_schema_part("claim", claim_rows, "[\"quantity\",\"source\"]", j);
    gbl_json_raw(j, "allOf", "[{\"properties\":{\"measure\":{\"$ref\":\"#/$defs/measure\"}}}]");
    gbl_json_end(j);
    gbl_claim_measure_schema(j);
    gbl_json_end(j);
    gbl_json_end(j);
}

/* ---------------------------------------------------------------- which files ---- */

static int unknown_key(gbl_claims *c, const char *key, gbl_err *err)
{
    size_t n = 0;
    const char **names = gbl_data_list(c->arena, folder, &n);
    gbl_fail(err, GBL_EINPUT, "unknown claims \"%s\"", key);
    gbl_where(err, "KEY");
    gbl_expected(err, "a file of %s without .json, or the path of a claim file", folder);
    return names ? gbl_nearest(err, gbl_near(key, names, n)) : err->code;
}

static int open_file(gbl_claims *c, const char *key, gbl_err *err)
{
    gbl_claims_file *f = &c->file[c->n_files];
    const char *path = key;
    if (!strchr(key, '/') && !strstr(key, ".json")) {
        const char *name = gbl_arena_printf(c->arena, "%s/%s.json", folder, key);
        if (!name) return gbl_nomem(err, 0);
        if (!(path = gbl_data_path(c->arena, name))) return unknown_key(c, key, err);
    }
    if (gbl_doc_read(&f->doc, path, err)) return err->code;
    c->n_files++;
    return read_file(c, f, err);
}

int gbl_claims_read(gbl_claims *c, gbl_err *err)
{
    const char *const *key = c->ask.key;
    size_t n = c->ask.n_keys;
    if (!n) {
        const char **all = gbl_data_list(c->arena, folder, &n);
        if (!all) return gbl_nomem(err, 0);
        key = all;
    }
    c->file = gbl_alloc(n + 1, sizeof *c->file);
    if (!c->file) return gbl_nomem(err, (n + 1) * sizeof *c->file);
    for (size_t i = 0; i < n; i++)
        if (open_file(c, key[i], err)) return err->code;
    return GBL_OK;
}
