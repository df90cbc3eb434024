/* The scenario's words for the shared store. */
#include <math.h>
#include <string.h>

#include "base/param.h"
#include "sim/shared.h"

#define AT(field) offsetof(gbl_shared_spec, field)
static const gbl_param rows[] = {
    {"name", GBL_P_STR, 0, AT(name), "\"remote\"", 0, 0, NULL, NULL, "What reports call the store; \"remote\" also says its kind."},
    {"kind", GBL_P_CHOICE, 0, AT(kind), "\"remote\"", 0, 0, NULL, "remote", "One store that all replicas share over the network."},
    {"bytes", GBL_P_REAL, 0, AT(bytes), "0", 0, 1e18, "bytes", NULL, "KV that it holds in all; 0: no such store."},
    {"bandwidth_GB_s", GBL_P_REAL, GBL_P_NULLABLE, AT(bandwidth_gb_s), "null", 1e-3, 1e6, "GB/s", NULL, "Of the store, reads and writes together; null: only the replicas' network limits it."},
    {"load", GBL_P_CHOICE, 0, AT(load), "\"cost\"", 0, 0, NULL, "cost|always", "Fetch where that is estimated to be faster than computing (MemServe, Mooncake), or always."},
    {0}};

int gbl_shared_is(const gbl_node *n) {
    const gbl_node *kind = gbl_node_get(n, "kind");
    if (!kind) kind = gbl_node_get(n, "name");
    return kind && gbl_node_kind(kind) == GBL_STRING && !strcmp(gbl_node_text(kind), "remote");
}

int gbl_shared_bind(gbl_shared_spec *s, const gbl_node *list, gbl_arena *a, gbl_err *err) {
    *s = (gbl_shared_spec){.name = "remote"};
    for (const gbl_node *n = list ? gbl_node_first(list) : NULL; n; n = gbl_node_next(n)) {
        if (gbl_node_kind(n) != GBL_OBJECT || !gbl_shared_is(n)) continue;
        if (s->bytes > 0) {
            gbl_node_fail(n, err, "there is one store that all replicas share, and this is a second");
            return gbl_expected(err, "one tier of kind \"remote\"");
        }
        int code = gbl_param_defaults(rows, s, a, err);
        if (!code) code = gbl_param_bind(rows, s, n, NULL, a, err);
        if (code) return code;
        s->at = n;
    }
    return 0;
}

void gbl_shared_json(const gbl_shared_spec *s, gbl_json *j) {
    if (s->bytes <= 0) return;
    gbl_param_json_part(NULL, rows, s, j);
}

/* The one key that tiers of a replica do not have. */
void gbl_shared_schema(gbl_json *j) {
    gbl_param own[] = {*gbl_param_find(rows, "load"), {0}};
    gbl_param_schema(own, j);
}
