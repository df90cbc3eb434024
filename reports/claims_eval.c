/* claims_eval.c - what a measure is worth.
 *
 * A measure is a number, the name of a measure of the file, a variable "$x", or an object whose first known key says what it
 * is (the table gbl_claim_forms). A simulation that is not there yet is wanted, and the value pending: the caller evaluates every
 * claim, runs all that is wanted on all cores, and evaluates again, until nothing is pending. A bisection so advances by one
 * run a round, all bisections side by side, and what is asked for twice runs once. claims_check.c looked at it before. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "reports/claims_parts.h"

typedef struct gbl_eval_at { /* one evaluation */
    gbl_claims *c;
    const gbl_claims_file *f;
    char *why;
    int depth;
} eval_at;

typedef struct gbl_value {
    double v;
    int pending;
} value;

static int eval(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err);

static const gbl_node *arg(const gbl_node *n, const char *key)
{
    return gbl_node_get(n, key);
}

static void no_value(eval_at *x, value *out, const char *what, const char *of)
{
    out->v = NAN;
    if (!x->why[0]) snprintf(x->why, 256, "%s %.200s", what, of);
}

/* ---------------------------------------------------------------- settings ---- */

const gbl_claim_scope *gbl_claim_variable(const gbl_claim_scope *s, const char *name)
{
    while (s && strcmp(s->name, name) != 0) s = s->up;
    return s;
}

typedef struct settings {
    const char **set;
    size_t n, room;
} settings;

static int add_setting(const eval_at *x, settings *to, const char *key, const char *text, gbl_err *err)
{
    char *all = text ? gbl_arena_printf(x->c->arena, "%s=%s", key, text) : NULL;
    if (!all) return gbl_nomem(err, 0);
    if (to->n == to->room) {
        size_t room = to->room ? 2 * to->room : 16;
        const char **bigger = gbl_arena_take(x->c->arena, room * sizeof *bigger);
        if (!bigger) return gbl_nomem(err, room * sizeof *bigger);
        if (to->n) memcpy(bigger, to->set, to->n * sizeof *bigger);
        to->set = bigger;
        to->room = room;
    }
    to->set[to->n++] = all;
    return GBL_OK;
}

static int add_number(const eval_at *x, settings *to, const char *key, double v, gbl_err *err)
{
    char text[40];
    gbl_num_text(text, sizeof text, v);
    return add_setting(x, to, key, text, err);
}

static int add_value(const eval_at *x, settings *to, const gbl_node *n, const gbl_claim_scope *s, gbl_err *err)
{
    if (gbl_node_kind(n) == GBL_STRING && gbl_node_text(n)[0] == '$')
        return add_number(x, to, gbl_node_key(n), gbl_claim_variable(s, gbl_node_text(n) + 1)->value, err);
    char *text = gbl_node_canonical(n);
    int code = add_setting(x, to, gbl_node_key(n), text, err);
    gbl_free(text);
    return code;
}

/* Later settings stand above earlier ones. */
static int add_sets(const eval_at *x, settings *to, const gbl_node *n, const gbl_claim_scope *s, gbl_err *err)
{
    if (!n) return GBL_OK;
    if (gbl_node_kind(n) == GBL_STRING) return add_sets(x, to, gbl_node_get(x->f->sets, gbl_node_text(n)), s, err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k)) {
        int code = gbl_node_kind(n) == GBL_ARRAY ? add_sets(x, to, k, s, err) : add_value(x, to, k, s, err);
        if (code) return code;
    }
    return GBL_OK;
}

/* A scenario's object, or the string that is its path. */
const gbl_node *gbl_claim_scenario_node(const gbl_claims_file *f, const gbl_node *n)
{
    const gbl_node *named = gbl_node_kind(n) == GBL_STRING ? gbl_node_get(f->scenarios, gbl_node_text(n)) : NULL;
    return named ? named : n;
}

/* ---------------------------------------------------------------- simulations ---- */

/* Of the object that the last but one step of the path leads to, or of the result where it leads nowhere. */
static const char *nearest_metric(const gbl_node *result, const char *name)
{
    const char *dot = strchr(name, '.'), *known[64];
    size_t n = 0;
    char head[64];
    snprintf(head, sizeof head, "%.*s", dot ? (int)(dot - name) : 63, name);
    const gbl_node *in = dot ? gbl_node_get(result, head) : NULL;
    for (const gbl_node *k = gbl_node_first(in ? in : result); k && n < 64; k = gbl_node_next(k)) known[n++] = gbl_node_key(k);
    return gbl_near(in ? dot + 1 : head, known, n);
}

static int metric_of(eval_at *x, const gbl_claim_run *r, const gbl_node *at, const char *name, value *out, gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(r->result), *n = gbl_node_at(root, name);
    if (n && gbl_node_kind(n) == GBL_NUMBER) out->v = gbl_node_num(n);
    else if (n && gbl_node_kind(n) == GBL_NULL) no_value(x, out, "no samples of", name);
    else {
        gbl_node_fail(at, err, "a run has no number \"%s\"", name);
        gbl_expected(err, "a path in the object of gable run --json, as itl_ms.p99");
        return gbl_nearest(err, nearest_metric(root, name));
    }
    return GBL_OK;
}

static int eval_run(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    settings sets = {0};
    gbl_claim_run *r;
    const gbl_node *metric = arg(n, "metric");
    int code = add_sets(x, &sets, arg(n, "set"), s, err);
    if (!code) code = gbl_claims_want(x->c, gbl_claim_scenario_node(x->f, arg(n, "run")), sets.set, sets.n, &r, err);
    if (code) return code;
    out->pending = !r->result;
    return out->pending ? GBL_OK : metric_of(x, r, metric, gbl_node_text(metric), out, err);
}

static int eval_hits(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    settings sets = {0};
    value blocks = {0};
    if (add_sets(x, &sets, arg(n, "set"), s, err) || eval(x, arg(n, "blocks"), s, &blocks, err)) return err->code;
    out->pending = blocks.pending;
    out->v = NAN;
    if (blocks.pending || isnan(blocks.v)) return GBL_OK;
    const gbl_node *seeds = arg(n, "seeds");
    size_t without = sets.n;
    if (seeds && !(gbl_node_num(seeds) >= 1 && gbl_node_num(seeds) <= 10000)) return gbl_node_fail(seeds, err, "%g seeds", gbl_node_num(seeds)), gbl_expected(err, "1 to 10000");
    double sum = 0, most = seeds ? gbl_node_num(seeds) : 0;
    for (double seed = 1; seed <= most || !most; seed++) {
        double one = 0;
        sets.n = without;
        if (most && add_number(x, &sets, "run.seed", seed, err)) return err->code;
        gbl_claims_hits_ask ask = {.scenario = gbl_claim_scenario_node(x->f, arg(n, "hits")), .evict = arg(n, "evict"), .cost = arg(n, "cost"), .metric = arg(n, "metric"),
                                   .set = sets.set, .n_set = sets.n, .blocks = blocks.v};
        if (gbl_claims_hits(x->c, &ask, &one, err)) return err->code;
        sum += one;
        if (!most) break;
    }
    out->v = most ? sum / floor(most) : sum;
    return GBL_OK;
}

/* ---------------------------------------------------------------- capacity ---- */

typedef struct search {
    eval_at *x;
    const gbl_node *n, *scenario, *bounds;
    settings sets; /* without the rate */
    const char *key;
    double step, *bound;
} search;

/* Within every bound with every request done? 1, 0, or -1: error. */
static int holds(search *q, const gbl_claim_run *r, gbl_err *err)
{
    value v = {0};
    size_t i = 0;
    const gbl_node *root = gbl_doc_root(r->result);
    double injected = gbl_node_num(gbl_node_at(root, "requests.injected")), completed = gbl_node_num(gbl_node_at(root, "requests.completed"));
    for (const gbl_node *b = gbl_node_first(q->bounds); b; b = gbl_node_next(b), i++) {
        if (metric_of(q->x, r, b, gbl_node_key(b), &v, err)) return -1;
        if (v.v > q->bound[i]) return 0; /* a statistic without samples breaks no bound */
    }
    return completed == injected;
}

/* The rate (1 + step)^k: 1 it holds, 0 not, 2 pending, -1 error. */
static int probe(search *q, int k, gbl_err *err)
{
    settings sets = q->sets;
    gbl_claim_run *r;
    sets.room = sets.n; /* the others share the array: this one gets its own */
    if (add_number(q->x, &sets, q->key, pow(1 + q->step, k), err)) return -1;
    if (gbl_claims_want(q->x->c, q->scenario, sets.set, sets.n, &r, err)) return -1;
    return r->result ? holds(q, r, err) : 2;
}

static int first_rate(search *q, double *rate, gbl_err *err)
{
    gbl_scenario *s = NULL;
    gbl_doc *doc = NULL;
    int code = gbl_claims_scenario(q->x->c, q->scenario, q->sets.set, q->sets.n, &s, err);
    const char *text = code ? NULL : gbl_scenario_json(s, 0);
    if (!code && !text) code = gbl_nomem(err, 0);
    if (!code) code = gbl_doc_parse(&doc, "scenario", text, strlen(text), err);
    const gbl_node *n = code ? NULL : gbl_node_at(gbl_doc_root(doc), q->key);
    if (n && gbl_node_kind(n) == GBL_NUMBER && gbl_node_num(n) > 0) *rate = gbl_node_num(n);
    else if (!code) {
        code = gbl_node_fail(q->n, err, "the scenario has no positive number %s to vary", q->key);
        gbl_expected(err, "\"vary\": the key of a rate, such as trace.rate_scale");
    }
    gbl_doc_free(doc);
    gbl_scenario_free(s);
    return code;
}

/* Doubling strides from the scenario's own rate bracket the answer, bisection ends at two neighbours of the grid. */
static int bisect(search *q, value *out, gbl_err *err)
{
    double rate = 0;
    if (first_rate(q, &rate, err)) return err->code;
    int k = (int)lround(log(rate) / log1p(q->step)), low = 0, high = 0, below = 0, above = 0, most = (int)(20 / log1p(q->step));
    for (int stride = (int)(0.2 / log1p(q->step)) + 1;;) {
        int good = probe(q, k, err);
        if (good < 0) return err->code;
        if ((out->pending = good == 2)) return GBL_OK;
        if (good) low = k, below = 1;
        else high = k, above = 1;
        if (below && above && high - low <= 1) break;
        if (below && above) k = low + (high - low) / 2;
        else k += good ? stride : -stride;
        stride *= 2;
        if (k > most || k < -most) {
            no_value(q->x, out, good ? "every rate holds:" : "no rate holds:", q->key);
            return GBL_OK;
        }
    }
    out->v = pow(1 + q->step, low);
    return GBL_OK;
}

static int eval_capacity(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    const gbl_node *vary = arg(n, "vary"), *step = arg(n, "step"), *requests = arg(n, "requests");
    search q = {.x = x, .n = n, .scenario = gbl_claim_scenario_node(x->f, arg(n, "capacity")), .bounds = arg(n, "within")};
    size_t i = 0;
    q.key = vary ? gbl_node_text(vary) : "trace.generate.arrival.rate_s";
    q.step = step ? gbl_node_num(step) : 0.025;
    q.bound = gbl_arena_take(x->c->arena, gbl_node_size(q.bounds) * sizeof *q.bound + 1);
    if (!q.bound) return gbl_nomem(err, 0);
    if (!(q.step >= 0.001 && q.step <= 1)) {
        gbl_node_fail(step, err, "a step of %g", q.step);
        return gbl_expected(err, "0.001 to 1, relative: 0.025 is 2.5 %%");
    }
    int code = add_sets(x, &q.sets, arg(n, "set"), s, err);
    if (!code) code = add_number(x, &q.sets, "trace.generate.requests", requests ? gbl_node_num(requests) : 2048, err);
    for (const gbl_node *b = gbl_node_first(q.bounds); b && !code; b = gbl_node_next(b), i++) {
        value v = {0};
        code = eval(x, b, s, &v, err);
        out->pending |= v.pending;
        q.bound[i] = v.v;
        if (!code && !v.pending && isnan(v.v)) {
            out->v = NAN;
            return GBL_OK;
        }
    }
    return code || out->pending ? code : bisect(&q, out, err);
}

/* ---------------------------------------------------------------- one step, without a clock ---- */

static int eval_model(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    settings sets = {0};
    int code = add_sets(x, &sets, arg(n, "set"), s, err);
    return code ? code : gbl_claim_sheet(x->c, x->f, arg(n, "model"), sets.set, sets.n, arg(n, "value"), &out->v, err);
}

static int eval_caching(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    settings sets = {0};
    int code = add_sets(x, &sets, arg(n, "set"), s, err);
    return code ? code : gbl_claim_caching(x->c, x->f, arg(n, "caching"), sets.set, sets.n, arg(n, "value"), &out->v, err);
}

const gbl_param gbl_claim_batch_rows[] = {
    {"decodes", GBL_P_INT, 0, offsetof(gbl_claim_batch, decodes), "0", 0, 1e6, "sequences", NULL, "sequences that compute one token each"},
    {"context", GBL_P_INT, 0, offsetof(gbl_claim_batch, context), "1", 1, 1e9, "tokens", NULL, "tokens that each of them attends to"},
    {"prefills", GBL_P_INT, 0, offsetof(gbl_claim_batch, prefills), "0", 0, 1e6, "sequences", NULL, "chunks of prompts"},
    {"tokens", GBL_P_INT, 0, offsetof(gbl_claim_batch, tokens), "1", 1, 1e9, "tokens", NULL, "of each chunk"},
    {"cached", GBL_P_INT, 0, offsetof(gbl_claim_batch, cached), "0", 0, 1e9, "tokens", NULL, "of its prompt that were computed before"},
    {0}};

static int fill_batch(const eval_at *x, const gbl_cost *cost, const gbl_node *rows, gbl_batch *b, gbl_err *err)
{
    for (const gbl_node *k = gbl_node_first(rows); k; k = gbl_node_next(k)) {
        gbl_claim_batch r;
        if (gbl_param_defaults(gbl_claim_batch_rows, &r, x->c->arena, err) || gbl_param_bind(gbl_claim_batch_rows, &r, k, NULL, x->c->arena, err)) return err->code;
        for (int64_t i = 0; i < r.decodes; i++) gbl_batch_decode(cost, b, r.context);
        for (int64_t i = 0; i < r.prefills; i++) gbl_batch_chunk(cost, b, r.tokens, r.cached, 1);
    }
    return GBL_OK;
}

/* One step of the scenario's first replica, alone, in ms. */
static int eval_step(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    settings sets = {0};
    gbl_scenario *scene = NULL;
    gbl_cost *cost = NULL;
    gbl_batch b = {0};
    gbl_step_cost step;
    int code = add_sets(x, &sets, arg(n, "set"), s, err);
    if (!code) code = gbl_claims_scenario(x->c, gbl_claim_scenario_node(x->f, arg(n, "step_ms")), sets.set, sets.n, &scene, err);
    if (!code) code = gbl_scenario_cost(scene, 0, &cost, err);
    if (!code) code = fill_batch(x, cost, arg(n, "batch"), &b, err);
    if (!code) {
        gbl_cost_step(cost, &b, &step);
        out->v = (double)step.demand.alone_ns / 1e6;
    }
    gbl_cost_free(cost);
    gbl_scenario_free(scene);
    return code;
}

/* ---------------------------------------------------------------- arithmetic ---- */

static double fold(const char *op, double a, double b)
{
    if (isnan(a) || isnan(b)) return NAN;
    if (!strcmp(op, "sum") || !strcmp(op, "mean")) return a + b;
    if (!strcmp(op, "difference")) return a - b;
    if (!strcmp(op, "product")) return a * b;
    if (!strcmp(op, "ratio")) return a / b;
    return !strcmp(op, "max") ? fmax(a, b) : fmin(a, b);
}

static int eval_fold(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    const char *op = gbl_claim_form_of(n)->arg[0].key;
    const gbl_node *all = arg(n, op);
    double total = 0;
    for (const gbl_node *k = gbl_node_first(all); k; k = gbl_node_next(k)) {
        value v = {0};
        if (eval(x, k, s, &v, err)) return err->code;
        out->pending |= v.pending;
        total = k == gbl_node_first(all) ? v.v : fold(op, total, v.v);
    }
    out->v = !strcmp(op, "mean") ? total / (double)gbl_node_size(all) : total;
    if (!out->pending && !isfinite(out->v)) no_value(x, out, "not a finite number:", op);
    return GBL_OK;
}

/* 1 when each is greater than the next. */
static int eval_descending(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    double last = INFINITY;
    out->v = 1;
    for (const gbl_node *k = gbl_node_first(arg(n, "descending")); k; k = gbl_node_next(k)) {
        value v = {0};
        if (eval(x, k, s, &v, err)) return err->code;
        out->pending |= v.pending;
        if (isnan(v.v) || isnan(out->v)) out->v = NAN;
        else if (!(v.v < last)) out->v = 0;
        last = v.v;
    }
    return GBL_OK;
}

static int eval_floor(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    int code = eval(x, arg(n, "floor"), s, out, err);
    if (!code && !out->pending) out->v = floor(out->v);
    return code;
}

static int eval_let(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    value v = {0};
    int code = eval(x, arg(n, "be"), s, &v, err);
    if (code || v.pending || isnan(v.v)) {
        *out = v;
        return code;
    }
    gbl_claim_scope inner = {gbl_node_text(arg(n, "let")), v.v, s};
    return eval(x, arg(n, "in"), &inner, out, err);
}

/* Is no condition 0 with the form's variable at v? *pending: not known yet. */
static int holds_at(eval_at *x, const gbl_node *n, double v, const gbl_claim_scope *s, int *good, int *pending, gbl_err *err)
{
    gbl_claim_scope inner = {gbl_node_text(arg(n, gbl_claim_form_of(n)->arg[0].key)), v, s};
    *good = 1;
    for (const gbl_node *w = gbl_node_first(arg(n, "where")); w; w = gbl_node_next(w)) {
        value is = {0};
        if (eval(x, w, &inner, &is, err)) return err->code;
        *pending |= is.pending;
        *good &= !is.pending && is.v != 0 && !isnan(is.v);
    }
    return GBL_OK;
}

/* Of a list all are tried, so that their runs share the cores. */
static int choose_listed(eval_at *x, const gbl_node *n, int smallest, const gbl_claim_scope *s, value *out, int *found, gbl_err *err)
{
    for (const gbl_node *k = gbl_node_first(arg(n, "of")); k; k = gbl_node_next(k)) {
        double v = gbl_node_num(k);
        int good;
        if (holds_at(x, n, v, s, &good, &out->pending, err)) return err->code;
        if (!good || (*found && (smallest ? v >= out->v : v <= out->v))) continue;
        out->v = v;
        *found = 1;
    }
    return GBL_OK;
}

/* Of the integers of a range by bisection: conditions that hold on one side of the answer alone. */
static int choose_between(eval_at *x, const gbl_node *n, int smallest, const gbl_claim_scope *s, value *out, int *found, gbl_err *err)
{
    const gbl_node *of = arg(n, "of");
    double holding = gbl_node_num(gbl_node_get(of, smallest ? "to" : "from")), failing = gbl_node_num(gbl_node_get(of, smallest ? "from" : "to"));
    int good = 0, code = holds_at(x, n, holding, s, found, &out->pending, err);
    if (code || !*found) return code;
    code = holds_at(x, n, failing, s, &good, &out->pending, err);
    if (good) holding = failing;
    while (!code && !out->pending && fabs(holding - failing) > 1) {
        double middle = floor((holding + failing) / 2);
        code = holds_at(x, n, middle, s, &good, &out->pending, err);
        *(good ? &holding : &failing) = middle;
    }
    out->v = holding;
    return code;
}

/* Of the numbers for which every condition is not 0, the largest or the smallest. */
static int eval_choose(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    int smallest = !strcmp(gbl_claim_form_of(n)->arg[0].key, "smallest"), found = 0, listed = gbl_node_kind(arg(n, "of")) == GBL_ARRAY;
    int code = (listed ? choose_listed : choose_between)(x, n, smallest, s, out, &found, err);
    if (!code && !out->pending && !found) no_value(x, out, "no value fulfils the conditions of", gbl_node_text(arg(n, gbl_claim_form_of(n)->arg[0].key)));
    return code;
}

/* ---------------------------------------------------------------- the forms ---- */

#define FOLD(name) {{{name, GBL_ARG_MEASURES, 0}}, eval_fold}
#define CHOOSE(name) {{{name, GBL_ARG_NEW, 0}, {"of", GBL_ARG_NUMBERS, 0}, {"where", GBL_ARG_MEASURES, 0}}, eval_choose}
const gbl_claim_form gbl_claim_forms[] = {
    {{{"run", GBL_ARG_SCENARIO, 0}, {"set", GBL_ARG_SET, 1}, {"metric", GBL_ARG_TEXT, 0}}, eval_run},
    {{{"hits", GBL_ARG_SCENARIO, 0}, {"set", GBL_ARG_SET, 1}, {"evict", GBL_ARG_POLICY, 1}, {"blocks", GBL_ARG_MEASURE, 0}, {"metric", GBL_ARG_TEXT, 0}, {"cost", GBL_ARG_POLICY, 1}, {"seeds", GBL_ARG_NUMBER, 1}}, eval_hits},
    {{{"capacity", GBL_ARG_SCENARIO, 0}, {"set", GBL_ARG_SET, 1}, {"within", GBL_ARG_BOUNDS, 0}, {"vary", GBL_ARG_TEXT, 1}, {"step", GBL_ARG_NUMBER, 1}, {"requests", GBL_ARG_NUMBER, 1}},
     eval_capacity},
    {{{"step_ms", GBL_ARG_SCENARIO, 0}, {"set", GBL_ARG_SET, 1}, {"batch", GBL_ARG_BATCH, 0}}, eval_step},
    {{{"model", GBL_ARG_MODEL, 0}, {"set", GBL_ARG_SET, 1}, {"value", GBL_ARG_TEXT, 0}}, eval_model},
    {{{"caching", GBL_ARG_CACHING, 0}, {"set", GBL_ARG_SET, 1}, {"value", GBL_ARG_TEXT, 0}}, eval_caching},
    FOLD("sum"), FOLD("difference"), FOLD("product"), FOLD("ratio"), FOLD("max"), FOLD("min"), FOLD("mean"),
    {{{"descending", GBL_ARG_MEASURES, 0}}, eval_descending},
    {{{"floor", GBL_ARG_MEASURE, 0}}, eval_floor},
    {{{"let", GBL_ARG_NEW, 0}, {"be", GBL_ARG_MEASURE, 0}, {"in", GBL_ARG_MEASURE, 0}}, eval_let},
    CHOOSE("largest"), CHOOSE("smallest"),
    {{{NULL, 0, 0}}, NULL}};

const gbl_claim_form *gbl_claim_form_of(const gbl_node *n)
{
    for (const gbl_claim_form *f = gbl_claim_forms; f->eval; f++)
        if (gbl_node_get(n, f->arg[0].key)) return f;
    return NULL;
}

static int eval(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    if (gbl_node_kind(n) == GBL_NUMBER) {
        out->v = gbl_node_num(n);
        return GBL_OK;
    }
    if (gbl_node_kind(n) == GBL_OBJECT) return gbl_claim_form_of(n)->eval(x, n, s, out, err);
    const char *name = gbl_node_text(n);
    if (name[0] == '$') {
        out->v = gbl_claim_variable(s, name + 1)->value;
        return GBL_OK;
    }
    return eval(x, gbl_node_get(x->f->measures, name), s, out, err); /* circles were refused */
}

int gbl_claim_eval(gbl_claims *c, const gbl_claims_file *f, const gbl_node *measure, double *out, int *pending, char *why, gbl_err *err)
{
    eval_at x = {.c = c, .f = f, .why = why};
    value v = {0};
    why[0] = 0;
    int code = eval(&x, measure, NULL, &v, err);
    *out = v.v;
    *pending = v.pending;
    return code;
}
