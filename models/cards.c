/* cards.c - see cards.h. */
#include "models/cards.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static int looks_like_path(const char *name)
{
    size_t n = strlen(name);
    return strchr(name, '/') || (n > 5 && !strcmp(name + n - 5, ".json"));
}

static int unknown_card(const char *kind, const char *name, const char *relative, gbl_arena *a, gbl_err *err)
{
    size_t n = 0;
    const char **known = gbl_data_list(a, relative, &n);
    gbl_fail(err, GBL_EINPUT, "unknown %s \"%s\"", kind, name);
    int listed = strcmp(kind, "price") != 0;
    gbl_expected(err, "a card's name (gable list %s) or the path of a file", listed ? kind : "cards");
    return gbl_nearest(err, known ? gbl_near(name, known, n) : NULL);
}

int gbl_card_open(gbl_doc **out, const char *kind, const char *name, const char *folder, gbl_arena *a, gbl_err *err)
{
    const char *path;
    *out = NULL;
    if (looks_like_path(name)) {
        path = gbl_find_path(a, folder ? folder : "", name);
        return path ? gbl_doc_read(out, path, err) : gbl_nomem(err, strlen(name));
    }
    const char *relative = gbl_arena_printf(a, "models/cards/%s", kind);
    const char *file = relative ? gbl_arena_printf(a, "%s/%s.json", relative, name) : NULL;
    if (!file)
        return gbl_nomem(err, strlen(name));
    path = *name ? gbl_data_path(a, file) : NULL;
    if (!path)
        return unknown_card(kind, name, relative, a, err);
    return gbl_doc_read(out, path, err);
}

int gbl_card_form(const gbl_node *root, const char *form, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(root, "gable");
    const char *text = NULL;
    if (gbl_node_kind(root) != GBL_OBJECT) {
        gbl_node_fail(root, err, "a card is an object");
        return gbl_expected(err, "{\"gable\": \"%s\", ...}", form);
    }
    if (!n)
        return gbl_card_missing(root, "gable", err);
    if (gbl_node_str(n, &text, err))
        return err->code;
    if (strcmp(text, form)) {
        gbl_node_fail(n, err, "not a card of this kind: \"%s\"", text);
        return gbl_expected(err, "\"%s\"", form);
    }
    return 0;
}

int gbl_card_missing(const gbl_node *n, const char *key, gbl_err *err)
{
    gbl_node_fail(n, err, "the key \"%s\" is missing", key);
    return gbl_expected(err, "\"%s\" in this object", key);
}

static int read_sourced(const gbl_node *m, const gbl_card_number *what, double *v, gbl_err *err)
{
    static const char *const known[] = {"value", "source", "se", "note", NULL};
    const gbl_node *value = gbl_node_get(m, "value"), *source = gbl_node_get(m, "source"), *se = gbl_node_get(m, "se");
    const char *text = NULL;
    if (gbl_node_only(m, known, err))
        return err->code;
    if (!value)
        return gbl_card_missing(m, "value", err);
    if (!source)
        return gbl_card_missing(m, "source", err);
    if (gbl_node_str(source, &text, err))
        return err->code;
    if (!*text) {
        gbl_node_fail(source, err, "a number without a source");
        return gbl_expected(err, "where the number is from");
    }
    if (se && what->se && gbl_node_real(se, what->se, err))
        return err->code;
    return gbl_node_real(value, v, err);
}

int gbl_card_number_read(const gbl_node *n, const gbl_card_number *what, gbl_err *err)
{
    const gbl_node *m = gbl_node_get(n, what->key);
    double v = 0;
    if (!m || gbl_node_kind(m) == GBL_NULL)
        return what->required ? gbl_card_missing(n, what->key, err) : 0;
    if (gbl_node_kind(m) == GBL_OBJECT ? read_sourced(m, what, &v, err) : gbl_node_real(m, &v, err))
        return err->code;
    if (!(v >= what->low && v <= what->high)) {
        gbl_node_fail(m, err, "%s %g is out of range", what->key, v);
        return gbl_expected(err, "%g .. %g", what->low, what->high);
    }
    *what->out = v;
    return 0;
}

int gbl_card_text(const gbl_node *n, const char *key, int required, const char **out, gbl_arena *a, gbl_err *err)
{
    const gbl_node *m = gbl_node_get(n, key);
    const char *text = NULL;
    if (!m)
        return required ? gbl_card_missing(n, key, err) : 0;
    if (gbl_node_str(m, &text, err))
        return err->code;
    *out = gbl_arena_text(a, text);
    return *out ? 0 : gbl_nomem(err, strlen(text) + 1);
}

int gbl_card_hash(const gbl_node *root, uint64_t seed, uint64_t *out, gbl_err *err)
{
    char *text = gbl_node_canonical(root);
    if (!text)
        return gbl_nomem(err, 0);
    *out = gbl_hash64(text, strlen(text), seed);
    gbl_free(text);
    return 0;
}
