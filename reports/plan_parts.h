/* plan_parts.h - the inside of a planner, shared by plan*.c alone. */
#ifndef GBL_PLAN_PARTS_H
#define GBL_PLAN_PARTS_H
#include "reports/plan.h"
#include "sim/run.h"

enum { GBL_PLAN_SERIES = 5, GBL_PLAN_STATS = 6, GBL_PLAN_EACH = 4, GBL_PLAN_LONGER = 4 /* a rate is confirmed on so many times the trace */ };
extern const char *const gbl_plan_find_name[2], *const gbl_plan_each_key[GBL_PLAN_EACH]; /* "rate", ...; "ttft_ms", ... */
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
    double in_service;              /* most requests between first schedule and end on one replica at once */
    double context, kv_memory, unfinished; /* shares of the injected requests: too long, too big for the pool, not done */
    double over[GBL_PLAN_EACH];     /* share of the completed requests over that bound */
    double alone[GBL_PLAN_EACH];    /* smallest bound that would do with the others unchanged, ms; INFINITY: none would */
    double tight[GBL_PLAN_EACH];    /* bounds that would do together, each as low as the others let it be; NaN: no bound */
    double together;                /* smallest common factor on all bounds that would do; INFINITY: none would */
    double saturated_s;             /* requests a second while its queue was never empty; NaN where it was not long enough */
    double part_ms[GBL_PARTS];
} gbl_probe;

typedef struct gbl_axis { /* one key of `choices`, or one kind of a mix */
    const char *key;      /* of a mix: what the kind is called */
    size_t n;
    const char **value;   /* JSON texts */
    int64_t *number;      /* counts of replicas: ascending; else NULL */
    const gbl_node *at;
    const char *pool;     /* of a mix: the members of the kind's pool but its replicas, as JSON; else NULL */
    int32_t role;         /* of a mix: enum gbl_role */
} gbl_axis;

typedef struct gbl_point { /* a configuration that was run */
    size_t cell;
    int64_t at;  /* its fleet: gbl_plan_count */
    double rate; /* requests a second, NaN for fleets */
    int64_t stretch; /* its trace was so many times as long as the document's */
    double gpus, usd_h;
    double cost; /* of a token, on the frontier's axis: dollars a million, or GPUs over tokens/s where a card has no price */
    int feasible;
    gbl_probe probe;
} gbl_point;

/* What has to be done in time, each a lower bound of the fleet. The first three are those of a perfect system (plan_bound.c). */
enum gbl_need { GBL_NEED_SM, GBL_NEED_HBM, GBL_NEED_KV, GBL_NEED_STEPS, GBL_NEED_PROMPTS, GBL_NEED_PEAK, GBL_NEEDS };
enum { GBL_NEEDS_PERFECT = 3 };
extern const char *const gbl_need_name[GBL_NEEDS];

/* A pool of a combination. */
typedef struct gbl_unit {
    double gpus, usd_h;       /* of one replica */
    double can[GBL_NEEDS];    /* how many times the load one replica takes at most */
    int64_t fixed;            /* replicas, where no dimension counts them */
    int32_t dim, role;        /* the dimension that does, or -1; enum gbl_role */
    double slow;              /* a lone step of its runtime, as a share of the gap that is allowed; 0: no bound on gaps */
    char misfit[200];         /* why it cannot be simulated, or "" */
    char late[200];           /* why no request of it can be in time, or "" */
    int latency;              /* `late` is about a latency */
    double late_share;        /* of the requests, that cannot be in time on it */
} gbl_unit;

/* What no system could beat: a combination's perfect machines. */
typedef struct gbl_floor {
    double replicas_exact; /* of its counted replicas; NaN where several kinds are counted */
    double gpus, usd_h;    /* of the cheapest fleet that is not ruled out; beyond those counted too */
    double rate_s;         /* requests a second that its largest fleet could take at most */
    double engine_rate_s;  /* the same with the steps of its runtime */
    int64_t at;            /* that fleet; gbl_planner.n_fleets when none is left */
    const char *limited_by;
    char reason[200];      /* why nothing of it can do, or "" */
    int latency;           /* the reason is a latency that the machine cannot reach */
} gbl_floor;

typedef struct gbl_cell { /* one combination of the choices besides the counts of replicas */
    int runs;              /* it can be simulated at all */
    gbl_unit *unit;
    size_t n_units;
    int64_t seqs;          /* engine.max_num_seqs */
    int even;              /* requests go to the replicas in turn, whatever their kind */
    gbl_floor floor;
    gbl_kv_loss lost;      /* by its compression, of the task that is held; of nothing where none is */
    char pruned[400];      /* what of it was not run, and why; or "" */
    int64_t best, beyond;  /* points: the best feasible one, and the infeasible neighbour that bounds it; -1 */
    double saturated_s;    /* requests a second that it served with everything queued at once; NaN: not measured */
} gbl_cell;

typedef struct gbl_load { /* the requests of the trace that count */
    size_t n, room;
    size_t requests; /* all that were read */
    int64_t *input, *output, *hit; /* tokens; hit: found by an unbounded prefix cache, at most input - 1 */
    int64_t *arrival_ns;
    double span_s, rate_s;         /* first to last arrival; as the trace has it */
    int64_t limit;                 /* trace.limit */
    int closed, generated, shares; /* shares: some prompts begin alike */
} gbl_load;

/* Where a fleet of the grid ended: each is counted once. */
enum gbl_fate { GBL_OPEN, GBL_RUN, GBL_CANNOT, GBL_LATE, GBL_BOUND, GBL_TWIN, GBL_FEWER, GBL_DEARER, GBL_FATES };
typedef struct gbl_place { /* a fleet of the grid */
    double price, room;  /* room: a guess of how many times the load it could take */
    double usd_h;        /* parts equal prices; NaN: unknown */
    size_t cell;
    int64_t at;
    uint8_t fate, need;  /* enum gbl_fate; the tightest need */
} gbl_place;

enum { GBL_FIND_RATE, GBL_FIND_FLEET };
enum { GBL_RULE_SLO, GBL_RULE_SARATHI };
enum { GBL_CHEAPEST_AUTO, GBL_CHEAPEST_USD, GBL_CHEAPEST_GPUS };

struct gbl_planner {
    gbl_arena *arena;
    gbl_doc *doc;
    gbl_plan_ask ask;
    const char *document, *name;
    const gbl_node *scenario, *slo, *choices, *mix, *quality;
    const char *task;     /* of the quality that is held; NULL: any */
    double most_loss;     /* share; NaN: quality is not held */
    int32_t find, rule, minimize;
    const char **unpriced; /* cards among the choices that have no price */
    size_t n_unpriced, unpriced_room;
    double granularity;
    int64_t replications, max_replicas;
    int64_t seed;
    gbl_bounds bounds;
    const char *slo_text; /* JSON, as every variant of the scenario gets it */
    gbl_axis *axis;       /* besides those that count replicas */
    size_t n_axes;
    gbl_axis *dim;        /* those that count replicas */
    size_t n_dims;
    int64_t n_fleets;     /* products of their sizes; 1 without any */
    size_t n_cells;
    gbl_cell *cell;
    gbl_load load;
    gbl_place *place;     /* of a search for fleets: the grid, cheapest first */
    size_t n_places;
    gbl_point *point;
    size_t n_points, room;
    int64_t runs;
    int64_t best;   /* point, or -1: infeasible */
    int64_t nearest; /* point that misses by least when infeasible, or -1 */
    gbl_progress *shown;
};

/* plan.c */
int gbl_plan_base(gbl_planner *p, gbl_doc **out, gbl_err *err); /* the scenario's document with the caller's sets */
/* A variant of the scenario, bound. rate NaN: as it is. stretch: its generator makes so many times the requests. */
typedef struct gbl_variant {
    size_t cell;
    int64_t at, seed, stretch;
    double rate;
} gbl_variant;
int gbl_plan_open(gbl_planner *p, const gbl_variant *v, gbl_scenario **out, gbl_err *err);
int gbl_plan_open_kind(gbl_planner *p, size_t cell, size_t dim, gbl_scenario **out, gbl_err *err); /* one replica of one kind of a mix */
int gbl_plan_cannot_run(const gbl_err *err); /* it failed because the model, memory or split does not fit */
int64_t gbl_plan_count(const gbl_planner *p, int64_t at, size_t dim); /* replicas in that dimension of a fleet */
int gbl_plan_is_fleet(const gbl_planner *p, int64_t at); /* it has a replica, and one for each phase */
void gbl_plan_cost_of(const gbl_planner *p, size_t cell, int64_t at, double *gpus, double *usd_h);
/* plan_read.c */
int gbl_plan_read(gbl_planner *p, gbl_err *err);
/* plan_quality.c: quality held fixed */
int gbl_plan_read_quality(gbl_planner *p, gbl_err *err);
void gbl_plan_quality_schema(gbl_json *j); /* the object "quality", and of a mix: members of the open "$defs" */
void gbl_plan_mix_schema(gbl_json *j);
/* Its published quality is unknown or loses too much: the cell is ruled out, with the reason. */
int gbl_plan_loses(const gbl_planner *p, const gbl_scenario *s, gbl_cell *c, char *why, size_t size);
void gbl_plan_quality_json(const gbl_planner *p, gbl_json *j);
void gbl_plan_quality_print(const gbl_planner *p, FILE *to);
/* plan_mix.c: the counts of replicas */
int gbl_plan_counts(gbl_planner *p, const gbl_node *list, gbl_axis *a, int64_t least, gbl_err *err);
int gbl_plan_range(gbl_planner *p, gbl_axis *a, int64_t low, int64_t high, gbl_err *err);
int gbl_plan_read_mix(gbl_planner *p, gbl_err *err);
/* plan_load.c */
int gbl_load_read(gbl_planner *p, gbl_err *err);
void gbl_load_fini(gbl_load *l);
/* plan_bound.c: fills the cell's units; once all are known, so is what is minimized, and the floors can be found */
int gbl_plan_units(gbl_planner *p, size_t cell, gbl_err *err);
void gbl_plan_floor(gbl_planner *p, size_t cell);
/* How many times the load a fleet could take at most, over the first `needs` needs; *need: which says so. */
double gbl_plan_room(const gbl_planner *p, size_t cell, int64_t at, int needs, int *need);
/* plan_perfect.c: one replica, as it could be at best */
typedef struct gbl_perfect {
    double token, row, pair, pair_window;  /* FLOPs */
    double kv, kv_window, weights;         /* bytes: of a KV token read, of a step's weights */
    double step_s, lone_s;                 /* a lone decode; the same under its own runtime, or step_s where that is no bound */
    double flops_s, bytes_s, kv_tokens;    /* capacities of a replica */
    double seqs;
    int64_t window, longest, prefill_ok;   /* longest: request that is not rejected; prefill_ok: prompt that meets ttft alone */
    int caches;
    /* Its runtime's steps take at least line_s[i] + T * slope_s[i] for T tokens, for each i; 0 lines: nothing is known. */
    double line_s[64], slope_s[64];
    int lines;
} gbl_perfect;
int gbl_plan_perfect(const gbl_planner *p, const gbl_scenario *s, size_t pool, gbl_perfect *out, gbl_err *err);
/* plan_probe.c */
int gbl_plan_probe(gbl_planner *p, const gbl_variant *v, int workers, gbl_probe *out, gbl_err *err);
int gbl_plan_holds(const gbl_planner *p, const gbl_probe *x);
/* The constraint that x misses (or, where it holds, misses by least), the resource behind it, and in words. */
typedef struct gbl_binding {
    char constraint[32], resource[32], says[256];
} gbl_binding;
const char *gbl_plan_resource(const gbl_probe *x, int decode); /* what the time goes to; decode: that of decodes alone */
void gbl_plan_binding(const gbl_planner *p, const gbl_probe *x, gbl_binding *out);
/* Bounds that x would meet; 0 when no change of bounds helps. */
int gbl_plan_nearest(const gbl_planner *p, const gbl_probe *x, gbl_bounds *out);
/* plan_search.c */
int gbl_plan_keep(gbl_planner *p, const gbl_variant *v, const gbl_probe *x, gbl_err *err); /* one more point */
void gbl_plan_find_nearest(gbl_planner *p);
int gbl_plan_rate(gbl_planner *p, gbl_err *err);
/* plan_fleet.c */
int gbl_plan_fleet(gbl_planner *p, gbl_err *err);
/* plan_front.c */
double gbl_plan_front_latency(const gbl_point *o);
size_t gbl_plan_frontier(const gbl_planner *p, const gbl_point **out); /* room for every point */
void gbl_plan_binding_of(const gbl_planner *p, gbl_binding *o);
const gbl_point *gbl_plan_binding_point(const gbl_planner *p);
size_t gbl_plan_best_floor(const gbl_planner *p); /* n_cells: none */
/* plan_plot.c: on a terminal alone */
void gbl_plan_scatter(const gbl_planner *p, FILE *to);

#endif
