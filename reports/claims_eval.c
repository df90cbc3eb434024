/* claims_eval.c - what a measure is worth.
 *
 * A measure is a number, the name of a measure of the file, a variable "$x", or an object whose first known key says what it
 * is (the table `forms`). A simulation that is not there yet is wanted, and the value pending: the caller evaluates every
 * claim, runs all that is wanted on all cores, and evaluates again, until nothing is pending. A bisection so advances by one
 * run a round, all bisections side by side, and what is asked for twice runs once. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "reports/claims_parts.h"

enum { DEEPEST = 64 };

typedef struct eval_at { /* one evaluation */
    gbl_claims *c;
    const gbl_claims_file *f;
    char *why;
    int depth;
} eval_at;

typedef struct value {
    double v;
    int pending;
} value;

/* What stands under a key of a form. */
enum arg_kind {
    NO_ARG,
    ARG_MEASURE,   /* a measure */
    ARG_MEASURES,  /* an array of them */
    ARG_BOUNDS,    /* an object of them, by metric */
    ARG_NEW,       /* a variable that is new in the other measures of the form */
    ARG_NUMBERS,   /* an array of numbers, or {"from", "to"}: the integers between */
    ARG_NUMBER,
    ARG_TEXT,
    ARG_SCENARIO,  /* an object, a name of `scenarios`, or a path */
    ARG_SET,       /* an object of settings, a name of `sets`, or an array of both */
    ARG_POLICY,    /* an eviction policy, as in a scenario */
    ARG_MODEL,     /* an object, or a name of `models` */
    ARG_BATCH      /* an array of objects: batch_rows */
};
enum { ARGS = 6 };
typedef struct form_arg {
    const char *key;
    enum arg_kind kind;
    int optional;
} form_arg;
typedef int form_eval(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err);
typedef struct form {
    form_arg arg[ARGS]; /* the first one's key is the form's name */
    form_eval *eval;
    const char *expected; /* for messages: what the first key holds */
} form;

static int eval(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err);
static const form *form_of(const gbl_node *n);

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

static const gbl_claim_scope *variable(const gbl_claim_scope *s, const char *name)
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
        return add_number(x, to, gbl_node_key(n), variable(s, gbl_node_text(n) + 1)->value, err);
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
static const gbl_node *scenario_node(const gbl_claims_file *f, const gbl_node *n)
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
    if (!code) code = gbl_claims_want(x->c, scenario_node(x->f, arg(n, "run")), sets.set, sets.n, &r, err);
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
    gbl_claims_hits_ask ask = {scenario_node(x->f, arg(n, "hits")), arg(n, "evict"), arg(n, "metric"), sets.set, sets.n, blocks.v};
    return gbl_claims_hits(x->c, &ask, &out->v, err);
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
    search q = {.x = x, .n = n, .scenario = scenario_node(x->f, arg(n, "capacity")), .bounds = arg(n, "within")};
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

typedef struct batch_row {
    int64_t decodes, context, prefills, tokens, cached;
} batch_row;
static const gbl_param batch_rows[] = {
    {"decodes", GBL_P_INT, 0, offsetof(batch_row, decodes), "0", 0, 1e6, "sequences", NULL, "sequences that compute one token each"},
    {"context", GBL_P_INT, 0, offsetof(batch_row, context), "1", 1, 1e9, "tokens", NULL, "tokens that each of them attends to"},
    {"prefills", GBL_P_INT, 0, offsetof(batch_row, prefills), "0", 0, 1e6, "sequences", NULL, "chunks of prompts"},
    {"tokens", GBL_P_INT, 0, offsetof(batch_row, tokens), "1", 1, 1e9, "tokens", NULL, "of each chunk"},
    {"cached", GBL_P_INT, 0, offsetof(batch_row, cached), "0", 0, 1e9, "tokens", NULL, "of its prompt that were computed before"},
    {0}};

static int fill_batch(const eval_at *x, const gbl_cost *cost, const gbl_node *rows, gbl_batch *b, gbl_err *err)
{
    for (const gbl_node *k = gbl_node_first(rows); k; k = gbl_node_next(k)) {
        batch_row r;
        if (gbl_param_defaults(batch_rows, &r, x->c->arena, err) || gbl_param_bind(batch_rows, &r, k, NULL, x->c->arena, err)) return err->code;
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
    if (!code) code = gbl_claims_scenario(x->c, scenario_node(x->f, arg(n, "step_ms")), sets.set, sets.n, &scene, err);
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
    const char *op = form_of(n)->arg[0].key;
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
    gbl_claim_scope inner = {gbl_node_text(arg(n, form_of(n)->arg[0].key)), v, s};
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
    int smallest = !strcmp(form_of(n)->arg[0].key, "smallest"), found = 0, listed = gbl_node_kind(arg(n, "of")) == GBL_ARRAY;
    int code = (listed ? choose_listed : choose_between)(x, n, smallest, s, out, &found, err);
    if (!code && !out->pending && !found) no_value(x, out, "no value fulfils the conditions of", gbl_node_text(arg(n, form_of(n)->arg[0].key)));
    return code;
}

/* ---------------------------------------------------------------- the forms ---- */

#define FOLD(name) {{{name, ARG_MEASURES, 0}}, eval_fold, "an array of measures"}
#define CHOOSE(name) {{{name, ARG_NEW, 0}, {"of", ARG_NUMBERS, 0}, {"where", ARG_MEASURES, 0}}, eval_choose, "a variable's name"}
static const form forms[] = {
    {{{"run", ARG_SCENARIO, 0}, {"set", ARG_SET, 1}, {"metric", ARG_TEXT, 0}}, eval_run, "a scenario"},
    {{{"hits", ARG_SCENARIO, 0}, {"set", ARG_SET, 1}, {"evict", ARG_POLICY, 1}, {"blocks", ARG_MEASURE, 0}, {"metric", ARG_TEXT, 0}}, eval_hits, "a scenario"},
    {{{"capacity", ARG_SCENARIO, 0}, {"set", ARG_SET, 1}, {"within", ARG_BOUNDS, 0}, {"vary", ARG_TEXT, 1}, {"step", ARG_NUMBER, 1}, {"requests", ARG_NUMBER, 1}},
     eval_capacity, "a scenario"},
    {{{"step_ms", ARG_SCENARIO, 0}, {"set", ARG_SET, 1}, {"batch", ARG_BATCH, 0}}, eval_step, "a scenario"},
    {{{"model", ARG_MODEL, 0}, {"set", ARG_SET, 1}, {"value", ARG_TEXT, 0}}, eval_model, "an object, or a name of \"models\""},
    FOLD("sum"), FOLD("difference"), FOLD("product"), FOLD("ratio"), FOLD("max"), FOLD("min"), FOLD("mean"),
    {{{"descending", ARG_MEASURES, 0}}, eval_descending, "an array of measures"},
    {{{"floor", ARG_MEASURE, 0}}, eval_floor, "a measure"},
    {{{"let", ARG_NEW, 0}, {"be", ARG_MEASURE, 0}, {"in", ARG_MEASURE, 0}}, eval_let, "a variable's name"},
    CHOOSE("largest"), CHOOSE("smallest")};
enum { FORMS = sizeof forms / sizeof *forms };

static const form *form_of(const gbl_node *n)
{
    for (size_t i = 0; i < FORMS; i++)
        if (gbl_node_get(n, forms[i].arg[0].key)) return &forms[i];
    return NULL;
}

static int eval(eval_at *x, const gbl_node *n, const gbl_claim_scope *s, value *out, gbl_err *err)
{
    if (gbl_node_kind(n) == GBL_NUMBER) {
        out->v = gbl_node_num(n);
        return GBL_OK;
    }
    if (gbl_node_kind(n) == GBL_OBJECT) return form_of(n)->eval(x, n, s, out, err);
    const char *name = gbl_node_text(n);
    if (name[0] == '$') {
        out->v = variable(s, name + 1)->value;
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

/* ---------------------------------------------------------------- checking ---- */

static int check(const gbl_claims_file *f, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err);

static int wrong_kind(const gbl_node *n, const char *expected, gbl_err *err)
{
    char words[80];
    gbl_node_fail(n, err, "'%s' cannot be %s", gbl_node_key(n), gbl_node_words(n, words, sizeof words));
    return gbl_expected(err, "%s", expected);
}

/* A name that object `in` should have. */
static int unknown_name(const gbl_node *n, const gbl_node *in, const char *kind, gbl_err *err)
{
    const char *known[256];
    size_t k = 0;
    for (const gbl_node *m = in ? gbl_node_first(in) : NULL; m && k < 256; m = gbl_node_next(m)) known[k++] = gbl_node_key(m);
    gbl_node_fail(n, err, "unknown %s \"%s\"", kind, gbl_node_text(n));
    return gbl_nearest(err, gbl_near(gbl_node_text(n), known, k));
}

static int check_variable(const gbl_node *n, const gbl_claim_scope *s, gbl_err *err)
{
    const char *known[DEEPEST];
    size_t k = 0;
    if (variable(s, gbl_node_text(n) + 1)) return GBL_OK;
    for (; s && k < DEEPEST; s = s->up) known[k++] = s->name;
    gbl_node_fail(n, err, "unknown variable \"%s\"", gbl_node_text(n));
    return gbl_nearest(err, gbl_near(gbl_node_text(n) + 1, known, k));
}

static int check_set(const gbl_claims_file *f, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    enum gbl_kind kind = gbl_node_kind(n);
    if (depth > DEEPEST) return gbl_node_fail(n, err, "nested too deep");
    if (kind == GBL_STRING) {
        const gbl_node *named = gbl_node_get(f->sets, gbl_node_text(n));
        return named ? check_set(f, named, s, depth + 1, err) : unknown_name(n, f->sets, "set", err);
    }
    if (kind != GBL_OBJECT && kind != GBL_ARRAY) return wrong_kind(n, "an object of settings, a name of \"sets\", or an array of them", err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k)) {
        if (kind == GBL_ARRAY && check_set(f, k, s, depth + 1, err)) return err->code;
        if (kind == GBL_OBJECT && gbl_node_kind(k) == GBL_STRING && gbl_node_text(k)[0] == '$' && check_variable(k, s, err)) return err->code;
    }
    return GBL_OK;
}

static int check_scenario(const gbl_claims_file *f, const gbl_node *n, gbl_err *err)
{
    const gbl_node *named = scenario_node(f, n);
    if (gbl_node_kind(n) != GBL_OBJECT && gbl_node_kind(n) != GBL_STRING) return wrong_kind(n, "an object, a name of \"scenarios\", or the path of a file", err);
    const char *name = gbl_node_text(n);
    if (named != n || gbl_node_kind(n) == GBL_OBJECT || strchr(name, '/') || strstr(name, ".json")) return GBL_OK;
    return unknown_name(n, f->scenarios, "scenario", err);
}

static int check_children(const gbl_claims_file *f, const gbl_node *n, enum gbl_kind kind, const char *expected, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    if (gbl_node_kind(n) != kind || !gbl_node_size(n)) return wrong_kind(n, expected, err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k))
        if (check(f, k, s, depth + 1, err)) return err->code;
    return GBL_OK;
}

static int check_range(const gbl_node *n, gbl_err *err)
{
    static const char *const known[] = {"from", "to", NULL};
    double v[2];
    if (gbl_node_only(n, known, err)) return err->code;
    for (int i = 0; i < 2; i++) {
        const gbl_node *k = gbl_node_get(n, known[i]);
        if (!k) return gbl_node_fail(n, err, "a range lacks '%s'", known[i]), gbl_expected(err, "{\"from\": 1, \"to\": 1000}");
        if (gbl_node_real(k, &v[i], err)) return err->code;
    }
    if (v[0] == floor(v[0]) && v[1] == floor(v[1]) && v[0] < v[1] && fabs(v[0]) < 1e15 && fabs(v[1]) < 1e15) return GBL_OK;
    gbl_node_fail(n, err, "no range of integers");
    return gbl_expected(err, "{\"from\": 1, \"to\": 1000}: integers, the smaller one first");
}

static int check_numbers(const gbl_node *n, gbl_err *err)
{
    if (gbl_node_kind(n) == GBL_OBJECT) return check_range(n, err);
    if (gbl_node_kind(n) != GBL_ARRAY || !gbl_node_size(n)) return wrong_kind(n, "an array of numbers, or {\"from\": 1, \"to\": 1000}", err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k))
        if (gbl_node_kind(k) != GBL_NUMBER) return wrong_kind(k, "a number", err);
    return GBL_OK;
}

/* Objects whose keys are a table's; the values are read for the messages alone. */
static int check_rows(const gbl_param *rows, size_t size, const gbl_node *n, gbl_err *err)
{
    gbl_arena *a = gbl_arena_new();
    void *into = a ? gbl_arena_take(a, size) : NULL;
    int code = !into ? gbl_nomem(err, size) : gbl_node_kind(n) != GBL_OBJECT ? wrong_kind(n, "an object", err) : gbl_param_defaults(rows, into, a, err);
    if (!code) code = gbl_param_bind(rows, into, n, NULL, a, err);
    gbl_arena_free(a);
    return code;
}

static int check_batch(const gbl_node *n, gbl_err *err)
{
    if (gbl_node_kind(n) != GBL_ARRAY || !gbl_node_size(n)) return wrong_kind(n, "an array of {\"decodes\", \"context\"} and {\"prefills\", \"tokens\", \"cached\"}", err);
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k))
        if (check_rows(batch_rows, sizeof(batch_row), k, err)) return err->code;
    return GBL_OK;
}

static int check_arg(const gbl_claims_file *f, const form_arg *a, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    enum gbl_kind kind = gbl_node_kind(n);
    switch (a->kind) {
    case ARG_MEASURE: return check(f, n, s, depth + 1, err);
    case ARG_MEASURES: return check_children(f, n, GBL_ARRAY, "an array of measures", s, depth, err);
    case ARG_BOUNDS: return check_children(f, n, GBL_OBJECT, "an object of largest values, as {\"itl_ms.p99\": 50}", s, depth, err);
    case ARG_NUMBERS: return check_numbers(n, err);
    case ARG_NUMBER: return kind == GBL_NUMBER ? GBL_OK : wrong_kind(n, "a number", err);
    case ARG_NEW: return kind == GBL_STRING && gbl_node_text(n)[0] && gbl_node_text(n)[0] != '$' ? GBL_OK : wrong_kind(n, "a variable's name, without $", err);
    case ARG_TEXT: return kind == GBL_STRING ? GBL_OK : wrong_kind(n, "a string", err);
    case ARG_SCENARIO: return check_scenario(f, n, err);
    case ARG_SET: return check_set(f, n, s, depth, err);
    case ARG_POLICY: return kind == GBL_STRING || kind == GBL_OBJECT ? GBL_OK : wrong_kind(n, "a policy's name, or {\"use\": name, ...}", err);
    case ARG_MODEL:
        if (kind == GBL_STRING && !gbl_node_get(f->models, gbl_node_text(n))) return unknown_name(n, f->models, "model", err);
        return gbl_claim_sheet_check(f, n, err);
    case ARG_BATCH: return check_batch(n, err);
    case NO_ARG: break;
    }
    return GBL_OK;
}

static int check_form(const gbl_claims_file *f, const form *is, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    const char *known[ARGS + 1] = {NULL};
    gbl_claim_scope inner = {"", 0, s};
    for (int i = 0; i < ARGS && is->arg[i].key; i++) known[i] = is->arg[i].key;
    if (gbl_node_only(n, known, err)) return err->code;
    for (int i = 0; i < ARGS && is->arg[i].key; i++) {
        const form_arg *a = &is->arg[i];
        const gbl_node *at = gbl_node_get(n, a->key);
        if (!at && a->optional) continue;
        if (!at) {
            gbl_node_fail(n, err, "a measure by '%s' lacks '%s'", known[0], a->key);
            return gbl_expected(err, "\"%s\" beside \"%s\"", a->key, known[0]);
        }
        const gbl_claim_scope *sees = inner.name[0] && strcmp(a->key, "be") != 0 ? &inner : s;
        if (check_arg(f, a, at, sees, depth, err)) return err->code;
        if (a->kind == ARG_NEW) inner.name = gbl_node_text(at);
    }
    return GBL_OK;
}

static int check(const gbl_claims_file *f, const gbl_node *n, const gbl_claim_scope *s, int depth, gbl_err *err)
{
    const char *known[FORMS];
    for (size_t i = 0; i < FORMS; i++) known[i] = forms[i].arg[0].key;
    if (depth > DEEPEST) return gbl_node_fail(n, err, "measures nested deeper than %d, or going round in a circle", DEEPEST);
    if (gbl_node_kind(n) == GBL_NUMBER) return GBL_OK;
    if (gbl_node_kind(n) == GBL_STRING && gbl_node_text(n)[0] == '$') return check_variable(n, s, err);
    if (gbl_node_kind(n) == GBL_STRING) {
        const gbl_node *named = gbl_node_get(f->measures, gbl_node_text(n));
        return named ? check(f, named, s, depth + 1, err) : unknown_name(n, f->measures, "measure", err);
    }
    if (gbl_node_kind(n) != GBL_OBJECT) return wrong_kind(n, "a number, the name of a measure, or an object", err);
    const form *is = form_of(n);
    if (is) return check_form(f, is, n, s, depth, err);
    gbl_node_fail(n, err, "this object measures nothing");
    gbl_expected(err, "one of the keys run, hits, capacity, step_ms, model, ratio, sum, descending, let, largest, ... (reports/claims/README.md)");
    for (const gbl_node *k = gbl_node_first(n); k && !err->nearest[0]; k = gbl_node_next(k)) gbl_nearest(err, gbl_near(gbl_node_key(k), known, FORMS));
    return err->code;
}

int gbl_claim_check(const gbl_claims_file *f, const gbl_node *measure, gbl_err *err)
{
    return check(f, measure, NULL, 0, err);
}
