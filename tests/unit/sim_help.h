/* sim_help.h - runs scenarios that are given as text. What goes wrong where nothing should ends the test and is said. */
#ifndef GBL_TEST_SIM_HELP_H
#define GBL_TEST_SIM_HELP_H
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "sim/run.h"

static inline int bind_text(gbl_scenario **s, const char *text, gbl_err *err) {
    gbl_doc *doc;
    *err = (gbl_err){0};
    int code = gbl_doc_parse(&doc, "test", text, strlen(text), err);
    return code ? code : gbl_scenario_bind(s, doc, err);
}

static inline void must(int code, const gbl_err *err, const char *text) {
    char why[2600];
    if (!code) return;
    gbl_err_text(err, why, sizeof why);
    fail_msg("%s\n%s", text, why);
}

static inline gbl_scenario *bound(const char *text) {
    gbl_scenario *s = NULL;
    gbl_err err;
    must(bind_text(&s, text, &err), &err, text);
    return s;
}

static inline gbl_result *run_with(const char *text, const gbl_run_options *opt) {
    gbl_scenario *s = bound(text);
    gbl_result *r = NULL;
    gbl_err err = {0};
    must(gbl_run(&r, s, opt, &err), &err, text);
    gbl_scenario_free(s);
    return r;
}

static inline gbl_result *run_of(const char *text, int exact) {
    gbl_run_options opt = {.exact = exact, .progress = GBL_PROGRESS_OFF};
    return run_with(text, &opt);
}

static inline double value_of(const char *text, const char *name) {
    gbl_result *r = run_of(text, 0);
    double v = gbl_result_get(r, name);
    gbl_result_free(r);
    return v;
}

/* The result as JSON but for "sim", its last member: what two runs of one scenario have alike. The caller frees it. */
static inline char *without_sim(const gbl_result *r) {
    gbl_json *j = gbl_json_new(0);
    gbl_result_json(r, j);
    char *out = strdup(gbl_json_text(j)), *sim = strstr(out, ",\"sim\":");
    assert_non_null(sim);
    *sim = 0;
    gbl_json_free(j);
    return out;
}

/* The result with holds, which every step done by itself gives, too; NULL where the scenario is refused. */
static inline gbl_result *agreed(const char *text) {
    gbl_scenario *s;
    gbl_err err;
    int code = bind_text(&s, text, &err);
    if (code == GBL_EINPUT) return NULL;
    must(code, &err, text);
    gbl_scenario_free(s);
    gbl_result *fast = run_of(text, 0), *exact = run_of(text, 1);
    char *a = without_sim(fast), *b = without_sim(exact);
    if (strcmp(a, b)) fail_msg("fast and exact differ for\n%s\n%s\n%s", text, a, b);
    free(a);
    free(b);
    gbl_result_free(exact);
    return fast;
}

#endif
