/* gen_bursts.c - arrivals whose counts have a stated dispersion at several scales.
 *
 * Bursts begin as a Poisson process; each is of one time T_i of the grid below and brings a Poisson number of requests, m_i on
 * average, which spread over it exponentially (cluster process: Neyman and Scott 1958; Cox and Isham, "Point Processes", 1980,
 * chapter 3.4). With b_i = m_i x the share of requests that come in bursts of T_i, counts of a window of t seconds have variance over
 * mean
 *
 *   D(t) = 1 + sum_i b_i g(t / T_i),   g(x) = 1 - (1 - e^-x) / x
 *
 * (from the autocovariance m e^(-s/T) / 2T x rate of one exponential kernel). The b_i >= 0 that come nearest to the stated D are
 * found by least squares. They leave the sizes open: m_i = sqrt(b_i) x sum_j sqrt(b_j) makes bursts of all times equally frequent, so
 * that a trace has as many of the rarest kind as can be, and its own dispersion comes near the stated one at every scale. Bursts that
 * began before 0 are there with what is left of them, so that the start is like any other time. Draws are keyed by (burst, k). */
#include <math.h>
#include "base/heap.h"
#include "base/param.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/generate.h"

enum { TARGETS = GBL_DISPERSIONS, TIMES = GBL_BURST_TIMES, SWEEPS = 20000 };
static const double window_s[TARGETS] = {1, 10, 60, 300};
static const double time_s[TIMES] = {0.01, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000};
static const double few = 2e7; /* bursts that are looked at before the first request: a second's work */

static double grows(double t, double time) { return 1 + expm1(-t / time) * time / t; }

static double dispersion_of(const gbl_arrival *v, int j)
{
    double d = 1;
    for (int i = 0; i < TIMES; i++) d += v->burst[i] * grows(window_s[j], time_s[i]);
    return d;
}

/* Least squares of the relative errors under b >= 0 by multiplicative steps (ISRA: Daube-Witherspoon and Muehllehner 1986). From an
 * even start they spread what the stated windows leave open over all times. */
static void solve(gbl_arrival *v, double most)
{
    double g[TARGETS][TIMES], want[TIMES] = {0}, y[TARGETS];
    for (int j = 0; j < TARGETS; j++)
        for (int i = 0; i < TIMES; i++) g[j][i] = isnan(v->dispersion[j]) ? 0 : grows(window_s[j], time_s[i]) / v->dispersion[j];
    for (int i = 0; i < TIMES; i++) {
        v->burst[i] = most / TIMES;
        for (int j = 0; j < TARGETS; j++)
            if (g[j][i] > 0) want[i] += g[j][i] * (1 - 1 / v->dispersion[j]);
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (int j = 0; j < TARGETS; j++) {
            y[j] = 0;
            for (int i = 0; i < TIMES; i++) y[j] += g[j][i] * v->burst[i];
        }
        for (int i = 0; i < TIMES; i++) {
            double have = 0;
            for (int j = 0; j < TARGETS; j++) have += g[j][i] * y[j];
            v->burst[i] = have > 0 ? v->burst[i] * want[i] / have : 0;
        }
    }
}

/* The steps bring a b that should be 0 near it, never there: such bursts would bring nothing and cost their draws. */
static void drop_traces(gbl_arrival *v)
{
    double sum = 0;
    for (int i = 0; i < TIMES; i++) sum += v->burst[i];
    for (int i = 0; i < TIMES; i++)
        if (v->burst[i] < 1e-6 * sum) v->burst[i] = 0;
}

int gbl_bursts_fit(gbl_arrival *v, const gbl_node *n, gbl_err *err)
{
    double most = 0, worst = 0;
    char text[160] = "";
    size_t used = 0;
    for (int j = 0; j < TARGETS; j++) most = fmax(most, v->dispersion[j]); /* fmax passes over a NaN */
    if (most < 1.1) {
        gbl_node_fail(n, err, most > 0 ? "no dispersion is above 1.1: there are no bursts" : "bursts need a dispersion");
        return gbl_expected(err, most > 0 ? "poisson, or a larger dispersion" : "{\"use\": \"bursts\", \"rate_s\": 2.57, \"dispersion_1s\": 13, \"dispersion_10s\": 72, \"dispersion_60s\": 164}");
    }
    solve(v, most);
    drop_traces(v);
    for (int j = 0; j < TARGETS; j++) {
        double d = dispersion_of(v, j);
        if (!isnan(v->dispersion[j])) worst = fmax(worst, fabs(d / v->dispersion[j] - 1));
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.3g at %g s", j ? ", " : "", d, window_s[j]);
    }
    if (worst < 0.05) return 0;
    gbl_node_fail(n, err, "no bursts have these dispersions: they neither fall with the window nor grow faster than it");
    return gbl_expected(err, "as near as %s", text);
}

/* ---- sending ---- */

typedef struct burst {
    uint64_t number, drawn;
    double start_s, time, mean, mass; /* of its mean requests so many are passed */
    int64_t next_free;
} burst;

struct gbl_bursts {
    const gbl_arrival *v;
    uint64_t seed, begun;
    int kinds, kind[TIMES]; /* times that have bursts */
    double roots, every_s, next_s; /* sum of sqrt(b); from one burst to the next, on average; when the next begins */
    gbl_heap *due;
    burst *slot;
    size_t n, room;
    int64_t free;
};

static double draw(const gbl_bursts *b, uint64_t number, uint64_t k) { return gbl_draw(b->seed, GBL_STREAM_ARRIVAL, number, k); }

/* Puts the burst's next request into the order of all, or ends the burst. */
static int go_on(gbl_bursts *b, int64_t slot)
{
    burst *x = &b->slot[slot];
    x->mass += gbl_q_exponential(draw(b, x->number, 2 + x->drawn++), 1);
    double at = x->mass < x->mean ? x->start_s - x->time * log1p(-x->mass / x->mean) : INFINITY;
    if (!(at * 1e9 <= GBL_TRACE_MOST_NS * 2)) { /* spent, or too late for any trace */
        x->next_free = b->free;
        b->free = slot;
        return 0;
    }
    return gbl_heap_push(b->due, (gbl_event){llround(at * 1e9), 0, 0, slot}) < 0 ? -1 : 0;
}

/* The burst at next_s begins; one of before 0 with what is left of it then. */
static int begin(gbl_bursts *b)
{
    int64_t slot = b->free;
    uint64_t number = b->begun++;
    int kind = b->kind[(int)(draw(b, number, 1) * b->kinds)];
    double time = time_s[kind], mean = sqrt(b->v->burst[kind]) * b->roots, start = b->next_s;
    b->next_s += gbl_q_exponential(draw(b, number, 0), b->every_s);
    double passed = start < 0 ? -mean * expm1(start / time) : 0;
    if (mean - passed < 1e-9) return 0;
    if (slot >= 0) b->free = b->slot[slot].next_free;
    else if (gbl_grow(&b->slot, &b->room, b->n + 1, sizeof *b->slot)) return -1;
    else slot = (int64_t)b->n++;
    b->slot[slot] = (burst){.number = number, .start_s = start, .time = time, .mean = mean, .mass = passed};
    return go_on(b, slot);
}

int gbl_bursts_new(gbl_bursts **out, const gbl_arrival *v, uint64_t seed, gbl_err *err)
{
    gbl_bursts *b = gbl_alloc(1, sizeof *b);
    if (!b) return gbl_nomem(err, sizeof *b);
    *b = (gbl_bursts){.v = v, .seed = seed, .free = -1, .due = gbl_heap_new()};
    for (int i = 0; i < TIMES; i++) {
        if (v->burst[i] <= 0) continue;
        b->kind[b->kinds++] = i;
        b->roots += sqrt(v->burst[i]);
    }
    b->every_s = b->roots * b->roots / (v->rate_s * b->kinds);
    b->next_s = -20 * time_s[b->kind[b->kinds - 1]]; /* e^-20: nothing is left of older ones */
    int bad = !b->due, many = -b->next_s / b->every_s > few;
    while (!bad && !many && b->next_s < 0) bad = begin(b);
    if (!bad && !many) return *out = b, 0;
    gbl_bursts_free(b);
    if (bad) return gbl_nomem(err, sizeof *b);
    gbl_fail(err, GBL_EINPUT, "more than %.0g bursts would be under way at a time", few);
    return gbl_expected(err, "a lower rate_s or larger dispersions");
}

void gbl_bursts_free(gbl_bursts *b)
{
    if (!b) return;
    gbl_heap_free(b->due);
    gbl_free(b->slot);
    gbl_free(b);
}

int gbl_bursts_next(gbl_bursts *b, int64_t *at_ns, gbl_err *err)
{
    gbl_event ev;
    for (;;) {
        const gbl_event *first = gbl_heap_peek(b->due);
        if (first && (double)first->time_ns * 1e-9 <= b->next_s) break;
        if (!first && b->next_s * 1e9 > GBL_TRACE_MOST_NS) { /* the caller says that this is too late */
            *at_ns = INT64_MAX;
            return 0;
        }
        if (begin(b)) return gbl_nomem(err, 64);
    }
    gbl_heap_pop(b->due, &ev);
    *at_ns = ev.time_ns;
    return go_on(b, ev.arg) ? gbl_nomem(err, 64) : 0;
}
