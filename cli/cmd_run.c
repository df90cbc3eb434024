#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/face.h"
#include "cli/intervals.h"
#include "reports/keep.h"
#include "cli/many.h"
#include "cli/output.h"
#include "cli/scene.h"
#include "reports/identity.h"

typedef struct run_opt {
    gbl_scene_opt scene;
    gbl_many_opt many;
    int64_t replications; /* GBL_NULL_INT: one run, without intervals */
    int64_t intervals;    /* draws of the calibration; GBL_NULL_INT: none */
    int32_t json, exact, requests, itl_def, warmup;
} run_opt;
enum { ITL_VLLM, ITL_AIPERF };
enum { WARMUP_SCENARIO, WARMUP_AUTO };
/* An interval of 95 % lies between the 2.5th and the 97.5th percentile: of fewer draws these are the smallest and the largest. */
enum { MOST_REPLICATIONS = 10000, LEAST_DRAWS = 50 };

static const gbl_flag flags[] = {
    GBL_FLAG_SET(run_opt, scene),
    GBL_FLAG_SEED(run_opt, scene),
    GBL_FLAG_JSON(run_opt, json),
    {.row = {.name = "replications",
             .type = GBL_P_INT,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(run_opt, replications),
             .dflt = "null",
             .low = 1,
             .high = MOST_REPLICATIONS,
             .help = "run it under N seeds (seed to seed + N - 1) and print 95 % intervals"},
     .arg = "N"},
    {.row = {.name = "warmup",
             .type = GBL_P_CHOICE,
             .offset = offsetof(run_opt, warmup),
             .dflt = "\"scenario\"",
             .choices = "scenario|auto",
             .help = "with --replications: leave out run.warmup_s, or what MSER-5 finds in up to five trial runs"},
     .arg = "WHICH"},
    {.row = {.name = "intervals",
             .type = GBL_P_INT,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(run_opt, intervals),
             .dflt = "null",
             .low = LEAST_DRAWS,
             .high = MOST_REPLICATIONS,
             .help = "run it again under N draws of the calibration (from 50 on) and print how far its uncertainty reaches"},
     .arg = "N"},
    GBL_FLAG_MANY_JOBS(run_opt, many),
    GBL_FLAG_MANY_DB(run_opt, many),
    {.row = {.name = "requests",
             .type = GBL_P_CHOICE,
             .offset = offsetof(run_opt, requests),
             .dflt = "\"sample\"",
             .choices = "none|sample|all",
             .help = "which requests the store keeps; sample: at most 1,000, drawn by the seed"},
     .arg = "WHICH"},
    {.row = {.name = "exact",
             .type = GBL_P_BOOL,
             .offset = offsetof(run_opt, exact),
             .dflt = "false",
             .help = "recompute every aggregate at every step: slower, and the same answer to the last bit"}},
    {.row = {.name = "itl-def",
             .type = GBL_P_CHOICE,
             .offset = offsetof(run_opt, itl_def),
             .dflt = "\"vllm\"",
             .choices = "vllm|aiperf",
             .help = "inter-token latency as the pool of all single gaps, or as one mean a request"},
     .arg = "WHOSE"},
    GBL_FLAG_MANY_PROGRESS(run_opt, many),
    {.row = {.name = NULL}}};

static gbl_run_options options_of(const run_opt *o)
{
    return (gbl_run_options){.exact = o->exact,
                             .progress = (enum gbl_progress_mode)o->many.progress,
                             .itl_per_request = o->itl_def == ITL_AIPERF,
                             .stop = gbl_signals_flag()};
}

static int simulate(gbl_result **out, const gbl_scenario *s, const run_opt *o, gbl_keep *keep, gbl_face *face, gbl_err *err)
{
    gbl_run_options opt = options_of(o);
    if (keep) gbl_keep_listen(keep, &opt);
    if (gbl_face_wanted(o->json)) gbl_face_listen(face, &opt);
    gbl_signals_catch();
    int code = gbl_run(out, s, &opt, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM)
        code = gbl_signals_fail(err, keep ? "nothing was stored" : "no result");
    return code;
}

/* Draws of the calibration, before anything is stored: an interrupted run leaves nothing. */
static int sample(gbl_intervals **out, gbl_scenario *s, const run_opt *o, gbl_err *err)
{
    gbl_run_options opt = options_of(o);
    if (o->intervals == GBL_NULL_INT) return GBL_OK;
    int code = gbl_identity_repeats(s->trace, err);
    if (!code) code = gbl_intervals_new(out, s, o->intervals, &opt, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM) code = gbl_signals_fail(err, "nothing was stored");
    return code;
}

/* Two objects printed as one: the first's last brace gives way to the second's members. */
static int print_joined(gbl_json *a, gbl_json *b, int code, gbl_err *err)
{
    const char *object = code || !a ? NULL : gbl_json_text(a), *member = code || !b ? NULL : gbl_json_text(b);
    if (!code && (!object || !member)) code = gbl_nomem(err, 0);
    if (!code) printf("%.*s,%s\n", (int)(strlen(object) - 2), object, member + 1);
    gbl_json_free(a);
    gbl_json_free(b);
    return code;
}

static int print(const gbl_result *r, const gbl_intervals *v, int json, gbl_err *err)
{
    if (!json) {
        gbl_result_print(r, stdout);
        return v && gbl_intervals_print(v, r, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    }
    gbl_json *j = gbl_json_new(2);
    if (j) gbl_result_json(r, j);
    if (!v) return gbl_output_json(j, err);
    gbl_json *more = gbl_json_new(2);
    if (more) {
        gbl_json_obj(more, NULL);
        gbl_intervals_json(v, more);
        gbl_json_end(more);
    }
    return print_joined(j, more, GBL_OK, err);
}

/* ---------------------------------------------------------------- replications ---- */

/* The first run's object with one member more. */
static int splice(const gbl_result *first, const gbl_replication_report *r, gbl_err *err)
{
    gbl_json *a = gbl_json_new(2), *b = gbl_json_new(2);
    int code = a && b ? GBL_OK : gbl_nomem(err, 0);
    if (!code) {
        gbl_result_json(first, a);
        gbl_json_obj(b, NULL);
        code = gbl_replications_json(r, b, err);
        gbl_json_end(b);
    }
    return print_joined(a, b, code, err);
}

static int tell(const gbl_scenario *s, const gbl_replication_report *r, int json, gbl_err *err)
{
    if (json) return splice(r->outcome[0].result, r, err);
    printf("%s\n", s->name);
    return gbl_replications_print(r, stdout, err);
}

static void plan_jobs(gbl_job *jobs, size_t n, const gbl_origin *from, int64_t seed, double warmup_s, int requests)
{
    for (size_t i = 0; i < n; i++) jobs[i] = (gbl_job){from, seed + (int64_t)i, warmup_s, requests};
}

/* Trial runs, of which nothing is kept. */
static int find_warmup(gbl_outcome *out, gbl_job *jobs, size_t n, const run_opt *o, const gbl_origin *from, int64_t seed,
                       gbl_replication_report *r, gbl_err *err)
{
    enum { TRIALS = 5 };
    gbl_many_opt trial = o->many;
    gbl_run_options plain = {0};
    trial.db = NULL;
    n = n < TRIALS ? n : TRIALS;
    plan_jobs(jobs, n, from, seed, 0, 1);
    int code = gbl_many_run(out, jobs, n, &trial, &plain, GBL_KEEP_NONE, err);
    if (code) return code;
    code = gbl_warmup_find(out, n, &r->warmup_s, &r->settled, err);
    gbl_outcomes_fini(out, n);
    return code;
}

static int replicate_scenario(const gbl_call *call, const run_opt *o, const gbl_origin *from, const gbl_scenario *s, gbl_err *err)
{
    size_t n = (size_t)o->replications;
    gbl_run_options run = {.exact = o->exact, .itl_per_request = o->itl_def == ITL_AIPERF};
    int64_t seed = o->scene.seed != GBL_NULL_INT ? o->scene.seed : s->seed;
    gbl_job *jobs = gbl_arena_take(call->arena, n * sizeof *jobs);
    gbl_outcome *out = gbl_arena_take(call->arena, n * sizeof *out);
    if (!jobs || !out) return gbl_nomem(err, n * sizeof *out);
    gbl_replication_report r = {.outcome = out, .job = jobs, .n = n, .warmup_s = NAN, .confidence = 0.95};
    int code = o->warmup == WARMUP_AUTO ? find_warmup(out, jobs, n, o, from, seed, &r, err) : GBL_OK;
    if (code) return code;
    plan_jobs(jobs, n, from, seed, r.warmup_s, 0);
    jobs[0].requests = 1; /* for batch means, should the seed change nothing */
    code = gbl_many_run(out, jobs, n, &o->many, &run, (enum gbl_keep_requests)o->requests, err);
    if (!code) code = tell(s, &r, o->json, err);
    gbl_outcomes_fini(out, n);
    return code;
}

static int replicate(const gbl_call *call, const run_opt *o, gbl_err *err)
{
    gbl_origin from;
    gbl_scenario *s = NULL;
    int code = gbl_many_origin(&from, call->n_arg ? call->arg[0] : NULL, &o->scene, call->arena, err);
    if (!code) code = gbl_origin_open(&s, &from, err);
    if (code) return code;
    code = gbl_identity_repeats(s->trace, err);
    if (!code) code = replicate_scenario(call, o, &from, s, err);
    gbl_scenario_free(s);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const run_opt *o = call->opt;
    gbl_scenario *s = NULL;
    gbl_keep *keep = NULL;
    gbl_result *r = NULL;
    gbl_intervals *v = NULL;
    gbl_face face = {0};
    int64_t run_id = 0;
    int many = o->replications != GBL_NULL_INT;
    if (!o->many.db && o->requests == GBL_KEEP_ALL) {
        gbl_fail(err, GBL_EINPUT, "--requests all has no store to keep them in");
        return gbl_expected(err, "--requests all together with --db FILE");
    }
    if (o->warmup == WARMUP_AUTO && !many) {
        gbl_fail(err, GBL_EINPUT, "--warmup auto needs runs to look at");
        return gbl_expected(err, "--warmup auto together with --replications N");
    }
    if (many && o->intervals != GBL_NULL_INT) {
        gbl_fail(err, GBL_EINPUT, "--intervals and --replications are two questions");
        return gbl_expected(err, "draws of the calibration, or of the seed");
    }
    if (many) return replicate(call, o, err);
    int code = gbl_scene_open(&s, call->n_arg ? call->arg[0] : NULL, &o->scene, call->arena, err);
    if (!code && o->many.db) code = gbl_keep_open(&keep, o->many.db, (enum gbl_keep_requests)o->requests, s->seed, err);
    if (!code) code = simulate(&r, s, o, keep, &face, err);
    if (!code) code = sample(&v, s, o, err);
    if (!code && keep) code = gbl_keep_commit(keep, s, r, &run_id, err);
    if (!code && gbl_face_wanted(o->json)) gbl_face_summary(s, r, stdout);
    if (!code) code = print(r, v, o->json, err);
    if (!code && gbl_face_wanted(o->json)) gbl_face_series(&face, stdout);
    if (!code && keep && !o->json) printf("run %lld kept in %s\n", (long long)run_id, o->many.db);
    gbl_face_fini(&face);
    gbl_keep_close(keep);
    gbl_intervals_free(v);
    if (r) gbl_result_free(r);
    if (s) gbl_scenario_free(s);
    return code;
}

const gbl_command gbl_cmd_run = {
    .name = "run",
    .operands = "[SCENARIO.json]",
    .brief = "replay a scenario and print what its users would see",
    .about = "One simulation: latencies, throughput, goodput, utilisation and KV occupancy. Without a file it runs the "
             "shipped default; "
             "- reads the scenario from standard input. `gable schema scenario` prints every key with its default. "
             "With --replications, intervals over seeds, and whether the queue still grows.",
    .example = {{"gable run --set cluster.hardware=a100-80-sxm --set trace.rate_scale=2",
                 "the default at twice the load on another GPU"},
                {"gable run chat.json --db results.db --requests all --json",
                 "keep every request of a scenario, print one JSON object"}},
    .flags = flags,
    .opt_size = sizeof(run_opt),
    .most = 1,
    .run = run};
