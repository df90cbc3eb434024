#include "reports/farm.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "reports/work.h"

typedef struct farm {
    gbl_farm_job *job;
    void *ctx;
    size_t n, size;
    char *out; /* a worker fills the copy that it got with the fork */
} farm;

static int interrupted(const volatile int *stop, gbl_err *err)
{
    if (!stop || !*stop) return 0;
    return gbl_fail(err, *stop == SIGTERM ? GBL_ETERM : GBL_EINTERRUPT, "interrupted");
}

static int run_here(const farm *f, const volatile int *stop, gbl_err *err)
{
    for (size_t i = 0; i < f->n; i++) {
        if (interrupted(stop, err)) return err->code;
        int code = f->job(f->ctx, i, f->out + i * f->size, err);
        if (code) return code;
    }
    return 0;
}

static int task(void *to, size_t i, FILE *answer, gbl_err *err)
{
    const farm *f = to;
    char *at = f->out + i * f->size;
    int code = f->job(f->ctx, i, at, err);
    if (!code && fwrite(at, f->size, 1, answer) != 1) code = gbl_fail(err, GBL_EFAULT, "cannot keep an answer: %s", strerror(errno));
    return code;
}

static int done(void *to, size_t i, FILE *answer, gbl_err *err)
{
    const farm *f = to;
    return fread(f->out + i * f->size, f->size, 1, answer) == 1 ? 0 : gbl_fail(err, GBL_EFAULT, "an answer came back cut off");
}

static void lost(int status, gbl_err *err)
{
    if (WIFSIGNALED(status)) gbl_fail(err, GBL_EFAULT, "a worker died of signal %d", WTERMSIG(status));
    else gbl_fail(err, GBL_EFAULT, "a worker ended without an answer");
}

int gbl_farm(gbl_farm_job *job, void *ctx, size_t n, int workers, size_t size, void *out, const volatile int *stop, gbl_err *err)
{
    farm f = {.job = job, .ctx = ctx, .n = n, .size = size, .out = out};
    gbl_work w = {.tasks = n, .jobs = workers, .small = 1, .earliest = 1, .what = "jobs", .progress = GBL_PROGRESS_OFF, .stop = stop, .task = task, .done = done, .lost = lost, .to = &f};
    size_t failed;
    if (workers <= 1 || n <= 1) return run_here(&f, stop, err);
    int code = gbl_work_run(&w, &failed, err);
    return code == GBL_EINTERRUPT && failed == n ? interrupted(stop, err) : code;
}
