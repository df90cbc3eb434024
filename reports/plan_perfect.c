/* plan_perfect.c - one replica, as it could be at best.
 *
 * What a request needs at least (FLOPs, bytes, token-seconds of KV) is linear in integers of the request; the coefficients
 * are read off the cost model under the runtime "ideal", so the bound stands on the same formulas as the simulation.
 *
 * The steps of the replica's own runtime are bounded, too: with f(T) the least time of a step of T tokens (attention over
 * an empty cache, one prompt or T decodes, whichever is less), f(T) lies above each edge of its lower convex hull, so N steps
 * that compute `tokens` tokens together take at least line_s * N + slope_s * tokens, for every edge. f is sampled at T that
 * grow by 3 %, each sample moved to the next T: f grows with T. Attention adds to it, never less than at the data sheet's peak. */
#include <math.h>
#include <string.h>

#include "reports/plan_parts.h"

/* What shapes between two samples may make faster than the line through them, and the attention counted twice. */
static const double margin = 0.97;

static gbl_step_cost step_of(const gbl_cost *c, gbl_batch b)
{
    gbl_step_cost out;
    gbl_cost_step(c, &b, &out);
    return out;
}

static double prefill_s(const gbl_cost *c, int64_t tokens)
{
    gbl_batch b = {0};
    gbl_batch_chunk(c, &b, tokens, 0, 1);
    return (double)step_of(c, b).demand.alone_ns * 1e-9;
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

static void read_off(const gbl_cost *c, gbl_perfect *f)
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

/* ---------------------------------------------------------------- steps ---- */

static double least_step_s(const gbl_cost *c, int64_t tokens, int64_t seqs)
{
    double s = (double)step_of(c, (gbl_batch){.pre_n = 1, .pre_tokens = tokens}).demand.alone_ns;
    if (tokens <= seqs) s = fmin(s, (double)step_of(c, (gbl_batch){.dec_n = tokens, .dec_kv = tokens}).demand.alone_ns);
    return s * 1e-9;
}

/* Lower hull of (x, y), x ascending, by Andrew's monotone chain; returns the number of corners kept in front. */
static int lower_hull(double *x, double *y, int n)
{
    int k = 0;
    for (int i = 0; i < n; i++) {
        while (k >= 2 && (y[k - 1] - y[k - 2]) * (x[i] - x[k - 2]) >= (y[i] - y[k - 2]) * (x[k - 1] - x[k - 2])) k--;
        x[k] = x[i];
        y[k++] = y[i];
    }
    return k;
}

static void step_lines(const gbl_cost *c, int64_t most, int64_t seqs, gbl_perfect *f)
{
    enum { SAMPLES = 700 };
    double x[SAMPLES], y[SAMPLES], per_token = INFINITY;
    int n = 0;
    for (int64_t t = 1; t <= most && n < SAMPLES;) {
        int64_t next = t < 33 ? t + 1 : t + t / 33;
        double s = margin * least_step_s(c, t, seqs);
        x[n] = (double)(next - 1);
        y[n++] = s;
        per_token = fmin(per_token, s / (double)(next - 1));
        t = next;
    }
    f->line_s[0] = 0;
    f->slope_s[0] = per_token;
    f->lines = 1;
    n = lower_hull(x, y, n);
    for (int i = 0; i + 1 < n && f->lines < (int)(sizeof f->line_s / sizeof *f->line_s); i++) {
        double slope = (y[i + 1] - y[i]) / (x[i + 1] - x[i]), line = y[i] - slope * x[i];
        if (slope < 0 || line < 0) continue;
        f->line_s[f->lines] = line;
        f->slope_s[f->lines++] = slope;
    }
}

/* The policy is the one that changes nothing; also where the family has none at all. */
static int is(const gbl_choice *c, const char *name)
{
    return !c->policy || strcmp(c->policy->name, name) == 0;
}

/* Methods that leave work out or guess tokens are beyond these lines. */
static int plain(const gbl_scenario *s)
{
    const gbl_pool *q = &s->pool[0];
    for (size_t i = 0; i < s->n_pools; i++, q++)
        if (q->pp > 1 || q->dp > 1) return 0; /* a lone sequence's step is not the least of a pipeline or of ranks */
    return is(&s->choice[GBL_COMPRESS], "none") && is(&s->choice[GBL_SPECULATE], "off") && is(&s->choice[GBL_EXECUTE], "serial");
}

int gbl_plan_perfect(const gbl_planner *p, const gbl_scenario *s, size_t pool, gbl_perfect *f, gbl_err *err)
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
        *f = (gbl_perfect){.flops_s = gbl_cost_peak_flops(ideal), .bytes_s = gbl_cost_peak_hbm(ideal), .seqs = (double)s->max_num_seqs, .window = s->llm.window};
        f->kv_tokens = (double)(gbl_cost_kv_blocks(ideal) * s->block_size);
        f->longest = context < kv + 1 ? context : kv + 1;
        f->caches = !(s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX);
        f->prefill_ok = isnan(p->bounds.each[0]) ? INT64_MAX : prompt_within(ideal, p->bounds.each[0] * 1e-3);
        read_off(ideal, f);
        int64_t most = s->max_num_batched_tokens;
        for (size_t i = 0; i < p->load.n; i++) most = p->load.input[i] > most ? p->load.input[i] : most;
        if (!is(&s->choice[GBL_SPECULATE], "off")) f->step_s = 0; /* a step may bring several tokens */
        f->lone_s = f->step_s;
        if (plain(s)) f->lone_s = fmax(f->step_s, least_step_s(real, 1, 1));
        if (plain(s)) step_lines(real, most + s->max_num_seqs, s->max_num_seqs, f);
    }
    gbl_cost_free(ideal);
    gbl_cost_free(real);
    return code;
}
