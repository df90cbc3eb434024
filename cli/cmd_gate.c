#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/many.h"
#include "cli/output.h"
#include "reports/gate.h"
#include "reports/identity.h"

typedef struct gate_opt {
    gbl_scene_opt scene;
    gbl_many_opt many;
    gbl_texts tolerance;
    const char *junit, *markdown;
    int32_t json;
} gate_opt;

static const gbl_flag flags[] = {
    {.row = {.name = "tolerance",
             .type = GBL_P_STR,
             .offset = offsetof(gate_opt, tolerance),
             .help = "how much worse a metric may be, as in ttft_ms.p99=5% or all=3% (2 % where none is given); judges that metric, too"},
     .arg = "METRIC=X%",
     .repeat = 1},
    {.row = {.name = "junit", .type = GBL_P_STR, .flags = GBL_P_NULLABLE, .offset = offsetof(gate_opt, junit), .dflt = "null", .help = "write a JUnit report to this file"},
     .arg = "FILE"},
    {.row = {.name = "markdown",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(gate_opt, markdown),
             .dflt = "null",
             .help = "write a Markdown table to this file"},
     .arg = "FILE"},
    GBL_FLAG_SET(gate_opt, scene),
    {.row = {.name = "seed",
             .type = GBL_P_INT,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(gate_opt, scene.seed),
             .dflt = "null",
             .low = 0,
             .high = GBL_SEED_MOST,
             .help = "first seed instead of the baseline's: compares unpaired"},
     .arg = "N"},
    GBL_FLAG_MANY_JOBS(gate_opt, many),
    GBL_FLAG_MANY_DB(gate_opt, many),
    GBL_FLAG_MANY_PROGRESS(gate_opt, many),
    GBL_FLAG_JSON(gate_opt, json),
    {.row = {.name = NULL}}};

/* ---------------------------------------------------------------- what is judged ---- */

typedef struct item {
    const gbl_baseline_entry *entry;
    gbl_origin from;
    gbl_scenario *s;
    int64_t seed;
    size_t n; /* replications */
} item;

static int parse_tolerance(const char *text, gbl_tolerance *t, gbl_arena *a, gbl_err *err)
{
    const char *eq = strchr(text, '=');
    size_t n = eq ? strlen(eq + 1) : 0;
    double percent = NAN;
    if (eq && eq != text && n > 1 && eq[n] == '%' && gbl_text_real(eq + 1, n - 1, &percent) == 0 && percent >= 0 && percent <= 1e6) {
        *t = (gbl_tolerance){gbl_arena_textn(a, text, (size_t)(eq - text)), percent / 100};
        return t->metric ? GBL_OK : gbl_nomem(err, 64);
    }
    gbl_fail(err, GBL_EINPUT, "cannot read --tolerance %s", text);
    gbl_where(err, "--tolerance");
    return gbl_expected(err, "--tolerance METRIC=X%%, as in ttft_ms.p99=5%%");
}

static const gbl_baseline_entry *entry_called(const gbl_baseline *b, const char *name, const char *file, gbl_err *err)
{
    enum { MOST = 256 };
    const char *known[MOST];
    size_t n = 0;
    for (; n < b->n && n < MOST; n++) known[n] = b->entry[n].name;
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->entry[i].name, name) == 0) return &b->entry[i];
    gbl_fail(err, GBL_EINPUT, "the baseline has no scenario '%s'", name);
    gbl_where(err, "%s", file);
    gbl_expected(err, "one of its %zu scenarios, known by \"name\"", b->n);
    gbl_nearest(err, gbl_near(name, known, n));
    return NULL;
}

/* --set name=... picks nothing where a lone entry or the baseline's own scenarios are judged: it may only say what holds. */
static int check_name(const item *x, const gate_opt *o, gbl_err *err)
{
    for (size_t i = 0; i < o->scene.set.n; i++) {
        if (strncmp(o->scene.set.item[i], "name=", 5) != 0 || strcmp(x->s->name, x->entry->name) == 0) continue;
        gbl_fail(err, GBL_EINPUT, "the scenario is called '%.100s' by --set, and '%.100s' in the baseline", x->s->name, x->entry->name);
        gbl_where(err, "--set %.200s", o->scene.set.item[i]);
        return gbl_expected(err, "the name that the baseline knows it by, or no --set name=");
    }
    return GBL_OK;
}

/* A file by its name in the baseline (a lone file against a lone entry needs none), or the entry's own scenario. */
static int open_item(item *x, size_t i, const gbl_call *call, const gbl_baseline *b, const gate_opt *o, gbl_err *err)
{
    const char *file = call->n_arg > 1 ? call->arg[i + 1] : NULL;
    int code = gbl_many_origin(&x->from, file, &o->scene, call->arena, err);
    x->entry = &b->entry[file ? 0 : i];
    if (!file) {
        x->from.text = x->entry->scenario;
        x->from.len = strlen(x->entry->scenario);
        x->from.name = gbl_arena_printf(call->arena, "%s, scenario '%s'", call->arg[0], x->entry->name);
    }
    if (!code) code = gbl_origin_open(&x->s, &x->from, err);
    if (!code) code = gbl_identity_repeats(x->s->trace, err);
    if (!code && file && (b->n > 1 || call->n_arg > 2)) {
        const char *name = gbl_baseline_name(x->s, file, call->arena);
        x->entry = name ? entry_called(b, name, file, err) : NULL;
        if (!x->entry) code = name ? err->code : gbl_nomem(err, 64);
    }
    if (!code) code = check_name(x, o, err);
    if (code) return code;
    x->seed = o->scene.seed != GBL_NULL_INT ? o->scene.seed : x->entry->seed;
    return GBL_OK;
}

static int check_inputs(const item *x, const char *baseline, gbl_err *err)
{
    gbl_doc *now = NULL;
    char words[400];
    int code = gbl_inputs_of(&now, x->s, err);
    if (!code && gbl_inputs_differ(x->entry->inputs, gbl_doc_root(now), words, sizeof words)) {
        gbl_fail(err, GBL_EINPUT, "the inputs of '%s' are not those of the baseline, so the policy is not judged: %s", x->entry->name, words);
        gbl_where(err, "%s", baseline);
        code = gbl_expected(err, "the same trace, model, cluster, cards and version, or a new baseline (gable baseline %s -o %s)", x->from.path ? x->from.path : "SCENARIO...", baseline);
    }
    gbl_doc_free(now);
    return code;
}

/* ---------------------------------------------------------------- what comes of it ---- */

typedef void page_fn(const gbl_gate *g, const char *why, FILE *to);

static int write_page(page_fn *page, const gbl_gate *g, const char *why, const char *path, gbl_err *err)
{
    FILE *spool = path ? gbl_spool_new(err) : NULL;
    if (!path) return GBL_OK;
    if (!spool) return err->code;
    page(g, why, spool);
    return gbl_spool_deliver(spool, path, err);
}

static int write_pages(const gate_opt *o, const gbl_gate *g, const char *why, gbl_err *err)
{
    int code = write_page(gbl_gate_junit, g, why, o->junit, err);
    return code ? code : write_page(gbl_gate_markdown, g, why, o->markdown, err);
}

/* Not a regression: CI still gets its files, which say why there is no verdict. */
static int refuse(const gate_opt *o, const gbl_err *reason, gbl_err *err)
{
    static const gbl_gate none;
    gbl_err other = {0};
    int code = write_pages(o, &none, reason->what, &other);
    *err = code ? other : *reason;
    return err->code;
}

static int verdict(const gbl_gate *g, const char *baseline, gbl_err *err)
{
    const gbl_judged *worst = NULL;
    for (size_t i = 0; i < g->n; i++)
        if (g->row[i].regressed && (!worst || g->row[i].worse > worst->worse)) worst = &g->row[i];
    if (!worst) return GBL_OK;
    gbl_fail(err, GBL_EREGRESSED, "%zu of %zu metrics regressed, %s of '%s' most: %.4g, was %.4g", g->regressed, g->n, worst->metric, worst->entry->name, worst->test.b, worst->test.a);
    gbl_where(err, "%s", baseline);
    return gbl_expected(err, "at most %g %% worse", 100 * worst->tolerance);
}

static int tell(const gate_opt *o, const gbl_gate *g, gbl_err *err)
{
    int code = write_pages(o, g, NULL, err);
    if (code) return code;
    if (!o->json) {
        gbl_gate_print(g, stdout);
        return GBL_OK;
    }
    gbl_json *j = gbl_json_new(2);
    if (j) gbl_gate_json(g, j);
    return gbl_output_json(j, err);
}

static int judge(const gbl_call *call, const gate_opt *o, const item *x, size_t n_items, int paired, const gbl_outcome *out, const char *const *metrics, size_t n_metrics,
                 const gbl_tolerance *t, gbl_err *err)
{
    gbl_gate g = {.confidence = 0.95, .paired = paired};
    const char **note = gbl_arena_take(call->arena, n_items * sizeof *note);
    g.row = gbl_arena_take(call->arena, n_items * n_metrics * sizeof *g.row);
    if (!note || !g.row) return gbl_nomem(err, n_items * n_metrics * sizeof *g.row);
    g.note = note;
    int code = GBL_OK;
    for (size_t i = 0, at = 0; i < n_items && !code; at += x[i++].n) {
        code = gbl_gate_add(&g, x[i].entry, out + at, x[i].n, metrics, n_metrics, t, o->tolerance.n, err);
        if (!code && gbl_outcomes_growth(out + at, x[i].n).growing == 1)
            note[i] = gbl_arena_printf(call->arena, "'%s' is unstable: its queue still grows, so its numbers hang on the length of the run", x[i].entry->name);
    }
    if (!code) code = gbl_gate_judge(&g, err);
    if (!code) code = tell(o, &g, err);
    return code ? code : verdict(&g, call->arg[0], err);
}

static int run_items(const gbl_call *call, const gate_opt *o, const gbl_baseline *b, item *x, size_t n_items, gbl_err *err)
{
    enum { MOST_METRICS = 128 };
    const char *metrics[MOST_METRICS];
    size_t n_metrics = 0, all = 0;
    gbl_tolerance *t = gbl_arena_take(call->arena, (o->tolerance.n + 1) * sizeof *t);
    int code = t ? GBL_OK : gbl_nomem(err, 64);
    for (size_t i = 0; i < o->tolerance.n && !code; i++) code = parse_tolerance(o->tolerance.item[i], &t[i], call->arena, err);
    if (!code) code = gbl_gate_metrics(metrics, MOST_METRICS, &n_metrics, b, t, o->tolerance.n, err);
    int paired = 1;
    for (size_t i = 0; i < n_items; i++) paired &= x[i].seed == x[i].entry->seed;
    for (size_t i = 0; i < n_items; i++) all += x[i].n = (paired ? 1 : GBL_GATE_MORE) * x[i].entry->n;
    gbl_job *jobs = code ? NULL : gbl_arena_take(call->arena, all * sizeof *jobs);
    gbl_outcome *out = code ? NULL : gbl_arena_take(call->arena, all * sizeof *out);
    if (!code && (!jobs || !out)) code = gbl_nomem(err, all * sizeof *out);
    if (code) return code;
    for (size_t i = 0, at = 0; i < n_items; i++)
        for (size_t k = 0; k < x[i].n; k++) jobs[at++] = (gbl_job){&x[i].from, x[i].seed + (int64_t)k, NAN, 0};
    gbl_run_options plain = {0};
    code = gbl_many_run(out, jobs, all, &o->many, &plain, GBL_KEEP_NONE, err);
    if (code) return code;
    code = judge(call, o, x, n_items, paired, out, metrics, n_metrics, t, err);
    gbl_outcomes_fini(out, all);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const gate_opt *o = call->opt;
    gbl_baseline *b = NULL;
    int code = gbl_baseline_read(&b, call->arg[0], err);
    size_t n = call->n_arg > 1 ? call->n_arg - 1 : b ? b->n : 0;
    item *x = gbl_arena_take(call->arena, (n + 1) * sizeof *x);
    if (!code && !x) code = gbl_nomem(err, n * sizeof *x);
    for (size_t i = 0; i < n && !code; i++) {
        code = open_item(&x[i], i, call, b, o, err);
        for (size_t k = 0; k < i && !code; k++) {
            if (x[k].entry != x[i].entry) continue;
            gbl_fail(err, GBL_EINPUT, "'%s' is given twice", x[i].entry->name);
            gbl_where(err, "%s and %s", call->arg[k + 1], call->arg[i + 1]);
            code = gbl_expected(err, "each scenario of the baseline at most once");
        }
        gbl_err reason = {0};
        if (!code && check_inputs(&x[i], call->arg[0], &reason)) code = refuse(o, &reason, err);
    }
    if (!code) code = run_items(call, o, b, x, n, err);
    for (size_t i = 0; x && i < n; i++)
        if (x[i].s) gbl_scenario_free(x[i].s);
    gbl_baseline_free(b);
    return code;
}

const gbl_command gbl_cmd_gate = {
    .name = "gate",
    .operands = "BASELINE.json [SCENARIO.json...]",
    .brief = "fail when a policy got worse than its baseline",
    .about = "Runs the scenarios again on the baseline's own seeds, paired. A metric has regressed when it is worse by more than the tolerance "
             "and the difference is significant at family-wise p < 0.001 (Holm, over all metrics of all scenarios). Files are matched by their "
             "\"name\"; without files the baseline's own scenarios run. Keys under engine and policy are what is judged; where the trace, model, "
             "cluster, cards or version differ from the baseline's, the gate says so (exit 2) and judges nothing. Exit: 0 holds, 3 regressed.",
    .example = {{"gable gate baseline.json chat.json --tolerance ttft_ms.p99=5%", "judge an edited scenario"},
                {"gable gate baseline.json --junit gate.xml --markdown gate.md", "for CI: every scenario of the baseline"}},
    .flags = flags,
    .opt_size = sizeof(gate_opt),
    .least = 1,
    .most = 1001,
    .run = run};
