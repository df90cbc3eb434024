/* measures.c - replications side by side, their intervals, and how they are told (declared in replicate.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "reports/replicate.h"

/* ---------------------------------------------------------------- the numbers ---- */

typedef struct filling {
    gbl_measures *m;
    size_t run, at;
    int failed;
} filling;

static int fill(void *to, const char *name, const char *stat, double v)
{
    filling *f = to;
    gbl_measures *m = f->m;
    if (strcmp(name, "sim") == 0) return 0;
    if (f->run == 0) {
        if (f->at >= m->room) {
            size_t room = m->room ? 2 * m->room : 128;
            void *names = gbl_resize(m->name, room, sizeof *m->name);
            if (names) m->name = names;
            void *values = names ? gbl_resize(m->value, room, m->runs * sizeof *m->value) : NULL;
            if (!values) return f->failed = 1;
            m->value = values;
            m->room = room;
        }
        snprintf(m->name[f->at], sizeof *m->name, "%s%s%s", name, strcmp(stat, "value") ? "." : "", strcmp(stat, "value") ? stat : "");
        m->n = f->at + 1;
    }
    double first = f->run ? m->value[f->at * m->runs] : v;
    if (!(first == v || (isnan(first) && isnan(v)))) m->same = 0;
    m->value[f->at++ * m->runs + f->run] = v;
    return 0;
}

int gbl_measures_init(gbl_measures *m, const gbl_outcome *o, size_t runs, gbl_err *err)
{
    *m = (gbl_measures){.runs = runs, .same = 1};
    filling f = {.m = m};
    for (f.run = 0; f.run < runs && !f.failed; f.run++) {
        f.at = 0;
        gbl_result_each(o[f.run].result, fill, &f);
    }
    if (!f.failed) return GBL_OK;
    gbl_measures_fini(m);
    return gbl_nomem(err, 2 * m->room * runs * sizeof *m->value);
}

void gbl_measures_fini(gbl_measures *m)
{
    gbl_free(m->name);
    gbl_free(m->value);
    m->name = NULL;
    m->value = NULL;
}

const double *gbl_measures_of(const gbl_measures *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->name[i], name) == 0) return m->value + i * m->runs;
    return NULL;
}

/* Percentiles and maxima are skewed; shares end at 0 and 1, where a resample's mean stays and Student's interval does not. */
static int wants_bootstrap(const char *name)
{
    static const char *const shares[] = {"goodput.slo_attainment", "kv.hit_ratio", "util.", "mfu", "mbu"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (strncmp(name, shares[i], strlen(shares[i])) == 0) return 1;
    return dot && ((dot[1] == 'p' && dot[2] >= '0' && dot[2] <= '9') || strcmp(dot, ".max") == 0);
}

/* The mean of a latency in one run: requests follow each other, so it is a series. The interval is laid around the run's own
 * mean (a few requests may fall out of the batches). */
static gbl_interval within_run(const char *name, double mean, const gbl_outcome *o, double confidence)
{
    gbl_interval none = {.mean = mean, .low = NAN, .high = NAN, .half_width = NAN, .n = 1};
    const char *dot = strrchr(name, '.');
    for (int k = 0; k < GBL_LATENCIES && dot && strcmp(dot, ".mean") == 0; k++) {
        if (strncmp(name, gbl_latency_name[k], (size_t)(dot - name)) != 0 || !o->requests.n) continue;
        double *known = gbl_alloc(o->requests.n, sizeof *known);
        size_t n = 0;
        for (size_t i = 0; known && i < o->requests.n; i++)
            if (!isnan(o->requests.ms[k][i])) known[n++] = o->requests.ms[k][i];
        gbl_interval i = known ? gbl_stat_series(known, n, confidence) : none;
        gbl_free(known);
        none.n = i.n;
        none.low = i.low + (mean - i.mean);
        none.high = i.high + (mean - i.mean);
        none.half_width = i.half_width;
    }
    return none;
}

gbl_interval gbl_measure_interval(const gbl_measures *m, size_t metric, const gbl_outcome *o, double confidence)
{
    const double *v = m->value + metric * m->runs;
    for (size_t i = 0; i < m->runs; i++)
        if (isnan(v[i])) return (gbl_interval){.mean = NAN, .low = NAN, .high = NAN, .half_width = NAN};
    if (m->runs == 1 || m->same) return within_run(m->name[metric], v[0], o, confidence);
    if (wants_bootstrap(m->name[metric])) return gbl_stat_bootstrap(v, m->runs, confidence, metric);
    return gbl_stat_student(v, m->runs, confidence);
}

gbl_growth gbl_outcomes_growth(const gbl_outcome *o, size_t n)
{
    enum { ROW = GBL_GROWTH_CELLS + 1 };
    double *level = gbl_alloc(n, ROW * sizeof *level), arrivals = 0;
    int told = level != NULL;
    for (size_t i = 0; i < n && told; i++) {
        memcpy(level + i * ROW, o[i].level, sizeof o[i].level);
        arrivals += o[i].arrivals;
        told = o[i].arrivals > 0;
    }
    gbl_growth g = gbl_stat_growth(level, told ? n : 0, GBL_GROWTH_CELLS, arrivals);
    gbl_free(level);
    return g;
}

/* ---------------------------------------------------------------- warm-up ---- */

int gbl_warmup_find(const gbl_outcome *o, size_t n, double *cut_s, int *settled, gbl_err *err)
{
    size_t most = 0, kept = 0;
    for (size_t i = 0; i < n; i++) most = o[i].requests.n > most ? o[i].requests.n : most;
    double *series = gbl_alloc(most + 1, sizeof *series), *arrival = gbl_alloc(most + 1, sizeof *arrival);
    *cut_s = 0;
    *settled = 0;
    for (size_t k = 0; series && arrival && k < most; k++) {
        double sum = 0, at = 0, count = 0;
        for (size_t i = 0; i < n; i++) {
            if (k >= o[i].requests.n || isnan(o[i].requests.ms[GBL_BY_E2EL][k])) continue;
            sum += o[i].requests.ms[GBL_BY_E2EL][k];
            at += o[i].requests.arrival_s[k];
            count++;
        }
        if (count == 0) continue;
        series[kept] = sum / count;
        arrival[kept++] = at / count;
    }
    int code = series && arrival ? GBL_OK : gbl_nomem(err, most * sizeof *series);
    if (!code && kept) {
        size_t cut = gbl_stat_mser5(series, kept, settled);
        *cut_s = cut ? arrival[cut] - arrival[0] : 0;
    }
    gbl_free(series);
    gbl_free(arrival);
    return code;
}

/* ---------------------------------------------------------------- telling it ---- */

/* One way to write a number in a table. */
static void number(char *out, size_t size, double v)
{
    if (isnan(v)) snprintf(out, size, "-");
    else if (v == 0) snprintf(out, size, "0");
    else if (fabs(v) >= 1e6) gbl_human_si(out, size, v, "");
    else snprintf(out, size, "%.*f", fabs(v) >= 1000 ? 0 : fabs(v) >= 100 ? 1 : fabs(v) >= 1 ? 2 : 4, v);
}

/* What people look at; the JSON object has every metric. */
static const char *const printed[] = {"ttft_ms.mean", "ttft_ms.p50", "ttft_ms.p99", "tpot_ms.mean", "tpot_ms.p99", "itl_ms.mean", "itl_ms.p99",
                                      "e2el_ms.mean", "e2el_ms.p99", "queue_ms.mean", "queue_ms.p99", "throughput.request_s", "throughput.output_tok_s",
                                      "goodput.request_s", "goodput.slo_attainment", "kv.hit_ratio", "kv.preemptions", "util.sm", "util.hbm", "mfu", "mbu",
                                      "energy.joule_per_output_tok", "cost.usd_per_mtok_output"};

static void print_table(const gbl_measures *m, const gbl_replication_report *r, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return;
    char low[32];
    snprintf(low, sizeof low, ">%g %% from", 100 * r->confidence);
    gbl_table_columns(t, "metric", ">mean", low, ">to", ">+- %", NULL);
    for (size_t k = 0; k < sizeof printed / sizeof *printed; k++) {
        const double *row = gbl_measures_of(m, printed[k]);
        if (!row) continue;
        gbl_interval i = gbl_measure_interval(m, (size_t)(row - m->value) / m->runs, r->outcome, r->confidence);
        const double shown[] = {i.mean, i.low, i.high};
        char text[40];
        gbl_table_cell(t, "%s", printed[k]);
        for (int c = 0; c < 3; c++) {
            number(text, sizeof text, shown[c]);
            gbl_table_cell(t, "%s", text);
        }
        if (isnan(i.half_width) || i.mean == 0) gbl_table_cell(t, "-");
        else gbl_table_cell(t, "%.2f", 100 * i.half_width / fabs(i.mean));
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
}

/* One run is a single draw, and its requests know less than their number says. */
static void print_too_short(const gbl_measures *m, const gbl_replication_report *r, FILE *to)
{
    const double *row = m->runs == 1 || m->same ? gbl_measures_of(m, "e2el_ms.mean") : NULL;
    if (!row) return;
    gbl_interval i = gbl_measure_interval(m, (size_t)(row - m->value) / m->runs, r->outcome, r->confidence);
    if (i.n < GBL_EFFECTIVE_LEAST)
        fprintf(to, "too short   its requests are worth %zu independent ones, an interval takes %d: a longer run%s\n", i.n, GBL_EFFECTIVE_LEAST, m->same && r->n > 1 ? "" : ", or more replications");
}

int gbl_replications_print(const gbl_replication_report *r, FILE *to, gbl_err *err)
{
    gbl_measures m;
    int code = gbl_measures_init(&m, r->outcome, r->n, err);
    if (code) return code;
    gbl_growth g = gbl_outcomes_growth(r->outcome, r->n);
    fprintf(to, "%zu replication%s, seed%s %lld", r->n, r->n > 1 ? "s" : "", r->n > 1 ? "s" : "", (long long)r->job[0].seed);
    if (r->n > 1) fprintf(to, " to %lld", (long long)r->job[r->n - 1].seed);
    fprintf(to, "\n");
    if (!isnan(r->warmup_s)) fprintf(to, "warm-up     the first %.3f s are left out (MSER-5%s)\n", r->warmup_s, r->settled ? "" : "; the runs are too short to tell");
    if (g.growing == 1)
        fprintf(to, "unstable    the queue still grows: %.1f %% of the later arrivals stay unserved (p %.1g); the numbers below hang on the length of the run\n", 100 * g.share, g.p);
    else if (g.growing == 0) fprintf(to, "stable      the queue does not grow in the second half of the arrivals\n");
    else fprintf(to, "stable?     too few requests to tell whether the queue grows\n");
    if (m.same && r->n > 1) fprintf(to, "same        the seed changes nothing here: intervals are those of the requests of one run, in batches\n");
    print_too_short(&m, r, to);
    fprintf(to, "\n");
    print_table(&m, r, to);
    gbl_measures_fini(&m);
    return GBL_OK;
}

static void metrics_json(const gbl_measures *m, const gbl_replication_report *r, gbl_json *j)
{
    gbl_json_obj(j, "metrics");
    for (size_t k = 0; k < m->n; k++) {
        gbl_interval i = gbl_measure_interval(m, k, r->outcome, r->confidence);
        gbl_json_obj(j, m->name[k]);
        gbl_json_num(j, "mean", i.mean);
        gbl_json_num(j, "low", i.low);
        gbl_json_num(j, "high", i.high);
        gbl_json_num(j, "half_width", i.half_width);
        gbl_json_num(j, "relative", i.mean != 0 ? i.half_width / fabs(i.mean) : NAN);
        if ((m->runs == 1 || m->same) && i.n > 1) gbl_json_int(j, "effective_samples", (int64_t)i.n);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

int gbl_replications_json(const gbl_replication_report *r, gbl_json *j, gbl_err *err)
{
    gbl_measures m;
    int code = gbl_measures_init(&m, r->outcome, r->n, err);
    if (code) return code;
    gbl_growth g = gbl_outcomes_growth(r->outcome, r->n);
    gbl_json_obj(j, "replications");
    gbl_json_int(j, "n", (int64_t)r->n);
    gbl_json_arr(j, "seeds");
    for (size_t i = 0; i < r->n; i++) gbl_json_int(j, NULL, r->job[i].seed);
    gbl_json_end(j);
    gbl_json_num(j, "confidence", r->confidence);
    if (g.growing < 0) gbl_json_null(j, "stable");
    else gbl_json_bool(j, "stable", !g.growing);
    gbl_json_obj(j, "growth");
    gbl_json_num(j, "p", g.p);
    gbl_json_num(j, "unserved", g.share);
    gbl_json_num(j, "climb", g.climb);
    gbl_json_end(j);
    gbl_json_bool(j, "seed_matters", !m.same);
    if (!isnan(r->warmup_s)) {
        gbl_json_num(j, "warmup_s", r->warmup_s);
        gbl_json_bool(j, "warmup_settled", r->settled);
    }
    metrics_json(&m, r, j);
    gbl_json_end(j);
    gbl_measures_fini(&m);
    return GBL_OK;
}
