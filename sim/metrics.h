/* metrics.h - what a run is told by: counts, exact integer integrals, distributions. Definitions as in vLLM's
 * `bench serve` (contract of the command line). Times in ns inside, ms outside. */
#ifndef GBL_METRICS_H
#define GBL_METRICS_H
#include "base/map.h"
#include "base/quantile.h"
#include "models/cost.h"
#include "sim/run.h"

enum gbl_series { GBL_TTFT, GBL_TPOT, GBL_ITL, GBL_E2EL, GBL_QUEUE, GBL_SERIES_N };

typedef struct gbl_replica_load { /* of one replica, whole run */
    double busy_ns[GBL_R_N], flops, bytes, power_ns;
    __int128 token_ns, used_block_ns;
} gbl_replica_load;

/* What first admissions found in the prefix cache; of some of the requests. */
typedef struct gbl_found {
    int64_t requests, any, hit_blocks, blocks, hit_tokens, tokens;
} gbl_found;
/* Measured completed requests that found something, or nothing. */
typedef struct gbl_served {
    int64_t n, good;
    __int128 ttft_ns;
} gbl_served;

typedef struct gbl_class_count {
    int64_t measured, completed, good;
} gbl_class_count;

typedef struct gbl_metrics {
    int64_t injected, completed, rejected, unfinished, measured;
    int64_t cancelled, timed_out, retried; /* the first two are among the unfinished; sent again, not injected again */
    int64_t good, good_tokens, measured_completed;
    gbl_class_count *by_class; /* where the SLO is a list */
    int64_t input_tokens, output_tokens;  /* of measured completed requests */
    int64_t prompt_tokens, hit_tokens;    /* looked up at first admissions */
    gbl_found turn[2];                    /* of first turns, and of later ones */
    gbl_served served[2];                 /* without a hit, and with one */
    gbl_map *sessions;                    /* whether one had a hit */
    int64_t sessions_any_hit;
    double saved_prefill_s;               /* what computing the hits would have taken, each prompt's alone */
    int64_t copied_tokens, recomputed_tokens; /* of the hits: not shared but copied; copied and computed all the same */
    int64_t preemptions;
    int64_t generated;                    /* output tokens, whoever they were for */
    int64_t first_arrival_ns, last_finish_ns, measured_from_ns;
    double swapped_bytes;
    int64_t moves, moved_reused_tokens; /* from prompt to decode replicas; tokens that were there already */
    double moved_bytes;
    __int128 move_wait_ns, move_wire_ns; /* for blocks at the other end; for bytes, after the first token */
    int64_t taken, reused, dropped, finished_tokens; /* token conservation */
    __int128 in_system_ns, sojourn_ns;               /* Little's law */
    int64_t little_since_ns;
    __int128 part_ns[GBL_PARTS];
    gbl_quantile *series[GBL_SERIES_N];
} gbl_metrics;

int gbl_metrics_init(gbl_metrics *m, const gbl_scenario *s, gbl_err *err);
void gbl_metrics_fini(gbl_metrics *m);
/* A first admission: what it found of its prompt. */
int gbl_metrics_found(gbl_metrics *m, const gbl_req *q, int32_t block_size, int64_t cached);
/* One request that left; `life` complete. */
int gbl_metrics_leave(gbl_metrics *m, const gbl_scenario *s, const gbl_life *life, int64_t gap_sum, int64_t gap_n, int itl_per_request, gbl_err *err);

#endif
