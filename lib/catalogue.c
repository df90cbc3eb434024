#include "lib/catalogue.h"

#include <stdlib.h>

#include "base/doc.h"
#include "base/text.h"

const gbl_card_kind gbl_card_kinds[GBL_CARD_KINDS] = {{"hardware", "models/cards/hardware"},
                                                      {"llm", "models/cards/llm"},
                                                      {"runtime", "models/cards/runtime"},
                                                      {"price", "models/cards/price"},
                                                      {"precision", "policies/cards/precision"},
                                                      {"compress", "policies/cards/compress"}};

int gbl_catalogue_there(gbl_arena *a, gbl_err *err)
{
    if (gbl_data_path(a, "models/cards")) return GBL_OK;
    const char *set = getenv("GABLE_DATA");
    gbl_fail(err, GBL_EINPUT, "gable cannot find its cards");
    if (set && set[0]) gbl_where(err, "GABLE_DATA=%s", set);
    return gbl_expected(err, "a folder with models/cards: above the program, its share/gable, or GABLE_DATA");
}

static size_t count_policies(void)
{
    size_t n = 0;
    for (int f = 0; f < GBL_FAMILIES; f++)
        for (int i = 0; gbl_policy_at((enum gbl_family)f, i); i++) n++;
    return n;
}

static size_t words(gbl_thing *out) /* NULL: only counts */
{
    const char *kind;
    const gbl_use *u;
    size_t n = 0;
    for (int i = 0; (u = gbl_gen_words(i, &kind)); i++)
        for (; u->name; u++, n++)
            if (out) out[n] = (gbl_thing){kind, u->name, NULL, NULL, u};
    return n;
}

/* The named settings of a card stand beside it: kivi-2bit beside kivi. */
enum { SETTINGS = 8 };
static size_t settings(gbl_thing *out, const char *kind, const char *path, gbl_arena *a)
{
    gbl_doc *doc;
    gbl_err err = {0};
    size_t n = 0;
    if (gbl_doc_read(&doc, path, &err)) return 0; /* said when it is explained */
    const gbl_node *list = gbl_node_get(gbl_doc_root(doc), "settings");
    for (const gbl_node *s = list ? gbl_node_first(list) : NULL; s && n < SETTINGS; s = gbl_node_next(s))
        out[n++] = (gbl_thing){kind, gbl_arena_text(a, gbl_node_key(s)), path, NULL, NULL};
    gbl_doc_free(doc);
    return n;
}

static int has_settings(size_t kind) { return kind >= GBL_CARD_KINDS - 2; } /* precision and compression */

const gbl_thing *gbl_catalogue(gbl_arena *a, size_t *n)
{
    const char **names[GBL_CARD_KINDS] = {NULL};
    size_t counts[GBL_CARD_KINDS] = {0}, most = count_policies() + words(NULL);
    *n = 0;
    for (size_t k = 0; k < GBL_CARD_KINDS; k++) {
        names[k] = gbl_data_list(a, gbl_card_kinds[k].folder, &counts[k]);
        most += counts[k] * (has_settings(k) ? SETTINGS + 1 : 1);
    }
    gbl_thing *things = gbl_arena_take(a, (most + 1) * sizeof *things);
    if (!things) return NULL;
    for (size_t k = 0; k < GBL_CARD_KINDS; k++)
        for (size_t i = 0; names[k] && i < counts[k]; i++) {
            const char *file = gbl_arena_printf(a, "%s/%s.json", gbl_card_kinds[k].folder, names[k][i]);
            const char *path = file ? gbl_data_path(a, file) : NULL;
            if (!path) return NULL;
            things[(*n)++] = (gbl_thing){gbl_card_kinds[k].kind, names[k][i], path, NULL, NULL};
            if (has_settings(k)) *n += settings(&things[*n], gbl_card_kinds[k].kind, path, a);
        }
    for (int f = 0; f < GBL_FAMILIES; f++)
        for (int i = 0; gbl_policy_at((enum gbl_family)f, i); i++) {
            const gbl_policy *p = gbl_policy_at((enum gbl_family)f, i);
            things[(*n)++] = (gbl_thing){gbl_family_name((enum gbl_family)f), p->name, NULL, p, NULL};
        }
    *n += words(&things[*n]);
    return things;
}
