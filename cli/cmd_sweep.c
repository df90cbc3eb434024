#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/face.h"
#include "cli/fleet.h"
#include "cli/output.h"
#include "cli/scene.h"
#include "reports/sweep_run.h"

typedef struct sweep_opt {
    gbl_scene_opt scene;
    const char *db, *shard;
    int64_t jobs, top;
    int32_t json, resume, requests, progress, rank;
} sweep_opt;

static const gbl_flag flags[] = {
    GBL_FLAG_SET(sweep_opt, scene),
    GBL_FLAG_SEED(sweep_opt, scene),
    GBL_FLAG_JSON(sweep_opt, json),
    GBL_FLAG_JOBS(sweep_opt, jobs),
    GBL_FLAG_DB(sweep_opt, db, "keep the runs in this SQLite store, each as soon as it is done; without it nothing is written"),
    GBL_FLAG_REQUESTS(sweep_opt, requests),
    {.row = {.name = "resume",
             .type = GBL_P_BOOL,
             .offset = offsetof(sweep_opt, resume),
             .dflt = "false",
             .help = "simulate only what the store does not hold yet: same scenario, seed, version and cards"}},
    {.row = {.name = "shard",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(sweep_opt, shard),
             .dflt = "null",
             .help = "only each Nth point, for one of N machines with a store each; `gable merge` joins them"},
     .arg = "K/N"},
    {.row = {.name = "rank",
             .type = GBL_P_CHOICE,
             .offset = offsetof(sweep_opt, rank),
             .dflt = "\"goodput\"",
             .choices = GBL_STAND_WORDS,
             .help = "the best by this comes first"},
     .arg = "METRIC"},
    {.row = {.name = "top",
             .type = GBL_P_INT,
             .offset = offsetof(sweep_opt, top),
             .dflt = "40",
             .low = 0,
             .high = 1000000,
             .help = "rows of the table; 0: all"},
     .arg = "N"},
    GBL_FLAG_PROGRESS(sweep_opt, progress),
    {.row = {.name = NULL}}};

static int interrupted(const gbl_swept *s, int kept, gbl_err *err)
{
    char what[256];
    if (kept)
        snprintf(what, sizeof what, "%zu of %zu points are in the store, --resume does the others", gbl_standings_size(s->standings),
                 s->points);
    else
        snprintf(what, sizeof what, "no result; with --db and --resume the points that are done would be kept");
    return gbl_signals_fail(err, what);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int print_json(gbl_standings *s, enum gbl_standing rank, gbl_err *err)
{
    FILE *spool = gbl_spool_new(err);
    if (!spool) return err->code;
    int code = gbl_standings_json(s, rank, spool, err);
    if (!code) return gbl_spool_deliver(spool, NULL, err);
    fclose(spool);
    return code;
}

static int print(const gbl_sweep *sweep, const gbl_swept *s, const sweep_opt *o, double seconds, gbl_err *err)
{
    if (o->json) return print_json(s->standings, (enum gbl_standing)o->rank, err);
    int code = gbl_standings_print(s->standings, (enum gbl_standing)o->rank, (size_t)o->top, stdout, err);
    if (!code && gbl_face_wanted(0)) code = gbl_standings_plot(s->standings, stdout, err);
    if (code) return code;
    printf("\n%zu point%s", s->points, s->points == 1 ? "" : "s");
    if (o->shard) printf(" of %zu in shard %s", gbl_sweep_size(sweep), o->shard);
    printf(": %zu simulated in %.1f s", s->simulated, seconds);
    if (o->resume) printf(", %zu were in the store", s->points - s->simulated);
    if (gbl_sweep_dropped(sweep)) printf("; %zu left out that equal another", gbl_sweep_dropped(sweep));
    putchar('\n');
    if (o->db) printf("sweep %" PRId64 " kept in %s\n", s->sweep, o->db);
    return GBL_OK;
}

static int check_flags(const sweep_opt *o, gbl_err *err)
{
    if (!o->db && o->resume) {
        gbl_fail(err, GBL_EINPUT, "--resume has no store to look into");
        return gbl_expected(err, "--resume together with --db FILE");
    }
    if (o->json && o->top != 40) {
        gbl_fail(err, GBL_EINPUT, "--top is not read: --json prints every point");
        return gbl_expected(err, "--top without --json");
    }
    if (!o->db && o->requests == GBL_KEEP_ALL) {
        gbl_fail(err, GBL_EINPUT, "--requests all has no store to keep them in");
        return gbl_expected(err, "--requests all together with --db FILE");
    }
    return GBL_OK;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const sweep_opt *o = call->opt;
    double start = now_s();
    const char **sets = NULL;
    size_t n = 0;
    gbl_sweep *sweep = NULL;
    gbl_swept swept = {0};
    gbl_sweep_ask ask = {.db = o->db,
                         .is_shard = o->shard != NULL,
                         .resume = o->resume,
                         .jobs = (int)o->jobs,
                         .requests = (enum gbl_keep_requests)o->requests,
                         .progress = (enum gbl_progress_mode)o->progress,
                         .stop = gbl_signals_flag()};
    int code = check_flags(o, err);
    if (!code) code = gbl_shard_read(&ask.shard, o->shard, err);
    if (!code) code = gbl_catalogue_there(call->arena, err);
    if (!code) code = gbl_scene_sets(&o->scene, call->arena, &sets, &n, err);
    if (!code) code = gbl_sweep_open(&sweep, call->arg[0], sets, n, err);
    if (!code) {
        ask.sweep = sweep;
        gbl_signals_catch();
        code = gbl_sweep_run(&swept, &ask, err);
        if (code == GBL_EINTERRUPT) code = interrupted(&swept, o->db != NULL, err);
    }
    if (!code) code = print(sweep, &swept, o, now_s() - start, err);
    gbl_swept_fini(&swept);
    gbl_sweep_free(sweep);
    return code;
}

const gbl_command gbl_cmd_sweep = {
    .name = "sweep",
    .operands = "SWEEP.json",
    .brief = "many runs: grids, lists and Latin hypercubes over any key of a scenario",
    .about = "Every point is checked before anything runs; then they run on all cores, and the table ranks them. A point is "
             "in the store as soon as it is done, and a sweep that was cut off goes on with --resume. The store holds the "
             "same for any -j, any split into shards and any interruption. "
             "Keys are dotted paths as in --set, which changes the scenario under the sweep.",
    .example = {{"gable sweep sweep.json -j 8 --db results.db --resume", "do what results.db does not hold yet"},
                {"gable sweep sweep.json --shard 2/16 --db shard-2.db", "the second of sixteen machines"}},
    .flags = flags,
    .opt_size = sizeof(sweep_opt),
    .least = 1,
    .most = 1,
    .run = run};
