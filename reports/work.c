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
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/spool.h"
#include "base/mem.h"

enum { FILES = 2, NONE = -1, WORKERS_MOST = 1024, POLL_MS = 100, OTHER_FILES = 64 /* that the caller may have open */ };

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
    int code, closed; /* of the error that stands so far; no other takes its place */
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
    long refused = gbl_alloc_refused();
    errno = 0;
    FILE *f = ftruncate(me->file[o->file], 0) == 0 ? stream(me->file[o->file], "w") : NULL;
    out->code = f ? w->task(w->to, o->task, f, &out->err) : gbl_fail(&out->err, GBL_EFAULT, "cannot use a temporary file: %s", strerror(errno));
    if (!out->code && gbl_alloc_refused() != refused) {
        out->code = gbl_nomem(&out->err, 0); /* in vain somewhere: the answer may lack something */
    }
    if (f && fclose(f) != 0 && !out->code) {
        out->code = gbl_fail(&out->err, GBL_EINPUT, "cannot write to a temporary file: %s", strerror(errno));
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

static int make_file(int *fd, int small, gbl_err *err)
{
#ifdef MFD_CLOEXEC
    if (small) {
        *fd = memfd_create("answer", MFD_CLOEXEC);
        return *fd < 0 ? fail_os(err, "make room for an answer") : GBL_OK;
    }
#endif
    (void)small;
    FILE *f = gbl_spool_new(err);
    if (!f) {
        return err->code;
    }
    *fd = dup(fileno(f));
    int code = *fd < 0 ? fail_os(err, "make a temporary file") : GBL_OK;
    fclose(f);
    return code;
}

static int hire(pool *p, gbl_err *err)
{
    worker *k = &p->worker[p->n];
    int pair[2];
    *k = (worker){.pid = NONE, .socket = NONE, .file = {NONE, NONE}};
    for (int i = 0; i < FILES; i++) {
        if (make_file(&k->file[i], p->w->small, err)) {
            return err->code;
        }
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

/* As many as were asked for, as there are tasks, and as this process may hold files for. */
static int hands(const gbl_work *w)
{
    struct rlimit open;
    size_t jobs = w->jobs > 0 ? (size_t)w->jobs : (size_t)gbl_work_cores(), most = WORKERS_MOST;
    if (getrlimit(RLIMIT_NOFILE, &open) == 0 && open.rlim_cur / (FILES + 1) < WORKERS_MOST) {
        most = open.rlim_cur > OTHER_FILES + FILES ? (size_t)(open.rlim_cur - OTHER_FILES) / (FILES + 1) : 1;
    }
    jobs = jobs < most ? jobs : most;
    return (int)(jobs < w->tasks ? jobs : w->tasks);
}

/* ---------------------------------------------------------------- in the caller ---- */

/* The first error stands, or, with `earliest`, that of the smallest task. */
static void fail_task(pool *p, size_t task, const gbl_err *err)
{
    if (!p->code || (p->w->earliest && task < p->failed && !p->closed)) {
        *p->err = *err;
        p->code = err->code;
        p->failed = task;
    }
}

/* A worker that has died is noticed when its socket is read. */
static void give(pool *p, worker *k)
{
    if (p->code || p->given == p->w->tasks) {
        return;
    }
    order o = {p->given, k->next_file};
    k->task = p->given++;
    k->busy = 1;
    k->next_file = (k->next_file + 1) % FILES;
    (void)!send(k->socket, &o, sizeof o, MSG_NOSIGNAL);
}

static void tell_lost(const pool *p, int status, gbl_err *err)
{
    if (p->w->lost) {
        p->w->lost(status, err);
    } else if (WIFSIGNALED(status)) {
        gbl_fail(err, GBL_EFAULT, "a worker process was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        gbl_fail(err, GBL_EFAULT, "a worker process ended with exit code %d", WEXITSTATUS(status));
    }
    if (!p->w->lost && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        gbl_expected(err, "memory for %d runs at once, or a smaller -j", p->n);
    }
}

static void bury(pool *p, worker *k)
{
    int status = 0;
    gbl_err err = {0};
    while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR) {
    }
    k->pid = NONE;
    tell_lost(p, status, &err);
    fail_task(p, k->task, &err);
}

static void take_answer(pool *p, int fd, size_t task)
{
    gbl_err err = {0};
    FILE *f = stream(fd, "r");
    int code = f ? p->w->done(p->w->to, task, f, &err) : fail_os(&err, "read back a temporary file");
    if (f) {
        fclose(f);
    }
    if (code) {
        err.code = code;
        fail_task(p, task, &err);
    } else {
        p->finished++;
    }
}

/* One message of a worker that has something to say. */
static void listen_to(pool *p, worker *k)
{
    outcome out;
    ssize_t got = receive(k->socket, &out, sizeof out);
    k->busy = 0;
    if (got != (ssize_t)sizeof out) {
        bury(p, k);
    } else if (out.code) {
        out.err.code = out.code;
        fail_task(p, out.task, &out.err);
    } else {
        give(p, k);
        take_answer(p, k->file[out.file], out.task);
    }
}

static void show(const pool *p)
{
    gbl_progress_tick(p->progress, (double)p->finished, (double)p->w->tasks, "");
}

/* Somebody has yet to answer who matters: after an error only tasks before it do, and only to `earliest`. */
static int is_open(const pool *p)
{
    if (!p->code) {
        return p->finished < p->w->tasks;
    }
    for (int i = 0; i < p->n && p->w->earliest; i++) {
        if (p->worker[i].busy && p->worker[i].task < p->failed) {
            return 1;
        }
    }
    return 0;
}

/* Hears every worker that is ready within POLL_MS. */
static int round_of(pool *p)
{
    for (int i = 0; i < p->n; i++) {
        p->poll[i] = (struct pollfd){.fd = p->worker[i].busy ? p->worker[i].socket : NONE, .events = POLLIN};
    }
    int ready = poll(p->poll, (nfds_t)p->n, POLL_MS);
    if (ready < 0 && errno != EINTR) {
        return fail_os(p->err, "wait for the workers");
    }
    for (int i = 0; i < p->n && ready > 0 && is_open(p); i++) {
        if (p->poll[i].revents) {
            listen_to(p, &p->worker[i]);
            show(p);
        }
    }
    show(p);
    return GBL_OK;
}

/* The work has ended early: what lies ready is still taken in, and the error stays. */
static void take_ready(pool *p)
{
    p->closed = 1;
    for (int i = 0; i < p->n; i++) {
        worker *k = &p->worker[i];
        struct pollfd one = {.fd = k->socket, .events = POLLIN};
        if (k->busy && k->pid > 0 && poll(&one, 1, 0) == 1) {
            listen_to(p, k);
        }
    }
}

static void work(pool *p)
{
    for (int i = 0; i < p->n; i++) {
        give(p, &p->worker[i]);
    }
    while (is_open(p)) {
        int stopped = p->w->stop && *p->w->stop;
        int code = stopped ? gbl_fail(p->err, GBL_EINTERRUPT, "%s", "") : round_of(p);
        if (code) {
            p->code = code;
            p->failed = p->w->tasks;
            break;
        }
    }
    if (p->code) {
        take_ready(p);
    }
}

int gbl_work_run(const gbl_work *w, size_t *failed, gbl_err *err)
{
    assert(w->task && w->done && err && failed);
    pool p = {.w = w, .err = err, .failed = w->tasks};
    int jobs = hands(w);
    *failed = w->tasks;
    if (jobs == 0) {
        return GBL_OK;
    }
    p.worker = gbl_alloc((size_t)jobs, sizeof *p.worker);
    p.poll = gbl_alloc((size_t)jobs, sizeof *p.poll);
    if (!p.worker || !p.poll) {
        p.code = gbl_nomem(err, (size_t)jobs * sizeof *p.worker);
    }
    for (; !p.code && p.n < jobs; p.n++) {
        if ((p.code = hire(&p, err)) != GBL_OK) {
            dismiss(&p.worker[p.n]);
            break;
        }
    }
    p.progress = gbl_progress_new(w->what, w->progress);
    if (!p.code) {
        work(&p);
    }
    for (int i = 0; i < p.n; i++) {
        dismiss(&p.worker[i]);
    }
    gbl_progress_end(p.progress);
    gbl_free(p.worker);
    gbl_free(p.poll);
    *failed = p.failed;
    return p.code;
}
