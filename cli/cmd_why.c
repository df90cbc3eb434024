#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/face.h"
#include "cli/output.h"
#include "cli/scene.h"
#include "reports/stored.h"
#include "reports/why.h"

typedef struct why_opt {
    gbl_scene_opt scene;
    const char *db, *scenario;
    int32_t json;
} why_opt;

static const char default_db[] = "results.db";

static const gbl_flag flags[] = {
    {.row = {.name = "db",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(why_opt, db),
             .dflt = "null",
             .help = "the store to read; without it results.db where there is one"},
     .arg = "FILE"},
    {.row = {.name = "scenario",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(why_opt, scenario),
             .dflt = "null",
             .help = "simulate this scenario now instead of reading a store; the operand is then a REQUEST"},
     .arg = "FILE"},
    GBL_FLAG_SET(why_opt, scene),
    GBL_FLAG_SEED(why_opt, scene),
    GBL_FLAG_JSON(why_opt, json),
    {.row = {.name = NULL}}};

static int number(const gbl_call *call, size_t i, int64_t least, const char *what, int64_t *out, gbl_err *err)
{
    if (i >= call->n_arg) return GBL_OK;
    const char *text = call->arg[i];
    if (gbl_text_int(text, strlen(text), out) == 0 && *out >= least) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "%s is not the number of a %s", text, what);
    return gbl_expected(err, least ? "a whole number from 1: gable sql 'SELECT id, name FROM run'; a scenario's file goes to --scenario"
                                   : "the serial of a request, from 0");
}

static int on_request(void *to, const gbl_life *life, gbl_err *err)
{
    return gbl_why_add(to, life, err);
}

static int simulate(gbl_why **out, gbl_face *face, const why_opt *o, gbl_arena *a, gbl_err *err)
{
    gbl_scenario *s = NULL;
    gbl_result *r = NULL;
    int code = gbl_scene_open(&s, o->scenario, &o->scene, a, err);
    if (!code) code = gbl_why_new(out, s->name, err);
    if (!code) {
        gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .stop = gbl_signals_flag(), .on_request = on_request, .to = *out};
        if (gbl_face_wanted(o->json)) gbl_face_listen(face, &opt);
        gbl_signals_catch();
        code = gbl_run(&r, s, &opt, err);
        if (code == GBL_EINTERRUPT || code == GBL_ETERM) code = gbl_signals_fail(err, "no result");
    }
    if (r) gbl_result_free(r);
    gbl_scenario_free(s);
    return code;
}

static int print(const gbl_why *w, const gbl_life *one, int json, gbl_err *err)
{
    if (!json) {
        int bad = one ? gbl_why_request_print(w, one, stdout) : gbl_why_print(w, stdout);
        return bad ? gbl_nomem(err, 0) : GBL_OK;
    }
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    if (one) gbl_why_request_json(w, one, j);
    else gbl_why_json(w, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const why_opt *o = call->opt;
    int changed = o->scenario || o->scene.set.n || o->scene.seed != GBL_NULL_INT;
    if (changed && o->db) {
        gbl_fail(err, GBL_EINPUT, "--db reads a run that is over, so there is no scenario to choose or change");
        return gbl_expected(err, "--db, or --scenario, --set and --seed");
    }
    int live = changed || (!o->db && !call->n_arg && access(default_db, F_OK) != 0);
    if (live && call->n_arg > 1) {
        gbl_fail(err, GBL_EINPUT, "one operand too many for gable why --scenario: %s", call->arg[1]);
        return gbl_expected(err, "gable why --scenario FILE [REQUEST]");
    }
    int64_t run_id = 0, serial = -1;
    const gbl_life *one = NULL;
    gbl_why *w = NULL;
    gbl_face face = {0};
    int code = live ? number(call, 0, 0, "request", &serial, err) : number(call, 0, 1, "run", &run_id, err);
    if (!code && !live) code = number(call, 1, 0, "request", &serial, err);
    if (!code) code = live ? simulate(&w, &face, o, call->arena, err) : gbl_why_read(&w, o->db ? o->db : default_db, run_id, err);
    if (!code) code = gbl_why_sort(w, err);
    if (!code && serial >= 0 && !(one = gbl_why_request(w, serial, err))) code = err->code;
    if (!code) code = print(w, one, o->json, err);
    if (!code && !one && gbl_face_wanted(o->json)) {
        if (!live) code = gbl_stored_timeline(o->db ? o->db : default_db, run_id, gbl_face_sample, &face, err);
        if (!code) gbl_face_series(&face, stdout);
    }
    gbl_face_fini(&face);
    gbl_why_free(w);
    return code;
}

const gbl_command gbl_cmd_why = {
    .name = "why",
    .operands = "[RUN] [REQUEST]",
    .brief = "where the time of requests went, to the nanosecond",
    .about = "Front end, queue, prefill and decode by what bound their steps (SM, HBM, link, host), transfers waited for, "
             "preemption: the parts add up to the end-to-end latency exactly. RUN is the number of a run in the store, the "
             "newest one without it; REQUEST the serial of one of its requests. Without a store, or with --scenario, it "
             "simulates now. In SQL: the views request_part and time_went.",
    .example = {{"gable why --scenario chat.json --set policy.schedule=prefill_first", "simulate, and divide the time"},
                {"gable why 3 17 --db sweep.db --json", "request 17 of run 3 of a store"}},
    .flags = flags,
    .opt_size = sizeof(why_opt),
    .most = 2,
    .run = run};
