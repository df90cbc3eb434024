/* plan.h - the largest rate a fleet sustains under an SLO, or the smallest fleet that holds it for a trace.
 *
 * Document "plan/1": scenario (object or path), slo, find ("rate" | "fleet"), choices {key: [values]}, and the keys of
 * gbl_plan_schema. A bound of the SLO is ttft_ms, tpot_ms, itl_ms, e2el_ms (each request; `attain` is the share of the
 * injected requests that must meet all of them) or SERIES_STAT_ms (ttft_p99_ms, queue_p50_ms, ...: a statistic of the
 * run); all given bounds must hold together. Keys of plan.slo stand above the scenario's; where plan.slo names a
 * statistic, bounds on each request count only if somebody gave them (the scenario's defaults are then no bounds).
 *
 * Replications are seeds run.seed, run.seed + 1, ...; a configuration is judged by the mean over them.
 *
 * rate:  rates lie on the grid (1 + granularity)^k requests a second; doubling steps bracket the answer, bisection ends
 *        at two neighbours. A rate is sustained when the SLO holds and the queue does not grow (gbl_stat_growth, in
 *        more than half of the replications). What a generated trace says is confirmed on one four times as long; no rate
 *        is tried above what the engine serves with everything queued at once (plan_search.c).
 * fleet: keys of `choices` that count replicas (cluster.replicas, cluster.pools.N.replicas), or `mix`: kinds of pools behind
 *        one router, so many replicas of each. Whole alternatives of pools are values of `cluster.pools`. The grid is
 *        searched cheapest first (plan_fleet.c) between bounds (plan_bound.c); every configuration that was not run is
 *        counted with its reason. Where ttft, e2el or queue is bounded the trace is judged by that alone; else its queue must
 *        not grow, either.
 *
 * quality: {"task": "LongBench", "most_loss": 0.01} holds quality fixed: choices of policy.compress whose published rows of that task
 *        lose a larger share of the uncompressed score, or that have none, are ruled out with the reason (plan_quality.c).
 *
 * Everything is deterministic: the same document, seed and data give the same bytes for any number of workers. */
#ifndef GBL_PLAN_H
#define GBL_PLAN_H
#include <stdio.h>
#include "base/json.h"
#include "base/term.h"
#include "sim/scenario.h"

typedef struct gbl_plan_ask {
    const char *path; /* of the document */
    const char *const *sets; /* "a.b=v", of the scenario */
    size_t n_sets;
    int64_t seed; /* GBL_NULL_INT: the scenario's */
    int workers, exhaustive; /* exhaustive: run the whole grid of a fleet instead (find "fleet") */
    enum gbl_progress_mode progress;
    const volatile int *stop; /* or NULL */
} gbl_plan_ask;

typedef struct gbl_planner gbl_planner;
int gbl_plan_solve(gbl_planner **out, const gbl_plan_ask *ask, gbl_err *err);
void gbl_plan_free(gbl_planner *p); /* NULL allowed */
int gbl_plan_feasible(const gbl_planner *p);
int64_t gbl_plan_runs(const gbl_planner *p);
int64_t gbl_plan_grid(const gbl_planner *p); /* configurations that brute force would run (fleet), or combinations (rate) */
/* The scenario that the answer stands for (the best one, or the nearest when infeasible); caller frees. */
int gbl_plan_scenario(gbl_planner *p, gbl_scenario **out, gbl_err *err);
int gbl_plan_json(gbl_planner *p, gbl_json *j, gbl_err *err); /* one object */
int gbl_plan_print(gbl_planner *p, FILE *to, gbl_err *err);
void gbl_plan_schema(gbl_json *j); /* JSON Schema of "plan/1" as one object */

#endif
