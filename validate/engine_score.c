/* engine_score.c - statistics of both sides of a replay; see engine_score.h. */
#include "validate/engine_score.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "validate/engine_replay.h"

double gbl_engine_error(const gbl_engine_pair *p)
{
    return p->measured > 0 ? 100 * (p->simulated / p->measured - 1) : NAN;
}

int gbl_engine_scores_init(gbl_engine_scores *s, gbl_err *err)
{
    *s = (gbl_engine_scores){.arena = gbl_arena_new()};
    return s->arena ? 0 : gbl_nomem(err, 64);
}

void gbl_engine_scores_fini(gbl_engine_scores *s)
{
    gbl_free(s->row);
    gbl_free(s->skipped);
    if (s->arena) gbl_arena_free(s->arena);
    *s = (gbl_engine_scores){0};
}

static const gbl_engine_pair unknown = {NAN, NAN};

static gbl_engine_score *add(gbl_engine_scores *s, const gbl_engine_spec *spec, const gbl_engine_replay *r, const char *label, gbl_err *err)
{
    gbl_arena *a = s->arena;
    if (gbl_grow(&s->row, &s->room, s->n + 1, sizeof *s->row)) {
        gbl_nomem(err, sizeof *s->row);
        return NULL;
    }
    gbl_engine_score *w = &s->row[s->n];
    const gbl_scenario *c = r->scenario;
    *w = (gbl_engine_score){.kind = spec->kind, .rate_s = NAN, .rho = NAN, .request_tpot = NAN, .request_ttft = NAN,
                            .output_tok_s = unknown, .kv_token_s = unknown, .hit_tokens = unknown, .tp = c->pool[0].tp};
    for (int q = 0; q < GBL_EQ_N; q++)
        for (int k = 0; k < GBL_ES_N; k++) w->q[q][k] = unknown;
    w->log = gbl_arena_text(a, spec->name);
    w->source = gbl_arena_text(a, spec->source);
    w->label = gbl_arena_text(a, label);
    w->hardware = gbl_arena_text(a, c->pool[0].hw.name);
    w->model = gbl_arena_text(a, c->llm.name);
    w->runtime = gbl_arena_text(a, c->runtime.name);
    if (!w->log || !w->source || !w->label || !w->hardware || !w->model || !w->runtime) {
        gbl_nomem(err, 64);
        return NULL;
    }
    s->n++;
    return w;
}

/* ---- samples ---- */

typedef struct sample {
    double *v;
    size_t n, room;
} sample;

static int push(sample *s, double v, gbl_err *err)
{
    if (isnan(v)) return 0;
    if (gbl_grow(&s->v, &s->room, s->n + 1, sizeof *s->v)) return gbl_nomem(err, s->n * sizeof *s->v);
    s->v[s->n++] = v;
    return 0;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const sample *sorted, double p)
{
    if (!sorted->n) return NAN;
    double at = p * (double)(sorted->n - 1);
    size_t i = (size_t)at, j = i + 1 < sorted->n ? i + 1 : i;
    return sorted->v[i] + (at - (double)i) * (sorted->v[j] - sorted->v[i]);
}

static double mean(const sample *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) sum += s->v[i];
    return s->n ? sum / (double)s->n : NAN;
}

static void statistics(sample *s, double unit, double *out)
{
    static const double at[GBL_ES_N] = {[GBL_ES_P50] = .5, [GBL_ES_P90] = .9, [GBL_ES_P99] = .99};
    if (s->n) qsort(s->v, s->n, sizeof *s->v, by_size);
    out[GBL_ES_MEAN] = mean(s) * unit;
    for (int k = GBL_ES_P50; k < GBL_ES_N; k++) out[k] = quantile(s, at[k]) * unit;
}

/* One side of a load point: what was measured, or what was simulated. */
typedef struct side {
    sample ttft, tpot, e2e;
    double gaps_s, gaps, tokens, token_s, first_s, last_s;
} side;

static int side_add(side *d, double arrival_s, double ttft, double tpot, double e2e, int64_t input, int64_t output, gbl_err *err)
{
    double decode = e2e - ttft, more = (double)(output - 1);
    if (push(&d->ttft, ttft, err) || push(&d->tpot, tpot, err) || push(&d->e2e, e2e, err)) return err->code;
    d->gaps_s += decode;
    d->gaps += more;
    d->tokens += (double)output;
    d->token_s += ((double)input + more / 2) * decode;
    d->first_s = fmin(d->first_s, arrival_s);
    d->last_s = isnan(e2e) ? NAN : fmax(d->last_s, arrival_s + e2e);
    return 0;
}

static void side_fini(side *d)
{
    gbl_free(d->ttft.v);
    gbl_free(d->tpot.v);
    gbl_free(d->e2e.v);
}

static void put(gbl_engine_score *w, int simulated, side *d)
{
    sample *const from[GBL_EQ_N] = {[GBL_EQ_TTFT] = &d->ttft, [GBL_EQ_TPOT] = &d->tpot, [GBL_EQ_E2E] = &d->e2e};
    for (int q = 0; q < GBL_EQ_N; q++) {
        double v[GBL_ES_N] = {NAN, NAN, NAN, NAN};
        if (q != GBL_EQ_ITL) statistics(from[q], 1e3, v);
        else v[GBL_ES_MEAN] = d->gaps > 0 ? 1e3 * d->gaps_s / d->gaps : NAN;
        for (int k = 0; k < GBL_ES_N; k++) *(simulated ? &w->q[q][k].simulated : &w->q[q][k].measured) = v[k];
    }
    double rate = d->last_s > d->first_s ? d->tokens / (d->last_s - d->first_s) : NAN;
    *(simulated ? &w->output_tok_s.simulated : &w->output_tok_s.measured) = rate;
    *(simulated ? &w->kv_token_s.simulated : &w->kv_token_s.measured) = d->token_s;
}

/* ---- a part of a replay ---- */

typedef struct part_work {
    side measured, simulated;
    sample off_tpot, off_ttft, early, late;
    double input, output;
    int64_t first_ns, last_ns;
} part_work;

static void part_fini(part_work *p)
{
    side_fini(&p->measured);
    side_fini(&p->simulated);
    gbl_free(p->off_tpot.v);
    gbl_free(p->off_ttft.v);
    gbl_free(p->early.v);
    gbl_free(p->late.v);
}

static int add_request(part_work *p, gbl_engine_score *w, const gbl_engine_row *r, const gbl_engine_life *l, double start_s, gbl_err *err)
{
    w->n++;
    if (isnan(l->e2e_s)) {
        w->lost++;
        return 0;
    }
    double at = (double)r->arrival_ns * 1e-9 - start_s, tpot = r->output > 1 ? (l->e2e_s - l->ttft_s) / (double)(r->output - 1) : NAN;
    p->input += (double)r->input;
    p->output += (double)r->output;
    if (side_add(&p->measured, at, r->ttft_s, r->tpot_s, r->e2e_s, r->input, r->output, err) ||
        side_add(&p->simulated, l->arrival_s, l->ttft_s, tpot, l->e2e_s, r->input, r->output, err))
        return err->code;
    int late = r->arrival_ns - p->first_ns > (p->last_ns - p->first_ns) / 2;
    return push(&p->off_tpot, fabs(tpot / r->tpot_s - 1), err) || push(&p->off_ttft, fabs(l->ttft_s / r->ttft_s - 1), err) ||
                   push(late ? &p->late : &p->early, r->ttft_s, err)
               ? err->code
               : 0;
}

static void part_span(part_work *p, const gbl_engine_row *row, size_t n, int32_t part)
{
    p->measured.first_s = p->simulated.first_s = INFINITY;
    p->first_ns = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        if (row[i].part != part) continue;
        if (row[i].arrival_ns < p->first_ns) p->first_ns = row[i].arrival_ns;
        p->last_ns = row[i].arrival_ns;
    }
}

static double load(double alone, double tpot)
{
    return isnan(tpot) ? NAN : fmax(0, 1 - alone / tpot);
}

static int finish_part(part_work *p, gbl_engine_score *w, const gbl_engine_replay *r, gbl_err *err)
{
    double stats[GBL_ES_N], alone, scored = (double)(w->n - w->lost);
    put(w, 0, &p->measured);
    put(w, 1, &p->simulated);
    statistics(&p->off_tpot, 100, stats);
    w->request_tpot = stats[GBL_ES_P50];
    statistics(&p->off_ttft, 100, stats);
    w->request_ttft = stats[GBL_ES_P50];
    w->saturated = mean(&p->late) > 2 * mean(&p->early);
    if (p->last_ns > p->first_ns) w->rate_s = (double)(w->n - 1) * 1e9 / (double)(p->last_ns - p->first_ns);
    if (scored < 1) return 0;
    if (gbl_engine_alone_s(r, (int64_t)((p->input + p->output / 2) / scored), &alone, err)) return err->code;
    w->rho = load(alone * 1e3, w->q[GBL_EQ_TPOT][GBL_ES_MEAN].measured);
    return 0;
}

static const char *label_of(const gbl_engine_spec *s, const char *run, const char *part)
{
    const char *key = gbl_arena_printf(s->arena, "%s%s%s", run, *run && *part ? "/" : "", part);
    const gbl_node *n = s->labels ? gbl_node_get(s->labels, key) : NULL;
    return n ? gbl_node_text(n) : *key ? key : s->name;
}

static int score_part(gbl_engine_scores *s, const gbl_engine_spec *spec, const gbl_engine_log *log, const gbl_engine_row *row, size_t n,
                      int32_t part, const gbl_engine_replay *r, gbl_err *err)
{
    part_work p = {0};
    int code = 0;
    part_span(&p, row, n, part);
    if (p.first_ns == INT64_MAX) return 0; /* this run has no such part */
    gbl_engine_score *w = add(s, spec, r, label_of(spec, log->run.name[row[0].run], log->part.name[part]), err);
    if (!w) return err->code;
    double start_s = (double)row[0].arrival_ns * 1e-9;
    for (size_t i = 0; i < n && !code; i++)
        if (row[i].part == part) code = add_request(&p, w, &row[i], &r->life[i], start_s, err);
    if (!code) code = finish_part(&p, w, r, err);
    part_fini(&p);
    return code;
}

/* The log's single gaps against the simulation's, of a whole replay. */
static int score_gaps(gbl_engine_score *w, const gbl_engine_log *log, int32_t run, const gbl_engine_replay *r, gbl_err *err)
{
    static const char *const names[GBL_ES_N] = {"itl_ms.mean", "itl_ms.p50", "itl_ms.p90", "itl_ms.p99"};
    sample all = {0};
    double v[GBL_ES_N];
    for (size_t i = 0; i < log->n_gaps; i++)
        if (log->gap[i].run == run && push(&all, log->gap[i].s, err)) {
            gbl_free(all.v);
            return err->code;
        }
    if (all.n) {
        statistics(&all, 1e3, v);
        for (int k = 0; k < GBL_ES_N; k++) w->q[GBL_EQ_ITL][k] = (gbl_engine_pair){v[k], gbl_result_get(r->result, names[k])};
    }
    gbl_free(all.v);
    return 0;
}

static int score_hits(gbl_engine_scores *s, const gbl_engine_spec *spec, const gbl_engine_replay *r, size_t n, gbl_err *err)
{
    gbl_engine_score *w = add(s, spec, r, spec->name, err);
    if (!w) return err->code;
    w->n = (int64_t)n;
    w->hit_tokens = (gbl_engine_pair){(double)spec->hit_tokens, gbl_result_get(r->result, "kv.hit_tokens") * (double)spec->id_tokens / 512};
    return 0;
}

static int score_run(gbl_engine_scores *s, const gbl_engine_spec *spec, const gbl_engine_log *log, const gbl_engine_row *row, size_t n, gbl_err *err)
{
    gbl_engine_replay r;
    size_t before = s->n;
    int code = gbl_engine_replay_rows(&r, spec, row, n, s->stop, err);
    if (code) return code;
    if (r.n != n) code = gbl_fail(err, GBL_EFAULT, "%zu of %zu requests left the simulation", r.n, n);
    else if (spec->kind == GBL_ENGINE_HITS) code = score_hits(s, spec, &r, n, err);
    else
        for (size_t part = 0; part < log->part.n && !code; part++) code = score_part(s, spec, log, row, n, (int32_t)part, &r, err);
    if (!code && log->n_gaps && s->n == before + 1) code = score_gaps(&s->row[before], log, row[0].run, &r, err);
    gbl_engine_replay_fini(&r);
    return code;
}

/* ---- closed loops ---- */

static int score_point(gbl_engine_scores *s, const gbl_engine_spec *spec, const gbl_engine_log *log, const gbl_engine_row *row, gbl_err *err)
{
    gbl_engine_replay r;
    char label[160];
    double alone, context = (spec->low + spec->high) / 2 * ((double)row->input + (double)row->output / 2);
    const char *run = log->run.name[row->run];
    snprintf(label, sizeof label, "%.60s%s%" PRId64 "/%" PRId64 " tp%" PRId64 " c%" PRId64, run, *run ? " " : "", row->input, row->output, row->tp, row->concurrency);
    int code = gbl_engine_replay_point(&r, spec, row, s->stop, err);
    if (code) return code;
    gbl_engine_score *w = add(s, spec, &r, label, err);
    code = w ? gbl_engine_alone_s(&r, (int64_t)context, &alone, err) : err->code;
    if (w && !code) {
        w->n = (int64_t)gbl_result_get(r.result, "requests.injected");
        w->lost = w->n - (int64_t)gbl_result_get(r.result, "requests.completed");
        w->concurrency = row->concurrency;
        w->q[GBL_EQ_TTFT][GBL_ES_MEAN] = (gbl_engine_pair){row->ttft_s * 1e3, gbl_result_get(r.result, "ttft_ms.mean")};
        w->q[GBL_EQ_TPOT][GBL_ES_MEAN] = (gbl_engine_pair){row->tpot_s * 1e3, gbl_result_get(r.result, "tpot_ms.mean")};
        w->q[GBL_EQ_E2E][GBL_ES_MEAN] = (gbl_engine_pair){row->e2e_s * 1e3, gbl_result_get(r.result, "e2el_ms.mean")};
        w->rho = load(alone, row->tpot_s);
    }
    gbl_engine_replay_fini(&r);
    return code;
}

/* ---- logs ---- */

static int score_log(gbl_engine_scores *s, const gbl_engine_spec *spec, const gbl_engine_log *log, gbl_err *err)
{
    int code = 0;
    for (size_t i = 0, n; i < log->n && !code; i += n) {
        n = 1;
        if (spec->kind == GBL_ENGINE_POINTS) {
            code = score_point(s, spec, log, &log->row[i], err);
            continue;
        }
        while (i + n < log->n && log->row[i + n].run == log->row[i].run) n++;
        code = score_run(s, spec, log, &log->row[i], n, err);
    }
    return code;
}

static int skip(gbl_engine_scores *s, const char *line, gbl_err *err)
{
    if (gbl_grow(&s->skipped, &s->skipped_room, s->n_skipped + 1, sizeof *s->skipped)) return gbl_nomem(err, 64);
    if (!line) return gbl_nomem(err, 64);
    s->skipped[s->n_skipped++] = line;
    return 0;
}

static int validate_one(gbl_engine_scores *s, const char *name, const char *data, int shipped, gbl_err *err)
{
    gbl_engine_spec *spec;
    gbl_engine_log log;
    int code = gbl_engine_spec_open(&spec, name, err);
    if (code) return code;
    const char *path = gbl_engine_spec_path(spec, data, spec->file);
    if (shipped && access(path, F_OK) != 0)
        code = skip(s, gbl_arena_printf(s->arena, "%s skipped: there is no %s", spec->name, path), err);
    else if (!(code = gbl_engine_log_read(&log, spec, data, err))) {
        code = score_log(s, spec, &log, err);
        gbl_engine_log_fini(&log);
    }
    gbl_engine_spec_free(spec);
    return code;
}

int gbl_engine_validate(gbl_engine_scores *s, const char *name, const char *data, gbl_err *err)
{
    size_t n;
    size_t length = strlen(name);
    int path = strchr(name, '/') || (length > 5 && !strcmp(name + length - 5, ".json"));
    if (strcmp(name, "all")) return validate_one(s, name, data, !path, err);
    const char **names = gbl_engine_specs(s->arena, &n);
    int code = 0;
    for (size_t i = 0; i < n && !code; i++) code = validate_one(s, names[i], data, 1, err);
    if (code || n) return code;
    gbl_fail(err, GBL_EINPUT, "the descriptions of engine logs cannot be found");
    return gbl_expected(err, "validate/engines in gable's data folder ($GABLE_DATA)");
}

/* ---- the goal ---- */

enum { OPEN = 1, UNSATURATED = 2, POINTS = 4 };
static const struct { const char *what; int quantity, stat, of; double median, worst; } goals[] = {
    {"TPOT mean", GBL_EQ_TPOT, GBL_ES_MEAN, OPEN, 1.5, 5},
    {"E2E mean", GBL_EQ_E2E, GBL_ES_MEAN, OPEN, 1.5, 5},
    {"TTFT p50 below saturation", GBL_EQ_TTFT, GBL_ES_P50, UNSATURATED, 2, 5},
    {"TTFT p99 below saturation", GBL_EQ_TTFT, GBL_ES_P99, UNSATURATED, NAN, 15},
    {"TPOT of closed loops", GBL_EQ_TPOT, GBL_ES_MEAN, POINTS, 2, NAN},
    {"TTFT mean of closed loops", GBL_EQ_TTFT, GBL_ES_MEAN, POINTS, NAN, NAN}};

static int counts(const gbl_engine_score *w, int of)
{
    if (of == POINTS) return w->kind == GBL_ENGINE_POINTS;
    return w->kind == GBL_ENGINE_REQUESTS && !(of == UNSATURATED && w->saturated);
}

static double of_pairs(const gbl_engine_scores *s, size_t g, double *v, size_t *n)
{
    double worst = 0;
    *n = 0;
    for (size_t i = 0; i < s->n; i++) {
        double e = fabs(gbl_engine_error(&s->row[i].q[goals[g].quantity][goals[g].stat]));
        if (!counts(&s->row[i], goals[g].of) || isnan(e)) continue;
        v[(*n)++] = e;
        worst = fmax(worst, e);
    }
    if (*n) qsort(v, *n, sizeof *v, by_size);
    return worst;
}

int gbl_engine_reaches(const gbl_engine_scores *s, gbl_engine_reach *out)
{
    int k = 0;
    double *v = gbl_alloc(s->n ? s->n : 1, sizeof *v);
    if (!v) return 0;
    for (size_t g = 0; g < sizeof goals / sizeof *goals; g++) {
        sample sorted = {.v = v};
        double worst = of_pairs(s, g, v, &sorted.n);
        if (sorted.n)
            out[k++] = (gbl_engine_reach){goals[g].what, (int64_t)sorted.n, quantile(&sorted, .5), worst, goals[g].median, goals[g].worst};
    }
    gbl_free(v);
    return k;
}
