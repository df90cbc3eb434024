#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/fleet.h"
#include "reports/keep.h"
#include "cli/output.h"
#include "cli/scene.h"
#include "reports/ledger.h"
#include "reports/standings.h"
#include "reports/work.h"

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

static const char *const requests_word[] = {"none", "sample", "all"};

/* One sweep under way. Workers see it as it was when they were forked. */
typedef struct fleet {
    const sweep_opt *o;
    gbl_shard shard;
    gbl_sweep *sweep;
    gbl_store *store;
    gbl_ledger *ledger;
    gbl_standings *standings;
    size_t *todo; /* points */
    size_t n_todo, n_shard, kept;
} fleet;

/* ---------------------------------------------------------------- in a worker ---- */

/* The answer of a point: the length of the result's text, the text, and, where there is a store, the record. */
static int answer(FILE *out, const gbl_result *r, gbl_err *err)
{
    gbl_json *j = gbl_json_new(0);
    if (j) gbl_result_json(r, j);
    const char *text = j ? gbl_json_text(j) : NULL;
    size_t n = text ? strlen(text) : 0;
    int code = text ? GBL_OK : gbl_nomem(err, 0);
    if (!code && (fwrite(&n, sizeof n, 1, out) != 1 || fwrite(text, 1, n, out) != n))
        code = gbl_fail(err, GBL_EFAULT, "cannot write to a temporary file");
    gbl_json_free(j);
    return code;
}

static int simulate(void *to, size_t i, FILE *out, gbl_err *err)
{
    const fleet *f = to;
    gbl_scenario *s = NULL;
    gbl_keep *keep = NULL;
    gbl_result *r = NULL;
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF};
    int64_t run;
    int code = gbl_sweep_scenario(f->sweep, f->todo[i], &s, err);
    if (!code && f->store)
        code = gbl_keep_record(&keep, out, (enum gbl_keep_requests)f->o->requests, s->seed, err);
    if (!code && keep) gbl_keep_listen(keep, &opt);
    if (!code) code = gbl_run(&r, s, &opt, err);
    if (!code) code = answer(out, r, err);
    if (!code && keep) code = gbl_keep_commit(keep, s, r, &run, err);
    gbl_keep_close(keep);
    if (r) gbl_result_free(r);
    gbl_scenario_free(s);
    return code;
}

/* ---------------------------------------------------------------- in the command ---- */

static int take(void *to, size_t i, FILE *in, gbl_err *err)
{
    fleet *f = to;
    size_t n, point = f->todo[i];
    int64_t run = 0;
    char *text = NULL;
    int code = GBL_OK;
    if (fread(&n, sizeof n, 1, in) != 1 || !(text = gbl_alloc(n + 1, 1)) || fread(text, 1, n, in) != n)
        code = gbl_fail(err, GBL_EFAULT, "cannot read back a temporary file");
    if (!code && f->ledger) code = gbl_ledger_keep(f->ledger, point, in, &run, err);
    f->kept += !code && f->ledger;
    if (!code) code = gbl_standings_add(f->standings, point, run, text, err);
    gbl_free(text);
    return code;
}

static int wanted(void *to, size_t point)
{
    const fleet *f = to;
    return gbl_shard_has(&f->shard, point);
}

static int found(void *to, size_t point, int64_t run, const char *result_json, gbl_err *err)
{
    fleet *f = to;
    return gbl_standings_add(f->standings, point, run, result_json, err);
}

static int read_sweep(fleet *f, const gbl_call *call, gbl_err *err)
{
    int code = gbl_catalogue_there(call->arena, err);
    const char **sets = NULL;
    size_t n = 0;
    if (!code) code = gbl_scene_sets(&f->o->scene, call->arena, &sets, &n, err);
    if (!code) code = gbl_sweep_open(&f->sweep, call->arg[0], sets, n, err);
    return code ? code : gbl_standings_new(&f->standings, f->sweep, err);
}

/* The store is written to once before anything runs, so that one that cannot be says so now. */
static int open_store(fleet *f, gbl_err *err)
{
    int flags_of = GBL_STORE_WRITE | (f->o->shard ? GBL_STORE_SHARD : 0);
    int code = gbl_store_open(&f->store, f->o->db, flags_of, err);
    if (!code && !(code = gbl_store_enter(f->store, err))) gbl_store_rollback(f->store);
    if (!code) code = gbl_ledger_open(&f->ledger, f->store, f->sweep, requests_word[f->o->requests], err);
    if (!code && f->o->resume) code = gbl_ledger_resume(f->ledger, wanted, found, f, err);
    return code;
}

static int list_points(fleet *f, gbl_err *err)
{
    size_t n = gbl_sweep_size(f->sweep);
    f->todo = gbl_alloc(n, sizeof *f->todo);
    if (!f->todo) return gbl_nomem(err, n * sizeof *f->todo);
    for (size_t i = 0; i < n; i++) {
        if (!gbl_shard_has(&f->shard, i)) continue;
        f->n_shard++;
        if (!gbl_standings_has(f->standings, i)) f->todo[f->n_todo++] = i;
    }
    return GBL_OK;
}

static int interrupted(const fleet *f, gbl_err *err)
{
    char what[256];
    size_t done = gbl_standings_size(f->standings);
    if (f->store)
        snprintf(what, sizeof what, "%zu of %zu points are in the store, --resume does the others", done, f->n_shard);
    else
        snprintf(what, sizeof what, "no result; with --db and --resume the points that are done would be kept");
    return gbl_signals_fail(err, what);
}

static int work(fleet *f, gbl_err *err)
{
    gbl_work w = {.tasks = f->n_todo,
                  .jobs = (int)f->o->jobs,
                  .what = "sweep",
                  .progress = (enum gbl_progress_mode)f->o->progress,
                  .stop = gbl_signals_flag(),
                  .task = simulate,
                  .done = take,
                  .to = f};
    size_t failed;
    gbl_signals_catch();
    int code = gbl_work_run(&w, &failed, err);
    if (code == GBL_EINTERRUPT) return interrupted(f, err);
    if (code && failed < f->n_todo) gbl_sweep_where(f->sweep, f->todo[failed], err);
    if (!code && f->ledger) code = gbl_ledger_settle(f->ledger, err);
    return code;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int print(fleet *f, double seconds, gbl_err *err)
{
    const sweep_opt *o = f->o;
    if (o->json) {
        FILE *spool = gbl_spool_new(err);
        if (!spool) return err->code;
        int code = gbl_standings_json(f->standings, (enum gbl_standing)o->rank, spool, err);
        if (!code) return gbl_spool_deliver(spool, NULL, err);
        fclose(spool);
        return code;
    }
    int code = gbl_standings_print(f->standings, (enum gbl_standing)o->rank, (size_t)o->top, stdout, err);
    if (code) return code;
    printf("\n%zu point%s", f->n_shard, f->n_shard == 1 ? "" : "s");
    if (o->shard) printf(" of %zu in shard %s", gbl_sweep_size(f->sweep), o->shard);
    printf(": %zu simulated in %.1f s", f->n_todo, seconds);
    if (o->resume) printf(", %zu were in the store", f->n_shard - f->n_todo);
    if (gbl_sweep_dropped(f->sweep)) printf("; %zu left out that equal another", gbl_sweep_dropped(f->sweep));
    putchar('\n');
    if (f->store) printf("sweep %" PRId64 " kept in %s\n", gbl_ledger_sweep(f->ledger), o->db);
    return GBL_OK;
}

static int check_flags(const sweep_opt *o, gbl_err *err)
{
    if (!o->db && o->resume) {
        gbl_fail(err, GBL_EINPUT, "--resume has no store to look into");
        return gbl_expected(err, "--resume together with --db FILE");
    }
    if (!o->db && o->requests == GBL_KEEP_ALL) {
        gbl_fail(err, GBL_EINPUT, "--requests all has no store to keep them in");
        return gbl_expected(err, "--requests all together with --db FILE");
    }
    return GBL_OK;
}

static int run(const gbl_call *call, gbl_err *err)
{
    fleet f = {.o = call->opt};
    double start = now_s();
    int code = check_flags(f.o, err);
    if (!code) code = gbl_shard_read(&f.shard, f.o->shard, err);
    if (!code) code = read_sweep(&f, call, err);
    if (!code && f.o->db) code = open_store(&f, err);
    if (!code) code = list_points(&f, err);
    if (!code) code = work(&f, err);
    if (!code) code = print(&f, now_s() - start, err);
    gbl_ledger_close(f.ledger);
    gbl_store_close(f.store);
    gbl_standings_free(f.standings);
    gbl_sweep_free(f.sweep);
    gbl_free(f.todo);
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
