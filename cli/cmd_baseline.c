#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/many.h"
#include "cli/output.h"
#include "reports/baseline.h"
#include "reports/identity.h"

typedef struct baseline_opt {
    gbl_scene_opt scene;
    gbl_many_opt many;
    const char *out;
    int64_t replications;
    int32_t json;
} baseline_opt;

static const gbl_flag flags[] = {
    {.row = {.name = "out",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(baseline_opt, out),
             .dflt = "null",
             .help = "write to this file, replaced whole at the end, instead of standard output"},
     .arg = "FILE",
     .letter = 'o'},
    {.row = {.name = "replications",
             .type = GBL_P_INT,
             .offset = offsetof(baseline_opt, replications),
             .dflt = "30",
             .low = GBL_BASELINE_LEAST,
             .high = 10000,
             .help = "seeds of each scenario: seed to seed + N - 1"},
     .arg = "N"},
    GBL_FLAG_SET(baseline_opt, scene),
    GBL_FLAG_SEED(baseline_opt, scene),
    GBL_FLAG_MANY_JOBS(baseline_opt, many),
    GBL_FLAG_MANY_DB(baseline_opt, many),
    GBL_FLAG_MANY_PROGRESS(baseline_opt, many),
    {.row = {.name = "json", .type = GBL_P_BOOL, .offset = offsetof(baseline_opt, json), .dflt = "false", .help = "changes nothing: a baseline is JSON"}},
    {.row = {.name = NULL}}};

typedef struct item {
    gbl_origin from;
    gbl_scenario *s;
    const char *name;
    int64_t seed;
} item;

static int open_items(item *x, const gbl_call *call, const baseline_opt *o, gbl_err *err)
{
    for (size_t i = 0; i < call->n_arg; i++) {
        int code = gbl_many_origin(&x[i].from, call->arg[i], &o->scene, call->arena, err);
        if (!code) code = gbl_origin_open(&x[i].s, &x[i].from, err);
        if (!code) code = gbl_identity_repeats(x[i].s->trace, err);
        if (code) return code;
        x[i].seed = x[i].s->seed = o->scene.seed != GBL_NULL_INT ? o->scene.seed : x[i].s->seed;
        if (!(x[i].name = gbl_baseline_name(x[i].s, call->arg[i], call->arena))) return gbl_nomem(err, 64);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(x[k].name, x[i].name) != 0) continue;
            gbl_fail(err, GBL_EINPUT, "two scenarios are called '%s'", x[i].name);
            gbl_where(err, "%s and %s", call->arg[k], call->arg[i]);
            return gbl_expected(err, "a \"name\" of its own in each, by which the gate will know it");
        }
    }
    return GBL_OK;
}

static int write_document(const item *x, size_t n_items, const gbl_outcome *out, size_t n, const char *path, gbl_err *err)
{
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "gable", "baseline/1");
    gbl_json_str(j, "version", GBL_VERSION);
    gbl_json_arr(j, "scenarios");
    int code = GBL_OK;
    for (size_t i = 0; i < n_items && !code; i++) code = gbl_baseline_entry_json(j, x[i].name, x[i].s, out + i * n, n, x[i].seed, err);
    gbl_json_end(j);
    gbl_json_end(j);
    const char *text = code ? NULL : gbl_json_text(j);
    if (!code && !text) code = gbl_nomem(err, 0);
    FILE *spool = code ? NULL : gbl_spool_new(err);
    if (spool) fprintf(spool, "%s\n", text);
    if (!code) code = spool ? gbl_spool_deliver(spool, path, err) : err->code;
    gbl_json_free(j);
    return code;
}

static void warn_unstable(const item *x, size_t n_items, const gbl_outcome *out, size_t n)
{
    for (size_t i = 0; i < n_items; i++)
        if (gbl_outcomes_growth(out + i * n, n).growing == 1) gbl_output_warn("'%s' is unstable: its queue still grows, so its numbers hang on the length of the run", x[i].name);
}

/* A replay without draws: the gate then takes any change for certain. */
static int warn_same(const item *x, size_t n_items, const gbl_outcome *out, size_t n, gbl_err *err)
{
    for (size_t i = 0; i < n_items; i++) {
        gbl_measures m;
        int code = gbl_measures_init(&m, out + i * n, n, err);
        if (code) return code;
        if (m.same) gbl_output_warn("the seed changes nothing in '%s': its %zu runs are equal, and the gate will take any difference for certain", x[i].name, n);
        gbl_measures_fini(&m);
    }
    return GBL_OK;
}

static int measure(const gbl_call *call, const baseline_opt *o, item *x, gbl_err *err)
{
    size_t n = (size_t)o->replications, all = n * call->n_arg;
    gbl_job *jobs = gbl_arena_take(call->arena, all * sizeof *jobs);
    gbl_outcome *out = gbl_arena_take(call->arena, all * sizeof *out);
    gbl_run_options plain = {0};
    if (!jobs || !out) return gbl_nomem(err, all * sizeof *out);
    for (size_t i = 0; i < all; i++) jobs[i] = (gbl_job){&x[i / n].from, x[i / n].seed + (int64_t)(i % n), NAN, 0};
    int code = gbl_many_run(out, jobs, all, &o->many, &plain, GBL_KEEP_NONE, err);
    if (code) return code;
    code = write_document(x, call->n_arg, out, n, o->out, err);
    if (!code) warn_unstable(x, call->n_arg, out, n);
    if (!code) code = warn_same(x, call->n_arg, out, n, err);
    gbl_outcomes_fini(out, all);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const baseline_opt *o = call->opt;
    item *x = gbl_arena_take(call->arena, call->n_arg * sizeof *x);
    int code = x ? open_items(x, call, o, err) : gbl_nomem(err, call->n_arg * sizeof *x);
    if (!code) code = measure(call, o, x, err);
    for (size_t i = 0; x && i < call->n_arg; i++)
        if (x[i].s) gbl_scenario_free(x[i].s);
    return code;
}

const gbl_command gbl_cmd_baseline = {
    .name = "baseline",
    .operands = "SCENARIO.json...",
    .brief = "write down what a policy is worth today, for gable gate",
    .about = "Runs each scenario under thirty seeds (at least ten) and writes their numbers, the scenarios, and hashes of what the numbers hang on into "
             "one small JSON file that belongs into git, beside the scenarios.",
    .example = {{"gable baseline chat.json code.json -o baseline.json", "two scenarios, thirty seeds each"}},
    .flags = flags,
    .opt_size = sizeof(baseline_opt),
    .least = 1,
    .most = 1000,
    .run = run};
