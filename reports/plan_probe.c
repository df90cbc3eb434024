/* plan_probe.c - one configuration is run and judged. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/farm.h"
#include "reports/plan_parts.h"
#include "reports/stats.h"

/* ---------------------------------------------------------------- what a run leaves ---- */

typedef struct seen { /* one request */
    double arrival_s, scheduled_s, finish_s;
    double value_ns[GBL_PLAN_EACH];
    int64_t serial;
    int32_t done, rejected, replica;
} seen;

typedef struct gather {
    seen *v;
    size_t n, room;
    int64_t too_long, too_big, unfinished, slots, most_slots, context;
} gather;

static int on_request(void *to, const gbl_life *l, gbl_err *err)
{
    gather *g = to;
    if (gbl_grow(&g->v, &g->room, g->n + 1, sizeof *g->v)) return gbl_nomem(err, (g->n + 1) * sizeof *g->v);
    seen *s = &g->v[g->n++];
    *s = (seen){.arrival_s = (double)l->arrival_ns * 1e-9, .serial = l->serial, .done = l->status == 0, .rejected = l->status == 1, .replica = l->replica,
                .scheduled_s = (double)l->scheduled_ns * 1e-9, .finish_s = (double)l->finish_ns * 1e-9};
    double ttft = (double)(l->first_ns - l->arrival_ns), e2el = (double)(l->finish_ns - l->arrival_ns);
    /* A request's mean gap is its TPOT: every token is one output event here. */
    double gap = l->output > 1 ? (e2el - ttft) / (double)(l->output - 1) : 0;
    const double v[GBL_PLAN_EACH] = {ttft, gap, gap, e2el};
    memcpy(s->value_ns, v, sizeof v);
    if (l->status == 1) *(l->input + l->output > g->context ? &g->too_long : &g->too_big) += 1;
    if (l->status == 2) g->unfinished++;
    return GBL_OK;
}

static int on_sample(void *to, const gbl_sample *s, gbl_err *err)
{
    gather *g = to;
    (void)err;
    if (s->running > g->most_slots) g->most_slots = s->running;
    return GBL_OK;
}

static int by_arrival(const void *a, const void *b)
{
    const seen *x = a, *y = b;
    if (x->arrival_s != y->arrival_s) return x->arrival_s < y->arrival_s ? -1 : 1;
    return (x->serial > y->serial) - (x->serial < y->serial);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---------------------------------------------------------------- growth ---- */

/* Seconds of [from, to] that lie in [low, high]. */
static double overlap(double from, double to, double low, double high)
{
    return fmax(0, fmin(to, high) - fmax(from, low));
}

/* Mean number of requests in the system by stretch of the second half of the arrivals' span, as gbl_stat_growth wants it.
 * Sorts the requests by arrival. */
static int grows(gather *g)
{
    double level[GBL_GROWTH_CELLS + 1] = {0}, arrivals = 0;
    qsort(g->v, g->n, sizeof *g->v, by_arrival);
    double last = g->n ? g->v[g->n - 1].arrival_s : 0, first = g->n ? g->v[0].arrival_s : 0;
    double half = first + (last - first) / 2, width = (last - half) / (GBL_GROWTH_CELLS + 1);
    if (!(width > 0)) return 0;
    for (size_t i = 0; i < g->n; i++) {
        const seen *s = &g->v[i];
        arrivals += s->arrival_s >= half;
        if (s->rejected) continue;
        double end = s->done ? s->arrival_s + s->value_ns[3] * 1e-9 : INFINITY;
        for (int c = 0; c <= GBL_GROWTH_CELLS && end > half; c++)
            level[c] += overlap(s->arrival_s, end, half + c * width, half + (c + 1) * width) / width;
    }
    return gbl_stat_growth(level, 1, GBL_GROWTH_CELLS, arrivals).growing == 1;
}

typedef struct edge { /* a request enters or leaves service */
    double at_s;
    int32_t replica, by;
} edge;

static int by_replica(const void *a, const void *b)
{
    const edge *x = a, *y = b;
    if (x->replica != y->replica) return x->replica < y->replica ? -1 : 1;
    if (x->at_s != y->at_s) return x->at_s < y->at_s ? -1 : 1;
    return y->by - x->by; /* who comes is there before the other goes */
}

/* Most requests of one replica that were in service at once, those that wait after a preemption included. */
static int most_in_service(const gather *g, double *out, gbl_err *err)
{
    edge *e = gbl_alloc(2 * g->n + 1, sizeof *e);
    size_t n = 0;
    int64_t now = 0, most = 0;
    if (!e) return gbl_nomem(err, 2 * g->n * sizeof *e);
    for (size_t i = 0; i < g->n; i++) {
        const seen *s = &g->v[i];
        if (s->rejected || s->scheduled_s < 0) continue;
        e[n++] = (edge){s->scheduled_s, s->replica, 1};
        e[n++] = (edge){s->done ? s->finish_s : INFINITY, s->replica, -1};
    }
    qsort(e, n, sizeof *e, by_replica);
    for (size_t i = 0; i < n; i++) {
        now += e[i].by;
        if (now > most) most = now;
    }
    *out = (double)most;
    gbl_free(e);
    return GBL_OK;
}

/* Requests a second from the first arrival until the queue is empty, when everything came at once: what it serves at
 * most. Those in service at that instant count for the share of their time in service that has gone by. NaN where those are
 * not few beside the ones that are done. */
static double saturation(const gather *g)
{
    double start = INFINITY, empty = 0, served = 0, serving = 0;
    for (size_t i = 0; i < g->n; i++) {
        start = fmin(start, g->v[i].arrival_s);
        if (g->v[i].done) empty = fmax(empty, g->v[i].scheduled_s);
    }
    for (size_t i = 0; i < g->n; i++) {
        const seen *s = &g->v[i];
        if (!s->done) continue;
        double share = s->finish_s > empty ? (empty - s->scheduled_s) / (s->finish_s - s->scheduled_s) : 1;
        serving += s->finish_s > empty;
        served += share;
    }
    return served >= 2 * serving && empty > start ? served / (empty - start) : NAN;
}

/* ---------------------------------------------------------------- how far off ---- */

/* The k-th smallest of v, or INFINITY where there are fewer. Sorts. */
static double kth(double *v, size_t n, size_t k)
{
    if (k > n) return INFINITY;
    qsort(v, n, sizeof *v, ascending);
    return v[k - 1];
}

static int within(const gbl_bounds *b, const seen *s, int i)
{
    return isnan(b->each[i]) || s->value_ns[i] <= b->each[i] * 1e6;
}

static double worst_ratio(const gbl_bounds *b, const seen *s)
{
    double worst = 0;
    for (int i = 0; i < GBL_PLAN_EACH; i++)
        if (!isnan(b->each[i])) worst = fmax(worst, s->value_ns[i] / (b->each[i] * 1e6));
    return worst;
}

/* All bounds moved out by the common factor, then each drawn in as far as `need` requests allow. v: room for all. */
static void tighten(const gbl_planner *p, const gather *g, double warmup_s, size_t need, double *v, gbl_probe *x)
{
    gbl_bounds b = p->bounds;
    for (int k = 0; k < GBL_PLAN_EACH; k++) b.each[k] = fmax(1, x->together) * b.each[k] * (1 + 1e-9);
    for (int k = 0; k < GBL_PLAN_EACH && need; k++) {
        size_t n = 0;
        for (size_t i = 0; i < g->n; i++) {
            int fits = g->v[i].done && g->v[i].arrival_s >= g->v[0].arrival_s + warmup_s;
            for (int m = 0; m < GBL_PLAN_EACH; m++) fits &= within(&b, &g->v[i], m);
            if (fits) v[n++] = g->v[i].value_ns[k] * 1e-6;
        }
        if (!isnan(b.each[k])) b.each[k] = fmax(p->bounds.each[k], kth(v, n, need) * (1 + 1e-12)); /* the last one still in */
    }
    memcpy(x->tight, b.each, sizeof x->tight);
}

/* Counts and smallest sufficient bounds over the measured requests. */
static int distances(const gbl_planner *p, const gather *g, double warmup_s, gbl_probe *x, gbl_err *err)
{
    const gbl_bounds *b = &p->bounds;
    double *v = gbl_alloc(g->n + 1, sizeof *v);
    if (!v) return gbl_nomem(err, (g->n + 1) * sizeof *v);
    size_t measured = 0, done = 0, n = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (g->v[i].arrival_s < g->v[0].arrival_s + warmup_s) continue;
        measured++;
        if (!g->v[i].done) continue;
        done++;
        v[n++] = worst_ratio(b, &g->v[i]);
        for (int k = 0; k < GBL_PLAN_EACH; k++) x->over[k] += !within(b, &g->v[i], k);
    }
    size_t need = (size_t)ceil(b->attain * (double)measured - 1e-9);
    x->together = need ? kth(v, n, need) : 1;
    for (int k = 0; k < GBL_PLAN_EACH; k++) {
        n = 0;
        for (size_t i = 0; i < g->n; i++) {
            int others = g->v[i].done && g->v[i].arrival_s >= g->v[0].arrival_s + warmup_s;
            for (int m = 0; m < GBL_PLAN_EACH; m++) others &= m == k || within(b, &g->v[i], m);
            if (others) v[n++] = g->v[i].value_ns[k] * 1e-6;
        }
        x->alone[k] = isnan(b->each[k]) || !need ? INFINITY : kth(v, n, need);
        x->over[k] = done ? x->over[k] / (double)done : 0;
    }
    tighten(p, g, warmup_s, need, v, x);
    gbl_free(v);
    return GBL_OK;
}

/* ---------------------------------------------------------------- one run ---- */

static void take_result(const gbl_result *r, gbl_probe *x)
{
    char name[48];
    for (int i = 0; i < GBL_PLAN_SERIES; i++)
        for (int k = 0; k < GBL_PLAN_STATS; k++) {
            snprintf(name, sizeof name, "%s_ms.%s", gbl_plan_series[i], gbl_plan_stats[k]);
            x->stat[i][k] = gbl_result_get(r, name);
        }
    for (int i = 0; i < GBL_PARTS; i++) {
        snprintf(name, sizeof name, "time_ms.%s", gbl_part_name((enum gbl_part)i));
        x->part_ms[i] = gbl_result_get(r, name);
    }
    double attain = gbl_result_get(r, "goodput.slo_attainment");
    x->attain = isnan(attain) ? 0 : attain;
    x->request_s = gbl_result_get(r, "throughput.request_s");
    x->output_tok_s = gbl_result_get(r, "throughput.output_tok_s");
    x->usd_per_mtok = gbl_result_get(r, "cost.usd_per_mtok_output");
    x->kv_peak = gbl_result_get(r, "kv.peak_blocks") / gbl_result_get(r, "kv.capacity_blocks");
}

static int one_run(const gbl_planner *p, const gbl_scenario *s, gbl_probe *x, gbl_err *err)
{
    gather g = {.context = s->max_model_len != GBL_NULL_INT ? s->max_model_len : s->llm.context};
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .stop = p->ask.stop, .on_request = on_request, .on_sample = on_sample, .to = &g};
    gbl_result *r = NULL;
    int code = gbl_run(&r, s, &opt, err);
    if (!code) {
        take_result(r, x);
        double injected = fmax(1, gbl_result_get(r, "requests.injected"));
        x->context = (double)g.too_long / injected;
        x->kv_memory = (double)g.too_big / injected;
        x->unfinished = (double)g.unfinished / injected;
        x->slots_peak = (double)g.most_slots / (double)s->max_num_seqs;
        x->growing = grows(&g);
        x->saturated_s = saturation(&g);
        code = most_in_service(&g, &x->in_service, err);
        if (!code) code = distances(p, &g, s->warmup_s, x, err);
    }
    if (r) gbl_result_free(r);
    gbl_free(g.v);
    return code;
}

typedef struct job {
    gbl_planner *p;
    gbl_variant v;
} job;

static int replicate(void *ctx, size_t i, void *out, gbl_err *err)
{
    const job *j = ctx;
    gbl_scenario *s = NULL;
    gbl_variant v = j->v;
    v.seed = j->p->seed + (int64_t)i;
    int code = gbl_plan_open(j->p, &v, &s, err);
    if (!code) code = one_run(j->p, s, out, err);
    gbl_scenario_free(s);
    return code;
}

int gbl_plan_probe(gbl_planner *p, const gbl_variant *v, int workers, gbl_probe *out, gbl_err *err)
{
    size_t n = (size_t)p->replications;
    gbl_probe *all = gbl_alloc(n, sizeof *all);
    job j = {p, *v};
    if (!all) return gbl_nomem(err, n * sizeof *all);
    int code = gbl_farm(replicate, &j, n, workers, sizeof *all, all, p->ask.stop, err);
    /* All members are doubles; their means, in the order of the seeds. */
    double *sum = (double *)(void *)out;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < n && !code; i++)
        for (size_t k = 0; k < sizeof *out / sizeof *sum; k++) sum[k] += ((const double *)(const void *)&all[i])[k] / (double)n;
    for (size_t i = 0; i < n && !code; i++) { /* but bounds that would do have to do for every seed */
        out->together = fmax(out->together, all[i].together);
        out->in_service = fmax(out->in_service, all[i].in_service);
        out->kv_peak = fmax(out->kv_peak, all[i].kv_peak);
        for (int k = 0; k < GBL_PLAN_EACH; k++) {
            out->alone[k] = fmax(out->alone[k], all[i].alone[k]);
            out->tight[k] = fmax(out->tight[k], all[i].tight[k]);
        }
    }
    gbl_free(all);
    return code;
}

/* ---------------------------------------------------------------- judging ---- */

static int each_bound(const gbl_bounds *b)
{
    int n = 0;
    for (int i = 0; i < GBL_PLAN_EACH; i++) n += !isnan(b->each[i]);
    return n;
}

/* Of all statistics that are bounded, how far the worst is from its bound; 0 where none is bounded. */
static double worst_statistic(const gbl_bounds *b, const gbl_probe *x, int *series, int *stat)
{
    double worst = 0;
    for (int i = 0; i < GBL_PLAN_SERIES; i++)
        for (int k = 0; k < GBL_PLAN_STATS; k++) {
            double ratio = isnan(b->stat[i][k]) || isnan(x->stat[i][k]) ? 0 : x->stat[i][k] / b->stat[i][k];
            if (ratio <= worst) continue;
            worst = ratio;
            *series = i;
            *stat = k;
        }
    return worst;
}

static int attained(const gbl_planner *p, const gbl_probe *x)
{
    return x->attain >= p->bounds.attain - 1e-12;
}

/* A queue that grows is no sustained rate. The trace of a fleet is all there is to serve: where latencies with the queue in
 * them are bounded, they judge it. Sarathi's rule bounds the delay instead. */
static int grown(const gbl_planner *p, const gbl_probe *x)
{
    static const int waits[] = {0, 3, 4}; /* ttft, e2el, queue */
    const gbl_bounds *b = &p->bounds;
    int bounded = !isnan(b->each[0]) || !isnan(b->each[3]);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < GBL_PLAN_STATS; k++) bounded |= !isnan(b->stat[waits[i]][k]);
    return x->growing > 0.5 && p->rule != GBL_RULE_SARATHI && (p->find == GBL_FIND_RATE || !bounded);
}

int gbl_plan_holds(const gbl_planner *p, const gbl_probe *x)
{
    int series = 0, stat = 0;
    if (grown(p, x)) return 0;
    return attained(p, x) && worst_statistic(&p->bounds, x, &series, &stat) <= 1;
}

/* What the time goes to that the constraint counts. */
const char *gbl_plan_resource(const gbl_probe *x, int decode)
{
    static const char *const name[4] = {"sm", "hbm", "link", "host"};
    double wait = x->part_ms[GBL_PART_QUEUE], most = 0;
    int best = 1;
    if (x->kv_peak > 0.95 && wait + x->part_ms[GBL_PART_PREEMPT] > 0) return "kv memory";
    if (x->slots_peak >= 1 && wait > 0) return "batch slots";
    for (int i = 0; i < 4; i++) {
        double t = x->part_ms[GBL_PART_DECODE_SM + i] + (decode ? 0 : x->part_ms[GBL_PART_PREFILL_SM + i]);
        if (!decode && wait < x->part_ms[GBL_PART_PREFILL_SM] + x->part_ms[GBL_PART_PREFILL_HBM]) t = x->part_ms[GBL_PART_PREFILL_SM + i];
        if (t <= most) continue;
        most = t;
        best = i;
    }
    return name[best];
}

/* The bound whose change alone costs least; else the one that most requests miss. */
static int binding_each(const gbl_bounds *b, const gbl_probe *x)
{
    int best = -1;
    for (int i = 0; i < GBL_PLAN_EACH; i++)
        if (isfinite(x->alone[i]) && (best < 0 || x->alone[i] / b->each[i] < x->alone[best] / b->each[best])) best = i;
    for (int i = 0; i < GBL_PLAN_EACH && (best < 0 || !isfinite(x->alone[best])); i++)
        if (!isnan(b->each[i]) && (best < 0 || x->over[i] > x->over[best])) best = i;
    return best < 0 ? 3 : best;
}

static void bind_each(const gbl_planner *p, const gbl_probe *x, gbl_binding *o)
{
    int i = binding_each(&p->bounds, x), decode = i == 1 || i == 2;
    snprintf(o->constraint, sizeof o->constraint, "%s_ms", gbl_plan_series[i]);
    snprintf(o->resource, sizeof o->resource, "%s", gbl_plan_resource(x, decode));
    snprintf(o->says, sizeof o->says, "%.2f %% of the requests meet the SLO, %.2f %% are wanted; %.2f %% are over %s_ms", 100 * x->attain,
             100 * p->bounds.attain, 100 * x->over[i], gbl_plan_series[i]);
}

void gbl_plan_binding(const gbl_planner *p, const gbl_probe *x, gbl_binding *o)
{
    int series = 0, stat = 0;
    double lost = x->context + x->kv_memory, worst = worst_statistic(&p->bounds, x, &series, &stat);
    memset(o, 0, sizeof *o);
    if (lost > 1 - p->bounds.attain + 1e-12) {
        snprintf(o->constraint, sizeof o->constraint, "%s", x->context >= x->kv_memory ? "context" : "kv memory");
        snprintf(o->resource, sizeof o->resource, "%s", o->constraint);
        snprintf(o->says, sizeof o->says, "%.2f %% of the requests are rejected: longer than the context (%.2f %%) or than the KV pool (%.2f %%)", 100 * lost,
                 100 * x->context, 100 * x->kv_memory);
    } else if (grown(p, x)) {
        snprintf(o->constraint, sizeof o->constraint, "throughput");
        snprintf(o->resource, sizeof o->resource, "%s", gbl_plan_resource(x, 0));
        snprintf(o->says, sizeof o->says, "the queue still grows when the arrivals end");
    } else if (worst > 0 && (attained(p, x) || !each_bound(&p->bounds))) {
        snprintf(o->constraint, sizeof o->constraint, "%s_%s_ms", gbl_plan_series[series], gbl_plan_stats[stat]);
        snprintf(o->resource, sizeof o->resource, "%s", gbl_plan_resource(x, series == 1 || series == 2));
        snprintf(o->says, sizeof o->says, "%s is %.4g ms, %.4g ms are allowed", o->constraint, x->stat[series][stat], p->bounds.stat[series][stat]);
    } else if (!attained(p, x) && !each_bound(&p->bounds)) {
        snprintf(o->constraint, sizeof o->constraint, "completion");
        snprintf(o->resource, sizeof o->resource, "%s", gbl_plan_resource(x, 0));
        snprintf(o->says, sizeof o->says, "%.2f %% of the requests are not done when the run ends", 100 * x->unfinished);
    } else {
        bind_each(p, x, o);
    }
}

/* Up to four digits: what is offered as feasible must be. */
static double round_up(double v)
{
    char text[32];
    if (!(v > 0) || !isfinite(v)) return v;
    snprintf(text, sizeof text, "%.4g", v);
    if (strtod(text, NULL) < v) snprintf(text, sizeof text, "%.4g", v + pow(10, floor(log10(v)) - 3));
    return strtod(text, NULL);
}

int gbl_plan_nearest(const gbl_planner *p, const gbl_probe *x, gbl_bounds *out)
{
    *out = p->bounds;
    if (grown(p, x)) return 0;
    if (!attained(p, x)) {
        int i = binding_each(&p->bounds, x);
        if (isfinite(x->alone[i])) out->each[i] = round_up(x->alone[i]);
        else if (!isfinite(x->together) || !each_bound(&p->bounds)) return 0;
        else for (i = 0; i < GBL_PLAN_EACH; i++) out->each[i] = x->tight[i] > out->each[i] ? round_up(x->tight[i]) : out->each[i];
    }
    for (int i = 0; i < GBL_PLAN_SERIES; i++)
        for (int k = 0; k < GBL_PLAN_STATS; k++)
            if (x->stat[i][k] > out->stat[i][k]) out->stat[i][k] = round_up(x->stat[i][k]);
    return 1;
}
