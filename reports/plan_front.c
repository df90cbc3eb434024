/* plan_front.c - what stands out of a search: the frontier, the best bound, what binds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/plan_parts.h"

/* ---------------------------------------------------------------- frontier ---- */

double gbl_plan_front_latency(const gbl_point *o)
{
    return o->probe.stat[0][4];
}

static int by_cost(const void *a, const void *b)
{
    const gbl_point *x = *(const gbl_point *const *)a, *y = *(const gbl_point *const *)b;
    if (x->cost != y->cost) return x->cost < y->cost ? -1 : 1;
    double c = gbl_plan_front_latency(x), d = gbl_plan_front_latency(y);
    if (c != d) return c < d ? -1 : 1;
    return (x > y) - (x < y);
}

/* The same rate was judged on the longer trace, too. */
static int confirmed_elsewhere(const gbl_planner *p, const gbl_point *o)
{
    for (size_t i = 0; i < p->n_points && !isnan(o->rate); i++)
        if (p->point[i].cell == o->cell && p->point[i].rate == o->rate && p->point[i].stretch > o->stretch) return 1;
    return 0;
}

/* Points that no other beats in both dollars a token (GPUs where a card has no price) and p99 of TTFT, cheapest first. */
size_t gbl_plan_frontier(const gbl_planner *p, const gbl_point **out)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < p->n_points; i++) {
        const gbl_point *o = &p->point[i];
        if ((o->feasible || o->probe.growing <= 0.5) && !confirmed_elsewhere(p, o) && isfinite(o->cost) && isfinite(gbl_plan_front_latency(o))) out[n++] = o;
    }
    qsort(out, n, sizeof *out, by_cost);
    for (size_t i = 0; i < n; i++)
        if (!kept || gbl_plan_front_latency(out[i]) < gbl_plan_front_latency(out[kept - 1])) out[kept++] = out[i];
    return kept;
}

/* ---------------------------------------------------------------- what binds ---- */

/* The combination whose perfect machine is best; n_cells when none can be simulated. */
size_t gbl_plan_best_floor(const gbl_planner *p)
{
    size_t best = p->n_cells;
    for (size_t i = 0; i < p->n_cells; i++) {
        const gbl_cell *c = &p->cell[i];
        if (!c->runs || c->floor.reason[0] || isnan(c->floor.gpus)) continue;
        const gbl_floor *a = &c->floor, *b = best < p->n_cells ? &p->cell[best].floor : NULL;
        int less = b && (p->minimize == GBL_CHEAPEST_GPUS && a->gpus != b->gpus ? a->gpus < b->gpus : a->usd_h < b->usd_h || (isnan(b->usd_h) && !isnan(a->usd_h)));
        if (!b || (p->find == GBL_FIND_RATE ? a->rate_s > b->rate_s : less)) best = i;
    }
    return best;
}

/* The point that shows what binds: just beyond the best, or the nearest miss. */
const gbl_point *gbl_plan_binding_point(const gbl_planner *p)
{
    if (p->best < 0) return p->nearest < 0 ? NULL : &p->point[p->nearest];
    int64_t beyond = p->cell[p->point[p->best].cell].beyond;
    return beyond < 0 ? NULL : &p->point[beyond];
}

/* What rules out the fleets below the best one of its combination, where none of them was run: the need, or -1. */
static int bound_below(const gbl_planner *p)
{
    const gbl_point *b = &p->point[p->best];
    int need = -1;
    double most = -1;
    for (size_t i = 0; i < p->n_places; i++) {
        const gbl_place *o = &p->place[i];
        if (o->fate != GBL_BOUND || o->cell != b->cell || o->price < most) continue;
        most = o->price;
        need = o->need;
    }
    return need;
}

static void say(gbl_binding *o, const char *constraint, const char *resource)
{
    snprintf(o->constraint, sizeof o->constraint, "%s", constraint);
    snprintf(o->resource, sizeof o->resource, "%s", resource);
}

/* The best holds, and nothing beyond it was run. */
static void bind_best(const gbl_planner *p, gbl_binding *o)
{
    const gbl_point *b = &p->point[p->best];
    const gbl_cell *c = &p->cell[b->cell];
    if (p->find == GBL_FIND_RATE) {
        say(o, "throughput", gbl_plan_resource(&b->probe, 0));
        if (c->saturated_s <= c->floor.engine_rate_s) snprintf(o->says, sizeof o->says, "more than the %.4g requests/s that it serves with everything queued at once", c->saturated_s);
        else snprintf(o->says, sizeof o->says, "more than the %.4g requests/s that its steps could serve", fmin(c->floor.engine_rate_s, c->floor.rate_s));
        return;
    }
    int need = bound_below(p);
    if (need >= 0) {
        say(o, "throughput", gbl_need_name[need]);
        snprintf(o->says, sizeof o->says, "the work does not fit in time (bound of %s)", gbl_need_name[need]);
        return;
    }
    say(o, "none", "");
    snprintf(o->says, sizeof o->says, "there is nothing smaller among the choices");
}

/* Nothing was run at all: why not. What does not fit comes before what does not divide. */
static void bind_nothing(const gbl_planner *p, gbl_binding *o)
{
    const char *why = p->cell[0].pruned, *word = "cluster";
    for (size_t i = 0; i < p->n_cells && !strstr(why, "does not fit"); i++)
        if (strstr(p->cell[i].pruned, "does not fit")) why = p->cell[i].pruned;
    if (!strncmp(why, "quality: ", 9)) word = "quality", why += 9;
    else if (strstr(why, "does not fit")) word = "memory";
    else if (strstr(why, "context")) word = "context";
    say(o, word, word);
    snprintf(o->says, sizeof o->says, "%.250s", why);
}

void gbl_plan_binding_of(const gbl_planner *p, gbl_binding *o)
{
    const gbl_point *at = gbl_plan_binding_point(p);
    memset(o, 0, sizeof *o);
    if (at) gbl_plan_binding(p, &at->probe, o);
    else if (p->best >= 0) bind_best(p, o);
    else bind_nothing(p, o);
}
