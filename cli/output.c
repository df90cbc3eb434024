#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/replace.h"

void gbl_output_guard(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
        /* The wrong direction on purpose: a write to a stream that was closed has to fail, not to vanish. */
        if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) _exit(GBL_EFAULT);
    }
}

/* Text from bad input must not drive the terminal. Bytes from 0x80 on are left: they may be UTF-8. */
static void print_clean(const char *label, const char *text)
{
    if (!text[0]) return;
    fputs(label, stderr);
    for (const char *p = text; *p; p++) {
        int c = (unsigned char)*p;
        fputc(c < 0x20 || c == 0x7f ? '?' : c, stderr);
    }
    fputc('\n', stderr);
}

void gbl_output_error(const gbl_err *err)
{
    print_clean("gable: ", err->what[0] ? err->what : "failed without a reason");
    print_clean("  where: ", err->where);
    print_clean("  expected: ", err->expected);
    print_clean("  nearest: ", err->nearest);
}

static void say(const char *label, const char *fmt, va_list ap)
{
    char text[2048];
    vsnprintf(text, sizeof text, fmt, ap);
    print_clean(label, text);
}

void gbl_output_warn(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say("gable: warning: ", fmt, ap);
    va_end(ap);
}

void gbl_output_note(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say("gable: note: ", fmt, ap);
    va_end(ap);
}

static int lost(gbl_err *err)
{
    return gbl_fail(err, GBL_EFAULT, "cannot write to standard output: %s", errno ? strerror(errno) : "an earlier write failed");
}

int gbl_output_printed(gbl_err *err)
{
    return ferror(stdout) ? lost(err) : GBL_OK;
}

int gbl_output_json(gbl_json *j, gbl_err *err)
{
    const char *text = j ? gbl_json_text(j) : NULL;
    int code = GBL_OK;
    if (!text)
        code = gbl_nomem(err, 0);
    else if (errno = 0, puts(text) < 0)
        code = lost(err);
    gbl_json_free(j);
    return code;
}

int gbl_output_flush(gbl_err *err)
{
    errno = 0;
    return fflush(stdout) == 0 && !ferror(stdout) ? GBL_OK : lost(err);
}

/* ---------------------------------------------------------------- spool ---- */

static int copy_stream(FILE *from, FILE *to, const char *name, gbl_err *err)
{
    char buffer[1 << 16];
    size_t n;
    const volatile int *stop = gbl_signals_flag();
    while ((n = fread(buffer, 1, sizeof buffer, from)) > 0) {
        if (*stop) return gbl_signals_fail(err, "nothing was written");
        errno = 0;
        if (fwrite(buffer, 1, n, to) != n) return gbl_replace_fail(err, name, errno);
    }
    if (ferror(from)) return gbl_fail(err, GBL_EFAULT, "cannot read back a temporary file: %s", strerror(errno));
    return GBL_OK;
}

static int deliver_file(FILE *spool, const char *path, gbl_err *err)
{
    gbl_replace r;
    int code = gbl_replace_begin(&r, path, err);
    return code ? code : gbl_replace_end(&r, copy_stream(spool, r.to, path, err), err);
}

int gbl_spool_deliver(FILE *spool, const char *path, gbl_err *err)
{
    if (path && strcmp(path, "-") == 0) path = NULL;
    int code;
    errno = 0;
    if (gbl_alloc_refused()) {
        code = gbl_nomem(err, 0); /* it may lack something */
    } else if (fflush(spool) != 0 || ferror(spool)) {
        code = gbl_fail(err, GBL_EINPUT, "cannot write to a temporary file: %s", errno ? strerror(errno) : "an earlier write failed");
        gbl_expected(err, "room in $TMPDIR, or /tmp, for the answer");
    } else {
        rewind(spool);
        if (path) gbl_signals_catch();
        code = path ? deliver_file(spool, path, err) : copy_stream(spool, stdout, "standard output", err);
    }
    fclose(spool);
    return code;
}

/* ---------------------------------------------------------------- signals ---- */

/* The two variables of the program that a signal handler can reach. */
static volatile int signal_seen;
static volatile sig_atomic_t signals_seen;

/* `timeout` and shells' wrappers send a signal twice (to the process, then to its group), so only a third one says that
 * somebody has lost patience. */
static void on_signal(int number)
{
    signal_seen = number;
    if (++signals_seen > 2) _exit(128 + number);
}

/* Nothing but what is allowed in a handler. */
static void die_of_signal(int number)
{
    static const char interrupted[] = "gable: interrupted: no result\n", terminated[] = "gable: terminated: no result\n";
    ssize_t told = number == SIGTERM ? write(2, terminated, sizeof terminated - 1) : write(2, interrupted, sizeof interrupted - 1);
    (void)told;
    _exit(128 + number);
}

static void handle(void (*handler)(int))
{
    static const int signals[] = {SIGINT, SIGTERM};
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sa.sa_flags = SA_RESTART;
    sigemptyset(&sa.sa_mask);
    for (int i = 0; i < 2; i++) {
        struct sigaction old;
        /* Ignored by whoever started us (a background job of a script): it stays so. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(signals[i], &sa, NULL);
    }
}

void gbl_signals_default(void)
{
    handle(die_of_signal);
}

void gbl_signals_catch(void)
{
    handle(on_signal);
}

const volatile int *gbl_signals_flag(void)
{
    return &signal_seen;
}

int gbl_signals_fail(gbl_err *err, const char *what)
{
    int term = signal_seen == SIGTERM;
    return gbl_fail(err, term ? GBL_ETERM : GBL_EINTERRUPT, "%s: %s", term ? "terminated" : "interrupted", what);
}
