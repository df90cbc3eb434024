/* Any bytes as the documents that ask for many runs or judge them: sweep, plan, baseline, claims. They are read and checked,
 * not run; grids of more than a few points are left alone, since each point is bound. */
#include "tests/fuzz/feed.h"
#include "base/mem.h"
#include "reports/baseline.h"
#include "reports/claims_parts.h"
#include "reports/plan_parts.h"
#include "reports/sweep.h"

enum { POINTS = 64 };

/* A guess at the number of points, from below. */
static double points(const gbl_node *root)
{
    double n = 1;
    const gbl_node *samples = gbl_node_at(root, "latin.samples"), *list = gbl_node_get(root, "list");
    if (samples && gbl_node_kind(samples) == GBL_NUMBER) n *= gbl_node_num(samples);
    if (list) n *= (double)gbl_node_size(list);
    const gbl_node *grid = gbl_node_get(root, "grid");
    for (const gbl_node *a = grid && gbl_node_kind(grid) == GBL_OBJECT ? gbl_node_first(grid) : NULL; a; a = gbl_node_next(a))
        if (gbl_node_kind(a) == GBL_ARRAY) n *= (double)gbl_node_size(a);
    return n;
}

static void as_sweep(const char *text, size_t size)
{
    gbl_doc *d = NULL;
    gbl_sweep *s = NULL;
    gbl_err err = {0};
    if (gbl_doc_parse(&d, "fuzz", text, size, &err)) return feed_refused(&err);
    if (points(gbl_doc_root(d)) > POINTS) return gbl_doc_free(d);
    if (gbl_sweep_bind(&s, d, NULL, 0, &err)) return feed_refused(&err);
    assert(gbl_sweep_size(s) > 0 && gbl_sweep_name(s) && gbl_sweep_document(s));
    for (size_t i = 0; i < gbl_sweep_size(s); i++) {
        gbl_scenario *one = NULL;
        char value[64];
        int code = gbl_sweep_scenario(s, i, &one, &err);
        assert(!code && gbl_sweep_point(s, i)->vary);
        for (size_t k = 0; k < gbl_sweep_keys(s); k++) gbl_sweep_value(s, i, k, value, sizeof value);
        gbl_scenario_free(one);
    }
    gbl_sweep_free(s);
}

static void as_plan(const char *text, size_t size)
{
    gbl_planner *p = gbl_alloc(1, sizeof *p);
    gbl_err err = {0};
    assert(p);
    p->arena = gbl_arena_new();
    p->ask = (gbl_plan_ask){.seed = GBL_NULL_INT};
    if (gbl_doc_parse(&p->doc, "fuzz", text, size, &err) || gbl_plan_read(p, &err)) feed_refused(&err);
    gbl_plan_free(p);
}

static void as_file(const char *path)
{
    gbl_baseline *b = NULL;
    gbl_err err = {0};
    if (gbl_baseline_read(&b, path, &err)) feed_refused(&err);
    gbl_baseline_free(b);
    gbl_claims *c = gbl_alloc(1, sizeof *c);
    assert(c);
    c->arena = c->traces.arena = gbl_arena_new();
    c->ask = (gbl_claims_ask){.key = &path, .n_keys = 1};
    if (gbl_claims_read(c, &err)) feed_refused(&err);
    gbl_claims_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    as_sweep(text, size);
    as_plan(text, size);
    as_file(feed_file(0, data, size));
    return 0;
}
