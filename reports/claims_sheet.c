/* claims_sheet.c - numbers of the analytical sheet (gable model) as measures of a claim. */
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "models/sheet.h"
#include "reports/claims_parts.h"

const gbl_param gbl_claim_sheet_rows[] = {
#define TEXT(field) {#field, GBL_P_STR, GBL_P_NULLABLE, offsetof(gbl_sheet_ask, field), "null", 0, 0, NULL, NULL, "as in gable model"}
#define COUNT(field) {#field, GBL_P_INT, 0, offsetof(gbl_sheet_ask, field), "0", 0, 1e9, NULL, NULL, "as in gable model"}
    TEXT(llm), TEXT(hardware), TEXT(runtime), TEXT(weights), TEXT(activations), TEXT(kv), TEXT(compress), COUNT(tp), COUNT(batch), COUNT(context), COUNT(prompt),
    COUNT(block_size), COUNT(max_num_seqs), COUNT(max_num_batched_tokens),
    {"memory_utilization", GBL_P_REAL, 0, offsetof(gbl_sheet_ask, memory_utilization), "0.9", 0.01, 1, "share", NULL, "as in gable model"},
    {0}};

static const gbl_node *object_of(const gbl_claims_file *f, const gbl_node *n)
{
    return gbl_node_kind(n) == GBL_STRING ? gbl_node_get(f->models, gbl_node_text(n)) : n;
}

int gbl_claim_sheet_check(const gbl_claims_file *f, const gbl_node *model, gbl_err *err)
{
    const gbl_node *n = object_of(f, model);
    gbl_arena *a = gbl_arena_new();
    gbl_sheet_ask ask;
    int code = a ? gbl_param_defaults(gbl_claim_sheet_rows, &ask, a, err) : gbl_nomem(err, 0);
    if (!code && gbl_node_kind(n) != GBL_OBJECT) code = gbl_node_fail(n, err, "a model is no object");
    if (!code) code = gbl_param_bind(gbl_claim_sheet_rows, &ask, n, NULL, a, err);
    if (!code && !ask.llm) code = gbl_node_fail(n, err, "'model' names no llm");
    if (code && !err->expected[0]) gbl_expected(err, "{\"llm\": name, ...}, or a name of \"models\"");
    gbl_arena_free(a);
    return code;
}

int gbl_claim_settings(gbl_doc **out, const char *const *set, size_t n, gbl_err *err)
{
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    for (size_t i = 0; i < n; i++) {
        const char *eq = strchr(set[i], '=');
        size_t len = (size_t)(eq - set[i]);
        int again = 0;
        char key[64];
        for (size_t k = i + 1; k < n; k++) again |= !strncmp(set[k], set[i], len + 1);
        snprintf(key, sizeof key, "%.*s", (int)len, set[i]);
        if (!again) gbl_json_raw(j, key, eq + 1);
    }
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    int code = text ? gbl_doc_parse(out, "set", text, strlen(text), err) : gbl_nomem(err, 0);
    gbl_json_free(j);
    return code;
}

static int number_of(const gbl_sheet *sheet, const gbl_node *name, double *out, gbl_err *err)
{
    gbl_json *j = gbl_json_new(0);
    gbl_doc *doc = NULL;
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_sheet_json(sheet, j);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    int code = text ? gbl_doc_parse(&doc, "sheet", text, strlen(text), err) : gbl_nomem(err, 0);
    const gbl_node *found = code ? NULL : gbl_node_at(gbl_doc_root(doc), gbl_node_text(name));
    if (found && gbl_node_kind(found) == GBL_NUMBER) *out = gbl_node_num(found);
    else if (!code) {
        code = gbl_node_fail(name, err, "the sheet has no number \"%s\"", gbl_node_text(name));
        gbl_expected(err, "a path in the object of gable model --json, as kv.bytes_per_token");
    }
    gbl_doc_free(doc);
    gbl_json_free(j);
    return code;
}

int gbl_claim_in_file(const gbl_claims_file *f, const gbl_node *model, gbl_err *err)
{
    char at[200], inner[200];
    gbl_node_path(model, at, sizeof at);
    snprintf(inner, sizeof inner, "%.190s", err->where);
    return gbl_where(err, "%s (%s)%s%s", gbl_doc_name(f->doc), at, inner[0] ? ": " : "", inner);
}

int gbl_claim_sheet(const gbl_claims *c, const gbl_claims_file *f, const gbl_node *model, const char *const *set, size_t n_set, const gbl_node *name, double *out, gbl_err *err)
{
    gbl_sheet_ask ask = {0};
    gbl_doc *doc = NULL;
    gbl_sheet *sheet = gbl_alloc(1, sizeof *sheet);
    int code = sheet ? gbl_param_defaults(gbl_claim_sheet_rows, &ask, c->arena, err) : gbl_nomem(err, 0);
    if (!code) code = gbl_param_bind(gbl_claim_sheet_rows, &ask, object_of(f, model), NULL, c->arena, err);
    if (!code && n_set) code = gbl_claim_settings(&doc, set, n_set, err);
    ask.folder = gbl_doc_folder(f->doc);
    if (!code && (gbl_param_bind(gbl_claim_sheet_rows, &ask, doc ? gbl_doc_root(doc) : NULL, NULL, c->arena, err) || gbl_model_sheet(sheet, &ask, c->arena, err)))
        code = gbl_claim_in_file(f, model, err);
    if (!code) {
        code = number_of(sheet, name, out, err);
        gbl_sheet_free(sheet);
    }
    gbl_doc_free(doc);
    gbl_free(sheet);
    return code;
}
