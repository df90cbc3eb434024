/* A trace streams: what reads, converts, shapes or replays twice as many rows takes no more memory. The program itself is
 * started and fed through a pipe; what it needed at most is what the kernel says. */
#include "tests/unit/traces_help.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { FEW = 1100000, TIMES = 2 }; /* beyond the 2^20 up to which percentiles are exact and their memory grows */

static char gable[4300], here[4200];

static void feed(int to, int rows)
{
    FILE *f = fdopen(to, "w");
    assert_non_null(f);
    for (int i = 0; i < rows; i++)
        if (fprintf(f, "{\"timestamp\": %d, \"input_length\": %d, \"output_length\": 2, \"hash_ids\": [%d, %d]}\n", i * 10, 513 + i % 500, i % 1000, i + 5000) < 0) break;
    fclose(f);
}

/* The most memory, KiB, that `gable ARGUMENTS...` has for so many rows on its standard input. */
static long peak_kib(char *const *arguments, int rows)
{
    int ends[2], status;
    struct rusage used;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(ends[0], 0) < 0 || close(ends[0]) || close(ends[1]) || !freopen("/dev/null", "w", stdout)) _exit(99);
        execv(gable, arguments);
        _exit(98);
    }
    close(ends[0]);
    feed(ends[1], rows);
    assert_int_equal(wait4(child, &status, 0, &used), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return used.ru_maxrss;
}

static void streams(char *const *arguments)
{
    if (access(gable, X_OK)) {
        printf("  no %s here\n", gable);
        skip();
    }
    long few = peak_kib(arguments, FEW), many = peak_kib(arguments, TIMES * FEW);
    if (many > few + few / 10) print_error("%s %s: %ld KiB for %d rows, %ld KiB for %d\n", arguments[1], arguments[2], few, FEW, many, TIMES * FEW);
    assert_true(many <= few + few / 10);
}

static void info(void **state)
{
    (void)state;
    streams((char *const[]){gable, "trace", "info", "-", "--prefix", "off", NULL});
}

static void convert(void **state)
{
    (void)state;
    streams((char *const[]){gable, "trace", "convert", "-", "--to", "vidur", NULL});
}

static void shape(void **state)
{
    (void)state;
    streams((char *const[]){gable, "trace", "shape", "-", "--keep", "0.01", "--spread", "1", NULL});
}

static void run(void **state)
{
    (void)state;
    streams((char *const[]){gable, "run", "--set", "trace.file=-", "--set", "model=llama-3.2-1b", "--set", "cluster.hardware=b200-sxm", "--set", "policy.prefix=off", "--json", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(info), cmocka_unit_test(convert), cmocka_unit_test(shape), cmocka_unit_test(run)};
    const char *build = getenv("BUILD");
    assert_non_null(getcwd(here, sizeof here));
    snprintf(gable, sizeof gable, "%s%s%s/gable", build && build[0] == '/' ? "" : here, build && build[0] == '/' ? "" : "/", build ? build : "build");
    signal(SIGPIPE, SIG_IGN);
#ifdef __SANITIZE_ADDRESS__
    printf("1..0\nok 1 - memory # SKIP AddressSanitizer keeps what was freed\n");
    return 0;
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
