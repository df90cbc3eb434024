/* A scenario that binds is run, with few requests and little time: the accounts hold (the engine asserts them), and --exact
 * answers the same. */
#include <signal.h>
#include <sys/time.h>
#include "tests/fuzz/feed.h"
#include "sim/run.h"

static volatile int late;

static void stop(int signal)
{
    (void)signal;
    late = 1;
}

/* Everything of the answer but what the simulator says of itself; NULL where it was refused or took too long. */
static char *answer(const gbl_scenario *s, int exact)
{
    gbl_result *r = NULL;
    gbl_err err = {0};
    char *out = NULL;
    gbl_run_options opt = {.exact = exact, .progress = GBL_PROGRESS_OFF, .stop = &late};
    struct itimerval some = {.it_value = {.tv_usec = 300000}}, none = {{0, 0}, {0, 0}};

    late = 0;
    signal(SIGVTALRM, stop);
    setitimer(ITIMER_VIRTUAL, &some, NULL);
    int code = gbl_run(&r, s, &opt, &err);
    setitimer(ITIMER_VIRTUAL, &none, NULL);
    if (code == GBL_EINTERRUPT) return NULL;
    if (code) return feed_refused(&err), NULL;
    gbl_json *j = gbl_json_new(0);
    gbl_result_json(r, j);
    const char *text = gbl_json_text(j), *own = text ? strstr(text, "\"sim\":") : NULL;
    assert(own);
    out = strndup(text, (size_t)(own - text));
    gbl_json_free(j);
    gbl_result_free(r);
    return out;
}

/* Few requests, none of them from a file that the fuzzer names. */
static int tame(gbl_doc *d, gbl_err *err)
{
    const gbl_node *generate = gbl_node_at(gbl_doc_root(d), "trace.generate");
    if (!generate || gbl_node_kind(generate) != GBL_OBJECT)
        return gbl_doc_set(d, "trace", "{\"generate\": {\"requests\": 12, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 20}, \"input\": {\"use\": \"uniform\", \"low\": 10, \"high\": 3000}, \"output\": {\"use\": \"uniform\", \"low\": 1, \"high\": 200}}}", err);
    return gbl_doc_set(d, "trace.limit", "12", err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gbl_doc *d = NULL;
    gbl_scenario *s = NULL;
    gbl_err err = {0};
    if (gbl_doc_parse(&d, "fuzz", (const char *)data, size, &err)) return feed_refused(&err), 0;
    if (gbl_node_kind(gbl_doc_root(d)) != GBL_OBJECT || tame(d, &err)) return gbl_doc_free(d), 0;
    if (gbl_scenario_bind(&s, d, &err)) return feed_refused(&err), 0;
    char *fast = answer(s, 0), *exact = fast ? answer(s, 1) : NULL;
    assert(!exact || !strcmp(fast, exact));
    free(fast);
    free(exact);
    gbl_scenario_free(s);
    return 0;
}
