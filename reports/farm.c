#include "reports/farm.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "reports/work.h"

static int interrupted(const volatile int *stop, gbl_err *err)
{
    if (!stop || !*stop) return 0;
    return gbl_fail(err, *stop == SIGTERM ? GBL_ETERM : GBL_EINTERRUPT, "interrupted");
}

static int run_here(const gbl_farm_ask *f, gbl_progress *shown, gbl_err *err)
{
    for (size_t i = 0; i < f->n; i++) {
        if (interrupted(f->stop, err)) return err->code;
        int code = f->job(f->ctx, i, (char *)f->out + i * f->size, err);
        if (code) return code;
        gbl_progress_tick(shown, (double)(i + 1), (double)f->n, "");
    }
    return 0;
}

/* A worker fills the copy of `out` that it got with the fork. */
static int task(void *to, size_t i, FILE *answer, gbl_err *err)
{
    const gbl_farm_ask *f = to;
    char *at = (char *)f->out + i * f->size;
    int code = f->job(f->ctx, i, at, err);
    if (!code && fwrite(at, f->size, 1, answer) != 1) code = gbl_fail(err, GBL_EFAULT, "cannot keep an answer: %s", strerror(errno));
    return code;
}

static int done(void *to, size_t i, FILE *answer, gbl_err *err)
{
    const gbl_farm_ask *f = to;
    return fread((char *)f->out + i * f->size, f->size, 1, answer) == 1 ? 0 : gbl_fail(err, GBL_EFAULT, "an answer came back cut off");
}

static void lost(int status, gbl_err *err)
{
    if (WIFSIGNALED(status)) gbl_fail(err, GBL_EFAULT, "a worker died of signal %d", WTERMSIG(status));
    else gbl_fail(err, GBL_EFAULT, "a worker ended without an answer");
}

int gbl_farm_run(const gbl_farm_ask *ask, gbl_err *err)
{
    gbl_farm_ask f = *ask;
    size_t failed;
    if (f.workers <= 1 || f.n <= 1) {
        gbl_progress *shown = gbl_progress_new(f.what, f.progress);
        int code = run_here(&f, shown, err);
        gbl_progress_end(shown);
        return code;
    }
    gbl_work w = {.tasks = f.n, .jobs = f.workers, .small = 1, .earliest = 1, .what = f.what, .progress = f.progress, .stop = f.stop, .task = task, .done = done, .lost = lost, .to = &f};
    int code = gbl_work_run(&w, &failed, err);
    return code == GBL_EINTERRUPT && failed == f.n ? interrupted(f.stop, err) : code;
}

int gbl_farm(gbl_farm_job *job, void *ctx, size_t n, int workers, size_t size, void *out, const volatile int *stop, gbl_err *err)
{
    gbl_farm_ask ask = {.job = job, .ctx = ctx, .n = n, .size = size, .out = out, .workers = workers, .what = "jobs", .progress = GBL_PROGRESS_OFF, .stop = stop};
    return gbl_farm_run(&ask, err);
}
