#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/many.h"
#include "cli/output.h"
#include "reports/claims.h"

typedef struct claims_opt {
    gbl_scene_opt scene;
    gbl_many_opt many;
    int32_t json, fresh;
} claims_opt;

static const gbl_flag flags[] = {
    GBL_FLAG_JSON(claims_opt, json),
    GBL_FLAG_MANY_JOBS(claims_opt, many),
    {.row = {.name = "fresh",
             .type = GBL_P_BOOL,
             .offset = offsetof(claims_opt, fresh),
             .dflt = "false",
             .help = "simulate everything anew instead of taking results from the cache"}},
    GBL_FLAG_DB(claims_opt, many.db, "keep the table in this SQLite store, table claim, made if it is not there"),
    GBL_FLAG_SET(claims_opt, scene),
    GBL_FLAG_SEED(claims_opt, scene),
    GBL_FLAG_MANY_PROGRESS(claims_opt, many),
    {.row = {.name = NULL}}};

static int print(const gbl_claims *c, int json, gbl_err *err)
{
    if (!json) return gbl_claims_print(c, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (j) gbl_claims_json(c, j);
    return gbl_output_json(j, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const claims_opt *o = call->opt;
    gbl_claims *c = NULL;
    const char **sets = NULL;
    gbl_claims_ask ask = {.key = call->arg,
                          .n_keys = call->n_arg,
                          .jobs = (int)o->many.threads,
                          .fresh = o->fresh,
                          .cache = gbl_claims_cache(call->arena),
                          .progress = (enum gbl_progress_mode)o->many.progress,
                          .stop = gbl_signals_flag()};
    if (gbl_catalogue_there(call->arena, err) || gbl_scene_sets(&o->scene, call->arena, &sets, &ask.n_sets, err)) return err->code;
    ask.sets = sets;
    gbl_signals_catch();
    int code = gbl_claims_solve(&c, &ask, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM) return gbl_signals_fail(err, "results so far are in the cache");
    if (!code && o->many.db) code = gbl_claims_keep(c, o->many.db, err);
    if (!code) code = print(c, o->json, err);
    gbl_claims_free(c);
    return code;
}

const gbl_command gbl_cmd_claims = {
    .name = "claims",
    .operands = "[KEY...]",
    .brief = "published results beside simulated ones",
    .about = "A KEY is a file of reports/claims (sarathi, vllm, ...) or the path of one; without any, all of them. Each claim has its "
             "source, its tolerance and a verdict: reproduced, direction (the effect is there, of another size), not (with the "
             "reason), or quality (nothing that a simulator of time can judge). A = marks values that were computed and not measured. Simulations run on all cores, and their results "
             "are kept in $XDG_CACHE_HOME/gable or ~/.cache/gable by the hash of program, scenario and cards.",
    .example = {{"gable claims sarathi", "what Sarathi-Serve published, and what comes out here"},
                {"gable claims --json --db results.db", "all claims as JSON, and kept in the store's table claim"}},
    .flags = flags,
    .opt_size = sizeof(claims_opt),
    .most = 256,
    .run = run};
