/* plan_print.c - the answer, for programs and for people. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/plan_parts.h"

static const char *const find_name[] = {"rate", "fleet"};
static const char *const each_key[GBL_PLAN_EACH] = {"ttft_ms", "tpot_ms", "itl_ms", "e2el_ms"};

/* ---------------------------------------------------------------- pieces ---- */

static void choices_json(const gbl_planner *p, gbl_json *j, size_t cell, int64_t at)
{
    size_t digit[64] = {0}, rest = cell;
    for (size_t i = p->n_axes; i-- > 0;) {
        if (i < 64) digit[i] = rest % p->axis[i].n;
        rest /= p->axis[i].n;
    }
    gbl_json_obj(j, "choices");
    for (size_t i = 0; i < p->n_axes && i < 64; i++) gbl_json_raw(j, p->axis[i].key, p->axis[i].value[digit[i]]);
    if (p->fleet && at >= 0 && at < (int64_t)p->fleet->n) gbl_json_raw(j, p->fleet->key, p->fleet->value[at]);
    gbl_json_end(j);
}

static void bounds_json(gbl_json *j, const char *key, const gbl_bounds *b)
{
    char name[32];
    gbl_json_obj(j, key);
    for (int i = 0; i < GBL_PLAN_EACH; i++)
        if (!isnan(b->each[i])) gbl_json_num(j, each_key[i], b->each[i]);
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

/* Points that no other beats in both dollars a token (GPUs where there are no prices) and p99 latency, cheapest first. */
static double frontier_cost(const gbl_point *o)
{
    return isnan(o->probe.usd_per_mtok) || !(o->probe.usd_per_mtok > 0) ? o->gpus / o->probe.output_tok_s : o->probe.usd_per_mtok;
}

static double frontier_latency(const gbl_point *o)
{
    return o->probe.stat[3][4];
}

static int by_cost(const void *a, const void *b)
{
    const gbl_point *x = *(const gbl_point *const *)a, *y = *(const gbl_point *const *)b;
    double c = frontier_cost(x), d = frontier_cost(y);
    if (c != d) return c < d ? -1 : 1;
    c = frontier_latency(x), d = frontier_latency(y);
    if (c != d) return c < d ? -1 : 1;
    return (x > y) - (x < y);
}

static size_t frontier(const gbl_planner *p, const gbl_point **out)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < p->n_points; i++) {
        const gbl_point *o = &p->point[i];
        if (o->probe.growing <= 0.5 && isfinite(frontier_cost(o)) && isfinite(frontier_latency(o))) out[n++] = o;
    }
    qsort(out, n, sizeof *out, by_cost);
    for (size_t i = 0; i < n; i++)
        if (!kept || frontier_latency(out[i]) < frontier_latency(out[kept - 1])) out[kept++] = out[i];
    return kept;
}

/* The combination whose perfect machine is best; n_cells when none can be simulated. */
static size_t best_floor(const gbl_planner *p)
{
    size_t best = p->n_cells;
    for (size_t i = 0; i < p->n_cells; i++) {
        const gbl_cell *c = &p->cell[i];
        if (!c->runs || c->floor.reason[0]) continue;
        const gbl_floor *a = &c->floor, *b = best < p->n_cells ? &p->cell[best].floor : NULL;
        int less = p->minimize == GBL_CHEAPEST_GPUS ? b && a->gpus < b->gpus : b && a->usd_h < b->usd_h;
        if (!b || (p->find == GBL_FIND_RATE ? a->rate_s > b->rate_s : less)) best = i;
    }
    return best;
}

/* The point that shows what binds: just beyond the best, or the nearest miss. */
static const gbl_point *binding_point(const gbl_planner *p)
{
    if (p->best < 0) return p->nearest < 0 ? NULL : &p->point[p->nearest];
    int64_t beyond = p->cell[p->point[p->best].cell].beyond;
    return beyond < 0 ? NULL : &p->point[beyond];
}

/* Without any run: the first reason why combinations are out. */
static void binding_of(const gbl_planner *p, gbl_binding *o)
{
    const gbl_point *at = binding_point(p);
    memset(o, 0, sizeof *o);
    if (at) {
        gbl_plan_binding(p, &at->probe, o);
        return;
    }
    if (p->best >= 0) { /* the smallest fleet of the axis already holds */
        snprintf(o->constraint, sizeof o->constraint, "none");
        snprintf(o->says, sizeof o->says, "nothing smaller was there to try");
        return;
    }
    const char *why = p->cell[0].pruned;
    const char *word = strstr(why, "does not fit") ? "memory" : strncmp(why, "context", 7) == 0 ? "context" : "cluster";
    snprintf(o->constraint, sizeof o->constraint, "%s", word);
    snprintf(o->resource, sizeof o->resource, "%s", word);
    snprintf(o->says, sizeof o->says, "%.250s", why);
}

/* ---------------------------------------------------------------- JSON ---- */

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
        if (s->n_pools == 1) gbl_json_int(j, "replicas", s->replicas);
        gbl_json_raw(j, "scenario", text);
        gbl_json_end(j);
    }
    gbl_scenario_free(s);
    return code;
}

static void bound_json(const gbl_planner *p, gbl_json *j)
{
    size_t i = best_floor(p);
    if (i == p->n_cells) {
        gbl_json_null(j, "bound");
        return;
    }
    const gbl_floor *f = &p->cell[i].floor;
    gbl_json_obj(j, "bound");
    choices_json(p, j, i, p->find == GBL_FIND_FLEET ? f->at : 0);
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
    const gbl_point *at = binding_point(p);
    binding_of(p, &b);
    gbl_json_obj(j, "binding");
    gbl_json_str(j, "constraint", b.constraint);
    gbl_json_str(j, "resource", b.resource[0] ? b.resource : NULL);
    gbl_json_str(j, "says", b.says);
    gbl_json_end(j);
    if (p->best >= 0) return;
    if (at && gbl_plan_nearest(p, &at->probe, &near)) bounds_json(j, "nearest_slo", &near);
    else gbl_json_null(j, "nearest_slo");
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
    gbl_json_str(j, "find", find_name[p->find]);
    gbl_json_str(j, "rule", p->rule == GBL_RULE_SARATHI ? "sarathi" : "slo");
    bounds_json(j, "slo", &p->bounds);
    int code = best_json(p, j, err);
    size_t n = frontier(p, front);
    gbl_json_arr(j, "frontier");
    for (size_t i = 0; i < n; i++) {
        gbl_json_obj(j, NULL);
        point_json(p, j, front[i]);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    bound_json(p, j);
    binding_json(p, j);
    pruned_json(p, j);
    gbl_json_int(j, "runs", p->runs);
    gbl_json_int(j, "grid", gbl_plan_grid(p));
    gbl_json_int(j, "replications", p->replications);
    gbl_json_num(j, "granularity", p->granularity);
    gbl_json_str(j, "minimize", p->minimize == GBL_CHEAPEST_GPUS ? "gpus" : "usd");
    gbl_json_int(j, "seed", p->seed);
    gbl_json_end(j);
    gbl_free(front);
    return code;
}

/* ---------------------------------------------------------------- text ---- */

/* "hardware l4, tp 2": the last words of the keys. */
static void choices_text(const gbl_planner *p, size_t cell, int64_t at, char *out, size_t size)
{
    size_t n = 0, rest = cell, digit[64] = {0};
    out[0] = 0;
    for (size_t i = p->n_axes; i-- > 0;) {
        if (i < 64) digit[i] = rest % p->axis[i].n;
        rest /= p->axis[i].n;
    }
    for (size_t i = 0; i < p->n_axes && i < 64 && n < size; i++) {
        const char *dot = strrchr(p->axis[i].key, '.'), *value = p->axis[i].value[digit[i]];
        size_t quoted = value[0] == '"', len = strlen(value) - 2 * quoted;
        n += (size_t)snprintf(out + n, size - n, "%s%s %.*s", n ? ", " : "", dot ? dot + 1 : p->axis[i].key, (int)len, value + quoted);
    }
    if (p->fleet && at >= 0 && at < (int64_t)p->fleet->n && n < size) snprintf(out + n, size - n, "%sreplicas %s", n ? ", " : "", p->fleet->value[at]);
    if (!out[0]) snprintf(out, size, "the scenario as it is");
}

static void bounds_text(const gbl_bounds *b, char *out, size_t size)
{
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < GBL_PLAN_EACH && n < size; i++)
        if (!isnan(b->each[i])) n += (size_t)snprintf(out + n, size - n, "%s%s <= %g", n ? ", " : "", each_key[i], b->each[i]);
    if (n && n < size) n += (size_t)snprintf(out + n, size - n, " for %g %% of the requests", 100 * b->attain);
    for (int i = 0; i < GBL_PLAN_SERIES; i++)
        for (int k = 0; k < GBL_PLAN_STATS && n < size; k++)
            if (!isnan(b->stat[i][k])) n += (size_t)snprintf(out + n, size - n, "%s%s_%s_ms <= %g", n ? ", " : "", gbl_plan_series[i], gbl_plan_stats[k], b->stat[i][k]);
    if (!n) snprintf(out, size, "no bound: %g %% of the requests complete", 100 * b->attain);
}

static void price_text(const gbl_point *o, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%g GPUs", o->gpus);
    if (!isnan(o->usd_h)) n += (size_t)snprintf(out + n, size - n, ", %.2f USD/h", o->usd_h);
    if (!isnan(o->probe.usd_per_mtok)) snprintf(out + n, size - n, ", %.3f USD a million output tokens", o->probe.usd_per_mtok);
}

static void print_verdict(const gbl_planner *p, FILE *to)
{
    char what[512], cost[160];
    gbl_binding b;
    gbl_bounds near;
    binding_of(p, &b);
    if (p->best < 0) {
        const gbl_point *at = binding_point(p);
        fprintf(to, "INFEASIBLE: no %s meets the SLO\n", p->find == GBL_FIND_RATE ? "rate" : "fleet of these choices");
        fprintf(to, "binding     %s%s%s%s: %s\n", b.constraint, b.resource[0] ? " (" : "", b.resource, b.resource[0] ? ")" : "", b.says);
        if (at) choices_text(p, at->cell, at->at, what, sizeof what);
        if (at) fprintf(to, "nearest     %s%s\n", what, p->find == GBL_FIND_RATE ? ", almost unloaded" : "");
        if (at && gbl_plan_nearest(p, &at->probe, &near)) {
            bounds_text(&near, what, sizeof what);
            fprintf(to, "            feasible with %s\n", what);
        } else {
            fprintf(to, "            no other bounds of this SLO would make it feasible\n");
        }
        return;
    }
    const gbl_point *o = &p->point[p->best];
    choices_text(p, o->cell, o->at, what, sizeof what);
    price_text(o, cost, sizeof cost);
    if (p->find == GBL_FIND_RATE) fprintf(to, "FEASIBLE: %.4g requests/s are sustained, in steps of %g %%\n", o->rate, 100 * p->granularity);
    else fprintf(to, "FEASIBLE: the %s fleet\n", p->minimize == GBL_CHEAPEST_GPUS ? "smallest" : "cheapest");
    fprintf(to, "best        %s: %s\n", what, cost);
    fprintf(to, "            %.2f %% good, TTFT p99 %.1f ms, TPOT p99 %.2f ms, E2E p99 %.0f ms\n", 100 * o->probe.attain, o->probe.stat[0][4], o->probe.stat[1][4],
            o->probe.stat[3][4]);
    fprintf(to, "binding     %s%s%s%s: one step on, %s\n", b.constraint, b.resource[0] ? " (" : "", b.resource, b.resource[0] ? ")" : "", b.says);
}

static void print_bound(const gbl_planner *p, FILE *to)
{
    size_t i = best_floor(p);
    char what[512];
    if (i == p->n_cells) return;
    const gbl_floor *f = &p->cell[i].floor;
    choices_text(p, i, p->find == GBL_FIND_FLEET ? f->at : 0, what, sizeof what);
    if (p->find == GBL_FIND_RATE) fprintf(to, "bound       a perfect system takes at most %.4g requests/s (%s), limited by %s\n", f->rate_s, what, f->limited_by);
    else fprintf(to, "bound       a perfect system needs %.3g replicas, so %g GPUs (%s), limited by %s\n", f->replicas_exact, f->gpus, what, f->limited_by);
}

static int print_frontier(const gbl_planner *p, FILE *to)
{
    const gbl_point **front = gbl_alloc(p->n_points + 1, sizeof *front);
    gbl_table *t = gbl_table_new("frontier: no run was both cheaper and faster");
    char what[512];
    if (!front || !t) {
        gbl_free(front);
        gbl_table_free(t);
        return -1;
    }
    size_t n = frontier(p, front);
    gbl_table_columns(t, "choices", ">requests/s", ">GPUs", ">USD/Mtok", ">E2E p99 ms", ">TTFT p99", ">TPOT p99", ">good %", "SLO", (char *)NULL);
    for (size_t i = 0; i < n; i++) {
        const gbl_point *o = front[i];
        choices_text(p, o->cell, o->at, what, sizeof what);
        gbl_table_cell(t, "%s", what);
        gbl_table_cell(t, "%.4g", isnan(o->rate) ? o->probe.request_s : o->rate);
        gbl_table_cell(t, "%g", o->gpus);
        gbl_table_cell(t, "%.3f", o->probe.usd_per_mtok);
        gbl_table_cell(t, "%.0f", o->probe.stat[3][4]);
        gbl_table_cell(t, "%.1f", o->probe.stat[0][4]);
        gbl_table_cell(t, "%.2f", o->probe.stat[1][4]);
        gbl_table_cell(t, "%.2f", 100 * o->probe.attain);
        gbl_table_cell(t, "%s", o->feasible ? "holds" : "misses");
    }
    if (n) fputc('\n', to);
    if (n) gbl_table_print(t, to);
    gbl_table_free(t);
    gbl_free(front);
    return 0;
}

static void print_pruned(const gbl_planner *p, FILE *to)
{
    enum { MOST = 20 };
    size_t n = 0;
    char what[512];
    for (size_t i = 0; i < p->n_cells; i++) {
        if (!p->cell[i].pruned[0] || n++ >= MOST) continue;
        choices_text(p, i, -1, what, sizeof what);
        fprintf(to, "%s%s: %s\n", n == 1 ? "\npruned      " : "            ", what, p->cell[i].pruned);
    }
    if (n > MOST) fprintf(to, "            and %zu more\n", n - MOST);
}

int gbl_plan_print(gbl_planner *p, FILE *to, gbl_err *err)
{
    char slo[512];
    bounds_text(&p->bounds, slo, sizeof slo);
    fprintf(to, "%s: %s\n", p->name, slo);
    print_verdict(p, to);
    print_bound(p, to);
    if (p->find == GBL_FIND_FLEET) fprintf(to, "runs        %lld, where the whole grid has %lld configurations\n", (long long)p->runs, (long long)gbl_plan_grid(p));
    else fprintf(to, "runs        %lld\n", (long long)p->runs);
    if (print_frontier(p, to)) return gbl_nomem(err, 0);
    print_pruned(p, to);
    return GBL_OK;
}
