/* compare.h - two scenarios on the same seeds, metric by metric.
 *
 * How a difference is judged hangs on what luck there is:
 *  "seeds"     the metric varies over the seeds: paired t over the seeds' differences (common random numbers).
 *  "requests"  it does not (a replayed trace, policies that do not draw), and it is a latency of requests that both served:
 *              paired by request, in 30 stretches of consecutive requests; the mean by a paired t over the stretches' means,
 *              a percentile by a bootstrap of the stretches. Says how sure the difference is for traffic like this.
 *  "exact"     anything else that does not vary: the difference holds for certain in this replay, p is 0 or 1.
 * p is two-sided and of one metric alone; p_adjusted is Holm's over all metrics compared. */
#ifndef GBL_COMPARE_H
#define GBL_COMPARE_H
#include "reports/metric_kind.h"

typedef struct gbl_compared {
    const char *metric, *method;
    gbl_test test; /* difference: b - a */
    double p_adjusted;
    double lower, higher; /* shares of the first seed's paired requests whose latency is lower (higher) in b; NaN */
} gbl_compared;

typedef struct gbl_comparison {
    const gbl_outcome *a, *b;
    size_t n;     /* seeds, the same for both */
    int same_work; /* both see the same requests: pairs of requests mean something */
    double confidence;
} gbl_comparison;

/* Fills out[m] for metrics[0..m). Names are checked (gbl_metric_check). */
int gbl_compare(gbl_compared *out, const gbl_comparison *c, const char *const *metrics, size_t m, gbl_err *err);
void gbl_compare_json(const gbl_compared *rows, size_t m, gbl_json *j); /* an array */
void gbl_compare_print(const gbl_compared *rows, size_t m, const gbl_comparison *c, FILE *to);
/* The number in few characters, for tables: "0.0412", "12.35", "1234". Returns out. */
char *gbl_compare_number(char *out, size_t size, double v);

#endif
