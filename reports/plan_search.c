/* plan_search.c - the points that were run, and bisection over rates.
 *
 * A short trace hides a rate that is a few percent too high: its queue has no time to grow. So rates are searched on the
 * trace as it is, and the one found is confirmed on a trace GBL_PLAN_LONGER times as long (a generated one; a file cannot be
 * lengthened), stepping down until one holds; and no rate is tried above what the engine could serve at all: by the bound
 * of its steps, and by what it did serve with everything queued at once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/farm.h"
#include "reports/plan_parts.h"

static void make_point(const gbl_planner *p, const gbl_variant *v, const gbl_probe *x, gbl_point *o)
{
    memset(o, 0, sizeof *o);
    *o = (gbl_point){.cell = v->cell, .at = v->at, .rate = v->rate, .stretch = v->stretch, .probe = *x, .feasible = gbl_plan_holds(p, x)};
    gbl_plan_cost_of(p, v->cell, v->at, &o->gpus, &o->usd_h);
    o->cost = p->n_unpriced ? o->gpus / x->output_tok_s : x->usd_per_mtok;
}

static int keep_point(gbl_planner *p, const gbl_point *o, gbl_err *err)
{
    if (gbl_grow(&p->point, &p->room, p->n_points + 1, sizeof *p->point)) return gbl_nomem(err, sizeof *p->point);
    p->point[p->n_points++] = *o;
    p->runs += p->replications;
    gbl_progress_tick(p->shown, (double)p->runs, 0, "runs");
    return GBL_OK;
}

int gbl_plan_keep(gbl_planner *p, const gbl_variant *v, const gbl_probe *x, gbl_err *err)
{
    gbl_point o;
    make_point(p, v, x, &o);
    return keep_point(p, &o, err);
}

/* How far a point is from its SLO: 1 meets it. */
static double miss(const gbl_planner *p, const gbl_probe *x)
{
    gbl_bounds b;
    double worst = 1;
    if (!gbl_plan_nearest(p, x, &b)) return INFINITY;
    for (int i = 0; i < GBL_PLAN_EACH; i++)
        if (b.each[i] > p->bounds.each[i]) worst = fmax(worst, b.each[i] / p->bounds.each[i]);
    for (int i = 0; i < GBL_PLAN_SERIES; i++)
        for (int k = 0; k < GBL_PLAN_STATS; k++)
            if (b.stat[i][k] > p->bounds.stat[i][k]) worst = fmax(worst, b.stat[i][k] / p->bounds.stat[i][k]);
    return worst;
}

void gbl_plan_find_nearest(gbl_planner *p)
{
    double least = INFINITY;
    for (size_t i = 0; i < p->n_points; i++) {
        double m = miss(p, &p->point[i].probe);
        if (p->nearest >= 0 && m >= least) continue;
        least = m;
        p->nearest = (int64_t)i;
    }
}

/* ---------------------------------------------------------------- rate ---- */

enum { TRIES = 128 };

typedef struct hunt { /* one combination's search, as a worker sends it: plain data */
    int64_t n, best, beyond; /* tries; indices of the last rate that holds and of the first that does not, -1 */
    double saturated_s;
    int64_t extra;           /* runs besides the tries */
    gbl_point tried[TRIES];
} hunt;

static double rate_at(const gbl_planner *p, int64_t k)
{
    return pow(1 + p->granularity, (double)k);
}

typedef struct hunter {
    gbl_planner *p;
    size_t cell;
    int workers;
    hunt *h;
    int64_t low, high; /* grid indices: highest that holds, lowest that does not */
    int has_low, has_high;
    int64_t stretch;
    gbl_err *err;
} hunter;

/* 1: the k-th rate is sustained, 0: not, -1: error. */
static int try_rate(hunter *t, int64_t k)
{
    gbl_probe x;
    hunt *h = t->h;
    if (h->n == TRIES) return 0; /* never: a gallop doubles its steps */
    gbl_variant v = {.cell = t->cell, .rate = rate_at(t->p, k), .stretch = t->stretch};
    if (gbl_plan_probe(t->p, &v, t->workers, &x, t->err)) return -1;
    make_point(t->p, &v, &x, &h->tried[h->n]);
    int good = h->tried[h->n].feasible;
    if (good && (!t->has_low || k > t->low)) {
        t->low = k;
        t->has_low = 1;
        h->best = h->n;
    } else if (!good && (!t->has_high || k < t->high)) {
        t->high = k;
        t->has_high = 1;
        h->beyond = h->n;
    }
    h->n++;
    return good;
}

/* Steps away from `from` in growing strides until the answer changes, at most to `end`. */
static int gallop(hunter *t, int64_t from, int64_t end, int64_t stride, int want)
{
    int64_t dir = want ? -1 : 1, k = from;
    if (from == end) return !want;
    for (;;) {
        k += dir * stride;
        stride *= 2;
        if ((end - k) * dir < 0) k = end;
        int good = try_rate(t, k);
        if (good < 0 || good == want || k == end) return good;
    }
}

static int bisect(hunter *t)
{
    while (t->has_low && t->has_high && t->high - t->low > 1)
        if (try_rate(t, t->low + (t->high - t->low) / 2) < 0) return -1;
    return 0;
}

/* What it serves with everything queued at once. Prompts that share their beginnings would find less in the cache than
 * when they come one after the other, so nothing is concluded there. */
static int saturate(hunter *t)
{
    gbl_probe x;
    t->h->saturated_s = NAN;
    if (t->p->load.shares || t->p->rule == GBL_RULE_SARATHI) return 0;
    gbl_variant v = {.cell = t->cell, .rate = INFINITY, .stretch = t->stretch};
    if (gbl_plan_probe(t->p, &v, t->workers, &x, t->err)) return -1;
    t->h->extra += t->p->replications;
    t->h->saturated_s = x.saturated_s;
    return 0;
}

/* The search on the trace as it is stands; what it found must hold on a longer one, too. */
static int confirm(hunter *t, int64_t least)
{
    if (t->stretch == 1 || !t->has_low) return 0;
    int64_t found = t->low;
    t->has_low = 0;
    t->h->best = -1;
    int good = try_rate(t, found);
    if (good == 0) good = gallop(t, found, least < found ? least : found, 1, 1);
    return good < 0 ? -1 : bisect(t);
}

/* Half the perfect rate is where to begin. When it fails, a rate at which requests hardly ever meet says whether any
 * rate can do. */
static int hunt_rate(hunter *t)
{
    const gbl_floor *f = &t->p->cell[t->cell].floor;
    int64_t stretch = t->p->load.generated && t->p->rule == GBL_RULE_SLO ? GBL_PLAN_LONGER : 1;
    double step = log(1 + t->p->granularity), perfect = f->rate_s;
    t->stretch = stretch;
    if (saturate(t)) return -1;
    if (!isfinite(perfect) || perfect <= 0) perfect = t->p->load.rate_s * 1024;
    double cap = t->p->rule == GBL_RULE_SARATHI ? perfect * 2 : fmin(fmin(perfect, f->engine_rate_s), isnan(t->h->saturated_s) ? INFINITY : t->h->saturated_s);
    int64_t most = (int64_t)floor(log(cap) / step), least = (int64_t)floor(log(cap / 2048) / step), first = (int64_t)floor(log(fmin(perfect, cap) / 2) / step);
    t->stretch = 1;
    int good = try_rate(t, first);
    if (good > 0) good = gallop(t, first, most, 4, 0);
    else if (good == 0) {
        t->stretch = stretch;
        good = try_rate(t, least);
        t->stretch = 1;
        if (good > 0) good = gallop(t, first, least + 1, 4, 1) < 0 ? -1 : 1;
    }
    if (good < 0 || bisect(t)) return -1;
    t->stretch = stretch;
    return confirm(t, least);
}

typedef struct rate_job {
    gbl_planner *p;
    const size_t *cell;
    int workers;
} rate_job;

static int rate_cell(void *ctx, size_t i, void *out, gbl_err *err)
{
    const rate_job *j = ctx;
    hunt *h = out;
    hunter t = {.p = j->p, .cell = j->cell[i], .workers = j->workers, .h = h, .err = err};
    h->n = h->extra = 0;
    h->best = h->beyond = -1;
    return hunt_rate(&t) < 0 ? err->code : GBL_OK;
}

static int take_hunt(gbl_planner *p, size_t cell, const hunt *h, gbl_err *err)
{
    int64_t first = (int64_t)p->n_points;
    for (int64_t i = 0; i < h->n; i++)
        if (keep_point(p, &h->tried[i], err)) return err->code;
    p->runs += h->extra;
    p->cell[cell].saturated_s = h->saturated_s;
    /* Rates that only the short trace sustains are not. */
    double most = h->best >= 0 ? h->tried[h->best].rate : 0;
    for (size_t i = (size_t)first; i < p->n_points; i++) p->point[i].feasible = p->point[i].feasible && p->point[i].rate <= most;
    if (h->best >= 0) p->cell[cell].best = first + h->best;
    if (h->beyond >= 0) p->cell[cell].beyond = first + h->beyond;
    return GBL_OK;
}

static void best_rate(gbl_planner *p)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        int64_t k = p->cell[i].best;
        if (k < 0) continue;
        const gbl_point *a = &p->point[k], *b = p->best < 0 ? NULL : &p->point[p->best];
        if (!b || a->rate > b->rate || (a->rate == b->rate && (a->usd_h < b->usd_h || (isnan(b->usd_h) && !isnan(a->usd_h))))) p->best = k;
    }
}

/* Combinations are searched side by side; a single one runs its replications side by side. */
int gbl_plan_rate(gbl_planner *p, gbl_err *err)
{
    size_t *cell = gbl_alloc(p->n_cells, sizeof *cell), n = 0;
    hunt *all = NULL;
    if (!cell) return gbl_nomem(err, p->n_cells * sizeof *cell);
    for (size_t i = 0; i < p->n_cells; i++) {
        if (!p->cell[i].runs) continue;
        if (p->cell[i].floor.reason[0] && !p->cell[i].floor.latency) snprintf(p->cell[i].pruned, sizeof p->cell[i].pruned, "%s", p->cell[i].floor.reason);
        else cell[n++] = i;
    }
    rate_job j = {p, cell, n > 1 ? 1 : p->ask.workers};
    int code = n && !(all = gbl_alloc(n, sizeof *all)) ? gbl_nomem(err, n * sizeof *all) : GBL_OK;
    if (!code) code = gbl_farm(rate_cell, &j, n, n > 1 ? p->ask.workers : 1, sizeof *all, all, p->ask.stop, err);
    for (size_t i = 0; i < n && !code; i++) code = take_hunt(p, cell[i], &all[i], err);
    gbl_free(all);
    gbl_free(cell);
    if (!code) best_rate(p);
    if (!code && p->best < 0) gbl_plan_find_nearest(p);
    return code;
}
