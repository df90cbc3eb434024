#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/fleet.h"
#include "cli/keep_run.h"
#include "cli/output.h"
#include "cli/scene.h"
#include "reports/plan.h"
#include "reports/work.h"

typedef struct plan_opt {
    gbl_scene_opt scene;
    const char *db;
    int64_t jobs;
    int32_t json, exhaustive, progress;
} plan_opt;

static const gbl_flag flags[] = {
    GBL_FLAG_SET(plan_opt, scene),
    GBL_FLAG_SEED(plan_opt, scene),
    GBL_FLAG_JOBS(plan_opt, jobs),
    {.row = {.name = "exhaustive",
             .type = GBL_P_BOOL,
             .offset = offsetof(plan_opt, exhaustive),
             .dflt = "false",
             .help = "run every fleet of the grid instead of bounding and bisecting: the same best one, many times the runs"}},
    GBL_FLAG_DB(plan_opt, db, "keep the run of the answer in this SQLite store"),
    GBL_FLAG_JSON(plan_opt, json),
    GBL_FLAG_PROGRESS(plan_opt, progress),
    {.row = {.name = NULL}}};

static int keep_answer(gbl_planner *p, const char *db, gbl_err *err)
{
    gbl_scenario *s = NULL;
    int64_t run_id;
    int code = gbl_plan_scenario(p, &s, err);
    if (!code && s) code = gbl_keep_run(db, s, &run_id, err);
    gbl_scenario_free(s);
    return code;
}

static int print(gbl_planner *p, int json, gbl_err *err)
{
    if (!json) return gbl_plan_print(p, stdout, err);
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    int code = gbl_plan_json(p, j, err);
    if (!code) return gbl_output_json(j, err);
    gbl_json_free(j);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const plan_opt *o = call->opt;
    gbl_planner *p = NULL;
    gbl_plan_ask ask = {.path = call->arg[0],
                        .sets = o->scene.set.item,
                        .n_sets = o->scene.set.n,
                        .seed = o->scene.seed,
                        .workers = o->jobs == 0 ? gbl_work_cores() : (int)o->jobs,
                        .exhaustive = o->exhaustive,
                        .progress = (enum gbl_progress_mode)o->progress,
                        .stop = gbl_signals_flag()};
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    gbl_signals_catch();
    int code = gbl_plan_solve(&p, &ask, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM) code = gbl_signals_fail(err, "no answer");
    if (!code && o->db) code = keep_answer(p, o->db, err);
    if (!code) code = print(p, o->json, err);
    if (!code && !gbl_plan_feasible(p)) code = gbl_fail(err, GBL_EINFEASIBLE, "infeasible: nothing among the choices holds the SLO");
    gbl_plan_free(p);
    return code;
}

const gbl_command gbl_cmd_plan = {
    .name = "plan",
    .operands = "PLAN.json",
    .brief = "the largest rate under an SLO, or the smallest fleet for a trace",
    .about = "PLAN.json: {\"gable\": \"plan/1\", \"scenario\": {...} or path, \"slo\": {...}, \"find\": \"rate\" or \"fleet\", "
             "\"choices\": {\"cluster.hardware\": [...], ...}}. Bounds of the SLO hold together: ttft_ms, tpot_ms, itl_ms, "
             "e2el_ms for `attain` of the injected requests, or statistics such as ttft_p99_ms. A fleet of several kinds: "
             "\"mix\": {\"hardware\": [...], \"most_replicas\": 6} beside the choices. Prints the best, what binds it, "
             "what a perfect system could do, and the frontier of dollars a token against latency. Exit 4: infeasible, with the "
             "binding constraint and the nearest SLO that would hold.",
    .example = {{"gable plan rate.json --seed 2", "the largest sustainable rate, by bisection in steps of 2.5 %"},
                {"gable plan fleet.json --json -j 8", "the cheapest fleet, as one JSON object"}},
    .flags = flags,
    .opt_size = sizeof(plan_opt),
    .least = 1,
    .most = 1,
    .run = run};
