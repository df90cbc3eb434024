/* plan_bound.c - what no fleet could beat.
 *
 * Requests that count as good are done at most L after they arrive (e2el_ms, or ttft_ms plus the longest output's tpot_ms;
 * without such bounds a tenth of the trace's span S: a queue that grew for longer would be called growing), and at most
 * 1 - attain of them, the largest ones, may be late: the work of the others fits in S + L. Over R replications the mean
 * counts, so in one of them R times as many may be late.
 *
 * sm, hbm, kv memory: the perfect machine runs every kernel at the data sheet's peak, wastes no step, and finds every
 * prefix it has seen. Per request it needs at least F FLOPs (2 x parameters a computed token and LM head a sampled one,
 * attention pairs), B bytes of KV read by its decodes, and holds its KV for at least one step of a lone sequence a token
 * (byte-seconds of memory). Weights are read at least once a step, and steps are at least decode tokens / max_num_seqs.
 * steps: the same work in steps of the engine's own runtime (plan_perfect.c).
 * peak prompts: prompts of requests that arrive in a window W are computed, but for those that may be late, within
 * W + ttft_ms; peak work: all of their work within W + L. The worst window says. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/plan_parts.h"

const char *const gbl_need_name[GBL_NEEDS] = {"sm", "hbm", "kv memory", "steps", "peak prompts", "peak work"};

/* ---------------------------------------------------------------- the work of a request ---- */

/* Sum of min(a + i, most) over i = 1..n; most 0: no limit. */
static double clipped_sum(double a, double n, double most)
{
    double free = most > 0 ? fmin(n, fmax(0, most - a)) : n;
    return free * a + free * (free + 1) / 2 + (n - free) * most;
}

typedef struct work { /* of one request on one kind of replica */
    double tokens, decodes;        /* computed; those after the first token */
    double prompt_flops, flops;    /* attention pairs alone: of the prompt, of all */
    double kv_bytes, kv_held;      /* read by decodes; tokens x decodes */
    double prompt_tokens, rows;
} work;

static work work_of(const gbl_planner *p, const gbl_perfect *f, size_t i)
{
    double hit = f->caches ? (double)p->load.hit[i] : 0, in = (double)p->load.input[i], decodes = (double)p->load.output[i] - 1;
    double window = (double)f->window, decode_kv = clipped_sum(in, decodes, 0), decode_window = clipped_sum(in, decodes, window);
    work w = {.prompt_tokens = in - hit, .tokens = in - hit + decodes, .decodes = decodes, .rows = decodes + 1};
    w.prompt_flops = f->pair * clipped_sum(hit, in - hit, 0) + f->pair_window * clipped_sum(hit, in - hit, window);
    w.flops = w.prompt_flops + f->pair * decode_kv + f->pair_window * decode_window;
    w.kv_bytes = f->kv * decode_kv + f->kv_window * decode_window;
    w.kv_held = f->caches ? decodes * (decodes + 1) / 2 : decode_kv; /* blocks of a prompt may be shared */
    return w;
}

/* Seconds of one replica that request i takes at least, by need. line: of the runtime's steps. */
static double seconds_of(const gbl_planner *p, const gbl_perfect *f, size_t i, int need, int line)
{
    work w = work_of(p, f, i);
    switch (need) {
    case GBL_NEED_SM: return (f->token * w.tokens + f->row * w.rows + w.flops) / f->flops_s;
    case GBL_NEED_HBM: return (w.kv_bytes + w.decodes / f->seqs * f->weights) / f->bytes_s;
    case GBL_NEED_KV: return w.kv_held * f->step_s / f->kv_tokens;
    case GBL_NEED_PROMPTS: return (f->lines ? f->slope_s[0] * w.prompt_tokens : f->token * w.prompt_tokens / f->flops_s) + w.prompt_flops / f->flops_s;
    default: return f->line_s[line] * w.decodes / f->seqs + f->slope_s[line] * w.tokens + w.flops / f->flops_s + w.kv_bytes / f->bytes_s;
    }
}

/* The line that asks most of the whole load. */
static int steepest(const gbl_planner *p, const gbl_perfect *f)
{
    double tokens = 0, steps = 0, most = -1;
    int best = 0;
    for (size_t i = 0; i < p->load.n; i++) {
        work w = work_of(p, f, i);
        tokens += w.tokens;
        steps += w.decodes / f->seqs;
    }
    for (int i = 0; i < f->lines; i++) {
        double s = f->line_s[i] * steps + f->slope_s[i] * tokens;
        if (s <= most) continue;
        most = s;
        best = i;
    }
    return best;
}

/* ---------------------------------------------------------------- sums over windows ---- */

typedef struct span { /* requests first .. first + n - 1 */
    size_t first, n;
} span;

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Sum of v over the span without the `spare` largest; `room` holds n values. */
static double sum_without(const double *v, span w, size_t spare, double *room)
{
    double sum = 0;
    memcpy(room, v + w.first, w.n * sizeof *v);
    if (spare) qsort(room, w.n, sizeof *v, descending);
    for (size_t i = spare; i < w.n; i++) sum += room[i];
    return sum;
}

static double stretch_s(const gbl_load *l, span w, double late_s)
{
    return (double)(l->arrival_ns[w.first + w.n - 1] - l->arrival_ns[w.first]) * 1e-9 + late_s;
}

/* The window whose work, without `forgiven` of it, is most for its time; sizes grow by a sixth. */
static span worst_window(const gbl_load *l, const double *v, double forgiven, size_t spare, double late_s)
{
    span worst = {0, l->n};
    double most = -1;
    for (size_t n = spare + 1; n <= l->n; n += 1 + n / 6) {
        double sum = 0;
        for (size_t i = 0; i < l->n; i++) {
            sum += v[i] - (i >= n ? v[i - n] : 0);
            if (i + 1 < n) continue;
            span w = {i + 1 - n, n};
            double asks = (sum - forgiven) / stretch_s(l, w, late_s);
            if (asks <= most) continue;
            most = asks;
            worst = w;
        }
    }
    return worst;
}

/* How much later than it arrives a good request may be done; NaN: no bound says. */
static double lateness(const gbl_planner *p)
{
    const double *b = p->bounds.each;
    int64_t longest = 1;
    for (size_t i = 0; i < p->load.n; i++)
        if (p->load.output[i] > longest) longest = p->load.output[i];
    if (!isnan(b[3])) return b[3] * 1e-3;
    if (!isnan(b[0]) && !isnan(b[1])) return (b[0] + b[1] * (double)(longest - 1)) * 1e-3;
    return NAN;
}

typedef struct ask { /* how one combination's units are judged */
    gbl_planner *p;
    size_t may, spare; /* requests that may be late; those whose work does not count for it */
    double late_s;
    span peak[GBL_NEEDS];
    int has_peak[GBL_NEEDS];
    double *v, *room;
    int64_t seqs; /* engine.max_num_seqs of what was judged last */
} ask;

static int possible(const ask *a, const gbl_perfect *f, int need)
{
    const double *b = a->p->bounds.each;
    if (need == GBL_NEED_PROMPTS) return !isnan(b[0]) && b[0] > 0 && a->p->find == GBL_FIND_FLEET;
    if (need == GBL_NEED_PEAK) return f->lines && !isnan(a->late_s) && a->late_s > 0 && a->p->find == GBL_FIND_FLEET;
    return need != GBL_NEED_STEPS || f->lines;
}

/* The first unit's worst window is everyone's: any window is a bound, and mixed fleets need the same one. */
static double can_take(ask *a, const gbl_perfect *f, int need)
{
    const gbl_load *l = &a->p->load;
    span all = {0, l->n};
    if (!possible(a, f, need) || l->closed || l->n <= a->spare) return INFINITY;
    int line = steepest(a->p, f);
    for (size_t i = 0; i < l->n; i++) a->v[i] = seconds_of(a->p, f, i, need, line);
    double window = l->span_s + (isnan(a->late_s) ? 0.1 * l->span_s : a->late_s), late = need == GBL_NEED_PROMPTS ? a->p->bounds.each[0] * 1e-3 : a->late_s;
    if (a->p->find == GBL_FIND_RATE) window = 1; /* how many times the whole load one second takes */
    if (need >= GBL_NEED_PROMPTS) {
        double total = sum_without(a->v, all, 0, a->room), forgiven = total - sum_without(a->v, all, a->spare, a->room);
        if (!a->has_peak[need]) a->peak[need] = worst_window(l, a->v, forgiven, a->spare, late);
        a->has_peak[need] = 1;
        all = a->peak[need];
        window = stretch_s(l, all, late);
    }
    double s = sum_without(a->v, all, a->spare, a->room);
    return s > 0 && window > 0 ? window / s : INFINITY;
}

/* ---------------------------------------------------------------- latency ---- */

/* Too many requests that this machine rejects, or cannot serve in time even alone? */
static void rule_out(const ask *a, const gbl_perfect *f, gbl_unit *o)
{
    const gbl_planner *p = a->p;
    size_t long_ = 0, slow = 0, many = 0, late = 0;
    const double *b = p->bounds.each, gap = fmin(isnan(b[1]) ? INFINITY : b[1], isnan(b[2]) ? INFINITY : b[2]);
    o->slow = fmin(1, f->lone_s * 1e3 / gap);
    for (size_t i = 0; i < p->load.n; i++) {
        int64_t in = p->load.input[i], out = p->load.output[i];
        long_ += in + out > f->longest;
        slow += in - (f->caches ? p->load.hit[i] : 0) > f->prefill_ok || seconds_of(p, f, i, GBL_NEED_PROMPTS, 0) * 1e3 > b[0];
        many += out > 1 && f->lone_s * 1e3 > gap;
        late += !isnan(b[3]) && (double)(out - 1) * f->lone_s * 1e3 > b[3];
    }
    double n = (double)p->load.n;
    o->late_share = fmax(fmax((double)long_, (double)slow), fmax((double)many, (double)late)) / n;
    o->latency = 1;
    if (long_ > a->may) {
        o->latency = 0;
        snprintf(o->late, sizeof o->late, "context: %.2f %% of the requests are longer than the %lld tokens that it takes", 100 * (double)long_ / n, (long long)f->longest);
    } else if (slow > a->may) {
        snprintf(o->late, sizeof o->late, "ttft_ms: %.2f %% of the prompts take longer than %g ms even alone", 100 * (double)slow / n, b[0]);
    } else if (many > a->may) {
        snprintf(o->late, sizeof o->late, "tpot_ms: a step of a lone request takes %.3g ms", f->lone_s * 1e3);
    } else if (late > a->may) {
        snprintf(o->late, sizeof o->late, "e2el_ms: %.2f %% of the outputs take longer than %g ms even alone", 100 * (double)late / n, b[3]);
    }
}

/* ---------------------------------------------------------------- a combination ---- */

/* The cards without a price, each once. */
static int note_unpriced(gbl_planner *p, const char *card, gbl_err *err)
{
    for (size_t i = 0; i < p->n_unpriced; i++)
        if (!strcmp(p->unpriced[i], card)) return GBL_OK;
    const char *name = gbl_arena_text(p->arena, card);
    if (!name || gbl_grow(&p->unpriced, &p->unpriced_room, p->n_unpriced + 1, sizeof *p->unpriced)) return gbl_nomem(err, 0);
    p->unpriced[p->n_unpriced++] = name;
    return GBL_OK;
}

static int judge_unit(ask *a, const gbl_scenario *s, size_t pool, gbl_unit *u, gbl_err *err)
{
    gbl_perfect f;
    gbl_cost *cost;
    if (gbl_scenario_cost(s, pool, &cost, err)) return err->code;
    a->seqs = s->max_num_seqs;
    u->gpus = gbl_cost_gpus(cost);
    u->usd_h = s->pool[pool].hw.usd_h > 0 ? u->gpus * s->pool[pool].hw.usd_h : NAN;
    gbl_cost_free(cost);
    if (isnan(u->usd_h) && note_unpriced(a->p, s->pool[pool].hw.name, err)) return err->code;
    if (gbl_plan_perfect(a->p, s, pool, &f, err)) return err->code;
    for (int k = 0; k < GBL_NEEDS; k++) u->can[k] = can_take(a, &f, k);
    if (u->role == GBL_ROLE_DECODE) u->can[GBL_NEED_PROMPTS] = 0;
    rule_out(a, &f, u);
    return GBL_OK;
}

/* The document says it in the mix. */
static void at_kind(const gbl_axis *kind, gbl_err *err)
{
    gbl_err place;
    gbl_node_fail(kind->at, &place, "%s", "");
    gbl_where(err, "%s", place.where);
}

/* Each kind of a mix by itself: one that does not fit leaves the others. */
static int judge_kinds(gbl_planner *p, size_t cell, ask *a, gbl_err *err)
{
    gbl_cell *c = &p->cell[cell];
    for (size_t i = 0; i < p->n_dims; i++) {
        gbl_scenario *s = NULL;
        gbl_unit *u = &c->unit[i];
        u->dim = (int32_t)i;
        u->role = p->dim[i].role;
        int code = gbl_plan_open_kind(p, cell, i, &s, err);
        if (!code) {
            c->even = strcmp(s->choice[GBL_ROUTE].policy->name, "round_robin") == 0;
            if (!gbl_plan_loses(p, s, c, u->misfit, sizeof u->misfit)) code = judge_unit(a, s, 0, u, err);
        } else if (gbl_plan_cannot_run(err)) {
            snprintf(u->misfit, sizeof u->misfit, "%.190s", err->what);
            code = err->code = 0;
        } else {
            at_kind(&p->dim[i], err);
        }
        gbl_scenario_free(s);
        if (code) return code;
        c->runs |= !u->misfit[0];
    }
    if (!c->runs) snprintf(c->pruned, sizeof c->pruned, "cannot run: %s", c->unit[0].misfit);
    return GBL_OK;
}

static int dimension_of(const gbl_planner *p, const gbl_scenario *s, size_t pool)
{
    char key[48];
    snprintf(key, sizeof key, s->pools_node ? "cluster.pools.%zu.replicas" : "cluster.replicas", pool);
    for (size_t i = 0; i < p->n_dims; i++)
        if (strcmp(p->dim[i].key, key) == 0) return (int)i;
    return -1;
}

static int judge_pools(gbl_planner *p, size_t cell, ask *a, gbl_err *err)
{
    gbl_cell *c = &p->cell[cell];
    gbl_scenario *s = NULL;
    gbl_variant v = {.cell = cell, .seed = p->seed, .stretch = 1, .rate = NAN};
    int code = gbl_plan_open(p, &v, &s, err);
    if (code && gbl_plan_cannot_run(err)) {
        snprintf(c->pruned, sizeof c->pruned, "cannot run: %.300s", err->what);
        return err->code = 0;
    }
    if (code) return code;
    if (gbl_plan_loses(p, s, c, c->pruned, sizeof c->pruned)) {
        gbl_scenario_free(s);
        return GBL_OK;
    }
    c->runs = 1;
    c->even = strcmp(s->choice[GBL_ROUTE].policy->name, "round_robin") == 0;
    c->n_units = s->n_pools;
    c->unit = gbl_arena_take(p->arena, s->n_pools * sizeof *c->unit);
    if (!c->unit) code = gbl_nomem(err, s->n_pools * sizeof *c->unit);
    for (size_t i = 0; i < s->n_pools && !code; i++) {
        c->unit[i].dim = dimension_of(p, s, i);
        c->unit[i].fixed = s->pool[i].replicas;
        c->unit[i].role = s->pool[i].role;
        code = judge_unit(a, s, i, &c->unit[i], err);
    }
    gbl_scenario_free(s);
    return code;
}

/* ---------------------------------------------------------------- fleets ---- */

static double replicas_of(const gbl_planner *p, const gbl_unit *u, int64_t at)
{
    return u->dim < 0 ? (double)u->fixed : (double)gbl_plan_count(p, at, (size_t)u->dim);
}

double gbl_plan_room(const gbl_planner *p, size_t cell, int64_t at, int needs, int *need)
{
    const gbl_cell *c = &p->cell[cell];
    double least = INFINITY;
    *need = 0;
    for (int k = 0; k < needs; k++) {
        double sum = 0;
        for (size_t i = 0; i < c->n_units; i++) {
            double n = replicas_of(p, &c->unit[i], at);
            if (n > 0) sum += n * c->unit[i].can[k];
        }
        if (sum >= least) continue;
        least = sum;
        *need = k;
    }
    return least;
}

void gbl_plan_cost_of(const gbl_planner *p, size_t cell, int64_t at, double *gpus, double *usd_h)
{
    const gbl_cell *c = &p->cell[cell];
    *gpus = *usd_h = 0;
    for (size_t i = 0; i < c->n_units; i++) {
        double n = replicas_of(p, &c->unit[i], at);
        *gpus += n * c->unit[i].gpus;
        if (n > 0) *usd_h += n * c->unit[i].usd_h;
    }
}

/* Why every pool of the combination is too slow or too small, or "". */
static void rule_out_all(const gbl_cell *c, gbl_floor *o)
{
    for (size_t i = 0; i < c->n_units; i++) {
        if (c->unit[i].misfit[0]) continue;
        memcpy(o->reason, c->unit[i].late, sizeof o->reason);
        o->latency = c->unit[i].latency;
        if (!o->reason[0]) return;
    }
}

/* The cheapest fleet that a perfect system could do with. */
void gbl_plan_floor(gbl_planner *p, size_t cell)
{
    gbl_cell *c = &p->cell[cell];
    if (!c->runs) return;
    rule_out_all(c, &c->floor);
    gbl_floor *o = &c->floor;
    int need, counted = p->n_dims == 1 && c->n_units == 1;
    double least = INFINITY, gpus, usd, one = gbl_plan_room(p, cell, 0, GBL_NEEDS_PERFECT, &need);
    double total = 0;
    for (size_t i = 0; i < c->n_units; i++) total += replicas_of(p, &c->unit[i], 0);
    o->limited_by = gbl_need_name[need];
    o->replicas_exact = counted || !p->n_dims ? total / one : NAN;
    if (counted && gbl_plan_count(p, 0, 0) == 0) o->replicas_exact = 1 / gbl_plan_room(p, cell, 1, GBL_NEEDS_PERFECT, &need) * (double)gbl_plan_count(p, 1, 0);
    o->rate_s = gbl_plan_room(p, cell, p->n_fleets - 1, GBL_NEEDS_PERFECT, &need) * (double)p->load.n;
    o->engine_rate_s = gbl_plan_room(p, cell, p->n_fleets - 1, GBL_NEED_STEPS + 1, &need) * (double)p->load.n;
    o->at = p->n_fleets;
    for (int64_t at = 0; at < p->n_fleets; at++) {
        if (!gbl_plan_is_fleet(p, at)) continue;
        gbl_plan_cost_of(p, cell, at, &gpus, &usd);
        double price = p->minimize == GBL_CHEAPEST_GPUS ? gpus : usd;
        if (p->find == GBL_FIND_FLEET && gbl_plan_room(p, cell, at, GBL_NEEDS_PERFECT, &need) < 1) continue;
        if (price >= least) continue;
        least = price;
        o->at = at;
        o->gpus = gpus;
        o->usd_h = usd;
        gbl_plan_room(p, cell, at, GBL_NEEDS_PERFECT, &need);
        o->limited_by = gbl_need_name[need];
    }
    if (o->at < p->n_fleets) return;
    o->gpus = counted ? ceil(o->replicas_exact) * c->unit[0].gpus : NAN;
    o->usd_h = counted ? ceil(o->replicas_exact) * c->unit[0].usd_h : NAN;
}

int gbl_plan_units(gbl_planner *p, size_t cell, gbl_err *err)
{
    gbl_cell *c = &p->cell[cell];
    double may = (1 - p->bounds.attain) * (double)p->load.n * (double)p->replications;
    ask a = {.p = p, .late_s = lateness(p), .may = (size_t)(may + 1e-9)};
    a.v = gbl_alloc(p->load.n + 1, sizeof *a.v);
    a.room = gbl_alloc(p->load.n + 1, sizeof *a.room);
    int code = a.v && a.room ? GBL_OK : gbl_nomem(err, p->load.n * sizeof *a.v);
    if (p->find == GBL_FIND_FLEET) a.spare = a.may;
    if (!code && p->mix) {
        c->n_units = p->n_dims;
        c->unit = gbl_arena_take(p->arena, p->n_dims * sizeof *c->unit);
        code = c->unit ? judge_kinds(p, cell, &a, err) : gbl_nomem(err, 0);
    } else if (!code) {
        code = judge_pools(p, cell, &a, err);
    }
    if (!code) c->seqs = a.seqs;
    gbl_free(a.v);
    gbl_free(a.room);
    return code;
}
