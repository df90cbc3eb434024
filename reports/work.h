/* work.h - many independent tasks on all cores. Each worker is a process of its own (fork), so a task that crashes takes
 * nothing else with it and needs no locks; what it finds out goes back through a file without a name. The calling
 * process alone takes results in: it is the one writer of whatever it writes.
 *
 * The caller must have one thread. Workers ignore SIGINT and SIGTERM, and die with the caller however it dies (Linux; elsewhere
 * when their task is done). */
#ifndef GBL_WORK_H
#define GBL_WORK_H
#include <stddef.h>
#include <stdio.h>
#include "base/err.h"
#include "base/term.h"

typedef struct gbl_work {
    size_t tasks;
    int jobs; /* workers; 0: one a core. Fewer where the process may not have three files open for each */
    int small; /* answers fit into memory, so no file system is needed */
    int earliest; /* the error is that of the smallest task that fails, for any number of workers: those before it are waited for */
    const char *what; /* what the progress line calls the work */
    enum gbl_progress_mode progress;
    const volatile int *stop; /* set by a signal handler; or NULL */
    /* In a worker: does task i and writes its answer. It may return an error, which ends the work. */
    int (*task)(void *to, size_t i, FILE *out, gbl_err *err);
    /* In the caller, in the order in which tasks end: reads the answer of task i. */
    int (*done)(void *to, size_t i, FILE *in, gbl_err *err);
    void (*lost)(int status, gbl_err *err); /* fails with what waitpid told of a worker that died; NULL: in the words of a sweep */
    void *to;
} gbl_work;

/* 0 when every task was done. Otherwise the error that ended it, with *failed the task it came from (tasks: none); answers
 * that were ready by then have been taken in. GBL_EINTERRUPT with an empty message when *stop was set. */
int gbl_work_run(const gbl_work *w, size_t *failed, gbl_err *err);
/* The same contract (but for `earliest`, `lost` and `small`) in threads of this process: for a program with more than one
 * thread, which must not fork. `done` is called by any of them, never two at once. Tasks should hear `stop` themselves. */
int gbl_work_threads(const gbl_work *w, size_t *failed, gbl_err *err);
int gbl_work_cores(void); /* that this process may use */

#endif
