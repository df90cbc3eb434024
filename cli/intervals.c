/* intervals.c - see intervals.h. */
#include "cli/intervals.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "models/calib.h"
#include "models/interval.h"

static const char *const latency[] = {"ttft_ms", "tpot_ms", "itl_ms", "e2el_ms"};
static const char *const stat[] = {"mean", "p50", "p90", "p99"};
static const char *const rate[] = {"throughput.request_s", "throughput.output_tok_s", "goodput.request_s", "goodput.slo_attainment", "duration_s"};
enum { LATENCIES = 4, STATS = 4, RATES = 5, METRICS = LATENCIES * STATS + RATES };

struct gbl_intervals {
    int64_t n;
    char name[METRICS][32];
    gbl_interval of[METRICS];
};

static void name_metrics(gbl_intervals *v)
{
    for (int i = 0; i < LATENCIES; i++)
        for (int k = 0; k < STATS; k++) snprintf(v->name[i * STATS + k], sizeof v->name[0], "%s.%s", latency[i], stat[k]);
    for (int i = 0; i < RATES; i++) snprintf(v->name[LATENCIES * STATS + i], sizeof v->name[0], "%s", rate[i]);
}

/* Machines of one kind share their luck: a draw is keyed by the run, not by the pool. */
static void draw(const gbl_scenario *s, const gbl_calib *const *base, gbl_calib *moved, int64_t k)
{
    for (size_t i = 0; i < s->n_pools; i++) {
        const gbl_hw *hw = &s->pool[i].hw;
        gbl_calib_sample(base[i], hw->eff_se, hw->spread, (uint64_t)s->seed, (uint64_t)k, &moved[i]);
    }
}

static int run_once(const gbl_scenario *s, const gbl_run_options *opt, const gbl_intervals *v, int64_t k, double *value, gbl_err *err)
{
    gbl_result *r = NULL;
    int code = gbl_run(&r, s, opt, err);
    for (int m = 0; !code && m < METRICS; m++) value[m * v->n + k] = gbl_result_get(r, v->name[m]);
    if (r) gbl_result_free(r);
    return code;
}

/* A metric that some run does not have has no interval. */
static gbl_interval summarise(double *value, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (isnan(value[i])) return (gbl_interval){NAN, NAN};
    return gbl_interval_of(value, (size_t)n);
}

static int sample(gbl_intervals *v, gbl_scenario *s, const gbl_run_options *opt, const gbl_calib **base, gbl_calib *moved, double *value, gbl_err *err)
{
    int code = 0;
    for (size_t i = 0; i < s->n_pools; i++) {
        base[i] = s->pool[i].hw.eff;
        s->pool[i].hw.eff = &moved[i];
    }
    for (int64_t k = 0; !code && k < v->n; k++) {
        draw(s, base, moved, k);
        code = run_once(s, opt, v, k, value, err);
    }
    for (size_t i = 0; i < s->n_pools; i++) s->pool[i].hw.eff = base[i];
    for (int m = 0; !code && m < METRICS; m++) v->of[m] = summarise(value + m * v->n, v->n);
    return code;
}

int gbl_intervals_new(gbl_intervals **out, gbl_scenario *s, int64_t n, const gbl_run_options *opt, gbl_err *err)
{
    gbl_intervals *v = gbl_alloc(1, sizeof *v);
    const gbl_calib **base = gbl_alloc(s->n_pools, sizeof *base);
    gbl_calib *moved = gbl_alloc(s->n_pools, sizeof *moved);
    double *value = gbl_alloc((size_t)n * METRICS, sizeof *value);
    gbl_run_options quiet = *opt;
    quiet.on_request = NULL;
    quiet.on_sample = NULL;
    int code = v && base && moved && value ? 0 : gbl_nomem(err, (size_t)n * METRICS * sizeof *value);
    if (!code) {
        v->n = n;
        name_metrics(v);
        code = sample(v, s, &quiet, base, moved, value, err);
    }
    gbl_free(value);
    gbl_free(moved);
    gbl_free(base);
    if (code) gbl_intervals_free(v);
    *out = code ? NULL : v;
    return code;
}

void gbl_intervals_free(gbl_intervals *v)
{
    gbl_free(v);
}

static void one_json(const char *key, const gbl_interval *i, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_num(j, "low", i->low);
    gbl_json_num(j, "high", i->high);
    gbl_json_end(j);
}

void gbl_intervals_json(const gbl_intervals *v, gbl_json *j)
{
    gbl_json_obj(j, "intervals");
    gbl_json_num(j, "level", gbl_interval_level);
    gbl_json_int(j, "samples", v->n);
    for (int i = 0; i < LATENCIES; i++) {
        gbl_json_obj(j, latency[i]);
        for (int k = 0; k < STATS; k++) one_json(stat[k], &v->of[i * STATS + k], j);
        gbl_json_end(j);
    }
    for (int i = 0; i < RATES; i++) one_json(rate[i], &v->of[LATENCIES * STATS + i], j);
    gbl_json_end(j);
}

int gbl_intervals_print(const gbl_intervals *v, const gbl_result *r, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return -1;
    fprintf(to, "\n95 %% intervals of the calibration (%lld draws; host and front-end times are not drawn)\n", (long long)v->n);
    gbl_table_columns(t, "metric", ">value", ">low", ">high", (const char *)NULL);
    for (int m = 0; m < METRICS; m++) {
        if (isnan(v->of[m].low)) continue;
        gbl_table_cell(t, "%s", v->name[m]);
        gbl_table_cell(t, "%.6g", gbl_result_get(r, v->name[m]));
        gbl_table_cell(t, "%.6g", v->of[m].low);
        gbl_table_cell(t, "%.6g", v->of[m].high);
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}
