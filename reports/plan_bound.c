/* plan_bound.c - what no system could beat.
 *
 * The perfect machine runs every kernel at the data sheet's peak, wastes no step, and finds every prefix it has seen. Per
 * request it needs at least F FLOPs (2 x parameters a computed token and LM head a sampled one, attention pairs), B bytes of
 * KV read by its decodes, and holds its KV for at least one step of a lone sequence a token (byte-seconds of memory). All
 * three are linear in integers of the request; their coefficients are read off the cost model under the runtime "ideal", so
 * the bound stands on the same formulas as the simulation. Weights are read at least once a step, and steps are at least
 * decode tokens / max_num_seqs.
 *
 * A fleet for a trace of span S: requests that count as good are done at most L after they arrive (e2el_ms, or ttft_ms plus
 * the longest output's tpot_ms; without such bounds a tenth of S: a queue that grew
 * for longer would be called growing), and
 * at most 1 - attain of them, the largest ones, may be late: the work of the others fits in S + L. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "reports/plan_parts.h"

/* ---------------------------------------------------------------- the load ---- */

void gbl_load_fini(gbl_load *l)
{
    gbl_free(l->input);
    gbl_free(l->output);
    gbl_free(l->hit);
}

static int add_request(gbl_load *l, const gbl_record *r, gbl_map *known)
{
    int64_t **const list[] = {&l->input, &l->output, &l->hit}; /* three lists, one room */
    size_t room = l->room;
    for (int i = 0; i < 3; i++) {
        room = l->room;
        if (gbl_grow(list[i], &room, l->n + 1, sizeof **list[i])) return -1;
    }
    l->room = room;
    int64_t run = 0, hit;
    int leading = 1;
    for (int32_t i = 0; i < r->n_ids; i++) {
        leading = leading && gbl_map_get(known, r->ids[i]) >= 0;
        run += leading;
        if (gbl_map_put(known, r->ids[i], 0)) return -1;
    }
    hit = run * r->id_tokens;
    l->input[l->n] = r->input;
    l->output[l->n] = r->output;
    l->hit[l->n++] = hit < r->input ? hit : r->input - 1;
    return 0;
}

/* A closed loop answers each completion; here every request is done as soon as it comes. */
static int read_all(gbl_planner *p, gbl_source *src, gbl_map *known, gbl_err *err)
{
    gbl_load *l = &p->load;
    gbl_record r;
    int64_t first = 0, last = 0;
    int got;
    while ((got = gbl_source_next(src, &r, err)) == 1) {
        if (!l->n) first = r.arrival_ns;
        last = r.arrival_ns > last ? r.arrival_ns : last;
        if (add_request(l, &r, known)) return gbl_nomem(err, l->n * sizeof *l->input);
        if (l->closed) gbl_source_done(src, r.serial, r.arrival_ns);
        if (p->rule == GBL_RULE_SARATHI && l->n == 2048) break;
    }
    l->span_s = (double)(last - first) * 1e-9;
    l->rate_s = l->span_s > 0 ? (double)(l->n - 1) / l->span_s : 0;
    return got < 0 ? err->code : GBL_OK;
}

/* The rate that a generator is told is its rate, whatever its first thousand arrivals make of it. */
static double nominal_rate(const gbl_node *trace)
{
    const gbl_node *arrival = gbl_node_at(trace, "generate.arrival"), *rate = gbl_node_get(arrival, "rate_s"), *use = gbl_node_get(arrival, "use");
    if (!gbl_node_get(trace, "generate")) return NAN;
    if (use && gbl_node_kind(use) == GBL_STRING && strcmp(gbl_node_text(use), "curve") == 0) return NAN;
    return rate && gbl_node_kind(rate) == GBL_NUMBER ? gbl_node_num(rate) : 1.0;
}

int gbl_load_read(gbl_planner *p, gbl_err *err)
{
    gbl_doc *d = NULL;
    gbl_source *src = NULL;
    gbl_map *known = gbl_map_new(1024);
    int code = known ? gbl_plan_base(p, &d, err) : gbl_nomem(err, 0);
    const gbl_node *trace = code ? NULL : gbl_node_get(gbl_doc_root(d), "trace"), *scale = gbl_node_get(trace, "rate_scale");
    const gbl_node *file = gbl_node_get(trace, "file");
    if (!code && file && gbl_node_kind(file) == GBL_STRING && strcmp(gbl_node_text(file), "-") == 0) {
        gbl_node_fail(file, err, "a plan reads its trace many times, so it cannot come from standard input");
        code = gbl_expected(err, "the path of a file");
    }
    if (!code) code = gbl_source_open(&src, trace, (uint64_t)p->seed, err);
    if (!code) {
        p->load.closed = gbl_source_closed(src);
        code = read_all(p, src, known, err);
        /* rate_scale multiplies: the load's own rate is that at scale 1 */
        double by = scale && gbl_node_kind(scale) == GBL_NUMBER ? gbl_node_num(scale) : 1, nominal = nominal_rate(trace);
        p->load.rate_s = isnan(nominal) ? p->load.rate_s / by : nominal;
    }
    if (src) gbl_source_close(src);
    gbl_map_free(known);
    gbl_doc_free(d);
    return code;
}

/* ---------------------------------------------------------------- a perfect replica ---- */

typedef struct perfect {
    double token, row, pair, pair_window;  /* FLOPs */
    double kv, kv_window, weights;         /* bytes: of a KV token read, of a step's weights */
    double step_s;                         /* a lone decode */
    double flops_s, bytes_s, kv_tokens;    /* capacities of a replica */
    double seqs;
    int64_t window, longest, prefill_ok;   /* longest: request that is not rejected; prefill_ok: prompt that meets ttft alone */
    int caches;
} perfect;

static double prefill_s(const gbl_cost *c, int64_t tokens)
{
    gbl_batch b = {0};
    gbl_step_cost cost;
    gbl_batch_chunk(c, &b, tokens, 0, 1);
    gbl_cost_step(c, &b, &cost);
    return (double)cost.demand.alone_ns * 1e-9;
}

static int64_t prompt_within(const gbl_cost *c, double seconds)
{
    int64_t low = 0, high = 1 << 24;
    while (low + 1 < high) {
        int64_t mid = low + (high - low) / 2;
        if (prefill_s(c, mid) <= seconds) low = mid;
        else high = mid;
    }
    return low;
}

static gbl_step_cost step_of(const gbl_cost *c, gbl_batch b)
{
    gbl_step_cost out;
    gbl_cost_step(c, &b, &out);
    return out;
}

static void read_off(const gbl_cost *c, perfect *f)
{
    const double many = 1 << 20;
    gbl_step_cost base = step_of(c, (gbl_batch){.pre_n = 1, .pre_tokens = 1}), row = step_of(c, (gbl_batch){.pre_n = 1, .pre_tokens = 1, .sampled = 1});
    gbl_step_cost pair = step_of(c, (gbl_batch){.pre_n = 1, .pre_tokens = 1, .pre_pairs = 1 << 20});
    gbl_step_cost pair_window = step_of(c, (gbl_batch){.pre_n = 1, .pre_tokens = 1, .pre_pairs_win = 1 << 20});
    gbl_step_cost lone = step_of(c, (gbl_batch){.dec_n = 1, .sampled = 1}), kv = step_of(c, (gbl_batch){.dec_n = 1, .sampled = 1, .dec_kv = 1 << 20});
    gbl_step_cost kv_window = step_of(c, (gbl_batch){.dec_n = 1, .sampled = 1, .dec_kv_win = 1 << 20});
    f->token = base.flops;
    f->row = row.flops - base.flops;
    f->pair = (pair.flops - base.flops) / many;
    f->pair_window = (pair_window.flops - base.flops) / many;
    f->kv = (kv.bytes - lone.bytes) / many;
    f->kv_window = (kv_window.bytes - lone.bytes) / many;
    f->weights = fmax(0, lone.bytes - gbl_cost_kv_bytes_per_token(c));
    f->step_s = (double)lone.demand.alone_ns * 1e-9;
}

static int make_perfect(const gbl_planner *p, const gbl_scenario *s, size_t pool, perfect *f, gbl_err *err)
{
    gbl_cost *real = NULL, *ideal = NULL;
    gbl_runtime runtime;
    int code = gbl_scenario_cost(s, pool, &real, err);
    if (!code) code = gbl_runtime_load(&runtime, "ideal", "", s->arena, err);
    if (!code) {
        gbl_cost_spec spec = *gbl_cost_spec_of(real);
        spec.runtime = &runtime;
        code = gbl_cost_new(&ideal, &spec, err);
    }
    if (!code) {
        int64_t context = s->max_model_len != GBL_NULL_INT ? s->max_model_len : gbl_cost_context(real), kv = gbl_cost_kv_blocks(real) * s->block_size;
        *f = (perfect){.flops_s = gbl_cost_peak_flops(ideal), .bytes_s = gbl_cost_peak_hbm(ideal), .seqs = (double)s->max_num_seqs, .window = s->llm.window};
        f->kv_tokens = (double)(gbl_cost_kv_blocks(ideal) * s->block_size);
        f->longest = context < kv + 1 ? context : kv + 1;
        f->caches = !(s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX);
        f->prefill_ok = isnan(p->bounds.each[0]) ? INT64_MAX : prompt_within(ideal, p->bounds.each[0] * 1e-3);
        read_off(ideal, f);
    }
    gbl_cost_free(ideal);
    gbl_cost_free(real);
    return code;
}

/* ---------------------------------------------------------------- its work ---- */

/* Sum of min(a + i, most) over i = 1..n; most 0: no limit. */
static double clipped_sum(double a, double n, double most)
{
    double free = most > 0 ? fmin(n, fmax(0, most - a)) : n;
    return free * a + free * (free + 1) / 2 + (n - free) * most;
}

enum { NEED_SM, NEED_HBM, NEED_KV, NEEDS };
static const char *const need_name[NEEDS] = {"sm", "hbm", "kv memory"};

/* FLOPs, KV bytes read, and token-seconds of KV held, of request i. */
static void work_of(const gbl_planner *p, const perfect *f, size_t i, double out[NEEDS])
{
    double hit = f->caches ? (double)p->load.hit[i] : 0, in = (double)p->load.input[i], decodes = (double)p->load.output[i] - 1;
    double window = (double)f->window, decode_kv = clipped_sum(in, decodes, 0), decode_window = clipped_sum(in, decodes, window);
    out[NEED_SM] = f->token * (in - hit + decodes) + f->row * (decodes + 1) + f->pair * (clipped_sum(hit, in - hit, 0) + decode_kv) +
                   f->pair_window * (clipped_sum(hit, in - hit, window) + decode_window);
    out[NEED_HBM] = f->kv * decode_kv + f->kv_window * decode_window;
    double own = f->caches ? decodes * (decodes + 1) / 2 : decode_kv; /* blocks of a prompt may be shared */
    out[NEED_KV] = own * f->step_s;
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Totals of each need without the `spare` largest requests of it; decodes likewise in *steps. */
static int total_work(const gbl_planner *p, const perfect *f, size_t spare, double out[NEEDS], double *decodes, gbl_err *err)
{
    size_t n = p->load.n;
    double *v = gbl_alloc((NEEDS + 1) * n + 1, sizeof *v), w[NEEDS];
    if (!v) return gbl_nomem(err, n * sizeof *v);
    for (size_t i = 0; i < n; i++) {
        work_of(p, f, i, w);
        for (int k = 0; k < NEEDS; k++) v[(size_t)k * n + i] = w[k];
        v[NEEDS * n + i] = (double)p->load.output[i] - 1;
    }
    for (size_t k = 0; k <= NEEDS; k++) {
        double sum = 0;
        if (spare) qsort(v + k * n, n, sizeof *v, descending);
        for (size_t i = spare; i < n; i++) sum += v[k * n + i];
        if (k < NEEDS) out[k] = sum;
        else *decodes = sum;
    }
    gbl_free(v);
    return GBL_OK;
}

/* Replica-seconds that the work takes on perfect replicas. */
static int replica_seconds(const gbl_planner *p, const perfect *f, size_t spare, double out[NEEDS], gbl_err *err)
{
    double decodes = 0;
    if (total_work(p, f, spare, out, &decodes, err)) return err->code;
    out[NEED_SM] /= f->flops_s;
    out[NEED_HBM] = (out[NEED_HBM] + decodes / f->seqs * f->weights) / f->bytes_s;
    out[NEED_KV] /= f->kv_tokens;
    return GBL_OK;
}

/* ---------------------------------------------------------------- latency ---- */

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

/* Too many requests that this machine rejects, or cannot serve in time even alone? */
static void rule_out(const gbl_planner *p, const perfect *f, gbl_floor *o)
{
    size_t long_ = 0, slow = 0, many = 0, late = 0;
    const double *b = p->bounds.each;
    for (size_t i = 0; i < p->load.n; i++) {
        int64_t in = p->load.input[i], out = p->load.output[i];
        long_ += in + out > f->longest;
        slow += in - (f->caches ? p->load.hit[i] : 0) > f->prefill_ok;
        many += out > 1 && f->step_s * 1e3 > fmin(isnan(b[1]) ? INFINITY : b[1], isnan(b[2]) ? INFINITY : b[2]);
        late += !isnan(b[3]) && (double)(out - 1) * f->step_s * 1e3 > b[3];
    }
    double n = (double)p->load.n, may = (1 - p->bounds.attain) * n + 1e-9;
    o->latency = 1;
    if ((double)long_ > may) {
        o->latency = 0;
        snprintf(o->reason, sizeof o->reason, "context: %.2f %% of the requests are longer than the %lld tokens that it takes", 100 * (double)long_ / n, (long long)f->longest);
    } else if ((double)slow > may) {
        snprintf(o->reason, sizeof o->reason, "ttft_ms: %.2f %% of the prompts take longer than %g ms even alone at data-sheet peak", 100 * (double)slow / n, b[0]);
    } else if ((double)many > may) {
        snprintf(o->reason, sizeof o->reason, "tpot_ms: reading the weights once takes %.3g ms", f->step_s * 1e3);
    } else if ((double)late > may) {
        snprintf(o->reason, sizeof o->reason, "e2el_ms: %.2f %% of the outputs take longer than %g ms even alone at data-sheet peak", 100 * (double)late / n, b[3]);
    }
}

/* ---------------------------------------------------------------- a combination ---- */

/* Share of the load that one replica of each pool takes at most, by need. */
typedef struct pools {
    size_t n;
    double *can; /* NEEDS a pool */
} pools;

static int pool_shares(gbl_planner *p, const gbl_scenario *s, size_t spare, double window_s, pools *out, gbl_floor *o, gbl_err *err)
{
    gbl_floor worst = {.reason = ""};
    out->n = s->n_pools;
    out->can = gbl_alloc(s->n_pools * NEEDS, sizeof *out->can);
    if (!out->can) return gbl_nomem(err, s->n_pools * NEEDS * sizeof *out->can);
    int possible = 0;
    for (size_t i = 0; i < s->n_pools; i++) {
        perfect f;
        double need[NEEDS];
        if (make_perfect(p, s, i, &f, err) || replica_seconds(p, &f, spare, need, err)) return err->code;
        for (int k = 0; k < NEEDS; k++) out->can[i * NEEDS + (size_t)k] = need[k] > 0 ? window_s / need[k] : INFINITY;
        gbl_floor one = {.reason = ""};
        rule_out(p, &f, &one);
        if (!one.reason[0]) possible = 1;
        else worst = one;
    }
    if (!possible) {
        memcpy(o->reason, worst.reason, sizeof o->reason);
        o->latency = worst.latency;
    }
    return GBL_OK;
}

/* Load that the pools take at index `at` of the axis: the least over the needs. 1 is all of it. */
static double load_taken(const gbl_planner *p, const gbl_scenario *s, const pools *c, int64_t at, const char **limited_by)
{
    double least = INFINITY;
    for (int k = 0; k < NEEDS; k++) {
        double sum = 0;
        for (size_t i = 0; i < c->n; i++) {
            char key[48];
            snprintf(key, sizeof key, s->pools_node ? "cluster.pools.%zu.replicas" : "cluster.replicas", i);
            double replicas = p->fleet && strcmp(p->fleet->key, key) == 0 ? (double)p->fleet->number[at] : (double)s->pool[i].replicas;
            sum += replicas * c->can[i * NEEDS + (size_t)k];
        }
        if (sum >= least) continue;
        least = sum;
        *limited_by = need_name[k];
    }
    return least;
}

static double exact_replicas(const gbl_planner *p, const gbl_scenario *s, const pools *c)
{
    const char *by;
    double one = load_taken(p, s, c, 0, &by);
    if (!p->fleet || c->n > 1) return (double)s->replicas / one;
    return (double)p->fleet->number[0] / one;
}

int gbl_plan_floor(gbl_planner *p, size_t i, gbl_err *err)
{
    gbl_cell *cell = &p->cell[i];
    gbl_floor *o = &cell->floor;
    gbl_scenario *s = NULL;
    pools c = {0};
    double late = lateness(p), window = p->load.span_s + (isnan(late) ? 0.1 * p->load.span_s : late);
    size_t spare = p->find == GBL_FIND_FLEET ? (size_t)((1 - p->bounds.attain) * (double)p->load.n) : 0;
    int64_t last = p->fleet ? (int64_t)p->fleet->n - 1 : 0;
    /* For a rate: how many times the whole load one second takes. */
    if (p->find == GBL_FIND_RATE) window = 1;
    int code = gbl_plan_open(p, i, 0, NAN, p->seed, &s, err);
    if (!code) code = pool_shares(p, s, spare, window, &c, o, err);
    if (!code) {
        if (p->load.closed || window <= 0) for (size_t k = 0; k < c.n * NEEDS; k++) c.can[k] = INFINITY; /* no clock to beat */
        o->rate_s = load_taken(p, s, &c, last, &o->limited_by) * (double)p->load.n;
        o->replicas_exact = exact_replicas(p, s, &c);
        while (o->at <= last && load_taken(p, s, &c, o->at, &o->limited_by) < 1 && p->find == GBL_FIND_FLEET) o->at++;
        double number = !p->fleet ? 0 : o->at <= last ? (double)p->fleet->number[o->at] : ceil(o->replicas_exact);
        o->gpus = cell->gpus0 + cell->gpus1 * number;
        o->usd_h = cell->usd0 + cell->usd1 * number;
    }
    gbl_free(c.can);
    gbl_scenario_free(s);
    return code;
}
