#include "reports/gate.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static int has(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0) return 1;
    return 0;
}

static int check_tolerance(const gbl_baseline *b, const char *metric, gbl_err *err)
{
    enum { MOST = 128 };
    const char *known[MOST];
    size_t n = 0;
    const gbl_node *all = b->entry[0].metrics;
    if (gbl_node_get(all, metric) && gbl_metric_worse(metric)) return GBL_OK;
    for (const gbl_node *m = gbl_node_first(all); m && n < MOST; m = gbl_node_next(m)) known[n++] = gbl_node_key(m);
    gbl_fail(err, GBL_EINPUT, "the baseline has no metric '%s' that could get worse", metric);
    gbl_where(err, "--tolerance");
    gbl_expected(err, "one that the baseline holds, such as ttft_ms.p99, or all");
    return gbl_nearest(err, gbl_near(metric, known, n));
}

int gbl_gate_metrics(const char **list, size_t room, size_t *n, const gbl_baseline *b, const gbl_tolerance *t, size_t n_t, gbl_err *err)
{
    *n = 0;
    for (size_t i = 0; gbl_metric_gated[i] && *n < room; i++) list[(*n)++] = gbl_metric_gated[i];
    for (size_t i = 0; i < n_t; i++) {
        if (strcmp(t[i].metric, "all") == 0) continue;
        int code = check_tolerance(b, t[i].metric, err);
        if (code) return code;
        if (!has(list, *n, t[i].metric) && *n < room) list[(*n)++] = t[i].metric;
    }
    return GBL_OK;
}

/* The last word given counts; a metric's own goes before `all`. */
static double tolerance_of(const gbl_tolerance *t, size_t n, const char *metric)
{
    double share = GBL_GATE_TOLERANCE;
    for (size_t i = 0; i < n; i++)
        if (strcmp(t[i].metric, "all") == 0) share = t[i].share;
    for (size_t i = 0; i < n; i++)
        if (strcmp(t[i].metric, metric) == 0) share = t[i].share;
    return share;
}

static int any_missing(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(v[i])) return 1;
    return 0;
}

/* One metric's values on both sides. */
typedef struct sides {
    const double *was, *now;
    size_t n_was, n_now;
    int paired;
} sides;

/* Waits and rates change by factors: a run with a long queue gets longer by more. So where all values are positive, their
 * logarithms are tested; the factors scatter far less than the differences do. Intervals stay in units. */
static int to_logs(sides *s, double *scratch)
{
    for (size_t i = 0; i < s->n_was + s->n_now; i++) {
        double v = i < s->n_was ? s->was[i] : s->now[i - s->n_was];
        if (!(v > 0)) return 0;
        scratch[i] = log(v);
    }
    s->was = scratch;
    s->now = scratch + s->n_was;
    return 1;
}

/* Of two tests the one that says more, and the price of having asked twice. */
static double either(double p, double q)
{
    return fmin(1, 2 * fmin(p, q));
}

static void test_sides(gbl_judged *r, sides s, double *scratch)
{
    int side = gbl_metric_worse(r->metric), logs = to_logs(&s, scratch);
    gbl_test t = s.paired ? gbl_stat_paired(s.was, s.now, s.n_was, 0.95) : gbl_stat_pooled(s.was, s.n_was, s.now, s.n_now, 0.95);
    double above = t.p_above, below = t.p_below;
    r->dof = s.paired ? (double)s.n_was - 1 : (double)(s.n_was + s.n_now) - 2;
    r->error = t.difference.half_width / gbl_stat_t_quantile(0.975, r->dof) / (logs ? 1 : fabs(t.a));
    if (!s.paired && r->error > 0) {
        above = either(above, gbl_stat_ranks_above(s.was, s.n_was, s.now, s.n_now));
        below = either(below, gbl_stat_ranks_above(s.now, s.n_now, s.was, s.n_was));
    }
    r->p = side > 0 ? above : below;
    r->p_better = side > 0 ? below : above;
}

/* scratch: n_was + n_now. */
static gbl_judged judged(const gbl_gate *g, const gbl_baseline_entry *e, const char *metric, sides s, double tolerance, double *scratch)
{
    gbl_judged r = {.entry = e, .metric = metric, .tolerance = tolerance, .worse = NAN, .p = NAN, .p_adjusted = NAN, .p_better = NAN, .error = NAN, .visible = NAN};
    r.test = g->paired ? gbl_stat_paired(s.was, s.now, s.n_was, g->confidence) : gbl_stat_welch(s.was, s.n_was, s.now, s.n_now, g->confidence);
    if (any_missing(s.was, s.n_was)) return r; /* nothing to hold it against */
    if (any_missing(s.now, s.n_now)) {         /* it used to have samples, and now has none: nothing is worse */
        r.worse = INFINITY;
        r.p = 0;
        return r;
    }
    test_sides(&r, s, scratch);
    double d = gbl_metric_worse(metric) * r.test.difference.mean;
    r.worse = r.test.a != 0 ? d / fabs(r.test.a) : d > 0 ? INFINITY : d < 0 ? -INFINITY : 0;
    return r;
}

int gbl_gate_add(gbl_gate *g, const gbl_baseline_entry *e, const gbl_outcome *now, size_t n_now, const char *const *metrics, size_t n_metrics,
                 const gbl_tolerance *t, size_t n_t, gbl_err *err)
{
    gbl_measures m = {0};
    double *was = gbl_alloc(2 * e->n + n_now, sizeof *was);
    assert(!g->paired || n_now == e->n);
    int code = was ? gbl_measures_init(&m, now, n_now, err) : gbl_nomem(err, (2 * e->n + n_now) * sizeof *was);
    for (size_t i = 0; i < n_metrics && !code; i++) {
        const double *v = gbl_measures_of(&m, metrics[i]);
        if (!v || !gbl_baseline_values(e, metrics[i], was)) continue;
        g->row[g->n++] = judged(g, e, metrics[i], (sides){was, v, e->n, n_now, g->paired}, tolerance_of(t, n_t, metrics[i]), was + e->n);
    }
    g->scenarios++;
    gbl_measures_fini(&m);
    gbl_free(was);
    return code;
}

/* The change that reaches the first of Holm's bounds with four fifths of probability. */
static double visible(const gbl_judged *r, size_t tests)
{
    const double power = 0.8;
    if (isnan(r->error)) return NAN;
    double bound = GBL_GATE_ALPHA / (double)tests;
    double seen = r->error > 0 ? (gbl_stat_t_quantile(1 - bound, r->dof) + gbl_stat_t_quantile(power, r->dof)) * r->error : 0;
    return fmax(r->tolerance, seen);
}

int gbl_gate_judge(gbl_gate *g, gbl_err *err)
{
    double *p = gbl_alloc(4 * g->n + 1, sizeof *p), *worse = p ? p + 2 * g->n : NULL, *better = p ? p + 3 * g->n : NULL;
    if (!p) return gbl_nomem(err, 4 * g->n * sizeof *p);
    for (size_t i = 0; i < g->n; i++) {
        p[i] = g->row[i].p;
        p[g->n + i] = g->row[i].p_better;
    }
    gbl_stat_holm(p, g->n, worse);
    gbl_stat_holm(p + g->n, g->n, better);
    g->regressed = 0;
    for (size_t i = 0; i < g->n; i++) {
        gbl_judged *r = &g->row[i];
        r->p_adjusted = worse[i];
        r->visible = visible(r, g->n);
        r->regressed = r->worse > r->tolerance && worse[i] < GBL_GATE_ALPHA;
        r->improved = -r->worse > r->tolerance && better[i] < GBL_GATE_ALPHA;
        g->regressed += (size_t)r->regressed;
    }
    gbl_free(p);
    return GBL_OK;
}
