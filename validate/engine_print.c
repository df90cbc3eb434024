/* engine_print.c - the error tables of engine logs for people, programs and the store. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/term.h"
#include "reports/measurements.h"
#include "validate/engine_score.h"

const char *gbl_engine_quantity_name(enum gbl_engine_quantity q)
{
    static const char *const names[GBL_EQ_N] = {"ttft_ms", "tpot_ms", "itl_ms", "e2el_ms"};
    return names[q];
}

const char *gbl_engine_stat_name(enum gbl_engine_stat s)
{
    static const char *const names[GBL_ES_N] = {"mean", "p50", "p90", "p99"};
    return names[s];
}

static char *signed_text(char *out, size_t size, double v)
{
    if (isnan(v)) snprintf(out, size, "-");
    else snprintf(out, size, "%+.1f", fabs(v) < 0.05 ? 0.0 : v);
    return out;
}

static char *plain(char *out, size_t size, const char *fmt, double v)
{
    if (isnan(v)) snprintf(out, size, "-");
    else snprintf(out, size, fmt, v);
    return out;
}

/* mean/p50/p90/p99 */
static void four(gbl_table *t, const gbl_engine_pair *p)
{
    char b[GBL_ES_N][32];
    for (int k = 0; k < GBL_ES_N; k++) signed_text(b[k], sizeof b[k], gbl_engine_error(&p[k]));
    gbl_table_cell(t, "%s/%s/%s/%s", b[0], b[1], b[2], b[3]);
}

static void one(gbl_table *t, const gbl_engine_pair *p)
{
    char b[32];
    gbl_table_cell(t, "%s", signed_text(b, sizeof b, gbl_engine_error(p)));
}

static void open_row(gbl_table *t, const gbl_engine_score *w)
{
    char b[32];
    gbl_table_cell(t, "%s%s", w->label, w->lost ? " (some lost)" : w->saturated ? " (saturated)" : "");
    gbl_table_cell(t, "%s", plain(b, sizeof b, "%.1f", w->rate_s));
    gbl_table_cell(t, "%s", plain(b, sizeof b, "%.2f", w->rho));
    for (int q = 0; q < GBL_EQ_N; q++) {
        if (q == GBL_EQ_ITL && isnan(w->q[q][GBL_ES_P50].measured)) one(t, &w->q[q][GBL_ES_MEAN]);
        else four(t, w->q[q]);
    }
    one(t, &w->output_tok_s);
    one(t, &w->kv_token_s);
    gbl_table_cell(t, "%s", plain(b, sizeof b, "%.1f", w->request_tpot));
    gbl_table_cell(t, "%s", plain(b, sizeof b, "%.1f", w->request_ttft));
}

static void point_row(gbl_table *t, const gbl_engine_score *w)
{
    char b[32];
    gbl_table_cell(t, "%s%s", w->label, w->lost ? " (some lost)" : "");
    gbl_table_cell(t, "%s", plain(b, sizeof b, "%.2f", w->rho));
    for (int q = GBL_EQ_TTFT; q <= GBL_EQ_TPOT; q++) {
        gbl_table_cell(t, "%s", plain(b, sizeof b, "%.2f", w->q[q][GBL_ES_MEAN].measured));
        gbl_table_cell(t, "%s", plain(b, sizeof b, "%.2f", w->q[q][GBL_ES_MEAN].simulated));
        one(t, &w->q[q][GBL_ES_MEAN]);
    }
}

static int has(const gbl_engine_scores *s, enum gbl_engine_kind kind)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->row[i].kind == kind) return 1;
    return 0;
}

static int print_kind(const gbl_engine_scores *s, enum gbl_engine_kind kind, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    const char *log = "";
    if (!t) return -1;
    if (kind == GBL_ENGINE_REQUESTS)
        gbl_table_columns(t, "error %, mean/p50/p90/p99", ">req/s", ">rho", ">TTFT", ">TPOT", ">ITL", ">E2E", ">tok/s", ">KV", ">|TPOT|", ">|TTFT|", (const char *)NULL);
    else
        gbl_table_columns(t, "closed loop, means, ms", ">rho", ">TTFT", ">simulated", ">error %", ">TPOT", ">simulated", ">error %", (const char *)NULL);
    for (size_t i = 0; i < s->n; i++) {
        const gbl_engine_score *w = &s->row[i];
        if (w->kind != kind) continue;
        if (*log && strcmp(log, w->log)) gbl_table_rule(t);
        log = w->log;
        (kind == GBL_ENGINE_REQUESTS ? open_row : point_row)(t, w);
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}

static void print_hits(const gbl_engine_scores *s, FILE *to)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->row[i].kind == GBL_ENGINE_HITS)
            fprintf(to, "%s: %.0f prefix-hit tokens measured, %.0f simulated (%s)\n", s->row[i].label, s->row[i].hit_tokens.measured,
                    s->row[i].hit_tokens.simulated, s->row[i].hit_tokens.measured == s->row[i].hit_tokens.simulated ? "exact" : "not equal");
}

static const char *verdict(const gbl_engine_reach *r)
{
    if (isnan(r->most_median) && isnan(r->most_worst)) return "-";
    return r->median > r->most_median || r->worst > r->most_worst ? "missed" : "met";
}

static int print_reach(const gbl_engine_scores *s, FILE *to)
{
    gbl_engine_reach r[GBL_ENGINE_REACH_MOST];
    char b[32];
    int n = gbl_engine_reaches(s, r);
    gbl_table *t = n ? gbl_table_new(NULL) : NULL;
    if (!t) return n ? -1 : 0;
    gbl_table_columns(t, "absolute error %", ">points", ">median", ">goal", ">worst", ">goal", "", (const char *)NULL);
    for (int i = 0; i < n; i++) {
        gbl_table_cell(t, "%s", r[i].what);
        gbl_table_cell(t, "%lld", (long long)r[i].n);
        gbl_table_cell(t, "%.2f", r[i].median);
        gbl_table_cell(t, "%s", plain(b, sizeof b, "%g", r[i].most_median));
        gbl_table_cell(t, "%.2f", r[i].worst);
        gbl_table_cell(t, "%s", plain(b, sizeof b, "%g", r[i].most_worst));
        gbl_table_cell(t, "%s", verdict(&r[i]));
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}

int gbl_engine_print(const gbl_engine_scores *s, FILE *to)
{
    for (size_t i = 0; i < s->n_skipped; i++) fprintf(to, "%s\n", s->skipped[i]);
    if (has(s, GBL_ENGINE_REQUESTS) && print_kind(s, GBL_ENGINE_REQUESTS, to)) return -1;
    if (has(s, GBL_ENGINE_POINTS) && (fputc('\n', to), print_kind(s, GBL_ENGINE_POINTS, to))) return -1;
    if (s->n) fputc('\n', to);
    print_hits(s, to);
    return print_reach(s, to);
}

/* ---- JSON ---- */

static void pair_json(gbl_json *j, const char *key, const gbl_engine_pair *p)
{
    if (isnan(p->measured) && isnan(p->simulated)) return;
    gbl_json_obj(j, key);
    gbl_json_num(j, "measured", p->measured);
    gbl_json_num(j, "simulated", p->simulated);
    gbl_json_num(j, "error_percent", gbl_engine_error(p));
    gbl_json_end(j);
}

static void score_json(gbl_json *j, const gbl_engine_score *w)
{
    static const char *const kinds[] = {"requests", "points", "hits"};
    gbl_json_obj(j, (const char *)NULL);
    gbl_json_str(j, "log", w->log);
    gbl_json_str(j, "kind", kinds[w->kind]);
    gbl_json_str(j, "label", w->label);
    gbl_json_str(j, "hardware", w->hardware);
    gbl_json_str(j, "model", w->model);
    gbl_json_str(j, "runtime", w->runtime);
    gbl_json_int(j, "tp", w->tp);
    gbl_json_int(j, "requests", w->n);
    gbl_json_int(j, "lost", w->lost);
    if (w->concurrency) gbl_json_int(j, "concurrency", w->concurrency);
    gbl_json_num(j, "rate_s", w->rate_s);
    gbl_json_num(j, "rho", w->rho);
    gbl_json_bool(j, "saturated", w->saturated);
    for (int q = 0; q < GBL_EQ_N; q++) {
        gbl_json_obj(j, gbl_engine_quantity_name((enum gbl_engine_quantity)q));
        for (int k = 0; k < GBL_ES_N; k++) pair_json(j, gbl_engine_stat_name((enum gbl_engine_stat)k), &w->q[q][k]);
        gbl_json_end(j);
    }
    pair_json(j, "output_tok_s", &w->output_tok_s);
    pair_json(j, "kv_token_seconds", &w->kv_token_s);
    pair_json(j, "hit_tokens", &w->hit_tokens);
    gbl_json_num(j, "request_tpot_error_percent", w->request_tpot);
    gbl_json_num(j, "request_ttft_error_percent", w->request_ttft);
    gbl_json_end(j);
}

void gbl_engine_json(const gbl_engine_scores *s, gbl_json *j)
{
    gbl_engine_reach r[GBL_ENGINE_REACH_MOST];
    int n = gbl_engine_reaches(s, r);
    gbl_json_arr(j, "skipped");
    for (size_t i = 0; i < s->n_skipped; i++) gbl_json_str(j, NULL, s->skipped[i]);
    gbl_json_end(j);
    gbl_json_arr(j, "points");
    for (size_t i = 0; i < s->n; i++) score_json(j, &s->row[i]);
    gbl_json_end(j);
    gbl_json_arr(j, "reach");
    for (int i = 0; i < n; i++) {
        gbl_json_obj(j, (const char *)NULL);
        gbl_json_str(j, "what", r[i].what);
        gbl_json_int(j, "points", r[i].n);
        gbl_json_num(j, "median_percent", r[i].median);
        gbl_json_num(j, "median_goal_percent", r[i].most_median);
        gbl_json_num(j, "worst_percent", r[i].worst);
        gbl_json_num(j, "worst_goal_percent", r[i].most_worst);
        gbl_json_str(j, "verdict", verdict(&r[i]));
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

/* ---- the store ---- */

typedef struct keeper {
    gbl_measurements *to;
    const gbl_engine_score *w;
    int64_t n;
    gbl_err *err;
} keeper;

static int keep_pair(keeper *k, const char *quantity, const char *stat, const gbl_engine_pair *p)
{
    const gbl_engine_score *w = k->w;
    char operation[256];
    if (isnan(p->measured)) return 0;
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(k->err, 64);
    gbl_json_obj(j, (const char *)NULL);
    gbl_json_str(j, "point", w->label);
    gbl_json_str(j, "model", w->model);
    gbl_json_str(j, "runtime", w->runtime);
    gbl_json_int(j, "tp", w->tp);
    gbl_json_num(j, "rate_s", w->rate_s);
    if (w->concurrency) gbl_json_int(j, "concurrency", w->concurrency);
    gbl_json_num(j, "rho", w->rho);
    if (stat) gbl_json_str(j, "stat", stat);
    gbl_json_end(j);
    snprintf(operation, sizeof operation, "engine %s", w->log);
    const char *shape = gbl_json_text(j);
    gbl_measurement row = {w->hardware, operation, shape, quantity, w->source, p->measured, p->simulated};
    int code = shape ? gbl_measurements_add(k->to, &row, k->err) : gbl_nomem(k->err, 64);
    gbl_json_free(j);
    k->n++;
    return code;
}

static int keep_score(keeper *k)
{
    const gbl_engine_score *w = k->w;
    for (int q = 0; q < GBL_EQ_N; q++)
        for (int i = 0; i < GBL_ES_N; i++)
            if (keep_pair(k, gbl_engine_quantity_name((enum gbl_engine_quantity)q), gbl_engine_stat_name((enum gbl_engine_stat)i), &w->q[q][i])) return k->err->code;
    return keep_pair(k, "output_tok_s", NULL, &w->output_tok_s) || keep_pair(k, "kv_token_seconds", NULL, &w->kv_token_s) ||
                   keep_pair(k, "hit_tokens", NULL, &w->hit_tokens)
               ? k->err->code
               : 0;
}

int gbl_engine_keep(const gbl_engine_scores *s, const char *db, int64_t *n, gbl_err *err)
{
    keeper k = {.err = err};
    *n = 0;
    int code = gbl_measurements_open(&k.to, db, err);
    if (code) return code;
    for (size_t i = 0; i < s->n && !code; i++) {
        k.w = &s->row[i];
        code = keep_score(&k);
    }
    code = gbl_measurements_close(k.to, !code, code ? NULL : err) || code ? err->code : 0;
    if (!code) *n = k.n;
    return code;
}
