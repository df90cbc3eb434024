/* claims_caching.c - numbers of diffusion models that reuse features, as measures of a claim. */
#include "models/caching.h"
#include "reports/claims_parts.h"

int gbl_claim_caching(const gbl_claims *c, const gbl_claims_file *f, const gbl_node *what, const char *const *set, size_t n_set, const gbl_node *name, double *out, gbl_err *err)
{
    gbl_caching ask = {0};
    gbl_caching_sheet sheet;
    gbl_doc *doc = NULL;
    int code = gbl_param_defaults(gbl_caching_rows, &ask, c->arena, err);
    if (!code) code = gbl_param_bind(gbl_caching_rows, &ask, what, NULL, c->arena, err);
    if (!code && n_set) code = gbl_claim_settings(&doc, set, n_set, err);
    if (!code && (gbl_param_bind(gbl_caching_rows, &ask, doc ? gbl_doc_root(doc) : NULL, NULL, c->arena, err) || gbl_caching_evaluate(&ask, &sheet, err)))
        code = gbl_claim_in_file(f, what, err);
    if (!code && !gbl_caching_value(&sheet, gbl_node_text(name), out)) {
        code = gbl_node_fail(name, err, "such a model has no \"%s\"", gbl_node_text(name));
        gbl_expected(err, "work, speedup, likeness, updates or cached_bytes");
    }
    gbl_doc_free(doc);
    return code;
}
