#include "lib/api.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lib/catalogue.h"

int gable_api(void)
{
    return GABLE_API;
}

const char *gable_version(void)
{
    return GBL_VERSION;
}

void gable_free(void *text)
{
    gbl_free(text);
}

int gable_error_text(const gable_error *e, char *out, size_t size)
{
    gbl_err err = {.code = e->code};
    memcpy(err.what, e->what, sizeof err.what);
    memcpy(err.where, e->where, sizeof err.where);
    memcpy(err.expected, e->expected, sizeof err.expected);
    memcpy(err.nearest, e->nearest, sizeof err.nearest);
    return gbl_err_text(&err, out, size);
}

_Static_assert(sizeof((gable_error *)0)->what == sizeof((gbl_err *)0)->what, "the texts are copied whole");
_Static_assert(sizeof((gable_error *)0)->where == sizeof((gbl_err *)0)->where, "the texts are copied whole");
_Static_assert(sizeof((gable_error *)0)->expected == sizeof((gbl_err *)0)->expected, "the texts are copied whole");
_Static_assert(sizeof((gable_error *)0)->nearest == sizeof((gbl_err *)0)->nearest, "the texts are copied whole");

int gbl_api_fail(gable_error *to, const gbl_err *from)
{
    int code = from->code == GBL_ETERM ? GABLE_INTERRUPTED : from->code;
    if (!to) return code;
    *to = (gable_error){.code = code};
    memcpy(to->what, from->what, sizeof to->what);
    memcpy(to->where, from->where, sizeof to->where);
    memcpy(to->expected, from->expected, sizeof to->expected);
    memcpy(to->nearest, from->nearest, sizeof to->nearest);
    if (code == GABLE_INTERRUPTED && !to->what[0]) snprintf(to->what, sizeof to->what, "interrupted");
    return code;
}

int gbl_api_text(char **out, gbl_json *j, int code, const gbl_err *from, gable_error *err)
{
    gbl_err nomem = {0};
    const char *text = j && !code ? gbl_json_text(j) : NULL;
    size_t n = text ? strlen(text) + 1 : 0;
    *out = text ? gbl_alloc(n, 1) : NULL;
    if (*out) memcpy(*out, text, n);
    gbl_json_free(j);
    if (code) return gbl_api_fail(err, from);
    if (*out) return GABLE_OK;
    gbl_nomem(&nomem, n);
    return gbl_api_fail(err, &nomem);
}

gable_options gbl_api_options(const gable_options *o)
{
    gable_options own = {0};
    if (o) memcpy(&own, o, o->size < sizeof own ? o->size : sizeof own);
    own.size = sizeof own;
    return own;
}

static int apply(gbl_doc *doc, const gable_options *o, gbl_err *err)
{
    int code = GBL_OK;
    for (size_t i = 0; i < o->n_set && !code; i++) {
        const char *equals = strchr(o->set[i], '=');
        char key[256];
        if (!equals || equals == o->set[i] || (size_t)(equals - o->set[i]) >= sizeof key) {
            gbl_fail(err, GBL_EINPUT, "cannot read the change '%.80s'", o->set[i]);
            return gbl_expected(err, "KEY=VALUE, as in cluster.tp=2");
        }
        memcpy(key, o->set[i], (size_t)(equals - o->set[i]));
        key[equals - o->set[i]] = '\0';
        code = gbl_doc_set(doc, key, equals + 1, err);
    }
    return code;
}

int gbl_api_document(gbl_doc **out, const gable_document *d, const gable_options *o, int sets, gbl_err *err)
{
    const char *path = d ? d->path : NULL, *text = d && d->text ? d->text : "{}";
    *out = NULL;
    if (path && d->text) {
        gbl_fail(err, GBL_EINPUT, "a document is given twice: %s, and as a text", path);
        return gbl_expected(err, "a path or a text");
    }
    gbl_arena *a = gbl_arena_new();
    int code = a ? gbl_catalogue_there(a, err) : gbl_nomem(err, 0);
    gbl_arena_free(a);
    if (!code) code = path ? gbl_doc_read(out, path, err) : gbl_doc_parse(out, d && d->text ? "document" : "default scenario", text, strlen(text), err);
    if (!code && sets && (code = apply(*out, o, err))) {
        gbl_doc_free(*out);
        *out = NULL;
    }
    return code;
}
