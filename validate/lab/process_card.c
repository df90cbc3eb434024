/* process_card.c - the processes that ship, and their parameters. */
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "validate/lab/process.h"

#define FILE_NAME "validate/attention/processes.json"
#define ROW(field, def, lo, hi, u, says) {.name = #field, .type = GBL_P_REAL, .offset = offsetof(gbl_process, field), .dflt = def, .low = lo, .high = hi, .unit = u, .help = says}

const gbl_param gbl_process_params[] = {
    {.name = "name", .type = GBL_P_STR, .offset = offsetof(gbl_process, name), .dflt = "\"\"", .help = "the model that it stands for"},
    {.name = "source", .type = GBL_P_STR, .offset = offsetof(gbl_process, source), .dflt = "\"\"", .help = "where its targets were published"},
    ROW(anchor, "0.4", 0, 0.99, "share", "mass of sinks and neighbours; fitted"),
    ROW(floor, "0.1", 0.0001, 0.99, "share", "mass that is spread evenly over all tokens; fitted"),
    ROW(zipf, "0.8", 0.01, 3, NULL, "exponent of the heavy hitters' weights; fitted"),
    ROW(heavy_share, "0.3", 0.001, 1, "share", "tokens that are heavy hitters; fitted"),
    ROW(noise, "0.5", 0, 3, NULL, "deviation of the logarithm of a weight from row to row; assumed"),
    ROW(persistence, "0.98", 0, 1, "share", "heavy hitters that keep their weight for another 64 rows; fitted"),
    ROW(contrast, "0.5", 0, 4, NULL, "how far layers differ: power of their published shares; fitted"),
    ROW(sink_share, "0.5", 0, 1, "share", "of the anchor, on the first four tokens; assumed"),
    ROW(local_tokens, "16", 1, 4096, "tokens", "distance over which attention to neighbours falls by e; assumed"),
    ROW(retrieval_heads, "0.434", 0, 1, "share", "heads that look back (DuoAttention, share above 0.5: Llama-2-7B; Llama-3.1-8B .914, Mistral-v0.2 .953)"),
    ROW(streaming, "0.5", 0, 1, "share", "of a retrieval head's heavy and even mass that the other heads have; assumed"),
    ROW(common, "0.5", 0, 1, "share", "tokens that are the same in all heads, heavy or not; assumed"),
    ROW(spike, "0.4", 0, 0.99, "share", "mass of a spike; assumed"),
    ROW(spike_rate, "0.01", 0, 1, "share", "rows of a retrieval head with a spike on any token; assumed"),
    ROW(key_step, "0.9", 0, 0.9999, NULL, "cosine of neighbouring keys, about; assumed"),
    {.name = NULL}};
const gbl_param *const gbl_process_numbers = gbl_process_params + 2;

static int read_list(const gbl_node *list, gbl_process *out, gbl_arena *a, gbl_err *err)
{
    const gbl_node *n = gbl_node_first(list);
    for (size_t i = 0; n; n = gbl_node_next(n), i++)
        if (gbl_param_defaults(gbl_process_params, &out[i], a, err) || gbl_param_bind(gbl_process_params, &out[i], n, NULL, a, err)) return err->code;
    return GBL_OK;
}

int gbl_process_read(const gbl_process **out, size_t *n, gbl_arena *a, gbl_err *err)
{
    gbl_doc *d = NULL;
    const char *path = gbl_data_path(a, FILE_NAME);
    if (!path) {
        gbl_fail(err, GBL_EINPUT, "%s is not there", FILE_NAME);
        return gbl_expected(err, "$GABLE_DATA naming the folder of gable's data");
    }
    if (gbl_doc_read(&d, path, err)) return err->code;
    const gbl_node *list = gbl_node_get(gbl_doc_root(d), "processes");
    *n = list && gbl_node_kind(list) == GBL_ARRAY ? gbl_node_size(list) : 0;
    gbl_process *p = *n ? gbl_arena_take(a, *n * sizeof *p) : NULL;
    int code = GBL_OK;
    if (!*n) code = gbl_node_fail(gbl_doc_root(d), err, "no list of processes");
    else code = p ? read_list(list, p, a, err) : gbl_nomem(err, *n * sizeof *p);
    gbl_doc_free(d);
    *out = p;
    return code;
}

static int no_process(const char *name, const char *const *known, size_t n, gbl_err *err)
{
    char list[200] = "";
    const char *near = gbl_near(name, known, n);
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(list);
        snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", known[i]);
        if (!near && *name && strncmp(known[i], name, strlen(name)) == 0) near = known[i];
    }
    gbl_fail(err, GBL_EINPUT, "there is no process '%s'", name);
    gbl_where(err, "--process");
    gbl_expected(err, "%s", list);
    return gbl_nearest(err, near);
}

int gbl_process_find(const gbl_process **out, const char *name, gbl_arena *a, gbl_err *err)
{
    const gbl_process *list;
    const char *known[64];
    size_t n;
    if (gbl_process_read(&list, &n, a, err)) return err->code;
    for (size_t i = 0; i < n && i < 64; i++) {
        known[i] = list[i].name;
        if (strcmp(list[i].name, name) == 0) {
            *out = &list[i];
            return GBL_OK;
        }
    }
    return no_process(name, known, n < 64 ? n : 64, err);
}
