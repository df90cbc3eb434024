/* gen_documents.c - prompts put together from documents, as retrieval does: each starts with `each` different ones of a pool,
 * popular ones more often, in the order drawn, and goes on with what is its own. A document is one id wherever it stands. */
#include "base/param.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/generate.h"

#define AT(FIELD) offsetof(gbl_documents, FIELD)
const gbl_param gbl_documents_params[] = {
    {"pool", GBL_P_INT, 0, AT(pool.groups), "1000", 1, 1e7, "documents", NULL, "How many documents there are."},
    {"tokens", GBL_P_INT, 0, AT(pool.tokens), "512", 1, 1e6, "tokens", NULL, "Tokens of each; input comes on top."},
    {"zipf", GBL_P_REAL, 0, AT(pool.zipf), "1.0", 0, 10, NULL, NULL, "Popularity of the k-th is proportional to 1 / k^zipf; 0: all alike."},
    {"each", GBL_P_INT, 0, AT(each), "5", 1, 1024, "documents", NULL, "Documents of a prompt, all different."},
    {NULL}};
#undef AT

int gbl_documents_bind(gbl_documents *d, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    *d = (gbl_documents){.pool.on = n != NULL};
    if (gbl_param_defaults(gbl_documents_params, d, a, err)) return err->code;
    if (!n) return 0;
    if (gbl_param_bind(gbl_documents_params, d, n, NULL, a, err)) return err->code;
    if (d->pool.groups == 1 && d->pool.zipf != 1) {
        gbl_node_fail(gbl_node_get(n, "zipf"), err, "there is one document, so 'zipf' would be read by nothing");
        return gbl_expected(err, "1, or several documents");
    }
    if (d->each <= d->pool.groups) return 0;
    const gbl_node *at = gbl_node_get(n, "each");
    gbl_node_fail(at ? at : n, err, "a prompt of %lld different documents out of %lld", (long long)d->each, (long long)d->pool.groups);
    return gbl_expected(err, "each not above pool");
}

static int has(const uint64_t *ids, int64_t n, uint64_t id)
{
    while (n-- > 0)
        if (ids[n] == id) return 1;
    return 0;
}

/* One that the prompt has already gives way to the next less popular one that it has not, after the last the first. */
void gbl_documents_draw(const gbl_documents *d, uint64_t seed, uint64_t entity, uint64_t k, uint64_t *ids)
{
    for (int64_t i = 0; i < d->each; i++) {
        int64_t one = gbl_heads_draw(&d->pool, gbl_draw(seed, GBL_STREAM_SHAPE, gbl_mix64(entity, k), (uint64_t)i));
        while (has(ids, i, gbl_mix64(3, (uint64_t)one))) one = (one + 1) % d->pool.groups;
        ids[i] = gbl_mix64(3, (uint64_t)one);
    }
}

void gbl_documents_schema(const char *key, gbl_json *j)
{
    gbl_parameters_schema(gbl_documents_params, key, "Prompts begin with documents out of a pool, in any order.", j);
}

void gbl_documents_json(const gbl_documents *d, const char *key, gbl_json *j)
{
    gbl_param_json_part(key, gbl_documents_params, d, j);
}

void gbl_documents_help(FILE *to) { gbl_param_help(gbl_documents_params, "generate.documents.", to); }
