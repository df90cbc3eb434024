/* A run's numbers as one list of (group, stat, value) rows in the contract's order: JSON, the store and look-ups by name
 * all read the list, so no number is formatted twice. */
#include "sim/result.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/result_tier.h"

typedef struct row {
    const char *group, *stat; /* group "": a member of the top object */
    double value;
    int is_int;
} row;

enum { ROWS = 200 };
struct gbl_result {
    row r[ROWS];
    int n;
    char *scenario_json, *quality_json, *version, *runtime, *calibration, *name, *model, *hardware, *slo;
    int exact_quantiles, itl_per_request;
    int64_t seed, replicas, gpus;
    char *classes; /* goodput by SLO class, as JSON; NULL without a list */
    gbl_tier_result tier[GBL_TIERS + 1];
    int32_t n_tiers;
};

static const char *const series_name[GBL_SERIES_N] = {"ttft_ms", "tpot_ms", "itl_ms", "e2el_ms", "queue_ms"};
static const char *const resource_name[GBL_R_N] = {"sm", "hbm", "pcie_h2d", "pcie_d2h", "nvlink", "dram", "ssd", "network", "host"};

static void put(gbl_result *r, const char *group, const char *stat, double v) {
    assert(r->n < ROWS);
    r->r[r->n++] = (row){group, stat, isfinite(v) ? v : NAN, 0};
}
static void put_int(gbl_result *r, const char *group, const char *stat, int64_t v) {
    assert(r->n < ROWS);
    r->r[r->n++] = (row){group, stat, (double)v, 1};
}
static double ratio(double a, double b) { return b > 0 ? a / b : NAN; }

static void put_series(gbl_result *r, const char *group, gbl_quantile *q) {
    static const struct { const char *name; double p; } at[] = {{"p50", .5}, {"p90", .9}, {"p95", .95}, {"p99", .99}, {"p999", .999}};
    put(r, group, "mean", gbl_quantile_mean(q) / 1e6);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) put(r, group, at[i].name, gbl_quantile_at(q, at[i].p) / 1e6);
    put(r, group, "max", gbl_quantile_max(q) / 1e6);
    put_int(r, group, "n", gbl_quantile_n(q));
}

typedef struct totals {
    double busy_ns[GBL_R_N], flops, bytes, token_s, mean_blocks;
    int64_t belady, belady_keeping; /* blocks hit */
    double peak_flops, peak_hbm, idle_w, busy_joule, usd_h, gpus; /* of the whole cluster; replicas that come and go by the share of the time they are held */
    double machines;
    int64_t peak_blocks, evicted, capacity;
} totals;

static totals add_up(const gbl_engine *e, double span_ns) {
    totals t = {0};
    for (int32_t i = 0; i < e->n_replicas; i++) {
        const gbl_replica *r = &e->replica[i];
        for (int k = 0; k < GBL_R_N; k++) t.busy_ns[k] += r->load.busy_ns[k];
        t.flops += r->load.flops;
        t.bytes += r->load.bytes;
        double held = e->scaler.state && span_ns > 0 ? fmin(1, (double)r->held_ns / span_ns) : 1, gpus = gbl_cost_gpus(r->price) * held;
        t.machines += held;
        t.gpus += gpus;
        t.peak_flops += gbl_cost_peak_flops(r->price) * held;
        t.peak_hbm += gbl_cost_peak_hbm(r->price) * held;
        t.idle_w += r->kind->hw.idle_w * gpus;
        t.busy_joule += (r->kind->hw.tdp_w - r->kind->hw.idle_w) * gbl_cost_gpus(r->price) * r->load.power_ns * 1e-9;
        t.usd_h += r->kind->hw.usd_h > 0 ? r->kind->hw.usd_h * gpus : NAN;
        t.capacity += r->capacity / r->unit;
        t.token_s += (double)r->load.token_ns * 1e-9;
        t.mean_blocks += (double)r->load.used_block_ns / (double)r->unit;
        t.peak_blocks += (r->peak_used + r->unit - 1) / r->unit;
        t.evicted += r->pool.evicted;
    }
    return t;
}

static int add_belady(const gbl_engine *e, totals *t, gbl_err *err) {
    int code = 0;
    for (int32_t i = 0; i < e->n_replicas && e->s->belady && !code; i++) {
        int64_t bypass, keeping;
        code = gbl_order_belady(e->replica[i].order, gbl_tiers_with_hbm(&e->replica[i].pool), &bypass, &keeping, err);
        t->belady += bypass;
        t->belady_keeping += keeping;
    }
    return code;
}

static void put_requests(gbl_result *r, const gbl_metrics *m, int impatient, double duration_s) {
    put_int(r, "requests", "injected", m->injected);
    put_int(r, "requests", "completed", m->completed);
    put_int(r, "requests", "rejected", m->rejected);
    put_int(r, "requests", "unfinished", m->unfinished);
    if (impatient) {
        put_int(r, "requests", "cancelled", m->cancelled);
        put_int(r, "requests", "timed_out", m->timed_out);
        put_int(r, "requests", "retried", m->retried);
    }
    put(r, "", "duration_s", duration_s);
}

static void put_throughput(gbl_result *r, const gbl_metrics *m, double measured_s, double gpus) {
    put(r, "throughput", "request_s", ratio((double)m->measured_completed, measured_s));
    put(r, "throughput", "input_tok_s", ratio((double)m->input_tokens, measured_s));
    put(r, "throughput", "output_tok_s", ratio((double)m->output_tokens, measured_s));
    put(r, "throughput", "total_tok_s", ratio((double)(m->input_tokens + m->output_tokens), measured_s));
    put(r, "throughput", "output_tok_s_per_gpu", ratio((double)m->output_tokens, measured_s * gpus));
}

static void put_goodput(gbl_result *r, const gbl_metrics *m, double measured_s) {
    put(r, "goodput", "request_s", ratio((double)m->good, measured_s));
    put(r, "goodput", "token_s", ratio((double)m->good_tokens, measured_s));
    put(r, "goodput", "slo_attainment", ratio((double)m->good, (double)m->measured));
    put(r, "goodput", "slo_attainment_completed", ratio((double)m->good, (double)m->measured_completed));
}

/* What first admissions found, by turn and session, and what became of those who found something and of the others. */
static void put_hits(gbl_result *r, const gbl_engine *e, const totals *t) {
    static const char *const turn[][6] = {
        {"hits.first_turn.requests", "hits.first_turn.requests_any_hit", "hits.first_turn.hit_blocks", "hits.first_turn.total_blocks", "hits.first_turn.hit_tokens", "hits.first_turn.total_tokens"},
        {"hits.later_turns.requests", "hits.later_turns.requests_any_hit", "hits.later_turns.hit_blocks", "hits.later_turns.total_blocks", "hits.later_turns.hit_tokens", "hits.later_turns.total_tokens"}};
    static const char *const served[][3] = {{"hits.without_hit.requests", "hits.without_hit.ttft_ms", "hits.without_hit.slo_attainment"}, {"hits.with_hit.requests", "hits.with_hit.ttft_ms", "hits.with_hit.slo_attainment"}};
    const gbl_metrics *m = &e->m;
    put_int(r, "kv", "hits.requests", m->turn[0].requests + m->turn[1].requests);
    put_int(r, "kv", "hits.requests_any_hit", m->turn[0].any + m->turn[1].any);
    put_int(r, "kv", "hits.hit_blocks", m->turn[0].hit_blocks + m->turn[1].hit_blocks);
    put_int(r, "kv", "hits.total_blocks", m->turn[0].blocks + m->turn[1].blocks);
    put_int(r, "kv", "hits.sessions", gbl_map_size(m->sessions));
    put_int(r, "kv", "hits.sessions_any_hit", m->sessions_any_hit);
    put_int(r, "kv", "hits.copied_tokens", m->copied_tokens);
    put_int(r, "kv", "hits.recomputed_tokens", m->recomputed_tokens);
    put(r, "kv", "hits.saved_prefill_s", m->saved_prefill_s);
    for (int k = 0; k < 2; k++) {
        const gbl_found *f = &m->turn[k];
        const int64_t v[] = {f->requests, f->any, f->hit_blocks, f->blocks, f->hit_tokens, f->tokens};
        for (int i = 0; i < 6; i++) put_int(r, "kv", turn[k][i], v[i]);
    }
    for (int k = 1; k >= 0; k--) {
        const gbl_served *g = &m->served[k];
        put_int(r, "kv", served[k][0], g->n);
        put(r, "kv", served[k][1], ratio((double)g->ttft_ns * 1e-6, (double)g->n));
        put(r, "kv", served[k][2], ratio((double)g->good, (double)g->n));
    }
    if (!e->s->belady) return;
    put_int(r, "kv", "belady_on_this_order.hit_blocks", t->belady);
    put_int(r, "kv", "belady_on_this_order.hit_blocks_without_bypass", t->belady_keeping);
    put(r, "kv", "belady_on_this_order.reached", ratio((double)(m->turn[0].hit_blocks + m->turn[1].hit_blocks), (double)t->belady));
}

static void put_kv(gbl_result *r, const gbl_engine *e, const totals *t, double span_ns) {
    const gbl_metrics *m = &e->m;
    gbl_pieces_load below = {0, 0, 0};
    put_int(r, "kv", "capacity_blocks", t->capacity);
    double token = gbl_cost_kv_bytes_per_token(e->cost[0]); /* 0: states alone, which do not bound tokens */
    put(r, "kv", "capacity_tokens", token > 0 ? (double)(t->capacity * e->block_size) : NAN);
    put_int(r, "kv", "peak_blocks", t->peak_blocks);
    put(r, "kv", "mean_blocks", ratio(t->mean_blocks, span_ns));
    put(r, "kv", "bytes_per_token", token);
    put_int(r, "kv", "prompt_tokens", m->prompt_tokens);
    put_int(r, "kv", "hit_tokens", m->hit_tokens);
    put(r, "kv", "hit_ratio", ratio((double)m->hit_tokens, (double)m->prompt_tokens));
    put_int(r, "kv", "evicted_blocks", t->evicted);
    put_int(r, "kv", "preemptions", m->preemptions);
    put(r, "kv", "swapped_bytes", m->swapped_bytes);
    put(r, "kv", "token_seconds", t->token_s);
    for (int32_t i = 0; e->s->compress_policy && i < e->n_replicas; i++) {
        gbl_pieces_load l = gbl_pieces_load_of(&e->replica[i]);
        below.up_bytes += l.up_bytes;
        below.down_bytes += l.down_bytes;
        below.dram_peak_bytes += l.dram_peak_bytes;
    }
    if (e->s->compress_policy) {
        put(r, "kv", "fetched_bytes", below.up_bytes);
        put(r, "kv", "put_down_bytes", below.down_bytes);
        put(r, "kv", "dram_peak_bytes", below.dram_peak_bytes);
    }
    if (e->s->compress) {
        put_int(r, "kv", "lost_sharing_tokens", e->lost_tokens);
        put(r, "kv", "fragmentation", NAN); /* tokens and bytes have no fixed ratio */
    } else put(r, "kv", "fragmentation", 1 - ratio(t->token_s * 1e9, t->mean_blocks * e->block_size));
    put_hits(r, e, t);
}

/* What moved between replicas: waits are for blocks at the other end, wire what a request saw of its bytes' way. */
static void put_network(gbl_result *r, const gbl_metrics *m) {
    put_int(r, "network", "transfers", m->moves);
    put(r, "network", "bytes", m->moved_bytes);
    put_int(r, "network", "reused_tokens", m->moved_reused_tokens);
    put(r, "network", "wait_ms", ratio((double)m->move_wait_ns * 1e-6, (double)m->moves));
    put(r, "network", "wire_ms", ratio((double)m->move_wire_ns * 1e-6, (double)m->moves));
}

/* The machines over the simulated span: it is longer than the duration where stop_s cut sequences short. */
static void put_machine(gbl_result *r, const gbl_engine *e, const totals *t, double span_s) {
    double machines_ns = t->machines * span_s * 1e9;
    double carried_ns = 0; /* by ports, of the two directions the mean; a step's collectives are counted beside it */
    for (size_t i = 0; i < e->net.n_lines; i++) carried_ns += 0.5e9 * e->net.line[i].carried / e->net.line[i].bps;
    for (int k = 0; k < GBL_R_N; k++) {
        assert(t->busy_ns[k] <= machines_ns * (1 + 1e-9) + 1);
        put(r, "util", resource_name[k], span_s > 0 ? fmin(1.0, (t->busy_ns[k] + (k == GBL_R_NETWORK ? carried_ns : 0)) / machines_ns) : NAN); /* rounding of sums */
    }
    put(r, "", "mfu", ratio(t->flops, t->peak_flops * span_s));
    put(r, "", "mbu", ratio(t->bytes, t->peak_hbm * span_s));
    double joule = t->idle_w * span_s + t->busy_joule, usd = t->usd_h > 0 ? t->usd_h * span_s / 3600.0 : NAN; /* no price known */
    double tokens = (double)e->m.generated;
    put(r, "energy", "joule", joule);
    put(r, "energy", "joule_per_output_tok", ratio(joule, tokens));
    put(r, "cost", "usd", usd);
    put(r, "cost", "usd_per_mtok_output", ratio(usd * 1e6, tokens));
    if (!e->scaler.state) return;
    put(r, "scale", "replicas_mean", t->machines);
    put_int(r, "scale", "replicas_most", e->scaler.most_up);
    put_int(r, "scale", "started", e->scaler.started);
    put_int(r, "scale", "given_back", e->scaler.stopped);
    put(r, "scale", "gpu_h", t->gpus * span_s / 3600);
}

/* What the reader mended or dropped. */
static void put_repairs(gbl_result *r, const gbl_repairs *w) {
    const char *key, *text;
    int64_t n;
    for (int i = 0; gbl_repair_at(w, i, &key, &text, &n); i++) put_int(r, "repairs", key, n);
}

/* Mean time a measured completed request spent on each part; adds up to e2el_ms.mean. */
static void put_parts(gbl_result *r, const gbl_metrics *m) {
    for (int i = 0; i < GBL_PARTS; i++) put(r, "time_ms", gbl_part_name((enum gbl_part)i), ratio((double)m->part_ns[i] * 1e-6, (double)m->measured_completed));
}

static void put_sim(gbl_result *r, const gbl_engine *e, double wall) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    put_int(r, "sim", "events", (int64_t)(e->events + e->steps_fast));
    put_int(r, "sim", "steps", (int64_t)e->steps);
    put_int(r, "sim", "steps_fast", (int64_t)e->steps_fast);
    put(r, "sim", "wall_s", wall);
    put(r, "sim", "peak_rss_mib", (double)u.ru_maxrss / 1024.0);
}

static char *copy_text(const char *s) {
    size_t n = s ? strlen(s) + 1 : 0; /* NULL: whoever made it ran out of memory */
    char *t = s ? gbl_alloc(n, 1) : NULL;
    if (t) memcpy(t, s, n);
    return t;
}

static char *slo_text(const gbl_slo *o) {
    const struct { const char *name; double v; } bound[] = {{"TTFT", o->ttft_ms}, {"TPOT", o->tpot_ms}, {"ITL", o->itl_ms}, {"E2E", o->e2el_ms}};
    char text[160] = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof bound / sizeof *bound; i++)
        if (!isnan(bound[i].v)) n += (size_t)snprintf(text + n, sizeof text - n, "%s%s <= %g ms", n ? ", " : "", bound[i].name, bound[i].v);
    return copy_text(n ? text : "no bound");
}

/* Of machines and runtime: a result is known no better than the least known of them. */
static const char *weakest_calibration(const gbl_scenario *s) {
    static const char *const order[] = {"datasheet", "transferred", "fitted"};
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        if (!strcmp(s->runtime.status, order[k])) return order[k];
        for (size_t i = 0; i < s->n_pools; i++)
            if (!strcmp(s->pool[i].hw.calibration, order[k])) return order[k];
    }
    return s->pool[0].hw.calibration;
}

static char *hardware_names(const gbl_scenario *s) {
    char text[512] = "";
    size_t n = 0;
    for (size_t i = 0; i < s->n_pools && n < sizeof text; i++) n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " + " : "", s->pool[i].hw.name);
    return copy_text(text);
}

/* What was published about the quality of the compression in use. */
static char *quality_text(const gbl_scenario *s) {
    if (!s->compress) return copy_text("[]");
    gbl_json *j = gbl_json_new(0);
    if (!j) return NULL;
    gbl_kv_quality_json(s->compress, NULL, j);
    char *text = copy_text(gbl_json_text(j));
    gbl_json_free(j);
    return text;
}

static int copy_names(gbl_result *r, const gbl_scenario *s) {
    r->scenario_json = copy_text(gbl_scenario_json(s, 0));
    r->quality_json = quality_text(s);
    r->version = copy_text(GBL_VERSION);
    r->runtime = copy_text(s->runtime.name);
    r->calibration = copy_text(weakest_calibration(s));
    r->name = copy_text(s->name);
    for (char *c = r->name; c && *c; c++)
        if ((unsigned char)*c < 32 || *c == 127) *c = '?'; /* a terminal would obey it */
    r->model = copy_text(s->llm.name);
    r->hardware = hardware_names(s);
    r->slo = s->n_slo_classes ? copy_text("by class and tenant") : slo_text(&s->slo);
    return r->slo && r->scenario_json && r->quality_json && r->version && r->runtime && r->calibration && r->name && r->model && r->hardware;
}

/* Goodput of each element of a list of SLOs. */
static int copy_classes(gbl_result *r, const gbl_metrics *m, const gbl_scenario *s, double measured_s) {
    if (!s->n_slo_classes) return 0;
    gbl_json *j = gbl_json_new(0);
    if (!j) return -1;
    gbl_json_arr(j, NULL);
    for (size_t i = 0; i < s->n_slo_classes; i++) {
        const gbl_slo_class *c = &s->slo_class[i];
        const gbl_class_count *n = &m->by_class[i];
        gbl_json_obj(j, NULL);
        if (c->priority != GBL_NULL_INT) gbl_json_int(j, "class", c->priority);
        if (c->tenant != GBL_NULL_INT) gbl_json_int(j, "tenant", c->tenant);
        gbl_json_int(j, "injected", n->measured);
        gbl_json_num(j, "request_s", ratio((double)n->good, measured_s));
        gbl_json_num(j, "slo_attainment", ratio((double)n->good, (double)n->measured));
        gbl_json_num(j, "slo_attainment_completed", ratio((double)n->good, (double)n->completed));
        gbl_json_end(j);
    }
    gbl_json_end(j);
    r->classes = copy_text(gbl_json_text(j));
    gbl_json_free(j);
    return r->classes ? 0 : -1;
}

int gbl_result_new(gbl_result **out, gbl_engine *e, double wall, gbl_err *err) {
    gbl_result *r = gbl_alloc(1, sizeof *r);
    *out = r;
    if (!r || !copy_names(r, e->s)) {
        gbl_result_free(r);
        *out = NULL;
        return gbl_nomem(err, sizeof *r);
    }
    gbl_metrics *m = &e->m;
    double span_ns = m->injected ? (double)(e->now_ns - m->first_arrival_ns) : 0.0;
    totals t = add_up(e, span_ns);
    int code = add_belady(e, &t, err);
    if (code) {
        gbl_result_free(r);
        *out = NULL;
        return code;
    }
    double duration_s = m->completed ? (double)(m->last_finish_ns - m->first_arrival_ns) * 1e-9 : 0.0;
    double measured_s = duration_s - e->s->warmup_s;
    r->seed = e->s->seed;
    r->itl_per_request = e->opt->itl_per_request;
    r->replicas = e->n_replicas;
    r->gpus = (int64_t)t.gpus;
    r->exact_quantiles = gbl_quantile_exact(m->series[GBL_TTFT]) && gbl_quantile_exact(m->series[GBL_TPOT]);
    put_requests(r, m, e->s->impatient, duration_s);
    put_throughput(r, m, measured_s, t.gpus);
    for (int i = 0; i < GBL_SERIES_N; i++) put_series(r, series_name[i], m->series[i]);
    put_goodput(r, m, measured_s);
    if (copy_classes(r, m, e->s, measured_s)) {
        gbl_result_free(r);
        *out = NULL;
        return gbl_nomem(err, 64);
    }
    put_kv(r, e, &t, span_ns);
    if (m->moves || e->gate[GBL_GATE_DECODE].state) put_network(r, m);
    put_machine(r, e, &t, span_ns * 1e-9);
    put_parts(r, m);
    put_repairs(r, gbl_source_repairs(e->source));
    put_sim(r, e, wall);
    r->n_tiers = gbl_tier_results(r->tier, e, span_ns * 1e-9);
    return 0;
}

void gbl_result_free(gbl_result *r) {
    if (!r) return;
    gbl_free(r->scenario_json);
    gbl_free(r->quality_json);
    gbl_free(r->version);
    gbl_free(r->runtime);
    gbl_free(r->calibration);
    gbl_free(r->name);
    gbl_free(r->model);
    gbl_free(r->hardware);
    gbl_free(r->slo);
    gbl_free(r->classes);
    gbl_free(r);
}

/* ---- JSON ---- */

/* A name with dots is a member of objects inside its group: `in` says which are open, each with its dot. */
static void enter(gbl_json *j, char *in, size_t size, const char *stat) {
    const char *dot;
    while (*in && (!stat || strncmp(stat, in, strlen(in)))) {
        char *end = in + strlen(in) - 1;
        while (end > in && end[-1] != '.') end--;
        *end = 0;
        gbl_json_end(j);
    }
    while (stat && (dot = strchr(stat + strlen(in), '.'))) {
        char *at = in + strlen(in);
        snprintf(at, size - (size_t)(at - in), "%.*s", (int)(dot - stat - (at - in)), stat + (at - in));
        gbl_json_obj(j, at);
        strcat(at, ".");
    }
}

static void row_json(gbl_json *j, char *in, size_t size, const row *w) {
    enter(j, in, size, w->stat);
    const char *name = w->stat + strlen(in);
    if (w->is_int) gbl_json_int(j, name, (int64_t)w->value);
    else gbl_json_num(j, name, w->value);
}

static void tiers_json(const gbl_result *r, gbl_json *j) {
    gbl_json_arr(j, "by_tier");
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", "hbm");
    gbl_json_int(j, "capacity_blocks", (int64_t)gbl_result_get(r, "kv.capacity_blocks"));
    gbl_json_int(j, "capacity_blocks_per_replica", (int64_t)gbl_result_get(r, "kv.capacity_blocks") / r->replicas);
    gbl_json_int(j, "peak_blocks", (int64_t)gbl_result_get(r, "kv.peak_blocks"));
    gbl_json_num(j, "mean_blocks", gbl_result_get(r, "kv.mean_blocks"));
    int64_t below = 0;
    for (int32_t i = 0; i < r->n_tiers; i++) below += r->tier[i].hit_tokens;
    gbl_json_int(j, "hit_tokens", (int64_t)gbl_result_get(r, "kv.hit_tokens") - below);
    gbl_json_end(j);
    for (int32_t i = 0; i < r->n_tiers; i++) gbl_tier_result_json(&r->tier[i], j);
    gbl_json_end(j);
}

static void group_end(const gbl_result *r, gbl_json *j, char *in, const char *group) {
    if (!*group) return;
    enter(j, in, 0, NULL);
    if (!strcmp(group, "kv")) tiers_json(r, j);
    if (!strcmp(group, "goodput") && r->classes) gbl_json_raw(j, "by_class", r->classes);
    gbl_json_end(j);
}

void gbl_result_json(const gbl_result *r, gbl_json *j) {
    gbl_json_obj(j, NULL);
    gbl_json_raw(j, "scenario", r->scenario_json);
    gbl_json_str(j, "version", r->version);
    gbl_json_int(j, "seed", r->seed);
    gbl_json_obj(j, "profile");
    gbl_json_str(j, "runtime", r->runtime);
    gbl_json_str(j, "calibration", r->calibration);
    gbl_json_end(j);
    gbl_json_str(j, "itl_def", r->itl_per_request ? "aiperf" : "vllm");
    gbl_json_str(j, "quantiles", r->exact_quantiles ? "exact" : "sketch");
    const char *group = "";
    char in[96] = "";
    for (int i = 0; i < r->n; i++) {
        if (strcmp(group, r->r[i].group)) {
            group_end(r, j, in, group);
            group = r->r[i].group;
            if (!strcmp(group, "energy")) {
                gbl_json_raw(j, "quality", r->quality_json);
            }
            if (*group) gbl_json_obj(j, group);
        }
        row_json(j, in, sizeof in, &r->r[i]);
    }
    group_end(r, j, in, group);
    gbl_json_end(j);
}

int gbl_result_each(const gbl_result *r, int (*fn)(void *to, const char *name, const char *stat, double v), void *to) {
    for (int i = 0; i < r->n; i++) {
        const row *w = &r->r[i];
        if (fn(to, *w->group ? w->group : w->stat, *w->group ? w->stat : "value", w->value)) return i;
    }
    int n = r->n;
    for (int32_t t = 0; t < r->n_tiers; t++) {
        const char *key;
        double v;
        for (int i = 0; (key = gbl_tier_result_at(&r->tier[t], i, &v)); i++, n++) {
            char stat[64];
            snprintf(stat, sizeof stat, "by_tier.%s.%s", r->tier[t].name, key);
            if (fn(to, "kv", stat, v)) return n;
        }
    }
    return n;
}

static double tier_value(const gbl_result *r, const char *name) { /* NAME.key */
    const char *dot = strchr(name, '.'), *key;
    double v;
    for (int32_t t = 0; dot && t < r->n_tiers; t++) {
        if (strlen(r->tier[t].name) != (size_t)(dot - name) || strncmp(name, r->tier[t].name, (size_t)(dot - name))) continue;
        for (int i = 0; (key = gbl_tier_result_at(&r->tier[t], i, &v)); i++)
            if (!strcmp(key, dot + 1)) return v;
    }
    return NAN;
}

double gbl_result_get(const gbl_result *r, const char *name) {
    const char *dot = strchr(name, '.');
    size_t n = dot ? (size_t)(dot - name) : 0;
    for (int i = 0; i < r->n; i++) {
        const row *w = &r->r[i];
        if (strlen(w->group) == n && !strncmp(w->group, name, n) && !strcmp(w->stat, dot ? dot + 1 : name)) return w->value;
    }
    return strncmp(name, "kv.by_tier.", 11) ? NAN : tier_value(r, name + 11);
}

/* ---- the table people read ---- */

static double got(const gbl_result *r, const char *group, const char *stat) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", group, stat);
    return gbl_result_get(r, name);
}

static void cell(gbl_table *t, double v) {
    if (isnan(v)) gbl_table_cell(t, "-");
    else gbl_table_cell(t, v >= 1000 ? "%.0f" : v >= 100 ? "%.1f" : "%.2f", v);
}

static void print_latencies(const gbl_result *r, FILE *to) {
    static const char *const label[GBL_SERIES_N] = {"TTFT", "TPOT", "ITL", "E2E", "queue"};
    static const char *const stat[] = {"mean", "p50", "p90", "p95", "p99", "max"};
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return;
    gbl_table_columns(t, "latency, ms", ">mean", ">p50", ">p90", ">p95", ">p99", ">max", NULL);
    for (int i = 0; i < GBL_SERIES_N; i++) {
        gbl_table_cell(t, "%s", label[i]);
        for (size_t k = 0; k < sizeof stat / sizeof *stat; k++) cell(t, got(r, series_name[i], stat[k]));
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
}

static const char *percent(char *out, size_t size, double v) {
    if (isnan(v)) snprintf(out, size, "-");
    else snprintf(out, size, "%.1f %%", 100 * v);
    return out;
}

static const char *fixed(char *out, size_t size, int digits, double v) {
    if (isnan(v)) snprintf(out, size, "-");
    else snprintf(out, size, "%.*f", digits, v);
    return out;
}

static void print_rates(const gbl_result *r, FILE *to) {
    char b[4][32];
    fprintf(to, "\nthroughput  %s requests/s   %s input tokens/s   %s output tokens/s (%s a GPU)\n", fixed(b[0], sizeof b[0], 3, got(r, "throughput", "request_s")),
            fixed(b[1], sizeof b[1], 0, got(r, "throughput", "input_tok_s")), fixed(b[2], sizeof b[2], 0, got(r, "throughput", "output_tok_s")),
            fixed(b[3], sizeof b[3], 0, got(r, "throughput", "output_tok_s_per_gpu")));
    fprintf(to, "goodput     %s requests/s   %s of the requests meet the SLO (%s)\n", fixed(b[0], sizeof b[0], 3, got(r, "goodput", "request_s")),
            percent(b[1], sizeof b[1], got(r, "goodput", "slo_attainment")), r->slo);
}

static void print_bill(const gbl_result *r, FILE *to) {
    char b[32];
    fprintf(to, "energy      %.3f kWh   %s J a token", got(r, "energy", "joule") / 3.6e6, fixed(b, sizeof b, 2, got(r, "energy", "joule_per_output_tok")));
    if (isnan(got(r, "cost", "usd"))) return;
    fprintf(to, "   cost %.2f USD   %s USD a million output tokens", got(r, "cost", "usd"), fixed(b, sizeof b, 3, got(r, "cost", "usd_per_mtok_output")));
}

static void print_resources(const gbl_result *r, FILE *to) {
    char b[16];
    fprintf(to, "busy        ");
    for (int k = 0; k < GBL_R_N; k++) {
        double v = got(r, "util", resource_name[k]);
        if (v > 0) fprintf(to, "%s %s   ", resource_name[k], percent(b, sizeof b, v));
    }
    fprintf(to, "MFU %s", percent(b, sizeof b, gbl_result_get(r, "mfu")));
    fprintf(to, "   MBU %s\n", percent(b, sizeof b, gbl_result_get(r, "mbu")));
}

static void print_repairs(const gbl_result *r, FILE *to) {
    static const gbl_repairs none;
    const char *key, *text;
    int64_t n;
    for (int i = 0; gbl_repair_at(&none, i, &key, &text, &n); i++)
        if (got(r, "repairs", key) > 0) fprintf(to, "trace       %.0f %s\n", got(r, "repairs", key), text);
}

static void print_parts(const gbl_result *r, FILE *to) {
    char b[16];
    double all = got(r, "e2el_ms", "mean");
    if (isnan(all)) return;
    fprintf(to, "time went");
    for (int i = 0; i < GBL_PARTS; i++) {
        double v = got(r, "time_ms", gbl_part_name((enum gbl_part)i));
        if (v / all >= 0.0005) fprintf(to, "   %s %s", gbl_part_name((enum gbl_part)i), percent(b, sizeof b, v / all));
    }
    fputc('\n', to);
}

/* Who found something, and what it was worth. */
static void print_hits(const gbl_result *r, FILE *to) {
    char b[16], c[16];
    double any = got(r, "kv", "hits.requests_any_hit"), blocks = got(r, "kv", "hits.hit_blocks");
    if (any == 0) return;
    fprintf(to, "found again %.0f of %.0f blocks by %.0f of %.0f requests", blocks, got(r, "kv", "hits.total_blocks"), any, got(r, "kv", "hits.requests"));
    if (got(r, "kv", "hits.sessions") > 0) fprintf(to, ", %.0f of %.0f sessions", got(r, "kv", "hits.sessions_any_hit"), got(r, "kv", "hits.sessions"));
    fprintf(to, "   saves %.1f s of prefill\n", got(r, "kv", "hits.saved_prefill_s"));
    if (got(r, "kv", "hits.with_hit.requests") > 0 && got(r, "kv", "hits.without_hit.requests") > 0)
        fprintf(to, "            mean TTFT %.1f ms and %s good with a hit, %.1f ms and %s without\n", got(r, "kv", "hits.with_hit.ttft_ms"),
                percent(b, sizeof b, got(r, "kv", "hits.with_hit.slo_attainment")), got(r, "kv", "hits.without_hit.ttft_ms"), percent(c, sizeof c, got(r, "kv", "hits.without_hit.slo_attainment")));
    if (!isnan(got(r, "kv", "belady_on_this_order.hit_blocks")))
        fprintf(to, "            Belady on the order that this run produced: %.0f blocks (%.0f without bypass); the run found %s of that\n", got(r, "kv", "belady_on_this_order.hit_blocks"),
                got(r, "kv", "belady_on_this_order.hit_blocks_without_bypass"), percent(b, sizeof b, got(r, "kv", "belady_on_this_order.reached")));
}

static void print_kv(const gbl_result *r, FILE *to) {
    char peak[16], mean[16], hit[16];
    double cap = got(r, "kv", "capacity_blocks");
    fprintf(to, "KV cache    %.0f blocks   peak %s   mean %s   prefix hits %s   preemptions %.0f   evicted %.0f\n", cap,
            percent(peak, sizeof peak, got(r, "kv", "peak_blocks") / cap), percent(mean, sizeof mean, got(r, "kv", "mean_blocks") / cap),
            percent(hit, sizeof hit, got(r, "kv", "hit_ratio")), got(r, "kv", "preemptions"), got(r, "kv", "evicted_blocks"));
    print_hits(r, to);
    for (int32_t i = 0; i < r->n_tiers; i++) gbl_tier_result_print(&r->tier[i], (int64_t)got(r, "kv", "prompt_tokens"), to);
}

void gbl_result_print(const gbl_result *r, FILE *to) {
    fprintf(to, "%s: %s on %lld x %s, runtime %s (%s)\n", r->name, r->model, (long long)r->gpus, r->hardware, r->runtime, r->calibration);
    print_repairs(r, to);
    fprintf(to, "requests    %.0f injected = %.0f completed + %.0f rejected + %.0f unfinished, %.1f s simulated\n\n", got(r, "requests", "injected"),
            got(r, "requests", "completed"), got(r, "requests", "rejected"), got(r, "requests", "unfinished"), gbl_result_get(r, "duration_s"));
    print_latencies(r, to);
    print_rates(r, to);
    print_parts(r, to);
    print_resources(r, to);
    print_kv(r, to);
    if (got(r, "network", "transfers") > 0)
        fprintf(to, "network     %.0f transfers   %.2f GB   %.0f tokens were there already   wait for blocks %.2f ms   on the wire %.2f ms\n", got(r, "network", "transfers"),
                got(r, "network", "bytes") * 1e-9, got(r, "network", "reused_tokens"), got(r, "network", "wait_ms"), got(r, "network", "wire_ms"));
    print_bill(r, to);
    fprintf(to, "\nsimulated   %.0f steps (%.0f held) in %.3f s, %.0f MiB\n", got(r, "sim", "steps"), got(r, "sim", "steps_fast"), got(r, "sim", "wall_s"),
            got(r, "sim", "peak_rss_mib"));
}
