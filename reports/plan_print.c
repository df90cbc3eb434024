/* plan_print.c - the answer, for people. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/plan_parts.h"

/* "hardware l4, tp 2": the last words of the keys. */
static void choices_text(const gbl_planner *p, size_t cell, int64_t at, char *out, size_t size)
{
    size_t n = 0, rest = cell, digit[64] = {0};
    int mixed = 0;
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
    for (size_t i = 0; i < p->n_dims && at >= 0 && n < size; i++) {
        int64_t count = gbl_plan_count(p, at, i);
        if (p->mix && count) n += (size_t)snprintf(out + n, size - n, "%s%lld x %s", n ? (mixed++ ? " + " : ", ") : "", (long long)count, p->dim[i].key);
        else if (!p->mix) n += (size_t)snprintf(out + n, size - n, "%s%s %lld", n ? ", " : "", p->n_dims > 1 ? p->dim[i].key : "replicas", (long long)count);
        mixed += p->mix && count && !mixed;
    }
    if (!out[0]) snprintf(out, size, "the scenario as it is");
}

static void bounds_text(const gbl_bounds *b, char *out, size_t size)
{
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < GBL_PLAN_EACH && n < size; i++)
        if (!isnan(b->each[i])) n += (size_t)snprintf(out + n, size - n, "%s%s <= %g", n ? ", " : "", gbl_plan_each_key[i], b->each[i]);
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

static void print_binding(const gbl_binding *b, const char *where, FILE *to)
{
    int two = b->resource[0] && strcmp(b->resource, b->constraint);
    fprintf(to, "binding     %s%s%s%s: %s%s\n", b->constraint, two ? " (" : "", two ? b->resource : "", two ? ")" : "", where, b->says);
}

static void print_verdict(const gbl_planner *p, FILE *to)
{
    char what[512], cost[160];
    gbl_binding b;
    gbl_bounds near;
    gbl_plan_binding_of(p, &b);
    if (p->best < 0) {
        const gbl_point *at = gbl_plan_binding_point(p);
        fprintf(to, "INFEASIBLE: no %s meets the SLO\n", p->find == GBL_FIND_RATE ? "rate" : "fleet of these choices");
        print_binding(&b, "", to);
        if (at) choices_text(p, at->cell, at->at, what, sizeof what);
        if (at && p->find == GBL_FIND_RATE) fprintf(to, "nearest     %s at %.3g requests/s\n", what, at->rate);
        else if (at) fprintf(to, "nearest     %s\n", what);
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
    print_binding(&b, strcmp(b.constraint, "none") ? "one step on, " : "", to);
}

static void print_bound(const gbl_planner *p, FILE *to)
{
    size_t i = gbl_plan_best_floor(p);
    char what[512];
    if (i == p->n_cells) return;
    const gbl_floor *f = &p->cell[i].floor;
    choices_text(p, i, f->at < p->n_fleets ? f->at : -1, what, sizeof what);
    if (p->find == GBL_FIND_RATE) fprintf(to, "bound       a perfect system takes at most %.4g requests/s (%s), limited by %s\n", f->rate_s, what, f->limited_by);
    else if (isnan(f->replicas_exact)) fprintf(to, "bound       a perfect system needs %g GPUs (%s), limited by %s\n", f->gpus, what, f->limited_by);
    else fprintf(to, "bound       a perfect system needs %.3g replicas, so %g GPUs (%s), limited by %s\n", f->replicas_exact, f->gpus, what, f->limited_by);
}

static int print_frontier(const gbl_planner *p, FILE *to)
{
    const gbl_point **front = gbl_alloc(p->n_points + 1, sizeof *front);
    gbl_table *t = gbl_table_new(p->best >= 0 && p->n_unpriced ? "frontier: none of the others that were run has both fewer GPUs a token and a faster first one"
                                : p->best >= 0 ? "frontier: none of the others that were run is both cheaper a token and faster to the first one"
                                             : p->n_unpriced ? "none holds the SLO; of those that were run, these no other beats in both GPUs a token and TTFT"
                                             : "none holds the SLO; of those that were run, these no other beats in both USD/Mtok and TTFT");
    char what[512];
    if (!front || !t) {
        gbl_free(front);
        gbl_table_free(t);
        return -1;
    }
    size_t n = gbl_plan_frontier(p, front);
    gbl_table_columns(t, "choices", ">requests/s", ">GPUs", ">USD/Mtok", ">E2E p99 ms", ">TTFT p99", ">TPOT p99", ">good %", "SLO", (char *)NULL);
    for (size_t i = 0; i < n; i++) {
        const gbl_point *o = front[i];
        choices_text(p, o->cell, o->at, what, sizeof what);
        gbl_table_cell(t, "%s", what);
        gbl_table_cell(t, "%.4g", isnan(o->rate) ? o->probe.request_s : o->rate);
        gbl_table_cell(t, "%g", o->gpus);
        if (isnan(o->probe.usd_per_mtok)) gbl_table_cell(t, "-");
        else gbl_table_cell(t, "%.3f", o->probe.usd_per_mtok);
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

/* Brute force would run each configuration as often. */
static void print_runs(const gbl_planner *p, FILE *to)
{
    long long n = (long long)p->n_points, grid = (long long)gbl_plan_grid(p), seeds = (long long)p->replications;
    if (p->find == GBL_FIND_RATE) fprintf(to, "runs        %lld, with %lld seed%s a rate\n", (long long)p->runs, seeds, seeds > 1 ? "s" : "");
    else if (seeds == 1) fprintf(to, "runs        %lld of the grid's %lld configurations\n", n, grid);
    else fprintf(to, "runs        %lld of the grid's %lld configurations, each with %lld seeds: %lld runs\n", n, grid, seeds, (long long)p->runs);
    if (p->find == GBL_FIND_RATE) return;
    int64_t fate[GBL_FATES] = {0};
    for (size_t i = 0; i < p->n_places; i++) fate[p->place[i].fate]++;
    const char *const name[GBL_FATES] = {"", "run", "cannot run", "ruled out", "below a bound", "the same as one that fails", "no better than one that fails", p->minimize == GBL_CHEAPEST_GPUS ? "no fewer GPUs than the best" : "no cheaper than the best"};
    fprintf(to, "            ");
    for (int i = GBL_RUN, some = 0; i < GBL_FATES; i++)
        if (fate[i]) fprintf(to, "%s%lld %s", some++ ? ", " : "", (long long)fate[i], name[i]);
    fputc('\n', to);
}

static void print_judged(const gbl_planner *p, FILE *to)
{
    const gbl_point *o = p->best >= 0 ? &p->point[p->best] : p->nearest >= 0 ? &p->point[p->nearest] : NULL;
    if (!o) return;
    long long n = p->rule == GBL_RULE_SARATHI && p->load.requests > 2048 ? 2048 : (long long)p->load.requests;
    double most = p->cell[o->cell].saturated_s;
    if (p->rule == GBL_RULE_SARATHI) fprintf(to, "judged on   %lld requests, as the rule says", p->load.generated ? 2048 : n);
    else if (o->stretch > 1) fprintf(to, "judged on   %lld requests, %lld times the trace: on a short one no queue has time to grow", n * (long long)o->stretch, (long long)o->stretch);
    else fprintf(to, "judged on   the %lld requests of the file, which cannot be lengthened: whether the queue drifts over its second half", n);
    if (!isnan(most)) fprintf(to, ";\n            with everything queued at once it serves %.4g requests/s", most);
    else if (p->rule == GBL_RULE_SLO) fprintf(to, ";\n            %s", p->load.shares ? "prompts share beginnings, so all of them at once would not say what it can serve" : "too few requests to measure what it serves with everything queued at once");
    fputc('\n', to);
}

/* Dollars were not compared, and why. */
static void print_unpriced(const gbl_planner *p, FILE *to)
{
    if (!p->n_unpriced) return;
    for (size_t i = 0; i < p->n_unpriced; i++) fprintf(to, "%s%s", i ? ", " : "no price    ", p->unpriced[i]);
    fprintf(to, ": %s\n", p->find == GBL_FIND_FLEET ? "so GPUs are compared, whatever their kind; with usd_h in a card of one's own, dollars are" : "with usd_h in a card of one's own, dollars a token are said");
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
    print_unpriced(p, to);
    gbl_plan_quality_print(p, to);
    print_bound(p, to);
    if (p->find == GBL_FIND_RATE) print_judged(p, to);
    print_runs(p, to);
    if (print_frontier(p, to)) return gbl_nomem(err, 0);
    gbl_plan_scatter(p, to);
    print_pruned(p, to);
    return GBL_OK;
}
