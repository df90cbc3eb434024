#include "sim/apart.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void send_all(int to, const char *text, size_t n) {
    for (ssize_t wrote; n && ((wrote = write(to, text, n)) > 0 || errno == EINTR);) {
        if (wrote <= 0) continue;
        text += wrote;
        n -= (size_t)wrote;
    }
}

/* No core is left behind, and what the parent has buffered is not written again. */
static void child(gbl_apart_job *job, void *ctx, int limit_s, int to, char *says, size_t size) {
    struct rlimit core = {0, 0}, cpu = {(rlim_t)limit_s, (rlim_t)limit_s + 1};
    setrlimit(RLIMIT_CORE, &core);
    setrlimit(RLIMIT_CPU, &cpu);
    signal(SIGXCPU, SIG_DFL);
    says[0] = 0;
    job(ctx, says, size);
    send_all(to, says, strlen(says) + 1); /* its end says that it came to one */
    _exit(0);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until the child closes its end; 1: it sent a whole text. Killed when it takes too long. */
static int hear(int from, pid_t pid, int64_t until_ms, char *says, size_t size, int *late) {
    size_t n = 0;
    while (n < size) {
        struct pollfd p = {.fd = from, .events = POLLIN};
        int64_t left = until_ms - now_ms();
        int ready = poll(&p, 1, left > 0 ? (int)left : 0);
        if (!ready) {
            *late = 1;
            kill(pid, SIGKILL);
            return 0;
        }
        ssize_t got = ready < 0 ? -1 : read(from, says + n, size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        n += (size_t)got;
        if (!says[n - 1]) return 1;
    }
    return 0;
}

int gbl_apart(gbl_apart_job *job, void *ctx, int limit_s, char *says, size_t size) {
    int ends[2], status = 0, late = 0;
    int piped = !pipe(ends);
    pid_t pid = piped ? fork() : -1;
    if (!pid) {
        close(ends[0]);
        child(job, ctx, limit_s, ends[1], says, size);
    }
    if (piped) close(ends[1]);
    int heard = pid > 0 && hear(ends[0], pid, now_ms() + 1000 * (60 + 2 * (int64_t)limit_s), says, size, &late);
    if (piped) close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (heard) return 0;
    late |= pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU;
    if (pid < 0) snprintf(says, size, "no process can be started for it: %s", strerror(errno));
    else if (late) snprintf(says, size, "it does not end: stopped after %d s", limit_s);
    else if (WIFSIGNALED(status)) snprintf(says, size, "it crashed: signal %d, %s", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else snprintf(says, size, "it ended the process with status %d", WEXITSTATUS(status));
    return late;
}
