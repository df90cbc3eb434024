#include <string.h>

#include "cli/command.h"
#include "cli/keep.h"
#include "cli/output.h"
#include "cli/scene.h"

typedef struct run_opt {
    gbl_scene_opt scene;
    const char *db;
    int32_t json, exact, requests, itl_def, progress;
} run_opt;
enum { ITL_VLLM, ITL_AIPERF };

static const gbl_flag flags[] = {
    GBL_FLAG_SET(run_opt, scene),
    GBL_FLAG_SEED(run_opt, scene),
    GBL_FLAG_JSON(run_opt, json),
    {.row = {.name = "db",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(run_opt, db),
             .dflt = "null",
             .help = "keep the run in this SQLite store, made if it is not there; without it nothing is written"},
     .arg = "FILE"},
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
    {.row = {.name = "progress",
             .type = GBL_P_CHOICE,
             .offset = offsetof(run_opt, progress),
             .dflt = "\"auto\"",
             .choices = "auto|on|off",
             .help = "a progress line on stderr; auto: on a terminal only"},
     .arg = "WHEN"},
    {.row = {.name = NULL}}};

static int simulate(gbl_result **out, const gbl_scenario *s, const run_opt *o, gbl_keep *keep, gbl_err *err)
{
    gbl_run_options opt = {.exact = o->exact,
                           .progress = (enum gbl_progress_mode)o->progress,
                           .itl_per_request = o->itl_def == ITL_AIPERF,
                           .stop = gbl_signals_flag()};
    if (keep) gbl_keep_listen(keep, &opt);
    gbl_signals_catch();
    int code = gbl_run(out, s, &opt, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM)
        code = gbl_signals_fail(err, keep ? "nothing was stored" : "no result");
    return code;
}

static int print(const gbl_result *r, int json, gbl_err *err)
{
    if (!json) {
        gbl_result_print(r, stdout);
        return GBL_OK;
    }
    gbl_json *j = gbl_json_new(2);
    if (j) gbl_result_json(r, j);
    return gbl_output_json(j, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const run_opt *o = call->opt;
    gbl_scenario *s = NULL;
    gbl_keep *keep = NULL;
    gbl_result *r = NULL;
    int64_t run_id = 0;
    if (!o->db && o->requests == GBL_KEEP_ALL) {
        gbl_fail(err, GBL_EINPUT, "--requests all has no store to keep them in");
        return gbl_expected(err, "--requests all together with --db FILE");
    }
    int code = gbl_scene_open(&s, call->n_arg ? call->arg[0] : NULL, &o->scene, call->arena, err);
    if (!code && o->db) code = gbl_keep_open(&keep, o->db, (enum gbl_keep_requests)o->requests, s->seed, err);
    if (!code) code = simulate(&r, s, o, keep, err);
    if (!code && keep) code = gbl_keep_commit(keep, s, r, &run_id, err);
    if (!code) code = print(r, o->json, err);
    if (!code && keep && !o->json) printf("run %lld kept in %s\n", (long long)run_id, o->db);
    gbl_keep_close(keep);
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
             "- reads the scenario from standard input. `gable schema scenario` prints every key with its default.",
    .example = {{"gable run --set cluster.hardware=a100-80-sxm --set trace.rate_scale=2",
                 "the default at twice the load on another GPU"},
                {"gable run chat.json --db results.db --requests all --json",
                 "keep every request of a scenario, print one JSON object"}},
    .flags = flags,
    .opt_size = sizeof(run_opt),
    .most = 1,
    .run = run};
