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
static int set_question(const gbl_planner *p, gbl_doc *d, double rate, int64_t seed, gbl_err *err)
{
    int code = gbl_doc_set(d, "slo", p->slo_text, err);
    if (!code) code = set_number(d, "run.seed", (double)seed, err);
    if (!code && !isnan(rate)) code = set_number(d, "trace.rate_scale", rate / p->load.rate_s, err);
    if (!code && p->rule == GBL_RULE_SARATHI) {
        int generated = gbl_node_at(gbl_doc_root(d), "trace.generate") != NULL;
        code = gbl_doc_set(d, generated ? "trace.generate.requests" : "trace.limit", "2048", err);
    }
    return code;
}

int gbl_plan_open(gbl_planner *p, size_t cell, int64_t at, double rate, int64_t seed, gbl_scenario **out, gbl_err *err)
{
    gbl_doc *d = NULL;
    *out = NULL;
    int code = gbl_plan_base(p, &d, err);
    for (size_t i = p->n_axes; i-- > 0 && !code;) { /* the first key turns slowest */
        code = gbl_doc_set(d, p->axis[i].key, p->axis[i].value[cell % p->axis[i].n], err);
        cell /= p->axis[i].n;
    }
    if (!code && p->fleet) code = gbl_doc_set(d, p->fleet->key, p->fleet->value[at], err);
    if (!code) code = set_question(p, d, rate, seed, err);
    if (!code) return gbl_scenario_bind(out, d, err);
    gbl_doc_free(d);
    return code;
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

/* What each combination costs at each fleet: straight lines through its first and last one. */
static int price(gbl_planner *p, size_t i, gbl_err *err)
{
    gbl_cell *c = &p->cell[i];
    double gpus[2] = {0}, usd[2] = {0};
    int64_t at[2] = {0, p->fleet ? (int64_t)p->fleet->n - 1 : 0};
    for (int k = 0; k < 2; k++) {
        gbl_scenario *s;
        int code = gbl_plan_open(p, i, at[k], NAN, p->seed, &s, err);
        if (code && gbl_plan_cannot_run(err)) {
            snprintf(c->pruned, sizeof c->pruned, "cannot run: %.300s", err->what);
            err->code = 0;
            return GBL_OK;
        }
        if (code) return code;
        for (size_t q = 0; q < s->n_pools; q++) {
            gbl_cost *cost;
            if (gbl_scenario_cost(s, q, &cost, err)) {
                gbl_scenario_free(s);
                return err->code;
            }
            double n = (double)s->pool[q].replicas * gbl_cost_gpus(cost);
            gbl_cost_free(cost);
            gpus[k] += n;
            usd[k] += n * s->pool[q].hw.usd_h;
            if (!(s->pool[q].hw.usd_h > 0)) usd[k] = NAN;
        }
        gbl_scenario_free(s);
    }
    double step = p->fleet ? (double)(p->fleet->number[at[1]] - p->fleet->number[0]) : 0;
    c->runs = 1;
    c->gpus1 = step > 0 ? (gpus[1] - gpus[0]) / step : 0;
    c->usd1 = step > 0 ? (usd[1] - usd[0]) / step : 0;
    c->gpus0 = gpus[0] - (p->fleet ? c->gpus1 * (double)p->fleet->number[0] : 0);
    c->usd0 = usd[0] - (p->fleet ? c->usd1 * (double)p->fleet->number[0] : 0);
    return GBL_OK;
}

/* Dollars compare machines of different kinds; where a card has no price, GPUs must do. */
static int choose_measure(gbl_planner *p, gbl_err *err)
{
    int priced = 1;
    for (size_t i = 0; i < p->n_cells; i++) priced &= !p->cell[i].runs || !isnan(p->cell[i].usd0);
    if (p->minimize == GBL_CHEAPEST_AUTO) p->minimize = priced ? GBL_CHEAPEST_USD : GBL_CHEAPEST_GPUS;
    if (p->minimize == GBL_CHEAPEST_GPUS || priced) return GBL_OK;
    gbl_node_fail(gbl_node_get(gbl_doc_root(p->doc), "minimize"), err, "a card among the choices has no price (usd_h)");
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
        code = price(p, i, err);
        if (!code && p->cell[i].runs) code = gbl_plan_floor(p, i, err);
    }
    return code ? code : choose_measure(p, err);
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
    gbl_free(p->cell);
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
    return (int64_t)(p->n_cells * (p->fleet ? p->fleet->n : 1));
}

int gbl_plan_scenario(gbl_planner *p, gbl_scenario **out, gbl_err *err)
{
    int64_t i = p->best >= 0 ? p->best : p->nearest;
    *out = NULL;
    if (i < 0) return GBL_OK;
    return gbl_plan_open(p, p->point[i].cell, p->point[i].at, p->point[i].rate, p->seed, out, err);
}
