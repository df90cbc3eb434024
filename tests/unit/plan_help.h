/* plan_help.h - solves a plan given as text, and reads the answer. */
#ifndef GBL_TEST_PLAN_HELP_H
#define GBL_TEST_PLAN_HELP_H
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "reports/plan.h"

static char path[] = "/tmp/gable-plan-XXXXXX";

#define TRACE "{\"generate\": {\"requests\": 240, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 12}, \"input\": {\"use\": \"uniform\", \"low\": 400, " \
              "\"high\": 1200}, \"output\": {\"use\": \"uniform\", \"low\": 20, \"high\": 120}}}"

typedef struct answer {
    gbl_doc *doc;
    gbl_err err;
    int code;
} answer;

static inline answer solve_with(const char *text, int workers, int exhaustive)
{
    answer a = {.code = 0};
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    gbl_plan_ask ask = {.path = path, .seed = GBL_NULL_INT, .workers = workers, .exhaustive = exhaustive, .progress = GBL_PROGRESS_OFF};
    gbl_planner *p = NULL;
    if ((a.code = gbl_plan_solve(&p, &ask, &a.err)) != 0) return a;
    gbl_json *j = gbl_json_new(0);
    assert_int_equal(gbl_plan_json(p, j, &a.err), 0);
    assert_int_equal(gbl_doc_parse(&a.doc, "answer", gbl_json_text(j), strlen(gbl_json_text(j)), &a.err), 0);
    gbl_json_free(j);
    gbl_plan_free(p);
    return a;
}

static inline answer solve(const char *text)
{
    answer a = solve_with(text, 1, 0);
    if (a.code) fail_msg("%s (%s)", a.err.what, a.err.where);
    return a;
}

static inline double num(const answer *a, const char *at)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(a->doc), at);
    return n && gbl_node_kind(n) == GBL_NUMBER ? gbl_node_num(n) : NAN;
}

static inline const char *word(const answer *a, const char *at)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(a->doc), at);
    return n && gbl_node_kind(n) == GBL_STRING ? gbl_node_text(n) : "";
}

static inline char *part(const answer *a, const char *at)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(a->doc), at);
    return n ? gbl_node_canonical(n) : NULL;
}

/* Every configuration of the grid ended somewhere. */
static inline void assert_accounts(const answer *a)
{
    static const char *const fate[] = {"run", "cannot_run", "ruled_out", "bound", "same_as_failed", "no_better_than_failed", "no_cheaper"};
    char at[64];
    double sum = 0;
    for (size_t i = 0; i < sizeof fate / sizeof *fate; i++) {
        snprintf(at, sizeof at, "accounts.%s", fate[i]);
        sum += num(a, at);
    }
    assert_true(sum == num(a, "grid"));
}

/* Share of the grid that was run; the answer is brute force's. */
static inline double as_brute_force(const char *text)
{
    answer quick = solve(text), brute = solve_with(text, 1, 1);
    assert_int_equal(brute.code, 0);
    assert_string_equal(word(&quick, "verdict"), word(&brute, "verdict"));
    char *a = part(&quick, "best.choices"), *b = part(&brute, "best.choices");
    if ((a == NULL) != (b == NULL) || (a && strcmp(a, b))) fail_msg("%s\nfound %s\nbrute %s", text, a ? a : "nothing", b ? b : "nothing");
    assert_accounts(&quick);
    assert_accounts(&brute);
    assert_true(num(&brute, "configurations") + num(&brute, "accounts.cannot_run") == num(&brute, "grid"));
    double share = num(&quick, "configurations") / num(&quick, "grid");
    gbl_free(a);
    gbl_free(b);
    gbl_doc_free(quick.doc);
    gbl_doc_free(brute.doc);
    return share;
}

static inline int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static inline int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

#endif
