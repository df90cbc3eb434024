/* work.c - a pool of forked workers.
 *
 * A worker and the caller share one socket that keeps message boundaries and two files. The caller sends {task, file}; the
 * worker does the task into that file and sends the outcome. While the caller reads one file the worker already fills the
 * other, so neither waits for the other longer than it must. Tasks are handed out one by one, in order, to whoever is free. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "reports/work.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/mem.h"

enum { FILES = 2, NONE = -1, WORKERS_MOST = 1024, POLL_MS = 100 };

typedef struct order {
    size_t task;
    int file;
} order;

typedef struct outcome {
    size_t task;
    int file, code;
    gbl_err err;
} outcome;

typedef struct worker {
    pid_t pid;
    int socket;
    int file[FILES];
    int busy; /* with `task` */
    size_t task;
    int next_file;
} worker;

typedef struct pool {
    const gbl_work *w;
    worker *worker;
    struct pollfd *poll;
    int n;
    size_t given, finished, failed;
    gbl_progress *progress;
    gbl_err *err;
} pool;

int gbl_work_cores(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return CPU_COUNT(&set);
    }
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* ---------------------------------------------------------------- in the worker ---- */

static FILE *stream(int fd, const char *mode)
{
    int copy = lseek(fd, 0, SEEK_SET) == 0 ? dup(fd) : -1;
    FILE *f = copy >= 0 ? fdopen(copy, mode) : NULL;
    if (!f && copy >= 0) {
        close(copy);
    }
    return f;
}

static void do_task(const gbl_work *w, const worker *me, const order *o, outcome *out)
{
    out->task = o->task;
    out->file = o->file;
    errno = 0;
    FILE *f = ftruncate(me->file[o->file], 0) == 0 ? stream(me->file[o->file], "w") : NULL;
    out->code = f ? w->task(w->to, o->task, f, &out->err) : gbl_fail(&out->err, GBL_EFAULT, "cannot use a temporary file: %s", strerror(errno));
    if (f && fclose(f) != 0 && !out->code) {
        out->code = gbl_fail(&out->err, GBL_EFAULT, "cannot write to a temporary file: %s", strerror(errno));
        gbl_expected(&out->err, "room in $TMPDIR or /tmp for the rows of the run");
    }
}

static ssize_t receive(int fd, void *data, size_t n)
{
    ssize_t got;
    do {
        got = recv(fd, data, n, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* The caller's other descriptors stay open here but are never used; the sockets of elder workers must go, or they would
 * not notice that the caller has gone. */
static void serve(const pool *p, int me, int socket, pid_t parent)
{
    order o;
    outcome out;
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    for (int i = 0; i < me; i++) {
        close(p->worker[i].socket);
    }
    close(p->worker[me].socket);
    while (getppid() == parent && receive(socket, &o, sizeof o) == (ssize_t)sizeof o) {
        memset(&out, 0, sizeof out);
        do_task(p->w, &p->worker[me], &o, &out);
        if (send(socket, &out, sizeof out, MSG_NOSIGNAL) != (ssize_t)sizeof out) {
            break;
        }
    }
    _exit(0);
}

/* ---------------------------------------------------------------- hiring ---- */

static int fail_os(gbl_err *err, const char *what)
{
    return gbl_fail(err, GBL_EFAULT, "cannot %s: %s", what, strerror(errno));
}

static int make_file(int *fd, gbl_err *err)
{
    FILE *f = tmpfile();
    *fd = f ? dup(fileno(f)) : NONE;
    int code = *fd < 0 ? fail_os(err, "make a temporary file") : GBL_OK;
    if (f) {
        fclose(f);
    }
    return code;
}

static int hire(pool *p, gbl_err *err)
{
    worker *k = &p->worker[p->n];
    int pair[2];
    *k = (worker){.pid = NONE, .socket = NONE, .file = {NONE, NONE}};
    if (make_file(&k->file[0], err) || make_file(&k->file[1], err)) {
        return err->code;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) {
        return fail_os(err, "start a worker");
    }
    k->socket = pair[0];
    pid_t parent = getpid();
    k->pid = fork();
    if (k->pid == 0) {
        serve(p, p->n, pair[1], parent);
    }
    int code = k->pid < 0 ? fail_os(err, "start a worker") : GBL_OK;
    close(pair[1]);
    return code;
}

static void dismiss(worker *k)
{
    int status;
    if (k->pid > 0) {
        kill(k->pid, SIGKILL);
        while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    for (int i = 0; i < FILES; i++) {
        if (k->file[i] >= 0) {
            close(k->file[i]);
        }
    }
    if (k->socket >= 0) {
        close(k->socket);
    }
    *k = (worker){.pid = NONE, .socket = NONE, .file = {NONE, NONE}};
}

/* ---------------------------------------------------------------- in the caller ---- */

/* A worker that has died is noticed when its socket is read. */
static void give(pool *p, worker *k)
{
    if (p->given == p->w->tasks) {
        return;
    }
    order o = {p->given, k->next_file};
    k->task = p->given++;
    k->busy = 1;
    k->next_file = (k->next_file + 1) % FILES;
    (void)!send(k->socket, &o, sizeof o, MSG_NOSIGNAL);
}

static int fail_lost(pool *p, worker *k)
{
    int status = 0;
    p->failed = k->task;
    while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR) {
    }
    k->pid = NONE;
    if (WIFSIGNALED(status)) {
        gbl_fail(p->err, GBL_EFAULT, "a worker process was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        gbl_fail(p->err, GBL_EFAULT, "a worker process ended with exit code %d", WEXITSTATUS(status));
    }
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? gbl_expected(p->err, "memory for %d runs at once, or a smaller -j", p->n) : p->err->code;
}

static int take_answer(pool *p, int fd, size_t task)
{
    FILE *f = stream(fd, "r");
    int code = f ? p->w->done(p->w->to, task, f, p->err) : fail_os(p->err, "read back a temporary file");
    if (f) {
        fclose(f);
    }
    if (code) {
        p->failed = task;
    } else {
        p->finished++;
    }
    return code;
}

/* One message of a worker that has something to say. `more`: it gets another task. */
static int listen_to(pool *p, worker *k, int more)
{
    outcome out;
    ssize_t got = receive(k->socket, &out, sizeof out);
    if (got != (ssize_t)sizeof out) {
        return fail_lost(p, k);
    }
    k->busy = 0;
    if (out.code) {
        *p->err = out.err;
        p->err->code = out.code;
        p->failed = out.task;
        return out.code;
    }
    if (more) {
        give(p, k);
    }
    return take_answer(p, k->file[out.file], out.task);
}

/* Hears every worker that is ready within `wait_ms`. */
static int round_of(pool *p, int wait_ms, int more)
{
    for (int i = 0; i < p->n; i++) {
        p->poll[i] = (struct pollfd){.fd = p->worker[i].busy ? p->worker[i].socket : NONE, .events = POLLIN};
    }
    int ready = poll(p->poll, (nfds_t)p->n, wait_ms), code = GBL_OK;
    if (ready < 0 && errno != EINTR) {
        return fail_os(p->err, "wait for the workers");
    }
    for (int i = 0; i < p->n && ready > 0 && !code; i++) {
        if (p->poll[i].revents) {
            code = listen_to(p, &p->worker[i], more);
            gbl_progress_tick(p->progress, (double)p->finished, (double)p->w->tasks, "");
        }
    }
    return code;
}

/* The work has ended early: what lies ready is still taken in, and the first error stays. */
static void take_ready(pool *p)
{
    gbl_err first = *p->err, later = {0};
    size_t failed = p->failed;
    p->err = &later;
    for (int i = 0; i < p->n; i++) {
        worker *k = &p->worker[i];
        struct pollfd one = {.fd = k->socket, .events = POLLIN};
        if (k->busy && k->pid > 0 && poll(&one, 1, 0) == 1) {
            listen_to(p, k, 0);
        }
    }
    p->failed = failed;
    *p->err = first;
}

static int stopped(const pool *p)
{
    return p->w->stop && *p->w->stop;
}

static int work(pool *p)
{
    int code = GBL_OK;
    for (int i = 0; i < p->n; i++) {
        give(p, &p->worker[i]);
    }
    while (!code && p->finished < p->w->tasks) {
        if (stopped(p)) {
            code = gbl_fail(p->err, GBL_EINTERRUPT, "%s", "");
        } else {
            code = round_of(p, POLL_MS, 1);
            gbl_progress_tick(p->progress, (double)p->finished, (double)p->w->tasks, "");
        }
    }
    return code;
}

int gbl_work_run(const gbl_work *w, size_t *failed, gbl_err *err)
{
    assert(w->task && w->done && err && failed);
    int jobs = w->jobs > 0 ? w->jobs : gbl_work_cores();
    jobs = jobs < WORKERS_MOST ? jobs : WORKERS_MOST;
    jobs = (size_t)jobs < w->tasks ? jobs : (int)w->tasks;
    pool p = {.w = w, .err = err, .failed = w->tasks};
    int code = GBL_OK;
    *failed = w->tasks;
    if (jobs == 0) {
        return GBL_OK;
    }
    p.worker = gbl_alloc((size_t)jobs, sizeof *p.worker);
    p.poll = gbl_alloc((size_t)jobs, sizeof *p.poll);
    if (!p.worker || !p.poll) {
        code = gbl_nomem(err, (size_t)jobs * sizeof *p.worker);
    }
    for (; !code && p.n < jobs; p.n++) {
        if ((code = hire(&p, err)) != GBL_OK) {
            dismiss(&p.worker[p.n]);
            break;
        }
    }
    p.progress = gbl_progress_new(w->what, w->progress);
    if (!code && (code = work(&p)) != GBL_OK) {
        gbl_err first = *err;
        take_ready(&p);
        *err = first;
    }
    for (int i = 0; i < p.n; i++) {
        dismiss(&p.worker[i]);
    }
    gbl_progress_end(p.progress);
    gbl_free(p.worker);
    gbl_free(p.poll);
    *failed = p.failed;
    return code;
}
