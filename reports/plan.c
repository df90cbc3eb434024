/* plan.c - variants of the scenario, and the whole of a search. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "reports/plan_parts.h"

/* ---------------------------------------------------------------- variants ---- */

static int set_texts(gbl_doc *d, const gbl_plan_ask *ask, gbl_err *err)
{
    for (size_t i = 0; i < ask->n_sets; i++) {
        const char *eq = strchr(ask->sets[i], '=');
        char key[256];
        if (!eq || eq == ask->sets[i] || (size_t)(eq - ask->sets[i]) >= sizeof key) {
            gbl_fail(err, GBL_EINPUT, "--set takes a key and a value, not '%.80s'", ask->sets[i]);
            return gbl_expected(err, "--set a.b=value");
        }
        snprintf(key, sizeof key, "%.*s", (int)(eq - ask->sets[i]), ask->sets[i]);
        if (gbl_doc_set(d, key, eq + 1, err)) return err->code;
    }
    return GBL_OK;
}

int gbl_plan_base(gbl_planner *p, gbl_doc **out, gbl_err *err)
{
    const gbl_node *n = p->scenario;
    int code;
    *out = NULL;
    if (!n) code = gbl_doc_parse(out, "default scenario", "{}", 2, err);
    else if (gbl_node_kind(n) == GBL_OBJECT) code = gbl_doc_part(out, n, err);
    else {
        const char *path = gbl_find_path(p->arena, gbl_doc_folder(p->doc), gbl_node_text(n));
        if (strcmp(gbl_node_text(n), "-") == 0) {
            gbl_node_fail(n, err, "a plan reads its scenario many times, so it cannot come from standard input");
            return gbl_expected(err, "an object or the path of a file");
        }
        code = path ? gbl_doc_read(out, path, err) : gbl_nomem(err, 0);
    }
    if (!code) code = set_texts(*out, &p->ask, err);
    if (code && *out) gbl_doc_free(*out);
    if (code) *out = NULL;
    return code;
}

static int set_number(gbl_doc *d, const char *key, double v, gbl_err *err)
{
    char text[40];
    gbl_num_text(text, sizeof text, v);
    return gbl_doc_set(d, key, text, err);
}

/* A rate in requests a second becomes the trace's rate_scale: the same for files and generators. */
static int set_question(const gbl_planner *p, gbl_doc *d, const gbl_variant *v, gbl_err *err)
{
    const double all_at_once = 1e6; /* the largest rate_scale there is */
    int code = gbl_doc_set(d, "slo", p->slo_text, err);
    if (!code) code = set_number(d, "run.seed", (double)v->seed, err);
    if (!code && !isnan(v->rate)) code = set_number(d, "trace.rate_scale", fmin(all_at_once, v->rate / p->load.rate_s), err);
    if (!code && p->rule == GBL_RULE_SARATHI) {
        code = gbl_doc_set(d, p->load.generated ? "trace.generate.requests" : "trace.limit", "2048", err);
    } else if (!code && v->stretch > 1) {
        code = set_number(d, "trace.generate.requests", (double)p->load.requests * (double)v->stretch, err);
        if (!code && p->load.limit) code = set_number(d, "trace.limit", 0, err);
    }
    return code;
}

/* Pools take the place of the flat keys of the cluster; its other keys stay. */
static int set_pools(gbl_doc *d, const char *pools, gbl_err *err)
{
    static const char *const flat[] = {"hardware", "replicas", "tp", "pp", "dp", "ep", "pools"};
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    const gbl_node *cluster = gbl_node_get(gbl_doc_root(d), "cluster");
    for (const gbl_node *c = cluster ? gbl_node_first(cluster) : NULL; c; c = gbl_node_next(c)) {
        int other = 1;
        for (size_t i = 0; i < sizeof flat / sizeof *flat; i++) other &= strcmp(gbl_node_key(c), flat[i]) != 0;
        char *text = other ? gbl_node_canonical(c) : NULL;
        if (text) gbl_json_raw(j, gbl_node_key(c), text);
        gbl_free(text);
    }
    gbl_json_raw(j, "pools", pools);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    int code = text ? gbl_doc_set(d, "cluster", text, err) : gbl_nomem(err, 0);
    gbl_json_free(j);
    return code;
}

/* The kinds of a mix that have replicas; NULL: no memory. */
static const char *mix_text(const gbl_planner *p, gbl_arena *a, int64_t at)
{
    const char *text = "[";
    for (size_t i = 0; i < p->n_dims && text; i++) {
        int64_t n = gbl_plan_count(p, at, i);
        if (n > 0) text = gbl_arena_printf(a, "%s%s%s,\"replicas\":%lld}", text, text[1] ? "," : "", p->dim[i].pool, (long long)n);
    }
    return text ? gbl_arena_printf(a, "%s]", text) : NULL;
}

/* The choices; a cluster.pools among them comes first, since it clears the flat keys. pools: a mix's, or NULL. */
static int set_choices(gbl_planner *p, gbl_doc *d, size_t cell, const char *pools, gbl_err *err)
{
    int code = pools ? set_pools(d, pools, err) : GBL_OK;
    for (int first = 1; first >= 0; first--) {
        size_t rest = cell;
        for (size_t i = p->n_axes; i-- > 0 && !code;) { /* the first key turns slowest */
            const char *value = p->axis[i].value[rest % p->axis[i].n];
            int whole = strcmp(p->axis[i].key, "cluster.pools") == 0;
            if (whole && first) code = set_pools(d, value, err);
            else if (!whole && !first) code = gbl_doc_set(d, p->axis[i].key, value, err);
            rest /= p->axis[i].n;
        }
    }
    return code;
}

static int bind(gbl_planner *p, gbl_doc *d, int code, const gbl_variant *v, gbl_scenario **out, gbl_err *err)
{
    if (!code) code = set_question(p, d, v, err);
    if (!code) return gbl_scenario_bind(out, d, err);
    gbl_doc_free(d);
    return code;
}

int gbl_plan_open(gbl_planner *p, const gbl_variant *v, gbl_scenario **out, gbl_err *err)
{
    gbl_doc *d = NULL;
    gbl_arena *a = gbl_arena_new();
    const char *pools = NULL;
    *out = NULL;
    int code = a ? gbl_plan_base(p, &d, err) : gbl_nomem(err, 0);
    if (!code && p->mix && !(pools = mix_text(p, a, v->at))) code = gbl_nomem(err, 0);
    if (!code) code = set_choices(p, d, v->cell, pools, err);
    for (size_t i = 0; i < p->n_dims && !p->mix && !code; i++) code = set_number(d, p->dim[i].key, (double)gbl_plan_count(p, v->at, i), err);
    if (a) gbl_arena_free(a);
    return bind(p, d, code, v, out, err);
}

/* By itself a kind serves both phases: alone it would be no system otherwise. */
int gbl_plan_open_kind(gbl_planner *p, size_t cell, size_t dim, gbl_scenario **out, gbl_err *err)
{
    gbl_doc *d = NULL;
    gbl_variant v = {.cell = cell, .seed = p->seed, .stretch = 1, .rate = NAN};
    gbl_arena *a = gbl_arena_new();
    *out = NULL;
    const char *pools = a ? gbl_arena_printf(a, "[%s,\"replicas\":1}]", p->dim[dim].pool) : NULL;
    int code = pools ? gbl_plan_base(p, &d, err) : gbl_nomem(err, 0);
    if (!code) code = set_choices(p, d, cell, pools, err);
    if (!code && p->dim[dim].role != GBL_ROLE_BOTH) code = gbl_doc_set(d, "cluster.pools.0.role", "\"both\"", err);
    if (a) gbl_arena_free(a);
    return bind(p, d, code, &v, out, err);
}

int gbl_plan_cannot_run(const gbl_err *err)
{
    return err->code == GBL_EINPUT && err->misfit;
}

/* ---------------------------------------------------------------- solving ---- */

static int check_trace(gbl_planner *p, gbl_err *err)
{
    if (p->find == GBL_FIND_RATE && p->load.closed) {
        gbl_fail(err, GBL_EINPUT, "a closed loop has no arrival rate to look for");
        gbl_where(err, "%s", gbl_doc_name(p->doc));
        return gbl_expected(err, "open arrivals, or a sweep over trace.generate.arrival.concurrency");
    }
    if (p->load.n > 1 && p->load.rate_s > 0) return GBL_OK;
    if (p->find == GBL_FIND_FLEET || p->load.n > 1) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "the trace has %zu requests: too few for a rate", p->load.n);
    gbl_where(err, "%s", gbl_doc_name(p->doc));
    return gbl_expected(err, "two requests or more, apart in time");
}

/* Dollars compare machines of different kinds; where a card has no price, GPUs must do, and the answer says so. */
static int choose_measure(gbl_planner *p, gbl_err *err)
{
    int priced = !p->n_unpriced;
    if (p->minimize == GBL_CHEAPEST_AUTO) p->minimize = priced ? GBL_CHEAPEST_USD : GBL_CHEAPEST_GPUS;
    if (p->minimize == GBL_CHEAPEST_GPUS || priced) return GBL_OK;
    gbl_node_fail(gbl_node_get(gbl_doc_root(p->doc), "minimize"), err, "%s, among the choices, has no price (usd_h)", p->unpriced[0]);
    return gbl_expected(err, "\"gpus\", or cards with prices");
}

static int prepare(gbl_planner *p, gbl_err *err)
{
    p->cell = gbl_alloc(p->n_cells, sizeof *p->cell);
    if (!p->cell) return gbl_nomem(err, p->n_cells * sizeof *p->cell);
    int code = gbl_load_read(p, err);
    if (!code) code = check_trace(p, err);
    for (size_t i = 0; i < p->n_cells && !code; i++) {
        p->cell[i].best = p->cell[i].beyond = -1;
        p->cell[i].saturated_s = NAN;
        code = gbl_plan_units(p, i, err);
    }
    if (!code) code = choose_measure(p, err);
    for (size_t i = 0; i < p->n_cells && !code; i++) gbl_plan_floor(p, i);
    return code;
}

int gbl_plan_solve(gbl_planner **out, const gbl_plan_ask *ask, gbl_err *err)
{
    gbl_planner *p = gbl_alloc(1, sizeof *p);
    *out = NULL;
    if (!p) return gbl_nomem(err, sizeof *p);
    p->arena = gbl_arena_new();
    int code = p->arena ? gbl_doc_read(&p->doc, ask->path, err) : gbl_nomem(err, 0);
    p->ask = *ask;
    p->best = p->nearest = -1;
    if (!code) code = gbl_plan_read(p, err);
    p->ask = *ask;
    if (!code && ask->exhaustive && p->find == GBL_FIND_RATE) {
        gbl_fail(err, GBL_EINPUT, "--exhaustive is not read: a rate is looked for, and there is no grid of fleets");
        code = gbl_expected(err, "--exhaustive with \"find\": \"fleet\"");
    }
    if (!code) code = prepare(p, err);
    if (!code) {
        p->shown = gbl_progress_new("plan", ask->progress);
        code = p->find == GBL_FIND_RATE ? gbl_plan_rate(p, err) : gbl_plan_fleet(p, err);
        gbl_progress_end(p->shown);
        p->shown = NULL;
    }
    if (code) gbl_plan_free(p);
    else *out = p;
    return code;
}

void gbl_plan_free(gbl_planner *p)
{
    if (!p) return;
    gbl_load_fini(&p->load);
    gbl_free(p->point);
    gbl_free(p->place);
    gbl_free(p->cell);
    gbl_free(p->unpriced);
    gbl_doc_free(p->doc);
    gbl_arena_free(p->arena);
    gbl_free(p);
}

int gbl_plan_feasible(const gbl_planner *p)
{
    return p->best >= 0;
}

int64_t gbl_plan_runs(const gbl_planner *p)
{
    return p->runs;
}

int64_t gbl_plan_grid(const gbl_planner *p)
{
    int64_t fleets = 0;
    for (int64_t at = 0; at < p->n_fleets; at++) fleets += gbl_plan_is_fleet(p, at);
    return (int64_t)p->n_cells * fleets;
}

int gbl_plan_scenario(gbl_planner *p, gbl_scenario **out, gbl_err *err)
{
    int64_t i = p->best >= 0 ? p->best : p->nearest;
    *out = NULL;
    if (i < 0) return GBL_OK;
    gbl_variant v = {.cell = p->point[i].cell, .at = p->point[i].at, .rate = p->point[i].rate, .stretch = p->point[i].stretch, .seed = p->seed};
    return gbl_plan_open(p, &v, out, err);
}
