/* Any bytes as a JSON document: read, walked, written canonically; what was written must read back to the same. */
#include <assert.h>
#include <string.h>
#include "base/doc.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const gbl_node *n, int depth)
{
    gbl_err err = {0};
    char path[256];
    int64_t i;
    double d;
    const char *s;

    gbl_node_path(n, path, sizeof path);
    gbl_node_int(n, &i, &err);
    gbl_node_real(n, &d, &err);
    gbl_node_str(n, &s, &err);
    if (depth > 64 || gbl_node_kind(n) < GBL_ARRAY) return;
    for (const gbl_node *c = gbl_node_first(n); c; c = gbl_node_next(c)) walk(c, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gbl_doc *d = NULL, *again = NULL;
    gbl_err err = {0};

    if (gbl_doc_parse(&d, "fuzz", (const char *)data, size, &err)) {
        assert(err.code == GBL_EINPUT && err.what[0]);
        return 0;
    }
    walk(gbl_doc_root(d), 0);
    char *one = gbl_node_canonical(gbl_doc_root(d)), *two = NULL;
    if (one) {
        int code = gbl_doc_parse(&again, "again", one, strlen(one), &err);
        assert(!code);
        two = gbl_node_canonical(gbl_doc_root(again));
        assert(!two || !strcmp(one, two));
    }
    gbl_free(one);
    gbl_free(two);
    gbl_doc_free(again);
    gbl_doc_free(d);
    return 0;
}
