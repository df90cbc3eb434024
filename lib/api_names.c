/* api_names.c - what there is by name, and documents without a run. */
#include <math.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "lib/api.h"
#include "lib/catalogue.h"
#include "lib/explain.h"
#include "lib/listing.h"
#include "lib/schemas.h"
#include "models/sheet.h"
#include "sim/scenario.h"

/* A writer and an arena for one question. */
typedef struct desk {
    gbl_json *j;
    gbl_arena *a;
    gbl_err err;
    int code;
} desk;

static desk open_desk(void)
{
    desk d = {.j = gbl_json_new(2), .a = gbl_arena_new()};
    if (!d.j || !d.a) d.code = gbl_nomem(&d.err, 0);
    return d;
}

static int close_desk(desk *d, char **out, gable_error *err)
{
    gbl_arena_free(d->a);
    return gbl_api_text(out, d->j, d->code, &d->err, err);
}

int gable_data_folder(char **out, gable_error *err)
{
    desk d = open_desk();
    if (!d.code) d.code = gbl_catalogue_there(d.a, &d.err);
    const char *root = d.code ? NULL : gbl_data_root(d.a);
    char *copy = root ? gbl_alloc(strlen(root) + 1, 1) : NULL;
    if (copy) memcpy(copy, root, strlen(root) + 1);
    else if (!d.code) d.code = gbl_nomem(&d.err, 0);
    gbl_arena_free(d.a);
    gbl_json_free(d.j);
    *out = copy;
    return d.code ? gbl_api_fail(err, &d.err) : GABLE_OK;
}

int gable_list(char **json, const char *kind, gable_error *err)
{
    desk d = open_desk();
    if (!d.code) d.code = gbl_list_json(d.j, kind, d.a, &d.err);
    return close_desk(&d, json, err);
}

int gable_explain(char **json, const char *name, gable_error *err)
{
    desk d = open_desk();
    if (!d.code) d.code = gbl_explain_json(d.j, name, d.a, &d.err);
    return close_desk(&d, json, err);
}

int gable_schema(char **json, const char *kind, gable_error *err)
{
    desk d = open_desk();
    if (!d.code) d.code = gbl_schema_json(d.j, kind, &d.err);
    return close_desk(&d, json, err);
}

/* ---------------------------------------------------------------- documents ---- */

int gable_scenario(char **json, const gable_document *scenario, const gable_options *options, gable_error *err)
{
    gable_options o = gbl_api_options(options);
    desk d = open_desk();
    gbl_doc *doc = NULL;
    gbl_scenario *s = NULL;
    if (!d.code) d.code = gbl_api_document(&doc, scenario, &o, 1, &d.err);
    if (!d.code) d.code = gbl_scenario_bind(&s, doc, &d.err);
    const char *text = d.code ? NULL : gbl_scenario_json(s, 2);
    if (!d.code && !text) d.code = gbl_nomem(&d.err, 0);
    if (text) gbl_json_raw(d.j, NULL, text);
    gbl_scenario_free(s);
    return close_desk(&d, json, err);
}

static int family_of(const char *name, gbl_err *err)
{
    const char *known[GBL_FAMILIES];
    int f = gbl_family_of(name);
    if (f >= 0) return f;
    for (int i = 0; i < GBL_FAMILIES; i++) known[i] = gbl_family_name((enum gbl_family)i);
    gbl_fail(err, GBL_EINPUT, "unknown policy family '%s'", name);
    gbl_expected(err, "a family that `gable list policies` prints, as schedule or evict");
    gbl_nearest(err, gbl_near(name, known, GBL_FAMILIES));
    return -1;
}

/* {"use": name, parameters...}, as a document of its own, so that binding checks and messages are those of a scenario. */
static int policy_document(gbl_doc **out, const char *name, const char *parameters, gbl_err *err)
{
    const char *text = parameters ? parameters : "{}";
    int code = gbl_doc_parse(out, "parameters", text, strlen(text), err);
    if (code) return code;
    gbl_json *quoted = gbl_json_new(0);
    if (quoted) gbl_json_str(quoted, NULL, name);
    const char *use = quoted ? gbl_json_text(quoted) : NULL;
    if (gbl_node_kind(gbl_doc_root(*out)) != GBL_OBJECT) {
        gbl_node_fail(gbl_doc_root(*out), err, "the parameters of a policy are an object");
        code = gbl_expected(err, "{\"name\": value, ...}");
    } else {
        code = use ? gbl_doc_set(*out, "use", use, err) : gbl_nomem(err, 0);
    }
    gbl_json_free(quoted);
    return code;
}

int gable_policy(char **json, const char *family, const char *name, const char *parameters, gable_error *err)
{
    desk d = open_desk();
    gbl_doc *doc = NULL;
    gbl_choice choice;
    int f = d.code ? -1 : family_of(family, &d.err);
    if (f < 0) d.code = d.err.code;
    if (!d.code) d.code = policy_document(&doc, name, parameters, &d.err);
    if (!d.code) d.code = gbl_choice_bind(&choice, (enum gbl_family)f, gbl_doc_root(doc), name, d.a, &d.err);
    if (d.code == GBL_EINPUT && !strncmp(d.err.where, "--set use", 9)) gbl_where(&d.err, "name"); /* the caller's word for it */
    if (!d.code) gbl_choice_json(&choice, NULL, d.j);
    gbl_doc_free(doc);
    return close_desk(&d, json, err);
}

/* ---------------------------------------------------------------- the sheet ---- */

#define TEXT(field, value) {#field, GBL_P_STR, GBL_P_NULLABLE, offsetof(gbl_sheet_ask, field), value, 0, 0, NULL, NULL, "as gable model --help says"}
#define COUNT(field, value, most) {#field, GBL_P_INT, GBL_P_NULLABLE, offsetof(gbl_sheet_ask, field), value, 1, most, NULL, NULL, "as gable model --help says"}
static const gbl_param ask_rows[] = {TEXT(llm, "null"),
                                     TEXT(hardware, "null"),
                                     TEXT(runtime, "null"),
                                     TEXT(weights, "null"),
                                     TEXT(activations, "null"),
                                     TEXT(kv, "null"),
                                     TEXT(compress, "null"),
                                     COUNT(tp, "null", 1024),
                                     COUNT(batch, "null", 1e6),
                                     COUNT(context, "null", 1e9),
                                     COUNT(prompt, "null", 1e9),
                                     COUNT(block_size, "null", 65536),
                                     COUNT(max_num_seqs, "null", 1e6),
                                     COUNT(max_num_batched_tokens, "null", 1e9),
                                     {"memory_utilization", GBL_P_REAL, GBL_P_NULLABLE, offsetof(gbl_sheet_ask, memory_utilization), "null", 0.01, 1, NULL, NULL,
                                      "share of the GPU's memory that the engine may use"},
                                     {0}};

/* What was not given is 0 to the sheet. */
static void clear_nulls(gbl_sheet_ask *ask)
{
    int64_t *count[] = {&ask->tp,         &ask->batch,        &ask->context, &ask->prompt,
                        &ask->block_size, &ask->max_num_seqs, &ask->max_num_batched_tokens};
    for (size_t i = 0; i < sizeof count / sizeof *count; i++)
        if (*count[i] == GBL_NULL_INT) *count[i] = 0;
    if (isnan(ask->memory_utilization)) ask->memory_utilization = 0;
}

static int read_ask(gbl_sheet_ask *ask, const gbl_doc *doc, gbl_arena *a, gbl_err *err)
{
    int code = gbl_param_defaults(ask_rows, ask, a, err);
    if (!code) code = gbl_param_bind(ask_rows, ask, gbl_doc_root(doc), NULL, a, err);
    if (code) return code;
    clear_nulls(ask);
    if (ask->llm) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "the question names no model");
    return gbl_expected(err, "{\"llm\": \"llama-3.1-8b\", ...}");
}

int gable_model(char **json, const char *text, gable_error *err)
{
    desk d = open_desk();
    gbl_doc *doc = NULL;
    gbl_sheet_ask ask = {0};
    gbl_sheet *s = d.code ? NULL : gbl_arena_take(d.a, sizeof *s);
    if (!d.code && !s) d.code = gbl_nomem(&d.err, sizeof *s);
    if (!d.code) d.code = gbl_catalogue_there(d.a, &d.err);
    if (!d.code) d.code = gbl_doc_parse(&doc, "model", text, strlen(text), &d.err);
    if (!d.code) d.code = read_ask(&ask, doc, d.a, &d.err);
    if (!d.code) d.code = gbl_model_sheet(s, &ask, d.a, &d.err);
    if (!d.code) {
        gbl_json_obj(d.j, NULL);
        gbl_sheet_json(s, d.j);
        if (s->warning[0]) gbl_json_str(d.j, "warning", s->warning);
        gbl_json_end(d.j);
    }
    gbl_doc_free(doc);
    return close_desk(&d, json, err);
}
