/* gate.h - did the policy get worse than its baseline?
 *
 * A metric has regressed when its mean is worse than the baseline's by more than the tolerance AND the difference is significant:
 * one-sided p < 0.001, corrected after Holm over all metrics of all scenarios that are judged. On the baseline's own seeds the
 * replications are paired (an unchanged policy then gives the same numbers to the last bit, and differences of zero). Under
 * another seed they are compared unpaired, with GBL_GATE_MORE times as many replications on our side as the baseline has: the
 * smaller of Student's and the rank test's p, doubled, against "both are drawn from one distribution". Where nothing varies,
 * as in a replayed trace, a difference is certain.
 *
 * A pass says how much it is worth: `visible` is the smallest change that these replications would have called a regression in
 * four of five cases, the tolerance where they could tell less. */
#ifndef GBL_GATE_H
#define GBL_GATE_H
#include "reports/baseline.h"

#define GBL_GATE_ALPHA 0.001
enum { GBL_GATE_MORE = 3 };
#define GBL_GATE_TOLERANCE 0.02 /* share of the baseline, where none is given */

typedef struct gbl_tolerance {
    const char *metric;
    double share;
} gbl_tolerance;

typedef struct gbl_judged {
    const gbl_baseline_entry *entry;
    const char *metric;
    gbl_test test;   /* a: the baseline, b: now */
    double worse;    /* how much worse as a share of the baseline; below 0: better */
    double tolerance, p, p_adjusted; /* one-sided: small when it is worse; of the logarithms where all values are positive */
    double p_better;                 /* the other side */
    double error;                    /* standard error and degrees of freedom of the change, as a share of the baseline */
    double dof;
    double visible;                  /* share of the baseline; NaN: nothing could be told */
    int regressed, improved;         /* improved: better by the tolerance, and as significantly so */
} gbl_judged;

typedef struct gbl_gate {
    gbl_judged *row;
    size_t n, scenarios, regressed;
    int paired;
    double confidence;
    const char *const *note; /* one a scenario, or NULL: what else there is to say of it */
} gbl_gate;

/* The metrics to judge: the usual ones and those with a tolerance. Into list (room for all), their number. A tolerance for
 * a metric that the baseline lacks, or that has no worse side, is refused. */
int gbl_gate_metrics(const char **list, size_t room, size_t *n, const gbl_baseline *b, const gbl_tolerance *t, size_t n_t, gbl_err *err);
/* Appends the rows of one scenario; `row` has room for n_metrics more. `now` holds n_now runs: as many as the entry where the
 * gate is paired. */
int gbl_gate_add(gbl_gate *g, const gbl_baseline_entry *e, const gbl_outcome *now, size_t n_now, const char *const *metrics, size_t n_metrics,
                 const gbl_tolerance *t, size_t n_t, gbl_err *err);
/* Corrects over all rows and says which regressed. */
int gbl_gate_judge(gbl_gate *g, gbl_err *err);

/* gate_page.c: the verdict for people, programs and CI. `why` not NULL: nothing was judged, for this reason. */
void gbl_gate_print(const gbl_gate *g, FILE *to);
void gbl_gate_json(const gbl_gate *g, gbl_json *j);
void gbl_gate_markdown(const gbl_gate *g, const char *why, FILE *to);
void gbl_gate_junit(const gbl_gate *g, const char *why, FILE *to);

#endif
