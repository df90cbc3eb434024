/* plan_fleet.c - the cheapest fleet of a grid that holds the SLO.
 *
 * The grid's fleets lie in one list, cheapest first (equals by what is known of their dollars, then in the order of the choices), as brute force would try them; the
 * answer is the first one that holds. What cannot run, and what a bound rules out, leaves the list at once. Then one is
 * run at a time, and every run rules others out: when it fails, all of its combination that could only do worse (within());
 * when it holds, all that cost as much or more.
 *
 * Which one to run next changes only how many runs it takes. Each combination is guessed to hold from some `room` on (the
 * multiple of the load that its bounds allow); the guess starts where another combination's answer lay and follows what its
 * own runs missed or spared. While some open fleet is guessed to hold, the cheapest such one is run; after that the roomiest, which takes the
 * most with it when it fails. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "reports/plan_parts.h"

/* ---------------------------------------------------------------- the grid ---- */

/* Nine digits, so that sums in another order are the same price. */
static double rounded(double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.9g", v);
    return strtod(text, NULL);
}

static void set_price(const gbl_planner *p, gbl_place *o)
{
    double gpus, usd;
    gbl_plan_cost_of(p, o->cell, o->at, &gpus, &usd);
    o->usd_h = isnan(usd) ? NAN : rounded(usd);
    o->price = p->minimize == GBL_CHEAPEST_GPUS ? rounded(gpus) : o->usd_h;
}

static int by_price(const void *a, const void *b)
{
    const gbl_place *x = a, *y = b;
    if (x->price != y->price) return x->price < y->price ? -1 : 1;
    if (isnan(x->usd_h) != isnan(y->usd_h)) return isnan(x->usd_h) ? 1 : -1;
    if (!isnan(x->usd_h) && x->usd_h != y->usd_h) return x->usd_h < y->usd_h ? -1 : 1;
    if (x->cell != y->cell) return x->cell < y->cell ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int64_t replicas_of(const gbl_planner *p, const gbl_unit *u, int64_t at)
{
    return u->dim < 0 ? u->fixed : gbl_plan_count(p, at, (size_t)u->dim);
}

/* Its units that have replicas: can one not run, or are too many requests too late, wherever they go? In turn, each kind
 * gets its share of the requests, whether or not they can be in time there. */
static enum gbl_fate fate_of(const gbl_planner *p, const gbl_cell *c, int64_t at)
{
    double total = 0, lost = 0, may = (1 - p->bounds.attain) * (double)p->replications, n = (double)p->load.n;
    int late = 1, split = 0;
    for (size_t i = 0; i < c->n_units; i++) {
        const gbl_unit *u = &c->unit[i];
        double k = (double)replicas_of(p, u, at);
        if (k == 0) continue;
        if (u->misfit[0]) return GBL_CANNOT;
        late &= u->late[0] != 0 && u->role == GBL_ROLE_BOTH; /* the other phase is no business of its own */
        split |= u->role != GBL_ROLE_BOTH;
        total += k;
    }
    for (size_t i = 0; i < c->n_units && c->even && !split; i++) {
        const gbl_unit *u = &c->unit[i];
        lost += fmax(0, (double)replicas_of(p, u, at) / total - (1 - u->late_share));
    }
    return late || lost - total / n > may ? GBL_LATE : GBL_OPEN;
}

/* How many times the load it could take, as a guess: in turn, every replica gets the same share, so the weakest kind says
 * when the fleet is full; and where lone steps of s take up to 1 / (1 - load) of it under load, the gaps between tokens
 * allow a load of 1 - s / gap. */
static double guess_room(const gbl_planner *p, const gbl_cell *c, int64_t at, double room)
{
    double total = 0, weakest = INFINITY, slow = 0;
    for (size_t i = 0; i < c->n_units; i++) {
        const gbl_unit *u = &c->unit[i];
        double n = (double)replicas_of(p, u, at);
        if (n <= 0) continue;
        total += n;
        slow = fmax(slow, u->slow);
        for (int k = 0; k < GBL_NEEDS; k++) weakest = fmin(weakest, u->can[k]);
    }
    if (c->even) room = fmin(room, total * weakest);
    return room * fmax(0.05, 1 - slow);
}

static int list_places(gbl_planner *p, gbl_err *err)
{
    size_t n = p->n_cells * (size_t)p->n_fleets;
    p->place = gbl_alloc(n, sizeof *p->place);
    if (!p->place) return gbl_nomem(err, n * sizeof *p->place);
    for (size_t cell = 0; cell < p->n_cells; cell++)
        for (int64_t at = 0; at < p->n_fleets; at++) {
            const gbl_cell *c = &p->cell[cell];
            if (!gbl_plan_is_fleet(p, at)) continue;
            int need = 0;
            gbl_place *o = &p->place[p->n_places++];
            *o = (gbl_place){.cell = cell, .at = at, .fate = GBL_CANNOT, .price = INFINITY};
            if (!c->runs) continue;
            set_price(p, o);
            o->room = gbl_plan_room(p, cell, at, GBL_NEEDS, &need);
            o->need = (uint8_t)need;
            o->fate = (uint8_t)fate_of(p, c, at);
            if (o->fate == GBL_OPEN && o->room < 1) o->fate = GBL_BOUND;
            if (o->fate == GBL_CANNOT) o->price = INFINITY;
            else o->room = fmin(1e300, guess_room(p, c, at, o->room));
        }
    qsort(p->place, p->n_places, sizeof *p->place, by_price);
    return GBL_OK;
}

/* ---------------------------------------------------------------- what a run says ---- */

/* a is at least as good as b in everything that is known of it. */
static int no_worse(const gbl_unit *a, const gbl_unit *b)
{
    int good = a->role == b->role && a->slow <= b->slow && a->late_share <= b->late_share;
    for (int k = 0; k < GBL_NEEDS; k++) good &= a->can[k] >= b->can[k];
    return good;
}

typedef struct tally { /* replicas of two fleets */
    int64_t small, large;
} tally;

/* Kinds that cannot be compared: the larger fleet must have the same shares of each. */
static int same_shares(const gbl_planner *p, const gbl_cell *c, int64_t small, int64_t large, tally all)
{
    for (size_t i = 0; i < c->n_units; i++)
        if (replicas_of(p, &c->unit[i], small) * all.large != replicas_of(p, &c->unit[i], large) * all.small) return 0;
    return all.small <= all.large;
}

/* When `large` fails, does `small`, of the same combination? Of the replicas at least as good as any kind it has no more, so
 * each of its replicas has a counterpart that is no worse and has no more to do; and no smaller share of its replicas is of
 * the worse kinds. (Adding slow replicas to fast ones sends requests to the slow ones: that may well do harm.) */
static int within(const gbl_planner *p, const gbl_cell *c, int64_t small, int64_t large)
{
    tally all = {0, 0};
    for (size_t i = 0; i < c->n_units; i++) {
        all.small += replicas_of(p, &c->unit[i], small);
        all.large += replicas_of(p, &c->unit[i], large);
    }
    for (size_t i = 0; i < c->n_units; i++) {
        const gbl_unit *u = &c->unit[i];
        tally better = {0, 0}, worse = {0, 0}; /* this kind counts in both */
        if (!replicas_of(p, u, small) && !replicas_of(p, u, large)) continue;
        for (size_t k = 0; k < c->n_units; k++) {
            int64_t x = replicas_of(p, &c->unit[k], small), y = replicas_of(p, &c->unit[k], large);
            int above = no_worse(&c->unit[k], u), below = no_worse(u, &c->unit[k]);
            if (!x && !y) continue;
            if (!above && !below) return same_shares(p, c, small, large, all);
            better = (tally){better.small + above * x, better.large + above * y};
            worse = (tally){worse.small + below * x, worse.large + below * y};
        }
        if (better.small > better.large || worse.large * all.small > worse.small * all.large) return 0;
    }
    return 1;
}

/* Two combinations that differ in the slots of a replica alone. */
static int differ_in_slots(const gbl_planner *p, size_t a, size_t b)
{
    int slots = 0;
    for (size_t i = p->n_axes; i-- > 0;) {
        size_t n = p->axis[i].n, x = a % n, y = b % n;
        a /= n;
        b /= n;
        if (x == y) continue;
        if (strcmp(p->axis[i].key, "engine.max_num_seqs")) return 0;
        slots = 1;
    }
    return slots;
}

/* A run that never filled the slots of either goes the same way with the other's, where memory and caches play no part. */
static int twins(const gbl_planner *p, const gbl_place *ran, const gbl_probe *x, size_t cell)
{
    const gbl_cell *a = &p->cell[ran->cell], *b = &p->cell[cell];
    return b->runs && !p->load.shares && x->kv_peak < 0.9 && x->in_service < (double)(a->seqs < b->seqs ? a->seqs : b->seqs) && differ_in_slots(p, ran->cell, cell);
}

/* All that need not be run since this one failed. */
static void fails(gbl_planner *p, const gbl_place *ran, const gbl_probe *x)
{
    for (size_t m = 0; m < p->n_places; m++) {
        gbl_place *o = &p->place[m];
        int same = o->cell == ran->cell;
        if (o->fate != GBL_OPEN || (!same && !twins(p, ran, x, o->cell))) continue;
        if (within(p, &p->cell[ran->cell], o->at, ran->at)) o->fate = same || o->at != ran->at ? GBL_FEWER : GBL_TWIN;
    }
}

typedef struct guess { /* of one combination */
    double fails, holds; /* most room that failed, least that held */
    double above, below; /* where it holds, by the last that failed and by the last that held */
    double from;         /* guessed to hold from here */
    int runs;
} guess;

typedef struct search {
    gbl_planner *p;
    guess *guess;
    double from;  /* where other combinations' answers lay */
    size_t end;   /* places before it are cheaper than the best */
    size_t best;  /* the place of the best, n_places without one */
} search;

/* Latencies move about as the load does: the factor that its bounds miss by (or have to spare) is how much more room it
 * takes to hold (or how much less would do). */
static void learn(search *s, const gbl_place *o, const gbl_probe *x, int good)
{
    const double least = 1.05, most = 4;
    guess *g = &s->guess[o->cell];
    double by = isfinite(x->together) && x->together > 0 ? x->together : good ? 1 / least : 2;
    if (good) {
        g->holds = fmin(g->holds, o->room);
        g->below = o->room * fmin(1 / least, fmax(by, 1 / most));
    } else {
        g->fails = fmax(g->fails, o->room);
        g->above = o->room * fmax(least, fmin(by, most));
    }
    g->from = !isfinite(g->holds) ? g->above : g->fails <= 0 ? g->below : sqrt(g->below * g->above);
    if (g->fails > 0 && isfinite(g->holds)) g->from = fmax(g->fails * 1.0001, fmin(g->holds, g->from));
    if (good) s->from = g->from;
    else if (s->best == s->p->n_places) s->from = fmax(s->from, sqrt(s->from * g->from)); /* what fails here may fail elsewhere */
    g->runs++;
}

/* 0, or -1: error. */
static int try_place(search *s, size_t i, gbl_err *err)
{
    gbl_planner *p = s->p;
    gbl_place *o = &p->place[i];
    gbl_probe x;
    gbl_variant v = {.cell = o->cell, .at = o->at, .rate = NAN, .stretch = 1};
    if (gbl_plan_probe(p, &v, p->ask.workers, &x, err) || gbl_plan_keep(p, &v, &x, err)) return -1;
    int64_t k = (int64_t)p->n_points - 1;
    gbl_cell *c = &p->cell[o->cell];
    int good = p->point[k].feasible;
    o->fate = GBL_RUN;
    learn(s, o, &x, good);
    if (good && i < s->best) {
        s->best = s->end = i;
        p->best = c->best = k;
    }
    if (!good && !p->ask.exhaustive) fails(p, o, &x);
    return 0;
}

/* The next fleet to run, or n_places. */
static size_t next_place(search *s)
{
    const gbl_planner *p = s->p;
    size_t roomiest = p->n_places;
    double most = -1;
    for (size_t i = 0; i < s->end; i++) {
        const gbl_place *o = &p->place[i];
        if (o->fate != GBL_OPEN) continue;
        guess *g = &s->guess[o->cell];
        if (!g->runs) g->from = s->from;
        if (o->room >= g->from) return i;
        if (o->room / g->from < most) continue;
        most = o->room / g->from;
        roomiest = i;
    }
    return roomiest;
}

/* The dearest fleet that fails in the best one's combination and could only do worse: one step on. */
static void find_beyond(gbl_planner *p)
{
    if (p->best < 0) return;
    gbl_point *b = &p->point[p->best];
    gbl_cell *c = &p->cell[b->cell];
    for (size_t i = 0; i < p->n_points; i++) {
        const gbl_point *o = &p->point[i];
        if (o->feasible || o->cell != b->cell || !within(p, c, o->at, b->at)) continue;
        if (c->beyond < 0 || o->gpus > p->point[c->beyond].gpus) c->beyond = (int64_t)i;
    }
}

/* Nothing will do. What the bounds ruled out was not run, so the largest fleets among it say how near they come. */
static int look_near(search *s, gbl_err *err)
{
    gbl_planner *p = s->p;
    size_t may = p->n_places / 40 + 1;
    for (size_t tried = 0; tried < may; tried++) {
        size_t best = p->n_places;
        for (size_t i = 0; i < p->n_places; i++) {
            const gbl_place *o = &p->place[i];
            if ((o->fate != GBL_BOUND && o->fate != GBL_LATE) || s->guess[o->cell].runs) continue;
            if (best == p->n_places || o->room >= p->place[best].room) best = i;
        }
        if (best == p->n_places) break;
        if (try_place(s, best, err)) return -1;
    }
    gbl_plan_find_nearest(p);
    return 0;
}

static int search_all(search *s, gbl_err *err)
{
    gbl_planner *p = s->p;
    for (size_t i; (i = next_place(s)) < p->n_places;)
        if (try_place(s, i, err)) return -1;
    for (size_t i = s->best; i < p->n_places; i++)
        if (p->place[i].fate == GBL_OPEN) p->place[i].fate = GBL_DEARER;
    return p->best < 0 ? look_near(s, err) : 0;
}

static int exhaust(search *s, gbl_err *err)
{
    gbl_planner *p = s->p;
    for (size_t i = 0; i < p->n_places; i++) /* bounds are not believed here */
        if (p->place[i].fate != GBL_CANNOT && try_place(s, i, err)) return -1;
    if (p->best < 0) gbl_plan_find_nearest(p);
    return 0;
}

/* ---------------------------------------------------------------- accounts ---- */

static void add_words(char *out, size_t size, int64_t n, const char *fmt, const char *with)
{
    size_t used = strlen(out);
    if (!n || used + 1 >= size) return;
    used += (size_t)snprintf(out + used, size - used, "%s%lld ", used ? "; " : "", (long long)n);
    if (used < size) snprintf(out + used, size - used, fmt, with);
}

/* Says of each combination what was not run and why. */
static int account(gbl_planner *p, gbl_err *err)
{
    typedef struct ends { int64_t fate[GBL_FATES], need[GBL_NEEDS]; } ends;
    ends *all = gbl_alloc(p->n_cells, sizeof *all);
    if (!all) return gbl_nomem(err, p->n_cells * sizeof *all);
    for (size_t i = 0; i < p->n_places; i++) {
        const gbl_place *o = &p->place[i];
        assert(o->fate != GBL_OPEN);
        all[o->cell].fate[o->fate]++;
        if (o->fate == GBL_BOUND) all[o->cell].need[o->need]++;
    }
    for (size_t i = 0; i < p->n_cells; i++) {
        gbl_cell *c = &p->cell[i];
        if (!c->runs) continue; /* said already */
        const char *misfit = "", *late = "";
        for (size_t k = 0; k < c->n_units; k++) {
            if (c->unit[k].misfit[0]) misfit = c->unit[k].misfit;
            else if (c->unit[k].late[0]) late = c->unit[k].late;
        }
        add_words(c->pruned, sizeof c->pruned, all[i].fate[GBL_CANNOT], "cannot run: %s", misfit);
        add_words(c->pruned, sizeof c->pruned, all[i].fate[GBL_LATE], "ruled out by %s", late);
        for (int k = 0; k < GBL_NEEDS; k++)
            add_words(c->pruned, sizeof c->pruned, all[i].need[k], k < GBL_NEEDS_PERFECT ? "below the bound of a perfect system's %s" : "below the bound of the engine's %s", gbl_need_name[k]);
        add_words(c->pruned, sizeof c->pruned, all[i].fate[GBL_TWIN], "%s", "the same as one that fails: it never fills the slots");
        add_words(c->pruned, sizeof c->pruned, all[i].fate[GBL_FEWER], "%s", "no better than one that fails");
        add_words(c->pruned, sizeof c->pruned, all[i].fate[GBL_DEARER], "no %s than the best", p->minimize == GBL_CHEAPEST_GPUS ? "fewer GPUs" : "cheaper");
    }
    gbl_free(all);
    return GBL_OK;
}

int gbl_plan_fleet(gbl_planner *p, gbl_err *err)
{
    const double first_guess = 1.2; /* of the room that is needed: only the number of runs hangs on it */
    search s = {.p = p, .from = first_guess};
    int code = list_places(p, err);
    s.end = s.best = p->n_places;
    s.guess = code ? NULL : gbl_alloc(p->n_cells, sizeof *s.guess);
    if (!code && !s.guess) code = gbl_nomem(err, p->n_cells * sizeof *s.guess);
    for (size_t i = 0; i < p->n_cells && !code; i++) s.guess[i] = (guess){.holds = INFINITY};
    if (!code && (p->ask.exhaustive ? exhaust(&s, err) : search_all(&s, err))) code = err->code;
    gbl_free(s.guess);
    if (!code) find_beyond(p);
    return code ? code : account(p, err);
}
