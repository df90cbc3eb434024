/* work_threads.c - the work of reports/work.h in threads (declared there). */
#include <assert.h>
#include <pthread.h>
#include <signal.h>

#include "base/mem.h"
#include "base/spool.h"
#include "reports/work.h"

typedef struct crew {
    const gbl_work *w;
    pthread_mutex_t lock;
    size_t next, finished, failed;
    int code;
    gbl_err *err; /* of the first failure */
    gbl_progress *progress;
} crew;

static int stopped(const crew *c)
{
    return c->w->stop && *c->w->stop;
}

/* Under the lock. The first error stands; one that the stop flag brought about is no task's. */
static void fail(crew *c, size_t task, int code, const gbl_err *err)
{
    if (c->code) return;
    c->code = stopped(c) ? gbl_fail(c->err, GBL_EINTERRUPT, "%s", "") : code;
    c->failed = stopped(c) ? c->w->tasks : task;
    if (stopped(c)) return;
    *c->err = *err;
    c->err->code = code;
}

static void one_task(crew *c, size_t i)
{
    gbl_err err = {0};
    pthread_mutex_unlock(&c->lock);
    FILE *f = gbl_spool_new(&err);
    int code = f ? c->w->task(c->w->to, i, f, &err) : err.code;
    if (!code && fflush(f) != 0) code = gbl_fail(&err, GBL_EINPUT, "cannot write to a temporary file");
    if (f) rewind(f);
    pthread_mutex_lock(&c->lock);
    if (!code && !c->code) code = c->w->done(c->w->to, i, f, &err);
    if (code) fail(c, i, code, &err);
    else c->finished++;
    gbl_progress_tick(c->progress, (double)c->finished, (double)c->w->tasks, "");
    if (f) fclose(f);
}

static void *run(void *to)
{
    crew *c = to;
    pthread_mutex_lock(&c->lock);
    while (c->next < c->w->tasks && !c->code) {
        if (stopped(c)) fail(c, c->w->tasks, GBL_EINTERRUPT, c->err);
        else one_task(c, c->next++);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

int gbl_work_threads(const gbl_work *w, size_t *failed, gbl_err *err)
{
    enum { MOST = 256 };
    assert(w->task && w->done && !w->earliest);
    crew c = {.w = w, .failed = w->tasks, .err = err};
    pthread_t thread[MOST];
    sigset_t all, before;
    size_t jobs = w->jobs > 0 ? (size_t)w->jobs : (size_t)gbl_work_cores(), more = 0;
    jobs = jobs < MOST ? jobs : MOST;
    jobs = jobs < w->tasks ? jobs : w->tasks;
    pthread_mutex_init(&c.lock, NULL);
    c.progress = gbl_progress_new(w->what, w->progress);
    sigfillset(&all); /* signals are for the program's own threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (more + 1 < jobs && pthread_create(&thread[more], NULL, run, &c) == 0) more++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    run(&c);
    for (size_t i = 0; i < more; i++) pthread_join(thread[i], NULL);
    gbl_progress_end(c.progress);
    pthread_mutex_destroy(&c.lock);
    *failed = c.failed;
    return c.code;
}
