#include "lib/explain.h"

#include <string.h>

#include "base/doc.h"
#include "base/param.h"
#include "base/term.h"
#include "base/text.h"
#include "lib/catalogue.h"
#include "lib/explain_compress.h"

/* ---------------------------------------------------------------- finding ---- */

/* NAME, KIND/NAME, or policy/NAME for any family. */
static int is_meant(const gbl_thing *t, const char *kind, size_t kind_len, const char *name)
{
    if (strcmp(t->name, name) != 0) return 0;
    if (!kind_len || (strlen(t->kind) == kind_len && memcmp(t->kind, kind, kind_len) == 0)) return 1;
    return t->policy && kind_len == strlen("policy") && memcmp(kind, "policy", kind_len) == 0;
}

static int unknown(const gbl_thing *things, size_t n, const char *asked, const char *name, gbl_arena *a, gbl_err *err)
{
    const char **known = gbl_arena_take(a, (n + 1) * sizeof *known);
    if (!known) return gbl_nomem(err, n * sizeof *known);
    for (size_t i = 0; i < n; i++) known[i] = things[i].name;
    const char *near = gbl_near(name, known, n);
    gbl_fail(err, GBL_EINPUT, "nothing is called %s", asked);
    gbl_expected(err, "a name that `gable list` prints, or KIND/NAME");
    return gbl_nearest(err, near);
}

/* ---------------------------------------------------------------- cards ---- */

static int has_value(const gbl_node *n)
{
    return gbl_node_kind(n) == GBL_OBJECT && gbl_node_get(n, "value") != NULL;
}

static const char *text_of(const gbl_node *n, const char *key)
{
    const gbl_node *t = gbl_node_get(n, key);
    return t && gbl_node_kind(t) == GBL_STRING ? gbl_node_text(t) : NULL;
}

/* Short arrays and plain values on one line. */
static int leaf_row(gbl_table *t, const char *path, const gbl_node *value, const gbl_node *error, const char *source)
{
    char *text = gbl_node_canonical(value), *se = error ? gbl_node_canonical(error) : NULL;
    if (!text) return -1;
    gbl_table_cell(t, "%s", path);
    if (gbl_node_kind(value) == GBL_STRING)
        gbl_table_cell(t, "%s", gbl_node_text(value));
    else
        gbl_table_cell(t, "%s%s%s", text, se ? " +- " : "", se ? se : "");
    gbl_table_cell(t, "%s", source ? source : "");
    gbl_free(text);
    gbl_free(se);
    return 0;
}

/* Every number with its source: its own, else that of the innermost object around it. */
static int card_rows(gbl_table *t, const gbl_node *n, const char *source, gbl_err *err)
{
    const char *own = text_of(n, "source");
    if (own) source = own;
    for (const gbl_node *c = gbl_node_first(n); c; c = gbl_node_next(c)) {
        char path[512];
        int code = 0;
        gbl_node_path(c, path, sizeof path);
        if (strcmp(gbl_node_key(c), "source") == 0 && gbl_node_kind(c) == GBL_STRING) continue;
        if (has_value(c)) {
            const char *its = text_of(c, "source");
            code = leaf_row(t, path, gbl_node_get(c, "value"), gbl_node_get(c, "se"), its ? its : source)
                       ? gbl_nomem(err, 0)
                       : 0;
        } else if (gbl_node_kind(c) == GBL_OBJECT) {
            code = card_rows(t, c, source, err);
        } else {
            code = leaf_row(t, path, c, NULL, gbl_node_kind(c) == GBL_NUMBER ? source : NULL) ? gbl_nomem(err, 0) : 0;
        }
        if (code) return code;
    }
    return GBL_OK;
}

static int card_text(const gbl_thing *thing, const gbl_node *root, FILE *to, gbl_err *err)
{
    char title[512];
    snprintf(title, sizeof title, "%s/%s - %s", thing->kind, thing->name, thing->path);
    gbl_table *t = gbl_table_new(title);
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, "key", "value", "source", (const char *)NULL);
    int code = card_rows(t, root, NULL, err);
    if (!code) gbl_table_print(t, to);
    gbl_table_free(t);
    return code;
}

static int card_json(const gbl_thing *thing, const gbl_node *root, gbl_json *j, gbl_err *err)
{
    char *card = gbl_node_canonical(root);
    if (!card) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "kind", thing->kind);
    gbl_json_str(j, "name", thing->name);
    gbl_json_str(j, "file", thing->path);
    gbl_json_raw(j, "card", card);
    gbl_json_end(j);
    gbl_free(card);
    return GBL_OK;
}

/* Into j, or as text where it is NULL. */
static int explain_card(const gbl_thing *thing, gbl_json *j, FILE *to, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    int code = gbl_doc_read(&doc, thing->path, err);
    if (!code && j) code = card_json(thing, gbl_doc_root(doc), j, err);
    else if (!code && !strcmp(thing->kind, "compress")) code = gbl_explain_compress(thing, gbl_doc_root(doc), to, a, err);
    else if (!code) code = card_text(thing, gbl_doc_root(doc), to, err);
    gbl_doc_free(doc);
    return code;
}

/* ---------------------------------------------------------------- policies ---- */

static void policy_json(const gbl_thing *thing, gbl_json *j)
{
    const gbl_policy *p = thing->policy;
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "kind", thing->kind);
    gbl_json_str(j, "name", p->name);
    gbl_json_str(j, "help", p->help);
    gbl_json_str(j, "source", p->source);
    gbl_json_int(j, "abi", p->abi);
    gbl_json_obj(j, "parameters");
    if (p->params) gbl_param_schema(p->params, j);
    gbl_json_end(j);
    gbl_json_end(j);
}

static void policy_text(const gbl_thing *thing, FILE *to)
{
    const gbl_policy *p = thing->policy;
    const char *open = p->family == GBL_COMPRESS ? "[" : "", *close = *open ? "]" : ""; /* one of a list */
    fprintf(to, "%s/%s - %s\n", thing->kind, p->name, p->help ? p->help : "");
    if (p->source) fprintf(to, "source: %s\n", p->source);
    if (p->params && p->params->name) {
        fputs("\nparameters\n", to);
        gbl_param_help(p->params, "  ", to);
        fprintf(to, "\nin a scenario: \"policy\": {\"%s\": %s{\"use\": \"%s\", \"%s\": %s}%s}\n", thing->kind, open, p->name,
                p->params->name, p->params->dflt, close);
    } else {
        fprintf(to, "no parameters\n\nin a scenario: \"policy\": {\"%s\": %s\"%s\"%s}\n", thing->kind, open, p->name, close);
    }
}

/* ---------------------------------------------------------------- words of the generators ---- */

static void word_json(const gbl_thing *thing, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "kind", thing->kind);
    gbl_json_str(j, "name", thing->name);
    gbl_json_str(j, "help", thing->word->help);
    gbl_json_obj(j, "parameters");
    gbl_param_schema(thing->word->params, j);
    gbl_json_end(j);
    gbl_json_end(j);
}

static void word_text(const gbl_thing *thing, FILE *to)
{
    fprintf(to, "%s/%s - %s\n\nparameters\n", thing->kind, thing->name, thing->word->help);
    gbl_param_help(thing->word->params, "  ", to);
    fputs("\nin a scenario: ", to);
    gbl_gen_example(thing->kind, thing->word, to);
    fputc('\n', to);
}

/* ---------------------------------------------------------------- published systems ---- */

static void paragraph(FILE *to, const char *head, const char *text)
{
    if (text) fprintf(to, "\n%s\n%s\n", head, text);
}

static void system_text(const gbl_node *root, const char *name, FILE *to)
{
    const char *title = text_of(root, "title"), *source = text_of(root, "source");
    const gbl_node *claims = gbl_node_get(root, "claims");
    fprintf(to, "claims/%s - %s\n", name, title ? title : "");
    if (source) fprintf(to, "source: %s\n", source);
    paragraph(to, "made of", text_of(root, "built"));
    paragraph(to, "note", text_of(root, "note"));
    fprintf(to, "\npublished values beside simulated ones: gable claims %s (%zu claims)\n", name, claims ? gbl_node_size(claims) : 0);
}

/* A system that is no card or policy of its own, but made of several: what its claim file says. -1: there is no such file. */
static int explain_system(const char *asked, const char *name, gbl_json *j, FILE *to, gbl_arena *a, gbl_err *err)
{
    const char *kind = "claims/", *file, *path;
    if (name != asked && ((size_t)(name - asked) != strlen(kind) || strncmp(asked, kind, strlen(kind)) != 0)) return -1;
    if (!(file = gbl_arena_printf(a, "reports/claims/%s.json", name))) return gbl_nomem(err, 0);
    if (!(path = gbl_data_path(a, file))) return -1;
    gbl_doc *doc = NULL;
    const gbl_thing thing = {"claims", name, path, NULL, NULL};
    int code = gbl_doc_read(&doc, path, err);
    if (!code && j) code = card_json(&thing, gbl_doc_root(doc), j, err);
    else if (!code) system_text(gbl_doc_root(doc), name, to);
    gbl_doc_free(doc);
    return code;
}

/* ---------------------------------------------------------------- one name, many things ---- */

static const char *help_of(const gbl_thing *t)
{
    return t->policy ? t->policy->help : t->word ? t->word->help : NULL;
}

static void many_text(const gbl_thing *const *found, size_t n, const char *name, FILE *to)
{
    fprintf(to, "%s is %zu things; explain one of them:\n", name, n);
    for (size_t i = 0; i < n; i++) {
        const char *help = help_of(found[i]);
        fprintf(to, "  gable explain %s/%s%s%s\n", found[i]->kind, name, help ? "    " : "", help ? help : "");
    }
}

static void many_json(const gbl_thing *const *found, size_t n, const char *name, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", name);
    gbl_json_arr(j, "ambiguous");
    for (size_t i = 0; i < n; i++) {
        char full[256];
        snprintf(full, sizeof full, "%s/%s", found[i]->kind, name);
        gbl_json_str(j, NULL, full);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}

/* A card and the policy in C of the same family and name: the policy runs, the card is the analytical sheet's. */
static int explain_both(const gbl_thing *const *found, gbl_json *j, FILE *to, gbl_arena *a, gbl_err *err)
{
    const gbl_thing *card = found[found[0]->path == NULL], *policy = found[found[0]->path != NULL];
    if (j) gbl_json_arr(j, NULL);
    int code = explain_card(card, j, to, a, err);
    if (code) return code;
    if (!j) fputs("\nThat is the card, which gable model --compress reads. A scenario runs the policy in C:\n\n", to);
    if (j) policy_json(policy, j);
    else policy_text(policy, to);
    if (j) gbl_json_end(j);
    return GBL_OK;
}

/* What has no card. */
static void explain_one(const gbl_thing *t, gbl_json *j, FILE *to)
{
    if (t->word && j) word_json(t, j);
    else if (t->word) word_text(t, to);
    else if (j) policy_json(t, j);
    else policy_text(t, to);
}

static int explain(const char *asked, gbl_json *j, FILE *to, gbl_arena *a, gbl_err *err)
{
    const char *slash = strrchr(asked, '/'), *name = slash ? slash + 1 : asked;
    const gbl_thing *found[32];
    size_t n, n_found = 0;
    if (gbl_catalogue_there(a, err)) return err->code;
    const gbl_thing *things = gbl_catalogue(a, &n);
    if (!things) return gbl_nomem(err, 0);
    for (size_t i = 0; i < n && n_found < 32; i++)
        if (is_meant(&things[i], asked, slash ? (size_t)(slash - asked) : 0, name)) found[n_found++] = &things[i];
    int system = n_found ? -1 : explain_system(asked, name, j, to, a, err);
    if (system >= 0) return system;
    if (!n_found) return unknown(things, n, asked, name, a, err);
    if (n_found == 1 && found[0]->path) return explain_card(found[0], j, to, a, err);
    if (n_found == 2 && !strcmp(found[0]->kind, found[1]->kind)) return explain_both(found, j, to, a, err);
    if (n_found > 1 && j) many_json(found, n_found, name, j);
    else if (n_found > 1) many_text(found, n_found, name, to);
    else explain_one(found[0], j, to);
    return GBL_OK;
}

int gbl_explain_json(gbl_json *j, const char *name, gbl_arena *a, gbl_err *err)
{
    return explain(name, j, NULL, a, err);
}

int gbl_explain_print(FILE *to, const char *name, gbl_arena *a, gbl_err *err)
{
    return explain(name, NULL, to, a, err);
}
