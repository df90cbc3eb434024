/* plan_json.c - the answer, for programs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/plan_parts.h"

static void choices_json(const gbl_planner *p, gbl_json *j, size_t cell, int64_t at)
{
    size_t digit[64] = {0}, rest = cell;
    for (size_t i = p->n_axes; i-- > 0;) {
        if (i < 64) digit[i] = rest % p->axis[i].n;
        rest /= p->axis[i].n;
    }
    gbl_json_obj(j, "choices");
    for (size_t i = 0; i < p->n_axes && i < 64; i++) gbl_json_raw(j, p->axis[i].key, p->axis[i].value[digit[i]]);
    for (size_t i = 0; i < p->n_dims && at >= 0 && !p->mix; i++) gbl_json_int(j, p->dim[i].key, gbl_plan_count(p, at, i));
    if (p->mix && at >= 0) {
        gbl_json_obj(j, "mix");
        for (size_t i = 0; i < p->n_dims; i++) gbl_json_int(j, p->dim[i].key, gbl_plan_count(p, at, i));
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static void bounds_json(gbl_json *j, const char *key, const gbl_bounds *b)
{
    char name[32];
    gbl_json_obj(j, key);
    for (int i = 0; i < GBL_PLAN_EACH; i++)
        if (!isnan(b->each[i])) gbl_json_num(j, gbl_plan_each_key[i], b->each[i]);
    for (int i = 0; i < GBL_PLAN_SERIES; i++)
        for (int k = 0; k < GBL_PLAN_STATS; k++) {
            snprintf(name, sizeof name, "%s_%s_ms", gbl_plan_series[i], gbl_plan_stats[k]);
            if (!isnan(b->stat[i][k])) gbl_json_num(j, name, b->stat[i][k]);
        }
    gbl_json_num(j, "attain", b->attain);
    gbl_json_end(j);
}

static void point_json(const gbl_planner *p, gbl_json *j, const gbl_point *o)
{
    char name[32];
    choices_json(p, j, o->cell, o->at);
    gbl_json_bool(j, "feasible", o->feasible);
    if (!isnan(o->rate)) gbl_json_num(j, "rate_s", o->rate);
    if (!isnan(o->rate)) gbl_json_int(j, "lengthened", o->stretch);
    if (!isnan(o->rate)) gbl_json_num(j, "rate_scale", o->rate / p->load.rate_s);
    gbl_json_num(j, "gpus", o->gpus);
    gbl_json_num(j, "usd_h", o->usd_h);
    gbl_json_num(j, "usd_per_mtok_output", o->probe.usd_per_mtok);
    gbl_json_num(j, "slo_attainment", o->probe.attain);
    gbl_json_num(j, "request_s", o->probe.request_s);
    gbl_json_num(j, "output_tok_s", o->probe.output_tok_s);
    for (int i = 0; i < GBL_PLAN_SERIES; i++) {
        snprintf(name, sizeof name, "%s_ms", gbl_plan_series[i]);
        gbl_json_obj(j, name);
        for (int k = 0; k < GBL_PLAN_STATS; k++) gbl_json_num(j, gbl_plan_stats[k], o->probe.stat[i][k]);
        gbl_json_end(j);
    }
}

static int best_json(gbl_planner *p, gbl_json *j, gbl_err *err)
{
    gbl_scenario *s = NULL;
    if (p->best < 0) {
        gbl_json_null(j, "best");
        return GBL_OK;
    }
    int code = gbl_plan_scenario(p, &s, err);
    const char *text = code ? NULL : gbl_scenario_json(s, 0);
    if (!code && !text) code = gbl_nomem(err, 0);
    if (!code) {
        gbl_json_obj(j, "best");
        point_json(p, j, &p->point[p->best]);
        gbl_json_int(j, "replicas", s->replicas);
        gbl_json_raw(j, "scenario", text);
        gbl_json_end(j);
    }
    gbl_scenario_free(s);
    return code;
}

static void bound_json(const gbl_planner *p, gbl_json *j)
{
    size_t i = gbl_plan_best_floor(p);
    if (i == p->n_cells) {
        gbl_json_null(j, "bound");
        return;
    }
    const gbl_floor *f = &p->cell[i].floor;
    gbl_json_obj(j, "bound");
    choices_json(p, j, i, f->at < p->n_fleets ? f->at : -1);
    if (p->find == GBL_FIND_RATE) gbl_json_num(j, "rate_s", f->rate_s);
    gbl_json_num(j, "gpus", f->gpus);
    gbl_json_num(j, "usd_h", f->usd_h);
    if (p->find == GBL_FIND_FLEET) gbl_json_num(j, "replicas_exact", f->replicas_exact);
    gbl_json_str(j, "limited_by", f->limited_by);
    gbl_json_end(j);
}

static void binding_json(const gbl_planner *p, gbl_json *j)
{
    gbl_binding b;
    gbl_bounds near;
    const gbl_point *at = gbl_plan_binding_point(p);
    gbl_plan_binding_of(p, &b);
    gbl_json_obj(j, "binding");
    gbl_json_str(j, "constraint", b.constraint);
    gbl_json_str(j, "resource", b.resource[0] ? b.resource : NULL);
    gbl_json_str(j, "says", b.says);
    gbl_json_end(j);
    if (p->best >= 0) return;
    if (at && gbl_plan_nearest(p, &at->probe, &near)) bounds_json(j, "nearest_slo", &near);
    else gbl_json_null(j, "nearest_slo");
}

/* Every fleet of the grid, by what became of it. */
static void accounts_json(const gbl_planner *p, gbl_json *j)
{
    static const char *const name[GBL_FATES] = {"open", "run", "cannot_run", "ruled_out", "bound", "same_as_failed", "no_better_than_failed", "no_cheaper"};
    int64_t n[GBL_FATES] = {0}, need[GBL_NEEDS] = {0};
    for (size_t i = 0; i < p->n_places; i++) {
        n[p->place[i].fate]++;
        if (p->place[i].fate == GBL_BOUND) need[p->place[i].need]++;
    }
    gbl_json_obj(j, "accounts");
    for (int i = GBL_RUN; i < GBL_FATES; i++) gbl_json_int(j, name[i], n[i]);
    gbl_json_obj(j, "by_bound");
    for (int i = 0; i < GBL_NEEDS; i++) gbl_json_int(j, gbl_need_name[i], need[i]);
    gbl_json_end(j);
    gbl_json_end(j);
}

/* What a rate was judged on. */
static void judged_json(const gbl_planner *p, gbl_json *j)
{
    const gbl_point *o = p->best >= 0 ? &p->point[p->best] : p->nearest >= 0 ? &p->point[p->nearest] : NULL;
    if (!o) {
        gbl_json_null(j, "judged");
        return;
    }
    const gbl_cell *c = &p->cell[o->cell];
    gbl_json_obj(j, "judged");
    gbl_json_int(j, "requests", p->rule == GBL_RULE_SARATHI && p->load.generated ? 2048 : (int64_t)p->load.requests * o->stretch);
    gbl_json_int(j, "lengthened", o->stretch);
    gbl_json_num(j, "saturation_request_s", c->saturated_s);
    gbl_json_num(j, "engine_bound_rate_s", c->floor.engine_rate_s);
    gbl_json_end(j);
}

static void pruned_json(const gbl_planner *p, gbl_json *j)
{
    gbl_json_arr(j, "pruned");
    for (size_t i = 0; i < p->n_cells; i++) {
        if (!p->cell[i].pruned[0]) continue;
        gbl_json_obj(j, NULL);
        choices_json(p, j, i, -1);
        gbl_json_str(j, "reason", p->cell[i].pruned);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

int gbl_plan_json(gbl_planner *p, gbl_json *j, gbl_err *err)
{
    const gbl_point **front = gbl_alloc(p->n_points + 1, sizeof *front);
    if (!front) return gbl_nomem(err, p->n_points * sizeof *front);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "verdict", p->best >= 0 ? "feasible" : "infeasible");
    gbl_json_str(j, "name", p->name);
    gbl_json_str(j, "find", gbl_plan_find_name[p->find]);
    gbl_json_str(j, "rule", p->rule == GBL_RULE_SARATHI ? "sarathi" : "slo");
    bounds_json(j, "slo", &p->bounds);
    int code = best_json(p, j, err);
    size_t n = gbl_plan_frontier(p, front);
    gbl_json_arr(j, "frontier");
    for (size_t i = 0; i < n; i++) {
        gbl_json_obj(j, NULL);
        point_json(p, j, front[i]);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    bound_json(p, j);
    binding_json(p, j);
    gbl_plan_quality_json(p, j);
    pruned_json(p, j);
    if (p->find == GBL_FIND_FLEET) accounts_json(p, j);
    else judged_json(p, j);
    gbl_json_int(j, "runs", p->runs);
    gbl_json_int(j, "configurations", (int64_t)p->n_points);
    gbl_json_int(j, "grid", gbl_plan_grid(p));
    gbl_json_int(j, "replications", p->replications);
    gbl_json_num(j, "granularity", p->granularity);
    gbl_json_str(j, "minimize", p->minimize == GBL_CHEAPEST_GPUS ? "gpus" : "usd");
    gbl_json_arr(j, "unpriced");
    for (size_t i = 0; i < p->n_unpriced; i++) gbl_json_str(j, NULL, p->unpriced[i]);
    gbl_json_end(j);
    gbl_json_int(j, "seed", p->seed);
    gbl_json_end(j);
    gbl_free(front);
    return code;
}
