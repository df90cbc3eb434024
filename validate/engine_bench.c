/* engine_bench.c - the result of vLLM's `bench serve --save-result --save-detailed` as an engine's log: one object whose arrays hold a
 * value a request, in seconds and tokens. E2E is the TTFT and the gaps behind it (itls), as vLLM sums them up. */
#include <math.h>

#include "validate/engine_log.h"

enum { INPUT, OUTPUT, TTFT, ITL, START, COLUMNS };
static const char *const names[COLUMNS] = {"input_lens", "output_lens", "ttfts", "itls", "start_times"};
static const double longest_s = 1e9;

static int open_columns(const gbl_doc *doc, const gbl_node *at[COLUMNS], gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(doc);
    for (int i = 0; i < COLUMNS; i++) {
        const gbl_node *n = gbl_node_kind(root) == GBL_OBJECT ? gbl_node_get(root, names[i]) : NULL;
        if (!n || gbl_node_kind(n) != GBL_ARRAY || !gbl_node_size(n)) {
            gbl_node_fail(n ? n : root, err, "a benchmark's result has no array %s", names[i]);
            return gbl_expected(err, "a result of `vllm bench serve --save-result --save-detailed` that says when each request was sent");
        }
        if (i && gbl_node_size(n) != gbl_node_size(gbl_node_get(root, names[0]))) {
            gbl_node_fail(n, err, "%s has %zu values, and %s %zu", names[i], gbl_node_size(n), names[0], gbl_node_size(gbl_node_get(root, names[0])));
            return gbl_expected(err, "a value a request in each");
        }
        at[i] = gbl_node_first(n);
    }
    return 0;
}

static int seconds(const gbl_node *n, double *out, gbl_err *err)
{
    if (gbl_node_real(n, out, err)) return err->code;
    if (*out >= 0 && *out <= longest_s) return 0;
    gbl_node_fail(n, err, "%g s is no time", *out);
    return gbl_expected(err, "0 .. %g s", longest_s);
}

static int tokens(const gbl_node *n, int64_t least, int64_t *out, gbl_err *err)
{
    if (gbl_node_int(n, out, err)) return err->code;
    if (*out >= least && *out <= 1000000000) return 0;
    gbl_node_fail(n, err, "%lld tokens", (long long)*out);
    return gbl_expected(err, "%lld .. 1000000000", (long long)least);
}

static int gaps(gbl_engine_log *l, const gbl_node *list, double *sum, gbl_err *err)
{
    if (gbl_node_kind(list) != GBL_ARRAY) {
        gbl_node_fail(list, err, "an element of itls is no array");
        return gbl_expected(err, "the gaps of a request, in seconds");
    }
    for (const gbl_node *g = gbl_node_first(list); g; g = gbl_node_next(g)) {
        double s;
        if (seconds(g, &s, err)) return err->code;
        if (gbl_grow(&l->gap, &l->gap_room, l->n_gaps + 1, sizeof *l->gap)) return gbl_nomem(err, 64);
        l->gap[l->n_gaps++] = (gbl_engine_gap){0, s};
        *sum += s;
    }
    return 0;
}

static int row(gbl_engine_log *l, const gbl_node *const at[COLUMNS], gbl_err *err)
{
    gbl_engine_row w = {.tp = 1};
    double start, behind = 0;
    int64_t col;
    if (tokens(at[OUTPUT], 0, &w.output, err)) return err->code;
    if (!w.output) return l->left_out++, 0; /* it failed */
    if (tokens(at[INPUT], 1, &w.input, err) || seconds(at[START], &start, err) || seconds(at[TTFT], &w.ttft_s, err) || gaps(l, at[ITL], &behind, err)) return err->code;
    gbl_node_place(at[OUTPUT], &w.line, &col);
    w.arrival_ns = (int64_t)floor(start * 1e9 + 0.5);
    w.e2e_s = w.ttft_s + behind;
    w.tpot_s = w.output > 1 ? behind / (double)(w.output - 1) : NAN;
    if (gbl_grow(&l->row, &l->room, l->n + 1, sizeof *l->row)) return gbl_nomem(err, l->n * sizeof *l->row);
    l->row[l->n++] = w;
    return 0;
}

static int no_name(gbl_engine_names *n, gbl_err *err)
{
    if (gbl_grow(&n->name, &n->room, 1, sizeof *n->name)) return gbl_nomem(err, 64);
    n->name[n->n++] = "";
    return 0;
}

int gbl_engine_bench_read(gbl_engine_log *l, const char *path, gbl_err *err)
{
    gbl_doc *doc;
    const gbl_node *at[COLUMNS];
    if (gbl_doc_read(&doc, path, err)) return err->code;
    int code = open_columns(doc, at, err);
    if (!code) code = no_name(&l->run, err);
    if (!code) code = no_name(&l->part, err);
    while (!code && at[0]) {
        code = row(l, at, err);
        for (int i = 0; i < COLUMNS; i++) at[i] = gbl_node_next(at[i]);
    }
    if (!code && !l->n) {
        gbl_fail(err, GBL_EINPUT, "not one request of the benchmark was answered");
        gbl_where(err, "%s", path);
        code = gbl_expected(err, "an output_lens above 0");
    }
    gbl_doc_free(doc);
    return code;
}
