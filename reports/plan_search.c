/* plan_search.c - bisection over rates, and over fleets between two bounds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/farm.h"
#include "reports/plan_parts.h"

static void make_point(const gbl_planner *p, size_t cell, int64_t at, double rate, const gbl_probe *x, gbl_point *o)
{
    const gbl_cell *c = &p->cell[cell];
    double number = p->fleet ? (double)p->fleet->number[at] : 0;
    memset(o, 0, sizeof *o);
    o->cell = cell;
    o->at = at;
    o->rate = rate;
    o->gpus = c->gpus0 + c->gpus1 * number;
    o->usd_h = c->usd0 + c->usd1 * number;
    o->probe = *x;
    o->feasible = gbl_plan_holds(p, x);
}

static int keep_point(gbl_planner *p, const gbl_point *o, gbl_err *err)
{
    if (gbl_grow(&p->point, &p->room, p->n_points + 1, sizeof *p->point)) return gbl_nomem(err, sizeof *p->point);
    p->point[p->n_points++] = *o;
    p->runs += p->replications;
    gbl_progress_tick(p->shown, (double)p->runs, 0, "runs");
    return GBL_OK;
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

static void find_nearest(gbl_planner *p)
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

enum { TRIES = 96 };

typedef struct hunt { /* one combination's search, as a worker sends it: plain data */
    int64_t n, best, beyond; /* tries; indices of the last rate that holds and of the first that does not, -1 */
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
    gbl_err *err;
} hunter;

/* 1: the k-th rate is sustained, 0: not, -1: error. */
static int try_rate(hunter *t, int64_t k)
{
    gbl_probe x;
    hunt *h = t->h;
    if (h->n == TRIES) return 0; /* never: a gallop doubles its steps */
    if (gbl_plan_probe(t->p, t->cell, 0, rate_at(t->p, k), t->workers, &x, t->err)) return -1;
    make_point(t->p, t->cell, 0, rate_at(t->p, k), &x, &h->tried[h->n]);
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
static int gallop(hunter *t, int64_t from, int64_t end, int want)
{
    int64_t stride = 4, dir = want ? -1 : 1, k = from;
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

/* Half the perfect rate is where to begin. When it fails, a rate at which requests hardly ever meet says whether any
 * rate can do. */
static int hunt_rate(hunter *t)
{
    double step = log(1 + t->p->granularity), perfect = t->p->cell[t->cell].floor.rate_s;
    if (!isfinite(perfect) || perfect <= 0) perfect = t->p->load.rate_s * 1024;
    int64_t most = (int64_t)ceil(log(perfect * 2) / step), first = (int64_t)floor(log(perfect / 2) / step), least = (int64_t)floor(log(perfect / 2048) / step);
    int good = try_rate(t, first);
    if (good > 0) good = gallop(t, first, most, 0);
    else if (good == 0 && (good = try_rate(t, least)) > 0) good = gallop(t, first, least, 1);
    return good < 0 ? -1 : bisect(t);
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
    h->n = 0;
    h->best = h->beyond = -1;
    return hunt_rate(&t) < 0 ? err->code : GBL_OK;
}

static int take_hunt(gbl_planner *p, size_t cell, const hunt *h, gbl_err *err)
{
    int64_t first = (int64_t)p->n_points;
    for (int64_t i = 0; i < h->n; i++)
        if (keep_point(p, &h->tried[i], err)) return err->code;
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
        if (!b || a->rate > b->rate || (a->rate == b->rate && a->usd_h < b->usd_h)) p->best = k;
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
    if (!code && p->best < 0) find_nearest(p);
    return code;
}

/* ---------------------------------------------------------------- fleet ---- */

static double price_at(const gbl_planner *p, size_t cell, int64_t at)
{
    const gbl_cell *c = &p->cell[cell];
    double number = p->fleet ? (double)p->fleet->number[at] : 0;
    return p->minimize == GBL_CHEAPEST_GPUS ? c->gpus0 + c->gpus1 * number : c->usd0 + c->usd1 * number;
}

/* Brute force's order: price, then the combination's place among the choices. */
static int better(const gbl_planner *p, size_t cell, int64_t at, int64_t than)
{
    if (than < 0) return 1;
    const gbl_point *b = &p->point[than];
    double mine = price_at(p, cell, at), theirs = price_at(p, b->cell, b->at), tie = 1e-9 * fabs(theirs);
    if (fabs(mine - theirs) > tie) return mine < theirs;
    return cell < b->cell || (cell == b->cell && at < b->at);
}

/* 1: the fleet holds the SLO, 0: not, -1: error. */
static int try_fleet(gbl_planner *p, size_t cell, int64_t at, gbl_err *err)
{
    gbl_probe x;
    gbl_point o;
    if (gbl_plan_probe(p, cell, at, NAN, p->ask.workers, &x, err)) return -1;
    make_point(p, cell, at, NAN, &x, &o);
    if (keep_point(p, &o, err)) return -1;
    int64_t i = (int64_t)p->n_points - 1;
    gbl_cell *c = &p->cell[cell];
    if (o.feasible && (c->best < 0 || at < p->point[c->best].at)) c->best = i;
    if (!o.feasible && (c->beyond < 0 || at > p->point[c->beyond].at)) c->beyond = i;
    if (o.feasible && better(p, cell, at, p->best)) p->best = i;
    return o.feasible;
}

/* The smallest index in [low, high] that holds. The largest comes first: most combinations are out after that one run. */
static int search_fleet(gbl_planner *p, size_t cell, int64_t low, int64_t high, gbl_err *err)
{
    int good = try_fleet(p, cell, high, err);
    while (good > 0 && low < high) {
        int64_t mid = low + (high - low) / 2;
        int there = try_fleet(p, cell, mid, err);
        if (there < 0) return -1;
        if (there) high = mid;
        else low = mid + 1;
    }
    return good < 0 ? -1 : 0;
}

static int64_t axis_end(const gbl_planner *p)
{
    return p->fleet ? (int64_t)p->fleet->n - 1 : 0;
}

typedef struct ordered {
    double price;
    size_t cell;
} ordered;

static int by_price(const void *a, const void *b)
{
    const ordered *x = a, *y = b;
    if (x->price != y->price) return x->price < y->price ? -1 : 1;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

/* Nothing of it, or nothing more of it, can be the answer? Says why. */
static int prune(gbl_planner *p, size_t cell, int64_t *high)
{
    gbl_cell *c = &p->cell[cell];
    const gbl_floor *f = &c->floor;
    if (!c->runs) return 1;
    *high = axis_end(p);
    if (f->reason[0]) {
        snprintf(c->pruned, sizeof c->pruned, "%s", f->reason);
        return 1;
    }
    if (f->at > *high) {
        snprintf(c->pruned, sizeof c->pruned, "%s: a perfect system needs %.4g replicas", f->limited_by, f->replicas_exact);
        return 1;
    }
    while (*high >= f->at && !better(p, cell, *high, p->best)) --*high;
    if (*high >= f->at) {
        int n = f->at > 0 ? snprintf(c->pruned, sizeof c->pruned, "below %s replicas: %s of a perfect system is not enough", p->fleet->value[f->at], f->limited_by) : 0;
        if (*high < axis_end(p))
            snprintf(c->pruned + n, sizeof c->pruned - (size_t)n, "%sabove %s replicas: the best found costs less", n ? "; " : "", p->fleet->value[*high]);
        return 0;
    }
    snprintf(c->pruned, sizeof c->pruned, "at least %.4g %s even for a perfect system: the best found has less", price_at(p, cell, f->at),
             p->minimize == GBL_CHEAPEST_GPUS ? "GPUs" : "USD/h");
    return 1;
}

static int search_all(gbl_planner *p, gbl_err *err)
{
    ordered *order = gbl_alloc(p->n_cells, sizeof *order);
    if (!order) return gbl_nomem(err, p->n_cells * sizeof *order);
    int bad = 0;
    for (size_t i = 0; i < p->n_cells; i++) {
        int64_t at = p->cell[i].floor.at <= axis_end(p) ? p->cell[i].floor.at : axis_end(p);
        order[i] = (ordered){p->cell[i].runs ? price_at(p, i, at) : INFINITY, i};
    }
    qsort(order, p->n_cells, sizeof *order, by_price);
    for (size_t i = 0; i < p->n_cells && !bad; i++) {
        int64_t high;
        size_t cell = order[i].cell;
        if (!prune(p, cell, &high)) bad = search_fleet(p, cell, p->cell[cell].floor.at, high, err) < 0;
    }
    gbl_free(order);
    return bad ? err->code : GBL_OK;
}

static int exhaust(gbl_planner *p, gbl_err *err)
{
    for (size_t i = 0; i < p->n_cells; i++)
        for (int64_t at = 0; p->cell[i].runs && at <= axis_end(p); at++)
            if (try_fleet(p, i, at, err) < 0) return err->code;
    return GBL_OK;
}

/* Nothing will do: the largest fleet of every combination says how near it comes. */
static int look_near(gbl_planner *p, gbl_err *err)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        int known = !p->cell[i].runs;
        for (size_t k = 0; k < p->n_points && !known; k++) known = p->point[k].cell == i && p->point[k].at == axis_end(p);
        if (!known && try_fleet(p, i, axis_end(p), err) < 0) return err->code;
    }
    find_nearest(p);
    return GBL_OK;
}

int gbl_plan_fleet(gbl_planner *p, gbl_err *err)
{
    int code = p->ask.exhaustive ? exhaust(p, err) : search_all(p, err);
    return !code && p->best < 0 ? look_near(p, err) : code;
}
