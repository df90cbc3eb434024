/* plan_parts.h - the inside of a planner, shared by plan*.c alone. */
#ifndef GBL_PLAN_PARTS_H
#define GBL_PLAN_PARTS_H
#include "reports/plan.h"
#include "sim/run.h"

enum { GBL_PLAN_SERIES = 5, GBL_PLAN_STATS = 6, GBL_PLAN_EACH = 4, GBL_PLAN_KEYS = 16 };
extern const char *const gbl_plan_series[GBL_PLAN_SERIES]; /* "ttft", ...: gbl_result has them as NAME_ms */
extern const char *const gbl_plan_stats[GBL_PLAN_STATS];   /* "mean", "p50", ... */

typedef struct gbl_bounds {
    double each[GBL_PLAN_EACH]; /* ttft, tpot, itl, e2el of a request, ms; NaN: none */
    double attain;
    double stat[GBL_PLAN_SERIES][GBL_PLAN_STATS]; /* NaN: none */
} gbl_bounds;

/* What one configuration did: plain numbers, so that a worker can send it. Means over the replications. */
typedef struct gbl_probe {
    double attain, growing;         /* growing: share of the replications whose queue grew */
    double stat[GBL_PLAN_SERIES][GBL_PLAN_STATS];
    double request_s, output_tok_s, usd_per_mtok, kv_peak, slots_peak; /* peaks as shares of what there is */
    double context, kv_memory, unfinished; /* shares of the injected requests: too long, too big for the pool, not done */
    double over[GBL_PLAN_EACH];     /* share of the completed requests over that bound */
    double alone[GBL_PLAN_EACH];    /* smallest bound that would do with the others unchanged, ms; INFINITY: none would */
    double together;                /* smallest common factor on all bounds that would do; INFINITY: none would */
    double part_ms[GBL_PARTS];
} gbl_probe;

typedef struct gbl_axis { /* one key of `choices` */
    const char *key;
    size_t n;
    const char **value; /* JSON texts */
    int64_t *number;    /* of the replica axis: ascending; else NULL */
    const gbl_node *at;
} gbl_axis;

typedef struct gbl_point { /* a configuration that was run */
    size_t cell;
    int64_t at;  /* index on the replica axis, 0 without one */
    double rate; /* requests a second, NaN for fleets */
    double gpus, usd_h;
    int feasible;
    gbl_probe probe;
} gbl_point;

/* What no system could beat: a combination's perfect machine (plan_bound.c). */
typedef struct gbl_floor {
    double replicas_exact; /* of its replica axis; of the whole cluster without one */
    double gpus, usd_h;    /* of the first fleet on the axis that is not ruled out; beyond the axis too */
    double rate_s;         /* requests a second that its largest fleet could take at most */
    int64_t at;            /* that fleet's index; axis length when none is left */
    const char *limited_by;
    char reason[200];      /* why nothing of it can do, or "" */
    int latency;           /* the reason is a latency that the machine cannot reach */
} gbl_floor;

typedef struct gbl_cell { /* one combination of the choices besides the replica axis */
    int runs;              /* it can be simulated at all */
    gbl_floor floor;
    double gpus0, usd0, gpus1, usd1; /* at index i: gpus0 + number[i] * gpus1 */
    char pruned[320];      /* why nothing or no more of it was run, or "" */
    int64_t best, beyond;  /* points: the best feasible one, and the infeasible neighbour that bounds it; -1 */
} gbl_cell;

typedef struct gbl_load { /* the requests of the trace */
    size_t n, room;
    int64_t *input, *output, *hit; /* tokens; hit: found by an unbounded prefix cache, at most input - 1 */
    double span_s, rate_s;         /* first to last arrival; as the trace has it */
    int closed;
} gbl_load;

enum { GBL_FIND_RATE, GBL_FIND_FLEET };
enum { GBL_RULE_SLO, GBL_RULE_SARATHI };
enum { GBL_CHEAPEST_AUTO, GBL_CHEAPEST_USD, GBL_CHEAPEST_GPUS };

struct gbl_planner {
    gbl_arena *arena;
    gbl_doc *doc;
    gbl_plan_ask ask;
    const char *document, *name;
    const gbl_node *scenario, *slo, *choices;
    int32_t find, rule, minimize;
    double granularity;
    int64_t replications, max_replicas;
    int64_t seed;
    gbl_bounds bounds;
    const char *slo_text; /* JSON, as every variant of the scenario gets it */
    gbl_axis *axis;       /* besides the replica axis */
    size_t n_axes;
    gbl_axis *fleet;      /* the replica axis, or NULL */
    size_t n_cells;
    gbl_cell *cell;
    gbl_load load;
    gbl_point *point;
    size_t n_points, room;
    int64_t runs;
    int64_t best;   /* point, or -1: infeasible */
    int64_t nearest; /* point that misses by least when infeasible, or -1 */
    gbl_progress *shown;
};

/* plan.c */
int gbl_plan_base(gbl_planner *p, gbl_doc **out, gbl_err *err); /* the scenario's document with the caller's sets */
/* A variant of the scenario, bound. rate NaN: as it is. */
int gbl_plan_open(gbl_planner *p, size_t cell, int64_t at, double rate, int64_t seed, gbl_scenario **out, gbl_err *err);
int gbl_plan_cannot_run(const gbl_err *err); /* it failed because the model, memory or split does not fit */
/* plan_read.c */
int gbl_plan_read(gbl_planner *p, gbl_err *err);
/* plan_bound.c */
int gbl_load_read(gbl_planner *p, gbl_err *err);
void gbl_load_fini(gbl_load *l);
int gbl_plan_floor(gbl_planner *p, size_t cell, gbl_err *err);
/* plan_probe.c */
int gbl_plan_probe(gbl_planner *p, size_t cell, int64_t at, double rate, int workers, gbl_probe *out, gbl_err *err);
int gbl_plan_holds(const gbl_planner *p, const gbl_probe *x);
/* The constraint that x misses (or, where it holds, misses by least), the resource behind it, and in words. */
typedef struct gbl_binding {
    char constraint[32], resource[32], says[256];
} gbl_binding;
void gbl_plan_binding(const gbl_planner *p, const gbl_probe *x, gbl_binding *out);
/* Bounds that x would meet; 0 when no change of bounds helps. */
int gbl_plan_nearest(const gbl_planner *p, const gbl_probe *x, gbl_bounds *out);
/* plan_search.c */
int gbl_plan_rate(gbl_planner *p, gbl_err *err);
int gbl_plan_fleet(gbl_planner *p, gbl_err *err);

#endif
