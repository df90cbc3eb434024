/* probe_program.c - see probe_program.h. */
#include "validate/probe_program.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lines.h"
#include "base/spool.h"
#include "base/text.h"

enum { ARGS_MOST = 30 };

const char *gbl_probe_program_find(gbl_arena *a, const char *name)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) return NULL;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (!slash) return NULL;
    const char *beside = gbl_arena_printf(a, "%.*s/%s", (int)(slash - path), path, name);
    return beside && access(beside, X_OK) == 0 ? beside : NULL;
}

/* In the child: only calls that are safe after fork. */
static void become(const char *program, const char *const *args, int out, pid_t parent)
{
    const char *v[ARGS_MOST + 2] = {program};
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* gable killed: nothing goes on measuring for nobody */
    if (getppid() != parent) _exit(126);
    int n = 1;
    for (int i = 0; args[i] && i < ARGS_MOST; i++) v[n++] = args[i];
    if (dup2(out, STDOUT_FILENO) >= 0) execvp(program, (char *const *)(void *)v);
    _exit(errno == ENOENT ? 127 : 126);
}

static int ended(int status, const char *program, gbl_err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    if (WIFSIGNALED(status)) return gbl_fail(err, GBL_EFAULT, "%s died of signal %d", program, WTERMSIG(status));
    int code = WEXITSTATUS(status);
    if (code == 127 || code == 126) {
        gbl_fail(err, GBL_EINPUT, "%s", code == 127 ? "there is no such program" : "the program cannot be run");
        gbl_where(err, "%s", program);
        return gbl_expected(err, "gable-probe (make cuda builds it where nvcc is) or gable-probe-host (make), or --program FILE");
    }
    gbl_fail(err, code == 1 ? GBL_EFAULT : GBL_EINPUT, "%s ended with %d", program, code);
    return gbl_expected(err, "exit 0 and rows on its standard output; what it said stands above");
}

static int take(gbl_probe_rows *p, const char *path, const char *program, gbl_err *err)
{
    gbl_lines *l = NULL;
    char *text;
    size_t len, before = p->n;
    int got = 0, code = gbl_lines_open(&l, path, err);
    while (!code && (got = gbl_lines_next(l, &text, &len, err)) == 1)
        if (len) code = gbl_probe_rows_take(p, program, gbl_lines_number(l), text, len, err);
    if (got < 0) code = err->code;
    if (l) gbl_lines_close(l);
    if (code || p->n > before) return code;
    gbl_fail(err, GBL_EINPUT, "%s measured nothing", program);
    return gbl_expected(err, "rows of at least one probe");
}

int gbl_probe_program_spool(char *path, size_t size, const char *ending, const char *program, const char *const *args, gbl_err *err)
{
    FILE *out = gbl_spool_named(path, size, ending, err);
    int status = 0;
    if (!out) return err->code;
    pid_t parent = getpid(), child = fork();
    if (child == 0) become(program, args, fileno(out), parent);
    while (child > 0 && waitpid(child, &status, 0) < 0)
        if (errno != EINTR) break;
    int code = child < 0 ? gbl_fail(err, GBL_EFAULT, "cannot start a program: %s", strerror(errno)) : ended(status, program, err);
    fclose(out);
    if (code) unlink(path);
    return code;
}

int gbl_probe_program_run(gbl_probe_rows *p, const char *program, const char *const *args, gbl_err *err)
{
    char path[256];
    if (gbl_probe_program_spool(path, sizeof path, ".jsonl", program, args, err)) return err->code;
    int code = take(p, path, program, err);
    unlink(path);
    return code;
}

/* ---- the card of a device ---- */

/* Is the word in the text, as a word? "h100" is in "NVIDIA H100 PCIe", not in "H1000"; a number may bear a unit (80GB), and sxm a
 * number (SXM4). */
static int has_word(const char *text, const char *word, size_t len)
{
    int number = strspn(word, "0123456789") >= len, sxm = len == 3 && !memcmp(word, "sxm", 3);
    for (const char *at = text; *at; at++) {
        size_t i = 0;
        if (at > text && isalnum((unsigned char)at[-1])) continue;
        while (i < len && tolower((unsigned char)at[i]) == word[i]) i++;
        unsigned char after = i == len ? (unsigned char)at[len] : 'x';
        if (i == len && (!isalnum(after) || (number && isalpha(after)) || (sxm && isdigit(after)))) return 1;
    }
    return 0;
}

/* Words of the card found in the device's name less those that are not; 0: the model's own (the first with a digit) is not. The
 * driver leaves "sxm" out of newer names, so that costs nothing. */
static int likeness(const char *card, const char *device)
{
    int score = 0, model = 0;
    for (const char *w = card; *w;) {
        size_t len = strcspn(w, "-");
        int found = has_word(device, w, len), digit = strcspn(w, "0123456789") < len;
        if (digit && !model++ && !found) return 0;
        if (found) score += 2;
        else if (len != 3 || memcmp(w, "sxm", 3)) score -= 2;
        w += len + (w[len] == '-');
    }
    return score;
}

const char *gbl_probe_card(const char *device, gbl_arena *a)
{
    size_t n = 0;
    const char **name = gbl_data_list(a, "models/cards/hardware", &n), *best = NULL;
    int most = 0;
    for (size_t i = 0; name && i < n; i++) {
        int score = likeness(name[i], device);
        if (score <= most) continue;
        most = score;
        best = name[i];
    }
    return best;
}
