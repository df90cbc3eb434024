/* metric_kind.h - what a metric is to those who judge: which way is worse, and whether it is a latency of requests. */
#ifndef GBL_METRIC_KIND_H
#define GBL_METRIC_KIND_H
#include "base/err.h"
#include "reports/replicate.h"

/* +1: more is worse (latencies, cost), -1: less is worse (throughput, goodput, hits), 0: neither (counts of work). */
int gbl_metric_worse(const char *name);
/* "ttft_ms.p99" -> its latency, and p 0.99 in *p (NaN for the mean); -1 where requests alone do not give it. */
int gbl_metric_latency(const char *name, double *p);
/* The metrics that compare and gate look at by themselves; NULL-terminated. */
extern const char *const gbl_metric_compared[];
extern const char *const gbl_metric_gated[];
extern const char *const gbl_metric_kept[]; /* in a baseline */
/* Refuses a name that is none of m's; offers the nearest. `flag` is what messages call its place. */
int gbl_metric_check(const gbl_measures *m, const char *name, const char *flag, gbl_err *err);

#endif
