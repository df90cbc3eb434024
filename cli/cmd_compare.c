#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/many.h"
#include "cli/output.h"
#include "reports/compare.h"
#include "reports/identity.h"
#include "reports/stored.h"

typedef struct compare_opt {
    gbl_scene_opt scene;
    gbl_many_opt many;
    gbl_texts metric;
    int64_t replications;
    const char *task;
    double most_loss;
    int32_t json;
} compare_opt;

static const gbl_flag flags[] = {
    {.row = {.name = "metric",
             .type = GBL_P_STR,
             .offset = offsetof(compare_opt, metric),
             .help = "compare this number of `gable run --json`, as in ttft_ms.p99, instead of the usual ones"},
     .arg = "NAME",
     .letter = 'm',
     .repeat = 1},
    {.row = {.name = "replications",
             .type = GBL_P_INT,
             .offset = offsetof(compare_opt, replications),
             .dflt = "10",
             .low = 2,
             .high = 10000,
             .help = "seeds that both run under: seed to seed + N - 1"},
     .arg = "N"},
    {.row = {.name = "most-loss",
             .type = GBL_P_REAL,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(compare_opt, most_loss),
             .dflt = "null",
             .low = 0,
             .high = 1,
             .unit = "share",
             .help = "hold quality: refuse a side whose compression loses more by its published rows, or has none"},
     .arg = "X"},
    {.row = {.name = "task",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(compare_opt, task),
             .dflt = "null",
             .help = "benchmark that quality is judged by, as in LongBench; without it whatever was measured"},
     .arg = "NAME"},
    GBL_FLAG_SET(compare_opt, scene),
    GBL_FLAG_SEED(compare_opt, scene),
    GBL_FLAG_MANY_JOBS(compare_opt, many),
    GBL_FLAG_MANY_DB(compare_opt, many),
    GBL_FLAG_MANY_PROGRESS(compare_opt, many),
    GBL_FLAG_JSON(compare_opt, json),
    {.row = {.name = NULL}}};

typedef struct side {
    gbl_origin from;
    gbl_scenario *s;
} side;

/* A number is a run of the store, whose scenario is run again. */
static int open_side(side *x, const char *arg, const compare_opt *o, int *stored, gbl_arena *a, gbl_err *err)
{
    int64_t id;
    int number = gbl_text_int(arg, strlen(arg), &id) == 0;
    if (number && !o->many.db) {
        gbl_fail(err, GBL_EINPUT, "run %s of which store?", arg);
        return gbl_expected(err, "--db FILE beside the number of a run, or a scenario file (./%s for one of that name)", arg);
    }
    int code = gbl_many_origin(&x->from, number ? NULL : arg, &o->scene, a, err);
    if (!code && number) {
        *stored = 1;
        code = gbl_stored_scenario(o->many.db, id, &x->from.text, &x->from.len, a, err);
        x->from.name = gbl_arena_printf(a, "%s (run %" PRId64 ")", o->many.db, id);
        if (!code && !x->from.name) code = gbl_nomem(err, 64);
    }
    if (!code) code = gbl_origin_open(&x->s, &x->from, err);
    return code ? code : gbl_identity_repeats(x->s->trace, err);
}

/* The same trace object means the same requests under one seed. */
static int same_work(const gbl_scenario *a, const gbl_scenario *b)
{
    gbl_err none;
    gbl_json *x = gbl_json_new(0), *y = gbl_json_new(0);
    int same = 0;
    if (x && y && !gbl_trace_json(a->trace, NULL, x, &none) && !gbl_trace_json(b->trace, NULL, y, &none)) {
        const char *p = gbl_json_text(x), *q = gbl_json_text(y);
        same = p && q && strcmp(p, q) == 0;
    }
    gbl_json_free(x);
    gbl_json_free(y);
    return same;
}

/* A speed stands with its quality: each side's published loss, and none above what is held. */
static int hold_quality(const side x[2], const compare_opt *o, gbl_err *err)
{
    if (o->task && gbl_kv_quality_task(o->task, err)) return gbl_where(err, "--task");
    if (o->task && isnan(o->most_loss)) {
        gbl_fail(err, GBL_EINPUT, "--task is not read: no loss of quality is held");
        return gbl_expected(err, "--task together with --most-loss X");
    }
    for (int k = 0; k < 2 && !isnan(o->most_loss); k++) {
        gbl_kv_loss l = gbl_kv_loss_of(x[k].s->compress, o->task);
        if (l.share <= o->most_loss) continue;
        gbl_fail(err, GBL_EINPUT, "%c: %s", 'A' + k, l.says);
        return gbl_expected(err, "compression that loses at most %g %% by published rows (--most-loss)", 100 * o->most_loss);
    }
    return GBL_OK;
}

static int tell(const gbl_compared *rows, size_t m, const gbl_comparison *c, const side x[2], const gbl_job *jobs, const compare_opt *o, gbl_err *err)
{
    if (o->json) {
        gbl_json *j = gbl_json_new(2);
        if (j) gbl_compare_json(rows, m, j);
        return gbl_output_json(j, err);
    }
    static const char *const label[] = {"A", "B"};
    for (int k = 0; k < 2; k++) {
        gbl_growth g = gbl_outcomes_growth(k ? c->b : c->a, c->n);
        printf("%s  %s%s%s\n", label[k], x[k].from.path ? x[k].from.path : x[k].from.name, x[k].s->name[0] ? ": " : "", x[k].s->name);
        if (x[k].s->compress) printf("   quality: %s\n", gbl_kv_loss_of(x[k].s->compress, o->task).says);
        if (g.growing == 1) printf("   unstable: its queue still grows, so its numbers hang on the length of the run\n");
    }
    printf("%zu seeds, %" PRId64 " to %" PRId64 "\n\n", c->n, jobs[0].seed, jobs[c->n - 1].seed);
    gbl_compare_print(rows, m, c, stdout);
    return GBL_OK;
}

static int compare_sides(const gbl_call *call, const compare_opt *o, side x[2], int stored, gbl_err *err)
{
    size_t n = (size_t)o->replications, m = o->metric.n;
    const char *const *metrics = o->metric.item;
    if (!m)
        for (metrics = gbl_metric_compared; metrics[m];) m++;
    gbl_job *jobs = gbl_arena_take(call->arena, 2 * n * sizeof *jobs);
    gbl_outcome *out = gbl_arena_take(call->arena, 2 * n * sizeof *out);
    gbl_compared *rows = gbl_arena_take(call->arena, m * sizeof *rows);
    if (!jobs || !out || !rows) return gbl_nomem(err, 2 * n * sizeof *out);
    int64_t seed = o->scene.seed != GBL_NULL_INT ? o->scene.seed : x[0].s->seed;
    for (size_t i = 0; i < 2 * n; i++)
        jobs[i] = (gbl_job){&x[i / n].from, seed + (int64_t)(i % n), NAN, i % n == 0};
    gbl_many_opt many = o->many;
    gbl_run_options plain = {0};
    if (stored) many.db = NULL; /* the store is read, then */
    int code = gbl_many_run(out, jobs, 2 * n, &many, &plain, GBL_KEEP_NONE, err);
    if (code) return code;
    gbl_comparison c = {.a = out, .b = out + n, .n = n, .same_work = same_work(x[0].s, x[1].s), .confidence = 0.95};
    code = gbl_compare(rows, &c, metrics, m, err);
    if (!code) code = tell(rows, m, &c, x, jobs, o, err);
    gbl_outcomes_fini(out, 2 * n);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const compare_opt *o = call->opt;
    side x[2] = {{{0}, NULL}, {{0}, NULL}};
    int stored = 0, code = GBL_OK;
    if (strcmp(call->arg[0], "-") == 0 && strcmp(call->arg[1], "-") == 0) {
        gbl_fail(err, GBL_EINPUT, "A and B cannot both be standard input");
        return gbl_expected(err, "a file for one of them");
    }
    for (int k = 0; k < 2 && !code; k++) code = open_side(&x[k], call->arg[k], o, &stored, call->arena, err);
    if (!code) code = hold_quality(x, o, err);
    if (!code) code = compare_sides(call, o, x, stored, err);
    for (int k = 0; k < 2; k++)
        if (x[k].s) gbl_scenario_free(x[k].s);
    return code;
}

const gbl_command gbl_cmd_compare = {
    .name = "compare",
    .operands = "A B",
    .brief = "what changes from scenario A to B, with intervals and p-values",
    .about = "Both run under the same seeds, so they see the same requests; --seed and --set hold for both. Each metric's difference comes "
             "with a 95 % interval, an effect size (the mean difference over its deviation) and a p-value, corrected after Holm for the number "
             "of metrics. By seeds: paired t. By requests, where the trace is replayed and seeds change nothing: paired by request, in 30 "
             "stretches. Exact: certain in this replay. A and B may be numbers of runs in the store of --db: their scenarios run again, and "
             "the store is only read.",
    .example = {{"gable compare chunked.json prefill_first.json", "two policies on ten seeds"},
                {"gable compare 3 4 --db results.db --metric ttft_ms.p99 --json", "two stored scenarios, one metric"}},
    .flags = flags,
    .opt_size = sizeof(compare_opt),
    .least = 2,
    .most = 2,
    .run = run};
