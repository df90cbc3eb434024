#include "reports/farm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

typedef struct worker {
    pid_t pid; /* 0: free */
    int fd;
    size_t job, got;
    char *room; /* what it has written so far: code, error, answer */
} worker;

typedef struct farm {
    gbl_farm_job *job;
    void *ctx;
    size_t n, size, next;
    char *out;
    worker *w;
    int workers;
    size_t failed; /* smallest failing index, n: none */
    gbl_err *err;
} farm;

int gbl_farm_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 1024 ? 1024 : (int)n;
}

/* A message is an error, filled up so that the answer behind it is aligned for anything, and the answer. */
enum { HEAD = (sizeof(gbl_err) + 15) / 16 * 16 };

static size_t message_size(const farm *f)
{
    return HEAD + f->size;
}

static int interrupted(const volatile int *stop, gbl_err *err)
{
    if (!stop || !*stop) return 0;
    return gbl_fail(err, *stop == SIGTERM ? GBL_ETERM : GBL_EINTERRUPT, "interrupted");
}

static void child(const farm *f, size_t i, int fd, char *room)
{
    gbl_err err = {0};
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* nobody is left to read the answer */
    memset(room, 0, message_size(f));
    err.code = f->job(f->ctx, i, room + HEAD, &err);
    memcpy(room, &err, sizeof err);
    for (size_t at = 0; at < message_size(f);) {
        ssize_t n = write(fd, room + at, message_size(f) - at);
        if (n < 0 && errno != EINTR) break;
        if (n > 0) at += (size_t)n;
    }
    _exit(0);
}

static int start(farm *f, worker *w)
{
    int fd[2];
    if (pipe(fd)) return gbl_fail(f->err, GBL_EFAULT, "cannot start a worker: %s", strerror(errno));
    w->job = f->next;
    w->got = 0;
    fflush(NULL); /* or the child would hold a copy of what waits in the buffers */
    w->pid = fork();
    if (w->pid == 0) {
        close(fd[0]);
        child(f, w->job, fd[1], w->room);
    }
    close(fd[1]);
    w->fd = fd[0];
    if (w->pid < 0) {
        close(fd[0]);
        w->pid = 0;
        return gbl_fail(f->err, GBL_EFAULT, "cannot start a worker: %s", strerror(errno));
    }
    f->next++;
    return 0;
}

/* The worker has closed its pipe: its answer, or the reason why there is none. */
static void finish(farm *f, worker *w)
{
    int status = 0;
    gbl_err err = {0};
    close(w->fd);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR) {}
    w->pid = 0;
    if (w->got == message_size(f)) memcpy(&err, w->room, sizeof err);
    else if (WIFSIGNALED(status)) gbl_fail(&err, GBL_EFAULT, "a worker died of signal %d", WTERMSIG(status));
    else gbl_fail(&err, GBL_EFAULT, "a worker ended without an answer");
    if (!err.code) memcpy(f->out + w->job * f->size, w->room + HEAD, f->size);
    else if (w->job < f->failed) {
        f->failed = w->job;
        *f->err = err;
    }
}

static void receive(farm *f, worker *w)
{
    ssize_t n = read(w->fd, w->room + w->got, message_size(f) - w->got);
    if (n > 0) w->got += (size_t)n;
    if (n == 0 || (n < 0 && errno != EINTR) || w->got == message_size(f)) finish(f, w);
}

static void wait_some(farm *f, struct pollfd *p)
{
    nfds_t n = 0;
    for (int i = 0; i < f->workers; i++)
        if (f->w[i].pid) p[n++] = (struct pollfd){.fd = f->w[i].fd, .events = POLLIN};
    if (poll(p, n, 200) <= 0) return;
    for (nfds_t k = 0; k < n; k++)
        for (int i = 0; i < f->workers && p[k].revents; i++)
            if (f->w[i].pid && f->w[i].fd == p[k].fd) {
                receive(f, &f->w[i]);
                break;
            }
}

static void end_all(farm *f)
{
    for (int i = 0; i < f->workers; i++) {
        if (!f->w[i].pid) continue;
        kill(f->w[i].pid, SIGKILL);
        close(f->w[i].fd);
        while (waitpid(f->w[i].pid, NULL, 0) < 0 && errno == EINTR) {}
        f->w[i].pid = 0;
    }
}

/* Jobs after a failed one are not begun; those before it are heard, so that the error is the same each time. */
static int run_all(farm *f, struct pollfd *p, const volatile int *stop)
{
    for (;;) {
        int busy = 0;
        if (interrupted(stop, f->err)) return f->err->code;
        for (int i = 0; i < f->workers; i++) {
            if (!f->w[i].pid && f->next < f->n && f->failed == f->n && start(f, &f->w[i])) return f->err->code;
            busy += f->w[i].pid != 0;
        }
        if (!busy) break;
        wait_some(f, p);
    }
    return f->failed < f->n ? f->err->code : 0;
}

static int run_here(farm *f, const volatile int *stop)
{
    for (size_t i = 0; i < f->n; i++) {
        if (interrupted(stop, f->err)) return f->err->code;
        int code = f->job(f->ctx, i, f->out + i * f->size, f->err);
        if (code) return code;
    }
    return 0;
}

int gbl_farm(gbl_farm_job *job, void *ctx, size_t n, int workers, size_t size, void *out, const volatile int *stop, gbl_err *err)
{
    farm f = {.job = job, .ctx = ctx, .n = n, .size = size, .out = out, .failed = n, .err = err};
    f.workers = workers < 1 ? 1 : (size_t)workers > n ? (int)n : workers;
    if (f.workers <= 1) return run_here(&f, stop);
    f.w = gbl_alloc((size_t)f.workers, sizeof *f.w);
    struct pollfd *p = gbl_alloc((size_t)f.workers, sizeof *p);
    int code = f.w && p ? 0 : gbl_nomem(err, (size_t)f.workers * sizeof *f.w);
    for (int i = 0; i < f.workers && !code; i++)
        if (!(f.w[i].room = gbl_alloc(message_size(&f), 1))) code = gbl_nomem(err, message_size(&f));
    if (!code) {
        code = run_all(&f, p, stop);
        end_all(&f);
    }
    for (int i = 0; f.w && i < f.workers; i++) gbl_free(f.w[i].room);
    gbl_free(f.w);
    gbl_free(p);
    return code;
}
