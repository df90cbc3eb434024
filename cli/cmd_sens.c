#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/fleet.h"
#include "cli/keep_run.h"
#include "cli/output.h"
#include "cli/scene.h"
#include "reports/sens.h"
#include "reports/work.h"

typedef struct sens_opt {
    gbl_scene_opt scene;
    int64_t jobs, sobol;
    double step;
    const char *db;
    int32_t json, metric, progress;
} sens_opt;

enum { METRIC_DRAWN = 4 }; /* without --metric: e2el_ms.mean of its choices */

static const gbl_flag flags[] = {
    GBL_FLAG_SET(sens_opt, scene),
    GBL_FLAG_SEED(sens_opt, scene),
    {.row = {.name = "step",
             .type = GBL_P_REAL,
             .offset = offsetof(sens_opt, step),
             .dflt = "0.1",
             .low = 0.001,
             .high = 0.5,
             .unit = "share",
             .help = "how far each input is moved up and down"},
     .arg = "X"},
    {.row = {.name = "metric",
             .type = GBL_P_CHOICE,
             .offset = offsetof(sens_opt, metric),
             .dflt = "\"e2el_ms.mean\"",
             .choices = "ttft_ms.p50|ttft_ms.p99|tpot_ms.p50|tpot_ms.p99|e2el_ms.mean|throughput.output_tok_s|goodput.request_s",
             .help = "whose bars are drawn"},
     .arg = "NAME"},
    {.row = {.name = "sobol",
             .type = GBL_P_INT,
             .offset = offsetof(sens_opt, sobol),
             .dflt = "0",
             .low = 0,
             .high = 100000,
             .help = "also first-order Sobol indices, from N (inputs + 2) more runs, N from 32 on; 0: none"},
     .arg = "N"},
    GBL_FLAG_JOBS(sens_opt, jobs),
    GBL_FLAG_DB(sens_opt, db, "keep the run of the scenario itself and the answer in this SQLite store"),
    GBL_FLAG_JSON(sens_opt, json),
    GBL_FLAG_PROGRESS(sens_opt, progress),
    {.row = {.name = NULL}}};

static int keep_answer(const gbl_call *call, const sens_opt *o, const gbl_sens *answer, gbl_err *err)
{
    int64_t run_id;
    gbl_scenario *s = NULL;
    if (call->n_arg && call->arg[0][0] == '-' && !call->arg[0][1]) {
        gbl_fail(err, GBL_EINPUT, "--db runs the scenario once more, so it cannot come from standard input");
        return gbl_expected(err, "the path of a file");
    }
    int code = gbl_scene_open(&s, call->n_arg ? call->arg[0] : NULL, &o->scene, call->arena, err);
    if (!code) code = gbl_keep_run(o->db, s, &run_id, err);
    if (!code) code = gbl_sens_keep(answer, o->db, run_id, err);
    gbl_scenario_free(s);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const sens_opt *o = call->opt;
    gbl_sens *s = gbl_arena_take(call->arena, sizeof *s);
    gbl_sens_ask ask = {.path = call->n_arg ? call->arg[0] : NULL,
                        .sets = o->scene.set.item,
                        .n_sets = o->scene.set.n,
                        .seed = o->scene.seed,
                        .sobol = o->sobol,
                        .step = o->step,
                        .workers = o->jobs == 0 ? gbl_work_cores() : (int)o->jobs,
                        .progress = (enum gbl_progress_mode)o->progress,
                        .stop = gbl_signals_flag()};
    if (!s) return gbl_nomem(err, sizeof *s);
    if (o->json && o->metric != METRIC_DRAWN) {
        gbl_fail(err, GBL_EINPUT, "--metric is not read: --json has the elasticities of every metric");
        return gbl_expected(err, "--metric without --json");
    }
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    gbl_signals_catch();
    int code = gbl_sens_solve(s, &ask, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM) return gbl_signals_fail(err, "no answer");
    if (!code && o->db) code = keep_answer(call, o, s, err);
    if (code) return code;
    if (!o->json) return gbl_sens_print(s, o->metric, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (j) gbl_sens_json(s, j);
    return gbl_output_json(j, err);
}

const gbl_command gbl_cmd_sens = {
    .name = "sens",
    .operands = "[SCENARIO.json]",
    .brief = "what the metrics hang on: resources, KV bytes, load",
    .about = "Each input is moved 10 % up and down with the same arrivals and draws; an elasticity of -0.6 says that 1 % more of "
             "the input makes the metric 0.6 % smaller. An input that changes nothing is called not used. With --sobol N also the share "
             "of each metric's variance when all inputs vary at once.",
    .example = {{"gable sens chat.json --metric ttft_ms.p99", "a tornado of the tail of TTFT"},
                {"gable sens chat.json --sobol 64 --json", "elasticities and Sobol indices as one JSON object"}},
    .flags = flags,
    .opt_size = sizeof(sens_opt),
    .most = 1,
    .run = run};
