#include "reports/sweep_run.h"

#include <string.h>

#include "base/mem.h"
#include "reports/ledger.h"
#include "reports/work.h"

/* One sweep under way. Worker processes see it as it was when they were forked; threads only read it. */
typedef struct fleet {
    const gbl_sweep_ask *ask;
    gbl_swept *out;
    gbl_store *store;
    gbl_ledger *ledger;
    size_t *todo; /* points */
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
        code = gbl_fail(err, GBL_EINPUT, "cannot write to a temporary file");
    gbl_json_free(j);
    return code;
}

static int simulate(void *to, size_t i, FILE *out, gbl_err *err)
{
    const fleet *f = to;
    gbl_scenario *s = NULL;
    gbl_keep *keep = NULL;
    gbl_result *r = NULL;
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .stop = f->ask->threads ? f->ask->stop : NULL};
    int64_t run;
    int code = gbl_sweep_scenario(f->ask->sweep, f->todo[i], &s, err);
    if (!code && f->store)
        code = gbl_keep_record(&keep, out, f->ask->requests, s->seed, err);
    if (!code && keep) gbl_keep_listen(keep, &opt);
    if (!code) code = gbl_run(&r, s, &opt, err);
    if (!code) code = answer(out, r, err);
    if (!code && keep) code = gbl_keep_commit(keep, s, r, &run, err);
    gbl_keep_close(keep);
    if (r) gbl_result_free(r);
    gbl_scenario_free(s);
    return code;
}

/* ---------------------------------------------------------------- in the caller ---- */

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
    if (!code) code = gbl_standings_add(f->out->standings, point, run, text, err);
    gbl_free(text);
    return code;
}

static int wanted(void *to, size_t point)
{
    const fleet *f = to;
    return gbl_shard_has(&f->ask->shard, point);
}

static int found(void *to, size_t point, int64_t run, const char *result_json, gbl_err *err)
{
    fleet *f = to;
    return gbl_standings_add(f->out->standings, point, run, result_json, err);
}

/* The store is written to once before anything runs, so that one that cannot be says so now. */
static int open_store(fleet *f, gbl_err *err)
{
    int flags_of = GBL_STORE_WRITE | (f->ask->is_shard ? GBL_STORE_SHARD : 0);
    int code = gbl_store_open(&f->store, f->ask->db, flags_of, err);
    if (!code && !(code = gbl_store_enter(f->store, err))) gbl_store_rollback(f->store);
    if (!code) code = gbl_ledger_open(&f->ledger, f->store, f->ask->sweep, gbl_keep_word[f->ask->requests], err);
    if (code) return code;
    return f->ask->resume ? gbl_ledger_resume(f->ledger, wanted, found, f, err) : gbl_ledger_once(f->ledger, wanted, f, f->ask->db, err);
}

static int list_points(fleet *f, gbl_err *err)
{
    size_t n = gbl_sweep_size(f->ask->sweep);
    f->todo = gbl_alloc(n, sizeof *f->todo);
    if (!f->todo) return gbl_nomem(err, n * sizeof *f->todo);
    for (size_t i = 0; i < n; i++) {
        if (!gbl_shard_has(&f->ask->shard, i)) continue;
        f->out->points++;
        if (!gbl_standings_has(f->out->standings, i)) f->todo[f->out->simulated++] = i;
    }
    return GBL_OK;
}

static int work(fleet *f, gbl_err *err)
{
    gbl_work w = {.tasks = f->out->simulated,
                  .jobs = f->ask->jobs,
                  .what = "sweep",
                  .progress = f->ask->progress,
                  .stop = f->ask->stop,
                  .task = simulate,
                  .done = take,
                  .to = f};
    size_t failed;
    int code = f->ask->threads ? gbl_work_threads(&w, &failed, err) : gbl_work_run(&w, &failed, err);
    if (code == GBL_EINTERRUPT) return code;
    if (code && failed < w.tasks) gbl_sweep_where(f->ask->sweep, f->todo[failed], err);
    if (!code && f->ledger) code = gbl_ledger_settle(f->ledger, err);
    return code;
}

int gbl_sweep_run(gbl_swept *out, const gbl_sweep_ask *ask, gbl_err *err)
{
    fleet f = {.ask = ask, .out = out};
    *out = (gbl_swept){0};
    int code = gbl_standings_new(&out->standings, ask->sweep, err);
    if (!code && ask->db) code = open_store(&f, err);
    if (!code) code = list_points(&f, err);
    if (!code) code = work(&f, err);
    if (f.ledger) out->sweep = gbl_ledger_sweep(f.ledger);
    gbl_ledger_close(f.ledger);
    gbl_store_close(f.store);
    gbl_free(f.todo);
    return code;
}

void gbl_swept_fini(gbl_swept *s)
{
    gbl_standings_free(s->standings);
    *s = (gbl_swept){0};
}
